package cover

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"postgang/printjobs/typeset"
)

// shownText are the texts of a content stream: glyph numbers in hexadecimal, four digits each.
var shownText = regexp.MustCompile(`<([0-9A-F]*)>`)

// boxes counts the glyphs of a content stream that stand for what a font lacks, an empty box, and the question marks.
func boxes(t interface{ Fatalf(string, ...any) }, m *Maker, content []byte) (empty, questions int) {
	question := m.fonts[typeset.Regular].AppendShown(nil, "?")
	bold := m.fonts[typeset.Bold].AppendShown(nil, "?")
	for _, shown := range shownText.FindAllSubmatch(content, -1) {
		if len(shown[1])%4 != 0 {
			t.Fatalf("a text of %d hexadecimal digits", len(shown[1]))
		}
		for glyph := range slices.Chunk(shown[1], 4) {
			switch {
			case string(glyph) == "0000":
				empty++
			case bytes.Equal(glyph, question[1:5]), bytes.Equal(glyph, bold[1:5]):
				questions++
			}
		}
	}
	return empty, questions
}

// anyText is text of the kinds that come: letters that the fonts have, letters of the world, signs, marks and emoji.
func anyText() *rapid.Generator[string] {
	kinds := []*rapid.Generator[rune]{
		rapid.RuneFrom([]rune("abcæøåÁáČčĐđŊŋŠšŦŧŽžÆØÅ 0123456789-.,'/")),
		rapid.RuneFrom([]rune("ẽữựŐșțİıǅǄŉẞﬁ１Ⅳ½№€…")),
		rapid.RuneFrom(nil, unicode.Latin), rapid.RuneFrom(nil, unicode.Cyrillic, unicode.Greek),
		rapid.RuneFrom(nil, unicode.Han, unicode.Arabic, unicode.Devanagari, unicode.Hangul),
		rapid.RuneFrom(nil, unicode.Mn, unicode.Sk, unicode.Zs), rapid.RuneFrom(nil, unicode.So, unicode.Cf), rapid.Rune(),
	}
	return rapid.Custom(func(t *rapid.T) string {
		mostly := kinds[:rapid.SampledFrom([]int{1, 2, 4, len(kinds)}).Draw(t, "kinds")]
		return rapid.StringOfN(rapid.OneOf(mostly...), 0, 24, -1).Draw(t, "text")
	})
}

// TestWhatPassesHasGlyphs: a letter of which Characters says nothing has a glyph for every character on its cover, in every language;
// one of which it only warns has no empty box either. What it refuses, the cover refuses too.
func TestWhatPassesHasGlyphs(t *testing.T) {
	t.Parallel()
	m := testMaker(t)
	seen := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		address := rapid.Custom(func(t *rapid.T) Address {
			return Address{
				Name: "A" + anyText().Draw(t, "name"), Line1: anyText().Draw(t, "line1"), Line2: rapid.SampledFrom([]string{"", "Storgata 1"}).Draw(t, "line2"),
				Postcode: "0155", City: "O" + rapid.SampledFrom([]string{"slo", "", "ŋŧ"}).Draw(t, "city"),
				Country: rapid.OneOf(rapid.SampledFrom([]string{"", "SE", "Kina"}), anyText()).Draw(t, "country"),
			}
		})
		l := testLetter()
		l.Recipient, l.Title, l.Language = address.Draw(rt, "recipient"), anyText().Draw(rt, "title"), rapid.SampledFrom(append(Languages(), "")).Draw(rt, "language")
		if rapid.Bool().Draw(rt, "reply") {
			a := address.Draw(rt, "reply to")
			l.ReplyTo = &a
		}
		errs, warnings := m.Characters(l)
		content, err := m.content(l, func(Warning) {})
		switch {
		case len(errs) > 0:
			seen["refused"]++
			if err == nil {
				rt.Fatalf("refused at hand-in and printed: %v", errs[0])
			}
			return
		case errors.Is(err, ErrCharacter):
			rt.Fatalf("it passes, and has %v", err)
		case err != nil:
			seen["for another reason"]++
			return
		}
		seen["printed"]++
		empty, questions := boxes(rt, m, content)
		if empty > 0 {
			rt.Fatalf("%d empty boxes on the cover", empty)
		}
		written := l.Title + l.Recipient.Name + l.Recipient.Line1 + l.Recipient.Country
		if l.ReplyTo != nil {
			written += l.ReplyTo.Name + l.ReplyTo.Line1 + l.ReplyTo.Country
		}
		if questions > 0 && !strings.ContainsAny(written, "?？﹖⁇⁈⁉︖") {
			rt.Fatalf("%d question marks that nobody wrote", questions)
		}
		if len(warnings) > 0 {
			seen["warned"]++
		}
	})
	for _, kind := range []string{"refused", "printed", "warned"} {
		if seen[kind] == 0 {
			t.Errorf("no letter was %s: %v", kind, seen)
		}
	}
}

