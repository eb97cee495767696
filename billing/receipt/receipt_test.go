package receipt

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"
	"pgregory.net/rapid"

	"postgang/billing/codes"
	"postgang/billing/money"
	"postgang/billing/reading"
)

const header1 = "versjon;jobb;forsendelse;print_id;postlagt;sider_sh;sider_farge;konv_auto;ekstra_auto;konv_manuell;ekstra_manuell;vekt_gram;produksjonskostnad;porto;konteringskode\n"

const row1 = "1;J1;S1;P1;2026-01-05T14:30:00+01:00;3;1;1;1;0;0;17;5,70;7,50;0100-Ås\n"

func TestParse(t *testing.T) {
	t.Parallel()
	want := Row{Line: 2, Job: "J1", Shipment: "S1", PrintID: "P1", PostedAt: time.Date(2026, 1, 5, 13, 30, 0, 0, time.UTC),
		PagesBW: 3, PagesColour: 1, EnvelopesAuto: 1, ExtraSheetsAuto: 1, WeightGram: 17, Production: 570, Postage: 750, Konteringskode: "0100-Ås"}
	latin, err := charmap.Windows1252.NewEncoder().String(header1 + row1)
	if err != nil {
		t.Fatal(err)
	}
	format := func(change func(*Format)) Format {
		f := DefaultFormat()
		change(&f)
		return f
	}
	for name, c := range map[string]struct {
		data string
		f    Format
	}{
		"utf-8":                      {header1 + row1, DefaultFormat()},
		"utf-8 with byte order mark": {"\ufeff" + header1 + row1, DefaultFormat()},
		"utf-8 stated":               {header1 + row1, format(func(f *Format) { f.Encoding = "utf-8" })},
		"windows-1252 found":         {latin, DefaultFormat()},
		"windows-1252 stated":        {latin, format(func(f *Format) { f.Encoding = "windows-1252" })},
		"CR LF, no last line end":    {strings.TrimSuffix(strings.ReplaceAll(header1+row1, "\n", "\r\n"), "\r\n"), DefaultFormat()},
		"spaces around fields":       {header1 + strings.ReplaceAll(row1, ";", " ; "), DefaultFormat()},
		"quoted fields":              {header1 + strings.Replace(row1, "S1", `"S1"`, 1), DefaultFormat()},
		"columns in another order": {"konteringskode;jobb;forsendelse;print_id;postlagt;sider_sh;sider_farge;konv_auto;ekstra_auto;konv_manuell;ekstra_manuell;vekt_gram;produksjonskostnad;porto;versjon\n" +
			"0100-Ås;J1;S1;P1;2026-01-05T14:30:00+01:00;3;1;1;1;0;0;17;5,70;7,50;1\n", DefaultFormat()},
		"comma and point": {strings.ReplaceAll(strings.ReplaceAll(header1+row1, ",", "."), ";", ","),
			format(func(f *Format) { f.Delimiter, f.DecimalSign = ",", "." })},
		"the vendor's own header": {strings.Replace(header1+row1, "forsendelse", "ref", 1),
			format(func(f *Format) { f.Columns = map[string]string{ColShipment: "ref"} })},
		"utf-16, little end first": {string(reading.EncodeUTF16([]byte(header1 + row1))), format(func(f *Format) { f.Encoding = "utf-16" })},
		"utf-16, big end first":    {bigEnd(reading.EncodeUTF16([]byte(header1 + row1))), format(func(f *Format) { f.Encoding = "utf-16" })},
	} {
		rows, problems := Parse([]byte(c.data), c.f)
		if len(problems) > 0 || len(rows) != 1 || rows[0] != want {
			t.Errorf("%s: %+v, %v", name, rows, problems)
		}
	}
	if rows, problems := Parse([]byte(header1), DefaultFormat()); len(rows) != 0 || len(problems) != 0 {
		t.Errorf("a file with only its header: %v, %v", rows, problems)
	}
}

