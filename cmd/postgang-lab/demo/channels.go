package demo

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"postgang/engine/alarm"
	"postgang/engine/channel"
	"postgang/engine/digital"
	"postgang/engine/digital/altinn"
	"postgang/engine/digital/krr"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/fixtures/letters"
	"postgang/fixtures/standins"
	standinaltinn "postgang/fixtures/standins/altinn"
)

// others are the servers of others that the demo has instead of the real ones: Maskinporten, KRR and Altinn. They go by the demo's
// clock.
type others struct {
	tokens   *standins.Maskinporten
	register *standins.KRR
	altinn   *http.Server
	at       string // where Altinn is
}

// How the demo is known to them. Keys and secrets are made for each demo, and lie in its folder.
const (
	demoClient      = "postgang-demo"
	demoOrg         = "310412779" // whom the tokens are issued to; made up
	maskinportenKey = "nokler/maskinporten/demo-1.pem"
	altinnKey       = "nokler/altinn-abonnement.txt"
)

// startOthers starts them, with the story of each recipient in Altinn.
func (d *demo) startOthers() (err error) {
	o := &others{}
	d.others = o
	if o.tokens, err = standins.StartMaskinporten("127.0.0.1:0", d.clock.Now); err != nil {
		return err
	}
	if o.register, err = standins.StartKRR("127.0.0.1:0", o.tokens, d.clock.Now); err != nil {
		return err
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	o.tokens.AddClient(standins.Client{
		ID: demoClient, Organisation: demoOrg, Scopes: append(krr.DefaultScopes(), altinn.Scopes...),
		Keys: map[string]*rsa.PublicKey{strings.TrimSuffix(filepath.Base(maskinportenKey), ".pem"): &key.PublicKey},
	})
	secret := rand.Text()
	for name, data := range map[string][]byte{maskinportenKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), altinnKey: []byte(secret + "\n")} {
		path := filepath.Join(d.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return err
		}
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	o.at = "http://" + ln.Addr().String()
	o.altinn = &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: standinaltinn.New(standinaltinn.Options{
		Now: d.clock.Now, Key: secret, Script: standinaltinn.Script{Rules: d.stories(), NoEvents: true},
	})}
	go func() { _ = o.altinn.Serve(ln) }() // until it is closed
	return nil
}

func (o *others) close() {
	if o.altinn != nil {
		_ = o.altinn.Close()
	}
	if o.register != nil {
		_ = o.register.Close()
	}
	if o.tokens != nil {
		_ = o.tokens.Close()
	}
}

// stories are what happens in Altinn to the letters of each recipient.
func (d *demo) stories() []standinaltinn.Rule {
	type letter struct{ account, key string }
	events := map[letter][]letters.Event{}
	for _, e := range d.expected.Events {
		if e.Teller == letters.Altinn {
			events[letter{e.Account, e.Key}] = append(events[letter{e.Account, e.Key}], e)
		}
	}
	var rules []standinaltinn.Rule
	for _, s := range d.expected.Shipments {
		if s.DigitalID == "" {
			continue
		}
		r := standinaltinn.Rule{Ends: ":" + s.DigitalID}
		add := func(what string, at time.Time) { r.Story = append(r.Story, standinaltinn.Step{What: what, At: at}) }
		told := false
		for _, e := range events[letter{s.Account, s.Key}] {
			what := map[string]string{"VARSLET": "sent", "LEST": "read", "IKKE_VARSLBAR": "bounced"}[e.Kind]
			switch {
			case what == "sent" && told:
				what = "reminded"
			case what != "read":
				told = true
				add("published", e.At.Add(-2*time.Minute))
				add("ordered", e.At.Add(-time.Minute))
			}
			add(what, e.At)
		}
		rules = append(rules, r) // without a story Altinn has published nothing yet
	}
	return rules
}

// askChannels has KRR asked and what may go digitally sent through Altinn, as it is accepted.
func (d *demo) askChannels(ctx context.Context) error {
	if err := d.untilAsked(ctx, digital.NameKRR); err != nil {
		return err
	}
	return d.askAltinn(ctx)
}

