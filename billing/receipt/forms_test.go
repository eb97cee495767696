package receipt

import (
	"strings"
	"testing"
	"time"

	"postgang/billing/bounded/boundedtest"
	"postgang/billing/reading"
)

// rowOf is one row of our own format, its fields changed as column=text.
func rowOf(changes ...string) string {
	names := strings.Split(strings.TrimSpace(header1), ";")
	fields := strings.Split(strings.TrimSpace(row1), ";")
	for _, c := range changes {
		col, text, _ := strings.Cut(c, "=")
		for i, name := range names {
			if name == col {
				fields[i] = text
			}
		}
	}
	return strings.Join(fields, ";") + "\n"
}

// TestReceiptForms: forms that vendors write by habit are read as they are meant, when the profile says so, and refused else.
func TestReceiptForms(t *testing.T) {
	t.Parallel()
	of := func(change func(*Format)) Format {
		f := DefaultFormat()
		f.Location = oslo(t)
		if change != nil {
			change(&f)
		}
		return f
	}
	xmlRows := of(func(f *Format) { f.Syntax, f.Row = SyntaxXML, "brev" })
	attributes := `versjon="1" jobb="J1" forsendelse="S1" print_id="" postlagt="2026-01-05T14:30:00+01:00" sider_sh="3" sider_farge="1" konv_auto="1" ekstra_auto="1" konv_manuell="0" ekstra_manuell="0" vekt_gram="17" produksjonskostnad="5,70" porto="1027,00" konteringskode=""`
	jsonRow := `{"versjon":"1","jobb":"J1","forsendelse":"S1","print_id":null,"postlagt":"2026-01-05T14:30:00+01:00","sider_sh":3,"sider_farge":1.0,"konv_auto":1,"ekstra_auto":1,"konv_manuell":0,"ekstra_manuell":0,"vekt_gram":17.0,"produksjonskostnad":5.7,"porto":1027,"konteringskode":null}`
	jsonRows, inObject := of(func(f *Format) { f.Syntax = SyntaxJSON }), of(func(f *Format) { f.Syntax, f.Row = SyntaxJSON, "rader" })
	groups, sums := of(func(f *Format) { f.GroupSign = " " }), of(func(f *Format) { f.Trailer = "SUM" })
	sum := func(production, postage string) string {
		return "SUM;;;;;6;2;2;2;0;0;34;" + production + ";" + postage + ";\n"
	}
	two := header1 + rowOf("porto=1027,00") + rowOf("forsendelse=S2", "porto=1027,00")
	unversioned := strings.Replace(jsonRow, `"versjon":"1",`, "", 1)
	for _, c := range []struct {
		name, data string
		f          Format
		wrong      string // code of the first problem; empty: the first row's postage is 1027,00
	}{
		{"space before hundreds", header1 + rowOf("porto=1 027,00"), groups, ""},
		{"no-break space", header1 + rowOf("porto=1\u00a0027,00"), groups, ""},
		{"narrow no-break space", header1 + rowOf("porto=1\u202f027,00"), groups, ""},
		{"no group though there may be", header1 + rowOf("porto=1027,00"), groups, ""},
		{"point as group", header1 + rowOf("porto=1.027,00"), of(func(f *Format) { f.GroupSign = "." }), ""},
		{"wrong groups", header1 + rowOf("porto=10 27,00"), groups, reading.ProblemAmount},
		{"groups that nobody knows", header1 + rowOf("porto=1 027,00"), of(nil), reading.ProblemAmount},
		{"sums at the end", two + sum("11,40", "2054,00"), sums, ""},
		{"sums with an empty line", two + sum("11,40", "2054,00") + "\r\n", sums, ""},
		{"end record of its own form", two + "SUMMERT;2\n", sums, ""},
		{"another sum", two + sum("11,40", "2054,01"), sums, reading.ProblemSum},
		{"no sum where one must be", two, sums, reading.ProblemMissingTrailer},
		{"a row after the sum", two + sum("11,40", "2054,00") + rowOf("forsendelse=S3"), sums, reading.ProblemSyntax},
		{"a sum that nobody knows", two + sum("11,40", "2054,00"), of(nil), reading.ProblemVersion},
		{"day without zeros", header1 + rowOf("porto=1027,00", "postlagt=5.1.2026"), of(func(f *Format) { f.Time = "D.M.YYYY" }), ""},
		{"day and hour without zeros", header1 + rowOf("porto=1027,00", "postlagt=5.1.2026 8:05"), of(func(f *Format) { f.Time = "D.M.YYYY H:mm" }), ""},
		{"with zeros all the same", header1 + rowOf("porto=1027,00", "postlagt=05.01.2026 08:05"), of(func(f *Format) { f.Time = "D.M.YYYY H:mm" }), ""},
		{"a day that is none", header1 + rowOf("postlagt=31.2.2026"), of(func(f *Format) { f.Time = "D.M.YYYY" }), reading.ProblemTime},
		{"zeros that are wanted", header1 + rowOf("postlagt=5.1.2026"), of(func(f *Format) { f.Time = "DD.MM.YYYY" }), reading.ProblemTime},
		{"rows as attributes", "<l><brev " + attributes + "/></l>", xmlRows, ""},
		{"attributes of another name", "<l><letter " + attributes + "/></l>", xmlRows, reading.ProblemHeader},
		{"another case", "<l><Brev><jobb>J1</jobb></Brev></l>", xmlRows, reading.ProblemSyntax},
		{"one row of another name", "<l><brev " + attributes + "/><Brev " + attributes + "/></l>", xmlRows, reading.ProblemHeader},
		{"a second document", "<l><brev " + attributes + "/></l><l/>", xmlRows, reading.ProblemSyntax},
		{"numbers of JSON and null", "[" + jsonRow + "]", jsonRows, ""},
		{"too many decimals", "[" + strings.Replace(jsonRow, "5.7", "5.701", 1) + "]", jsonRows, reading.ProblemAmount},
		{"an exponent", "[" + strings.Replace(jsonRow, ":1027", ":1.027e3", 1) + "]", jsonRows, reading.ProblemAmount},
		{"half a page", "[" + strings.Replace(jsonRow, ":3,", ":2.5,", 1) + "]", jsonRows, reading.ProblemNumber},
		{"null where something must be", "[" + strings.Replace(jsonRow, `"J1"`, "null", 1) + "]", jsonRows, reading.ProblemRequired},
		{"version before the rows", `{"versjon":1,"rader":[` + unversioned + "]}", inObject, ""},
		{"version behind the rows", `{"rader":[` + unversioned + `],"versjon":1}`, inObject, ""},
		{"another version behind the rows", `{"rader":[` + unversioned + `],"versjon":2}`, inObject, reading.ProblemVersion},
		{"no version", `{"rader":[` + unversioned + `]}`, inObject, reading.ProblemMissingColumn},
	} {
		rows, problems := Parse([]byte(c.data), c.f)
		switch {
		case c.wrong == "" && (len(problems) > 0 || len(rows) == 0 || rows[0].Postage != 102700 || rows[0].Production != 570 || rows[0].WeightGram != 17):
			t.Errorf("%s: %+v, %v", c.name, rows, problems)
		case c.wrong != "" && (rows != nil || len(problems) == 0 || problems[0].Code != c.wrong):
			t.Errorf("%s: %v, want %s", c.name, problems, c.wrong)
		}
	}
	rows, problems := Parse([]byte(header1+rowOf("forsendelse=1F31B313-F308-5B84-81FE-9C5F132185AC")), DefaultFormat())
	if len(problems) > 0 || rows[0].Shipment != "1f31b313-f308-5b84-81fe-9c5f132185ac" {
		t.Errorf("a UUID in capitals: %+v, %v", rows, problems)
	}
	for name, alter := range map[string]func(*Format){
		"group is the decimal sign": func(f *Format) { f.GroupSign = "," },
		"group of letters":          func(f *Format) { f.GroupSign = "x" },
		"groups of øre":             func(f *Format) { f.GroupSign, f.Amount = " ", UnitOre },
		"rows are trailers":         func(f *Format) { f.Trailer = "1" },
		"trailer of XML":            func(f *Format) { f.Trailer, f.Syntax, f.Row = "SUM", SyntaxXML, "brev" },
		"trimmed CSV":               func(f *Format) { f.Trimmed = true },
		"month twice":               func(f *Format) { f.Time = "YYYY-M-DD MM" },
		"time of nowhere":           func(f *Format) { f.Time, f.Location = "YYYY-MM-DD", nil },
	} {
		f := DefaultFormat()
		f.Location = time.UTC
		if alter(&f); f.Validate() == nil {
			t.Errorf("%s: was taken", name)
		}
	}
}

