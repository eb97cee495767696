package console

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"postgang/engine/access"
)

// undecided is all that axe may fail to decide, by rule and how the element begins, and why it is right all the same.
var undecided = map[[2]string]string{
	{"color-contrast", "<select "}: "the arrow of a list is a picture; contrasts measures the text",
	{"color-contrast", "<text "}:   "a chart is a picture to axe; contrasts measures the text",
}

// shown is a page as a person comes to it, by way of so many other pages.
type shown struct {
	name string
	come func(b *tab)
	over int
}

// pages are all pages that a person with every role comes to: those that the router's own list leads to by GET, and those that come of
// what a person does wrong.
func (w *world) pages(t *testing.T, who *http.Cookie) (out []shown) {
	t.Helper()
	for _, rt := range w.routes {
		name := rt.Method + " " + rt.Pattern
		r, ok := rules[name]
		if !ok || rt.Method != http.MethodGet {
			continue
		}
		path := r.path(w, true)
		rec := w.ask("GET", path, who, "")
		if !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") {
			continue
		}
		out = append(out, shown{name: name, come: func(b *tab) { b.open(path) }})
	}
	out = append(out,
		shown{name: "a page that is not there", come: func(b *tab) { b.open("/finnes-ikke") }},
		shown{name: "nothing found", over: 1, come: func(b *tab) {
			b.open("/")
			b.write("Finn en forsendelse", "finnes-ikke")
			b.press("Finn")
		}},
	)
	if w.ownLetter != "" {
		out = append(out,
			shown{name: "a letter that is set aside", come: func(b *tab) { b.open("/forsendelser/" + w.heldLetter) }},
			shown{name: "several found", over: 1, come: func(b *tab) {
				b.open("/")
				b.write("Finn en forsendelse", "in-1")
				b.press("Finn")
			}},
			shown{name: "a letter stopped without a reason", over: 1, come: func(b *tab) {
				b.open("/forsendelser/" + w.ownLetter + "/stopp")
				b.unchecked()
				b.press("Stopp forsendelsen")
			}},
			shown{name: "recipients found", over: 1, come: func(b *tab) {
				b.open("/mottaker")
				b.write("Navn", "ødegård")
				b.write("Formål", "Mottakeren ringte")
				b.press("Søk")
			}},
			shown{name: "a search for recipients without a purpose", over: 1, come: func(b *tab) {
				b.open("/mottaker")
				b.unchecked()
				b.press("Søk")
			}},
			shown{name: "a recipient", over: 1, come: func(b *tab) {
				b.open("/forsendelser/" + w.ownLetter)
				b.write("Formål", "Mottakeren ringte")
				b.press("Vis")
			}},
			shown{name: "the pages of a letter", over: 1, come: func(b *tab) {
				b.open("/forsendelser/" + w.ownLetter + "/sider")
				b.write("Formål", "Mottakeren ringte")
				b.press("Vis sidene")
			}},
			shown{name: "the pages of a refused letter", over: 1, come: func(b *tab) {
				b.open("/forsendelser/" + w.refusedLetter() + "/sider")
				b.write("Formål", "Avsenderen spurte")
				b.press("Vis sidene")
			}},
		)
	}
	return out
}

// TestBrowserEveryPage: every page, with much in the archive and with nothing, is found in order by axe, light and dark; has the contrasts
// that axe does not look at; needs no scrolling sideways at 320 pixels; and can be used in the colours that a person has chosen.
func TestBrowserEveryPage(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	for _, full := range []bool{true, false} {
		t.Run(fmt.Sprintf("full=%v", full), func(t *testing.T) {
			t.Parallel()
			w := served(t, place{empty: !full})
			if full {
				w.awaited()
			}
			var grants []access.Grant
			for _, r := range allRoles {
				grants = append(grants, access.Grant{Role: r})
			}
			who := w.as("alle", grants...)
			pages := w.pages(t, who)
			next := make(chan shown, len(pages))
			for _, p := range pages {
				next <- p
			}
			close(next)
			for range 2 { // windows draw in processes of their own
				t.Run("window", func(t *testing.T) {
					t.Parallel()
					b := newTab(t, w.base)
					b.cookie(who)
					for p := range next {
						judge(b, p)
					}
				})
			}
		})
	}
}