// untilAsked waits until the workers have asked a channel about all letters whose time has come.
func (d *demo) untilAsked(ctx context.Context, name string) error {
	for stop := time.Now().Add(arrivalsPatience); ; {
		left, err := store.View(ctx, d.app.Archive, func(r store.Reader) ([]channel.Letter, error) { return r.WaitingCases(ctx, name, d.clock.Now(), 1) })
		if err != nil || len(left) == 0 {
			return err
		}
		if time.Now().After(stop) {
			return fmt.Errorf("channel %s is not asked after %v", name, arrivalsPatience)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// askAltinn does what a worker does when the time of its next question has come, which by the clock of the machine it never does here.
func (d *demo) askAltinn(ctx context.Context) error {
	ask := func() error {
		err := d.app.Engine.AskWaiting(ctx, digital.NameAltinn)
		if errors.As(err, new(*step.LaterError)) {
			return nil // others wait for later
		}
		return err
	}
	if err := ask(); err != nil {
		return err
	}
	// What waited for KRR is looked at again after a minute.
	d.clock.Set(d.clock.Now().Add(61 * time.Second))
	return ask()
}

// said counts what the channels have said of letters, by channel and word.
func (d *demo) said(ctx context.Context) (map[string]map[string]int, error) {
	counts, err := store.View(ctx, d.app.Archive, func(r store.Reader) ([]channel.Count, error) { return r.CountChannelCases(ctx) })
	out := map[string]map[string]int{}
	for _, c := range counts {
		if out[c.Channel] == nil {
			out[c.Channel] = map[string]int{}
		}
		out[c.Channel][c.State] = c.Count
	}
	return out, err
}

// beforeTheNight asks the channels about all that may still go either way, and holds what they say against the plan.
func (d *demo) beforeTheNight(ctx context.Context) error {
	if err := d.app.Engine.AskBeforeCollecting(ctx); err != nil {
		return err
	}
	said, err := d.said(ctx)
	if err != nil {
		return err
	}
	reserved, notified := string(shipment.DigitalReserved), string(shipment.DigitalNotified)
	unreachable, read := string(shipment.DigitalNotNotifiable), string(shipment.DigitalRead)
	k, a := said[digital.NameKRR], said[digital.NameAltinn]
	people := 0
	for _, n := range k {
		people += n
	}
	d.say("   KRR, asked about %d people: RESERVERT %d, IKKE_VARSLBAR %d", people, k[reserved], k[unreachable])
	d.say("   Altinn, which the others' letters were sent to: VARSLET %d, LEST %d, IKKE_VARSLBAR %d", a[notified], a[read], a[unreachable])

	plan := map[letters.Teller]map[string]int{letters.KRR: {}, letters.Altinn: {}}
	latest := map[string]string{} // of a letter in Altinn
	for _, e := range d.expected.Events {
		switch {
		case e.At.After(d.expected.Night):
		case e.Teller == letters.KRR:
			plan[e.Teller][e.Kind]++
		case e.Teller == letters.Altinn:
			latest[e.Account+"/"+e.Key] = e.Kind
		}
	}
	for _, kind := range latest {
		plan[letters.Altinn][kind]++
	}
	for _, c := range []struct {
		what string
		a, b int
	}{
		{"RESERVERT and IKKE_VARSLBAR by KRR = by the plan", k[reserved] + k[unreachable], plan[letters.KRR][reserved] + plan[letters.KRR][unreachable]},
		{"VARSLET, LEST and IKKE_VARSLBAR by Altinn = by the plan", a[notified] + a[read] + a[unreachable], len(latest)},
		{"LEST by Altinn = by the plan", a[read], plan[letters.Altinn][read]},
	} {
		d.check(c.what, c.a, c.b)
	}
	open, err := store.View(ctx, d.app.Archive, func(r store.Reader) ([]alarm.Alarm, error) { return r.Alarms(ctx, true) })
	for _, al := range open {
		if strings.HasPrefix(al.Key, "channel:") {
			d.fail("a channel does not answer: %s", al.Key)
		}
	}
	return err
}

// readAfterAll has Altinn asked days after the night: some recipients have read their letter after all, which is recorded beside PRINTET.
func (d *demo) readAfterAll(ctx context.Context) error {
	if err := d.askAltinn(ctx); err != nil {
		return err
	}
	late := 0
	err := d.app.Archive.View(ctx, func(r store.Reader) error {
		for _, want := range d.expected.Shipments {
			if !want.ReadLate {
				continue
			}
			s, err := r.Shipment(ctx, d.id(want))
			if err != nil {
				return err
			}
			if s.ReadAt.IsZero() {
				d.fail("%s/%s was read in Altinn after the night, and is not known to be", want.Account, want.Key)
			}
			late++
		}
		return nil
	})
	d.say("   Altinn, asked again: %d letters on paper were read after all, which is noted beside", late)
	return err
}

// channelsText is the channels as configuration.
func (d *demo) channelsText() string {
	return fmt.Sprintf(`
[maskinporten]
issuer = %q
client_id = %q
keys = %q
[krr]
base_url = %q
[altinn]
address = %q
subscription_key_file = %q
`, d.others.tokens.Issuer(), demoClient, filepath.Dir(maskinportenKey), d.others.register.BaseURL(), d.others.at, altinnKey)
}
