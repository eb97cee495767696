package receipt

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postgang/billing/money"
	"postgang/billing/reading"
)

// syntaxes are formats as vendors of each kind might have them.
func syntaxes(t testing.TB) map[string]Format {
	out := map[string]Format{"csv": DefaultFormat()}
	f := DefaultFormat()
	f.Syntax = SyntaxJSON
	out["json, a list"] = f
	f.Row, f.DecimalSign = "rader", "."
	f.Columns = map[string]string{ColShipment: "shipmentId", ColVersion: "version"}
	f.Amount, f.Weight = UnitOre, UnitKilogram
	out["json, in an object"] = f
	f = DefaultFormat()
	f.Syntax, f.Row, f.Encoding = SyntaxXML, "brev", "utf-8"
	f.Columns = map[string]string{ColPosted: "dato"}
	f.Time, f.Location, f.Weight = "DD.MM.YYYY HH:mm:ss", oslo(t), UnitKilogram
	out["xml"] = f
	f = DefaultFormat()
	f.Syntax, f.SkipLines, f.Encoding, f.Amount = SyntaxFixed, 1, "windows-1252", UnitOre
	f.Positions = map[string][]int{}
	at := 1
	for _, col := range receiptColumns {
		width := 12
		switch col {
		case ColShipment, ColPrintID, ColJob, ColPosted:
			width = 100
		case ColKonteringskode:
			width = 20
		}
		f.Positions[col] = []int{at, width}
		at += width
	}
	out["fixed"] = f
	return out
}

// TestSyntaxes: rows that are written in each syntax are read back to the same, by properties; and none of them is taken
// when the file is cut at any byte, but at the places where a shorter file is a whole one.
func TestSyntaxes(t *testing.T) {
	t.Parallel()
	for name, f := range syntaxes(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := f.Validate(); err != nil {
				t.Fatal(err)
			}
			rapid.Check(t, func(t *rapid.T) {
				var rows []Row
				n := rapid.IntRange(1, 6).Draw(t, "rows")
				for i := range n {
					count := func(name string) int { return rapid.IntRange(0, MaxCount).Draw(t, name) }
					rows = append(rows, Row{
						Job: "TEST000001", Shipment: fmt.Sprintf("s-%d", i), PrintID: rapid.SampledFrom([]string{"", "p.1", "A:b_-c"}).Draw(t, "print"),
						PostedAt: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 300*86400).Draw(t, "second")) * time.Second),
						PagesBW:  count("bw"), PagesColour: count("colour"), EnvelopesAuto: count("auto"), ExtraSheetsAuto: count("extra"),
						EnvelopesManual: count("manual"), ExtraSheetsManual: count("more"), WeightGram: count("gram"),
						Production: money.Ore(rapid.Int64Range(0, int64(MaxAmount)).Draw(t, "production")), Postage: money.Ore(rapid.Int64Range(0, int64(MaxAmount)).Draw(t, "postage")),
						Konteringskode: rapid.SampledFrom([]string{"", "4100", "Økonomi-å1"}).Draw(t, "code"),
					})
				}
				out, err := Encode(rows, f)
				if err != nil {
					t.Fatal(err)
				}
				back, problems := Parse(out, f)
				if len(problems) > 0 || len(back) != len(rows) {
					t.Fatalf("%v of\n%s", problems, out)
				}
				for i := range rows {
					if !back[i].SameFacts(rows[i]) {
						t.Fatalf("row %d: %+v, want %+v", i, back[i], rows[i])
					}
					if i > 0 && back[i].Line <= back[i-1].Line {
						t.Fatalf("row %d is in line %d, the one before in %d", i, back[i].Line, back[i-1].Line)
					}
				}
				cut := rapid.IntRange(0, len(out)-1).Draw(t, "cut")
				got, problems := Parse(out[:cut], f)
				if len(problems) > 0 {
					if got != nil {
						t.Fatal("rows of a file that is cut off")
					}
					return
				}
				// A file that is whole without its end: fewer rows, each as written.
				for i := range got {
					if !got[i].SameFacts(rows[i]) && !(f.Syntax == "" && i == len(got)-1) {
						t.Fatalf("cut at %d: row %d is another", cut, i)
					}
				}
			})
		})
	}
}

