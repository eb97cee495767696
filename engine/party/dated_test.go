package party_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postgang/billing/civil"
	"postgang/billing/money"
	"postgang/engine/access"
	"postgang/engine/calendar"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/printjobs/cover"
)

func oslo(day string, hour int) time.Time {
	return civil.Date(day).In(calendar.Oslo).Add(time.Duration(hour) * time.Hour)
}

func text(s string) party.Change { return party.Change{Text: &s} }

// TestInForce: a version holds from the beginning of its Norwegian day, until another one does; one set for the same day takes its place.
func TestInForce(t *testing.T) {
	t.Parallel()
	list := []party.Version{
		{Number: 2, From: "2026-12-01", Made: oslo("2026-11-10", 9), Change: text("desember")},
		{Number: 1, From: "2026-11-15", Made: oslo("2026-11-10", 8), Change: text("november")},
		{Number: 3, From: "2026-12-01", Made: oslo("2026-11-20", 9), Change: text("desember, rettet")},
		{Number: 4, From: "2026-12-24", Made: oslo("2026-12-24", 10), Change: text("samme dag")},
		{Number: 5, From: "2026-11-01", Made: oslo("2026-10-10", 10), Change: party.Change{Vendor: new(string)}},
	}
	for _, c := range []struct {
		at   time.Time
		want string
		next time.Time
	}{
		{oslo("2026-10-31", 0), "", oslo("2026-11-01", 0)},
		{oslo("2026-11-01", 0), "", oslo("2026-11-15", 0)},
		{oslo("2026-11-15", 0).Add(-time.Nanosecond), "", oslo("2026-11-15", 0)},
		{oslo("2026-11-15", 0), "november", oslo("2026-12-01", 0)},
		{time.Date(2026, 11, 30, 22, 59, 59, 0, time.UTC), "november", oslo("2026-12-01", 0)},
		{time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC), "desember, rettet", oslo("2026-12-24", 10)},
		{oslo("2026-12-24", 9), "desember, rettet", oslo("2026-12-24", 10)},
		{oslo("2026-12-24", 10), "samme dag", time.Time{}},
	} {
		now, ok := party.InForce(list, party.SettingText, c.at)
		got := ""
		if ok {
			got = *now.Change.Text
		}
		if got != c.want || ok != (c.want != "") {
			t.Errorf("at %v: %q, %v, want %q", c.at, got, ok, c.want)
		}
		if next := party.NextChange(list, c.at); !next.Equal(c.next) {
			t.Errorf("after %v the next change is %v, want %v", c.at, next, c.next)
		}
	}
}

