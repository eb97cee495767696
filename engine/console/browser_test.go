package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"postgang/engine/recipient"
	"postgang/fixtures/axe"
	"postgang/fixtures/judges"
	"postgang/fixtures/loginsim"
)

// patience is how long a browser may take for one thing that it is asked to do.
const patience = 30 * time.Second

// browser is the one Chromium of the test binary; closeBrowser ends it.
var browser = sync.OnceValues(func() (context.Context, error) {
	program, err := judges.Find("chromium")
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.DisableGPU, chromedp.Flag("lang", "nb"))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // which Chromium asks for when root runs it
	}
	ctx, _ := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ = chromedp.NewContext(ctx)
	return ctx, chromedp.Do(ctx) // what starts the browser must have no timeout
})

// opened says that there is a browser to end.
var opened sync.Once

func closeBrowser() {
	none := false
	opened.Do(func() { none = true })
	if none {
		return
	}
	if ctx, err := browser(); err == nil {
		_ = chromedp.Cancel(ctx) // the tests are over
	}
}

// needBrowser skips a test where there is no browser, and in the inner loop.
func needBrowser(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a browser")
	}
	if raceEnabled {
		t.Skip("what handlers share is tested without a browser")
	}
	judges.Need(t, "chromium")
}

// tab is a window of somebody with a browser of their own: no cookie or file is known there from before.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string // address of the console, without a slash at its end

	mu    sync.Mutex
	wrong []string // what the browser complained of
	bytes int      // that came over the network, headers and all
}

// newTab opens a window; the console is at base. It is closed with the test, which fails if the browser complained of a page: of what its
// policy forbids, of a script that failed, of a file that is not there.
func newTab(t *testing.T, base string) *tab {
	t.Helper()
	opened.Do(func() {})
	parent, err := browser()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithNewBrowserContext())
	b := &tab{t: t, ctx: ctx, base: base}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	b.call(func(ctx context.Context) error {
		_, err := chromedp.Call(ctx, audits.Enable, cdp.Empty{})
		return err
	})
	t.Cleanup(func() {
		cancel()
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, w := range b.wrong {
			t.Errorf("the browser complains: %s", w)
		}
	})
	b.view(1280, 900)
	return b
}

// hear notes what the browser complains of, and counts bytes.
func (b *tab) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.wrong = append(b.wrong, "a script failed: "+e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			text, _ := json.Marshal(e.Args)
			b.wrong = append(b.wrong, fmt.Sprintf("console: %s %s", e.Type, text))
		}
	case *cdplog.EventEntryAdded:
		// A page that is answered with 403, 404 or 422 is no fault of the page.
		answered := e.Entry.Source == cdplog.EntrySourceNetwork && strings.Contains(e.Entry.Text, "status of 4") && !strings.Contains(e.Entry.URL, "/fil/")
		if e.Entry.Level != cdplog.EntryLevelInfo && e.Entry.Level != cdplog.EntryLevelVerbose && !answered {
			b.wrong = append(b.wrong, fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *audits.EventIssueAdded:
		if e.Issue.Code == audits.InspectorIssueCodeContentSecurityPolicyIssue {
			text, _ := json.Marshal(e.Issue.Details)
			b.wrong = append(b.wrong, "the policy forbids something: "+string(text))
		}
	case *network.EventLoadingFinished:
		b.bytes += int(e.EncodedDataLength)
	}
}

// call has the browser do something, in a while.
func (b *tab) call(do func(ctx context.Context) error) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := do(ctx); err != nil {
		b.t.Fatal(err)
	}
}

// do has it do actions without answers.
func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	b.call(func(ctx context.Context) error { return chromedp.Do(ctx, steps...) })
}

// loads has it do what leads to another page, and waits for that; the answer is its status.
func (b *tab) loads(steps ...chromedp.Action[chromedp.Void]) (status int) {
	b.t.Helper()
	b.call(func(ctx context.Context) error {
		r, err := chromedp.RunResponse(ctx, steps...)
		if err == nil {
			status = int(r.Status)
		}
		return err
	})
	return status
}

// open goes to an address of the console; the answer is the status of the page.
func (b *tab) open(path string) (status int) {
	b.t.Helper()
	return b.loads(chromedp.Navigate(b.base + path))
}

// path is where the tab is, without the console's address.
func (b *tab) path() string {
	b.t.Helper()
	return strings.TrimPrefix(eval[string](b, "location.href"), b.base)
}

// view sets the size of the window in CSS pixels.
func (b *tab) view(width, height int64) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(width, height))
}

// media has the browser tell pages of settings of the machine, as "prefers-color-scheme", "dark".
func (b *tab) media(pairs ...string) {
	b.t.Helper()
	var p emulation.SetEmulatedMediaParams
	for pair := range slices.Chunk(pairs, 2) {
		p.Features = append(p.Features, &emulation.MediaFeature{Name: pair[0], Value: pair[1]})
	}
	b.call(func(ctx context.Context) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, p)
		return err
	})
}