// TestSyntaxProblems: what is wrong is told with its line, and nothing of the file is taken.
func TestSyntaxProblems(t *testing.T) {
	t.Parallel()
	all := syntaxes(t)
	row := Row{Job: "TEST000001", Shipment: "s-1", PostedAt: time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC), PagesBW: 2, WeightGram: 32, Production: 557, Postage: 3100, Konteringskode: "4100"}
	second := row
	second.Shipment = "s-2"
	good := map[string]string{}
	for name, f := range all {
		b, err := Encode([]Row{row, second}, f)
		if err != nil {
			t.Fatal(err)
		}
		good[name] = string(b)
	}
	for _, c := range []struct {
		name, syntax, old, new string
		line                   int
		code                   string
	}{
		{"unknown field", "json, a list", `"porto"`, `"portoer"`, 2, reading.ProblemUnknownColumn},
		{"missing field", "json, a list", "  \"porto\": \"31,00\",\n", "", 2, reading.ProblemMissingColumn},
		{"wrong sign", "json, a list", "31,00", "31.00", 2, reading.ProblemAmount},
		{"a list as field", "json, a list", `"31,00"`, `["31,00"]`, 10, reading.ProblemSyntax},
		{"true as field", "json, a list", `"31,00"`, `true`, 10, reading.ProblemSyntax},
		{"field twice", "json, a list", "  \"porto\"", "  \"porto\": \"1,00\",\n  \"porto\"", 11, reading.ProblemSyntax},
		{"other version", "json, a list", `"versjon": "1"`, `"versjon": "2"`, 2, reading.ProblemVersion},
		{"text behind", "json, a list", "\n]\n", "\n]\n[]", 37, reading.ProblemSyntax},
		{"no list", "json, in an object", `"rader"`, `"rad"`, 2, reading.ProblemSyntax},
		{"something beside", "json, in an object", `{`, `{"sum": 17,`, 1, reading.ProblemUnknownColumn},
		{"kroner for øre", "json, in an object", `"3100"`, `"31.00"`, 3, reading.ProblemAmount},
		{"gram for kg", "json, in an object", `"0.032"`, `"0,032"`, 3, reading.ProblemNumber},
		{"no object", "json, in an object", good["json, in an object"], "[]", 1, reading.ProblemSyntax},
		{"unknown element", "xml", "<porto>31,00</porto>", "<portoer>31,00</portoer>", 2, reading.ProblemUnknownColumn},
		{"element twice", "xml", "<porto>31,00</porto>", "<porto>31,00</porto><porto>31,00</porto>", 16, reading.ProblemDuplicateColumn},
		{"element in a field", "xml", "<porto>31,00</porto>", "<porto><b>31,00</b></porto>", 16, reading.ProblemSyntax},
		{"text outside", "xml", "<porto>31,00</porto>", "31,00", 17, reading.ProblemSyntax},
		{"document type", "xml", "<kvitteringer>", `<!DOCTYPE x [<!ENTITY a "aaaa">]><kvitteringer>`, 1, reading.ProblemSyntax},
		{"unknown entity", "xml", "31,00", "&a;", 16, reading.ProblemSyntax},
		{"attribute of the whole", "xml", "<kvitteringer>", `<kvitteringer sum="2">`, 1, reading.ProblemUnknownColumn},
		{"not closed", "xml", "</kvitteringer>", "", 37, reading.ProblemSyntax},
		{"a day that is none", "xml", "05.01.2026", "31.02.2026", 2, reading.ProblemTime},
		{"form of another time", "xml", "05.01.2026 13:00:00", "2026-01-05T13:00:00+01:00", 2, reading.ProblemTime},
		{"line too short", "fixed", "4100                \r\n", "4100\r\n", 2, reading.ProblemFieldCount},
		{"no number", "fixed", "32          ", "32 g        ", 2, reading.ProblemNumber},
	} {
		text := good[c.syntax]
		if !strings.Contains(text, c.old) {
			t.Errorf("%s: the file has no %q:\n%s", c.name, c.old, text)
			continue
		}
		rows, problems := Parse([]byte(strings.Replace(text, c.old, c.new, 1)), all[c.syntax])
		if rows != nil || len(problems) == 0 {
			t.Errorf("%s: was taken", c.name)
			continue
		}
		if p := problems[0]; p.Code != c.code || p.Line != c.line {
			t.Errorf("%s: %d %s (%s), want %d %s", c.name, p.Line, p.Code, p.Text, c.line, c.code)
		}
	}
}

// The version may stand once for the whole file, names may be attributes, and what is ignored is.
func TestSyntaxFreedoms(t *testing.T) {
	t.Parallel()
	fields := `jobb="TEST000001" forsendelse="s-1" print_id="" sider_sh="2" sider_farge="0" konv_auto="1" ekstra_auto="0" konv_manuell="0" ekstra_manuell="0" vekt_gram="32"`
	xmlFile := `<?xml version="1.0" encoding="ISO-8859-1"?>
<k:liste xmlns:k="urn:k" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b" versjon="1">
 <!-- to brev --><hode/>
 <k:brev ` + fields + ` operator="7"><postlagt>2026-01-05</postlagt><produksjonskostnad>5,57</produksjonskostnad><porto>31,00</porto><konteringskode>4100</konteringskode></k:brev>
</k:liste>`
	f := DefaultFormat()
	f.Syntax, f.Row, f.Ignore, f.Time, f.Location = SyntaxXML, "brev", []string{"operator"}, "YYYY-MM-DD", oslo(t)
	rows, problems := Parse([]byte(xmlFile), f)
	if len(problems) > 0 || len(rows) != 1 || rows[0].Postage != 3100 || rows[0].Line != 4 || rows[0].PostedAt.Format(time.RFC3339) != "2026-01-04T23:00:00Z" {
		t.Errorf("XML: %+v, %v", rows, problems)
	}
	jsonFile := `{"versjon": 1, "laget": "i dag", "rader": [
 {"jobb": "TEST000001", "forsendelse": "s-1", "print_id": "", "postlagt": "2026-01-05T12:00:00Z", "sider_sh": 2, "sider_farge": 0, "konv_auto": 1, "ekstra_auto": 0,
  "konv_manuell": 0, "ekstra_manuell": 0, "vekt_gram": 32, "produksjonskostnad": 5.57, "porto": 31.00, "konteringskode": "4100", "operator": 7}]}`
	f = DefaultFormat()
	f.Syntax, f.Row, f.Ignore, f.DecimalSign = SyntaxJSON, "rader", []string{"operator", "laget"}, "."
	rows, problems = Parse([]byte(jsonFile), f)
	if len(problems) > 0 || len(rows) != 1 || rows[0].Production != 557 || rows[0].Line != 2 {
		t.Errorf("JSON: %+v, %v", rows, problems)
	}
	f.Ignore = nil
	if _, problems = Parse([]byte(jsonFile), f); len(problems) == 0 {
		t.Error("unknown fields were taken")
	}
	deep := DefaultFormat()
	deep.Syntax, deep.Row = SyntaxXML, "brev"
	if _, problems = Parse(bytes.Repeat([]byte("<a>"), 100_000), deep); len(problems) != 1 || problems[0].Code != reading.ProblemSyntax {
		t.Errorf("deep XML: %v", problems)
	}
}

