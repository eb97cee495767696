package visit

import "testing"

func TestCellText(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{"=1+1": "'=1+1", "": "", "0412": "0412"} {
		if got := Cell(s); got != want {
			t.Errorf("%q: %q", s, got)
		}
	}
}
