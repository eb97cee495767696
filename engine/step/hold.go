package step

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"postgang/engine/alarm"
	"postgang/engine/identity"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// heldAlarm is the key of the alarm that stands for all letters of an account that are set aside for a reason.
func heldAlarm(account, code string) string { return AlarmHeld + account + ":" + code }

// AlarmHeld begins the keys of the alarms of what is set aside: then the account, and the reason code.
const AlarmHeld = "held:"

// HeldAlarms are the alarms of what is set aside, by key: one for each account and reason that no alarm of its own stands for.
func HeldAlarms(counts []store.StatusCount) map[string]alarm.Args {
	letters := map[[2]string]int{}
	for _, c := range counts {
		if alarmed(c.Hold) {
			letters[[2]string{c.Account, c.Hold}] += c.Count
		}
	}
	out := map[string]alarm.Args{}
	for of, n := range letters {
		out[heldAlarm(of[0], of[1])] = alarm.Args{"letters": strconv.Itoa(n), "account": of[0], "code": of[1]}
	}
	return out
}

// alarmed reports whether letters that are set aside for a reason have an alarm here: for some reasons there is one of another kind.
func alarmed(code string) bool {
	return code != "" && code != shipment.HoldCost && code != shipment.HoldRestored && code != shipment.HoldRejected
}

// TellHeld has the alarm of what is set aside of an account for a reason say how many that are, in the transaction that changes it.
func TellHeld(ctx context.Context, tx store.Tx, account, code string) error {
	if !alarmed(code) {
		return nil
	}
	counts, err := tx.CountShipments(ctx)
	if err != nil {
		return err
	}
	key := heldAlarm(account, code)
	if args, ok := HeldAlarms(counts)[key]; ok {
		return tx.RaiseAlarm(ctx, key, args)
	}
	return tx.ResolveAlarm(ctx, key)
}

// Aside is a letter that is to be set aside, and why.
type Aside struct {
	Shipment string
	Why      shipment.Refusal
}

// HoldAll sets letters aside, a set of them in one transaction, with one alarm an account and reason; see HoldAllIn.
func (e *Step) HoldAll(ctx context.Context, list []Aside) (int, error) {
	all := 0
	for some := range slices.Chunk(list, e.SetSize) {
		n := 0
		err := e.Archive.InTx(ctx, func(tx store.Tx) (err error) {
			n, err = e.HoldAllIn(ctx, tx, some)
			return err
		})
		if err != nil {
			return all, err
		}
		all += n
		e.Passed("hold: letters set aside")
	}
	return all, nil
}

// HoldAllIn sets letters aside in a transaction that the caller has, and raises their alarms. What is set aside already, was read, closed
// or handed over meanwhile is left alone. It counts the others.
func (e *Step) HoldAllIn(ctx context.Context, tx store.Tx, list []Aside) (int, error) {
	why := map[string]map[string]string{} // by code, then letter
	for _, a := range list {
		if why[a.Why.Code] == nil {
			why[a.Why.Code] = map[string]string{}
		}
		why[a.Why.Code][a.Shipment] = shipment.SetAside(shipment.Shipment{}, tx.Now(), a.Why).Reason
	}
	all := 0
	for _, code := range slices.Sorted(maps.Keys(why)) {
		accounts, err := tx.SetAside(ctx, code, why[code])
		if err != nil {
			return 0, err
		}
		for _, account := range slices.Sorted(maps.Keys(accounts)) {
			all += accounts[account]
			if err := TellHeld(ctx, tx, account, code); err != nil {
				return 0, err
			}
			e.Log.Warn("letters set aside", "account", account, "reason", code, "letters", accounts[account])
		}
	}
	return all, nil
}

// Hold sets a shipment aside with a reason and raises the alarm. It is not collected until released.
func (e *Step) Hold(ctx context.Context, shipment string, why shipment.Refusal) error {
	e.Log.Warn("shipment set aside", "shipment", shipment, "reason", why.Code)
	return e.Archive.InTx(ctx, func(tx store.Tx) error {
		return e.HoldIn(ctx, tx, shipment, why)
	})
}

// HoldIn sets a shipment aside in a transaction that the caller has, and raises its alarm.
func (e *Step) HoldIn(ctx context.Context, tx store.Tx, shipment string, why shipment.Refusal) error {
	s, err := tx.Shipment(ctx, shipment)
	if err != nil {
		return err
	}
	before := s.Hold
	if before == why.Code {
		return nil
	}
	if err := SetAside(ctx, tx, s, why); err != nil {
		return err
	}
	return errors.Join(TellHeld(ctx, tx, s.Account, before), TellHeld(ctx, tx, s.Account, why.Code))
}

