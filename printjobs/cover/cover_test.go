package cover

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/datamatrix"
	"pgregory.net/rapid"

	"postgang/fixtures/judges"
	"postgang/printjobs/printfile"
	"postgang/printjobs/typeset"
)

const shipment = "3f2a8c1e-5b7d-4e90-a1c2-9d8e7f605142"

func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", name, err, out, stderr.Bytes())
	}
	return string(out)
}

func shield(width, height int, c color.Color) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			if y < height/2 || abs(2*x-width)*height < 2*(height-y)*width {
				img.Set(x, y, c)
			}
		}
	}
	return img
}

func abs(v int) int { return max(v, -v) }

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func testSender(t testing.TB) Sender {
	return Sender{
		Name: "Bergvik kommune", Line1: "Tekniske tjenester", Line2: "Rådhusgata 4", Postcode: "5230", City: "Bergvik",
		Logo: pngOf(t, shield(120, 140, color.NRGBA{20, 60, 120, 255})),
		Text: "Dette brevet er sendt på papir fordi det ikke er lest digitalt innen fristen, eller fordi vi ikke kan nå deg digitalt.\n\n" +
			"Vil du ha post fra kommunen digitalt? Velg digital postkasse på norge.no.",
	}
}

func testMaker(t testing.TB) *Maker {
	t.Helper()
	m, err := New(DefaultLayout(), testSender(t))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func testLetter() Letter {
	return Letter{
		ShipmentID: shipment,
		Recipient:  Address{Name: "Åse Marie Bjørnstad", Line1: "c/o Øyvind Sæther", Line2: "Strandgata 12 B", Postcode: "5003", City: "Bergen"},
		Title:      "Vedtak om tilkobling til vann og avløp",
		Date:       time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC),
	}
}

// write puts a prepared cover into a file of the test's folder.
func write(t testing.TB, p *printfile.Prepared) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := p.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "cover.pdf")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// bundle writes the covers of many letters as one file, one page each, so that a judge need run but once.
func bundle(t testing.TB, m *Maker, letters []Letter) string {
	t.Helper()
	b := printfile.NewBuilder()
	resources, err := b.Import(m.kit, m.own)
	if err != nil {
		t.Fatal(err)
	}
	const width, height = pageWidthMM * pointsPerMM, pageHeightMM * pointsPerMM
	for _, l := range letters {
		content, err := m.content(l, func(Warning) {})
		if err != nil {
			t.Fatal(err)
		}
		b.AddPage(b.Add(typeset.Form(content, width, height, resources)), width, height)
	}
	p, err := b.Prepared()
	if err != nil {
		t.Fatal(err)
	}
	return write(t, p)
}

// word is what pdftotext -bbox tells of one word; places in pt from the top left.
type word struct {
	X0   float64 `xml:"xMin,attr"`
	Y0   float64 `xml:"yMin,attr"`
	X1   float64 `xml:"xMax,attr"`
	Y1   float64 `xml:"yMax,attr"`
	Text string  `xml:",chardata"`
}

func words(t testing.TB, file string) [][]word {
	t.Helper()
	var doc struct {
		Pages []struct {
			Words []word `xml:"word"`
		} `xml:"body>doc>page"`
	}
	if err := xml.Unmarshal([]byte(run(t, "pdftotext", "-bbox", file, "-")), &doc); err != nil {
		t.Fatal(err)
	}
	var pages [][]word
	for _, p := range doc.Pages {
		pages = append(pages, p.Words)
	}
	return pages
}

// windowText is the lines that stand where the window can show, from the top, each with its box in mm.
func windowText(l Layout, page []word) (lines []string, boxes []rect) {
	var tops []float64
	for _, w := range page {
		box := rect{w.X0 / pointsPerMM, w.Y0 / pointsPerMM, w.X1 / pointsPerMM, w.Y1 / pointsPerMM}
		if !box.overlaps(l.reach()) {
			continue
		}
		if n := len(tops); n > 0 && abs(int(100*(tops[n-1]-w.Y0))) < 50 {
			lines[n-1] += " " + w.Text
			boxes[n-1].x1 = max(boxes[n-1].x1, box.x1)
			continue
		}
		lines, boxes, tops = append(lines, w.Text), append(boxes, box), append(tops, w.Y0)
	}
	return lines, boxes
}

