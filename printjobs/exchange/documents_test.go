package exchange_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postgang/printjobs/exchange"
)

func TestFileName(t *testing.T) {
	t.Parallel()
	sha := sum([]byte("x"))
	for _, c := range []struct {
		job, kind, sha, want string
		seq                  int
	}{
		{"K7QX000012", exchange.KindPrint, sha, "K7QX000012_001_" + sha[:12] + ".pdf", 1},
		{"K7QX000012", exchange.KindPrint, sha, "K7QX000012_1234_" + sha[:12] + ".pdf", 1234},
		{"K7QX000012", exchange.KindManifest, sha, "K7QX000012_manifest_" + sha[:12] + ".csv", 0},
		{"K7QX000012", exchange.KindTicket, sha, "K7QX000012_jobb_" + sha[:12] + ".json", 0},
		{"K7QX000012", exchange.KindPrint, sha, "", 0},
		{"K7QX000012", exchange.KindPrint, sha, "", 10_000},
		{"K7QX000012", "letter", sha, "", 1},
		{"k7qx000012", exchange.KindPrint, sha, "", 1},
		{"K7QX00001", exchange.KindPrint, sha, "", 1},
		{"../QX000012", exchange.KindPrint, sha, "", 1},
		{"K7QX000012\n", exchange.KindPrint, sha, "", 1},
		{"K7QX000012", exchange.KindPrint, strings.ToUpper(sha), "", 1},
		{"K7QX000012", exchange.KindPrint, sha[:63], "", 1},
	} {
		got, err := exchange.FileName(c.job, c.seq, c.kind, c.sha)
		if got != c.want || (err == nil) != (c.want != "") || err != nil && !errors.Is(err, exchange.ErrName) {
			t.Errorf("%q %d %s: %q, %v; want %q", c.job, c.seq, c.kind, got, err, c.want)
		}
		if err != nil {
			continue
		}
		parts, ok := exchange.ParseFileName(got)
		if want := (exchange.NameParts{Job: c.job, Seq: c.seq, Kind: c.kind, Hash: sha[:12]}); !ok || parts != want {
			t.Errorf("%s: %+v %v", got, parts, ok)
		}
	}
	for _, bad := range []string{
		"", "K7QX000012_000_" + sha[:12] + ".pdf", "K7QX000012_0001_" + sha[:12] + ".pdf", "K7QX000012_1_" + sha[:12] + ".pdf",
		"K7QX000012_001_" + sha[:12] + ".csv", "K7QX000012_manifest_" + sha[:12] + ".pdf", "K7QX000012_001_" + sha[:12] + ".pdf.part",
		"inn/K7QX000012_001_" + sha[:12] + ".pdf", "K7QX000012_001_" + sha[:12] + ".pdf\n", "K7QX000012.klar",
	} {
		if p, ok := exchange.ParseFileName(bad); ok {
			t.Errorf("%q is taken for %+v", bad, p)
		}
	}
}

// ticketBytes is a valid ticket to be harmed.
func ticketBytes(t testing.TB) []byte {
	b, err := newJob(t, "K7QX000030", 100, 200).ticket.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTicketRoundTrip(t *testing.T) {
	t.Parallel()
	want := newJob(t, "K7QX000030", 100, 200).ticket
	want.Format, want.Parent = exchange.TicketFormat, "K7QX000001"
	want.Class.Account = "skole-øst"
	want.Reprint, want.Marks, want.DocumentParts = true, []string{exchange.MarkDataMatrix, exchange.MarkOMR}, true
	want.Press = &exchange.Press{WidthMM: 450, HeightMM: 320, Columns: 2, Rows: 1, Order: exchange.OrderCutAndStack, StackSheets: 250, Flip: exchange.FlipLong}
	want.Class.Group = "konteringskode=4100"
	want.Instructions = exchange.Instructions{Trays: map[string]string{"GIRO": "skuff 2", "CONTROL": "skuff 3"}, Paper: "80 g/m² A4", PostBy: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC), Note: "a <b> & c"}
	b, err := want.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got, err := exchange.ParseTicket(b)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	again, err := got.Marshal()
	if err != nil || !bytes.Equal(again, b) {
		t.Errorf("not the same bytes again (%v)", err)
	}
}

