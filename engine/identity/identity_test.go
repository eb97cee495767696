package identity

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestParseDigitalID(t *testing.T) {
	t.Parallel()
	const ok = "ok"
	for _, tc := range []struct {
		number, old, new string // "ok", or what is wrong, by each rule; synthetic ones allowed
		kind             IDKind
		synthetic        bool
	}{
		// Skatteetaten's examples (docs/sources.md, People and organisations).
		{"02013299997", ok, ok, IDPerson, false},
		{"02013299903", "check", ok, IDPerson, false},
		{"30108299920", ok, ok, IDPerson, false},
		{"30108299939", "check", ok, IDPerson, false},
		{"41814061033", ok, ok, IDForeigner, true},
		{"41814065640", ok, ok, IDForeigner, true},
		{"41810021827", ok, ok, IDForeigner, true},
		{"38850903357", "date", "date", "", false}, // neither a day nor a D-number's, and remainder 5
		{"26079833787", "check", "check", "", false},
		// Pasted with spaces.
		{" 020132 99997\u00a0", ok, ok, IDPerson, false},
		// No date.
		{"00000000000", "date", "date", "", false},
		{"32013299997", "date", "date", "", false},
		{"30028299920", "date", "date", "", false},
		{"31110099920", "date", "date", "", false}, // November has 30 days
		{"72013299997", "date", "date", "", false}, // D-number of a 32nd
		{"01130199999", "date", "date", "", false},
		{"01640199999", "date", "date", "", false}, // between the shifts
		{"01930199999", "date", "date", "", false},
		// Organisations.
		{"123456785", ok, ok, IDOrganisation, false},
		{"971 032 146", ok, ok, IDOrganisation, false},
		{"974760843", ok, ok, IDOrganisation, false},
		{"989466852", ok, ok, IDOrganisation, false},
		{"989466853", "check", "check", "", false},
		{"123456789", "check", "check", "", false},
		// Lengths.
		{"2013299997", "lost zero", "lost zero", "", false},
		{"", "length", "length", "", false},
		{"0201329999a", "length", "length", "", false},
		{"٠٢٠١٣٢٩٩٩٩٧", "length", "length", "", false},
		{"+2013299997", "length", "length", "", false},
		{"020132999970", "length", "length", "", false},
	} {
		for rule, want := range map[string]string{NationalID1964: tc.old, NationalID2032: tc.new, NationalIDBoth: tc.new} {
			id, err := ParseDigitalID(tc.number, rule, true)
			got := ok
			switch {
			case errors.Is(err, ErrIDCheck):
				got = "check"
			case errors.Is(err, ErrIDDate):
				got = "date"
			case errors.Is(err, ErrIDLength):
				got = "length"
			case errors.Is(err, ErrIDLostZero):
				got = "lost zero"
			case err != nil:
				got = err.Error()
			}
			if got != want {
				t.Errorf("%q by %s: %s, want %s", tc.number, rule, got, want)
			}
			if err == nil && (id.Kind != tc.kind || id.Synthetic != tc.synthetic || id.Only2032 != (tc.old != ok)) {
				t.Errorf("%q by %s: %+v", tc.number, rule, id)
			}
			if _, strict := ParseDigitalID(tc.number, rule, false); err == nil && tc.synthetic != errors.Is(strict, ErrIDSynthetic) {
				t.Errorf("%q by %s, synthetic numbers refused: %v", tc.number, rule, strict)
			}
		}
	}
}

// personNumber completes nine digits with check digits for a first remainder of r1, independently of the code under
// test; false when there are none.
func personNumber(nine string, r1 int) (string, bool) {
	sum := func(s string, weights ...int) int {
		n := 0
		for i, w := range weights {
			n += w * int(s[i]-'0')
		}
		return n
	}
	for k1 := range 10 {
		if (sum(nine, 3, 7, 6, 1, 8, 9, 4, 5, 2)+k1)%11 != r1 {
			continue
		}
		ten := nine + fmt.Sprint(k1)
		for k2 := range 10 {
			if (sum(ten, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)+k2)%11 == 0 {
				return ten + fmt.Sprint(k2), true
			}
		}
	}
	return "", false
}