// TestFixedForms: figures filled up with zeros, lines without their blanks, and an end record.
func TestFixedForms(t *testing.T) {
	t.Parallel()
	f := syntaxes(t)["fixed"]
	f.Amount, f.SkipLines, f.Trailer, f.Trimmed = UnitKroner, 0, "99", true
	row := Row{Job: "J1", Shipment: "s-1", PostedAt: time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC), PagesBW: 2, WeightGram: 32, Production: 57, Postage: 310000}
	f.Trailer = ""
	plain, err := Encode([]Row{row}, f)
	if err != nil {
		t.Fatal(err)
	}
	f.Trailer = "99"
	line := strings.TrimRight(string(plain), " \r\n")
	for old, filled := range map[string]string{"0,57        ": "000000000,57", "3100,00     ": "000003100,00", "3100,00": "000003100,00"} {
		line = strings.Replace(line, old, filled, 1)
	}
	for _, c := range []struct{ name, data, wrong string }{
		{"filled with zeros", line + "\r\n99 00001\r\n", ""},
		{"no end record", line + "\r\n", reading.ProblemMissingTrailer},
		{"cut in the last line", line, reading.ProblemFieldCount},
		{"a line too long", line + strings.Repeat(" ", 400) + "\r\n99\r\n", reading.ProblemFieldCount},
		{"an empty line", line + "\r\n\r\n99\r\n", reading.ProblemFieldCount},
		{"rows behind the end", line + "\r\n99\r\n" + line + "\r\n", reading.ProblemSyntax},
	} {
		rows, problems := Parse([]byte(c.data), f)
		switch {
		case c.wrong == "" && (len(problems) > 0 || len(rows) != 1 || !rows[0].SameFacts(row)):
			t.Errorf("%s: %+v, %v", c.name, rows, problems)
		case c.wrong != "" && (rows != nil || len(problems) == 0 || problems[0].Code != c.wrong):
			t.Errorf("%s: %v, want %s", c.name, problems, c.wrong)
		}
	}
}