func genAddress() *rapid.Generator[Address] {
	letters := []rune("abcdefghijklmnopqrstuvwxyzæøåABCDEFGHIJKLMNOPQRSTUVWXYZÆØÅéüöäČčĐđŊŋŠšŦŧŽžńłşğ-'.")
	token := rapid.StringOfN(rapid.SampledFrom(letters), 1, 14, -1)
	number := rapid.Custom(func(t *rapid.T) string { return strconv.Itoa(rapid.IntRange(1, 9999).Draw(t, "number")) })
	text := func(most int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			parts := rapid.SliceOfN(rapid.OneOf(token, token, number), 1, most).Draw(t, "words")
			return strings.Join(parts, " ")
		})
	}
	line := rapid.OneOf(rapid.Just(""), rapid.SampledFrom([]string{"", " ", "Storgata 1", "Postboks 7700"}), text(4))
	return rapid.Custom(func(t *rapid.T) Address {
		return Address{
			Name: text(6).Draw(t, "name"), Line1: line.Draw(t, "line1"), Line2: line.Draw(t, "line2"), Line3: line.Draw(t, "line3"),
			Postcode: rapid.StringMatching(`[0-9]{4}`).Draw(t, "postcode"), City: text(3).Draw(t, "city"),
			Country: rapid.SampledFrom([]string{"", "", "NO", "SE", "Tyskland", "US", "Bosnia-Hercegovina"}).Draw(t, "country"),
		}
	})
}

// tokens splits text to words without the commas that merging puts in.
func tokens(lines ...string) []string {
	return strings.Fields(strings.ReplaceAll(strings.Join(lines, " "), ",", " "))
}

func TestEveryRecipientLineIsInsideTheSafeArea(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftotext")
	m := testMaker(t)
	safe := m.layout.safe().grow(0.01)
	rapid.Check(t, func(rt *rapid.T) {
		var letters []Letter
		for _, a := range rapid.SliceOfN(genAddress(), 10, 10).Draw(rt, "addresses") {
			l := testLetter()
			l.Recipient = a
			if _, err := m.content(l, func(Warning) {}); errors.Is(err, ErrAddressDoesNotFit) {
				continue
			} else if err != nil {
				rt.Fatal(err)
			}
			letters = append(letters, l)
		}
		if len(letters) == 0 {
			rt.Skip("no address fits")
		}
		for i, page := range words(t, bundle(t, m, letters)) {
			a := letters[i].Recipient
			lines, boxes := windowText(m.layout, page)
			if len(lines) < 3 || !strings.HasPrefix(lines[0], "Avsender: Bergvik kommune") {
				rt.Fatalf("lines in the window: %q", lines)
			}
			country, _ := countryLine(a.Country)
			want := tokens(typeset.Clean(a.Name), typeset.Clean(a.Line1), typeset.Clean(a.Line2), typeset.Clean(a.Line3), a.Postcode, typeset.Clean(a.City), country)
			if got := tokens(lines[1:]...); !slices.Equal(got, want) {
				rt.Fatalf("the window shows %q, want %q", got, want)
			}
			for n, box := range boxes[1:] {
				if !safe.holds(box) {
					rt.Fatalf("line %d (%v) is outside the safe area (%v): %q", n+1, box, safe, lines)
				}
			}
			last := lines[len(lines)-1]
			if country != "" {
				if last != country {
					rt.Fatalf("the last line is %q, want the country %q", last, country)
				}
				last = lines[len(lines)-2]
			}
			if post := a.Postcode + " " + typeset.Clean(a.City); last != post {
				rt.Fatalf("the line of the town is %q, want %q", last, post)
			}
		}
	})
}

