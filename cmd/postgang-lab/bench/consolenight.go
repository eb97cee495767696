package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"postgang/engine/nights"
	"postgang/engine/recipient"
	"postgang/engine/shipment"
	"postgang/engine/store"

	"postgang/engine/login"
)

// consoleNight is what people at work cost a night.
type consoleNight struct {
	People  int     `json:"people"`
	Letters int     `json:"letters"` // of a night
	Think   float64 `json:"think_seconds"`
	Pages   int     `json:"pages"` // that they looked at in all nights
	// Of each night, alone and with people, in turn.
	AloneWall []float64 `json:"alone_seconds"`
	AloneCPU  []float64 `json:"alone_cpu_seconds"`
	WithWall  []float64 `json:"with_seconds"`
	WithCPU   []float64 `json:"with_cpu_seconds"`
	// What the people cost, of the medians, in per cent.
	WallCost float64 `json:"wall_cost_percent"`
	CPUCost  float64 `json:"cpu_cost_percent"`
	PageCPU  float64 `json:"page_cpu_ms"` // of one page, on average, when nothing else happens
	// Share is what so many people take of the machine's CPU time by that, in per cent. A machine that does other work stretches a night,
	// during which people go on: then Share tells more than what a night took with them.
	Share float64 `json:"machine_percent"`
	P95   float64 `json:"page_p95_ms"` // of a page during a night
}

func (n *consoleNight) table(w io.Writer) {
	list := func(v []float64) (s string) {
		for _, x := range v {
			s += fmt.Sprintf(" %.1f", x)
		}
		return s
	}
	fmt.Fprintf(w, "\nNights of %d letters, in turn alone and with %d people who look at a page every %.0f s; seconds.\n", n.Letters, n.People, n.Think)
	fmt.Fprintf(w, "alone, wall:%s; CPU:%s\nwith people, wall:%s; CPU:%s\n", list(n.AloneWall), list(n.AloneCPU), list(n.WithWall), list(n.WithCPU))
	fmt.Fprintf(w, "%d pages, p95 %.0f ms during a night. People cost a night %+.1f %% of CPU time and %+.1f %% of wall time.\n", n.Pages, n.P95, n.CPUCost, n.WallCost)
	fmt.Fprintf(w, "In quiet a page takes %.1f ms of CPU time, so that they take %.1f %% of this machine's.\n", n.PageCPU, n.Share)
}

// consoleThink is how long somebody looks at a page, on average.
const consoleThink = 10 * time.Second