// TestReceiptMemory: no file takes more memory than a few times its size, whatever its lines, fields and elements are like, and
// what is wrong is told with its line.
func TestReceiptMemory(t *testing.T) {
	const size = 2 << 20
	all := syntaxes(t)
	csv, list, object, xmlRows, fixed := all["csv"], all["json, a list"], all["json, in an object"], all["xml"], all["fixed"]
	// many is a file of a beginning and as much of something as there is room for.
	many := func(before, s string) func() []byte {
		return func() []byte { return []byte(before + strings.Repeat(s, size/len(s))) }
	}
	for _, c := range []struct {
		name string
		data func() []byte
		f    Format
	}{
		{"one line of fields", many(header1, ";"), csv},
		{"lines of two fields", many(header1, ";\n"), csv},
		{"header of fields", many("", ";"), csv},
		{"empty lines", many(header1+"x", "\n"), csv},
		{"unclosed quotation mark", many(header1+`"`, "a;b\n"), csv},
		{"fields of one line each", many(header1, "\"\n\";"), csv},
		{"objects of nothing", many("[", "{},"), list},
		{"an object of fields", many("[{", `"a":1,`), list},
		{"an object of other fields", many(`{`, `"a":1,`), object},
		{"lists in lists", many("", "["), list},
		{"one text", many(`["`, "x"), list},
		{"one number", many(`[{"porto":`, "1"), list},
		{"rows of nothing", many("<l>", "<brev/>"), xmlRows},
		{"elements of nothing", many("<l>", "<x/>"), xmlRows},
		{"elements in elements", many("", "<x>"), xmlRows},
		{"fields of a row", many("<l><brev>", "<x/>"), xmlRows},
		{"attributes of a row", many("<l><brev ", "x='' "), xmlRows},
		{"a text of a row", many("<l><brev><x>", "x"), xmlRows},
		{"a text in pieces", many("<l><brev><porto>", "1<!-- -->"), xmlRows},
		{"a comment", many("<l><!--", "<x>"), xmlRows},
		{"short lines", many("x", "\n"), fixed},
		{"one long line", many("#\n", "x"), fixed},
		{"utf-16 of fields", func() []byte { return reading.EncodeUTF16([]byte(header1 + strings.Repeat(";", size/2))) }, func() Format { f := csv; f.Encoding = "utf-16"; return f }()},
	} {
		data := c.data()
		var rows []Row
		var problems []reading.Problem
		peak := boundedtest.HighWater(func() { rows, problems = Parse(data, c.f) })
		if rows != nil || len(problems) == 0 {
			t.Errorf("%s: was taken", c.name)
			continue
		}
		if most := uint64(6 * size); peak > most {
			t.Errorf("%s: %d MB of memory for %d MB", c.name, peak>>20, len(data)>>20)
		}
		if problems[0].Line == 0 {
			t.Errorf("%s: without a line: %s", c.name, problems[0])
		}
	}
}
