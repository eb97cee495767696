package collect

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/sourcegraph/conc/pool"

	"postgang/engine/calendar"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs"
)

// Collected tells what one night's collecting did.
type Collected struct {
	Letters  int                     // put into print jobs
	Jobs     []string                // the jobs' ids
	SetAside int                     // letters that no job can take, held with their reason
	Digital  int                     // only digital, deadline passed unread: SENDT_DIGITALT
	Reasons  map[shipment.Reason]int // why the letters go to paper
	// Unheard counts the letters that are due and wait for a channel to say whether they were read, by channel.
	Unheard map[string]int
}

// Add counts another round of collecting. A letter that was collected twice, because its first job was withdrawn, counts
// in both rounds.
func (c *Collected) Add(o Collected) {
	c.Letters += o.Letters
	c.Jobs = append(c.Jobs, o.Jobs...)
	c.SetAside += o.SetAside
	c.Digital += o.Digital
	for r, n := range o.Reasons {
		c.Reasons[r] += n
	}
	c.Unheard = o.Unheard // they are looked at anew each round
}

// Collect picks what is due, plans it into print jobs and has them composed in the background. A job is recorded in one transaction, or
// set by set when it has many letters; when collecting is cut short, what is planned stays planned and the rest is still due, or due
// again as soon as this is called once more. One process at a time does it: RunNight has the lock.
func (e *Collector) Collect(ctx context.Context) (Collected, error) {
	out := Collected{Reasons: map[shipment.Reason]int{}, Unheard: map[string]int{}}
	if err := e.takeBackPlanning(ctx); err != nil { // before what it would have cost is counted
		return out, fmt.Errorf("collect: %w", err)
	}
	if err := e.FreeAll(ctx); err != nil {
		return out, fmt.Errorf("collect: %w", err)
	}
	n, err := e.expireDigital(ctx)
	if err != nil {
		return out, fmt.Errorf("collect: %w", err)
	}
	out.Digital = n
	if err := e.DueNow(ctx); err != nil {
		return out, fmt.Errorf("collect: %w", err)
	}
	// Which vendor prints and what a day may cost is decided here, see step.Terms.
	terms, err := e.Terms(ctx)
	if err != nil {
		return out, fmt.Errorf("collect: %w", err)
	}
	sum, err := e.spentToday(ctx, terms)
	if err != nil {
		return out, fmt.Errorf("collect: %w", err)
	}
	if err := e.restored.CheckVendors(ctx); err != nil {
		return out, fmt.Errorf("collect: %w", err)
	}
	stopped, err := e.restored.Stopped(ctx)
	if err != nil {
		return out, fmt.Errorf("collect: %w", err)
	}
	for _, key := range e.VendorKeys {
		if stopped[key] {
			continue // its letters stay due: jobs planned now would take ids that others may have had
		}
		if err := e.collectVendor(ctx, e.Vendors[key], terms, sum, &out); err != nil {
			return out, fmt.Errorf("collect for vendor %s: %w", key, err)
		}
	}
	e.Log.Info("collected", "letters", out.Letters, "jobs", len(out.Jobs), "set_aside", out.SetAside, "digital_only_expired", out.Digital, "unheard", out.Unheard)
	return out, nil
}

