package receipts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"postgang/billing/civil"
	"postgang/billing/receipt"
	"postgang/engine/alarm"
	"postgang/engine/calendar"
	"postgang/engine/identity"
	"postgang/engine/jobs"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/engine/words"
)

// ManualConfirmation says that letters of a job of manual print are posted.
type ManualConfirmation struct {
	Job     string
	Letters []shipment.Range // by their numbers in the job; none: all that are not confirmed
	Posted  time.Time        // when
	By      string           // who says so, as the history shows it; empty: the person of the context
}

// ConfirmManual books the receipts of letters that were printed and posted here: pages, sheets and weight as sent, and the
// cost by the price list (no cost when the vendor has none). Letters that are confirmed already are left alone, so that
// doing it again changes nothing. Rows is the number of letters that it booked.
func (e *Receipts) ConfirmManual(ctx context.Context, c ManualConfirmation) (Imported, error) {
	var out Imported
	if err := jobs.ByPerson(ctx, c.By); err != nil {
		return out, fmt.Errorf("confirm %s: %w", c.Job, err)
	}
	j, err := e.jobs.ManualJob(ctx, c.Job)
	if err != nil {
		return out, err
	}
	held, release, err := e.Archive.Lock(ctx, "receipts-"+j.Vendor)
	if err != nil {
		return out, fmt.Errorf("confirm %s: %w", c.Job, err)
	}
	defer release()
	half, err := e.bookHalf(held, j.Vendor) // else it would confirm letters again that are in a file half applied
	if err != nil {
		return out, step.Lost(held, err)
	}
	if err := e.jobs.FinishOffer(held, c.Job); err != nil {
		return out, step.Lost(held, err)
	}
	rows, err := e.manualReceipts(held, c)
	if err == nil && len(rows) == 0 && len(half) > 0 {
		return half[len(half)-1], nil // what it was to confirm
	}
	if err != nil || len(rows) == 0 {
		return out, step.Lost(held, err)
	}
	data, err := receipt.Encode(rows, e.Vendors[j.Vendor].Receipts)
	if err != nil {
		return out, fmt.Errorf("confirm %s: %w", c.Job, err)
	}
	name := fmt.Sprintf("manuell_%s_%s.csv", e.Now().Format("20060102T150405"), c.Job)
	out, err = e.importReceipts(held, j.Vendor, name, data, after{Job: c.Job, Note: posted(len(rows), c)})
	if err == nil {
		e.Passed("manual: confirmed")
	}
	return out, step.Lost(held, err)
}

// posted is what the history keeps of a confirmation.
func posted(letters int, c ManualConfirmation) shipment.Note {
	if c.By == "" {
		return shipment.Note{Code: "posted", Args: shipment.Args{"letters": strconv.Itoa(letters), "at": alarm.TimeArg(c.Posted)}}
	}
	return shipment.Note{Code: "posted", Args: shipment.Args{"letters": strconv.Itoa(letters), "at": alarm.TimeArg(c.Posted), "by": c.By}}
}

// manualReceipts makes the receipt rows of a confirmation.
func (e *Receipts) manualReceipts(ctx context.Context, c ManualConfirmation) ([]receipt.Row, error) {
	return store.View(ctx, e.Archive, func(r store.Reader) ([]receipt.Row, error) {
		j, err := r.Job(ctx, c.Job)
		if err != nil {
			return nil, err
		}
		if err := jobs.NotElsewhere(ctx, r, j); err != nil {
			return nil, err
		}
		posted := c.Posted.UTC().Truncate(time.Second)
		switch {
		case j.State == store.JobClosed:
			return nil, nil
		case j.State != store.JobOffered && j.State != store.JobAccepted:
			return nil, &words.Refused{Note: shipment.Note{Code: "manual-unasked", Args: shipment.Args{"job": j.ID, "state": string(j.State)}}}
		case posted.After(e.Now()):
			return nil, fmt.Errorf("job %s: a letter cannot be confirmed before it is posted, and %s lies ahead", j.ID, calendar.ClockOf(posted))
		case posted.Before(j.OfferedAt.Truncate(time.Second)):
			return nil, fmt.Errorf("job %s was given out at %s, and cannot have been posted at %s", j.ID, calendar.ClockOf(j.OfferedAt), calendar.ClockOf(posted))
		}
		letters, err := r.JobLetters(ctx, j.ID)
		if err != nil {
			return nil, err
		}
		for _, n := range c.Letters {
			if n.From < 1 || n.To < n.From || n.To > len(letters) {
				return nil, fmt.Errorf("letters %d-%d: job %s has letters 1 to %d", n.From, n.To, j.ID, len(letters))
			}
		}
		var rows []receipt.Row
		for _, l := range letters {
			if len(c.Letters) > 0 && !slices.ContainsFunc(c.Letters, func(n shipment.Range) bool { return n.Has(l.Letter) }) {
				continue
			}
			_, err := r.AppliedReceipt(ctx, j.ID, l.Shipment)
			if err == nil {
				continue
			}
			if !errors.Is(err, store.ErrNotFound) {
				return nil, err
			}
			row, err := e.manualReceipt(ctx, r, l, posted, e.Vendors[j.Vendor])
			if err != nil {
				return nil, err
			}
			rows = append(rows, row)
		}
		return rows, nil
	})
}

func (e *Receipts) manualReceipt(ctx context.Context, r store.Reader, l store.JobLetter, posted time.Time, v party.Vendor) (receipt.Row, error) {
	row := receipt.Row{
		Job: l.Job, Shipment: l.Shipment, PrintID: identity.ManualPrintID, PostedAt: posted, PagesBW: l.PagesBW, PagesColour: l.PagesColour,
		EnvelopesManual: 1, ExtraSheetsManual: l.Sheets - 1, WeightGram: l.WeightGram, Konteringskode: l.Konteringskode,
	}
	if v.Prices == nil {
		return row, nil
	}
	s, err := r.Shipment(ctx, l.Shipment)
	if err != nil {
		return row, fmt.Errorf("letter %d of job %s: %w", l.Letter, l.Job, err)
	}
	quote, err := v.Prices.Quote(e.accept.PricedLetter(s.Account, s.Zone, l, v), civil.Of(posted, calendar.Oslo))
	row.Production, row.Postage = quote.Production, quote.Postage
	if err != nil {
		return row, &words.Refused{Note: shipment.Note{Code: "manual-price", Args: shipment.Args{"letter": strconv.Itoa(l.Letter), "job": l.Job, "vendor": v.Key}}, Err: err}
	}
	return row, nil
}
