package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"postgang/billing/civil"
	"postgang/billing/money"
	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/calendar"
	"postgang/engine/party"
	dated "postgang/engine/settings"
	"postgang/engine/store"
	"postgang/printjobs/cover"
)

// accountView is how an account is set up, as people and programs see it.
type accountView struct {
	Account  string        `json:"account"`
	At       cli.Moment    `json:"at"`
	Settings []settingView `json:"settings"`
	Versions []versionView `json:"versions"`
}

// settingView is one setting.
type settingView struct {
	Setting party.Setting `json:"setting"`
	Value   string        `json:"value"` // as people read it
	Fixed   bool          `json:"fixed,omitempty"`
	Version int           `json:"version,omitempty"` // that it is of; none: the configuration file
	Line    int           `json:"line,omitempty"`    // of the configuration file; none with it: the default
}

// versionView is something that somebody set.
type versionView struct {
	Number int             `json:"number"`
	From   civil.Date      `json:"from"`
	Made   cli.Moment      `json:"made"`
	By     string          `json:"by"`
	Reason string          `json:"reason"`
	Sets   []party.Setting `json:"sets"`
}

func viewVersion(v party.Version, names map[string]string) versionView {
	return versionView{v.Number, v.From, cli.When(v.Made), shownActor(v.By.String(), names), v.Reason, v.Change.Sets()}
}

// shownSetting is a setting as people read it.
func shownSetting(a dated.Account, s party.Setting) string {
	switch s {
	case party.SettingSender:
		h := party.LetterheadOf(a.Sender)
		out := h.Name
		for _, line := range []string{h.Line1, h.Line2, h.Line3} {
			if line != "" {
				out += ", " + line
			}
		}
		return out + ", " + h.Postcode + " " + h.City
	case party.SettingLogo:
		switch {
		case a.Logo != "":
			return a.Logo[:8]
		case len(a.Sender.Logo) > 0:
			return "a picture of " + strconv.Itoa(len(a.Sender.Logo)) + " bytes"
		}
		return "none"
	case party.SettingText:
		return strconv.Quote(a.Sender.Text)
	case party.SettingLanguage:
		if a.Sender.Language == "" {
			return string(cover.Bokmal)
		}
		return string(a.Sender.Language)
	case party.SettingNotice:
		return strconv.Quote(a.Notice.Body)
	case party.SettingVendor:
		return a.Vendor
	case party.SettingDeadline:
		if n := a.Rules.DeadlineWorkdays; n > 0 {
			return strconv.Itoa(n) + " workdays"
		}
		return strconv.Itoa(a.Rules.DeadlineHours) + " hours on working days"
	case party.SettingCap:
		if a.Cap == 0 {
			return "none"
		}
		return "kr " + a.Cap.String() + " a day"
	default:
		return ""
	}
}

