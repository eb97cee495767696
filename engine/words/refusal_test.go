package words

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"postgang/engine/intake/sealed"
	"postgang/engine/shipment"
	"postgang/printjobs/prepare/finding"
	"postgang/printjobs/prepare/sheet"
)

// producers are the folders, of the repository, whose code makes refusals.
var producers = []string{
	"engine/shipment", "engine/accept", "engine/intake", "engine/intake/door", "engine/intake/rest", "engine/intake/restv1", "engine/intake/soap", "engine/jobs", "printjobs", "printjobs/cover", "printjobs/prepare", "printjobs/prepare/read", "cmd/postgang",
}

// codesFrom are the folders whose codes a producer names, where they are others'.
var codesFrom = map[string][]string{
	"printjobs/prepare": {"printjobs/prepare/finding"}, "printjobs/prepare/read": {"printjobs/prepare/finding"}, "engine/intake/door": {"printjobs/prepare/finding", "engine/intake/sealed"}, "engine/jobs": {"printjobs"},
}

// codesOf are the codes of findings that are made with a code that is no literal in the source.
var codesOf = []string{
	finding.CodeEncrypted, finding.CodePrintingForbidden, finding.CodeUnreadable, finding.CodeTruncated, finding.CodeBlankedPage, finding.CodePageSize,
	finding.CodeTooLarge, finding.CodeTooComplex, finding.CodeTimeout, finding.CodeMemory, finding.CodeCrashed,
	"giro-on-back", sealed.CodeForm, sealed.CodeAlgorithm, sealed.CodeUnknownKey, sealed.CodeBroken,
}

// findings are those that the functions of the finding room make, of one page and of two.
func findings() []finding.Finding {
	var all []finding.Finding
	for pages := 1; pages <= 2; pages++ {
		for _, made := range []func(page int) finding.Finding{
			func(p int) finding.Finding { return finding.ScaledWarning(0, p, 148, 210, 1.41) },
			func(p int) finding.Finding { return finding.ScaleRefusal(0, p, 841, 1189, .25) },
			func(p int) finding.Finding { return finding.ScaleRefusal(0, p, 18, 18, 12) },
			func(p int) finding.Finding {
				return finding.CroppedWarning(0, p, sheet.Placement{WidthMM: 220, HeightMM: 300, LostRight: 10.04 - float64(p), LostBelow: 3})
			},
			func(p int) finding.Finding { return finding.OtherSizeRefusal(0, p, 148, 210, 2.5) },
			func(p int) finding.Finding {
				return finding.ZoneFinding("konvolutteringssonen", 0, p, sheet.Rect{X1: 40, Y0: 300, Y1: 400})
			},
			func(p int) finding.Finding {
				return finding.ResolutionFinding(0, p, 71.9, 100, sheet.Rect{X1: 40, Y0: 300, Y1: 400})
			},
		} {
			list := []finding.Finding{made(1)}
			if pages == 2 {
				list = append(list, made(2))
			}
			all = append(all, finding.Gathered(list)...)
		}
	}
	all = append(all, finding.LossFindings(^finding.Losses(0), 0, 1)...)
	return append(all, finding.MissingNoteWarning(0, 1), finding.UndrawableRefusal(0, 1), finding.PageCountWarning(0, 3, 2), finding.TreeRefusal(0))
}

// made is a refusal as the source says it.
type made struct {
	key  string          // code, or code and case
	args map[string]bool // but for case and page
	at   string
}

// casesOf are the cases of codes whose case is no literal in the source.
var casesOf = map[string][]string{
	"felt-type":     {"time", "text", "bool", "integer", "list", "object"},
	"for-mange-ark": {"file", "job"}, "for-stor-fil": {"file", "job"},
}

// namedArgs are the arguments that functions and variables of the source stand for.
var namedArgs = map[string][]shipment.Args{
	"tooMany": {{"n": "", "max": ""}},
	"dated":   {nil, {"case": "dated", "date": ""}},
}

