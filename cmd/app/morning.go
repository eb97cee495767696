package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"postgang/engine/morning"
	"postgang/engine/nights"
)

// runNames are how runs are called in the report of the morning.
var runNames = map[string]string{
	nights.ScheduleNight: "Nattkjøringen", nights.ScheduleReceipts: "Henting av kvitteringer", nights.ScheduleMonthly: "Månedsrapporten", nights.ScheduleRetention: "Slettingen",
	nights.ScheduleNightByHand: "Nattkjøringen startet for hånd", nights.ScheduleReceiptsByHand: "Henting av kvitteringer startet for hånd",
}

// MorningNames are how accounts, vendors and runs are called, by the configuration. Reasons are their codes.
func (a *App) MorningNames() morning.Names {
	accounts, vendors := map[string]string{}, map[string]string{}
	for _, acc := range a.Config.Accounts {
		accounts[acc.Key] = acc.Name
	}
	for _, v := range a.Config.Vendors {
		vendors[v.Key] = v.Name
	}
	by := func(names map[string]string) func(string) string {
		return func(key string) string { return cmp.Or(names[key], key) }
	}
	return morning.Names{Account: by(accounts), Vendor: by(vendors), Run: by(runNames), Held: func(code string) string { return code }}
}

// bringMorning sends the report of the morning to whom [morning] names.
func (a *App) bringMorning(ctx context.Context, r morning.Report) error {
	n := a.MorningNames()
	var errs []error
	if m := a.Config.MorningMail; m != nil && len(a.Config.MorningMailTo) > 0 {
		if err := m.SendText(ctx, a.Config.MorningMailTo, r.Subject(), r.Text(n)); err != nil {
			errs = append(errs, fmt.Errorf("the report of the morning could not be sent by e-mail: %w", err))
		}
	}
	if w := a.Config.MorningWebhook; w != nil {
		err := w.Post(ctx, struct {
			Origin   string            `json:"origin"`
			Subject  string            `json:"subject"`
			From     time.Time         `json:"from"`
			To       time.Time         `json:"to"`
			Sections []morning.Section `json:"sections"`
		}{w.Origin, r.Subject(), r.From, r.To, r.Sections(n)})
		if err != nil {
			errs = append(errs, fmt.Errorf("the report of the morning could not be posted: %w", err))
		}
	}
	return errors.Join(errs...)
}

// Morning makes the report of the time until now, since the last one by schedule, or a day. send: it is also brought to people.
func (a *App) Morning(ctx context.Context, send bool) (morning.Report, error) {
	now := a.Now()
	since, err := a.Engine.MorningSince(ctx, now)
	if err != nil {
		return morning.Report{}, err
	}
	r, err := a.Engine.Morning(ctx, since, now)
	if err == nil && send {
		err = a.bringMorning(ctx, r)
	}
	return r, err
}