func TestFitAddress(t *testing.T) {
	t.Parallel()
	fonts, err := typeset.Faces()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name  string
		in    Address
		lines []string
		size  float64
		codes []string
	}{
		{
			"three lines", Address{Name: "Kari Hansen", Line1: "Storgata 1", Postcode: "0150", City: "Oslo"},
			[]string{"Kari Hansen", "Storgata 1", "0150 Oslo"}, 11, nil,
		},
		{
			"blank lines are dropped", Address{Name: "Kari Hansen", Line1: " ", Line2: "Storgata 1", Line3: "\t", Postcode: "0150", City: "Oslo", Country: "Norge"},
			[]string{"Kari Hansen", "Storgata 1", "0150 Oslo"}, 11, nil,
		},
		{
			"five lines merge", Address{Name: "Kari Hansen", Line1: "Vestlia borettslag", Line2: "Oppgang C", Line3: "Storgata 1", Postcode: "0150", City: "Oslo"},
			[]string{"Kari Hansen", "Vestlia borettslag", "Oppgang C, Storgata 1", "0150 Oslo"}, 11, []string{WarnAddressMerged},
		},
		{
			"six lines merge", Address{Name: "Kari Hansen", Line1: "c/o Berg", Line2: "Trappuppgång C", Line3: "Storgatan 1", Postcode: "111 22", City: "Stockholm", Country: "Sverige"},
			[]string{"Kari Hansen", "c/o Berg, Trappuppgång C, Storgatan 1", "111 22 Stockholm", "SVERIGE"}, 11, []string{WarnAddressMerged},
		},
		{
			"five lines that cannot merge raise the return address",
			Address{
				Name: "Kari Hansen", Line1: "Kommunalteknisk driftssentral avdeling vest", Line2: "Industriområdet på Storeneset, bygning 14",
				Postcode: "10115", City: "Berlin", Country: "DE",
			},
			[]string{"Kari Hansen", "Kommunalteknisk driftssentral avdeling vest", "Industriområdet på Storeneset, bygning 14", "10115 Berlin", "TYSKLAND"},
			10.5, []string{WarnAddressShrunk, WarnReturnRaised},
		},
		{
			"a long name shrinks", Address{Name: "Interkommunalt arkivselskap for Vestre Fjorden", Line1: "Storgata 1", Postcode: "0150", City: "Oslo"},
			[]string{"Interkommunalt arkivselskap for Vestre Fjorden", "Storgata 1", "0150 Oslo"}, 10.5, []string{WarnAddressShrunk},
		},
		{
			"a longer one is condensed", Address{Name: "Interkommunalt arkivselskap for Vestre Fjordkommuner", Line1: "Storgata 1", Postcode: "0150", City: "Oslo"},
			[]string{"Interkommunalt arkivselskap for Vestre Fjordkommuner", "Storgata 1", "0150 Oslo"},
			10, []string{WarnAddressShrunk, WarnAddressCondensed},
		},
		{
			"the longest goes on in the next line",
			Address{Name: "Stiftelsen til bevaring av gamle fyr, naust og sjøboder på Vestre Fjordkysten", Line1: "Storgata 1", Postcode: "0150", City: "Oslo"},
			[]string{"Stiftelsen til bevaring av gamle fyr, naust og sjøboder på Vestre", "Fjordkysten", "Storgata 1", "0150 Oslo"},
			10, []string{WarnAddressShrunk, WarnAddressWrapped, WarnAddressCondensed},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := &Maker{layout: DefaultLayout(), fonts: fonts}
			p, err := tc.in.parse(recipientRole, fonts, func(w Warning) { t.Error(w) })
			if err != nil {
				t.Fatal(err)
			}
			got, err := m.layout.fitAddress(fonts[typeset.Regular], p)
			if err != nil {
				t.Fatal(err)
			}
			var codes []string
			m.warnAddress(got, p, func(w Warning) { codes = append(codes, w.Code) })
			if !slices.Equal(got.lines, tc.lines) || got.size != tc.size || !slices.Equal(codes, tc.codes) {
				t.Errorf("set as %q, %g pt, warnings %q; want %q, %g pt, %q", got.lines, got.size, codes, tc.lines, tc.size, tc.codes)
			}
		})
	}
}

