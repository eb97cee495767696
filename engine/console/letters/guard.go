package letters

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"postgang/billing/money"
	"postgang/engine/accept"
	"postgang/engine/access"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/console/visit"
	"postgang/engine/shipment"
)

// guardPage is what the cost guard keeps back.
type guardPage struct {
	Rows    []guardRow
	Letters int
	Net     money.Ore
	All     string // address where all are approved; empty: there are not several rows
}

// guardRow is what is kept back of an account and konteringskode.
type guardRow struct {
	Account, Code string
	Letters       int
	Net           money.Ore
	Unpriced      int
	Path          string
}

// kept lists what is kept back within the scope, of an account and code, or of all when account is empty.
func (v *request) kept(account, code string) ([]accept.Quoted, error) {
	all, err := v.Engine.KeptBack(v.Ctx)
	return slices.DeleteFunc(all, func(q accept.Quoted) bool {
		return !v.Scope.Has(q.Account) || account != "" && (q.Account != account || shipment.ShownCode(q.Konteringskode) != code)
	}), err
}

func guard(v *request) error {
	kept, err := v.kept("", "")
	if err != nil {
		return err
	}
	var p guardPage
	for _, k := range kept {
		code := shipment.ShownCode(k.Konteringskode)
		path := "/kostnadsvakt/godkjenn?" + url.Values{"konto": {k.Account}, "kode": {code}}.Encode()
		at := slices.IndexFunc(p.Rows, func(r guardRow) bool { return r.Path == path })
		if at < 0 {
			at = len(p.Rows)
			p.Rows = append(p.Rows, guardRow{Account: v.AccountName(k.Account), Code: cmp.Or(code, "uten kode"), Path: path})
		}
		row := &p.Rows[at]
		row.Letters++
		p.Letters++
		if k.Quote.Net() == 0 {
			row.Unpriced++
		}
		row.Net += k.Quote.Net()
		p.Net += k.Quote.Net()
	}
	if len(p.Rows) > 1 {
		p.All = "/kostnadsvakt/godkjenn"
	}
	return v.Show(http.StatusOK, "kostnadsvakt", "Kostnadsvakt", p)
}

// approvalPage asks about letters that are kept back.
func (v *request) approvalPage(kept []accept.Quoted, back string) (visit.Question, []string, error) {
	q := visit.Question{
		Title: "Godkjenn kostnaden", Button: "Godkjenn", Reason: true, Back: back,
	}
	var ids []string
	net, unpriced := money.Ore(0), 0
	for _, k := range kept {
		ids = append(ids, k.Shipment)
		net += k.Quote.Net()
		if k.Quote.Net() == 0 {
			unpriced++
		}
	}
	q.Text = page.Counted(len(ids), "brev", "brev") + " til " + "kr\u00a0" + net.String() + " går til utskrift med neste kjøring, uansett hva grensene sier."
	if unpriced > 0 {
		q.Notes = append(q.Notes, page.Counted(unpriced, "brev", "brev")+" har ingen kjent pris, og er ikke med i beløpet.")
	}
	if len(ids) == 0 {
		q.Cannot = "Ingen brev holdes igjen her nå."
		return q, nil, nil
	}
	subject, err := v.Engine.WholeCap(v.Ctx, ids)
	if err == nil && subject != "" && v.Engine.TwoPersons() {
		q.Notes = append(q.Notes, "Dette er alt som kostnadsvakten holder igjen.")
		err = v.Second(&q, subject)
	}
	return q, ids, err
}

func (v *request) approve(q visit.Question, ids []string, do bool) error {
	if q.Cannot != "" || !do {
		return v.Ask(q)
	}
	if v.Fill(&q); !q.OK() {
		return v.Ask(q)
	}
	switch _, err := v.Engine.ApproveCost(v.Ctx, ids, q.Written); {
	case errors.Is(err, access.ErrSecondPerson):
		return v.Redirect(q.Action) // where it says what was noted
	case err != nil:
		return err
	}
	return v.Redirect(q.Back)
}

// approval is the approval of what the address or the form names.
func (v *request) approval(do bool) error {
	values := v.R.URL.Query()
	account, code := values.Get("konto"), values.Get("kode")
	kept, err := v.kept(account, code)
	if err != nil {
		return err
	}
	q, ids, err := v.approvalPage(kept, "/kostnadsvakt")
	if err != nil {
		return err
	}
	q.Action = "/kostnadsvakt/godkjenn"
	if account != "" {
		q.Action += "?" + url.Values{"konto": {account}, "kode": {code}}.Encode()
	}
	return v.approve(q, ids, do)
}

func askApproval(v *request) error { return v.approval(false) }
func approval(v *request) error    { return v.approval(true) }

// approvalOfOne is the approval of a letter.
func (v *request) approvalOfOne(do bool) error {
	l, err := v.letterToActOn()
	if err != nil {
		return err
	}
	kept, err := v.kept("", "")
	if err != nil {
		return err
	}
	q, ids, err := v.approvalPage(slices.DeleteFunc(kept, func(k accept.Quoted) bool { return k.Shipment != l.ID }), "/forsendelser/"+l.ID)
	if err != nil {
		return err
	}
	q.Action = "/forsendelser/" + l.ID + "/godkjenn"
	if len(ids) == 0 {
		q.Cannot = "Kostnadsvakten holder ikke brevet igjen."
	}
	return v.approve(q, ids, do)
}

func askApprovalOfOne(v *request) error { return v.approvalOfOne(false) }
func approvalOfOne(v *request) error    { return v.approvalOfOne(true) }

// keptBack reports whether the cost guard keeps a letter back.
func keptBack(l scoped.Letter) bool { return l.Hold == shipment.HoldCost }
