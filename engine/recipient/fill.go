package recipient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"postgang/engine/find"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// settingFilled is how far letters of before were made findable.
const settingFilled = "recipients_findable"

// filled is how far letters that came before rows were kept, or before the key of today, have their rows. They are filled from the newest
// on.
type filled struct {
	Key  string `json:"key"`  // of the hash; empty: none
	Last string `json:"last"` // id of the last one done; empty: none
	Done bool   `json:"done"`
}

// keyOf tells one key from another.
func keyOf(hash func(string) string) string {
	if hash == nil {
		return ""
	}
	return hash("key")[:16]
}

func readFilled(ctx context.Context, r store.Reader, hash func(string) string) (filled, error) {
	text, err := r.Setting(ctx, settingFilled)
	if errors.Is(err, store.ErrNotFound) {
		return filled{Key: keyOf(hash)}, nil
	}
	if err != nil {
		return filled{}, err
	}
	var f filled
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		return filled{}, fmt.Errorf("setting %s cannot be read", settingFilled)
	}
	if f.Key != keyOf(hash) && hash != nil {
		return filled{Key: keyOf(hash)}, nil // numbers are hashed by another key now
	}
	return f, nil
}

// Filled reports whether all letters can be found by their recipients: false until Fill has been through those of before.
func Filled(ctx context.Context, r store.Reader, hash func(number string) string) (bool, error) {
	f, err := readFilled(ctx, r, hash)
	return f.Done, err
}

// batch is how many letters one transaction makes findable: nobody else can write meanwhile.
const batch = 200

// Fill makes letters findable that came before rows were kept, or whose numbers were hashed by another key, the newest first. It may be
// stopped and begun again at any time, and pauses after each transaction so that others come to write. told, unless nil, hears how many
// letters are done.
func Fill(ctx context.Context, a store.Archive, hash func(number string) string, pause time.Duration, told func(n int)) (n int, err error) {
	for {
		done, some := false, 0
		err := a.InTx(ctx, func(tx store.Tx) error {
			f, err := readFilled(ctx, tx, hash)
			if err != nil || f.Done {
				done = true
				return err
			}
			list, err := tx.Shipments(ctx, store.ShipmentFilter{Newest: true, After: f.Last, Limit: batch})
			if err != nil {
				return err
			}
			rows := make([]find.Person, 0, len(list))
			for _, s := range list {
				if s.Status != shipment.StatusSlettet {
					row := Row(s, hash)
					row.Before = true
					rows = append(rows, row)
				}
				f.Last = s.ID
			}
			some, f.Done = len(list), len(list) < batch
			done = f.Done
			text, err := json.Marshal(f)
			if err != nil {
				return err
			}
			return errors.Join(tx.PutPersons(ctx, rows...), tx.SetSetting(ctx, settingFilled, string(text)))
		})
		if err != nil {
			return n, fmt.Errorf("make letters findable: %w", err)
		}
		n += some
		if told != nil {
			told(n)
		}
		if done {
			return n, nil
		}
		select {
		case <-ctx.Done():
			return n, ctx.Err()
		case <-time.After(pause):
		}
	}
}
