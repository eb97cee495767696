package cover

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"postgang/fixtures/judges"
	"postgang/printjobs/typeset"
)

// texts are all texts of a wording, by where they stand.
func texts(w wording) map[string]string {
	out := map[string]string{}
	v := reflect.ValueOf(w)
	for i := range v.NumField() {
		switch name, f := v.Type().Field(i).Name, v.Field(i); f.Kind() {
		case reflect.String:
			out[name] = f.String()
		case reflect.Array:
			for j := range f.Len() {
				out[fmt.Sprintf("%s %d", name, j+1)] = f.Index(j).String()
			}
		}
	}
	return out
}

// TestWordingsAreComplete: each language has every label, in letters that both fonts have, and dates with all their parts.
func TestWordingsAreComplete(t *testing.T) {
	t.Parallel()
	fonts, err := typeset.Faces()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := slices.Sorted(maps.Keys(wordings)), slices.Sorted(slices.Values(Languages())); !slices.Equal(got, want) {
		t.Errorf("there are labels in %v, and the languages %v", got, want)
	}
	for l, w := range wordings {
		all := texts(w)
		if len(all) != len(texts(wordings[Bokmal])) {
			t.Errorf("%s: %d texts", l, len(all))
		}
		months := map[string]bool{}
		for at, text := range all {
			if strings.TrimSpace(text) == "" || text != typeset.Clean(text) {
				t.Errorf("%s: %s is %q", l, at, text)
			}
			for _, f := range fonts {
				if r, bad := f.Missing(text); bad {
					t.Errorf("%s: %s has U+%04X, which a font lacks", l, at, r)
				}
			}
			if strings.HasPrefix(at, "months") {
				months[text] = true
			}
		}
		if len(months) != 12 {
			t.Errorf("%s: %d months", l, len(months))
		}
		for _, part := range []string{"{day}", "{month}", "{year}"} {
			if strings.Count(w.day, part) != 1 {
				t.Errorf("%s: a date %q without %s", l, w.day, part)
			}
		}
	}
}

// TestWordingsFit: in the widest case each label has room in its place: beside the window of the narrowest layout that is allowed, over
// the title of the narrowest text, and the return address of a sender with a long name in the window without its letters condensed
// beyond what they may be.
func TestWordingsFit(t *testing.T) {
	t.Parallel()
	fonts, err := typeset.Faces()
	if err != nil {
		t.Fatal(err)
	}
	f := fonts[typeset.Regular]
	layout := DefaultLayout()
	const narrowestMeta, narrowestText = 45 * pointsPerMM, 60 * pointsPerMM // see Layout.Validate
	for l, w := range wordings {
		label := layout.MetaPt * labelRatio
		for _, text := range []string{w.date, w.shipment} {
			if wide := f.Width(text, label); wide > narrowestMeta {
				t.Errorf("%s: %q is %.1f pt wide and has %.1f", l, text, wide, narrowestMeta)
			}
		}
		if wide := f.Width(w.title, label); wide > narrowestText {
			t.Errorf("%s: %q is %.1f pt wide and has %.1f", l, w.title, wide, narrowestText)
		}
		for month := time.January; month <= time.December; month++ {
			day := w.written(time.Date(2028, month, 28, 0, 0, 0, 0, time.UTC))
			if wide := f.Width(day, layout.MetaPt); wide > narrowestMeta {
				t.Errorf("%s: %q is %.1f pt wide and has %.1f", l, day, wide, narrowestMeta)
			}
		}
		sender := postalAddress{name: "Interkommunalt arkivselskap for Vestre Fjordkommuner", lines: []string{"Rådhusgata 4"}, post: "5230 Bergvik"}
		line, err := layout.returnLine(f, w.sender, sender)
		if err != nil || line.size < layout.ReturnMinPt || line.condense < layout.MinCondense || !strings.HasPrefix(line.text, w.sender+": ") {
			t.Errorf("%s: return address %+v, %v", l, line, err)
		}
	}
}

// TestDates: a date is written as the language writes it.
func TestDates(t *testing.T) {
	t.Parallel()
	day := time.Date(2027, 1, 9, 23, 30, 0, 0, time.UTC)
	for l, want := range map[Language]string{
		Bokmal: "9. januar 2027", Nynorsk: "9. januar 2027", Sami: "ođđajagemánu 9. b. 2027", English: "9 January 2027",
	} {
		if got := wordings[l].written(day); got != want {
			t.Errorf("%s: %q, want %q", l, got, want)
		}
	}
}