// judge looks at one page in every way.
func judge(b *tab, p shown) {
	fault := func(how, what string) { b.t.Errorf("%s, %s: %s", p.name, how, what) }
	b.view(1280, 900)
	b.media("prefers-color-scheme", "light")
	p.come(b)
	found := b.axe()
	for _, theme := range []string{"light", "dark"} {
		if theme == "dark" {
			b.media("prefers-color-scheme", "dark")
			found = b.axe("color-contrast", "link-in-text-block") // the others do not see colours
		}
		for _, v := range found.Violations {
			fault(theme, fmt.Sprintf("%+v", v))
		}
		for _, v := range found.Incomplete {
			tag, _, _ := strings.Cut(v.HTML, " ")
			if undecided[[2]string{v.Rule, tag + " "}] == "" {
				fault(theme, fmt.Sprintf("axe cannot decide: %+v", v))
			}
		}
		for _, v := range eval[[]string](b, contrasts) {
			fault(theme, v)
		}
	}
	b.media("forced-colors", "active")
	for _, v := range eval[[]string](b, forced) {
		fault("forced colours", v)
	}
	b.media()
	b.view(320, 640)
	for _, v := range eval[[]string](b, narrow) {
		fault("320 pixels", v)
	}
	if text := b.text(); !slices.ContainsFunc(strings.Split(text, "\n"), func(l string) bool { return strings.TrimSpace(l) != "" }) {
		fault("320 pixels", "nothing to read")
	}
}

// colours is what the checks of colours have in common: colours as numbers, how much they differ, and what lies behind an element.
const colours = `
	const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
	const seen = new Map();
	const rgba = (c) => {
		if (!seen.has(c)) {
			canvas.clearRect(0, 0, 1, 1);
			canvas.fillStyle = c;
			canvas.fillRect(0, 0, 1, 1);
			seen.set(c, [...canvas.getImageData(0, 0, 1, 1).data]);
		}
		return seen.get(c);
	};
	const over = (a, b) => [0, 1, 2].map((i) => (a[i] * a[3] + b[i] * (255 - a[3])) / 255).concat(255);
	const light = (c) => [0.2126, 0.7152, 0.0722].reduce((sum, k, i) => { const v = c[i] / 255; return sum + k * (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); }, 0);
	const contrast = (a, b) => { const x = light(a), y = light(b); return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05); };
	const behind = (e) => {
		if (!e) return rgba("Canvas");
		const c = rgba(getComputedStyle(e).backgroundColor);
		return c[3] === 255 ? c : over(c, behind(e.parentElement));
	};
	const drawn = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0 && !e.matches(".ds-sr-only, .ds-skip-link");
	const line = (s, side) => s["border" + side + "Style"] !== "none" && parseFloat(s["border" + side + "Width"]) > 0;
	const say = (e) => e.cloneNode(false).outerHTML.slice(0, 160);
	const all = (what) => [...document.querySelectorAll(what)].filter(drawn);
	const wrong = [];
	const enough = (e, what, a, b, least) => { const c = contrast(a, b); if (c < least) wrong.push(what + " has contrast " + c.toFixed(2) + ", not " + least + ": " + say(e)); };
`

