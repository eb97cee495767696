package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
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
}

func (r *consoleRetention) table(w io.Writer) {
	rest := "all that was due"
	if !r.Done {
		rest = "until the time was up"
	}
	per := func(seconds float64) float64 { return seconds * 1e6 / float64(max(r.Letters, 1)) }
	fmt.Fprintf(w, "\nThe content of %d letters erased, %s: %.0f s, %.0f s CPU; %.0f and %.0f µs a letter. Another writer waited for %.0f ms at most.\n",
		r.Letters, rest, r.Wall, r.CPU, per(r.Wall), per(r.CPU), r.Waited)
}

// retention erases what is due, for at most so long, while another writes.
func (p *consolePlace) retention(ctx context.Context, most time.Duration, cpu func() float64) (*consoleRetention, error) {
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
	r := &consoleRetention{}
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
	limited, cancel := context.WithTimeout(ctx, most)
	start, spent := time.Now(), cpu()
	_, err = p.app.Engine.RunRetention(limited, erase.Options{})
	r.Wall, r.CPU = time.Since(start).Seconds(), cpu()-spent
	r.Done = limited.Err() == nil
	cancel()
	stop()
	r.Waited = <-waited
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