// readRefusals collects every refusal that the source of a folder makes: composite literals with a Code, and calls whose first
// strings are a code and whose last argument but a truth value are arguments.
func readRefusals(t *testing.T, folder string) (all []made) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatal(folder, err)
	}
	set := token.NewFileSet()
	consts := map[string]string{}
	for _, from := range codesFrom[folder] {
		maps.Copy(consts, constants(t, from))
	}
	var parsed []*ast.File
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, f)
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Names) == 1 && len(spec.Values) == 1 {
				if text, ok := literal(spec.Values[0], nil); ok {
					consts[spec.Names[0].Name] = text
				}
			}
			return true
		})
	}
	for _, f := range parsed {
		for _, decl := range f.Decls {
			body, ok := decl.(*ast.FuncDecl)
			if !ok || body.Body == nil {
				continue
			}
			assigned := map[string][]shipment.Args{} // variables of the function that hold arguments
			ast.Inspect(body, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.AssignStmt:
					if id, ok := n.Lhs[0].(*ast.Ident); ok && len(n.Lhs) == 1 && isArgs(n.Rhs[0]) {
						assigned[id.Name] = append(assigned[id.Name], argsOf(n.Rhs[0], nil)...)
					}
				case *ast.DeclStmt:
					for _, s := range n.Decl.(*ast.GenDecl).Specs {
						if v, ok := s.(*ast.ValueSpec); ok && v.Type != nil && typeName(v.Type) == "Args" {
							assigned[v.Names[0].Name] = append(assigned[v.Names[0].Name], nil)
						}
					}
				}
				return true
			})
			add := func(code string, args []shipment.Args, n ast.Node) {
				for _, a := range args {
					m := made{code, map[string]bool{}, set.Position(n.Pos()).String()}
					for name := range a {
						m.args[name] = name != "page"
					}
					maps.DeleteFunc(m.args, func(name string, keep bool) bool { return !keep })
					cases := []string{""}
					if c, ok := a["case"]; ok {
						delete(m.args, "case")
						if cases = []string{c}; c == "" {
							cases = casesOf[code]
						}
					}
					for _, c := range cases {
						m := m
						if c != "" {
							m.key += " " + c
						}
						all = append(all, m)
					}
				}
			}
			ast.Inspect(body, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CallExpr:
					switch callee(n) {
					case "New":
						if sel, ok := n.Fun.(*ast.SelectorExpr); !ok || typeName(sel.X) != "finding" {
							return true
						}
						if code, ok := literal(n.Args[0], consts); ok {
							add(code, []shipment.Args{nil}, n)
						}
						return true
					case "refuse", "warn", "note", "one", "fail":
					default:
						return true
					}
					if len(n.Args) < 2 {
						return true // an error of another kind
					}
					for _, arg := range n.Args {
						if code, ok := literal(arg, consts); ok && codeForm.MatchString(code) {
							last := n.Args[len(n.Args)-1]
							if id, ok := last.(*ast.Ident); ok && (id.Name == "true" || id.Name == "false") {
								last = n.Args[len(n.Args)-2]
							}
							add(code, argsOf(last, assigned), n)
							break
						}
					}
				case *ast.CompositeLit:
					var code string
					args := []shipment.Args{nil}
					for _, e := range n.Elts {
						kv, ok := e.(*ast.KeyValueExpr)
						if !ok {
							return true
						}
						switch id, _ := kv.Key.(*ast.Ident); {
						case id == nil:
						case id.Name == "Code":
							code, _ = literal(kv.Value, consts)
						case id.Name == "Args":
							args = argsOf(kv.Value, assigned)
						}
					}
					if name := typeName(n.Type); code != "" && slices.Contains([]string{"", "Refusal", "Finding", "Fault", "LetterError", "Warning"}, name) {
						add(code, args, n)
					}
				}
				return true
			})
		}
	}
	return all
}

func literal(e ast.Expr, consts map[string]string) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.Ident, *ast.SelectorExpr:
		text, ok := consts[typeName(e)]
		return text, ok
	}
	return "", false
}

// constants are the texts that a folder names.
func constants(t *testing.T, folder string) map[string]string {
	t.Helper()
	out := map[string]string{}
	files, err := filepath.Glob(filepath.Join("..", "..", folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatal(folder, err)
	}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Names) == 1 && len(spec.Values) == 1 {
				if text, ok := literal(spec.Values[0], nil); ok {
					out[spec.Names[0].Name] = text
				}
			}
			return true
		})
	}
	return out
}

func callee(c *ast.CallExpr) string { return typeName(c.Fun) }

func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

func isArgs(e ast.Expr) bool {
	lit, ok := e.(*ast.CompositeLit)
	return ok && typeName(lit.Type) == "Args"
}

// argsOf are the arguments that an expression may be: their names, and the case where it is a literal.
func argsOf(e ast.Expr, assigned map[string][]shipment.Args) []shipment.Args {
	switch e := e.(type) {
	case *ast.Ident:
		if e.Name == "nil" {
			return []shipment.Args{nil}
		}
		return assigned[e.Name]
	case *ast.CallExpr:
		return namedArgs[callee(e)]
	case *ast.CompositeLit:
		args := shipment.Args{}
		for _, el := range e.Elts {
			kv := el.(*ast.KeyValueExpr)
			name, _ := literal(kv.Key, nil)
			args[name], _ = literal(kv.Value, nil)
			if name != "case" {
				args[name] = ""
			}
		}
		return []shipment.Args{args}
	}
	return nil
}