// scripts has the browser run the scripts of pages, or leave them.
func (b *tab) scripts(run bool) {
	b.t.Helper()
	b.call(func(ctx context.Context) error {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !run})
		return err
	})
}

// eval is what an expression is worth in the page.
func eval[T any](b *tab, expression string) (out T) {
	b.t.Helper()
	b.call(func(ctx context.Context) (err error) {
		out, err = chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
		return err
	})
	return out
}

// quoted is a text as JavaScript writes it.
func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // a text can always be written
	}
	return string(text)
}

// text is what a person reads on the page.
func (b *tab) text() string {
	b.t.Helper()
	return eval[string](b, "document.body.innerText")
}

// reads fails the test if a person does not read all of this on the page.
func (b *tab) reads(want ...string) {
	b.t.Helper()
	text := b.text()
	for _, w := range want {
		if !strings.Contains(text, w) {
			b.t.Errorf("%s lacks %q:\n%s", b.path(), w, text)
		}
	}
}

// lacks fails the test if a person reads any of this on the page.
func (b *tab) lacks(bad ...string) {
	b.t.Helper()
	text := b.text()
	for _, w := range bad {
		if strings.Contains(text, w) {
			b.t.Errorf("%s has %q", b.path(), w)
		}
	}
}

// named finds what can be pressed and is seen: a link, button, summary or box to tick with this name; the first below a heading,
// if one is given. It is undefined when there is none.
const named = `(name, below) => {
	const said = (e) => (e.getAttribute("aria-label") || (e.labels && e.labels[0] && e.labels[0].innerText) || e.innerText || e.value || "").trim().replace(/\s+/g, " ");
	const after = below && [...document.querySelectorAll("h1, h2, h3, legend, th, caption")].find((h) => h.innerText.trim().startsWith(below));
	if (below && !after) return undefined;
	return [...document.querySelectorAll("a, button, summary, input[type=checkbox], input[type=radio]")].find((e) =>
		said(e) === name && e.checkVisibility({ visibilityProperty: true }) && (!after || after.compareDocumentPosition(e) & 4 || after.contains(e)));
}`

// point is the middle of what can be pressed, after it was scrolled to; the test fails where there is none, and where something lies
// over it.
func (b *tab) point(name string, below ...string) (x, y float64) {
	b.t.Helper()
	found := eval[struct {
		X, Y float64
		Over string
	}](b, `(() => {
		const e = (`+named+`)(`+quoted(name)+`, `+quoted(strings.Join(below, ""))+`);
		if (!e) return { X: 0, Y: 0, Over: "nothing is called that" };
		e.scrollIntoView({ block: "center" });
		const r = e.getClientRects()[0], x = r.x + r.width / 2, y = r.y + r.height / 2, top = document.elementFromPoint(x, y);
		return { X: x, Y: y, Over: top && (e.contains(top) || top.contains(e)) ? "" : "something lies over it: " + (top && top.outerHTML) };
	})()`)
	if found.Over != "" {
		b.t.Fatalf("%s: press %q: %s\n%s", b.path(), name, found.Over, b.text())
	}
	return found.X, found.Y
}

// press presses a link or button that leads to another page; the answer is its status.
func (b *tab) press(name string, below ...string) (status int) {
	b.t.Helper()
	x, y := b.point(name, below...)
	return b.loads(chromedp.MouseClickXY(x, y))
}

// touch presses what stays on the page.
func (b *tab) touch(name string, below ...string) {
	b.t.Helper()
	x, y := b.point(name, below...)
	b.do(chromedp.MouseClickXY(x, y))
}

// labelled finds a control by its label.
const labelled = `(name) => [...document.querySelectorAll("input, select, textarea")].find((e) => e.checkVisibility() &&
	[...(e.labels || [])].some((l) => l.innerText.trim().replace(/\s+/g, " ").startsWith(name)))`

// write replaces what stands in the field with this label, as by typing; of a list and a date it sets the value.
func (b *tab) write(label, value string) {
	b.t.Helper()
	kind := eval[string](b, `(() => {
		const e = (`+labelled+`)(`+quoted(label)+`);
		if (!e) return "";
		e.focus();
		if (e.matches("select")) {
			const o = [...e.options].find((o) => o.text.trim() === `+quoted(value)+`) || [...e.options].find((o) => o.value === `+quoted(value)+`);
			if (!o) return "";
			e.value = o.value;
			return "set";
		}
		if (["date", "month", "time", "datetime-local"].includes(e.type)) { e.value = `+quoted(value)+`; return "set"; }
		e.select();
		return "typed";
	})()`)
	switch {
	case kind == "":
		b.t.Fatalf("%s: no field %q, or it cannot be %q\n%s", b.path(), label, value, b.text())
	case kind == "typed" && value == "":
		b.do(chromedp.KeyEvent(kb.Delete))
	case kind == "typed":
		b.call(func(ctx context.Context) error {
			_, err := chromedp.Call(ctx, input.InsertText, input.InsertTextParams{Text: value})
			return err
		})
	}
}

