package jobs

import (
	"context"
	"slices"
	"strconv"
	"time"

	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
)

// UntilOffer is how long until a job may be offered, by its vendor's window and limits; 0: now.
func (e *Jobs) UntilOffer(ctx context.Context, j store.PrintJob) (time.Duration, error) {
	if j.State.Uncomposed() || j.State == store.JobOffering {
		return 0, nil // it is composed meanwhile, or handed over
	}
	v := e.Vendors[j.Vendor]
	rate, err := e.untilRate(ctx, v, j)
	return max(e.untilWindow(v), rate), err
}

// untilRate is how long until a job may be offered by its vendor's limits; 0: now. A job past the last gate is not kept.
func (e *Jobs) untilRate(ctx context.Context, v party.Vendor, j store.PrintJob) (time.Duration, error) {
	if v.LettersPerHour == 0 && v.LettersPerDay == 0 || j.State == store.JobCommitted {
		return 0, nil
	}
	now := e.Now()
	offered, err := store.View(ctx, e.Archive, func(r store.Reader) ([]store.PrintJob, error) {
		return r.Jobs(ctx, store.JobFilter{Vendor: v.Key, OfferedSince: now.Add(-party.DayLong)})
	})
	if err != nil {
		return 0, err
	}
	slices.SortFunc(offered, func(a, b store.PrintJob) int { return a.OfferedAt.Compare(b.OfferedAt) })
	return max(rateWait(v.LettersPerHour, time.Hour, offered, j.Letters, now), rateWait(v.LettersPerDay, party.DayLong, offered, j.Letters, now)), nil
}

// rateWait is how long until n more letters keep a limit in every period, after what was offered, oldest first. limit 0:
// none.
func rateWait(limit int, period time.Duration, offered []store.PrintJob, n int, now time.Time) time.Duration {
	if limit == 0 {
		return 0
	}
	sum := 0
	for _, j := range offered {
		if j.OfferedAt.After(now.Add(-period)) {
			sum += j.Letters
		}
	}
	for _, j := range offered {
		if !j.OfferedAt.After(now.Add(-period)) {
			continue
		}
		if sum+n <= limit {
			return 0
		}
		// This one has to be past. One that lies ahead was offered while the clock was.
		if sum -= j.Letters; sum == 0 || sum+n <= limit {
			return min(j.OfferedAt.Add(period).Sub(now), period)
		}
	}
	return 0
}

// tooOld reports whether a job that is not past the last gate has waited longer than its vendor's print window.
func (e *Jobs) tooOld(j store.PrintJob) bool {
	return (j.State == store.JobComposed || j.State == store.JobUploaded) && e.Now().Sub(j.Created) > e.Vendors[j.Vendor].PrintLimit()
}

// expire takes back a job that is too old. Its letters are due again, and older than the print window: they are set aside
// when they are collected, and a person releases them.
func (e *Jobs) expire(ctx context.Context, side step.VendorSide, j store.PrintJob, files []store.JobFile) error {
	if err := side.Withdraw(ctx, j.ID, fileNames(files)); err != nil {
		return err
	}
	e.Passed("offer: old files withdrawn")
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		now, err := tx.Job(ctx, j.ID)
		if err != nil || now.State != j.State {
			return err
		}
		days := int(e.Vendors[j.Vendor].PrintLimit() / party.DayLong)
		why := Ending{Code: "window", Args: shipment.Args{"days": strconv.Itoa(days)}}
		if now.Reprint {
			return e.EndReprint(ctx, tx, j.ID, why)
		}
		if _, err := e.DropUngated(ctx, tx, j.ID); err != nil {
			return err
		}
		return e.collect.Withdraw(ctx, tx, now, why.Note())
	})
	if err == nil {
		err = e.collect.Free(ctx, j.ID)
	}
	if err == nil {
		e.Log.Error("job is too old and not handed over", "job", j.ID, "vendor", j.Vendor, "created", j.Created)
		e.Passed("offer: too old")
	}
	return err
}
