package nights

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postgang/engine/calendar"
	"postgang/engine/party"
	"postgang/engine/store"
)

// TestOverdueSince: a letter is overdue when two whole virkedager have passed since the day on which it was due, and not before.
func TestOverdueSince(t *testing.T) {
	t.Parallel()
	for now, want := range map[string]string{
		"2026-11-26 00:00": "2026-11-23 23:59", // Thursday: Monday's
		"2026-11-25 23:59": "2026-11-22 23:59", // Wednesday: Sunday's
		"2026-12-01 10:00": "2026-11-26 23:59", // Tuesday: Thursday's; Friday has had Monday alone
		"2026-04-07 12:00": "2026-03-30 23:59", // after Easter: Monday's of the week before
	} {
		if got := overdueSince(oslo(t, now)); got.In(calendar.Oslo).Format("2006-01-02 15:04") != want {
			t.Errorf("%s: %v, want %s", now, got.In(calendar.Oslo), want)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, calendar.Oslo).Add(time.Duration(rapid.IntRange(0, 3*365*24).Draw(rt, "h")) * time.Hour)
		since := overdueSince(now)
		if again := overdueSince(now.Add(time.Hour)); again.Before(since) {
			rt.Fatalf("at %v: %v, an hour later %v", now, since, again)
		}
		if passed := (calendar.Calendar{}).AddVirkedager(calendar.DayOf(since), overdueAfter).Add(1).Start(); passed.After(now) {
			rt.Fatalf("at %v: due %v is not overdue before %v", now, since, passed)
		}
		if next := (calendar.Calendar{}).AddVirkedager(calendar.DayOf(since).Add(1), overdueAfter).Add(1).Start(); !next.After(now) {
			rt.Fatalf("at %v: what was due a day after %v is overdue too", now, since)
		}
	})
}

func oslo(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", s, calendar.Oslo)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestAnswerDue(t *testing.T) {
	t.Parallel()
	const h = time.Hour
	for _, c := range []struct {
		name          string
		offered, want string
		v             party.Vendor
	}{
		{"a day, when nothing is said", "2026-11-24 21:05", "2026-11-25 21:05", party.Vendor{}},
		{"24 hours on the clock over the night of 25 hours", "2026-10-24 21:00", "2026-10-25 20:00", party.Vendor{}},
		{"within the window", "2026-11-24 08:00", "2026-11-24 12:00", party.Vendor{AnswerWithin: 4 * h, OfferFrom: 7 * h, OfferTo: 17 * h}},
		{"over the night between windows", "2026-11-24 15:30", "2026-11-25 09:30", party.Vendor{AnswerWithin: 4 * h, OfferFrom: 7 * h, OfferTo: 17 * h}},
		{"up when the window shuts", "2026-11-24 13:00", "2026-11-24 17:00", party.Vendor{AnswerWithin: 4 * h, OfferFrom: 7 * h, OfferTo: 17 * h}},
		{"offered just outside", "2026-11-24 06:00", "2026-11-24 08:00", party.Vendor{AnswerWithin: h, OfferFrom: 7 * h, OfferTo: 17 * h}},
		{"several windows", "2026-11-24 16:00", "2026-11-27 08:00", party.Vendor{AnswerWithin: 22 * h, OfferFrom: 7 * h, OfferTo: 17 * h}},
		{"over midnight", "2026-11-24 01:00", "2026-11-24 23:00", party.Vendor{AnswerWithin: 5 * h, OfferFrom: 20 * h, OfferTo: 3 * h}},
		{"the window of the long night", "2026-10-25 01:00", "2026-10-25 04:00", party.Vendor{AnswerWithin: 4 * h, OfferFrom: 20 * h, OfferTo: 6 * h}},
		{"a window that the short night has not", "2026-03-28 12:00", "2026-03-30 02:30", party.Vendor{AnswerWithin: h / 2, OfferFrom: 2 * h, OfferTo: 3 * h}},
	} {
		if got := c.v.AnswerDue(oslo(t, c.offered)); !got.Equal(oslo(t, c.want)) || got.Location() != time.UTC {
			t.Errorf("%s: %v, want %s in Norway", c.name, got.In(calendar.Oslo), c.want)
		}
	}
}