func TestCoverRefuses(t *testing.T) {
	t.Parallel()
	m := testMaker(t)
	for _, tc := range []struct {
		name   string
		change func(*Letter)
		want   error
	}{
		{"no name", func(l *Letter) { l.Recipient.Name = " \u200b" }, ErrAddressIncomplete},
		{"no postnummer", func(l *Letter) { l.Recipient.Postcode = "" }, ErrAddressIncomplete},
		{"no poststed", func(l *Letter) { l.Recipient.City = "" }, ErrAddressIncomplete},
		{"nothing but a country", func(l *Letter) { l.Recipient = Address{Name: "Kari Hansen", Country: "SE"} }, ErrAddressIncomplete},
		{"a word wider than the window", func(l *Letter) { l.Recipient.Line1 = strings.Repeat("W", 60) }, ErrAddressDoesNotFit},
		{"a town wider than the window", func(l *Letter) { l.Recipient.City = strings.Repeat("Storby ", 12) }, ErrAddressDoesNotFit},
		{"too much text", func(l *Letter) { l.Recipient.Line1 = strings.Repeat("Nedre ", 80) }, ErrAddressDoesNotFit},
		{"letters without glyphs", func(l *Letter) { l.Recipient.Name = "王小明" }, ErrCharacter},
		{"fødselsnummer in the name", func(l *Letter) { l.Recipient.Name = "Kari Hansen 02013299997" }, ErrIDNumber},
		{"D-number in an address line", func(l *Letter) { l.Recipient.Line3 = "41814061033" }, ErrIDNumber},
		{"fødselsnummer in the reply address", func(l *Letter) {
			l.ReplyTo = &Address{Name: "Bergvik skole", Line1: "020132 99997", Postcode: "5230", City: "Bergvik"}
		}, ErrIDNumber},
		{"fødselsnummer over two fields", func(l *Letter) { l.Recipient.Postcode, l.Recipient.City = "020132", "99997" }, ErrIDNumber},
		{"reply address without town", func(l *Letter) { l.ReplyTo = &Address{Name: "Bergvik skole"} }, ErrAddressIncomplete},
		{"reply address too long for a line", func(l *Letter) {
			l.ReplyTo = &Address{Name: strings.Repeat("Bergvik ", 20), Postcode: "5230", City: "Bergvik"}
		}, ErrAddressDoesNotFit},
		{"no shipment id", func(l *Letter) { l.ShipmentID = "" }, nil},
		{"shipment id too large for its place", func(l *Letter) { l.ShipmentID = strings.Repeat("abc", 60) }, nil},
		{"shipment id with letters that a DataMatrix lacks", func(l *Letter) { l.ShipmentID = "blåbær" }, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			l := testLetter()
			tc.change(&l)
			p, _, err := m.Cover(l)
			if p != nil || err == nil || tc.want != nil && !errors.Is(err, tc.want) {
				t.Fatalf("Cover gives %v, %v; want the error %v", p, err, tc.want)
			}
			for _, secret := range []string{"Kari", "Åse", "02013299997", "020132", "41814061033", "Strandgata", "Bergvik ", "王", "Nedre", "Storby"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error tells personal data (%q): %v", secret, err)
				}
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(*Layout, *Sender)
		want   string
	}{
		{"no name", func(_ *Layout, s *Sender) { s.Name = "" }, "name is missing"},
		{"no postnummer", func(_ *Layout, s *Sender) { s.Postcode = "" }, "postnummer"},
		{"logo that is no picture", func(_ *Layout, s *Sender) { s.Logo = []byte("%PDF-1.7") }, "not a PNG or JPEG"},
		{"cut logo", func(_ *Layout, s *Sender) { s.Logo = s.Logo[:len(s.Logo)/2] }, "not a PNG or JPEG"},
		{"fødselsnummer in the text", func(_ *Layout, s *Sender) { s.Text = "Ring\n02013299997" }, "fixed text, line 2"},
		{"character in the text", func(_ *Layout, s *Sender) { s.Text = "Hei ☃" }, "U+2603"},
		{"too much text", func(_ *Layout, s *Sender) { s.Text = strings.Repeat("Vi har åpent.\n", 60) }, "no room for a title"},
		{"too wide a word", func(_ *Layout, s *Sender) { s.Text = strings.Repeat("x", 300) }, "wider than"},
		{"small recipient", func(l *Layout, _ *Sender) { l.RecipientMinPt = 8 }, "10 to 12 pt"},
		{"return address above the recipient's size", func(l *Layout, _ *Sender) { l.ReturnPt = 11 }, "return address"},
		{"safe area beyond the window", func(l *Layout, _ *Sender) { l.SafeWMM = 120 }, "not inside the window"},
		{"text in the inserter's zone", func(l *Layout, _ *Sender) { l.MarginLeftMM = 12 }, "inserter's zone"},
		{"high title", func(l *Layout, _ *Sender) { l.BodyYMM = 65 }, "above y 70 mm"},
		{"title near the window", func(l *Layout, _ *Sender) { l.BodyYMM = 80 }, "nearer than 10 mm"},
		{"DataMatrix in the window", func(l *Layout, _ *Sender) { l.MatrixRightMM, l.MatrixYMM = 110, 40 }, "can show in the window"},
		{"DataMatrix off the sheet", func(l *Layout, _ *Sender) { l.MatrixRightMM = 209 }, "outside what can be printed"},
		{"small module", func(l *Layout, _ *Sender) { l.ModuleMM = 0.4 }, "less than the 0.5 mm"},
		{"not a number", func(l *Layout, _ *Sender) { *l = Layout{} }, "safe area is empty"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			l, s := DefaultLayout(), testSender(t)
			tc.change(&l, &s)
			if _, err := New(l, s); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("New gives %v, want an error with %q", err, tc.want)
			}
		})
	}
}

// hardLetters put as much on a cover as it can hold.
func hardLetters() []Letter {
	long := testLetter()
	long.Title = strings.Repeat("Forhåndsvarsel om pålegg om utbedring av avløpsanlegg etter forurensningsloven ", 13)[:1000]
	full := testLetter()
	full.Recipient = Address{
		Name: "Kommunalteknisk driftssentral avdeling vest", Line1: "Industriområdet på Storeneset, bygning 14",
		Line2: "Postfach 12 34 56", Line3: "Hinterhaus, dritter Stock links", Postcode: "10115", City: "Berlin", Country: "DE",
	}
	full.ReplyTo = &Address{Name: "Bergvik ungdomsskole", Line1: "Rektor", Line2: "Skoleveien 3", Line3: "Postboks 44", Postcode: "5231", City: "Bergvik"}
	blank := testLetter()
	blank.Title, blank.Date = "", time.Time{}
	return []Letter{testLetter(), long, full, blank}
}