// TestNumbersByConstruction builds numbers for every shift, D or not, and remainder.
func TestNumbersByConstruction(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		d, m := rapid.IntRange(1, 28).Draw(rt, "day"), rapid.IntRange(1, 12).Draw(rt, "month")
		foreign := rapid.Bool().Draw(rt, "D-number")
		shift := rapid.SampledFrom([]int{0, 40, 65, 80}).Draw(rt, "shift")
		r1 := rapid.IntRange(0, 10).Draw(rt, "remainder")
		if foreign {
			d += 40
		}
		// Individual numbers of any range: the century is no reason to refuse.
		number, ok := personNumber(fmt.Sprintf("%02d%02d%02d%03d", d, m+shift, rapid.IntRange(0, 99).Draw(rt, "year"), rapid.IntRange(0, 999).Draw(rt, "individual")), r1)
		if !ok {
			return
		}
		id, err := ParseDigitalID(number, NationalID2032, true)
		if (err == nil) != (r1 <= 3) {
			rt.Fatalf("first remainder %d: %v", r1, err)
		}
		if _, err := ParseDigitalID(number, NationalID1964, true); (err == nil) != (r1 == 0) {
			rt.Fatalf("first remainder %d by the rule of 1964: %v", r1, err)
		}
		found := FindNationalIDs("x" + number + ".")
		if want := r1 <= 3; want != slices.Equal(found, []string{number}) {
			rt.Fatalf("first remainder %d: found %d numbers", r1, len(found))
		}
		if err != nil {
			return
		}
		if (id.Kind == IDForeigner) != foreign || id.Synthetic != (shift > 0) || id.Only2032 != (r1 > 0) {
			rt.Fatalf("%+v of day %d, month %d, remainder %d", id, d, m+shift, r1)
		}
		// One digit wrong is always noticed by the second check digit.
		i := rapid.IntRange(0, 10).Draw(rt, "place")
		wrong := []byte(number)
		wrong[i] = '0' + (wrong[i]-'0'+byte(rapid.IntRange(1, 9).Draw(rt, "by")))%10
		if _, err := ParseDigitalID(string(wrong), NationalID2032, true); err == nil {
			rt.Fatalf("digit %d changed and not noticed", i)
		}
	})
}

func TestLeapDays(t *testing.T) {
	t.Parallel()
	for year := range 100 {
		for individual := 100; individual < 110; individual++ {
			number, ok := personNumber(fmt.Sprintf("2902%02d%03d", year, individual), 0)
			if !ok {
				continue
			}
			if _, err := ParseDigitalID(number, NationalIDBoth, false); (err == nil) != (year%4 == 0) {
				t.Errorf("29 February of year %02d: %v", year, err)
			}
		}
	}
}

func TestFindNationalIDs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"":                               nil,
		"fnr 02013299997.":               {"02013299997"},
		"fnr02013299997x":                {"02013299997"},
		"020132 99997 og 30108299920":    {"020132 99997", "30108299920"},
		"020132\u00a099997":              {"020132\u00a099997"},
		"41814061033":                    {"41814061033"},
		"1020132999970":                  nil, // part of a longer number
		"02013299998":                    nil, // check digits
		"020132  99997":                  nil,
		"020132 999970":                  nil,
		"020132":                         nil,
		"020132 ":                        nil,
		"971032146":                      nil, // an organisation is no person
		"1766275200000 000000 02013 ...": nil,
	} {
		if got := FindNationalIDs(text); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func FuzzFindNationalIDs(f *testing.F) {
	for _, s := range []string{"", "02013299997", "020132 99997", "020132\u00a099997 30108299920", "\xff020132\xc2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, found := range FindNationalIDs(s) {
			if n := len(StripSpaces(found)); n != 11 {
				t.Errorf("found a run of %d digits", n)
			}
		}
		if id, err := ParseDigitalID(s, NationalIDBoth, true); err == nil && id.Kind != IDOrganisation && len(s) == 11 {
			if len(FindNationalIDs(s)) != 1 {
				t.Error("a valid number is not found")
			}
		}
	})
}