// SetAside records that a shipment is not collected until it is released.
func SetAside(ctx context.Context, tx store.Tx, s shipment.Shipment, why shipment.Refusal) error {
	s.Hold = why.Code
	if err := tx.UpdateShipment(ctx, s); err != nil {
		return err
	}
	return tx.AddEvents(ctx, shipment.SetAside(s, tx.Now(), why))
}

var (
	// ErrKeptBack says that a letter is kept back by the cost guard, which only ApproveCost lifts, with a reason.
	ErrKeptBack = errors.New("kept back by the cost guard")
	// ErrNotAside says that a letter is not set aside, or is not any more.
	ErrNotAside = errors.New("is not set aside")
)

// Release lets a shipment that was set aside be collected again. One that the cost guard keeps back is refused with
// ErrKeptBack: a cap that any release lifts would be none. The reason is a person's, and is kept in the history: no personal data.
func (e *Step) Release(ctx context.Context, id, reason string) error {
	if why := identity.BadReason(reason); why != "" {
		return errors.New(why)
	}
	return e.Archive.InTx(ctx, func(tx store.Tx) error {
		s, err := tx.Shipment(ctx, id)
		if err != nil {
			return err
		}
		if s.Hold == "" {
			return fmt.Errorf("shipment %s %w", id, ErrNotAside)
		}
		if s.Hold == shipment.HoldCost {
			return fmt.Errorf("shipment %s is %w; to let it go: postgang guard approve %s --reason TEXT", id, ErrKeptBack, id)
		}
		if s.Hold == shipment.HoldRestored {
			return fmt.Errorf("shipment %s may be with the vendor already. Ask the vendor; when it is not, let it go by postgang recover release %s --reason TEXT", id, id)
		}
		return Release(ctx, tx, s, shipment.Args{"reason": reason})
	})
}

// Release ends that a shipment is set aside, whatever it was set aside for, so that it is not set aside for it again. Its history keeps
// what it was set aside for, and why it is released: "reason", a person's, or "job", in which a vendor has it; nil: nothing.
func Release(ctx context.Context, tx store.Tx, s shipment.Shipment, why shipment.Args) error {
	if err := release(ctx, tx, s, why); err != nil {
		return err
	}
	return TellHeld(ctx, tx, s.Account, s.Hold)
}

// ReleaseAll releases all letters of an account that are set aside for a reason, a set of them in one transaction; of all accounts, when
// none is named. It counts them. What an alarm of another kind stands for is refused: it is let go in its own way.
func (e *Step) ReleaseAll(ctx context.Context, account, code, reason string) (int, error) {
	if why := identity.BadReason(reason); why != "" {
		return 0, errors.New(why)
	}
	switch code {
	case shipment.HoldCost:
		return 0, fmt.Errorf("letters set aside for %s are %w; to let them go: postgang guard approve", code, ErrKeptBack)
	case shipment.HoldRestored:
		return 0, fmt.Errorf("letters set aside for %s may be with the vendor already. Ask the vendor, then postgang recover release", code)
	case shipment.HoldRejected:
		return 0, fmt.Errorf("letters set aside for %s are released with their job: postgang job release", code)
	}
	all, after := 0, ""
	for {
		page, err := store.View(ctx, e.Archive, func(r store.Reader) ([]shipment.Shipment, error) {
			return r.Shipments(ctx, store.ShipmentFilter{Account: account, Hold: code, After: after, Limit: e.SetSize})
		})
		if err != nil || len(page) == 0 {
			return all, err
		}
		after = page[len(page)-1].ID
		n := 0
		err = e.Archive.InTx(ctx, func(tx store.Tx) error {
			n = 0
			accounts := map[string]bool{}
			for _, s := range page {
				s, err := tx.Shipment(ctx, s.ID)
				if err != nil {
					return err
				}
				if s.Hold != code {
					continue // released, read or stopped meanwhile
				}
				if err := release(ctx, tx, s, shipment.Args{"reason": reason}); err != nil {
					return err
				}
				accounts[s.Account] = true
				n++
			}
			for _, account := range slices.Sorted(maps.Keys(accounts)) {
				if err := TellHeld(ctx, tx, account, code); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return all, err
		}
		all += n
		e.Passed("release: letters released")
	}
}

func release(ctx context.Context, tx store.Tx, s shipment.Shipment, why shipment.Args) error {
	code := s.Hold
	s.Hold = ""
	switch code {
	case shipment.HoldWindow:
		s.DueAt = tx.Now()
	case shipment.HoldCost:
		s.CostApprovedAt = tx.Now()
	}
	if err := tx.UpdateShipment(ctx, s); err != nil {
		return err
	}
	reason := code
	if why != nil {
		reason = shipment.Note{Code: code, Args: why}.String()
	}
	return tx.AddEvents(ctx, shipment.Event{Shipment: s.ID, At: tx.Now(), Kind: shipment.EventReleased, From: s.Status, To: s.Status, Reason: reason})
}