func TestTicketIsReadStrictly(t *testing.T) {
	t.Parallel()
	good := string(ticketBytes(t))
	swap := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("the ticket holds no %s", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":               {"", "ends too early"},
		"cut":                 {good[:len(good)/2], "ends too early"},
		"more text":           {good + "{}", "more text"},
		"array":               {"[]", "want exchange.Ticket, have array"},
		"not UTF-8":           {swap(`"sim"`, "\"\xff\""), "UTF-8"},
		"unknown field":       {swap(`"job":`, `"colour": true, "job":`), `unknown field "colour"`},
		"field twice":         {swap(`"vendor":`, `"vendor": "x", "vendor":`), "line 4: field \"vendor\" stands twice"},
		"field twice by case": {swap(`"vendor":`, `"Vendor": "x", "vendor":`), "stands twice"},
		"nested field twice":  {swap(`"letters": 4`, `"letters": 4, "letters": 5`), "stands twice"},
		"other format":        {swap("postgang-ticket/2", "postgang-ticket/1"), "format"},
		"bad job":             {swap(`"job": "K7QX000030"`, `"job": "../../etc"`), "not a job id"},
		"letters":             {swap(`"letters": 4`, `"letters": 5`), "totals.letters: 5, but the print files hold 4"},
		"sides":               {swap(`"sides": 12`, `"sides": 13`), "totals.sides"},
		"bytes":               {swap(`"bytes": 300`, `"bytes": 301`), "totals.bytes"},
		"pages":               {swap(`"pages": 8`, `"pages": 9`), "totals.pages"},
		"negative":            {swap(`"giroSheets": 0`, `"giroSheets": -1`), "totals.giroSheets"},
		"number as text":      {swap(`"letters": 4`, `"letters": "4"`), "want int, have string"},
		"fraction":            {swap(`"letters": 4`, `"letters": 4.5`), "want int"},
		"too large":           {swap(`"letters": 4`, `"letters": 99999999999999999999`), "want int"},
		"file of other job":   {swap("K7QX000030_001", "K7QX000031_001"), "not the name of a file"},
		"other hash":          {swap(`"sha256": "`, `"sha256": "0`), "files[0]"},
		"time":                {swap("2026-11-22T03:00:00Z", "22.11.2026"), "time is not of the form"},
		"envelope":            {swap(`"C5"`, `"C6"`), "class.envelope"},
		"reprint of nothing":  {swap(`"class":`, `"reprint": true, "class":`), "parent"},
		"unknown mark":        {swap(`"class":`, `"marks": ["qr"], "class":`), "marks"},
		"mark twice":          {swap(`"class":`, `"marks": ["omr", "omr"], "class":`), "marks"},
		"tray of no paper":    {swap(`"class":`, `"instructions": {"trays": {"YELLOW": "2"}}, "class":`), "instructions.trays"},
		"tray without name":   {swap(`"class":`, `"instructions": {"trays": {"GIRO": ""}}, "class":`), "instructions.trays"},
		"empty press":         {swap(`"class":`, `"press": {}, "class":`), "press.order"},
		"turned askew":        {swap(`"class":`, `"press": {"widthMM": 420, "heightMM": 297, "columns": 2, "rows": 1, "order": "sequential", "turn": 45}, "class":`), "press.turn"},
		"escape in vendor":    {swap(`"sim"`, `"s\u001bm"`), "vendor"},
	} {
		_, err := exchange.ParseTicket([]byte(c.text))
		var pe *exchange.ParseError
		if !errors.As(err, &pe) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	// All problems come at once.
	_, err := exchange.ParseTicket([]byte(strings.NewReplacer(`"C5"`, `"C6"`, `"NORGE"`, `"NORD"`, `"sim"`, `""`).Replace(good)))
	var pe *exchange.ParseError
	if !errors.As(err, &pe) || len(pe.Problems) != 3 {
		t.Errorf("want three problems: %v", err)
	}
}

func TestManifestProblemsByLine(t *testing.T) {
	t.Parallel()
	j := newJob(t, "K7QX000031", 100)
	good := string(j.bytes[j.files[1].Name])
	lines := strings.Split(strings.TrimSuffix(good, "\n"), "\n")
	if len(lines) != 3 || lines[0] != exchange.ManifestHeader() {
		t.Fatalf("manifest\n%s", good)
	}
	row := func(n int, change func(f []string)) string {
		f := strings.Split(lines[n], ";")
		change(f)
		l := append([]string{}, lines...)
		l[n] = strings.Join(f, ";")
		return strings.Join(l, "\n")
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":             {"", "line 1: header row cannot be read"},
		"header only":       {lines[0] + "\n", "has no letter"},
		"other header":      {strings.Replace(good, "ark;", "sheets;", 1), "line 1: header row is not"},
		"one column more":   {strings.Replace(good, "tosidig", "tosidig;pris", 1), "line 1: header row is not"},
		"byte order mark":   {"\ufeff" + good, "line 1: header row is not"},
		"not UTF-8":         {good + "\xff", "UTF-8"},
		"other version":     {row(2, func(f []string) { f[0] = "1" }), "line 3: versjon"},
		"column missing":    {row(2, func(f []string) { f[18] = "nei;x" }), "line 3: want 19 columns, have 20"},
		"quotes":            {row(1, func(f []string) { f[3] = `a"b` }), "line 2: quotes are wrong"},
		"letter order":      {row(2, func(f []string) { f[1] = "3" }), "line 3: brev: want 2, have 3"},
		"leading zero":      {row(2, func(f []string) { f[1] = "02" }), "line 3: brev: is not a whole number"},
		"sign":              {row(1, func(f []string) { f[8] = "+1" }), "line 2: ark: is not a whole number"},
		"decimal":           {row(1, func(f []string) { f[17] = "12,5" }), "line 2: vekt_gram: is not a whole number"},
		"shipment twice":    {row(2, func(f []string) { f[2] = strings.Split(lines[1], ";")[2] }), "line 3: forsendelse: stands in line 2 too"},
		"shipment a name":   {row(2, func(f []string) { f[2] = "Kari Nordmann" }), "line 3: forsendelse: is not a shipment id"},
		"long code":         {row(2, func(f []string) { f[3] = strings.Repeat("4", 21) }), "line 3: konteringskode"},
		"file not a name":   {row(2, func(f []string) { f[4] = "../x.pdf" }), "line 3: fil"},
		"sides backwards":   {row(2, func(f []string) { f[6], f[7] = "6", "3" }), "line 3: forste_side: 6 to 3"},
		"too few sides":     {row(2, func(f []string) { f[8] = "9" }), "line 3: ark: 9 sheets cannot have 4 sides"},
		"pages don't add":   {row(2, func(f []string) { f[10] = "1" }), "line 3: sider: 3 is not 1 without and 0 with colour"},
		"too many pages":    {row(1, func(f []string) { f[9], f[10] = "5", "5" }), "line 2: sider: 5 pages are more"},
		"giro":              {row(1, func(f []string) { f[12] = "2" }), "line 2: giroark"},
		"giro not called":   {row(2, func(f []string) { f[12] = "1" }), "line 3: papir"},
		"paper missing":     {row(1, func(f []string) { f[13] = "" }), "line 2: papir"},
		"paper short":       {row(2, func(f []string) { f[13] = "COVER:1" }), "line 3: papir"},
		"paper in two runs": {row(2, func(f []string) { f[13] = "PLAIN:1 PLAIN:2" }), "line 3: papir"},
		"paper with a gap":  {row(2, func(f []string) { f[13] = "COVER:1 PLAIN:3" }), "line 3: papir"},
		"paper unknown":     {row(1, func(f []string) { f[13] = "CARDBOARD:1" }), "line 2: papir"},
		"part too long":     {row(2, func(f []string) { f[14] = "2-4" }), "line 3: utvalg"},
		"part falls":        {row(2, func(f []string) { f[14] = "3,2" }), "line 3: utvalg"},
		"part not joined":   {row(2, func(f []string) { f[14] = "2,3" }), "line 3: utvalg"},
		"no first sheet":    {row(1, func(f []string) { f[5] = "0" }), "line 2: forste_ark"},
		"envelope":          {row(1, func(f []string) { f[15] = "c5" }), "line 2: konvolutt"},
		"zone":              {row(1, func(f []string) { f[16] = "" }), "line 2: sone"},
		"no weight":         {row(1, func(f []string) { f[17] = "0" }), "line 2: vekt_gram"},
		"duplex":            {row(1, func(f []string) { f[18] = "true" }), "line 2: tosidig: want ja or nei"},
		"control character": {row(1, func(f []string) { f[3] = "\"a\nb\"" }), "line 2: konteringskode"},
	} {
		_, err := exchange.ParseManifest([]byte(c.text))
		var pe *exchange.ParseError
		if !errors.As(err, &pe) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "Kari") {
			t.Errorf("%s: the error quotes a value: %v", name, err)
		}
	}
	if rows, err := exchange.ParseManifest([]byte(strings.ReplaceAll(good, "\n", "\r\n"))); err != nil || len(rows) != 2 {
		t.Errorf("CRLF: %v", err)
	}
	// Every problem is told, not only the first.
	_, err := exchange.ParseManifest([]byte(strings.NewReplacer(";C5;", ";C6;", ";ja", ";j").Replace(good)))
	var pe *exchange.ParseError
	if !errors.As(err, &pe) || len(pe.Problems) != 2 {
		t.Errorf("bad spelling in both lines: %v", err)
	}
}