// placeholders are the arguments that a sentence needs.
func placeholders(text string) map[string]bool {
	out := map[string]bool{}
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		out[m[1]] = true
	}
	return out
}

// TestEveryRefusalHasSentences: every code, case and argument that the source makes has a sentence in each language, and every sentence
// is of a refusal that is made.
func TestEveryRefusalHasSentences(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, folder := range producers {
		all := readRefusals(t, folder)
		for _, m := range all {
			said, ok := refusals[m.key]
			if !ok {
				t.Errorf("%s: no sentence for %q", m.at, m.key)
				continue
			}
			used[m.key] = true
			if want := placeholders(said[English]); !maps.Equal(want, m.args) {
				t.Errorf("%s: %q needs %v and gets %v", m.at, m.key, want, m.args)
			}
		}
		t.Logf("%s: %d", folder, len(all))
	}
	for _, f := range findings() {
		k := key(shipment.OfFinding(f, "", false))
		args := map[string]bool{}
		for name := range f.Args {
			args[name] = name != "case"
		}
		delete(args, "case")
		if want := placeholders(refusals[k][English]); refusals[k] == (sentence{}) || !maps.Equal(want, args) {
			t.Errorf("%q needs %v and gets %v", k, want, args)
		}
		used[k] = true
	}
	for _, code := range codesOf {
		used[code] = true
	}
	coded := 0
	for name, code := range constants(t, "printjobs/prepare/finding") {
		if strings.HasPrefix(name, "Code") {
			coded++
			if !slices.Contains(RefusalCodes(), code) {
				t.Errorf("no sentence for %q", code)
			}
		}
	}
	if coded < 25 {
		t.Errorf("only %d codes of findings", coded)
	}
	for k, said := range refusals {
		if !used[k] {
			t.Errorf("%q is made nowhere", k)
		}
		for lang, text := range said {
			if !regexp.MustCompile(`^(?s)\S.*[.?}]$`).MatchString(text) || strings.Contains(text, "%") && !strings.Contains(text, "} %") || strings.Contains(text, "  ") {
				t.Errorf("%q in %s: %q", k, Language(lang), text)
			}
			if !maps.Equal(placeholders(text), placeholders(said[English])) {
				t.Errorf("%q says in %s other than in English", k, Language(lang))
			}
		}
		code, _, _ := strings.Cut(k, " ")
		if !codeForm.MatchString(code) {
			t.Errorf("%q is no code", code)
		}
	}
	if len(used) < 100 {
		t.Errorf("only %d kinds of refusals were found in the source", len(used))
	}
}

