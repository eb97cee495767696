package digital

import (
	"context"
	"fmt"
	"slices"

	"postgang/engine/channel"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// Unheard names, of letters that are due, those that may have been read without our knowing: they were sent through a channel that
// reads ([Channel.Reads]), or may have been, and it has not answered about them since they were due. Why they are due does not matter:
// who was asked to stop, by the register or by us, may have read the letter before. It gives the channel by shipment. Letters in
// digital mailboxes are never among them: a delivered one is not due, and one that is not yet delivered is not due as unread.
func (e *Channels) Unheard(ctx context.Context, letters []shipment.Shipment) (map[string]string, error) {
	reads := e.reading()
	sent := map[string]shipment.Shipment{} // or may be
	for _, s := range letters {
		if slices.ContainsFunc(reads, func(name string) bool { return e.has(s, name) }) {
			sent[s.ID] = s
		}
	}
	if len(sent) == 0 {
		return nil, nil
	}
	ids := make([]string, 0, len(sent))
	for id := range sent {
		ids = append(ids, id)
	}
	cases, err := store.View(ctx, e.Archive, func(r store.Reader) ([]channel.Case, error) { return r.ChannelCasesOf(ctx, ids) })
	if err != nil {
		return nil, fmt.Errorf("letters that a channel may know to have been read: %w", err)
	}
	out := map[string]string{}
	for _, c := range cases {
		if s := sent[c.Shipment]; slices.Contains(reads, c.Channel) && e.has(s, c.Channel) && (c.Reference != "" || c.State == channel.Sending) && c.AskedAt.Before(s.DueAt) {
			out[c.Shipment] = c.Channel
		}
	}
	return out, nil
}