// bigEnd turns the units of UTF-16 round.
func bigEnd(data []byte) string {
	for i := 0; i+1 < len(data); i += 2 {
		data[i], data[i+1] = data[i+1], data[i]
	}
	return string(data)
}

func TestParseProblems(t *testing.T) {
	t.Parallel()
	with := func(old, new string) string { return header1 + strings.Replace(row1, old, new, 1) }
	utf8Only, latinOnly, broken, wide := DefaultFormat(), DefaultFormat(), DefaultFormat(), DefaultFormat()
	wide.Encoding = "utf-16"
	withKinds, onlyReversals := DefaultFormat(), DefaultFormat()
	withReturns, reasonsOnly := DefaultFormat(), DefaultFormat()
	withReturns.Kinds = map[string]RowKind{"P": RowProduced, "B": RowReturn}
	reasonsOnly.Reasons = map[string]ReturnReason{"1": ReturnMoved}
	returnFile := func(kind, reason, postage string) string {
		row := strings.Replace(strings.Replace(strings.TrimSuffix(row1, "\n"), "5,70", "0,00", 1), "7,50", postage, 1)
		return strings.TrimSuffix(header1, "\n") + ";type;returarsak\n" + row + ";" + kind + ";" + reason + "\n"
	}
	withKinds.Kinds, onlyReversals.Kinds = map[string]RowKind{"P": RowProduced}, map[string]RowKind{"K": RowReversal}
	utf16File := func(text string) string { return string(reading.EncodeUTF16([]byte(text))) }
	utf8Only.Encoding, latinOnly.Encoding, broken.Delimiter = "utf-8", "windows-1252", "|"
	for _, c := range []struct {
		name, data string
		f          Format
		line       int
		column     string
		code       string
	}{
		{"empty", "", DefaultFormat(), 0, "", reading.ProblemEmpty},
		{"blank", "\ufeff \r\n\n", DefaultFormat(), 0, "", reading.ProblemEmpty},
		{"utf-16", "\xff\xfev\x00e\x00", DefaultFormat(), 0, "", reading.ProblemEncoding},
		{"utf-16 without byte order mark", header1, wide, 0, "", reading.ProblemEncoding},
		{"utf-16 with nothing behind the mark", "\xff\xfe", wide, 0, "", reading.ProblemEmpty},
		{"utf-16, no bytes", "", wide, 0, "", reading.ProblemEmpty},
		{"utf-16 cut in a character", utf16File(header1 + row1)[:2*len(header1)+21], wide, 2, "", reading.ProblemEncoding},
		{"utf-16 with half a pair", utf16File(header1) + "\x3d\xd8\x31\x00", wide, 2, "", reading.ProblemEncoding},
		{"utf-16 ending in half a pair", utf16File(header1) + "\x3d\xd8", wide, 2, "", reading.ProblemEncoding},
		{"utf-16 with a zero", utf16File(header1 + "1;\x00"), wide, 2, "", reading.ProblemEncoding},
		{"zero byte", header1 + "1;\x00", DefaultFormat(), 2, "", reading.ProblemEncoding},
		{"byte order mark against the profile", "\ufeff" + header1, latinOnly, 0, "", reading.ProblemEncoding},
		{"not utf-8", header1 + strings.Replace(row1, "Å", "\xc5", 1), utf8Only, 2, "", reading.ProblemEncoding},
		{"byte order mark, then not utf-8", "\ufeff" + header1 + "\xc5", DefaultFormat(), 2, "", reading.ProblemEncoding},
		{"neither encoding", header1 + strings.Replace(row1, "Å", "\xc5\x81", 1), latinOnly, 2, "", reading.ProblemEncoding},
		{"utf-8 read as windows-1252", header1 + row1, latinOnly, 2, ColKonteringskode, reading.ProblemCode},
		{"kind that is not known", strings.TrimSuffix(header1, "\n") + ";type\n" + strings.TrimSuffix(row1, "\n") + ";X\n", withKinds, 2, ColKind, reading.ProblemKind},
		{"no kind", header1 + row1, withKinds, 1, ColKind, reading.ProblemMissingColumn},
		{"kind without kinds", strings.TrimSuffix(header1, "\n") + ";type\n", DefaultFormat(), 1, "", reading.ProblemUnknownColumn},
		{"return for an unknown reason", returnFile("B", "X", "0,00"), withReturns, 2, ColReason, reading.ProblemReason},
		{"return without a reason", returnFile("B", "", "0,00"), withReturns, 2, ColReason, reading.ProblemReason},
		{"reason without a return", returnFile("P", "flyttet", "0,00"), withReturns, 2, ColReason, reading.ProblemReason},
		{"return with an amount", returnFile("B", "flyttet", "7,50"), withReturns, 2, ColPostage, reading.ProblemReturnCost},
		{"reasons without returns", header1, reasonsOnly, 0, "", reading.ProblemFormat},
		{"kinds without a usual one", header1, onlyReversals, 0, "", reading.ProblemFormat},
		{"no header", row1, DefaultFormat(), 1, "", reading.ProblemHeader},
		{"comma file", strings.ReplaceAll(header1, ";", ","), DefaultFormat(), 1, "", reading.ProblemHeader},
		{"header with quote", `ver"sjon;` + header1, DefaultFormat(), 1, "", reading.ProblemSyntax},
		{"unknown column", strings.Replace(header1, "porto;", "porto;rabatt;", 1), DefaultFormat(), 1, "", reading.ProblemUnknownColumn},
		{"missing column", strings.Replace(header1, "porto;", "", 1), DefaultFormat(), 1, ColPostage, reading.ProblemMissingColumn},
		{"duplicate column", strings.Replace(header1, "porto;", "porto;porto;", 1), DefaultFormat(), 1, ColPostage, reading.ProblemDuplicateColumn},
		{"capitals in a column", strings.Replace(header1, "porto", "Porto", 1), DefaultFormat(), 1, ColPostage, reading.ProblemMissingColumn},
		{"version 2", header1 + strings.Replace(row1, "1;", "2;", 1), DefaultFormat(), 2, ColVersion, reading.ProblemVersion},
		{"field too many", with("7,50", "7,50;1"), DefaultFormat(), 2, "", reading.ProblemFieldCount},
		{"cut off", header1 + row1[:20], DefaultFormat(), 2, "", reading.ProblemFieldCount},
		{"unclosed quote", with("S1", `"S1`), DefaultFormat(), 2, "", reading.ProblemSyntax},
		{"no job", with("J1", ""), DefaultFormat(), 2, ColJob, reading.ProblemRequired},
		{"no shipment", with("S1", "  "), DefaultFormat(), 2, ColShipment, reading.ProblemRequired},
		{"shipment with a space", with("S1", "S 1"), DefaultFormat(), 2, ColShipment, reading.ProblemID},
		{"shipment as formula", with("S1", "=S1"), DefaultFormat(), 2, ColShipment, reading.ProblemID},
		{"time without offset", with("+01:00", ""), DefaultFormat(), 2, ColPosted, reading.ProblemTime},
		{"time with one digit", with("T14", "T4"), DefaultFormat(), 2, ColPosted, reading.ProblemTime},
		{"no such day", with("01-05", "02-30"), DefaultFormat(), 2, ColPosted, reading.ProblemTime},
		{"year 1926", with("2026", "1926"), DefaultFormat(), 2, ColPosted, reading.ProblemTime},
		{"no time", with("2026-01-05T14:30:00+01:00", ""), DefaultFormat(), 2, ColPosted, reading.ProblemRequired},
		{"decimal point", with("5,70", "5.70"), DefaultFormat(), 2, ColProduction, reading.ProblemAmount},
		{"one decimal", with("5,70", "5,7"), DefaultFormat(), 2, ColProduction, reading.ProblemAmount},
		{"whole kroner", with("7,50", "7"), DefaultFormat(), 2, ColPostage, reading.ProblemAmount},
		{"groups", with("5,70", "1 005,70"), DefaultFormat(), 2, ColProduction, reading.ProblemAmount},
		{"no amount", with("5,70", ""), DefaultFormat(), 2, ColProduction, reading.ProblemRequired},
		{"negative amount", with("7,50", "-7,50"), DefaultFormat(), 2, ColPostage, reading.ProblemNegative},
		{"a million and an øre", with("7,50", "1000000,01"), DefaultFormat(), 2, ColPostage, reading.ProblemTooLarge},
		{"overflowing amount", with("7,50", "99999999999999999999,00"), DefaultFormat(), 2, ColPostage, reading.ProblemTooLarge},
		{"negative pages", with(";3;", ";-3;"), DefaultFormat(), 2, ColPagesBW, reading.ProblemNegative},
		{"decimal weight", with(";17;", ";17,5;"), DefaultFormat(), 2, ColWeight, reading.ProblemNumber},
		{"plus sign", with(";17;", ";+17;"), DefaultFormat(), 2, ColWeight, reading.ProblemNumber},
		{"overflowing weight", with(";17;", ";99999999999999999999;"), DefaultFormat(), 2, ColWeight, reading.ProblemTooLarge},
		{"no weight", with(";17;", ";;"), DefaultFormat(), 2, ColWeight, reading.ProblemRequired},
		{"long code", with("0100-Ås", "123456789012345678901"), DefaultFormat(), 2, ColKonteringskode, reading.ProblemCode},
		{"code as formula", with("0100-Ås", "=1+1"), DefaultFormat(), 2, ColKonteringskode, reading.ProblemCode},
		{"same row twice", header1 + row1 + row1, DefaultFormat(), 3, ColShipment, reading.ProblemDuplicateRow},
		{"same letter, other cost", header1 + row1 + strings.Replace(row1, "5,70", "5,80", 1), DefaultFormat(), 3, ColShipment, reading.ProblemDuplicateRow},
		{"wrong format", header1 + row1, broken, 0, "", reading.ProblemFormat},
	} {
		rows, problems := Parse([]byte(c.data), c.f)
		if rows != nil {
			t.Errorf("%s: rows of a faulty file were returned: %v", c.name, rows)
		}
		found := false
		for _, p := range problems {
			found = found || p.Line == c.line && p.Column == c.column && p.Code == c.code && p.Text != ""
		}
		if !found {
			t.Errorf("%s: got %v, want line %d column %q code %s", c.name, problems, c.line, c.column, c.code)
		}
	}
}