func TestZonesStayWhite(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftoppm")
	m := testMaker(t)
	file := bundle(t, m, hardLetters())
	const dpi = 100
	run(t, "pdftoppm", "-r", strconv.Itoa(dpi), "-gray", "-png", file, strings.TrimSuffix(file, ".pdf"))
	for i := range hardLetters() {
		picture := readPNG(t, strings.TrimSuffix(file, ".pdf")+"-"+strconv.Itoa(i+1)+".png")
		l := m.layout
		for _, zone := range []struct {
			name string
			area rect
		}{
			{"the inserter's zone", l.inserter()},
			{"the left edge", rect{0, 0, l.EdgeMM, pageHeightMM}},
			{"the right edge", rect{pageWidthMM - l.EdgeMM, 0, pageWidthMM, pageHeightMM}},
			{"the top edge", rect{0, 0, pageWidthMM, l.EdgeMM}},
			{"the bottom edge", rect{0, pageHeightMM - l.EdgeMM, pageWidthMM, pageHeightMM}},
			{"the space under the address", rect{0, l.safe().y1, pageWidthMM, l.safe().y1 + addressClearMM}},
			{"the space left of the address", rect{l.AddressXMM - addressClearMM, l.safe().y0, l.AddressXMM, l.safe().y1}},
			{"the space right of the address", rect{l.safe().x1, l.safe().y0, l.safe().x1 + addressClearMM, l.safe().y1}},
			{"the space over the raised return address", rect{0, l.reach().y0, pageWidthMM, l.safe().y0 - 4}},
		} {
			if x, y, ink := firstInk(picture, zone.area, dpi); ink {
				t.Errorf("cover %d: ink at x %.1f mm, y %.1f mm in %s (%v)", i+1, x, y, zone.name, zone.area)
			}
		}
		if _, _, ink := firstInk(picture, l.safe(), dpi); !ink {
			t.Errorf("cover %d: nothing in the safe area, so the check sees nothing", i+1)
		}
	}
}

func readPNG(t testing.TB, file string) image.Image {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

// firstInk finds a pixel that is wholly inside an area (mm) and not white.
func firstInk(picture image.Image, area rect, dpi float64) (x, y float64, ink bool) {
	scale := dpi / 25.4
	for py := int(area.y0*scale) + 1; py < min(int(area.y1*scale), picture.Bounds().Dy()); py++ {
		for px := int(area.x0*scale) + 1; px < min(int(area.x1*scale), picture.Bounds().Dx()); px++ {
			if r, g, b, _ := picture.At(px, py).RGBA(); min(r, g, b) < 0xF000 {
				return float64(px) / scale, float64(py) / scale, true
			}
		}
	}
	return 0, 0, false
}

func TestDataMatrixDecodes(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftoppm")
	for _, tc := range []struct {
		id     string
		module float64
	}{
		{shipment, 0.6}, {"00000000-0000-0000-0000-000000000000", 0.6}, {"a", 0.6}, {"BERGVIK~2026/11-24 #7", 0.5}, {"ffffffff-ffff-4fff-bfff-ffffffffffff", 0.5},
	} {
		t.Run(tc.id, func(t *testing.T) {
			t.Parallel()
			layout := DefaultLayout()
			layout.ModuleMM = tc.module
			m, err := New(layout, testSender(t))
			if err != nil {
				t.Fatal(err)
			}
			l := testLetter()
			l.ShipmentID = tc.id
			p, _, err := m.Cover(l)
			if err != nil {
				t.Fatal(err)
			}
			file := write(t, p)
			const dpi = 200
			code, err := encodeMatrix(tc.id)
			if err != nil {
				t.Fatal(err)
			}
			side := float64(code.Modules()) * layout.ModuleMM
			area := rect{layout.MatrixRightMM - side, layout.MatrixYMM, layout.MatrixRightMM, layout.MatrixYMM + side}.grow(2)
			px := func(mm float64) string { return strconv.Itoa(int(mm * dpi / 25.4)) }
			run(t, "pdftoppm", "-r", strconv.Itoa(dpi), "-gray", "-png", "-singlefile",
				"-x", px(area.x0), "-y", px(area.y0), "-W", px(area.x1-area.x0), "-H", px(area.y1-area.y0), file, strings.TrimSuffix(file, ".pdf"))
			bitmap, err := gozxing.NewBinaryBitmapFromImage(readPNG(t, strings.TrimSuffix(file, ".pdf")+".png"))
			if err != nil {
				t.Fatal(err)
			}
			got, err := datamatrix.NewDataMatrixReader().DecodeWithoutHints(bitmap)
			if err != nil {
				t.Fatal(err)
			}
			if got.GetText() != tc.id {
				t.Errorf("the DataMatrix says %q, want %q", got.GetText(), tc.id)
			}
		})
	}
}

func TestFileIsSoundAndFontsEmbedded(t *testing.T) {
	t.Parallel()
	judges.Need(t, "qpdf")
	judges.Need(t, "pdffonts")
	file := bundle(t, testMaker(t), hardLetters())
	run(t, "qpdf", "--check", file)
	fonts := strings.Split(strings.TrimSpace(run(t, "pdffonts", file)), "\n")[2:]
	if len(fonts) != 2 {
		t.Fatalf("fonts: %q", fonts)
	}
	for _, line := range fonts {
		if f := strings.Fields(line); !slices.Equal(f[len(f)-5:len(f)-2], []string{"yes", "yes", "yes"}) || !strings.Contains(line, "Identity-H") {
			t.Errorf("not embedded as a subset with Unicode: %s", line)
		}
	}
}

func TestTextExtracts(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftotext")
	m := testMaker(t)
	for _, text := range []string{
		"ÆØÅ æøå é è ê ó ò â ô ü ä ö",
		"Čálliid Lágádus, Kárášjohka, Guovdageaidnu, Deatnu, Gáivuotna",
		"Čč Đđ Ŋŋ Šš Ŧŧ Žž Áá Ïï Ǥǥ Ǧǧ Ǩǩ Ʒʒ Ǯǯ",
		"Łódź, Nguyễn, Ștefan, Đorđević, Αθήνα, Київ",
		"«Anførsel» – tankestrek … 50 € § 12 · № 7",
	} {
		l := testLetter()
		l.Recipient.Line1, l.Recipient.Line2, l.Title = text[:0]+strings.Split(text, ",")[0], "", text
		p, warnings, err := m.Cover(l)
		if err != nil {
			t.Fatal(err)
		}
		got := run(t, "pdftotext", "-layout", write(t, p), "-")
		if n := strings.Count(strings.Join(strings.Fields(got), " "), text); n < 1 {
			t.Errorf("%q is not found in the extracted text (warnings %v):\n%s", text, warnings, got)
		}
		if !strings.Contains(got, l.Recipient.Line1) {
			t.Errorf("the address line %q is not found in the extracted text:\n%s", l.Recipient.Line1, got)
		}
	}
}

func TestReplyToTakesTheSendersPlace(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftotext")
	m := testMaker(t)
	l := hardLetters()[2]
	p, _, err := m.Cover(l)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(strings.Fields(run(t, "pdftotext", "-layout", write(t, p), "-")), " ")
	for _, want := range []string{"Bergvik ungdomsskole", "Avsender: Bergvik ungdomsskole, Rektor, Skoleveien 3, Postboks 44, 5231 Bergvik", "Dato", "24. november 2026"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not on the cover: %s", want, got)
		}
	}
	if strings.Contains(got, "Bergvik kommune") || strings.Contains(got, "Rådhusgata") {
		t.Errorf("the sender's own address is on the cover: %s", got)
	}
}

