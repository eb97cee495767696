package engine_test

import (
	"errors"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"postgang/billing/civil"
	"postgang/billing/money"
	"postgang/engine"
	"postgang/engine/access"
	"postgang/engine/party"
	"postgang/engine/settings"
	"postgang/engine/shipment"
	"postgang/fixtures/judges"
)

// set sets something of the account from a day on, as a person.
func (s *stage) set(t *testing.T, from civil.Date, c party.Change) party.Version {
	t.Helper()
	ctx := access.As(s.ctx, access.Actor{Kind: access.CommandLine, ID: "kari"})
	v, err := s.engine.ChangeAccount(ctx, settings.Order{Version: party.Version{Account: konto, From: from, Reason: "ny avdeling", Change: c}, Seen: -1})
	must(t, err)
	return v
}

// TestDatedSender: a letter has the sender that its account had when it was prepared, on the preview, on paper and after a restart,
// whatever is set afterwards.
func TestDatedSender(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftotext")
	s := setup(t)
	text := func(file string) string {
		out, err := exec.Command("pdftotext", "-layout", file, "-").Output()
		must(t, err)
		return string(out)
	}
	preview := func(id string) string {
		p, err := s.engine.PreviewLetter(s.ctx, id, t.TempDir())
		must(t, err)
		return text(p.Path)
	}
	const old, changed = "Skatteoppkreveren", "Innkrevingen"
	first := s.set(t, "2026-11-25", party.Change{Sender: &party.Letterhead{Name: changed, Postcode: "0150", City: "OSLO"}})
	before := s.accepted(t, "a", newLetter("En"), file("brev.pdf", pdf(1, 1)))
	s.clock.set(civil.Date("2026-11-25").In(s.clock.now().Location()).Add(-time.Minute)) // 00:59 in Norway: the day has begun there
	after := s.accepted(t, "b", newLetter("To"), file("brev.pdf", pdf(1, 1)))
	if got := s.shipment(t, before).Settings; got != nil {
		t.Errorf("before the day: %v", got)
	}
	if got := s.shipment(t, after).Settings; !reflect.DeepEqual(got, map[string]int{"sender": first.Number}) {
		t.Errorf("on the day: %v", got)
	}
	s.set(t, "2026-11-25", party.Change{Text: new("Ny forsidetekst")})
	s.restart(t)
	last := s.accepted(t, "c", newLetter("Tre"), file("brev.pdf", pdf(1, 1)))
	for id, want := range map[string][3]bool{before: {true, false, false}, after: {false, true, false}, last: {false, true, true}} {
		got := preview(id)
		if is := [3]bool{strings.Contains(got, old), strings.Contains(got, changed), strings.Contains(got, "Ny forsidetekst")}; is != want {
			t.Errorf("the forside has old, new and text %v, want %v: %s", is, want, got)
		}
	}
	s.night(t)
	files, err := s.engine.ExportJob(s.ctx, s.onlyJob(t).ID, t.TempDir())
	must(t, err)
	if printed := text(files[0]); strings.Count(printed, old+"\n") == 0 || strings.Count(printed, changed) < 2 || strings.Count(printed, "Ny forsidetekst") != 1 {
		t.Errorf("printed: %s", printed)
	}
}

// TestDatedDeadlineAndVendor: the deadline is that of when a letter was prepared, the vendor that of the night.
func TestDatedDeadlineAndVendor(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *engine.Config) {
		v := c.Vendors[0]
		v.Key, v.Manual = "selv", true
		c.Vendors = append(c.Vendors, v)
	})
	early := s.accepted(t, "a", newLetter("En").digital(), file("brev.pdf", pdf(1, 1)))
	s.set(t, "2026-11-24", party.Change{Deadline: &party.Deadline{Hours: 8}, Vendor: new("selv")})
	late := s.accepted(t, "b", newLetter("To").digital(), file("brev.pdf", pdf(1, 1)))
	for _, id := range []string{early, late} {
		must(t, s.engine.Event(s.ctx, shipment.DigitalEvent{Shipment: id, Kind: shipment.DigitalNotified, At: s.clock.now(), Key: "varslet-" + id}))
	}
	if a, b := s.shipment(t, early).DueAt.Sub(s.clock.now()), s.shipment(t, late).DueAt.Sub(s.clock.now()); a != 40*time.Hour || b != 8*time.Hour {
		t.Errorf("due after %v and %v", a, b)
	}
	s.clock.add(48 * time.Hour)
	got, err := s.engine.Collect(s.ctx)
	must(t, err)
	if got.Letters != 2 || s.onlyJob(t).Vendor != "selv" {
		t.Errorf("collected %+v for %s", got, s.onlyJob(t).Vendor)
	}
}