func TestParseListsEveryProblem(t *testing.T) {
	t.Parallel()
	data := header1 + row1 + "1;J1;S2;;igår;x;0;1;0;0;0;9;5.70;7,50;\n" + `1;"J` + "\n1;;S3;;;1;0;1;0;0;0;9;-1,00;7,50;\n"
	_, problems := Parse([]byte(strings.Replace(data, `1;"J`, "1;J1", 1)), DefaultFormat())
	var got []string
	for _, p := range problems {
		got = append(got, fmt.Sprintf("%d %s %s", p.Line, p.Column, p.Code))
	}
	want := "3 postlagt time, 3 sider_sh number, 3 produksjonskostnad amount, 4  field_count, 5 jobb required, 5 postlagt required, 5 produksjonskostnad negative"
	if strings.Join(got, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}
	many := header1 + strings.Repeat("1;\n", reading.MaxProblems+7)
	_, problems = Parse([]byte(many), DefaultFormat())
	if last := problems[len(problems)-1]; len(problems) != reading.MaxProblems+1 || last.Code != reading.ProblemMore || !strings.HasPrefix(last.Text, "7 ") {
		t.Errorf("%d problems, the last %v", len(problems), problems[len(problems)-1])
	}
}

// A reprint that a person ordered is a job of its own, and its receipt may come in the same file.
func TestParseReprint(t *testing.T) {
	t.Parallel()
	rows, problems := Parse([]byte(header1+row1+strings.Replace(row1, "J1", "J1.1", 1)), DefaultFormat())
	if len(rows) != 2 || problems != nil {
		t.Errorf("%v, %v", rows, problems)
	}
}

