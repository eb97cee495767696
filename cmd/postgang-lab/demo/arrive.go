package demo

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"time"

	"postgang/engine/access"
	"postgang/engine/intake"
	"postgang/engine/maskinporten"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/fixtures/casesystem"
	"postgang/fixtures/letters"
	"postgang/fixtures/standins"
)

// demoKontoID is what the case system of REST V3 calls its account, as it did at SvarUt.
const demoKontoID = "5c7d5c5e-6a0b-4a8d-9a51-0f0b7c1c2d3e"

// dialects are how the case system of each account hands in, in the order of the accounts: the oldest first.
var dialects = []access.Dialect{access.SoapV9, access.RestV1, access.RestV3}

// network is the way in over the network, and the case systems that use it.
type network struct {
	ln      net.Listener
	stop    func() error              // shuts the door; nil: it is not open yet
	systems map[string]*caseSystem    // by account
	over    map[string]access.Dialect // the hand-ins that come over the network, by account and key
	ids     map[string]string         // their shipments, where the id is not that of the drop folder
	handed  map[access.Dialect]int    // by dialect; "": the drop folder
}

// caseSystem is the case system of an account.
type caseSystem struct {
	casesystem.Client
	dialect access.Dialect
	konto   string
}

func handInID(s letters.Shipment) string { return s.Account + "/" + s.Key }

// listen chooses a free port of this machine, and which hand-ins come by it: a third of all, evenly among those that the dialect of the
// account has words for. What must be refused stays in the drop folder, since nothing is kept of what the door refuses.
func (d *demo) listen() (err error) {
	n := &network{systems: map[string]*caseSystem{}, over: map[string]access.Dialect{}, ids: map[string]string{}, handed: map[access.Dialect]int{}}
	d.network = n
	if n.ln, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	byFolder := map[string]bool{} // what the drop folder's events name by its folder must have come as one
	for _, e := range d.expected.Events {
		if e.Teller == letters.DropFolder {
			byFolder[e.Account+"/"+e.Key] = true
		}
	}
	for i, a := range d.expected.Accounts {
		dialect, total := dialects[i], 0
		var fit []letters.Shipment
		for _, s := range d.expected.Shipments {
			if s.Account != a.Key {
				continue
			}
			total++
			v3 := dialect == access.RestV3
			switch {
			case s.Outcome == letters.Refused, s.Group != "", byFolder[handInID(s)], s.Zone != letters.ZoneNorway:
			case v3 && (s.DigitalID == "" || s.ColourAsked):
			default:
				fit = append(fit, s)
			}
		}
		want := min(total/3, len(fit))
		for j, s := range fit {
			if (j+1)*want/len(fit) > j*want/len(fit) {
				n.over[handInID(s)] = dialect
			}
		}
	}
	return nil
}

// openDoor makes an integration for each account's case system, and opens the door.
func (d *demo) openDoor(ctx context.Context) error {
	n := d.network
	base := "http://" + n.ln.Addr().String()
	for i, a := range d.expected.Accounts {
		made, password, err := access.New("sak-"+a.Key, a.OrgNumber, []string{a.Key}, d.clock.Now())
		if err == nil {
			err = d.app.Archive.InTx(ctx, func(tx store.Tx) error { return tx.PutIntegration(ctx, made, "demo") })
		}
		if err != nil {
			return fmt.Errorf("integration of %s: %w", a.Key, err)
		}
		s := &caseSystem{dialect: dialects[i], konto: a.Key, Client: casesystem.Client{Base: base, ID: made.ID, Name: made.Name, Password: password}}
		if s.dialect == access.RestV3 {
			s.konto = demoKontoID
			s.Token = func() (string, error) {
				return d.others.tokens.Mint(standins.Claims{ClientID: made.Name, Organisation: a.OrgNumber, Scope: maskinporten.DefaultScope})
			}
		}
		n.systems[a.Key] = s
	}
	serving, cancel := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- d.app.ServeHTTP(serving, n.ln) }()
	n.stop = func() error {
		cancel()
		return <-served
	}
	return nil
}

// shut ends the way in over the network.
func (n *network) shut() error {
	if n.stop == nil {
		return n.ln.Close()
	}
	return n.stop()
}

// id is a hand-in's shipment. The id comes from the account and the key of the hand-in, whoever of REST V1, SOAP and the drop folder
// hands it in; REST V3 is told it.
func (d *demo) id(s letters.Shipment) string {
	if id := d.network.ids[handInID(s)]; id != "" {
		return id
	}
	return d.app.Engine.Acceptor.ShipmentID(s.Account, s.Key)
}