// genRows makes a believable manifest.
func genRows(t *rapid.T) []exchange.ManifestRow {
	name, err := exchange.FileName("K7QX000032", 1, exchange.KindPrint, sum(nil))
	if err != nil {
		t.Fatal(err)
	}
	n := rapid.IntRange(1, 20).Draw(t, "letters")
	side, sheet := 1, 1
	var rows []exchange.ManifestRow
	for i := range n {
		sheets := rapid.IntRange(1, 120).Draw(t, "sheets")
		sides := rapid.IntRange(sheets, 2*sheets).Draw(t, "sides")
		bw := rapid.IntRange(0, sides).Draw(t, "bw")
		colour := rapid.IntRange(max(0, 1-bw), sides-bw).Draw(t, "colour")
		stocks := rapid.SliceOfN(rapid.SampledFrom([]string{"COVER", "PLAIN", "GIRO"}), sheets, sheets).Draw(t, "stocks")
		giro := 0
		for _, s := range stocks {
			if s == exchange.StockGiro {
				giro++
			}
		}
		rows = append(rows, exchange.ManifestRow{
			Letter: i + 1, Shipment: fmt.Sprintf("%s-%d", rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9._-]{0,20}`).Draw(t, "shipment"), i),
			Konteringskode: rapid.StringOfN(rapid.RuneFrom([]rune(`abcÆØÅ019;"',. =+-@/\#`)), 0, 20, -1).Draw(t, "code"),
			File:           name, FirstSheet: sheet, FirstSide: side, LastSide: side + sides - 1, Sheets: sheets,
			Pages: bw + colour, PagesBW: bw, PagesColour: colour, GiroSheets: giro, Stock: exchange.StockRuns(stocks),
			Part:       rapid.SampledFrom([]string{"", exchange.Runs([][2]int{{3, sheets + 2}})}).Draw(t, "part"),
			Envelope:   rapid.SampledFrom([]string{"C5", "C4", "PARCEL"}).Draw(t, "envelope"),
			Zone:       rapid.SampledFrom([]string{"NORGE", "EUROPA", "VERDEN"}).Draw(t, "zone"),
			WeightGram: rapid.IntRange(1, 1_000_000).Draw(t, "weight"), Duplex: rapid.Bool().Draw(t, "duplex"),
		})
		side += sides
		sheet += sheets
	}
	return rows
}

func TestManifestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows := genRows(t)
		var b bytes.Buffer
		if err := exchange.WriteManifest(&b, slices.Values(rows)); err != nil {
			t.Fatal(err)
		}
		got, err := exchange.ParseManifest(b.Bytes())
		if err != nil || !reflect.DeepEqual(got, rows) {
			t.Fatalf("got %+v, %v\nwant %+v", got, err, rows)
		}
		totals := exchange.TotalsOf(slices.Values(rows), nil)
		if totals.Letters != len(rows) || totals.Pages != totals.PagesBW+totals.PagesColour {
			t.Fatalf("totals %+v", totals)
		}
	})
}

func TestCheckJob(t *testing.T) {
	t.Parallel()
	j := newJob(t, "K7QX000033", 100, 200)
	rows := func() []exchange.ManifestRow {
		r, err := exchange.ParseManifest(j.bytes[j.files[2].Name])
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if p := exchange.CheckJob(j.ticket, slices.Values(rows())); len(p) != 0 {
		t.Fatalf("a good job has problems: %v", p)
	}
	// Two A4 sheets beside each other on A3, in a job with control sheets.
	press := j.ticket
	press.Press = &exchange.Press{WidthMM: 420, HeightMM: 297, Columns: 2, Rows: 1, Order: exchange.OrderCutAndStack, Flip: exchange.FlipShort}
	press.Files = slices.Clone(press.Files)
	shifted := rows()
	for i := range press.Files[:2] {
		press.Files[i].Header, press.Files[i].Trailer = 1, 1
	}
	for i := range shifted {
		shifted[i].FirstSide, shifted[i].LastSide = shifted[i].FirstSide+2, shifted[i].LastSide+2
	}
	if p := exchange.CheckJob(press, slices.Values(shifted)); len(p) != 0 {
		t.Fatalf("a good job on press sheets has problems: %v", p)
	}
	for name, harm := range map[string]func(t *exchange.Ticket, r []exchange.ManifestRow) []exchange.ManifestRow{
		"letter lost":     func(_ *exchange.Ticket, r []exchange.ManifestRow) []exchange.ManifestRow { return r[:3] },
		"file lost":       func(_ *exchange.Ticket, r []exchange.ManifestRow) []exchange.ManifestRow { return r[:2] },
		"gap in sides":    func(_ *exchange.Ticket, r []exchange.ManifestRow) []exchange.ManifestRow { r[1].FirstSide++; return r },
		"sides left over": func(_ *exchange.Ticket, r []exchange.ManifestRow) []exchange.ManifestRow { r[3].LastSide--; return r },
		"sides beyond":    func(_ *exchange.Ticket, r []exchange.ManifestRow) []exchange.ManifestRow { r[1].LastSide++; return r },
		"gap in sheets": func(_ *exchange.Ticket, r []exchange.ManifestRow) []exchange.ManifestRow {
			r[2].FirstSheet++
			return r
		},
		"control sheet not there": func(t *exchange.Ticket, r []exchange.ManifestRow) []exchange.ManifestRow {
			t.Files[0].Header = 1
			return r
		},
		"press sheets too few": func(t *exchange.Ticket, r []exchange.ManifestRow) []exchange.ManifestRow {
			t.Press = &exchange.Press{WidthMM: 420, HeightMM: 297, Columns: 2, Rows: 1, Order: exchange.OrderCutAndStack}
			t.Files[0].Sides = 2
			return r
		},
		"half a press sheet": func(t *exchange.Ticket, r []exchange.ManifestRow) []exchange.ManifestRow {
			t.Press = &exchange.Press{WidthMM: 420, HeightMM: 297, Columns: 2, Rows: 1, Order: exchange.OrderCutAndStack}
			t.Files[0].Sides = 5
			return r
		},
		"part of a letter in a job of its own": func(_ *exchange.Ticket, r []exchange.ManifestRow) []exchange.ManifestRow {
			r[1].Part = "1-2"
			return r
		},
		"letter in next file": func(_ *exchange.Ticket, r []exchange.ManifestRow) []exchange.ManifestRow {
			r[1].File = r[2].File
			return r
		},
		"weight": func(_ *exchange.Ticket, r []exchange.ManifestRow) []exchange.ManifestRow { r[1].WeightGram++; return r },
		"colour": func(t *exchange.Ticket, r []exchange.ManifestRow) []exchange.ManifestRow {
			t.Totals.PagesColour++
			return r
		},
		"zone": func(_ *exchange.Ticket, r []exchange.ManifestRow) []exchange.ManifestRow {
			r[1].Zone = "EUROPA"
			return r
		},
		"duplex": func(t *exchange.Ticket, r []exchange.ManifestRow) []exchange.ManifestRow {
			t.Class.Duplex = false
			return r
		},
	} {
		ticket := j.ticket
		ticket.Files = slices.Clone(ticket.Files)
		harmed := harm(&ticket, rows())
		if p := exchange.CheckJob(ticket, slices.Values(harmed)); len(p) == 0 {
			t.Errorf("%s: nothing is found", name)
		}
	}
}

func TestAnswerIsReadStrictly(t *testing.T) {
	t.Parallel()
	ok := exchange.Answer{Job: "K7QX000034", Accepted: true, Time: time.Now(), Letters: 1, Sides: 2, TicketSHA256: sum(nil)}
	no := exchange.Answer{Job: "K7QX000034", Time: time.Now(), Reasons: []string{"filen mangler"}}
	for _, a := range []exchange.Answer{ok, no} {
		b, err := a.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		got, err := exchange.ParseAnswer(b)
		if err != nil || got.Accepted != a.Accepted || !got.Time.Equal(a.Time.Truncate(time.Second)) || !reflect.DeepEqual(got.Reasons, a.Reasons) {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	for name, change := range map[string]func(a *exchange.Answer){
		"accepted without hash":    func(a *exchange.Answer) { a.TicketSHA256 = "" },
		"accepted with reasons":    func(a *exchange.Answer) { a.Reasons = []string{"x"} },
		"accepted nothing":         func(a *exchange.Answer) { a.Letters = 0 },
		"refused without reason":   func(a *exchange.Answer) { a.Accepted = false },
		"no time":                  func(a *exchange.Answer) { a.Time = time.Time{} },
		"file of another job":      func(a *exchange.Answer) { a.Files = []exchange.AnswerFile{{Name: "x", SHA256: sum(nil)}} },
		"reason with control code": func(a *exchange.Answer) { a.Accepted, a.Reasons = false, []string{"a\x1b[2J"} },
		"negative":                 func(a *exchange.Answer) { a.Accepted, a.Reasons, a.Sides = false, []string{"x"}, -1 },
		"format":                   func(a *exchange.Answer) { a.Format = "postgang-answer/9" },
	} {
		a := ok
		change(&a)
		if _, err := a.Marshal(); err == nil {
			t.Errorf("%s: was written", name)
		}
	}
}

func FuzzParseTicket(f *testing.F) {
	good := ticketBytes(f)
	f.Add(good)
	f.Add(bytes.Replace(good, []byte(`"job"`), []byte(`"Job"`), 1))
	f.Add([]byte(`{"format":"postgang-ticket/2","files":[{}],"class":{}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		ticket, err := exchange.ParseTicket(b)
		if err != nil {
			return
		}
		out, err := ticket.Marshal()
		if err != nil {
			t.Fatalf("read but not written: %v", err)
		}
		again, err := exchange.ParseTicket(out)
		if err != nil {
			t.Fatalf("written but not read: %v", err)
		}
		if out2, err := again.Marshal(); err != nil || !bytes.Equal(out, out2) {
			t.Fatalf("not the same bytes again: %v", err)
		}
	})
}

func FuzzParseManifest(f *testing.F) {
	j := newJob(f, "K7QX000035", 100, 100)
	good := j.bytes[j.files[2].Name]
	f.Add(good)
	f.Add(bytes.ReplaceAll(good, []byte("4711"), []byte("\"47;\"\"11\"")))
	f.Add(bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, err := exchange.ParseManifest(b)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := exchange.WriteManifest(&out, slices.Values(rows)); err != nil {
			t.Fatalf("read but not written: %v", err)
		}
		again, err := exchange.ParseManifest(out.Bytes())
		if err != nil || !reflect.DeepEqual(rows, again) {
			t.Fatalf("not the same rows again: %v", err)
		}
		exchange.CheckJob(j.ticket, slices.Values(rows))
	})
}

func FuzzParseAnswer(f *testing.F) {
	good, err := exchange.Answer{Job: "K7QX000036", Time: time.Unix(1_800_000_000, 0), Reasons: []string{"filen mangler"}}.Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"format":"postgang-answer/1","job":"K7QX000036","accepted":true,"time":"2026-01-01T00:00:00+01:00","letters":1,"sides":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := exchange.ParseAnswer(b)
		if err != nil {
			return
		}
		out, err := a.Marshal()
		if err != nil {
			t.Fatalf("read but not written: %v", err)
		}
		if _, err := exchange.ParseAnswer(out); err != nil {
			t.Fatalf("written but not read: %v", err)
		}
	})
}

func FuzzParseReady(f *testing.F) {
	good, err := newJob(f, "K7QX000037", 10).ready.Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := exchange.ParseReady(b)
		if err != nil {
			return
		}
		if p, ok := exchange.ParseFileName(r.Ticket); !ok || p.Job != r.Job || p.Kind != exchange.KindTicket {
			t.Fatalf("a ready file leads to %q", r.Ticket)
		}
	})
}

func FuzzNames(f *testing.F) {
	f.Add("K7QX000038_001_0123456789ab.pdf")
	f.Add("K7QX000038.mottatt.json")
	f.Add("../a")
	f.Fuzz(func(t *testing.T, name string) {
		_, file := exchange.ParseFileName(name)
		_, _, answer := exchange.ParseAnswerName(name)
		_, ready := exchange.ParseReadyName(name)
		if (file || answer || ready || exchange.ValidReceiptName(name)) && strings.ContainsAny(name, "/\\\x00\n\r\x1b ") {
			t.Fatalf("%q is let in", name)
		}
	})
}