// A wrong file may hold names and national identity numbers; no problem may repeat them.
func TestProblemsNeverRepeatContent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := "Kari" + rapid.StringMatching(`[A-Z]{6}`).Draw(t, "name")
		rows := strings.Split(strings.TrimSpace(row1), ";")
		rows[rapid.IntRange(0, len(rows)-1).Draw(t, "field")] = "=" + secret
		head := strings.Split(strings.TrimSpace(header1), ";")
		if rapid.Bool().Draw(t, "in header") {
			head[rapid.IntRange(0, len(head)-1).Draw(t, "column")] = secret
		}
		_, problems := Parse([]byte(strings.Join(head, ";")+"\n"+strings.Join(rows, ";")+"\n"), DefaultFormat())
		if len(problems) == 0 {
			t.Fatal("a faulty file was accepted")
		}
		for _, p := range problems {
			if strings.Contains(p.String(), secret) {
				t.Fatalf("the problem repeats the field: %s", p)
			}
		}
	})
}

func genRow() *rapid.Generator[Row] {
	return rapid.Custom(func(t *rapid.T) Row {
		n := rapid.IntRange(0, MaxCount)
		o := rapid.Map(rapid.Int64Range(0, int64(MaxAmount)), func(v int64) money.Ore { return money.Ore(v) })
		return Row{
			Job:      rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9._:\-]{0,30}`).Draw(t, "job"),
			Shipment: rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9._:\-]{0,99}`).Draw(t, "shipment"),
			PrintID:  rapid.StringMatching(`([A-Za-z0-9][A-Za-z0-9]{0,9})?`).Draw(t, "print id"),
			PostedAt: time.Unix(0, rapid.Int64Range(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano(), time.Date(2099, 12, 31, 0, 0, 0, 0, time.UTC).UnixNano()).Draw(t, "posted")).UTC(),
			PagesBW:  n.Draw(t, "bw"), PagesColour: n.Draw(t, "colour"), EnvelopesAuto: n.Draw(t, "ea"), ExtraSheetsAuto: n.Draw(t, "xa"),
			EnvelopesManual: n.Draw(t, "em"), ExtraSheetsManual: n.Draw(t, "xm"), WeightGram: n.Draw(t, "gram"),
			Production: o.Draw(t, "production"), Postage: o.Draw(t, "postage"),
			Konteringskode: rapid.StringMatching(`[a-zA-Z0-9_\-.øæåØÆÅ]{0,20}`).Draw(t, "code"),
		}
	})
}