func TestRefusalInBothLanguages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		r      shipment.Refusal
		en, nb string
	}{
		{shipment.Refusal{Code: "felt-langt", Field: "tittel", Args: shipment.Args{"n": "1001", "max": "1000"}},
			"The field has 1001 characters, the limit is 1000. Shorten it.", "Feltet har 1001 tegn, men kan ha høyst 1000. Forkort det."},
		{shipment.Refusal{Code: "postnummer-ukjent", Args: shipment.Args{"case": "dated", "date": "2026-01-15"}},
			"The postnummer is not in the register of postnummer of 2026-01-15. Correct it, or import a newer register.",
			"Postnummeret finnes ikke i postnummerregisteret av 15.01.2026. Rett postnummeret, eller importer et nyere register."},
		{shipment.Refusal{Code: "over-2-kg", Args: shipment.Args{"kg": "2.3"}},
			"The letter weighs about 2.3 kg with forside and envelope. Posten takes letters of up to 2 kg; above that it goes as a parcel. Split it if you can.",
			"Brevet veier om lag 2,3 kg med forside og konvolutt. Posten tar brev på høyst 2 kg; over det går det som pakke. Del det opp om du kan."},
		// Stored before refusals had arguments: as it was.
		{shipment.Refusal{Code: "postnummer-form", Text: "Postnummeret må ha fire siffer.", Pages: []int{1, 2}}, "Postnummeret må ha fire siffer.", "Postnummeret må ha fire siffer."},
		// Of a page or several.
		{shipment.Refusal{Code: "giro-lik", Args: shipment.Args{"page": "3"}}, "Page 3: The same page is there more than once as a giro sheet.", "Side 3: Samme side står flere ganger som giroark."},
		{shipment.Refusal{Code: "giro-lik", Args: shipment.Args{"page": "3"}, Pages: []int{3, 5, 6}}, "Pages 3 and 5–6: The same page is there more than once as a giro sheet.", "Sidene 3 og 5–6: Samme side står flere ganger som giroark."},
		// What preparing has found; and kept with a sentence by an earlier version.
		{shipment.OfFinding(findings()[3], "dokumenter[0]", true), "Page 1: The page is 220 × 300 mm and is printed in full size: 9 mm on the right and 3 mm at the bottom are left out.",
			"Side 1: Siden er 220 × 300 mm og skrives ut i full størrelse: 9 mm til høyre og 3 mm nederst kommer ikke med."},
		{shipment.OfFinding(findings()[11], "", false), "Pages 1–2: The pages are 148 × 210 mm. The vendor takes A4 alone (210 × 297 mm, off by at most 2.5 mm). Save the document in A4 and send it again.",
			"Sidene 1–2: Sidene er 148 × 210 mm. Trykkeriet tar bare A4 (210 × 297 mm, avvik høyst 2,5 mm). Lagre dokumentet i A4 og send på nytt."},
		{shipment.OfFinding(findings()[5], "", false), "Page 1: There is ink in konvolutteringssonen (x 0–14.1 mm, y 155.9–191.2 mm from the top left corner), where the sheet must be blank. Move the content or widen the margin.",
			"Side 1: Det er trykk i konvolutteringssonen (x 0–14,1 mm, y 155,9–191,2 mm målt fra øverste venstre hjørne), der arket må være blankt. Flytt innholdet eller øk margen."},
		{shipment.OfFinding(finding.Finding{Code: "font-not-embedded", Page: 2, Pages: []int{2, 3}, Text: "En skrift er ikke lagt inn i PDF-en."}, "", true),
			"Pages 2–3: En skrift er ikke lagt inn i PDF-en.", "Sidene 2–3: En skrift er ikke lagt inn i PDF-en."},
		// Made by a version that is newer than this one, or damaged.
		{shipment.Refusal{Code: "noe-nytt", Args: shipment.Args{"n": "1"}}, "Another reason (noe-nytt).", "Annen årsak (noe-nytt)."},
		{shipment.Refusal{Code: "felt-type"}, "Another reason (felt-type).", "Annen årsak (felt-type)."},
		{shipment.Refusal{Code: "felt-langt", Args: shipment.Args{"n": "7"}}, "The field has 7 characters, the limit is ?. Shorten it.", "Feltet har 7 tegn, men kan ha høyst ?. Forkort det."},
		{shipment.Refusal{}, "Another reason (?).", "Annen årsak (?)."},
	} {
		if got := Refusal(c.r, English); got != c.en {
			t.Errorf("%v: %q", c.r, got)
		}
		if got := Refusal(c.r, Norwegian); got != c.nb {
			t.Errorf("%v: %q", c.r, got)
		}
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	var odd []int
	for p := 1; p < 40; p += 2 {
		odd = append(odd, p)
	}
	for _, c := range []struct {
		pages  []int
		en, nb string
	}{
		{nil, "", ""}, {[]int{3}, "Page 3", "Side 3"}, {[]int{3, 4}, "Pages 3–4", "Sidene 3–4"}, {[]int{3, 5}, "Pages 3 and 5", "Sidene 3 og 5"},
		{[]int{1, 3, 5, 6, 7}, "Pages 1, 3 and 5–7", "Sidene 1, 3 og 5–7"},
		{odd, "Pages 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23 and 8 more", "Sidene 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23 og 8 til"},
	} {
		if got := Pages(c.pages, English); got != c.en {
			t.Errorf("%v: %q", c.pages, got)
		}
		if got := Pages(c.pages, Norwegian); got != c.nb {
			t.Errorf("%v: %q", c.pages, got)
		}
	}
}

// FuzzRefusal: whatever an archive holds is worded, without panic.
func FuzzRefusal(f *testing.F) {
	for _, k := range slices.Sorted(maps.Keys(refusals)) {
		code, c, _ := strings.Cut(k, " ")
		f.Add(code, c, "n", "1", 3, 1)
	}
	f.Add("postnummer-ukjent", "dated", "date", "2026-13-15", -1, 7)
	f.Fuzz(func(t *testing.T, code, which, name, value string, page, lang int) {
		r := shipment.Refusal{Code: code, Args: shipment.Args{"case": which, name: value}, Pages: []int{page, page + 1}}
		for _, l := range []Language{English, Norwegian, Language(lang)} {
			if Refusal(r, l) == "" || Refusal(shipment.Refusal{Code: code}, l) == "" {
				t.Error("no words")
			}
		}
	})
}
