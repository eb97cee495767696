package letters

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"postgang/billing/civil"
	"postgang/engine/access"
	"postgang/engine/calendar"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/console/visit"
	"postgang/engine/find"
	"postgang/engine/identity"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// lettersPage is a list of letters, and what it was asked for.
type lettersPage struct {
	Filter   letterFilter
	Accounts []page.Choice
	Statuses []page.Choice
	Holds    []page.Choice
	Reasons  []page.Choice
	Rows     []letterRow
	Filtered bool
	CSV      string // address of the list as CSV
	Next     string // address of the next page; empty: there is none
	First    string // address of the first page; empty: this is it
	// Recipients: the person may look for letters by whom they are to.
	Recipients bool
}

// letterFilter is what a list is asked for, as it stands in the address.
type letterFilter struct {
	Account, Status, Hold, Reason string
	System, Code, Job             string
	From, To                      string // days of receipt, both counted in
	After                         string
}

type letterRow struct {
	ID, Short    string
	Account      string
	Status       page.Tag
	Hold         string
	Reason       string
	Code, System string
	Received     time.Time
	Due          time.Time
	Posted       time.Time
}

// perPage is how many letters are listed at a time.
const perPage = 50

func filterOf(q url.Values) letterFilter {
	get := func(key string) string { return strings.TrimSpace(q.Get(key)) }
	return letterFilter{
		Account: get("konto"), Status: get("status"), Hold: get("satt_til_side"), Reason: get("arsak"), System: get("system"), Code: get("konteringskode"), Job: get("jobb"),
		From: get("fra"), To: get("til"), After: get("etter"),
	}
}