func TestTitle(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftotext")
	m := testMaker(t)
	for _, tc := range []struct {
		title, want string
		absent      string
		codes       []string
	}{
		{"Vedtak for 02013299997", "Vedtak for ***********", "02013299997", []string{WarnTitleMasked}},
		{"Vedtak 020132 99997 og 41814061033", "Vedtak *********** og ***********", "99997", []string{WarnTitleMasked}},
		{"God jul ☃ 王", "God jul\n", "jul ?", []string{WarnTitleCharacter}},
		{"God jul 王☃hilsen", "God jul hilsen\n", "jul ?", []string{WarnTitleCharacter}},
		{"☃ 王 –", "24. november 2026", "Brevet gjelder", []string{WarnTitleCharacter}},
		{"Vedtak 020132☃王99997", "Vedtak ***********", "99997", []string{WarnTitleMasked, WarnTitleCharacter}},
		{"Pris 5 €\ufe0f i mai", "Pris 5 € i mai", "", nil},
		{strings.Repeat("Gebyr ", 600), "Gebyr", "", []string{WarnTitleShortened}},
		{strings.Repeat("x", 400), "xxx", "", []string{WarnTitleShortened}},
		{"Faktura\r\n2026", "Faktura 2026", "", nil},
		{"O\ufb00entlig, nr. \uff11\uff12 og \u2163", "Offentlig, nr. 12 og IV", "", nil},
		{"Vedtak for \uff10\uff12\uff10\uff11\uff13\uff12\uff19\uff19\uff19\uff19\uff17", "Vedtak for ***********", "02013299997", []string{WarnTitleMasked}},
	} {
		l := testLetter()
		l.Title = tc.title
		p, warnings, err := m.Cover(l)
		if err != nil {
			t.Fatal(err)
		}
		var codes []string
		for _, w := range warnings {
			codes = append(codes, w.Code)
		}
		got := run(t, "pdftotext", "-layout", write(t, p), "-")
		if !strings.Contains(got, tc.want) || tc.absent != "" && strings.Contains(got, tc.absent) || !slices.Equal(codes, tc.codes) {
			t.Errorf("title %.40q: warnings %q, want %q; text\n%s", tc.title, codes, tc.codes, got)
		}
		for _, w := range warnings {
			if w.Field != FieldTitle || !w.Lost() {
				t.Errorf("warning %+v", w)
			}
			want := "several"
			if !strings.Contains(got, "Brevet gjelder") {
				want = "none"
			}
			if w.Code == WarnTitleCharacter && (len(w.Args["characters"]) != len("U+2603, U+738B") || w.Args["case"] != want) {
				t.Errorf("the characters are not named: %v", w.Args)
			}
		}
		if slices.Contains(codes, WarnTitleShortened) && !strings.Contains(got, "…") {
			t.Errorf("title %.40q is shortened without an ellipsis", tc.title)
		}
	}
}

