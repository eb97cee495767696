package nights

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postgang/billing/civil"
	"postgang/engine/calendar"
)

func reportSchedule(t interface{ Fatal(...any) }, spec string, rule OnHoliday) Schedule {
	s, err := NewSchedule(ScheduleMonthly, spec, true)
	if err == nil {
		s, err = s.On(rule)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// lived gives how often the report of each month is made from one time to another, by a process that looks whether something is
// due after each of the pauses, which come in turn.
func lived(s Schedule, from, to time.Time, pauses []time.Duration) map[civil.Date]int {
	made := map[civil.Date]int{}
	after, now := from, from
	for i := 0; now.Before(to); i++ {
		now = now.Add(pauses[i%len(pauses)])
		for {
			skip, slot := s.due(after, now)
			if slot.IsZero() {
				if len(skip) > 0 {
					after = skip[len(skip)-1]
				}
				break
			}
			for _, m := range s.Months(slot) {
				made[m]++
			}
			after = slot
		}
	}
	return made
}

// The report of every month of thirty years is made once, whatever the rule for holidays and however seldom the schedule comes.
// The first month of the year, May and Christmas move.
func TestEveryMonthIsReportedOnce(t *testing.T) {
	t.Parallel()
	for _, spec := range []string{"0 7 1 * *", "@monthly", "30 2 1 * *", "0 7 17 * *", "0 7 25 * *", "0 7 31 * *", "0 7 1 1,4,7,10 *", "0 7 26 12 *"} {
		for _, rule := range []OnHoliday{HolidayRun, HolidayNext, HolidayPrevious} {
			t.Run(fmt.Sprint(spec, rule), func(t *testing.T) {
				t.Parallel()
				from, to := time.Date(2026, 1, 10, 0, 0, 0, 0, calendar.Oslo), time.Date(2056, 2, 10, 0, 0, 0, 0, calendar.Oslo)
				made := lived(reportSchedule(t, spec, rule), from, to, []time.Duration{12 * time.Hour, 90 * 24 * time.Hour, 19 * time.Hour, 40 * time.Hour})
				for m := civil.Date("2026-01-01"); m < "2055-01-01"; m = civil.NextMonth(m) {
					if made[m] != 1 {
						t.Errorf("the report of %s is made %d times", m.Month(), made[m])
					}
				}
			})
		}
	}
}

// However a process is up and down, no month's report is left out, and none of a monthly schedule is made twice.
func TestOutagesLoseNoReport(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		spec := rapid.SampledFrom([]string{"0 7 1 * *", "0 23 28 * *", "0 7 5 * *", "0 7 * * 1", "0 7 1,15 * *"}).Draw(t, "spec")
		rule := rapid.SampledFrom([]OnHoliday{HolidayRun, HolidayNext, HolidayPrevious}).Draw(t, "rule")
		hours := rapid.SliceOfN(rapid.IntRange(1, 92*24), 1, 30).Draw(t, "hours")
		pauses := make([]time.Duration, len(hours))
		for i, h := range hours {
			pauses[i] = max(time.Duration(h)*time.Hour, 12*time.Hour)
		}
		year := rapid.IntRange(2020, 2060).Draw(t, "year")
		from := time.Date(year, 1, 10, 0, 0, 0, 0, calendar.Oslo)
		made := lived(reportSchedule(t, spec, rule), from, from.AddDate(2, 1, 0), pauses)
		last := civil.Of(from.AddDate(2, -1, 0), calendar.Oslo)
		for m := civil.NextMonth(civil.Of(from, calendar.Oslo)); m < last; m = civil.NextMonth(m) {
			if n := made[m]; n < 1 || n > 1 && (spec != "0 7 * * 1" && spec != "0 7 1,15 * *") {
				t.Fatalf("the report of %s is made %d times", m.Month(), n)
			}
		}
	})
}

// A slot that was moved to another month is of the month before the planned day.
func TestMonthsOfMovedSlots(t *testing.T) {
	t.Parallel()
	s := reportSchedule(t, "0 7 1 * *", HolidayPrevious)
	for slot, want := range map[string]string{"2026-12-31 07:00": "[2026-12-01]", "2027-04-30 07:00": "[2027-04-01]", "2027-02-01 07:00": "[2027-01-01]"} {
		at, err := time.ParseInLocation("2006-01-02 15:04", slot, calendar.Oslo)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(s.Months(at)); got != want {
			t.Errorf("at %s the reports of %s are made, want %s", slot, got, want)
		}
	}
}

func TestSchedulesThatSayTwoThings(t *testing.T) {
	t.Parallel()
	for _, name := range []string{ScheduleNight, ScheduleReceipts, ScheduleMonthly} {
		for _, spec := range []string{"TZ=UTC 0 7 1 * *", "CRON_TZ=America/New_York 0 7 1 * *", " tz=UTC 0 7 * * *", "0 7 1 * 1", "0 7 1-7 * 1", "0 7 */2 * 1", "0 7 31 2 *"} {
			if _, err := NewSchedule(name, spec, true); err == nil {
				t.Errorf("%s: %q is taken", name, spec)
			}
		}
		for _, spec := range []string{"0 7 1 * *", "0 7 1 * ?", "0 21 * * 1-5", "*/20 * * * *", "@daily", "@monthly"} {
			if _, err := NewSchedule(name, spec, true); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
