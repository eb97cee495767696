package cover

import "testing"

func TestCountryLine(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in, want string
		known    bool
	}{
		{"", "", true}, {"NO", "", true}, {"Norge", "", true}, {"norway", "", true}, {"Noreg", "", true}, {"Norgga", "", true}, {"SJ", "", true}, {"Svalbard", "", true},
		{"Sverige", "SVERIGE", true}, {"SE", "SVERIGE", true}, {"Sweden", "SVERIGE", true}, {" se ", "SVERIGE", true},
		{"Germany", "TYSKLAND", true}, {"Deutschland", "TYSKLAND", true}, {"US", "USA", true}, {"United States", "USA", true},
		{"CZ", "TSJEKKIA", true}, // a Danish table would say Tjekkiet
		{"Österreich", "ØSTERRIKE", true}, {"Færøyene", "FÆRØYENE", true},
		{"Langtbortistan", "LANGTBORTISTAN", false},
	} {
		if got, known := countryLine(tc.in); got != tc.want || known != tc.known {
			t.Errorf("countryLine(%q) = %q, %v; want %q, %v", tc.in, got, known, tc.want, tc.known)
		}
	}
}