func genRows(least, most int) *rapid.Generator[[]Row] {
	return rapid.Custom(func(t *rapid.T) []Row {
		return rapid.SliceOfNDistinct(genRow(), least, most, func(r Row) [2]string { return [2]string{r.Job, r.Shipment} }).Draw(t, "rows")
	})
}

func TestReceiptsRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := DefaultFormat()
		f.Encoding = rapid.SampledFrom([]string{"auto", "utf-8", "windows-1252", "utf-16"}).Draw(t, "encoding")
		f.Delimiter = rapid.SampledFrom([]string{";", "\t", ","}).Draw(t, "delimiter")
		f.DecimalSign = rapid.SampledFrom([]string{",", "."}).Draw(t, "sign")
		if rapid.Bool().Draw(t, "kinds") {
			f.Kinds = map[string]RowKind{"P": RowProduced, "O": RowProduced, "R": RowCorrection, "K": RowReversal, "B": RowReturn}
			if rapid.Bool().Draw(t, "own reasons") {
				f.Reasons = map[string]ReturnReason{"1": ReturnMoved, "2": ReturnOther, "3": ReturnMoved}
			}
		}
		if f.Delimiter == "," {
			f.DecimalSign = "."
		}
		rows := genRows(0, 8).Draw(t, "rows")
		for i := range rows {
			if len(f.Kinds) > 0 {
				rows[i].Kind = rapid.SampledFrom([]RowKind{"", RowCorrection, RowReversal, RowReturn}).Draw(t, "kind")
				if rows[i].Kind == RowReturn {
					rows[i].Production, rows[i].Postage = 0, 0
					rows[i].Reason = rapid.SampledFrom([]ReturnReason{ReturnMoved, ReturnOther}).Draw(t, "reason")
				}
			}
		}
		data, err := Encode(rows, f)
		if err != nil {
			t.Fatal(err)
		}
		back, problems := Parse(data, f)
		if len(problems) > 0 || len(back) != len(rows) {
			t.Fatalf("%d rows came back as %d, %v", len(rows), len(back), problems)
		}
		for i := range rows {
			rows[i].Line = i + 2
			if back[i] != rows[i] {
				t.Fatalf("row %d: wrote %+v, read %+v", i, rows[i], back[i])
			}
		}
	})
}