// night runs nights alone and with people at work, in turn.
func (p *consolePlace) night(ctx context.Context, letters, count int, cpu func() float64) (*consoleNight, error) {
	models, err := p.prepared(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.app.Start(ctx); err != nil {
		return nil, err
	}
	r := &consoleNight{People: consolePeople, Letters: letters, Think: consoleThink.Seconds()}
	one := func(people bool) (wall, used float64, err error) {
		if err := errors.Join(p.due(ctx, models, letters), p.logIn(ctx)); err != nil {
			return 0, 0, err
		}
		crowd, leave := (*crowd)(nil), func() {}
		if people {
			working, stop := context.WithCancel(ctx)
			crowd = p.work(working)
			leave = stop
			time.Sleep(consoleThink / 5)
		}
		spent := cpu()
		wall, err = p.oneNight(ctx, letters)
		used = cpu() - spent
		leave()
		if crowd != nil {
			waits, bad := crowd.gone()
			err = errors.Join(err, bad)
			r.Pages += len(waits)
			if len(waits) > 0 {
				slices.Sort(waits)
				r.P95 = max(r.P95, waits[len(waits)*95/100])
			}
		}
		p.clock.pass(time.Hour)
		return wall, used, err
	}
	if _, _, err := one(false); err != nil { // takes what lay there, and warms what is kept
		return nil, err
	}
	for range count {
		wall, used, err := one(false)
		if err != nil {
			return nil, err
		}
		r.AloneWall, r.AloneCPU = append(r.AloneWall, wall), append(r.AloneCPU, used)
		if wall, used, err = one(true); err != nil {
			return nil, err
		}
		r.WithWall, r.WithCPU = append(r.WithWall, wall), append(r.WithCPU, used)
	}
	if err := p.logIn(ctx); err != nil {
		return nil, err
	}
	spent := cpu()
	const quiet = 300
	for n := range quiet {
		if err := p.look(ctx, p.w.turn(n), n%consolePeople); err != nil {
			return nil, err
		}
	}
	r.PageCPU = 1000 * (cpu() - spent) / quiet
	r.Share = 100 * float64(consolePeople) / consoleThink.Seconds() * r.PageCPU / 1000 / float64(runtime.NumCPU())
	ratio := func(with, alone []float64) float64 {
		return 100 * (median(slices.Clone(with))/median(slices.Clone(alone)) - 1)
	}
	r.WallCost, r.CPUCost = ratio(r.WithWall, r.AloneWall), ratio(r.WithCPU, r.AloneCPU)
	return r, nil
}

// oneNight has the letters that are due handed over, at least so many, and says how many seconds it took.
func (p *consolePlace) oneNight(ctx context.Context, letters int) (wall float64, err error) {
	start := time.Now()
	n, err := p.app.Engine.RunNight(ctx, nights.NightOptions{Patience: time.Hour})
	if err == nil && n.Letters < letters {
		err = fmt.Errorf("%d of %d letters were handed over", n.Letters, letters)
	}
	return time.Since(start).Seconds(), err
}

// prepared are letters that were taken and prepared, of some accounts.
func (p *consolePlace) prepared(ctx context.Context) (models []consoleModel, err error) {
	err = p.app.Archive.View(ctx, func(r store.Reader) error {
		for n := range consoleAccounts {
			s, err := r.ShipmentByHandIn(ctx, p.w.account(n), fmt.Sprintf("modell-%d", n))
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if s.Facts == nil {
				continue
			}
			documents, err := r.Documents(ctx, s.ID)
			if err != nil {
				return err
			}
			models = append(models, consoleModel{s, documents})
		}
		return nil
	})
	if err == nil && len(models) == 0 {
		err = errors.New("the archive has no letters to make others like")
	}
	return models, err
}

// due puts letters into the archive that go to paper in the next night. They are like the models.
func (p *consolePlace) due(ctx context.Context, models []consoleModel, letters int) error {
	hash := func(number string) string { return login.Hash(p.key, number) }
	now := p.clock.Now()
	draw := rand.New(rand.NewPCG(uint64(now.UnixNano()), 9))
	for from := 0; from < letters; from += 500 {
		err := p.app.Archive.InTx(ctx, func(tx store.Tx) error {
			for n := from; n < min(from+500, letters); n++ {
				m := models[n%len(models)]
				s, id := m.Shipment, consoleID(draw)
				s.ID, s.HandIn, s.Account, s.Version = id, "natt-"+id, p.w.account(often(draw, consoleAccounts-consoleManual)), 1
				s.Status, s.Hold, s.ReceivedAt, s.DueAt, s.SentAt, s.PostedAt = shipment.StatusAkseptert, "", now, now, time.Time{}, time.Time{}
				s.DueReason, s.Submission.Recipient = shipment.ReasonNoDigitalID, p.w.person(draw.IntN(p.w.persons()))
				s.Submission.Recipient.DigitalID = ""
				document := m.documents[0]
				document.Shipment = id
				if err := tx.InsertShipment(ctx, s, []shipment.Document{document}); err != nil {
					return err
				}
				if err := tx.AddEvents(ctx, shipment.Event{Shipment: id, At: now, Kind: shipment.EventReceived, From: shipment.StatusMottatt, To: shipment.StatusMottatt},
					shipment.Event{Shipment: id, At: now, Kind: shipment.EventStatus, From: shipment.StatusMottatt, To: shipment.StatusAkseptert}); err != nil {
					return err
				}
				if err := tx.PutPersons(ctx, recipient.Row(s, hash)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// crowd are people at work.
type crowd struct {
	people sync.WaitGroup
	mu     sync.Mutex
	waits  []float64 // ms
	errs   []error
}

// gone waits until they have left.
func (c *crowd) gone() ([]float64, error) {
	c.people.Wait()
	return c.waits, errors.Join(c.errs...)
}

// work has people look at pages until ctx is done.
func (p *consolePlace) work(ctx context.Context) *crowd {
	c := &crowd{}
	var turns atomic.Int64
	for who := range consolePeople {
		c.people.Go(func() {
			draw := rand.New(rand.NewPCG(8, uint64(who)))
			for {
				think := time.Duration((0.5 + draw.Float64()) * float64(consoleThink))
				select {
				case <-ctx.Done():
					return
				case <-time.After(think):
				}
				start := time.Now()
				err := p.look(context.WithoutCancel(ctx), p.w.turn(int(turns.Add(1))), who)
				c.mu.Lock()
				c.waits = append(c.waits, float64(time.Since(start).Microseconds())/1000)
				if err != nil {
					c.errs = append(c.errs, err)
				}
				c.mu.Unlock()
			}
		})
	}
	return c
}

// look is one look of somebody: at letters and lists, the overview, for an id, a part of one, or a name; of operators at jobs and budgets too.
// Nobody looks at statistics, which count every letter of half a year, or at workbooks.
func (p *consolePlace) look(ctx context.Context, draw *rand.Rand, who int) error {
	person := p.w.people()[who]
	b, s := browser{p, person.ID}, p.sample[draw.IntN(len(p.sample))]
	operator := who < 5
	var err error
	switch n := draw.IntN(100); {
	case n < 20:
		_, err = b.ask(ctx, "/", nil)
	case n < 40:
		_, err = b.ask(ctx, "/forsendelser", nil)
	case n < 50:
		_, err = b.ask(ctx, "/forsendelser?status="+string(s.status), nil)
	case n < 80:
		_, err = b.ask(ctx, "/finn", url.Values{"q": {s.id}})
		if err == nil && who >= 30 || who == 0 {
			_, err = b.ask(ctx, "/forsendelser/"+s.id, nil)
		}
	case n < 85:
		_, err = b.ask(ctx, "/finn", url.Values{"q": {s.reference[2:]}})
	case n < 93 && !operator || who == 0:
		_, err = b.ask(ctx, "/mottaker", url.Values{"navn": {s.name}, "formaal": {"spørsmål fra mottakeren"}})
	case operator && n < 97:
		_, err = b.ask(ctx, "/jobber", nil)
	case operator:
		_, err = b.ask(ctx, "/okonomi/koder", nil)
	default:
		_, err = b.ask(ctx, "/hjelp", nil)
	}
	return err
}