// expireDigital closes shipments that are only digital and were not read in time: SENDT_DIGITALT, never print.
func (e *Collector) expireDigital(ctx context.Context) (int, error) {
	n, after := 0, ""
	terms, err := e.Terms(ctx)
	if err != nil {
		return 0, err
	}
	for {
		page, err := store.View(ctx, e.Archive, func(r store.Reader) ([]shipment.Shipment, error) {
			return r.Shipments(ctx, store.ShipmentFilter{Statuses: []shipment.Status{shipment.StatusAkseptert, shipment.StatusVarslet}, DigitalOnly: true, After: after, Limit: store.Page})
		})
		if err != nil || len(page) == 0 {
			return n, err
		}
		after = page[len(page)-1].ID
		var expired []shipment.Shipment
		for _, s := range page {
			account, known := terms.Letter(s)
			_, ev, ok := shipment.ExpireDigitalOnly(s, account.Rules, e.Now())
			if ok && known { // of an account that is not configured any more the deadline is not known
				s.DueAt = ev.At // they have none of their own, since they never go to paper
				expired = append(expired, s)
			}
		}
		unheard, err := e.channels.Unheard(ctx, expired)
		if err != nil {
			return n, err
		}
		expired = slices.DeleteFunc(expired, func(s shipment.Shipment) bool { // it may have been read
			return unheard[s.ID] != "" && e.Now().Sub(s.DueAt) <= channelPatience
		})
		for set := range slices.Chunk(expired, e.SetSize) {
			closed, err := e.closeExpired(ctx, terms, set)
			if n += closed; err != nil {
				return n, err
			}
		}
	}
}

// closeExpired closes a set of letters in one transaction, and counts them. When one of them was read just now each is closed by itself;
// that one is looked at again next time.
func (e *Collector) closeExpired(ctx context.Context, terms *step.Terms, set []shipment.Shipment) (n int, err error) {
	err = e.Archive.InTx(ctx, func(tx store.Tx) error {
		events := make([]shipment.Event, len(set))
		for i, s := range set {
			account, _ := terms.Letter(s)
			changed, ev, _ := shipment.ExpireDigitalOnly(s, account.Rules, e.Now())
			events[i] = ev
			if err := tx.UpdateShipment(ctx, changed); err != nil {
				return err
			}
		}
		return tx.AddEvents(ctx, events...)
	})
	switch {
	case err == nil:
		return len(set), nil
	case !errors.Is(err, store.ErrStale):
		return 0, err
	case len(set) == 1:
		return 0, nil
	}
	for _, s := range set {
		closed, err := e.closeExpired(ctx, terms, []shipment.Shipment{s})
		if n += closed; err != nil {
			return n, err
		}
	}
	return n, nil
}

// dueLetter is what of a due letter is known while it is planned.
type dueLetter struct {
	at       int64 // since when it is due, in milliseconds since 1970
	reason   uint8 // why it goes to paper: its place in shipment.Reasons, and one more; 0: none that is known
	approved bool  // a person has approved its cost
}

// dueReasons are the reasons of letters by what dueLetter keeps.
var dueReasons = append([]shipment.Reason{""}, shipment.Reasons()...)

// night is what is due for a vendor, planned.
type night = printjobs.Planner[dueLetter]

// Asides are letters that no job can take.
func Asides(list []printjobs.SetAside) []step.Aside {
	out := make([]step.Aside, len(list))
	for i, a := range list {
		out[i] = step.Aside{Shipment: a.Shipment, Why: shipment.Refusal{Code: a.Code, Args: shipment.Args(a.Args)}}
	}
	return out
}

// dueLetters reads what is due for a vendor page by page, and plans it. look sees every page, and leaves out what is not to be planned.
// aside gets, of each page, the letters that no job can take.
func (e *Collector) dueLetters(ctx context.Context, v party.Vendor, terms *step.Terms, look func([]shipment.Shipment) ([]shipment.Shipment, error), aside func([]printjobs.SetAside) error) (planned *night, err error) {
	if planned, err = printjobs.NewPlanner[dueLetter](v.Profile); err != nil {
		return nil, err
	}
	var accounts []string
	for _, key := range e.AccountKeys {
		if terms.Vendor(key).Key == v.Key {
			accounts = append(accounts, key)
		}
	}
	if len(accounts) == 0 {
		return planned, nil
	}
	for after := ""; ; {
		page, err := store.View(ctx, e.Archive, func(r store.Reader) ([]shipment.Shipment, error) {
			return r.Due(ctx, e.Now(), accounts, after, store.Page)
		})
		if err != nil {
			return nil, err
		}
		read := len(page)
		if read > 0 {
			after = page[read-1].ID
		}
		fit, err := look(page)
		if err != nil {
			return nil, err
		}
		var none []printjobs.SetAside
		for _, s := range fit {
			why, err := planned.Add(e.accept.Candidate(s), dueLetter{s.DueAt.UnixMilli(), uint8(max(0, slices.Index(dueReasons, s.DueReason))), !s.CostApprovedAt.IsZero()})
			if err != nil {
				return nil, err
			}
			if why != nil {
				none = append(none, *why)
			}
		}
		if err := aside(none); err != nil {
			return nil, err
		}
		if read < store.Page {
			return planned, nil
		}
	}
}