// contrasts are those that axe does not look at: of the edges of fields, of what stands in an empty field, of the mark of what has the
// focus, of charts and marks, and of tags on their rows.
const contrasts = `(() => {` + colours + `
	for (const e of all("input, select, textarea")) {
		const s = getComputedStyle(e), below = behind(e.parentElement);
		if (e.type !== "checkbox" && e.type !== "radio" || s.appearance === "none") {
			const edge = Math.max(line(s, "Bottom") ? contrast(over(rgba(s.borderBottomColor), behind(e)), below) : 1, contrast(behind(e), below));
			if (edge < 3) wrong.push("the edge of a field has contrast " + edge.toFixed(2) + ", not 3: " + say(e));
		}
		if (e.placeholder) enough(e, "what stands in an empty field", over(rgba(getComputedStyle(e, "::placeholder").color), behind(e)), behind(e), 4.5);
	}
	for (const e of all("select")) enough(e, "what is chosen in a list", rgba(getComputedStyle(e).color), behind(e), 4.5);
	for (const e of all("svg text")) enough(e, "a text in a chart", rgba(getComputedStyle(e).fill), behind(e.ownerSVGElement.parentElement), 4.5);
	const kinds = new Set(), had = document.activeElement;
	for (const e of all("a[href], button, input, select, textarea, summary, [tabindex='0']")) {
		const below = behind(e.parentElement), kind = e.tagName + e.className + below;
		if (kinds.has(kind)) continue;
		kinds.add(kind);
		e.focus({ focusVisible: true, preventScroll: true });
		const s = getComputedStyle(e);
		if (s.outlineStyle === "none" || parseFloat(s.outlineWidth) < 2) wrong.push("nothing marks the focus: " + say(e));
		else enough(e, "the mark of the focus", over(rgba(s.outlineColor), below), below, 3);
	}
	if (had) had.focus(); else document.activeElement.blur();
	for (const e of all("svg .a, svg .b, svg .mark")) enough(e, "a part of a chart", rgba(getComputedStyle(e).fill), behind(e.ownerSVGElement.parentElement), 3);
	for (const e of all(".history li > div")) enough(e, "the mark of an event", rgba(getComputedStyle(e, "::before").backgroundColor), behind(e), 3);
	for (const e of all("[aria-current].item")) enough(e, "the mark of where one is", rgba(getComputedStyle(e).borderInlineStartColor), behind(e.parentElement), 3);
	for (const e of all(".ds-tag")) {
		const s = getComputedStyle(e), table = e.closest("table"), rows = [behind(e.parentElement)];
		const hover = table && getComputedStyle(table).getPropertyValue("--dsc-table-background--hover");
		if (hover) rows.push(rgba(hover));
		for (const below of rows) if (!line(s, "Bottom") && contrast(behind(e), below) < 1.04) wrong.push("a tag vanishes on what lies behind it: " + say(e));
	}
	return [...new Set(wrong)];
})()`

// forced looks at a page in colours that the person has chosen, where backgrounds and shadows are gone: what can be pressed or written in
// must have an edge, and charts and marks must still be seen.
const forced = `(() => {` + colours + `
	for (const e of all("input, select, textarea, .ds-button:not([data-variant=tertiary])")) {
		const s = getComputedStyle(e);
		if (e.type === "checkbox" || e.type === "radio") continue;
		if (!line(s, "Bottom") || contrast(rgba(s.borderBottomColor), behind(e.parentElement)) < 3) wrong.push("no edge: " + say(e));
	}
	for (const e of all("svg .a, svg .b, svg .mark")) enough(e, "a part of a chart", rgba(getComputedStyle(e).fill), behind(e.ownerSVGElement.parentElement), 3);
	for (const e of all(".history li > div")) enough(e, "the mark of an event", rgba(getComputedStyle(e, "::before").backgroundColor), behind(e), 3);
	for (const e of all("[aria-current].item")) enough(e, "the mark of where one is", rgba(getComputedStyle(e).borderInlineStartColor), behind(e.parentElement), 3);
	for (const e of all(".ds-tag, .ds-alert")) if (!line(getComputedStyle(e), "Bottom")) wrong.push("no edge: " + say(e));
	return [...new Set(wrong)];
})()`

// narrow looks for what makes a page scroll sideways, and for controls that are too small or out of reach.
const narrow = `(() => {
	const wrong = [], wide = document.documentElement.scrollWidth;
	const scrolls = (e) => e && (["auto", "scroll", "hidden"].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
	if (wide > 320) {
		wrong.push("the page is " + wide + " pixels wide");
		for (const e of document.querySelectorAll("body *")) if (e.checkVisibility() && e.getBoundingClientRect().right > 321 && !scrolls(e.parentElement)) {
			wrong.push("as wide as this: " + e.cloneNode(false).outerHTML.slice(0, 160));
			if (wrong.length > 4) break;
		}
	}
	for (const e of document.querySelectorAll("input[type=checkbox], input[type=radio]")) {
		const r = e.getBoundingClientRect();
		if (e.checkVisibility() && (r.width < 16 || r.height < 16)) wrong.push("a box of " + r.width + " by " + r.height + " pixels: " + e.cloneNode(false).outerHTML);
	}
	for (const e of document.querySelectorAll("h1, h2, p, dd, button, label")) {
		if (e.checkVisibility() && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX === "hidden" && !e.matches(".ds-sr-only, .ds-sr-only *")) wrong.push("cut off: " + e.cloneNode(false).outerHTML.slice(0, 160));
	}
	return wrong;
})()`
