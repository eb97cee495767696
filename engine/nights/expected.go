package nights

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"postgang/engine/alarm"
	"postgang/engine/calendar"
	"postgang/engine/forecast"
	"postgang/engine/store"
)

// MissingWork gives the configured accounts whose usual work has not come by now, one an account.
func (e *Nights) MissingWork(ctx context.Context) ([]forecast.Missing, error) {
	return store.View(ctx, e.Archive, func(r store.Reader) ([]forecast.Missing, error) { return e.missing(ctx, r, e.Now()) })
}

func (e *Nights) missing(ctx context.Context, r store.Reader, now time.Time) ([]forecast.Missing, error) {
	all, err := e.usual.Missing(ctx, r, now)
	return slices.DeleteFunc(all, func(m forecast.Missing) bool { return !slices.Contains(e.AccountKeys, m.Account) }), err
}

// settingUsual is the setting with what usually comes today.
const settingUsual = "forecast-usual"

// shareUsual has one process look once a day at what came until yesterday, and all others, each command among them, take it from there.
func (e *Nights) shareUsual(ctx context.Context, now time.Time) error {
	day := calendar.DayOf(now)
	if e.usual.Knows(day) {
		return nil
	}
	taken := false
	err := e.Archive.View(ctx, func(r store.Reader) error {
		text, err := r.Setting(ctx, settingUsual)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if taken = e.usual.Take(day, text); taken {
			return nil
		}
		_, err = e.usual.Missing(ctx, r, now)
		return err
	})
	if err != nil || taken {
		return err
	}
	text, err := e.usual.Kept(day)
	if err != nil {
		return err
	}
	return e.Archive.InTx(ctx, func(tx store.Tx) error { return tx.SetSetting(ctx, settingUsual, text) })
}

// expectedArgs are what the alarm of usual work says. How much has come is not in it: that changes all day.
func expectedArgs(u forecast.Usual) alarm.Args {
	args := alarm.Args{"case": string(u.Kind), "account": u.Account, "letters": strconv.Itoa(u.About())}
	if u.Kind == forecast.Monthly {
		args["last"] = u.Last.String()
		return args
	}
	args["by"], args["weekday"] = alarm.TimeArg(u.By), strings.ToLower(calendar.DayOf(u.By.Add(-time.Minute)).Weekday().String())
	return args
}

// NextNight is when the next night is planned; at midnight, and false, when none is.
func NextNight(all []Schedule, now time.Time) (at time.Time, planned bool) {
	for _, s := range all {
		if s.Name == ScheduleNight {
			if at = s.Next(now); !at.IsZero() {
				return at, true
			}
		}
	}
	return calendar.DayOf(now).Add(1).Start().UTC(), false
}