func (e *Collector) collectVendor(ctx context.Context, v party.Vendor, terms *step.Terms, sum *spent, out *Collected) error {
	planned, err := e.dueLetters(ctx, v, terms, func(page []shipment.Shipment) ([]shipment.Shipment, error) {
		page, old, err := e.setAsideOld(ctx, v, page)
		if err != nil {
			return nil, err
		}
		out.SetAside += old
		page, high, err := e.setAsideLevel4(ctx, v, page)
		if err != nil {
			return nil, err
		}
		out.SetAside += high
		page, silent, err := e.waitForChannels(ctx, page, out.Unheard)
		if err != nil {
			return nil, err
		}
		out.SetAside += silent
		return e.renewStale(ctx, page, v, terms)
	}, func(none []printjobs.SetAside) error {
		n, err := e.HoldAll(ctx, Asides(none))
		out.SetAside += n
		return err
	})
	if err != nil {
		return err
	}
	n, err := e.keepBack(ctx, v, planned, terms, sum)
	if err != nil {
		return err
	}
	out.SetAside += n
	for p, due := range planned.Jobs() {
		reasons := make([]shipment.Reason, len(due))
		for i, d := range due {
			reasons[i] = dueReasons[d.reason]
		}
		id, in, err := e.insertJob(ctx, JobSpec{Vendor: v.Key, Class: p.Class, Letters: p.Letters, Reasons: reasons})
		if errors.Is(err, store.ErrExists) || errors.Is(err, errTakenBack) {
			continue // another run put one of these letters into a job; the rest is still due next time
		}
		if err != nil {
			return err
		}
		if id == "" {
			continue // none of them may be collected any more
		}
		out.Jobs = append(out.Jobs, id)
		out.Letters += len(in)
		for _, r := range in {
			out.Reasons[r]++
		}
		e.Passed("collect: job planned")
	}
	return nil
}

// renewStale makes anew the print-ready files that were made by other rules than those of today, side by side, and
// leaves out the letters that have none under these. One that cannot be made for a reason of ours keeps no other back: it
// is alarmed and stays due.
func (e *Collector) renewStale(ctx context.Context, page []shipment.Shipment, v party.Vendor, terms *step.Terms) ([]shipment.Shipment, error) {
	left := make([]bool, len(page))
	work := pool.New().WithMaxGoroutines(runtime.NumCPU()).WithErrors().WithContext(ctx)
	for i := range page {
		if !e.accept.Stale(page[i], v) {
			continue
		}
		work.Go(func(ctx context.Context) error {
			renewed, ok, err := e.accept.Renew(ctx, page[i], terms)
			if err != nil {
				left[i] = true
				return e.accept.AlarmNotRenewed(ctx, page[i].ID, err)
			}
			page[i], left[i] = renewed, !ok
			return nil
		})
	}
	if err := work.Wait(); err != nil {
		return nil, err
	}
	fit := page[:0]
	for i, s := range page {
		if !left[i] {
			fit = append(fit, s)
		}
	}
	return fit, ctx.Err()
}