// TestSyntaxProfiles: profiles that cannot be meant so are refused, with what to do.
func TestSyntaxProfiles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		syntax string
		alter  func(f *Format)
		want   string
	}{
		"no such syntax":       {"csv", func(f *Format) { f.Syntax = "yaml" }, "none of csv, json, xml, fixed"},
		"no row in XML":        {"xml", func(f *Format) { f.Row = "" }, "row is missing"},
		"row in CSV":           {"csv", func(f *Format) { f.Row = "x" }, "for syntax json and xml"},
		"no XML name":          {"xml", func(f *Format) { f.Row = "et brev" }, "no name of an XML element"},
		"positions in CSV":     {"csv", func(f *Format) { f.Positions = map[string][]int{ColJob: {1, 2}} }, "for syntax fixed"},
		"a position missing":   {"fixed", func(f *Format) { delete(f.Positions, ColPostage) }, "positions of porto are missing"},
		"positions overlap":    {"fixed", func(f *Format) { f.Positions[ColPostage] = f.Positions[ColJob] }, "overlap at character"},
		"position of nothing":  {"fixed", func(f *Format) { f.Positions["x"] = []int{5000, 1} }, "is not a column"},
		"lines below nothing":  {"fixed", func(f *Format) { f.SkipLines = -1 }, "not within 0 to 1000"},
		"ignored and used":     {"csv", func(f *Format) { f.Ignore = []string{ColPostage} }, "ignored, and a column"},
		"unit of amounts":      {"csv", func(f *Format) { f.Amount = "euro" }, "none of kroner, ore"},
		"unit of weight":       {"csv", func(f *Format) { f.Weight = "t" }, "none of g, kg"},
		"time without a year":  {"csv", func(f *Format) { f.Time = "DD.MM" }, "must have YYYY"},
		"time with words":      {"csv", func(f *Format) { f.Time = "YYYY-MM-DD kl HH:mm" }, "is not made of"},
		"time with two years":  {"csv", func(f *Format) { f.Time = "YYYY-MM-DD YYYY" }, "YYYY twice"},
		"hours and no minutes": {"csv", func(f *Format) { f.Time = "YYYY-MM-DD HH" }, "mm with HH"},
	} {
		f := syntaxes(t)[c.syntax]
		c.alter(&f)
		if err := f.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// FuzzParseSyntaxes: whatever the bytes, a file is taken whole or not at all, and what was taken can be written and read back.
func FuzzParseSyntaxes(f *testing.F) {
	formats := syntaxes(f)
	names := []string{"json, a list", "json, in an object", "xml", "fixed"}
	row := Row{Job: "TEST000001", Shipment: "s-1", PostedAt: time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC), PagesBW: 2, WeightGram: 32, Production: 557, Postage: 3100, Konteringskode: "Ø"}
	for i, name := range names {
		b, err := Encode([]Row{row}, formats[name])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, byte(i))
		f.Add(b[:len(b)/2], byte(i))
	}
	f.Add([]byte(`{"rader": [], "rader": []}`), byte(1))
	f.Add([]byte(`<a versjon="1"><brev/></a><b>`), byte(2))
	f.Fuzz(func(t *testing.T, data []byte, choice byte) {
		format := formats[names[int(choice)%len(names)]]
		rows, problems := Parse(data, format)
		if len(problems) > 0 {
			if rows != nil {
				t.Fatal("rows of a faulty file")
			}
			return
		}
		out, err := Encode(rows, format)
		if err != nil {
			t.Fatal(err)
		}
		back, problems := Parse(out, format)
		if len(rows) == 0 {
			return // a file of no lines is an empty one
		}
		if len(problems) > 0 || !slices.EqualFunc(rows, back, Row.SameFacts) {
			t.Fatalf("%v: %v and %v", problems, rows, back)
		}
	})
}

func oslo(t testing.TB) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}