// TestSamiLetters: the letters of the Sámi languages in Norway, the Latin ones of Europe and those written apart are printed, in names
// in bold as well.
func TestSamiLetters(t *testing.T) {
	t.Parallel()
	m := testMaker(t)
	for _, text := range []string{
		"ÁáČčĐđŊŋŠšŦŧŽž", "ÄäÖöÅåÏïÑñŃń", "ǤǥǦǧǨǩƷʒǮǯʹ", "ĄąĆćĘęŁłŃńŚśŹźŻż", "ĞğİıŞş", "ĀāĒēĪīŪū", "ŐőŰű", "ẠạẤấỮữĐđ",
		"A\u030as Z\u030cC\u030cS\u030c e\u0301 u\u0308 o\u0302\u0301", "Київ ΑΘΗΝΑ",
	} {
		l := testLetter()
		l.Title, l.Recipient.Name, l.Recipient.Line1 = text, text, text
		l.ReplyTo = &Address{Name: text, Line1: text, Postcode: "9730", City: "Kárášjohka"}
		if errs, warnings := m.Characters(l); len(errs) > 0 || len(warnings) > 0 {
			t.Errorf("%q: %v %v", text, errs, warnings)
		}
		content, err := m.content(l, func(Warning) {})
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if empty, _ := boxes(t, m, content); empty > 0 {
			t.Errorf("%q: %d empty boxes", text, empty)
		}
	}
}

// TestCharactersNamesEachField: every field that cannot be printed is told, with its characters by their code points and never the text.
func TestCharactersNamesEachField(t *testing.T) {
	t.Parallel()
	m := testMaker(t)
	l := testLetter()
	l.Title = "Påminnelse ✅"
	l.Recipient = Address{Name: "Kari 王", Line1: "Gate 😀 1", Line2: "Oppgang 王小王", Line3: "C", Postcode: "０１５５", City: "市", Country: "中国"}
	l.ReplyTo = &Address{Name: "Skolen 学", Line1: "k\u0323\u0302u", Postcode: "0155", City: "Oslo"}
	errs, warnings := m.Characters(l)
	var got []string
	for _, e := range errs {
		got = append(got, e.Field+" "+CodePoints(e.Characters))
		if !errors.Is(e, ErrCharacter) || strings.ContainsAny(e.Error(), "王😀小市中国学") || strings.Contains(e.Error(), "Kari") {
			t.Errorf("%v", e)
		}
	}
	want := []string{
		"mottaker.navn U+738B", "mottaker.adresselinje1 U+1F600", "mottaker.adresselinje2 U+738B, U+5C0F", "mottaker.poststed U+5E02", "mottaker.land U+4E2D, U+56FD",
		"svarSendesTil.navn U+5B66", "svarSendesTil.adresselinje1 U+0302",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(warnings) != 1 || warnings[0].Field != FieldTitle || warnings[0].Args["characters"] != "U+2705" || warnings[0].Args["case"] != "" {
		t.Errorf("warnings %+v", warnings)
	}
}
