package people

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"postgang/engine/access"
	"postgang/engine/calendar"
	"postgang/engine/change"
	"postgang/engine/console/page"
	"postgang/engine/console/visit"
	"postgang/engine/party"
	"postgang/engine/store"
	"postgang/engine/words"
)

// perPage is how many rows of a log a page shows, mostRows how many a file has.
const (
	perPage  = 50
	mostRows = 200_000
)

// logPage is what both logs have: the filter as it stands, and how to go on.
type logPage struct {
	From, To string // days
	Wrong    string // what is wrong with the filter
	People   []page.Choice
	Filtered bool
	CSV      string
	First    string
	Next     string
	Whole    bool // the person may see the log of changes, and verify
}

// lookupsPage is the innsynslogg.
type lookupsPage struct {
	logPage
	Command  string // the log-in name of who used the command line
	Shipment string
	Rows     []lookupRow
}

type lookupRow struct {
	Seq      int64
	At       time.Time
	By       string
	Shipment string
	Path     string // of the shipment; empty: none that this person may see
	Account  string
	What     string
	Purpose  string
}

// changesPage is the log of changes.
type changesPage struct {
	logPage
	Subjects []page.Choice
	Rows     []changeRow
}

type changeRow struct {
	Seq          int64
	At           time.Time
	By, Of, Path string
	What         string
	Why          string
}

var whatWords = map[access.What]string{
	access.WhatRecipient: "mottaker", access.WhatTitle: "tittel", access.WhatDocuments: "dokumenter", access.WhatPages: "sider", access.WhatSearch: "søk",
}

// filter reads what both logs are narrowed by.
func (v *request) filter(p *logPage) (f access.LogFilter) {
	q := v.R.URL.Query()
	day := func(name string) (text string, at time.Time) {
		if text = q.Get(name); text == "" {
			return "", at
		}
		at, err := time.ParseInLocation(time.DateOnly, text, calendar.Oslo)
		if err != nil {
			p.Wrong = "Skriv dagen som år, måned og dag, for eksempel 2026-11-30."
		}
		return text, at
	}
	p.From, f.From = day("fra")
	if p.To, f.To = day("til"); !f.To.IsZero() {
		f.To = f.To.AddDate(0, 0, 1) // the day with it
	}
	f.Actor = q.Get("hvem")
	if _, err := access.ParseActor(f.Actor); err != nil {
		f.Actor = ""
		p.Wrong = "Velg en person i listen."
	}
	if after := q.Get("etter"); after != "" {
		n, err := strconv.ParseInt(after, 10, 64)
		if err != nil || n < 0 {
			p.Wrong = "Adressen er feil."
		}
		f.After = n
	}
	p.Whole = v.MayAll(access.SeeLogs)
	return f
}

// ways sets the addresses of other pages of a log; last is the number of the last row, 0: there are no more.
func (v *request) ways(p *logPage, path, file string, last int64) {
	q := v.R.URL.Query()
	after := q.Get("etter")
	q.Del("etter")
	for name := range q {
		if q.Get(name) == "" {
			q.Del(name)
		}
	}
	p.Filtered = len(q) > 0
	p.CSV = address(file, q)
	if after != "" {
		p.First = address(path, q)
	}
	if last > 0 {
		q.Set("etter", strconv.FormatInt(last, 10))
		p.Next = address(path, q)
	}
}