// unchecked has the browser send forms that it knows to be wrong, as one does that checks nothing.
func (b *tab) unchecked() {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](`for (const f of document.forms) f.noValidate = true`))
}

// next goes to the next thing that a key can reach, until one with this name; the mark of the focus must be seen all the way.
func (b *tab) next(name string) {
	b.t.Helper()
	for range 150 {
		b.do(chromedp.KeyEvent(kb.Tab))
		at := eval[struct {
			Name, HTML     string
			Marked, Inside bool
		}](b, `(() => {
			const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
			const label = e.getAttribute("aria-label") || (e.labels && e.labels[0] && e.labels[0].innerText) || e.innerText || "";
			return { Name: label.trim().replace(/\s+/g, " "), HTML: e.cloneNode(false).outerHTML, Marked: s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2, Inside: r.bottom > 0 && r.top < innerHeight };
		})()`)
		if at.HTML != "<body></body>" && !strings.HasPrefix(at.HTML, "<body ") && (!at.Marked || !at.Inside) {
			b.t.Errorf("%s: the focus is at %s, and cannot be seen", b.path(), at.HTML)
		}
		if at.Name == name {
			return
		}
	}
	b.t.Fatalf("%s: no key leads to %q\n%s", b.path(), name, b.text())
}

// enter presses the key that leads to another page.
func (b *tab) enter() (status int) {
	b.t.Helper()
	return b.loads(chromedp.KeyEvent(kb.Enter))
}

// upload chooses a file in the field with this label.
func (b *tab) upload(label, path string) {
	b.t.Helper()
	id := eval[string](b, `((`+labelled+`)(`+quoted(label)+`) || { id: "" }).id`)
	if id == "" {
		b.t.Fatalf("%s: no field %q, or it has no id", b.path(), label)
	}
	b.do(chromedp.SetUploadFiles(chromedp.ID(id), []string{path}))
}

// cookie gives the browser a session.
func (b *tab) cookie(c *http.Cookie) {
	b.t.Helper()
	b.call(func(ctx context.Context) error {
		_, err := chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{Name: c.Name, Value: c.Value, URL: b.base + "/"})
		return err
	})
}

// loaded is how many bytes came since it was asked for last.
func (b *tab) loaded() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.bytes
	b.bytes = 0
	return n
}

// judgement is what axe says of a page: faults, and what it could not decide.
type judgement struct{ Violations, Incomplete []remark }

// remark is one of them: the rule, what it is about as a selector and as HTML, and the words of axe.
type remark struct{ Rule, Target, HTML, Said string }

// axe has axe-core judge the page by the rules of WCAG 2.2 AA and its own advice; with rules, by these alone.
func (b *tab) axe(rules ...string) judgement {
	b.t.Helper()
	only := `{ type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }`
	if len(rules) > 0 {
		text, err := json.Marshal(rules)
		if err != nil {
			b.t.Fatal(err)
		}
		only = `{ type: "rule", values: ` + string(text) + ` }`
	}
	// A page that was judged before has it already.
	if !eval[bool](b, `"axe" in window`) {
		b.do(chromedp.Evaluate[chromedp.Void](axe.Script))
	}
	return eval[judgement](b, `axe.run(document, { runOnly: `+only+`, resultTypes: ["violations", "incomplete"] }).then((r) => {
		const list = (of) => of.flatMap((f) => f.nodes.map((n) => ({ Rule: f.id, Target: n.target.join(" "), HTML: n.html.slice(0, 200), Said: [...n.any, ...n.all, ...n.none].map((c) => c.message).join("; ") })));
		return { Violations: list(r.violations), Incomplete: list(r.incomplete) };
	})`)
}

// served is a world whose console listens, with a provider beside it where these persons may log in.
func served(t *testing.T, at place, persons ...loginsim.Person) *world {
	t.Helper()
	var w *world
	at.secret = "hemmelig"
	provider, err := loginsim.Start("127.0.0.1:0", "konsoll", at.secret, func() time.Time { return w.now }, persons...)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.handler.ServeHTTP(rw, r) }))
	at.issuer, at.base = provider.Issuer(), "http://"+server.Listener.Addr().String()
	w = newWorldAt(t, at)
	if _, err := recipient.Fill(t.Context(), w.archive, nil, 0, nil); err != nil {
		t.Fatal(err)
	}
	server.Start()
	t.Cleanup(func() {
		server.Close()
		if err := provider.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}