// TestWhatCannotBeSet: what a person may not set is refused with its reason, and nothing is kept of it.
func TestWhatCannotBeSet(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *engine.Config) {
		c.Accounts[0].Fixed = []party.Setting{party.SettingVendor}
		c.TwoPersons = true
	})
	order := func(change func(o *settings.Order)) settings.Order {
		o := settings.Order{Seen: -1, Version: party.Version{Account: konto, From: "2026-12-01", Reason: "ny tekst", Change: party.Change{Text: new("Hei")}}}
		change(&o)
		return o
	}
	as := func(id string) func(settings.Order) error {
		return func(o settings.Order) error {
			_, err := s.engine.ChangeAccount(access.As(s.ctx, access.Actor{Kind: access.Human, ID: id}), o)
			return err
		}
	}
	for name, c := range map[string]struct {
		change func(o *settings.Order)
		want   error
	}{
		"fixed":       {func(o *settings.Order) { o.Change = party.Change{Vendor: new("trykk")} }, settings.ErrFixed},
		"the past":    {func(o *settings.Order) { o.From = "2026-11-23" }, party.ErrPast},
		"nothing new": {func(o *settings.Order) { o.Change = party.Change{Text: new(" ")} }, party.ErrNoChange},
		"postcode":    {func(o *settings.Order) { o.Change.Sender = &party.Letterhead{Name: "A", Postcode: "15", City: "OSLO"} }, settings.ErrPostcode},
		"a long name": {func(o *settings.Order) {
			o.Change.Sender = &party.Letterhead{Name: strings.Repeat("Skattevæsenet ", 7), Line1: strings.Repeat("x", 99), Postcode: "0150", City: "OSLO"}
		}, settings.ErrCover},
		"letters":        {func(o *settings.Order) { o.Change.Text = new("学校") }, settings.ErrCover},
		"deadline":       {func(o *settings.Order) { o.Change.Deadline = &party.Deadline{Hours: 8, Workdays: 1} }, settings.ErrDeadline},
		"no Altinn":      {func(o *settings.Order) { o.Change.Notice = &party.Notice{Body: "Hei"} }, settings.ErrNoAltinn},
		"no picture":     {func(o *settings.Order) { o.Picture = []byte("GIF") }, settings.ErrLogo},
		"seen otherwise": {func(o *settings.Order) { o.Seen = 7 }, settings.ErrSeen},
	} {
		if err := as("kari")(order(c.change)); !errors.Is(err, c.want) || !errors.Is(err, party.ErrVersion) {
			t.Errorf("%s: %v", name, err)
		}
	}
	now, err := s.engine.AccountSettings(s.ctx, konto, s.clock.now())
	must(t, err)
	if len(now.Versions) != 0 {
		t.Errorf("kept: %+v", now.Versions)
	}
	// A cap may be set by one person; raising it or taking it away takes another.
	limit := func(ore money.Ore) settings.Order {
		return order(func(o *settings.Order) { o.From, o.Change = "2026-11-24", party.Change{Cap: &ore} })
	}
	must(t, as("kari")(limit(1000_00)))
	must(t, as("kari")(limit(900_00)))
	if err := as("kari")(limit(0)); !errors.Is(err, access.ErrSecondPerson) {
		t.Errorf("one person alone: %v", err)
	}
	if err := as("kari")(limit(0)); !errors.Is(err, access.ErrSecondPerson) {
		t.Errorf("the same person again: %v", err)
	}
	must(t, as("ola")(limit(0)))
	if now, err = s.engine.AccountSettings(s.ctx, konto, s.clock.now()); err != nil || now.Cap != 0 || len(now.Versions) != 3 {
		t.Errorf("the cap is %d after %d versions: %v", now.Cap, len(now.Versions), err)
	}
}
