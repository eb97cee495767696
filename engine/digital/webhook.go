package digital

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"postgang/engine/channel"
	"postgang/engine/digital/altinn"
	"postgang/engine/store"
)

// AltinnEvents takes Altinn's events under a path whose last element is secret. An event has its letter asked about at once, and
// decides nothing itself. One about a letter that is not ours is taken and forgotten.
func (e *Channels) AltinnEvents(secret string) http.Handler {
	return altinn.Webhook(secret, e.askSoon)
}

// askSoon puts a letter at the front of those that are to be asked about.
func (e *Channels) askSoon(ctx context.Context, ev altinn.Event) error {
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		c, err := tx.ChannelCaseOf(ctx, NameAltinn, ev.Correspondence)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if ev.Hint().NoOrder {
			var k keptOfAltinn
			if len(c.Answer) > 0 {
				if err := json.Unmarshal(c.Answer, &k); err != nil {
					return err
				}
			}
			k.NoOrder = true
			if c.Answer, err = json.Marshal(k); err != nil {
				return err
			}
		}
		c.NextAt = e.Now()
		if err := tx.SetChannelCases(ctx, c); err != nil {
			return err
		}
		return tx.Enqueue(ctx, store.Task{Kind: channel.Task, Subject: NameAltinn})
	})
	if err != nil {
		e.Log.Error("an event of Altinn was not noted", "error", err)
	}
	return err
}
