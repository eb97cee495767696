package civil

import "strings"

// Period is days, half-open; the zero value is none.
type Period struct{ From, To Date }

// PeriodWords words a half-open period as the command line takes it: 2026-11, or "2026-11-03 to 2026-11-14", both included.
func PeriodWords(from, to Date) string {
	if strings.HasSuffix(string(from), "-01") && strings.HasSuffix(string(to), "-01") && from.AddDays(31).Month() == to.Month() {
		return from.Month()
	}
	return string(from) + " to " + string(to.AddDays(-1))
}

// PeriodText words a half-open period in Norwegian: "01.11.2026–30.11.2026".
func PeriodText(from, to Date) string {
	return from.Norwegian() + "–" + to.AddDays(-1).Norwegian()
}