// setAsideOld sets aside the letters that have been due for longer than the vendor's print window, and gives the others.
func (e *Collector) setAsideOld(ctx context.Context, v party.Vendor, letters []shipment.Shipment) (fit []shipment.Shipment, aside int, err error) {
	fit = letters[:0]
	var old []step.Aside
	for _, s := range letters {
		if e.Now().Sub(s.DueAt) <= v.PrintLimit() {
			fit = append(fit, s)
			continue
		}
		old = append(old, step.Aside{Shipment: s.ID, Why: shipment.Refusal{Code: shipment.HoldWindow, Args: shipment.Args{"date": calendar.DayOf(s.DueAt).String()}}})
	}
	aside, err = e.HoldAll(ctx, old)
	return fit, aside, err
}

// setAsideLevel4 sets aside, of letters for a vendor of manual print, those whose pages nobody may see, and gives the others.
func (e *Collector) setAsideLevel4(ctx context.Context, v party.Vendor, letters []shipment.Shipment) (fit []shipment.Shipment, aside int, err error) {
	fit = letters[:0]
	var barred []step.Aside
	for _, s := range letters {
		if !v.Bars(s) {
			fit = append(fit, s)
			continue
		}
		barred = append(barred, step.Aside{Shipment: s.ID, Why: v.WhyBarred()})
	}
	aside, err = e.HoldAll(ctx, barred)
	return fit, aside, err
}

// channelPatience is for how long letters that are due wait for a channel to say whether they were read, before a person is
// asked to decide.
const channelPatience = 3 * 24 * time.Hour

// waitForChannels leaves out the letters that may have been read without our knowing, and counts them by channel. They stay due. One
// that has waited for too long is set aside instead; it goes when a person lets it.
func (e *Collector) waitForChannels(ctx context.Context, letters []shipment.Shipment, waits map[string]int) (fit []shipment.Shipment, aside int, err error) {
	unheard, err := e.channels.Unheard(ctx, letters)
	if err != nil || len(unheard) == 0 {
		return letters, 0, err
	}
	released, err := e.letGoUnheard(ctx, letters, unheard)
	if err != nil {
		return nil, 0, err
	}
	fit = letters[:0]
	var silent []step.Aside
	for _, s := range letters {
		channel := unheard[s.ID]
		if channel == "" {
			fit = append(fit, s)
			continue
		}
		if e.Now().Sub(s.DueAt) <= channelPatience {
			waits[channel]++
			continue
		}
		if released[s.ID] {
			fit = append(fit, s)
			continue
		}
		why := shipment.Refusal{Code: shipment.HoldUnheard, Args: shipment.Args{"date": calendar.DayOf(s.DueAt).String(), "channel": channel}}
		silent = append(silent, step.Aside{Shipment: s.ID, Why: why})
	}
	aside, err = e.HoldAll(ctx, silent)
	return fit, aside, err
}

// letGoUnheard tells which of those letters whose channel is silent, and has been for too long, a person has let go to paper all the same.
func (e *Collector) letGoUnheard(ctx context.Context, letters []shipment.Shipment, unheard map[string]string) (map[string]bool, error) {
	due := map[string]time.Time{}
	for _, s := range letters {
		if unheard[s.ID] != "" && e.Now().Sub(s.DueAt) > channelPatience {
			due[s.ID] = s.DueAt
		}
	}
	released := map[string]bool{}
	for some := range slices.Chunk(slices.Sorted(maps.Keys(due)), e.SetSize) {
		history, err := store.View(ctx, e.Archive, func(r store.Reader) ([]shipment.Event, error) { return r.History(ctx, some...) })
		if err != nil {
			return nil, err
		}
		for _, ev := range history {
			if ev.Kind == shipment.EventReleased && strings.HasPrefix(ev.Reason, shipment.HoldUnheard) && !ev.At.Before(due[ev.Shipment]) {
				released[ev.Shipment] = true
			}
		}
	}
	return released, nil
}
