package forecast

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"postgang/engine/calendar"
)

// Watcher tells whose usual work has not come. It looks at what came until yesterday once a day: that does not change any more. The zero
// Watcher is ready, and may be used by several at once.
type Watcher struct {
	mu    sync.Mutex
	day   calendar.Day
	usual []Usual
}

// Missing gives whose usual work has not come by now, one an account.
func (w *Watcher) Missing(ctx context.Context, r Reader, now time.Time) ([]Missing, error) {
	day := calendar.DayOf(now)
	usual, err := w.on(ctx, r, day)
	if err != nil || len(usual) == 0 {
		return nil, err
	}
	today, err := r.Arrivals(ctx, day.Start(), day.Add(1).Start())
	if err != nil {
		return nil, err
	}
	return Of(usual, today, now), nil
}

// Kept gives what usually comes on a day as another process can take it (Take), in place of looking at more than a year of hours itself.
// "" when this process has not looked on that day.
func (w *Watcher) Kept(day calendar.Day) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.day != day {
		return "", nil
	}
	text, err := json.Marshal(kept{rulesVersion, day, w.usual})
	return string(text), err
}

// Take takes what another process found on a day (Kept), and reports whether it could: it is of that day and of the same rules.
func (w *Watcher) Take(day calendar.Day, text string) bool {
	var k kept
	if json.Unmarshal([]byte(text), &k) != nil || k.Rules != rulesVersion || k.Day != day {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.day, w.usual = k.Day, k.Usual
	return true
}

// Knows reports whether it need not look back for a day any more.
func (w *Watcher) Knows(day calendar.Day) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.day == day
}

// kept is what is usual on a day, as text.
type kept struct {
	Rules int
	Day   calendar.Day
	Usual []Usual
}

// rulesVersion changes with the rules of On, so that nobody goes by what a program with others found on the same day.
const rulesVersion = 1

func (w *Watcher) on(ctx context.Context, r Reader, day calendar.Day) ([]Usual, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.day == day {
		return w.usual, nil
	}
	var before []Arrival
	if Ordinary(day) {
		var err error
		if before, err = r.Arrivals(ctx, day.Add(-HistoryDays).Start(), day.Start()); err != nil {
			return nil, err
		}
	}
	w.day, w.usual = day, On(day, before)
	return w.usual, nil
}
