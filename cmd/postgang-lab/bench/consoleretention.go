package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"postgang/engine/archive/database"
	"postgang/engine/erase"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// consoleRetention is what erasing the content of letters takes. The archive is one of rows: the removal of documents is not in it.
type consoleRetention struct {
	Letters int     `json:"letters"` // erased
	Wall    float64 `json:"seconds"`
	CPU     float64 `json:"cpu_seconds"`
	// Waited is how long another writer waited at most meanwhile, that writes ten times a second.
	Waited float64 `json:"longest_wait_ms"`
	Done   bool    `json:"done"` // all that was due; else the time was up
	// Nights that ran beside it one after the other, and before it alone, in seconds; each of so many letters.
	NightLetters int       `json:"night_letters,omitempty"`
	Alone        []float64 `json:"nights_alone_seconds,omitempty"`
	Beside       []float64 `json:"nights_beside_seconds,omitempty"`
}

func (r *consoleRetention) table(w io.Writer) {
	rest := "all that was due"
	if !r.Done {
		rest = "until the time was up"
	}
	per := func(seconds float64) float64 { return seconds * 1e6 / float64(max(r.Letters, 1)) }
	fmt.Fprintf(w, "\nThe content of %d letters erased, %s: %.0f s, %.0f s CPU; %.0f and %.0f µs a letter. Another writer waited for %.0f ms at most.\n",
		r.Letters, rest, r.Wall, r.CPU, per(r.Wall), per(r.CPU), r.Waited)
	if r.NightLetters > 0 {
		fmt.Fprintf(w, "Nights of %d letters before it took %.1f s, and %d beside it, whose CPU time is in it, %.1f s (medians).\n",
			r.NightLetters, median(slices.Clone(r.Alone)), len(r.Beside), median(slices.Clone(r.Beside)))
	}
}

// retention erases what is due, for at most so long, while another writes; with letters, beside nights of so many.
func (p *consolePlace) retention(ctx context.Context, most time.Duration, letters int, cpu func() float64) (*consoleRetention, error) {
	erased := func() (n int, err error) {
		counts, err := store.View(ctx, p.app.Archive, func(r store.Reader) ([]store.StatusCount, error) { return r.CountShipments(ctx) })
		for _, c := range counts {
			if c.Status == shipment.StatusSlettet {
				n += c.Count
			}
		}
		return n, err
	}
	before, err := erased()
	if err != nil {
		return nil, err
	}
	r := &consoleRetention{NightLetters: letters}
	var models []consoleModel
	night := func(ctx context.Context) (float64, error) {
		if err := p.due(ctx, models, letters); err != nil {
			return 0, err
		}
		return p.oneNight(ctx, letters)
	}
	if letters > 0 {
		if models, err = p.prepared(ctx); err != nil {
			return nil, err
		}
		if err := p.app.Start(ctx); err != nil {
			return nil, err
		}
		for n := range 4 {
			wall, err := night(ctx)
			if err != nil {
				return nil, err
			}
			if n > 0 { // the first takes what lay there
				r.Alone = append(r.Alone, wall)
			}
		}
	}
	writing, stop := context.WithCancel(ctx)
	waited, failed := make(chan float64, 1), make(chan error, 1)
	go func() {
		longest, err := 0.0, error(nil)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for err == nil && writing.Err() == nil {
			begun := time.Now()
			err = p.app.Archive.InTx(writing, func(tx store.Tx) error { return tx.SetSetting(writing, "bench-retention", begun.String()) })
			longest = max(longest, float64(time.Since(begun).Milliseconds()))
			select {
			case <-writing.Done():
			case <-tick.C:
			}
		}
		waited <- longest
		failed <- err
	}()
	nights := make(chan error, 1)
	go func() {
		var err error
		for letters > 0 && err == nil && writing.Err() == nil {
			var wall float64
			if wall, err = night(ctx); err == nil && writing.Err() == nil {
				r.Beside = append(r.Beside, wall)
			}
		}
		nights <- err
	}()
	limited, cancel := context.WithTimeout(ctx, most)
	start, spent := time.Now(), cpu()
	_, err = p.app.Engine.RunRetention(limited, erase.Options{})
	r.Wall, r.CPU = time.Since(start).Seconds(), cpu()-spent
	r.Done = limited.Err() == nil
	cancel()
	stop()
	r.Waited = <-waited
	if err := <-nights; err != nil {
		return nil, fmt.Errorf("night: %w", err)
	}
	if bad := <-failed; bad != nil && writing.Err() == nil {
		err = errors.Join(err, bad)
	}
	if err != nil && r.Done && !errors.Is(err, database.ErrBusy) {
		return nil, err
	}
	after, err := erased()
	r.Letters = after - before
	return r, err
}