// TestAnswerDueCountsMinutes holds AnswerDue against counting the minutes one by one.
func TestAnswerDueCountsMinutes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		minutes := func(label string, to int) time.Duration {
			return time.Duration(rapid.IntRange(0, to).Draw(rt, label)) * time.Minute
		}
		v := party.Vendor{AnswerWithin: time.Minute + minutes("within", 3000), OfferFrom: minutes("from", 1439), OfferTo: minutes("to", 1439)}
		if gap := v.OfferTo - v.OfferFrom; gap > 0 && gap < time.Hour || gap < -23*time.Hour {
			rt.Skip("thousands of days to count")
		}
		offered := time.Date(2026, 11, 2, 0, 0, 0, 0, calendar.Oslo).Add(minutes("offered", 7*1440))
		left, at := v.AnswerWithin, offered
		for left > 0 {
			clock := time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
			inside := v.OfferFrom <= clock && clock < v.OfferTo
			if v.OfferFrom >= v.OfferTo {
				inside = clock >= v.OfferFrom || clock < v.OfferTo
			}
			if at = at.Add(time.Minute); inside {
				left -= time.Minute
			}
		}
		if got := v.AnswerDue(offered); !got.Equal(at) {
			rt.Fatalf("%v from %v: %v, counted %v", v.AnswerWithin, offered, got.In(calendar.Oslo), at)
		}
	})
}

func TestReceiptDue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, accepted, want string
		within               int
	}{
		{"four virkedager, when nothing is said", "2026-11-24 21:05", "2026-12-01 00:00", 0}, // Tuesday to the end of Monday
		{"accepted on a Saturday", "2026-11-28 10:00", "2026-12-04 00:00", 4},
		{"over Christmas", "2026-12-22 10:00", "2026-12-31 00:00", 4}, // 23, 28, 29, 30
		{"one", "2026-11-24 00:00", "2026-11-26 00:00", 1},
	} {
		if got := (party.Vendor{ReceiptWithin: c.within}).ReceiptDue(oslo(t, c.accepted)); !got.Equal(oslo(t, c.want)) {
			t.Errorf("%s: %v, want %s in Norway", c.name, got.In(calendar.Oslo), c.want)
		}
	}
}

func TestMissedNights(t *testing.T) {
	t.Parallel()
	sch, err := NewSchedule(ScheduleNight, "0 21 * * 1-5", true)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, last string
		state      store.SlotState
		now        string
		want       []string
	}{
		{"between nights", "2026-11-24 21:00", store.SlotDone, "2026-11-25 20:59", nil},
		{"a little late", "2026-11-24 21:00", store.SlotDone, "2026-11-25 21:14", nil},
		{"late", "2026-11-24 21:00", store.SlotDone, "2026-11-25 21:15", []string{"2026-11-25 21:00"}},
		{"under way", "2026-11-25 21:00", store.SlotRunning, "2026-11-25 23:00", nil},
		{"under way since yesterday", "2026-11-24 21:00", store.SlotRunning, "2026-11-25 23:00", []string{"2026-11-25 21:00"}},
		{"failed has its own alarm", "2026-11-24 21:00", store.SlotFailed, "2026-11-24 23:00", nil},
		{"not caught up", "2026-11-24 21:00", store.SlotSkipped, "2026-11-25 08:00", []string{"2026-11-24 21:00"}},
		{"over the weekend", "2026-11-26 21:00", store.SlotDone, "2026-11-30 22:00", []string{"2026-11-27 21:00", "2026-11-30 21:00"}},
		{"the ledger is ahead of the clock", "2026-11-26 21:00", store.SlotDone, "2026-11-24 22:00", nil},
	} {
		var got []string
		for _, at := range missedNights(sch, store.Slot{At: oslo(t, c.last), State: c.state}, oslo(t, c.now)) {
			got = append(got, calendar.ClockOf(at))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
