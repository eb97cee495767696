package reveal

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"postgang/engine/access"
	"postgang/engine/console/page"
	"postgang/engine/find"
	"postgang/engine/recipient"
	"postgang/engine/shipment"
)

// perPage is how many letters are listed at a time: whom each is to is shown, and written down.
const perPage = 20

// searchPage asks whom somebody looks for, and why.
type searchPage struct {
	Over                           bool // what was found is over
	Name, Address, Number, Purpose string
	Accounts                       []page.Choice
	Errors                         []page.Link
	WrongName, WrongNumber, Wrong  string
	Incomplete                     bool // letters of before are not all found yet
}

// found is what a search has found.
type found struct {
	query   recipient.Query
	account string
	letters []shipment.Shipment // with whom they are to
	later   bool                // the search went on from newer ones
	next    string              // the last letter of those listed, when there are older ones; empty: there are none
}

// foundPage lists what was found.
type foundPage struct {
	Purpose string
	Until   time.Time
	Rows    []foundRow
	Later   bool
	Next    string // where the older ones are asked for; empty: there are none
	// Incomplete: letters of before are not all found yet.
	Incomplete bool
}

type foundRow struct {
	ID, Short     string
	Name, Address string
	Account       string
	Status        page.Tag
	Held          bool
	Received      time.Time
	Last          string // what happened to it last, in a word
	LastAt        time.Time
}

func (v *request) searchPage() (p searchPage, err error) {
	p.Over, p.Purpose, p.Accounts = v.R.URL.Query().Has("utlopt"), v.views.purpose(v.Visit), v.Choices(v.R.PostFormValue("konto"))
	all, err := v.Engine.RecipientsFindable(v.Ctx)
	p.Incomplete = !all
	return p, err
}

func (v *request) askSearch(p searchPage) error {
	status := http.StatusOK
	if len(p.Errors) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return v.Show(status, "mottaker", "Søk på mottaker", p)
}

func askSearch(v *request) error {
	p, err := v.searchPage()
	if err != nil {
		return err
	}
	return v.askSearch(p)
}

func search(v *request) error {
	p, err := v.searchPage()
	if err != nil {
		return err
	}
	get := func(name string) string { return strings.TrimSpace(v.R.PostFormValue(name)) }
	p.Name, p.Address, p.Number = get("navn"), get("adresse"), get("nummer")
	p.Purpose, p.Wrong = v.purpose()
	if p.Wrong != "" {
		p.Errors = append(p.Errors, page.Link{Text: p.Wrong, Path: "#formaal"})
	}
	q := recipient.Query{Name: shipment.Private(p.Name), Address: shipment.Private(p.Address), Number: shipment.Private(p.Number)}
	account := get("konto")
	if account != "" && !v.Scope.Has(account) {
		account = "" // as if it were not there
	}
	if len(p.Errors) == 0 {
		err = v.search(q, account, "", p.Purpose)
	} else {
		_, err = recipient.Look(q, func(string) string { return "" }) // all that is wrong is told at once
	}
	switch {
	case errors.Is(err, recipient.ErrShort):
		p.WrongName = "Skriv minst tre bokstaver av navnet eller adressen, eller et helt fødselsnummer."
		p.Errors = append([]page.Link{{Text: p.WrongName, Path: "#navn"}}, p.Errors...)
	case errors.Is(err, recipient.ErrNumber):
		p.WrongNumber = "Skriv alle elleve sifrene i fødselsnummeret, eller alle ni i organisasjonsnummeret."
		p.Errors = append([]page.Link{{Text: p.WrongNumber, Path: "#nummer"}}, p.Errors...)
	case errors.Is(err, recipient.ErrNoKey):
		p.WrongNumber = "Her kan ingen finnes på nummer: det er ikke satt opp. Søk på navn eller adresse."
		p.Errors = append([]page.Link{{Text: p.WrongNumber, Path: "#nummer"}}, p.Errors...)
	case err != nil, len(p.Errors) == 0:
		return err
	}
	return v.askSearch(p)
}

// search finds letters and whom they are to, keeps what it found, and leads there.
func (v *request) search(q recipient.Query, account, after, purpose string) error {
	list, err := v.Engine.FindRecipient(v.Ctx, v.Scope, purpose, q, find.Filter{Account: account, Newest: true, After: after, Limit: perPage + 1})
	if err != nil {
		return err
	}
	f := &found{query: q, account: account, later: after != ""}
	if len(list) > perPage {
		list = list[:perPage]
		f.next = list[perPage-1].ID
	}
	ids := make([]string, len(list))
	for i, s := range list {
		ids[i] = s.ID
	}
	shown, err := v.Door.Recipients(v.Ctx, access.By(v.Ctx), v.Scope, ids, purpose)
	if err != nil {
		return fmt.Errorf("whom the letters that were found are to: %w", err)
	}
	for i, s := range list {
		s.Submission = shipment.Submission{Recipient: shown[i].Recipient} // nothing else of it is shown
		f.letters = append(f.letters, s)
	}
	return v.Redirect(SearchPath + "/" + v.views.keep(v.Visit, &view{purpose: purpose, found: f}))
}

func showFound(v *request) error {
	token := v.R.PathValue("sok")
	w := v.views.find(v.Visit, token, "")
	if w == nil {
		return v.over(SearchPath)
	}
	all, err := v.Engine.RecipientsFindable(v.Ctx)
	if err != nil {
		return err
	}
	p := foundPage{Purpose: w.purpose, Until: w.until, Later: w.found.later, Incomplete: !all}
	if w.found.next != "" {
		p.Next = SearchPath + "/" + token
	}
	for _, s := range w.found.letters {
		if !v.Scope.Has(s.Account) {
			continue // a role was taken away meanwhile
		}
		to := s.Submission.Recipient
		row := foundRow{
			ID: s.ID, Short: s.ID[:8], Name: to.Name.Reveal(), Address: strings.Join(addressLines(to), ", "), Account: v.AccountName(s.Account),
			Status: page.StatusOf(s.Status).Tag, Held: s.Hold != "", Received: s.ReceivedAt,
		}
		for _, at := range []struct {
			what string
			time time.Time
		}{{"Postlagt", s.PostedAt}, {"Lest", s.ReadAt}, {"Overlevert trykkeriet", s.SentAt}, {"Varslet", s.NotifiedAt}} {
			if !at.time.IsZero() {
				row.Last, row.LastAt = at.what, at.time
				break
			}
		}
		p.Rows = append(p.Rows, row)
	}
	return v.Show(http.StatusOK, "mottaker-treff", "Treff på mottaker", p)
}

// searchOn goes on to older letters: a look-up of its own.
func searchOn(v *request) error {
	w := v.views.find(v.Visit, v.R.PathValue("sok"), "")
	if w == nil || w.found.next == "" {
		return v.over(SearchPath)
	}
	return v.search(w.found.query, w.found.account, w.found.next, w.purpose)
}