// TestLanguages: the labels are in the language of the letter, else of the sender, else bokmål; what the sender wrote and the country
// are as they were.
func TestLanguages(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftotext")
	for _, c := range []struct{ sender, letter, want Language }{
		{"", "", Bokmal}, {"", Nynorsk, Nynorsk}, {Sami, "", Sami}, {Sami, English, English}, {English, Bokmal, Bokmal}, {Nynorsk, "", Nynorsk},
	} {
		s := testSender(t)
		s.Language = c.sender
		m, err := New(DefaultLayout(), s)
		if err != nil {
			t.Fatal(err)
		}
		l := testLetter()
		l.Language, l.Recipient.Country = c.letter, "SE"
		p, _, err := m.Cover(l)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(strings.Fields(run(t, "pdftotext", "-layout", write(t, p), "-")), " ")
		w := wordings[c.want]
		for _, want := range []string{
			w.date + " ", w.shipment + " ", w.title + " ", w.sender + ": Bergvik kommune, Tekniske tjenester", w.written(l.Date), l.Title, "SVERIGE",
			"Dette brevet er sendt på papir",
		} {
			if !strings.Contains(got+" ", want) {
				t.Errorf("%+v: %q is not on the cover: %s", c, want, got)
			}
		}
		for other, say := range wordings {
			if say.sender != w.sender && strings.Contains(got, say.sender+":") {
				t.Errorf("%+v: the cover has %s too: %s", c, other, got)
			}
		}
	}
}

// TestUnknownLanguage: neither a sender nor a letter gets a language that there are no labels in.
func TestUnknownLanguage(t *testing.T) {
	t.Parallel()
	s := testSender(t)
	s.Language = "no"
	if _, err := New(DefaultLayout(), s); err == nil || !strings.Contains(err.Error(), `language "no" is none of [nb nn se en]`) {
		t.Errorf("New gives %v", err)
	}
	l := testLetter()
	l.Language = "sma"
	if p, _, err := testMaker(t).Cover(l); err == nil || p != nil {
		t.Errorf("Cover gives %v, %v", p, err)
	}
}

// TestReturnAddressKeepsItsKeyword: where the language's keyword is too long for the line, bokmål's takes its place, and no letter is
// kept back for it.
func TestReturnAddressKeepsItsKeyword(t *testing.T) {
	t.Parallel()
	m := testMaker(t)
	l := testLetter()
	l.Language = Sami
	long := Address{Name: "B", Postcode: "5230", City: "Bergvik"}
	for {
		p, err := long.parse(replyRole, m.fonts, func(Warning) {})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.layout.returnLine(m.fonts[typeset.Regular], wordings[Sami].sender, p); err != nil {
			break
		}
		long.Name += "e"
	}
	l.ReplyTo = &long
	content, err := m.content(l, func(Warning) {})
	if err != nil {
		t.Fatal(err)
	}
	f := m.fonts[typeset.Regular]
	bokmal, sami := f.AppendShown(nil, "Avsender: B"), f.AppendShown(nil, "Sáddejeaddji: B")
	if !bytes.Contains(content, bokmal[:len(bokmal)-1]) || bytes.Contains(content, sami[:len(sami)-1]) {
		t.Error("the return address is not after bokmål's keyword")
	}
	long.Name = strings.Repeat("e", 2*len(long.Name))
	if _, err := m.content(l, func(Warning) {}); !errors.Is(err, ErrAddressDoesNotFit) {
		t.Errorf("a much longer one: %v", err)
	}
}

// TestBokmalStaysByteForByte: print files in bokmål are the same bytes as before there were other languages.
func TestBokmalStaysByteForByte(t *testing.T) {
	t.Parallel()
	m := testMaker(t)
	sum := sha256.New()
	for _, l := range hardLetters() {
		p, _, err := m.Cover(l)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.WriteTo(sum); err != nil {
			t.Fatal(err)
		}
	}
	const want = "5ed6fb1d4dcace292a6e604d9a5a8bf1702bfe326bef19293a6f97a8b4c72229"
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		t.Errorf("the covers have the hash %s", got)
	}
}
