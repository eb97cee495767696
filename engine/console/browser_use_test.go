package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"postgang/engine/access"
	"postgang/fixtures/loginsim"
)

// People who log in through the simulator.
var (
	signe = loginsim.Person{Name: "Signe Sak", PID: "41814061033"}
	olav  = loginsim.Person{Name: "Olav Operatør", PID: "41820061103"}
	oline = loginsim.Person{Name: "Oline Operatør", PID: "41860061126"}
	ottar = loginsim.Person{Name: "Ottar Økonomi", PID: "41830061168"}
	oda   = loginsim.Person{Name: "Oda Økonomi", PID: "41840061122"}
	rakel = loginsim.Person{Name: "Rakel Revisor", PID: "41850061187"}
	ny    = loginsim.Person{Name: "Ny Medarbeider", PID: "41880061160"}
)

// gives makes somebody who can log in known, with these roles.
func (w *world) gives(p loginsim.Person, grants ...access.Grant) {
	w.t.Helper()
	known := access.Person{ID: personID(p.Subject()), Name: p.Name, Issuer: w.issuer, Subject: p.Subject(), Grants: grants, Created: w.now}
	w.known[p.Subject()] = known
	w.person(known)
}

// window is a browser in which somebody has logged in.
func (w *world) window(t *testing.T, p loginsim.Person) *tab {
	t.Helper()
	b := newTab(t, w.base)
	b.open("/")
	b.press(p.Name)
	return b
}

// TestBrowserLogIn: a person comes to the page that was asked for by way of the provider, and is out again by their own doing, and by that
// of the provider.
func TestBrowserLogIn(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	w := served(t, place{}, signe, ny)
	w.gives(signe, access.Grant{Role: access.RoleCaseWorker})
	b := newTab(t, w.base)
	const asked = "/forsendelser?status=klar"
	b.open(asked)
	b.reads("Logg inn som")
	b.press(signe.Name)
	if b.path() != asked {
		t.Errorf("after the log-in one is at %s", b.path())
	}
	b.reads(signe.Name, "Logg ut")
	b.press("Logg ut")
	b.reads("Du er logget ut")
	b.press("Logg inn")
	b.press("Avbryt")
	b.reads("Innloggingen ble ikke fullført")
	b.press("Logg inn")
	b.press(ny.Name)
	b.reads("Du har ikke fått tilgang ennå", ny.Subject())
	if got := b.open("/forsendelser"); got != http.StatusForbidden {
		t.Errorf("without roles: %d", got)
	}

	b = w.window(t, signe)
	b.open("/forsendelser/" + w.ownLetter + "/stopp")
	elsewhere := newTab(t, w.base)
	elsewhere.open("/logg-inn/avslutt?" + url.Values{"iss": {w.issuer}, "sid": {"sid-" + signe.PID[:6]}}.Encode())
	b.write("Begrunnelse", "Sendt ved en feil")
	if got := b.press("Stopp forsendelsen"); got != http.StatusUnauthorized {
		t.Errorf("what is done after the provider's session is over: %d", got)
	}
	b.reads("Økten er over")
	b.open("/")
	b.reads("Logg inn som")
}

// TestBrowserKeyboard: a letter is found and stopped with the keyboard alone, and the focus is seen all the way.
func TestBrowserKeyboard(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	w := served(t, place{}, signe)
	w.gives(signe, access.Grant{Role: access.RoleCaseWorker, Account: own})
	b := newTab(t, w.base)
	b.open("/")
	b.next(signe.Name)
	b.enter()
	b.next("Hopp til innholdet")
	b.do(chromedp.KeyEvent(kb.Enter))
	if at := eval[string](b, `document.activeElement.id`); at != "innhold" {
		t.Errorf("the way past the menu leads to %q", at)
	}
	b.open("/")
	b.next("Forsendelser")
	b.enter()
	b.next("Konteringskode")
	b.types("0412")
	b.enter()
	if !strings.Contains(b.path(), "konteringskode=0412") {
		t.Errorf("the list is not narrowed: %s", b.path())
	}
	b.next("Forsendelser, nyeste først") // the table scrolls with the arrow keys
	b.next(w.ownLetter[:8])
	b.enter()
	b.next("Stopp")
	b.enter()
	b.next("Begrunnelse")
	b.types("Sendt ved en feil")
	b.enter()
	b.reads("Avsluttet for hånd", "Sendt ved en feil", "av deg")
}

// types writes what a keyboard writes, where the focus is.
func (b *tab) types(text string) {
	b.t.Helper()
	b.call(func(ctx context.Context) error {
		_, err := chromedp.Call(ctx, input.InsertText, input.InsertTextParams{Text: text})
		return err
	})
}

// TestBrowserWithoutScripts: all that can be done is done without the console's script too, on the screen of a phone.
func TestBrowserWithoutScripts(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	w := served(t, place{}, signe)
	w.gives(signe, access.Grant{Role: access.RoleCaseWorker, Account: own})
	b := newTab(t, w.base)
	b.view(390, 844)
	b.scripts(false)
	b.open("/")
	b.press(signe.Name)
	b.touch("Meny")
	b.press("Forsendelser")
	b.write("Status", "")
	b.press("Vis")
	b.write("Finn en forsendelse", w.ownLetter[:8])
	b.press("Finn")
	b.press("Stopp")
	b.unchecked()
	if got := b.press("Stopp forsendelsen"); got != http.StatusUnprocessableEntity {
		t.Errorf("without a reason: %d", got)
	}
	b.write("Begrunnelse", "Sendt ved en feil")
	b.press("Stopp forsendelsen")
	b.reads("Avsluttet for hånd", "Sendt ved en feil", "av deg")
	b.press("Logg ut")
	b.reads("Du er logget ut")
}

// TestBrowserWeight: a first visit weighs 200 kB at most, a later page 15 kB.
func TestBrowserWeight(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	w := served(t, place{})
	var grants []access.Grant
	for _, r := range allRoles {
		grants = append(grants, access.Grant{Role: r})
	}
	who := w.as("alle", grants...)
	b := newTab(t, w.base)
	b.cookie(who)
	b.open("/")
	b.settle()
	if n := b.loaded(); n > 200_000 || n < 20_000 {
		t.Errorf("the first visit weighs %d bytes", n)
	}
	for _, p := range w.pages(t, who) {
		p.come(b)
		b.settle()
		n := b.loaded() / (p.over + 1)
		if p.name == "the pages of a letter" {
			continue // pictures weigh what they weigh
		}
		if n > 15_000 || n < 500 {
			t.Errorf("%s weighs %d bytes", p.name, n)
		}
	}
}

// settle waits until the page has its fonts, and whatever it asks for after it was shown.
func (b *tab) settle() {
	b.t.Helper()
	eval[bool](b, `document.fonts.ready.then(() => true)`)
}