// TestVersionValidate: what would change the past, or nobody answers for, is not set.
func TestVersionValidate(t *testing.T) {
	t.Parallel()
	good := party.Version{From: "2026-12-01", Made: oslo("2026-12-01", 23), By: access.Actor{Kind: access.Human, ID: "kari"}, Reason: "ny tekst", Change: text("x")}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*party.Version){
		"yesterday":       func(v *party.Version) { v.From = "2026-11-30" },
		"no day":          func(v *party.Version) { v.From = "" },
		"no such day":     func(v *party.Version) { v.From = "2026-02-30" },
		"never made":      func(v *party.Version) { v.Made = time.Time{} },
		"nobody":          func(v *party.Version) { v.By = access.Actor{} },
		"no reason":       func(v *party.Version) { v.Reason = " " },
		"two lines":       func(v *party.Version) { v.Reason = "a\nb" },
		"a long reason":   func(v *party.Version) { v.Reason = strings.Repeat("a", 201) },
		"nothing":         func(v *party.Version) { v.Change = party.Change{} },
		"past midnight":   func(v *party.Version) { v.Made = oslo("2026-12-02", 0) },
		"midnight in UTC": func(v *party.Version) { v.Made = time.Date(2026, 12, 1, 23, 30, 0, 0, time.UTC) },
	} {
		v := good
		change(&v)
		if err := v.Validate(); !errors.Is(err, party.ErrVersion) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func drawn(rt *rapid.T, days []civil.Date) []party.Version {
	var list []party.Version
	for i := range rapid.IntRange(0, 8).Draw(rt, "versions") {
		v := party.Version{Number: i + 1, From: rapid.SampledFrom(days).Draw(rt, "from"), Made: oslo("2026-10-01", i)}
		word := rapid.StringMatching(`[a-z]{3}`)
		for range rapid.IntRange(1, 2).Draw(rt, "settings") {
			switch rapid.SampledFrom(party.Settings()).Draw(rt, "setting") {
			case party.SettingSender:
				v.Change.Sender = &party.Letterhead{Name: word.Draw(rt, "name"), Postcode: "0155", City: "Oslo"}
			case party.SettingLogo:
				v.Change.Logo = new(word.Draw(rt, "logo"))
			case party.SettingText:
				v.Change.Text = new(word.Draw(rt, "text"))
			case party.SettingLanguage:
				v.Change.Language = new(rapid.SampledFrom(cover.Languages()).Draw(rt, "language"))
			case party.SettingNotice:
				v.Change.Notice = &party.Notice{Body: word.Draw(rt, "body")}
			case party.SettingVendor:
				v.Change.Vendor = new(word.Draw(rt, "vendor"))
			case party.SettingDeadline:
				v.Change.Deadline = &party.Deadline{Hours: rapid.IntRange(1, 99).Draw(rt, "hours")}
			case party.SettingCap:
				v.Change.Cap = new(money.Ore(rapid.IntRange(0, 99).Draw(rt, "cap")))
			}
		}
		list = append(list, v)
	}
	return list
}

// TestAccountAt: whatever is set in which order, each setting is that of the latest of its own versions that has begun, what is not set
// or is fixed is the configuration's, the order in which versions are listed means nothing, and between two changes nothing changes.
func TestAccountAt(t *testing.T) {
	t.Parallel()
	base := party.Account{
		Key: "skole", Vendor: "trykkeri", Rules: shipment.DefaultRules(), Notice: &party.Notice{Body: "fra filen"},
		Sender: cover.Sender{Name: "Skolen", Postcode: "5003", City: "Bergen", Text: "fra filen", Logo: []byte{1}},
	}
	days := []civil.Date{"2026-11-01", "2026-11-15", "2026-12-01", "2027-01-01"}
	rapid.Check(t, func(rt *rapid.T) {
		list := drawn(rt, days)
		base := base
		base.Fixed = rapid.SampledFrom([][]party.Setting{nil, {party.SettingText}}).Draw(rt, "fixed")
		at := oslo("2026-10-20", rapid.IntRange(0, 24*100).Draw(rt, "hours after"))
		got, used := base.At(list, at)

		want, of := base, map[party.Setting]int{} // set one after the other, by their days and then by when they were made
		ordered := slices.Clone(list)
		slices.SortStableFunc(ordered, func(a, b party.Version) int { return strings.Compare(string(a.From), string(b.From)) })
		for _, v := range ordered {
			if v.From.In(calendar.Oslo).After(at) {
				continue
			}
			for _, s := range v.Change.Sets() {
				if slices.Contains(base.Fixed, s) {
					continue
				}
				of[s] = v.Number
				apply(&want, s, v.Change)
			}
		}
		if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(used, of) {
			rt.Fatalf("got %+v of %v\nwant %+v of %v", got, used, want, of)
		}
		if mixed, _ := base.At(rapid.Permutation(list).Draw(rt, "order"), at); !reflect.DeepEqual(mixed, want) {
			rt.Fatal("the order of the list counts")
		}
		if next := party.NextChange(list, at); !next.IsZero() {
			if before, _ := base.At(list, next.Add(-time.Nanosecond)); !reflect.DeepEqual(before, want) {
				rt.Fatalf("it changes before %v", next)
			}
		}
	})
}

func apply(a *party.Account, s party.Setting, c party.Change) {
	switch s {
	case party.SettingSender:
		a.Sender.Name, a.Sender.Line1, a.Sender.Line2, a.Sender.Line3 = c.Sender.Name, c.Sender.Line1, c.Sender.Line2, c.Sender.Line3
		a.Sender.Postcode, a.Sender.City = c.Sender.Postcode, c.Sender.City
	case party.SettingLogo:
		a.Sender.Logo, a.Logo = nil, *c.Logo
	case party.SettingText:
		a.Sender.Text = *c.Text
	case party.SettingLanguage:
		a.Sender.Language = *c.Language
	case party.SettingNotice:
		a.Notice = c.Notice
	case party.SettingVendor:
		a.Vendor = *c.Vendor
	case party.SettingDeadline:
		a.Rules.DeadlineHours, a.Rules.DeadlineWorkdays = c.Deadline.Hours, c.Deadline.Workdays
	case party.SettingCap:
		a.Cap = c.Cap
	}
}

// TestOfLetter: what a letter was prepared with stays, whatever is set afterwards and whenever it is asked; vendor and cap are those of
// the time.
func TestOfLetter(t *testing.T) {
	t.Parallel()
	base := party.Account{Key: "skole", Vendor: "trykkeri", Rules: shipment.DefaultRules(), Sender: cover.Sender{Name: "Skolen", Logo: []byte{1}}}
	days := []civil.Date{"2026-11-01", "2026-11-15", "2026-12-01", "2027-01-01"}
	rapid.Check(t, func(rt *rapid.T) {
		list := drawn(rt, days)
		known := list[:rapid.IntRange(0, len(list)).Draw(rt, "known")]
		at := oslo("2026-10-20", rapid.IntRange(0, 24*100).Draw(rt, "hours after"))
		then, used := base.At(known, at)
		later := at.Add(time.Duration(rapid.IntRange(0, 24*100).Draw(rt, "later")) * time.Hour)
		now, _ := base.At(list, later)
		got := base.OfLetter(list, party.LetterVersions(used), later)
		want := then
		want.Vendor, want.Cap = now.Vendor, now.Cap
		if !reflect.DeepEqual(got, want) {
			rt.Fatalf("got %+v\nwant %+v", got, want)
		}
	})
}