// What a file cannot hold is refused when it is written, not when it is read.
func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	good := Row{Job: "J1", Shipment: "S1", PostedAt: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)}
	if _, err := Encode([]Row{good}, DefaultFormat()); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Row){
		"form of an id":  func(r *Row) { r.Shipment = "S 1" },
		"konteringskode": func(r *Row) { r.Konteringskode = "=1" },
		"year":           func(r *Row) { r.PostedAt = time.Time{} },
		"number":         func(r *Row) { r.WeightGram = -1 },
		"amount":         func(r *Row) { r.Postage = MaxAmount + 1 },
	} {
		r := good
		change(&r)
		if _, err := Encode([]Row{r}, DefaultFormat()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := Encode([]Row{good, good}, DefaultFormat()); err == nil {
		t.Error("the same letter was written twice")
	}
	if _, err := Encode(nil, Format{}); err == nil {
		t.Error("a format without anything was used")
	}
}

func TestFormatValidate(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*Format){
		"version":      func(f *Format) { f.Version = "" },
		"encoding":     func(f *Format) { f.Encoding = "latin-1" },
		"delimiter":    func(f *Format) { f.Delimiter = ":" },
		"decimal_sign": func(f *Format) { f.DecimalSign = "" },
		"the same":     func(f *Format) { f.Delimiter = "," },
		"is empty or":  func(f *Format) { f.Columns = map[string]string{ColJob: " jobb"} },
		"same header":  func(f *Format) { f.Columns = map[string]string{ColJob: ColShipment} },
		"not a column": func(f *Format) { f.Columns = map[string]string{"rabatt": "rabatt"} },
	} {
		f := DefaultFormat()
		change(&f)
		if err := f.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	latin, _ := charmap.Windows1252.NewEncoder().String(header1 + row1)
	for _, s := range []string{"", header1, header1 + row1, "\ufeff" + header1 + row1, latin, header1 + row1 + row1, header1 + `1;"J1` + "\n;;", row1,
		strings.ReplaceAll(header1, ";", ","), "\xff\xfe1", header1 + "1;\x00\n", string(reading.EncodeUTF16([]byte(header1 + row1)))} {
		f.Add([]byte(s), byte(0))
		f.Add([]byte(s), byte(3))
	}
	f.Fuzz(func(t *testing.T, data []byte, choice byte) {
		format := DefaultFormat()
		format.Encoding = []string{"auto", "utf-8", "windows-1252", "utf-16"}[choice%4]
		rows, problems := Parse(data, format)
		if len(problems) > 0 {
			if rows != nil {
				t.Fatal("rows of a faulty file")
			}
			return
		}
		for _, r := range rows {
			if r.Production < 0 || r.Production > MaxAmount || r.Postage < 0 || r.WeightGram < 0 || r.WeightGram > MaxCount || !codes.Valid(r.Konteringskode) {
				t.Fatalf("an impossible row: %+v", r)
			}
		}
		// What was accepted can be written and read back to the same.
		out, err := Encode(rows, format)
		if err != nil {
			t.Fatal(err)
		}
		back, problems := Parse(out, format)
		if len(problems) > 0 || len(back) != len(rows) {
			t.Fatalf("%v", problems)
		}
		for i := range rows {
			if !rows[i].SameFacts(back[i]) {
				t.Fatalf("%+v came back as %+v", rows[i], back[i])
			}
		}
	})
}
