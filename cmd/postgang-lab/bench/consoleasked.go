package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"postgang/engine/access"
	"postgang/engine/calendar"
	"postgang/engine/find"
	"postgang/engine/forecast"
	"postgang/engine/login"
	"postgang/engine/recipient"
	"postgang/engine/scoped"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

const consolePage = 50

// questions are what people ask of the archive. Each turn asks for something else of its kind.
func (p *consolePlace) questions() []question {
	ask := func(what string, rows func(ctx context.Context, r store.Reader, draw *rand.Rand) (int, error)) question {
		return question{what: what, ask: func(ctx context.Context, n int) (_, got int, err error) {
			err = p.app.Archive.View(ctx, func(r store.Reader) (err error) {
				got, err = rows(ctx, r, p.w.turn(n))
				return err
			})
			return 0, got, err
		}}
	}
	list := func(what string, filter func(r *rand.Rand) find.Filter) question {
		return ask(what, func(ctx context.Context, r store.Reader, draw *rand.Rand) (int, error) {
			f := filter(draw)
			f.Newest, f.Limit = true, consolePage
			got, err := scoped.New(r, access.Scope{All: true}).Shipments(ctx, f)
			return len(got), err
		})
	}
	bound := func(what string, accounts int, filter func(r *rand.Rand) find.Filter) question {
		return ask(what, func(ctx context.Context, r store.Reader, draw *rand.Rand) (int, error) {
			f := filter(draw)
			f.Newest, f.Limit = true, consolePage
			s := access.Scope{}
			for range accounts {
				s.Accounts = append(s.Accounts, p.w.account(draw.IntN(1<<30)))
			}
			slices.Sort(s.Accounts)
			s.Accounts = slices.Compact(s.Accounts)
			got, err := scoped.New(r, s).Shipments(ctx, f)
			return len(got), err
		})
	}
	id := func(what string, text func(r *rand.Rand) string) question {
		return ask(what, func(ctx context.Context, r store.Reader, draw *rand.Rand) (int, error) {
			got, err := scoped.New(r, access.Scope{All: true}).Identify(ctx, text(draw), consolePage)
			return len(got), err
		})
	}
	hash := func(number string) string { return login.Hash(p.key, number) }
	name := func(what string, query func(r *rand.Rand) recipient.Query) question {
		return ask(what, func(ctx context.Context, r store.Reader, draw *rand.Rand) (int, error) {
			q, err := recipient.Look(query(draw), hash)
			if err != nil {
				return 0, err
			}
			got, err := r.ShipmentsOfPerson(ctx, q, find.Filter{Limit: consolePage})
			return len(got), err
		})
	}
	one := func(r *rand.Rand) consoleSample { return p.sample[r.IntN(len(p.sample))] }
	return []question{
		list("list: all", func(*rand.Rand) find.Filter { return find.Filter{} }),
		list("list: a page deep down", func(r *rand.Rand) find.Filter { return find.Filter{After: one(r).id} }),
		list("list: account", func(r *rand.Rand) find.Filter { return find.Filter{Account: one(r).account} }),
		list("list: status", func(r *rand.Rand) find.Filter { return find.Filter{Statuses: []shipment.Status{one(r).status}} }),
		list("list: konteringskode", func(r *rand.Rand) find.Filter { return find.Filter{Konteringskode: one(r).code} }),
		list("list: system and month", func(r *rand.Rand) find.Filter {
			s := one(r)
			return find.Filter{Systems: []string{s.system}, Received: find.Period{From: s.received.AddDate(0, 0, -15), To: s.received.AddDate(0, 0, 15)}}
		}),
		list("list: set aside", func(*rand.Rand) find.Filter { return find.Filter{Held: true} }),
		list("list: posted in a day", func(r *rand.Rand) find.Filter {
			s := one(r)
			return find.Filter{Posted: find.Period{From: s.received, To: s.received.AddDate(0, 0, 1)}}
		}),
		list("list: account, status, code", func(r *rand.Rand) find.Filter {
			s := one(r)
			return find.Filter{Account: s.account, Statuses: []shipment.Status{s.status}, Konteringskode: s.code}
		}),
		list("list: account and another's code", func(r *rand.Rand) find.Filter {
			return find.Filter{Account: one(r).account, Konteringskode: one(r).code, Reasons: []shipment.Reason{shipment.ReasonReserved}}
		}),
		bound("list: all of five accounts", 5, func(*rand.Rand) find.Filter { return find.Filter{} }),
		bound("list: refused ones of five accounts", 5, func(*rand.Rand) find.Filter {
			return find.Filter{Statuses: []shipment.Status{shipment.StatusAvvist, shipment.StatusFeiletUnderMotta}}
		}),
		id("id: whole", func(r *rand.Rand) string { return one(r).id }),
		id("id: its first eight", func(r *rand.Rand) string { return one(r).id[:8] }),
		id("id: six in the middle", func(r *rand.Rand) string { return one(r).id[26:32] }),
		id("id: hand-in", func(r *rand.Rand) string { return one(r).handIn }),
		id("id: part of a hand-in", func(r *rand.Rand) string { return one(r).handIn[2:13] }),
		id("id: part of a reference", func(r *rand.Rand) string { return one(r).reference[2:] }),
		id("id: nothing", func(r *rand.Rand) string { return fmt.Sprintf("finnes ikke %d", r.IntN(1000)) }),
		name("name: first and last", func(r *rand.Rand) recipient.Query { return recipient.Query{Name: shipment.Private(one(r).name)} }),
		name("name: part of a last one", func(r *rand.Rand) recipient.Query {
			for {
				words := strings.Fields(one(r).name)
				if last := []rune(words[len(words)-1]); len(last) > 5 {
					return recipient.Query{Name: shipment.Private(last[:5])}
				}
			}
		}),
		name("name: address", func(r *rand.Rand) recipient.Query {
			s := one(r)
			return recipient.Query{Address: shipment.Private(s.line + " " + s.postcode)}
		}),
		name("name: last one and address", func(r *rand.Rand) recipient.Query {
			s := one(r)
			words := strings.Fields(s.name)
			return recipient.Query{Name: shipment.Private(words[len(words)-1]), Address: shipment.Private(strings.Fields(s.line)[0])}
		}),
		name("name: of nobody", func(r *rand.Rand) recipient.Query {
			return recipient.Query{Name: shipment.Private(fmt.Sprintf("Andersen Hansenius%d", r.IntN(1000)))}
		}),
		name("name: number", func(r *rand.Rand) recipient.Query {
			for {
				if s := one(r); s.number != "" {
					return recipient.Query{Number: shipment.Private(s.number)}
				}
			}
		}),
		ask("overview: by status, set aside", func(ctx context.Context, r store.Reader, _ *rand.Rand) (int, error) {
			v := scoped.New(r, access.Scope{All: true})
			counts, err := v.CountShipments(ctx)
			held, err2 := v.CountHeld(ctx)
			return len(counts) + len(held), errors.Join(err, err2)
		}),
		ask("overview: nothing happens to", func(ctx context.Context, r store.Reader, _ *rand.Rand) (int, error) {
			got, err := scoped.New(r, access.Scope{All: true}).Unhandled(ctx, consoleNow.Add(-48*time.Hour))
			return len(got), err
		}),
		ask("overview: overdue", func(ctx context.Context, r store.Reader, _ *rand.Rand) (int, error) {
			got, err := scoped.New(r, access.Scope{All: true}).Overdue(ctx, consoleNow)
			return len(got), err
		}),
		ask("overview: due and set aside by night", func(ctx context.Context, r store.Reader, _ *rand.Rand) (int, error) {
			got, err := r.Behind(ctx, consoleNow.Add(12*time.Hour))
			return len(got), err
		}),
		{what: "overview: the next night, each half minute", ask: func(ctx context.Context, _ int) (_, letters int, err error) {
			got, err := p.app.Engine.Ahead(ctx, consoleNow.Add(12*time.Hour))
			for _, a := range got.Accounts {
				letters += a.Letters
			}
			return 0, letters, err
		}},
		ask("overview: what is usual, once a day", func(ctx context.Context, r store.Reader, _ *rand.Rand) (int, error) {
			day := calendar.DayOf(consoleNow)
			got, err := r.Arrivals(ctx, day.Add(-forecast.HistoryDays).Start(), day.Start())
			return len(forecast.On(day, got)), err
		}),
		ask("overview: what came today", func(ctx context.Context, r store.Reader, _ *rand.Rand) (int, error) {
			day := calendar.DayOf(consoleNow)
			got, err := r.Arrivals(ctx, day.Start(), day.Add(1).Start())
			return len(got), err
		}),
	}
}