func newAccountShow(o *options) *cobra.Command {
	var at string
	cmd := &cobra.Command{
		Use:   "show ACCOUNT",
		Short: "How an account is set up, where each setting comes from, and what was or will be set",
		Long: `Tells how an account is set up now, or on the day of --at: the settings that can be set from a day on
(see "account change"), each with the version that it is of or the line of the configuration file.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: o.completeConfig(accountKeys),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return o.with(ctx, false, func(a *app.App) error {
				if err := checkAccounts(a.Config, args[0]); err != nil {
					return err
				}
				when := o.now()
				if at != "" {
					day, err := civil.ParseDay(at)
					if err != nil {
						return cli.Usage("--at %v", err)
					}
					when = day.In(calendar.Oslo)
				}
				got, err := a.Engine.AccountSettings(ctx, args[0], when)
				if err != nil {
					return err
				}
				v := accountView{Account: got.Key, At: cli.When(when), Versions: []versionView{}}
				for _, s := range got.Values {
					row := settingView{Setting: s.Setting, Value: shownSetting(got, s.Setting), Fixed: s.Fixed}
					if s.Version != nil {
						row.Version = s.Version.Number
					} else {
						row.Line = got.Lines[s.Setting]
					}
					v.Settings = append(v.Settings, row)
				}
				names, err := store.View(ctx, a.Archive, func(r store.Reader) (map[string]string, error) { return r.ActorNames(ctx) })
				if err != nil {
					return err
				}
				for _, version := range got.Versions {
					v.Versions = append(v.Versions, viewVersion(version, names))
				}
				return o.Print(v, func(w io.Writer) { showAccount(w, v, filepath.Base(a.Config.Path)) })
			})
		},
	}
	cmd.Flags().StringVar(&at, "at", "", "at the beginning of this day, YYYY-MM-DD (default: now)")
	return cmd
}

func showAccount(w io.Writer, v accountView, file string) {
	fmt.Fprintf(w, "Account %s at %s\n", v.Account, v.At)
	cli.Table(w, "SETTING VALUE FROM", func(row func(...any)) {
		for _, s := range v.Settings {
			from := "default"
			switch {
			case s.Version > 0:
				from = "version " + strconv.Itoa(s.Version)
			case s.Line > 0:
				from = file + ":" + strconv.Itoa(s.Line)
			}
			if s.Fixed {
				from += ", fixed"
			}
			row(s.Setting, s.Value, from)
		}
	})
	if len(v.Versions) == 0 {
		return
	}
	fmt.Fprintln(w)
	cli.Table(w, "VERSION FROM MADE BY SETS REASON", func(row func(...any)) {
		for _, s := range v.Versions {
			row(s.Number, s.From, s.Made, s.By, s.Sets, s.Reason)
		}
	})
}

// accountFlags are what a change may set.
type accountFlags struct {
	from, reason                              string
	name, line1, line2, line3, postcode, city string
	logo, text, language, vendor, cap         string
	noLogo                                    bool
	hours, workdays                           int
	sender, summary, body, subject, mail, sms string
}

func newAccountChange(o *options) *cobra.Command {
	var f accountFlags
	cmd := &cobra.Command{
		Use:   "change ACCOUNT --reason TEXT [--from DATE] SETTING...",
		Short: "Set something of an account from a day on",
		Long: `Sets what is given of an account from the beginning of a day (today: from now on). What is not given stays
as it is. Letters that are prepared already keep the forside, the notice and the deadline that they were
prepared with; vendor and cap are those of the day on which a night plans. Nothing that was set is ever
changed: another version takes its place. What the configuration file names as fixed is changed there.

A cap that is raised or taken away takes two persons (see [access] in docs/configuration.md).`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: o.completeConfig(accountKeys),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := reasoned(f.reason); err != nil {
				return err
			}
			ctx := cmd.Context()
			return o.with(ctx, false, func(a *app.App) error {
				if err := checkAccounts(a.Config, args[0]); err != nil {
					return err
				}
				order, err := o.accountOrder(ctx, cmd, a, args[0], f)
				if err != nil {
					return err
				}
				v, err := a.Engine.ChangeAccount(ctx, order)
				if errors.Is(err, party.ErrNoChange) {
					return cli.Usage("nothing would change: give what to set")
				}
				if err != nil {
					return err
				}
				view := viewVersion(v, nil)
				return o.Print(view, func(w io.Writer) {
					fmt.Fprintf(w, "Version %d of account %s holds from %s: %v\n", v.Number, v.Account, v.From, view.Sets)
				})
			})
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.from, "from", "", "day from whose beginning it holds, YYYY-MM-DD (default: today, from now on)")
	fl.StringVar(&f.reason, "reason", "", "why; kept and shown, so without personal data (required)")
	fl.StringVar(&f.name, "sender-name", "", "sender on the forside")
	fl.StringVar(&f.line1, "sender-line1", "", "its address")
	fl.StringVar(&f.line2, "sender-line2", "", "its address, second line")
	fl.StringVar(&f.line3, "sender-line3", "", "its address, third line")
	fl.StringVar(&f.postcode, "sender-postcode", "", "its postnummer")
	fl.StringVar(&f.city, "sender-city", "", "its poststed")
	fl.StringVar(&f.logo, "logo", "", "file with the logo, PNG or JPEG")
	fl.BoolVar(&f.noLogo, "no-logo", false, "no logo any more")
	fl.StringVar(&f.text, "text", "", "forsidetekst")
	fl.StringVar(&f.language, "language", "", "language of the forside's labels: nb, nn, se or en")
	fl.StringVar(&f.vendor, "vendor", "", "who prints")
	fl.IntVar(&f.hours, "deadline-hours", 0, "hours on working days until an unread letter goes to paper")
	fl.IntVar(&f.workdays, "deadline-workdays", 0, "whole virkedager instead")
	fl.StringVar(&f.cap, "cap", "", `what its letters may cost a day, kroner net of VAT ("5000,00"); "0": no cap`)
	fl.StringVar(&f.sender, "notice-sender", "", "whose letter it is, in Altinn")
	fl.StringVar(&f.summary, "notice-summary", "", "summary in Altinn")
	fl.StringVar(&f.body, "notice-body", "", "text in Altinn")
	fl.StringVar(&f.subject, "notice-mail-subject", "", "subject of the e-mail that notifies")
	fl.StringVar(&f.mail, "notice-mail-body", "", "text of that e-mail")
	fl.StringVar(&f.sms, "notice-sms", "", "text of the SMS that notifies")
	cmd.MarkFlagsMutuallyExclusive("logo", "no-logo")
	cmd.MarkFlagsMutuallyExclusive("deadline-hours", "deadline-workdays")
	return cmd
}

// accountOrder is what the flags say. Parts of the sender and of the notice that are not given are those of the day.
func (o *options) accountOrder(ctx context.Context, cmd *cobra.Command, a *app.App, key string, f accountFlags) (dated.Order, error) {
	order := dated.Order{Seen: -1, Version: party.Version{Account: key, Reason: f.reason, From: civil.Of(o.now(), calendar.Oslo)}}
	at := o.now()
	if f.from != "" {
		day, err := civil.ParseDay(f.from)
		if err != nil {
			return order, cli.Usage("--from %v", err)
		}
		if order.From = day; day.In(calendar.Oslo).After(at) {
			at = day.In(calendar.Oslo)
		}
	}
	now, err := a.Engine.AccountSettings(ctx, key, at)
	if err != nil {
		return order, err
	}
	given := func(name string, to *string, value string) bool {
		if cmd.Flags().Changed(name) {
			*to = value
			return true
		}
		return false
	}
	c := &order.Change
	head := party.LetterheadOf(now.Sender)
	any := false
	for _, p := range []struct {
		name  string
		to    *string
		value string
	}{{"sender-name", &head.Name, f.name}, {"sender-line1", &head.Line1, f.line1}, {"sender-line2", &head.Line2, f.line2}, {"sender-line3", &head.Line3, f.line3},
		{"sender-postcode", &head.Postcode, f.postcode}, {"sender-city", &head.City, f.city}} {
		any = given(p.name, p.to, p.value) || any
	}
	if any {
		c.Sender = &head
	}
	var notice party.Notice
	if now.Notice != nil {
		notice = *now.Notice
	}
	any = false
	for _, p := range []struct {
		name  string
		to    *string
		value string
	}{{"notice-sender", &notice.Sender, f.sender}, {"notice-summary", &notice.Summary, f.summary}, {"notice-body", &notice.Body, f.body},
		{"notice-mail-subject", &notice.MailSubject, f.subject}, {"notice-mail-body", &notice.MailBody, f.mail}, {"notice-sms", &notice.SMS, f.sms}} {
		any = given(p.name, p.to, p.value) || any
	}
	if any {
		c.Notice = &notice
	}
	if f.noLogo {
		c.Logo = new("")
	}
	if f.logo != "" {
		if order.Picture, err = os.ReadFile(f.logo); err != nil {
			return order, fmt.Errorf("logo: %w", cli.WithoutName(err))
		}
	}
	if cmd.Flags().Changed("text") {
		c.Text = &f.text
	}
	if f.language != "" {
		c.Language = new(cover.Language(f.language))
	}
	if f.vendor != "" {
		c.Vendor = &f.vendor
	}
	if f.hours != 0 || f.workdays != 0 {
		c.Deadline = &party.Deadline{Hours: f.hours, Workdays: f.workdays}
	}
	if f.cap != "" {
		kroner, err := money.ParseKroner(f.cap)
		if err != nil {
			return order, cli.Usage("--cap %v", err)
		}
		c.Cap = new(kroner.Ore())
	}
	return order, nil
}

// now is the time, or that of a test.
func (o *options) now() time.Time {
	if o.wiring.Now != nil {
		return o.wiring.Now()
	}
	return time.Now()
}
