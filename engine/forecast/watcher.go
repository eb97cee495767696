package forecast

import (
	"context"
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