// TestAddressErrorNames: what is wrong with an address is told with its field and characters; what can be written otherwise
// is.
func TestAddressErrorNames(t *testing.T) {
	t.Parallel()
	m := testMaker(t)
	for _, tc := range []struct {
		change func(*Letter)
		field  string
		runes  string
	}{
		{func(l *Letter) { l.Recipient.Name = "Kari 王小王" }, "mottaker.navn", "王小"},
		{func(l *Letter) { l.Recipient.Line2 = "Gate 1 ✅" }, "mottaker.adresselinje2", "✅"},
		{func(l *Letter) { l.Recipient.City = "ＢＥＲＧＥＮ 市" }, "mottaker.poststed", "市"},
		{func(l *Letter) { l.Recipient.Postcode = "" }, "mottaker", ""},
		{func(l *Letter) { l.Recipient.Line1 = strings.Repeat("W", 60) }, "mottaker", ""},
		{func(l *Letter) { l.ReplyTo = &Address{Name: "Skolen 学", Postcode: "5230", City: "Bergvik"} }, "svarSendesTil.navn", "学"},
		{func(l *Letter) {
			l.ReplyTo = &Address{Name: strings.Repeat("Bergvik ", 20), Postcode: "5230", City: "Bergvik"}
		}, "svarSendesTil", ""},
		{func(l *Letter) { l.Recipient.Line1, l.Recipient.City = "Gate \uff11\uff12", "O\ufb03ciumby" }, "", ""},
	} {
		l := testLetter()
		tc.change(&l)
		_, _, err := m.Cover(l)
		var got *AddressError
		switch {
		case tc.field == "" && err != nil:
			t.Error(err)
		case tc.field == "":
		case !errors.As(err, &got):
			t.Errorf("%s: %v", tc.field, err)
		case got.Field != tc.field || string(got.Characters) != tc.runes:
			t.Errorf("field %s, characters %q, want %s, %q", got.Field, string(got.Characters), tc.field, tc.runes)
		}
	}
}

func TestSameBytesFromManyMakersAtOnce(t *testing.T) {
	t.Parallel()
	const makers = 4
	out := make([][]byte, makers)
	var wg sync.WaitGroup
	for i := range makers {
		m := testMaker(t)
		wg.Go(func() {
			for range 5 {
				p, _, err := m.Cover(testLetter())
				if err != nil {
					t.Error(err)
					return
				}
				var b bytes.Buffer
				if _, err := p.WriteTo(&b); err != nil {
					t.Error(err)
				}
				if out[i] != nil && !bytes.Equal(out[i], b.Bytes()) {
					t.Error("the same letter gave other bytes")
				}
				out[i] = b.Bytes()
			}
		})
	}
	wg.Wait()
	for i := range makers {
		if !bytes.Equal(out[i], out[0]) {
			t.Error("two makers of the same sender gave different bytes")
		}
	}
}

func TestLogoColour(t *testing.T) {
	t.Parallel()
	var grey bytes.Buffer
	if err := jpeg.Encode(&grey, image.NewGray(image.Rect(0, 0, 30, 10)), nil); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		file []byte
		want bool
	}{
		{"none", nil, false}, {"grey JPEG", grey.Bytes(), false}, {"blue PNG", testSender(t).Logo, true},
		{"black on transparent", pngOf(t, shield(8, 8, color.NRGBA{0, 0, 0, 128})), false},
	} {
		s := testSender(t)
		s.Logo = tc.file
		m, err := New(DefaultLayout(), s)
		if err != nil {
			t.Fatal(err)
		}
		if m.Colour() != tc.want {
			t.Errorf("%s: Colour() = %v", tc.name, m.Colour())
		}
	}
	huge := pngOf(t, image.NewGray(image.Rect(0, 0, 3000, 2000)))
	if _, err := decodeLogo(huge); err == nil {
		t.Error("a logo of 6 million pixels is taken")
	}
}

