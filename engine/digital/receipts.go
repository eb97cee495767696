package digital

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"postgang/engine/alarm"
	"postgang/engine/channel"
	"postgang/engine/digital/dpi"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// NameDPI is what the archive calls digital mailboxes.
const NameDPI = "dpi"

// ReceiptSource is where receipts of digital mailboxes come from: [*dpi.Corner2] or [*dpi.EFormidling].
type ReceiptSource interface {
	Fetch(ctx context.Context, take dpi.Taker) (dpi.Fetched, error)
	Check(ctx context.Context) error
}

// NamedSource is a source with its name, for alarms: "dpi-" and more.
type NamedSource struct {
	Name string
	ReceiptSource
}

// TakeMailboxReceipts takes the receipts that wait at all sources. A source that does not answer is alarmed and stops no other; the
// error is the archive's alone. A receipt is acknowledged only after it is booked, and booked once however often it comes.
func (e *Channels) TakeMailboxReceipts(ctx context.Context) error {
	for _, s := range e.sources {
		within, cancel := context.WithTimeout(ctx, patience)
		var ours error // of the archive: it is no fault of the source
		f, failed := s.Fetch(within, func(ctx context.Context, r dpi.Receipt) error {
			err := e.takeReceipt(ctx, r)
			if err != nil && !errors.Is(err, dpi.ErrNotOurs) {
				ours = err
			}
			return err
		})
		cancel()
		if ours != nil {
			return ours
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if f.Taken > 0 || f.Unread > 0 {
			e.Log.Info("receipts of digital mailboxes", "source", s.Name, "taken", f.Taken, "others", f.NotOurs, "unread", f.Unread)
		}
		if failed == nil && f.Unread > 0 {
			failed = errUnread
		}
		if err := e.alarmSource(ctx, s.Name, failed); err != nil {
			return err
		}
	}
	return nil
}

var errUnread = errors.New("it holds receipts that cannot be read; they are left there, and a person must look")

// takeReceipt books a receipt of a letter of ours: its event, if it has one, and that it came.
func (e *Channels) takeReceipt(ctx context.Context, r dpi.Receipt) error {
	s, err := e.shipmentOf(ctx, r)
	if err != nil {
		return err
	}
	if kind, ok := r.Event(); ok {
		err := e.accept.Event(ctx, shipment.DigitalEvent{Shipment: s.ID, Kind: kind, At: r.At, Key: r.Key(), Reason: r.Cause()})
		if errors.Is(err, shipment.ErrDigitalEvent) {
			e.Log.Error("what a receipt says cannot be so", "shipment", s.ID, "kind", string(r.Kind), "error", err)
		} else if err != nil {
			return err
		}
	}
	return e.Archive.InTx(ctx, func(tx store.Tx) error { return recordReceipt(ctx, tx, s.ID, r) })
}

// shipmentOf finds whose receipt it is: the message or conversation has our id, or a case system's own id as the sender's
// reference of exactly one letter.
func (e *Channels) shipmentOf(ctx context.Context, r dpi.Receipt) (shipment.Shipment, error) {
	return store.View(ctx, e.Archive, func(rd store.Reader) (shipment.Shipment, error) {
		for _, ref := range r.References() {
			s, err := rd.Shipment(ctx, ref)
			if !errors.Is(err, store.ErrNotFound) {
				return s, err
			}
		}
		for _, ref := range r.References() {
			var found []shipment.Shipment
			for _, account := range e.AccountKeys {
				some, err := rd.Shipments(ctx, store.ShipmentFilter{Account: account, Reference: ref, Limit: 2})
				if err != nil {
					return shipment.Shipment{}, err
				}
				found = append(found, some...)
			}
			if len(found) == 1 {
				return found[0], nil
			}
		}
		return shipment.Shipment{}, dpi.ErrNotOurs
	})
}

// keptReceipt is one receipt as the archive keeps it.
type keptReceipt struct {
	Kind dpi.Kind `json:"kvittering"`
	At   string   `json:"tidspunkt"`
}

// recordReceipt adds a receipt to those of the letter, each kind and time once.
func recordReceipt(ctx context.Context, tx store.Tx, id string, r dpi.Receipt) error {
	cases, err := tx.ChannelCases(ctx, id)
	if err != nil {
		return err
	}
	c := channel.Case{Shipment: id, Channel: NameDPI, Reference: r.References()[0]}
	if i := slices.IndexFunc(cases, func(c channel.Case) bool { return c.Channel == NameDPI }); i >= 0 {
		c = cases[i]
	}
	var list []keptReceipt
	if len(c.Answer) > 0 {
		if err := json.Unmarshal(c.Answer, &list); err != nil {
			return err
		}
	}
	one := keptReceipt{r.Kind, r.At.UTC().Format("2006-01-02T15:04:05Z")}
	const most = 50 // a letter has a handful
	if slices.Contains(list, one) || len(list) >= most {
		return nil
	}
	list = append(list, one)
	if c.Answer, err = json.Marshal(list); err != nil {
		return err
	}
	c.State, c.AskedAt = strings.ToUpper(string(r.Kind)), tx.Now()
	return tx.SetChannelCases(ctx, c)
}

func (e *Channels) isSource(name string) bool {
	return slices.ContainsFunc(e.sources, func(s NamedSource) bool { return s.Name == name })
}

// CheckSources tries every source of receipts.
func (e *Channels) CheckSources(ctx context.Context) []Checked {
	var out []Checked
	for _, s := range e.sources {
		out = append(out, Checked{Channel: s.Name, Err: s.Check(ctx)})
	}
	return out
}

// alarmSource opens the alarm of a source that failed, and ends that of one that did not.
func (e *Channels) alarmSource(ctx context.Context, name string, failed error) error {
	key := alarmChannel + name
	if failed != nil {
		e.Log.Error("receipts do not come", "source", name, "error", failed)
		return e.Archive.InTx(ctx, func(tx store.Tx) error {
			return tx.RaiseAlarm(ctx, key, alarm.Args{"channel": name, "why": failed.Error()})
		})
	}
	open, err := e.alarmed(ctx, name)
	if err != nil || !open {
		return err
	}
	return e.Archive.InTx(ctx, func(tx store.Tx) error { return tx.ResolveAlarm(ctx, key) })
}