// query is the filter as it stands in an address, going on after a letter.
func (f letterFilter) query(after string) string {
	q := url.Values{}
	for _, kv := range [][2]string{
		{"konto", f.Account}, {"status", f.Status}, {"satt_til_side", f.Hold}, {"arsak", f.Reason}, {"system", f.System}, {"konteringskode", f.Code}, {"jobb", f.Job},
		{"fra", f.From}, {"til", f.To}, {"etter", after},
	} {
		if kv[1] != "" {
			q.Set(kv[0], kv[1])
		}
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// day reads a day of the filter; zero: none is given.
func filterDay(name, text string) (civil.Date, error) {
	if text == "" {
		return "", nil
	}
	d, err := civil.ParseDay(text)
	if err != nil {
		return "", fmt.Errorf("%s er ingen dato: skriv den som 2026-11-30: %w", name, visit.ErrBad)
	}
	return d, nil
}

// storeFilter is the filter as the archive takes it.
func (v *request) storeFilter(f letterFilter) (store.ShipmentFilter, error) {
	s := store.ShipmentFilter{Account: f.Account, Newest: true, Limit: perPage + 1, Konteringskode: f.Code, Job: f.Job}
	switch {
	case f.Status == visit.StatusUnderWay:
		s.Statuses = visit.Waiting()
	case f.Status == visit.StatusReady:
		s.Statuses, s.Due = visit.Waiting(), find.Period{To: v.Now().Add(time.Millisecond)}
	case f.Status != "":
		if s.Statuses = []shipment.Status{shipment.Status(f.Status)}; !s.Statuses[0].Valid() {
			return s, fmt.Errorf("det finnes ingen slik status: %w", visit.ErrBad)
		}
	}
	switch f.Hold {
	case "":
	case "alle":
		s.Held = true
	default:
		s.Hold = f.Hold
	}
	if f.System != "" {
		s.Systems = []string{f.System}
	}
	if f.Reason != "" {
		s.Reasons = []shipment.Reason{shipment.Reason(f.Reason)}
	}
	from, err := filterDay("Mottatt fra", f.From)
	if err != nil {
		return s, err
	}
	to, err := filterDay("Mottatt til", f.To)
	if err != nil {
		return s, err
	}
	if from != "" {
		s.Received.From = from.In(calendar.Oslo)
	}
	if to != "" {
		s.Received.To = to.AddDays(1).In(calendar.Oslo)
	}
	if f.After != "" {
		if !visit.ShipmentID.MatchString(f.After) {
			return s, store.ErrNotFound
		}
		s.After = f.After
	}
	return s, nil
}

func letters(v *request) error {
	f := filterOf(v.R.URL.Query())
	p := lettersPage{Filter: f, Accounts: v.Choices(f.Account), Recipients: !v.May(access.Reveal).Empty(), Filtered: f.query("") != "", CSV: "/forsendelser/liste.csv" + f.query("")}
	add := func(to *[]page.Choice, chosen, value, text string) {
		*to = append(*to, page.Choice{Value: value, Text: text, Chosen: value == chosen})
	}
	add(&p.Statuses, f.Status, visit.StatusUnderWay, "Underveis til mottakeren")
	add(&p.Statuses, f.Status, visit.StatusReady, "Klar for utskrift")
	for _, s := range shipment.Statuses() {
		add(&p.Statuses, f.Status, string(s), page.StatusOf(s).Text)
	}
	add(&p.Holds, f.Hold, "alle", "Alle som er satt til side")
	for _, code := range []string{shipment.HoldCost, shipment.HoldRejected, shipment.HoldWindow, shipment.HoldUnheard, shipment.HoldLevel4, shipment.HoldRestored} {
		add(&p.Holds, f.Hold, code, page.HoldOf(code))
	}
	if f.Hold != "" && !slices.ContainsFunc(p.Holds, func(c page.Choice) bool { return c.Chosen }) { // an alarm leads to it
		add(&p.Holds, f.Hold, f.Hold, page.HoldOf(f.Hold))
	}
	for _, r := range []shipment.Reason{shipment.ReasonUnread, shipment.ReasonNoDigitalID, shipment.ReasonReserved, shipment.ReasonNotNotifiable, shipment.ReasonPrintOnly, shipment.ReasonSDPFailed} {
		add(&p.Reasons, f.Reason, string(r), page.ReasonOf(r))
	}
	sf, err := v.storeFilter(f)
	if err != nil {
		return err
	}
	var found []scoped.Letter
	err = v.View(func(r *scoped.Reader) error {
		found, err = r.Letters(v.Ctx, sf)
		return err
	})
	if err != nil {
		return err
	}
	if len(found) > perPage {
		found = found[:perPage]
		p.Next = "/forsendelser" + f.query(found[perPage-1].ID)
	}
	if f.After != "" {
		p.First = "/forsendelser" + f.query("")
	}
	for _, l := range found {
		p.Rows = append(p.Rows, v.letterRow(l))
	}
	return v.Show(http.StatusOK, "forsendelser", "Forsendelser", p)
}

func (v *request) letterRow(l scoped.Letter) letterRow {
	row := letterRow{
		ID: l.ID, Short: l.ID[:8], Account: v.AccountName(l.Account), Status: page.StatusOf(l.Status).Tag, Code: l.Submission.Konteringskode, System: l.Submission.SendingSystem,
		Received: l.ReceivedAt, Due: l.DueAt, Posted: l.PostedAt,
	}
	if l.Hold != "" {
		row.Hold = page.HoldOf(l.Hold)
	}
	if l.DueReason != "" {
		row.Reason = page.ReasonOf(l.DueReason)
	}
	return row
}

// mostCSV bounds a list as CSV: who wants more narrows it by days.
const mostCSV = 50_000

// lettersCSV is a list as CSV that a Norwegian spreadsheet opens, without personal data.
func lettersCSV(v *request) error {
	f := filterOf(v.R.URL.Query())
	f.After = ""
	sf, err := v.storeFilter(f)
	if err != nil {
		return err
	}
	w := v.CSV("forsendelser.csv")
	err = w.Write([]string{"id", "konto", "status", "satt til side", "årsak til papir", "konteringskode", "avgivende system", "mottatt", "varslet", "lest", "klar for utskrift", "overlevert", "postlagt"})
	for n := 0; err == nil && n < mostCSV; {
		sf.Limit = min(store.Page, mostCSV-n)
		var found []scoped.Letter
		err = v.View(func(r *scoped.Reader) error {
			found, err = r.Letters(v.Ctx, sf)
			return err
		})
		for _, l := range found {
			row := []string{
				l.ID, l.Account, string(l.Status), l.Hold, string(l.DueReason), visit.Cell(l.Submission.Konteringskode), visit.Cell(l.Submission.SendingSystem),
				clockCSV(l.ReceivedAt), clockCSV(l.NotifiedAt), clockCSV(l.ReadAt), clockCSV(l.DueAt), clockCSV(l.SentAt), clockCSV(l.PostedAt),
			}
			err = errors.Join(err, w.Write(row))
		}
		n += len(found)
		if len(found) < sf.Limit {
			break
		}
		sf.After = found[len(found)-1].ID
	}
	w.Flush()
	if err = errors.Join(err, w.Error()); err != nil && v.Ctx.Err() == nil {
		v.Log.Error("a list of letters as CSV was cut off", "error", err)
	}
	return nil // the answer has begun
}

func clockCSV(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(calendar.Oslo).Format("2006-01-02 15:04")
}

// findPage is what was found for what somebody wrote, when it is not one thing.
type findPage struct {
	Asked string // as it may be shown; empty: it may not
	Hits  []foundRow
	// Recipients: the person may look for letters by whom they are to.
	Recipients bool
}

// foundRow is something that may have been meant.
type foundRow struct {
	page.Link
	What, Account string
}

// mostFound is how many things are shown that may have been meant.
const mostFound = 20

// findAny leads from any id to its page.
func findAny(v *request) error {
	asked := strings.TrimSpace(v.R.PostFormValue("q"))
	if asked == "" {
		return v.Redirect("/forsendelser")
	}
	// "skole/in-3" is a hand-in of an account.
	if account, key, ok := strings.Cut(asked, "/"); ok {
		var id string
		err := v.View(func(r *scoped.Reader) error {
			l, err := r.LetterByHandIn(v.Ctx, account, key)
			id = l.ID
			return err
		})
		if err == nil {
			return v.Redirect("/forsendelser/" + id)
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	if id := strings.ToLower(asked); visit.ShipmentID.MatchString(id) {
		err := v.View(func(r *scoped.Reader) error { _, err := r.Letter(v.Ctx, id); return err })
		if err == nil {
			return v.Redirect("/forsendelser/" + id)
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	var hits []find.Hit
	err := v.View(func(r *scoped.Reader) (err error) {
		hits, err = r.Identify(v.Ctx, asked, mostFound)
		return err
	})
	if err != nil {
		return err
	}
	p := findPage{Recipients: !v.May(access.Reveal).Empty()}
	exact := 0
	for _, hit := range hits {
		row, ok := v.foundRow(hit)
		if !ok {
			continue
		}
		if hit.Match == find.Exact {
			exact++
		}
		p.Hits = append(p.Hits, row)
	}
	if len(p.Hits) == 1 || exact == 1 && hits[0].Match == find.Exact && len(p.Hits) > 0 {
		return v.Redirect(p.Hits[0].Path)
	}
	// What somebody writes may be somebody's name or number: it is shown again only when it looks like an id.
	if idForm.MatchString(asked) && len(identity.FindNationalIDs(asked)) == 0 {
		p.Asked = asked
	}
	return v.Show(http.StatusOK, "finn", "Søk", p)
}

// foundRow is a hit as a person may follow it; ok is false when they may not.
func (v *request) foundRow(hit find.Hit) (row foundRow, ok bool) {
	row.Text = hit.ID
	if hit.Account != "" {
		row.Account = v.AccountName(hit.Account)
	}
	switch hit.Kind {
	case find.Shipment:
		row.What, row.Path = "Forsendelse", "/forsendelser/"+hit.ID
	case find.Job:
		if v.May(access.Operate).Empty() {
			return row, false
		}
		row.What, row.Path = "Utskriftsjobb", "/jobber/"+hit.ID
	case find.Invoice:
		if !v.MayAll(access.SeeMoney) {
			return row, false
		}
		row.What, row.Path = "Faktura", "/okonomi/fakturaer"
	case find.Receipt:
		if !v.MayAll(access.SeeMoney) {
			return row, false
		}
		row.What, row.Path = "Kvittering", "/okonomi/kvitteringer"
	default:
		return row, false
	}
	return row, true
}

var idForm = regexp.MustCompile(`^[A-Za-z0-9._/:#-]{2,80}$`)