func TestOneCoverIsSmall(t *testing.T) {
	t.Parallel()
	m := testMaker(t)
	content, err := m.content(testLetter(), func(Warning) {})
	if err != nil {
		t.Fatal(err)
	}
	const most = 4096 // bytes; half of it is the DataMatrix
	if len(content) > most {
		t.Errorf("the content of a cover has %d bytes, more than %d", len(content), most)
	}
}

func TestMarksBesideTheCover(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		x0, y0, x1, y1 float64
		want           string
	}{
		{1, 95, 18, 175, ""}, // the inserter's zone
		{188, 280, 202, 294, ""},
		{60, 60, 70, 70, "what the window can show"},
		{25, 15, 35, 25, "the sender's block"},
		{100, 120, 110, 130, "the title and text"},
		{150, 50, 160, 60, "the date and shipment id"},
		{180, 15, 192, 27, "the DataMatrix of the cover"},
	} {
		err := DefaultLayout().CheckMark(c.x0, c.y0, c.x1, c.y1)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("mark at %g, %g: got %v, want %q", c.x0, c.y0, err, c.want)
		}
	}
	if err := DefaultLayout().CheckMark(0, 0, 210, 297); strings.Count(err.Error(), "\n") != 4 {
		t.Errorf("not everything is named: %v", err)
	}
}

func FuzzCover(f *testing.F) {
	f.Add("Kari Hansen", "Storgata 1", "0150", "Oslo", "", "Vedtak", shipment)
	f.Add("A\u030ase 02013299997", "\x00", "", "\xff\xfe", "SE", strings.Repeat("W", 2000), "")
	f.Add("…", "\u00ad", "020132", "99997", "Sveits", "020132 99997", "\n")
	m, err := New(DefaultLayout(), Sender{Name: "Bergvik kommune", Postcode: "5230", City: "Bergvik"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name, line, postcode, city, country, title, id string) {
		l := Letter{ShipmentID: id, Title: title, Recipient: Address{Name: name, Line1: line, Line3: title, Postcode: postcode, City: city, Country: country}}
		p, _, err := m.Cover(l)
		if (p == nil) == (err == nil) {
			t.Fatalf("cover %v with error %v", p, err)
		}
		if p != nil && p.NumPages() != 1 {
			t.Errorf("a cover of %d pages", p.NumPages())
		}
	})
}

func FuzzDecodeLogo(f *testing.F) {
	f.Add(pngOf(f, shield(6, 8, color.NRGBA{20, 60, 120, 255})))
	f.Add([]byte("\xff\xd8\xff\xe0"))
	f.Fuzz(func(t *testing.T, file []byte) {
		p, err := decodeLogo(file)
		if err == nil && (p.width < 1 || p.height < 1 || p.width*p.height > maxLogoPixels) {
			t.Errorf("a logo of %d × %d pixels", p.width, p.height)
		}
	})
}

func BenchmarkCover(b *testing.B) {
	m := testMaker(b)
	l := testLetter()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := m.Cover(l); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "covers/s")
}

func TestFontsStandOnceInAPrintFile(t *testing.T) {
	t.Parallel()
	judges.Need(t, "qpdf")
	judges.Need(t, "pdffonts")
	other := testSender(t)
	other.Name, other.Logo = "Fjordby kommune", nil
	second, err := New(DefaultLayout(), other)
	if err != nil {
		t.Fatal(err)
	}
	makers := []*Maker{testMaker(t), second}
	link := func(covers int) (string, printfile.Result) {
		file := filepath.Join(t.TempDir(), "print.pdf")
		f, err := os.Create(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		l := printfile.NewLinker(f, printfile.Options{})
		for i := range covers {
			letter := testLetter()
			letter.ShipmentID = shipment[:30] + strconv.Itoa(100000+i)
			p, _, err := makers[i%2].Cover(letter)
			if err != nil {
				t.Fatal(err)
			}
			w, h := p.PageSize(0)
			side := printfile.Side{Width: w, Height: h, Placements: []printfile.Placement{{Source: p, Page: 0, Matrix: [6]float64{1, 0, 0, 1, 0, 0}}}}
			if err := l.AddSide(side); err != nil {
				t.Fatal(err)
			}
			l.Release(p)
		}
		result, err := l.Close()
		if err != nil {
			t.Fatal(err)
		}
		return file, result
	}
	_, few := link(2)
	file, many := link(42)
	run(t, "qpdf", "--check", file)
	if fonts := strings.Split(strings.TrimSpace(run(t, "pdffonts", file)), "\n")[2:]; len(fonts) != 2 {
		t.Errorf("the print file has %d fonts: %q", len(fonts), fonts)
	}
	each := (many.Bytes - few.Bytes) / 40
	t.Logf("the first two covers take %d bytes, each more %d", few.Bytes, each)
	const most = 4500 // bytes for the content, the side and its entries in the tables
	if each > most {
		t.Errorf("a cover more takes %d bytes, more than %d", each, most)
	}
}