func address(path string, q url.Values) string {
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// everybody are the persons of the archive to choose among.
func everybody(people []access.Person, chosen string) []page.Choice {
	var out []page.Choice
	for _, p := range people {
		text := p.Name
		if !p.Ended.IsZero() {
			text += " (avsluttet)"
		}
		key := access.SubjectOf(p.ID)
		out = append(out, page.Choice{Value: key, Text: text, Chosen: key == chosen})
	}
	return out
}

// lookupFilter is the filter of the innsynslogg, within the scope.
func (v *request) lookupFilter(p *lookupsPage) access.LogFilter {
	f := v.filter(&p.logPage)
	q := v.R.URL.Query()
	if p.Command = strings.TrimSpace(q.Get("kommando")); p.Command != "" && f.Actor == "" {
		f.Actor = access.Actor{Kind: access.CommandLine, ID: p.Command}.String()
	}
	if p.Shipment = strings.ToLower(strings.TrimSpace(q.Get("forsendelse"))); p.Shipment != "" && !visit.ShipmentID.MatchString(p.Shipment) {
		p.Wrong, p.Shipment = "Skriv hele forsendelses-id-en.", ""
	}
	f.Shipment = p.Shipment
	if !v.MayAll(access.SeeLogs) { // what is of no account is for who sees all
		f.Scope = &v.Scope
	}
	return f
}

// lookupRows are rows as they are shown. They name people, so that they are made outside of the transaction that read them.
func (v *request) lookupRows(list []access.Lookup) (out []lookupRow) {
	see := v.May(access.See)
	for _, l := range list {
		row := lookupRow{Seq: l.Seq, At: l.At, By: v.ByWhom(l.Actor.String()), Shipment: l.Shipment, Purpose: l.Purpose}
		if l.Account != "" {
			row.Account = v.AccountName(l.Account)
		}
		if l.Shipment != "" && see.Has(l.Account) {
			row.Path = "/forsendelser/" + l.Shipment
		}
		var what []string
		for _, w := range l.What {
			word := whatWords[w]
			if word == "" {
				word = string(w)
			}
			what = append(what, word)
		}
		row.What = strings.Join(what, ", ")
		out = append(out, row)
	}
	return out
}

func lookups(v *request) error {
	var p lookupsPage
	f := v.lookupFilter(&p)
	f.Limit = perPage + 1
	var rows []access.Lookup
	err := v.read(func(r store.Reader) error {
		people, err := r.People(v.Ctx)
		if err != nil {
			return err
		}
		p.People = everybody(people, f.Actor)
		if p.Wrong == "" {
			rows, err = r.Lookups(v.Ctx, f)
		}
		return err
	})
	if err != nil {
		return err
	}
	last := int64(0)
	if len(rows) > perPage {
		rows = rows[:perPage]
		last = rows[perPage-1].Seq
	}
	p.Rows = v.lookupRows(rows)
	v.ways(&p.logPage, "/logg", "/logg/innsyn.csv", last)
	return v.Show(status(p.Wrong), "innsynslogg", "Innsynslogg", p)
}

func status(wrong string) int {
	if wrong != "" {
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

func lookupsCSV(v *request) error {
	var p lookupsPage
	f := v.lookupFilter(&p)
	if p.Wrong != "" {
		return fmt.Errorf("%s: %w", p.Wrong, visit.ErrBad)
	}
	out := v.CSV("innsynslogg.csv")
	_ = out.Write([]string{"Nummer", "Tidspunkt", "Hvem", "Aktør", "Forsendelse", "Konto", "Hva", "Formål", "Kontrollsum"}) // Flush tells
	err := pagesOf(f, func(f access.LogFilter) (last int64, n int, err error) {
		var rows []access.Lookup
		err = v.read(func(r store.Reader) (err error) {
			rows, err = r.Lookups(v.Ctx, f)
			return err
		})
		for i, row := range v.lookupRows(rows) {
			_ = out.Write([]string{
				strconv.FormatInt(row.Seq, 10), page.Clock(row.At), visit.Cell(v.named(rows[i].Actor)), visit.Cell(rows[i].Actor.String()), row.Shipment, visit.Cell(row.Account), row.What,
				visit.Cell(row.Purpose), rows[i].Hash,
			})
			last = row.Seq
		}
		return last, len(rows), err
	})
	out.Flush()
	return errors.Join(err, out.Error())
}

// named is who did something, by name also when it is the person who asks: a file is read by others.
func (v *request) named(a access.Actor) string {
	if a.Kind == access.Human && a.ID == v.Person.ID {
		return v.Person.Name
	}
	return v.ByWhom(a.String())
}

// pagesOf reads a log page by page, the newest first, until there is no more.
func pagesOf(f access.LogFilter, read func(f access.LogFilter) (last int64, n int, err error)) error {
	for all := 0; all < mostRows; {
		f.Limit = min(store.Page, mostRows-all)
		last, n, err := read(f)
		if err != nil || n < f.Limit {
			return err
		}
		all += n
		f.After = last
	}
	return nil
}

// changeFilter is the filter of the log of changes.
func (v *request) changeFilter(p *changesPage) access.LogFilter {
	f := v.filter(&p.logPage)
	if f.Subject = v.R.URL.Query().Get("gjelder"); f.Subject != "" && !subjectForm.MatchString(f.Subject) {
		p.Wrong, f.Subject = "Velg i listen hvem det gjelder.", ""
	}
	return f
}

var subjectForm = regexp.MustCompile(`^[a-zæøå]+/[^\s]{0,200}$`)

// subjectKinds are what changes are of, beside persons, systems and accounts.
var subjectKinds = []struct {
	kind change.Kind
	text string
}{
	{change.Codes, "Registeret over konteringskoder"}, {change.ReceiptFile, "Kvitteringsfiler"}, {change.Receipt, "Kvitteringer i konflikt"},
	{change.Invoice, "Fakturaer"}, {change.Deviations, "Avvik"}, {change.Month, "Måneder"}, {change.Alarm, "Varsler"}, {change.Run, "Kjøringer for hånd"},
}

// subjectPath is the page of what a change is of; empty: there is none.
func subjectPath(subject string) string {
	kind, id, _ := strings.Cut(subject, "/")
	id = url.PathEscape(id)
	switch change.Kind(kind + "/") {
	case change.Codes:
		return "/okonomi/koder"
	case change.Invoice:
		return "/okonomi/fakturaer/" + id
	case change.Receipt:
		return "/okonomi/kvitteringer/konflikt/" + id
	case change.ReceiptFile:
		return "/okonomi/kvitteringer"
	case change.Deviations:
		return "/okonomi/avvik"
	case change.Month:
		return "/okonomi/maneder/" + id
	case change.Alarm, change.Run: // for who runs the post
	}
	return ""
}

// settingWords are what is set of accounts.
var settingWords = map[party.Setting]string{
	party.SettingSender: "avsender", party.SettingLogo: "logo", party.SettingText: "forsidetekst", party.SettingLanguage: "språk", party.SettingNotice: "varslingstekster",
	party.SettingVendor: "trykkeri", party.SettingDeadline: "frist", party.SettingCap: "kostnadstak",
}

// settings say what a change sets of an account.
func settings(c access.Change) string {
	var set party.Change
	if json.Unmarshal([]byte(c.After), &set) != nil {
		return "Kan ikke leses"
	}
	var said []string
	for _, s := range set.Sets() {
		said = append(said, settingWords[s])
	}
	return "Satt: " + strings.Join(said, ", ")
}

// changeRows are rows as they are shown, made outside of the transaction that read them.
func (v *request) changeRows(list []access.Change) (out []changeRow) {
	for _, c := range list {
		row := changeRow{Seq: c.Seq, At: c.At, By: v.ByWhom(c.Actor.String()), Of: v.Names()[c.Subject], What: v.changeWords(c), Why: words.ChangeReason(c.Reason, words.Norwegian)}
		if row.By == "" {
			row.By = "Postgang"
		}
		kind, key, _ := strings.Cut(c.Subject, "/")
		of, done, isOther := words.Change(c.Subject, c.Before, c.After, words.Norwegian)
		account, isAccount := access.AccountOf(c.Subject)
		switch {
		case isOther:
			row.Of, row.What, row.Path = page.Sentence(of), page.Sentence(done), subjectPath(c.Subject)
		case isAccount:
			row.Of, row.What, row.Path = "Kontoen "+v.AccountName(account), settings(c), "/konfigurasjon/konto/"+url.PathEscape(account)
		case row.Of == "":
			row.Of = c.Subject
		case kind == string(access.Human):
			row.Path = "/tilganger/" + key
		case kind == string(access.Integrated):
			row.Path = "/fagsystem/" + key
		}
		out = append(out, row)
	}
	return out
}

// changeWords say what a change changed. Roles outside of the scope are not named.
func (v *request) changeWords(c access.Change) string {
	d, err := c.Difference()
	if err != nil {
		return "kan ikke leses"
	}
	var words []string
	say := func(is bool, text string) {
		if is {
			words = append(words, text)
		}
	}
	say(d.New, "lagt til")
	say(d.Bound, "knyttet til innloggingen")
	say(d.Renamed, "nytt navn")
	say(d.Tied, "nytt innloggingsnavn på kommandolinjen")
	for _, g := range d.Given {
		say(v.touches(g), "fikk "+v.role(g))
	}
	for _, g := range d.Taken {
		say(v.touches(g), "mistet "+v.role(g))
	}
	elsewhere := func(g access.Grant) bool { return !v.touches(g) }
	say(slices.ContainsFunc(slices.Concat(d.Given, d.Taken), elsewhere), "roller for andre kontoer")
	say(d.SessionsEnded > 0, page.Counted(d.SessionsEnded, "økt avsluttet", "økter avsluttet"))
	say(d.Rotated && d.FormerUntil.IsZero(), "nytt passord")
	say(d.Rotated && !d.FormerUntil.IsZero(), "nytt passord; det gamle virker til "+page.Clock(d.FormerUntil))
	say(d.Organisation, "nytt organisasjonsnummer")
	for _, a := range d.AccountsGiven {
		say(v.Scope.Has(a), "får sende for "+v.AccountName(a))
	}
	for _, a := range d.AccountsTaken {
		say(v.Scope.Has(a), "får ikke lenger sende for "+v.AccountName(a))
	}
	say(d.Ended, "avsluttet")
	if len(words) == 0 {
		return "ingenting vi har ord for"
	}
	return page.Sentence(strings.Join(words, ", "))
}

// happened is a change in the history of a person or a system; By is how the archive keeps it.
func (v *request) happened(c access.Change) visit.Happened {
	return visit.Happened{At: c.At, What: v.changeWords(c), Why: page.Sentence(words.ChangeReason(c.Reason, words.Norwegian)), Color: "accent", By: c.Actor.String()}
}

func changes(v *request) error {
	var p changesPage
	f := v.changeFilter(&p)
	f.Limit = perPage + 1
	var rows []access.Change
	err := v.read(func(r store.Reader) error {
		people, err := r.People(v.Ctx)
		if err != nil {
			return err
		}
		systems, err := r.Integrations(v.Ctx)
		if err != nil {
			return err
		}
		p.People, p.Subjects = everybody(people, f.Actor), everybody(people, f.Subject)
		for _, i := range systems {
			key := access.IntegrationSubject(i.ID)
			p.Subjects = append(p.Subjects, page.Choice{Value: key, Text: "Fagsystemet " + i.Name, Chosen: key == f.Subject})
		}
		for _, k := range subjectKinds {
			p.Subjects = append(p.Subjects, page.Choice{Value: string(k.kind), Text: k.text, Chosen: string(k.kind) == f.Subject})
		}
		for _, a := range v.Accounts {
			key := access.SubjectOfAccount(a.Key)
			p.Subjects = append(p.Subjects, page.Choice{Value: key, Text: "Kontoen " + v.AccountName(a.Key), Chosen: key == f.Subject})
		}
		if p.Wrong == "" {
			rows, err = r.Changes(v.Ctx, f)
		}
		return err
	})
	if err != nil {
		return err
	}
	last := int64(0)
	if len(rows) > perPage {
		rows = rows[:perPage]
		last = rows[perPage-1].Seq
	}
	p.Rows = v.changeRows(rows)
	v.ways(&p.logPage, "/logg/endringer", "/logg/endringer.csv", last)
	return v.Show(status(p.Wrong), "endringslogg", "Endringer", p)
}

func changesCSV(v *request) error {
	var p changesPage
	f := v.changeFilter(&p)
	if p.Wrong != "" {
		return fmt.Errorf("%s: %w", p.Wrong, visit.ErrBad)
	}
	out := v.CSV("endringer.csv")
	_ = out.Write([]string{"Nummer", "Tidspunkt", "Hvem", "Aktør", "Gjelder", "Hva", "Begrunnelse", "Før", "Etter", "Kontrollsum"}) // Flush tells
	err := pagesOf(f, func(f access.LogFilter) (last int64, n int, err error) {
		var rows []access.Change
		err = v.read(func(r store.Reader) (err error) {
			rows, err = r.Changes(v.Ctx, f)
			return err
		})
		for i, row := range v.changeRows(rows) {
			c := rows[i]
			_ = out.Write([]string{
				strconv.FormatInt(row.Seq, 10), page.Clock(row.At), visit.Cell(v.named(c.Actor)), visit.Cell(c.Actor.String()), visit.Cell(row.Of), row.What, visit.Cell(row.Why), c.Before, c.After, c.Hash,
			})
			last = row.Seq
		}
		return last, len(rows), err
	})
	out.Flush()
	return errors.Join(err, out.Error())
}

// verifiedPage says whether the logs are as they were written.
type verifiedPage struct{ Logs []verifiedLog }

type verifiedLog struct {
	Name   string
	Rows   int64
	Hash   string // of the last row that is as it was written
	Broken int64  // the first row that is not; 0: none
}

func verify(v *request) error {
	innsyn, err := verified(v, "Innsynsloggen", func(r store.Reader, f access.LogFilter, c *access.Chain) (int, error) {
		rows, err := r.Lookups(v.Ctx, f)
		for _, row := range rows {
			if err == nil {
				err = c.Lookup(row)
			}
		}
		return len(rows), err
	})
	if err != nil {
		return err
	}
	changed, err := verified(v, "Loggen over endringer", func(r store.Reader, f access.LogFilter, c *access.Chain) (int, error) {
		rows, err := r.Changes(v.Ctx, f)
		for _, row := range rows {
			if err == nil {
				err = c.Change(row)
			}
		}
		return len(rows), err
	})
	if err != nil {
		return err
	}
	return v.Show(http.StatusOK, "kontroll", "Kontroll av loggene", verifiedPage{[]verifiedLog{innsyn, changed}})
}

// verified reads a log from its first row on, a page at a time, so that no transaction lasts long.
func verified(v *request, name string, read func(r store.Reader, f access.LogFilter, c *access.Chain) (int, error)) (verifiedLog, error) {
	var chain access.Chain
	out := verifiedLog{Name: name}
	for {
		n := 0
		err := v.read(func(r store.Reader) (err error) {
			n, err = read(r, access.LogFilter{Oldest: true, After: chain.Seq, Limit: store.Page}, &chain)
			return err
		})
		out.Rows, out.Hash = chain.Seq, chain.Hash
		if broken, ok := errors.AsType[*access.BrokenError](err); ok {
			out.Broken = broken.Seq
			return out, nil
		}
		if err != nil || n < store.Page {
			return out, err
		}
	}
}
