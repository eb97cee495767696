package cover

import "testing"

func TestFindIDNumber(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text  string
		found string
	}{
		{"02013299997", "02013299997"}, // numbers of Skatteetaten's own documentation
		{"02013299903", "02013299903"}, // valid only by the rule of 2032
		{"30108299939", "30108299939"},
		{"41814061033", "41814061033"}, // synthetic D-number
		{"Vedtak for 30108299920, skole", "30108299920"},
		{"Vedtak for 301082 99920", "301082 99920"},
		{"barn 301082-99920.", "301082-99920"},
		{"301082  99920", ""}, // text is cleaned before, so two spaces do not come
		{"38850903357", ""},   // day 38 does not exist
		{"26079833787", ""},   // remainder 6
		{"302013299997", ""},  // twelve digits
		{"0201329999", ""},
		{"Gnr. 14 bnr. 2, telefon 55 00 00 00", ""},
		{"1234.56.78903", ""}, // an account number as banks write it
		{"", ""},
	} {
		start, end, found := findIDNumber(tc.text)
		if found != (tc.found != "") || tc.text[start:end] != tc.found {
			t.Errorf("findIDNumber(%q) = %q, want %q", tc.text, tc.text[start:end], tc.found)
		}
	}
	masked, did := maskIDNumbers("Barn 02013299997 og 30108299920")
	if !did || masked != "Barn *********** og ***********" {
		t.Errorf("masked to %q", masked)
	}
}