// handIn has a letter come in by its way.
func (d *demo) handIn(ctx context.Context, s letters.Shipment) error {
	from := filepath.Join(d.dir, "brev", s.Account, s.Key)
	dialect, over := d.network.over[handInID(s)]
	d.network.handed[dialect]++
	if !over {
		_, err := intake.Put(d.app.Config.Inbox, s.Account, s.Key, from)
		return err
	}
	l, err := casesystem.Read(from)
	if err != nil {
		return err
	}
	system, want := d.network.systems[s.Account], d.id(s)
	var got string
	switch dialect {
	case access.RestV3:
		got, err = system.V3(ctx, system.konto, s.Key, l)
		want = got
		d.network.ids[handInID(s)] = got
	case access.RestV1:
		got, err = system.V1(ctx, want, l)
	default:
		got, err = system.SOAPV9(ctx, want, l, d.network.handed[dialect]%2 == 0) // some brokers send documents inline, some as MTOM
	}
	if err != nil {
		return fmt.Errorf("hand-in %s by %s: %w", handInID(s), dialect, err)
	}
	if got != want {
		d.fail("hand-in %s got the id %s by %s, want %s", handInID(s), got, dialect, want)
	}
	return nil
}

// arrivalsWithin is how long hand-ins are put together for: the clock stands at the first of them. So what follows from them is done
// before the next ones come, as it is where the clock is nobody's to set.
const arrivalsWithin = time.Hour

// arrive lets the hand-ins come in when they come, and has the registers and channels asked about each.
func (d *demo) arrive(ctx context.Context) error {
	d.say("2. They arrive, and are checked and prepared for print")
	for _, a := range d.expected.Accounts {
		if err := intake.MakeFolders(d.app.Config.Inbox, a.Key); err != nil {
			return err
		}
	}
	progress, finish := d.Progress("taking hand-ins")
	for i, list := 0, d.expected.Shipments; i < len(list); {
		at := list[i].Arrives
		d.clock.Set(at)
		for ; i < len(list) && list[i].Arrives.Before(at.Add(arrivalsWithin)); i++ {
			if err := d.handIn(ctx, list[i]); err != nil {
				return err
			}
		}
		if err := d.decided(ctx); err != nil {
			return err
		}
		if err := d.askChannels(ctx); err != nil {
			return err
		}
		if progress != nil {
			progress(i, len(list))
		}
	}
	finish()
	counts, err := d.counts(ctx)
	if err != nil {
		return err
	}
	n := d.network.handed
	d.say("   %d in the drop folder, %d over REST V3, %d over REST V1, %d over SOAP V9", n[""], n[access.RestV3], n[access.RestV1], n[access.SoapV9])
	d.say("   received %d: accepted %d, refused %d", counts.total, counts.total-counts.by[shipment.StatusAvvist], counts.by[shipment.StatusAvvist])
	if err := d.ways(ctx); err != nil {
		return err
	}
	d.clock.Set(d.expected.Night)
	if err := d.events(ctx); err != nil {
		return err
	}
	return d.beforeTheNight(ctx)
}

// arrivalsPatience is how long the hand-ins of an hour may take, by the clock of the machine.
const arrivalsPatience = 10 * time.Minute

// decided takes what lies in the drop folder, until all of it and all that came over the network is accepted or refused.
func (d *demo) decided(ctx context.Context) error {
	for stop := time.Now().Add(arrivalsPatience); ; {
		r, err := d.app.TakeOnce(ctx)
		if err != nil {
			return err
		}
		open, err := store.View(ctx, d.app.Archive, func(r store.Reader) ([]shipment.Shipment, error) {
			return r.Shipments(ctx, store.ShipmentFilter{Statuses: []shipment.Status{shipment.StatusMottatt}, Limit: 1})
		})
		if err != nil || r.Waiting+r.Failed+len(open) == 0 {
			return err
		}
		if time.Now().After(stop) {
			return fmt.Errorf("%d or more hand-ins are not taken and prepared after %v", r.Waiting+r.Failed+len(open), arrivalsPatience)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// ways holds what is kept of the ways in against how the hand-ins were sent.
func (d *demo) ways(ctx context.Context) error {
	kept, err := store.View(ctx, d.app.Archive, func(r store.Reader) ([]access.Way, error) { return r.Ways(ctx) })
	if err != nil {
		return err
	}
	over := 0
	for _, w := range kept {
		if w.Integration == "" {
			continue
		}
		if over += w.HandIns; w.Dialect != d.network.systems[w.Account].dialect {
			d.fail("account %s was handed in to by %s", w.Account, w.Dialect)
		}
	}
	d.check("handed in over the network = kept by account and dialect", len(d.network.over), over)
	return nil
}
