package people

import (
	"strconv"
	"time"

	"postgang/engine/access"
	"postgang/engine/console/page"
	"postgang/engine/retention"
	"postgang/engine/store"
)

// erasedPage is the deletion log.
type erasedPage struct {
	logPage
	Account  string
	Accounts []page.Choice
	Rows     []erasedRow
}

type erasedRow struct {
	Seq       int64
	At        time.Time
	Shipment  string
	Account   string
	From      page.Tag // its status before
	Documents int
	Why, By   string
}

var erasedWords = map[retention.Why]string{
	retention.WhyTime: "Lagringstiden var ute", retention.WhySender: "Avsenderens system ba om det", retention.WhyPerson: "Slettet for hånd",
}

// erased shows which letters have had their content erased, the newest first.
func erased(v *request) error {
	q := v.R.URL.Query()
	p := erasedPage{Account: q.Get("konto")}
	f := retention.LogFilter{Limit: perPage + 1}
	known := p.Account == ""
	for _, a := range v.Accounts {
		p.Accounts = append(p.Accounts, page.Choice{Value: a.Key, Text: v.AccountName(a.Key), Chosen: a.Key == p.Account})
		known = known || a.Key == p.Account
	}
	if p.Account != "" {
		f.Accounts = []string{p.Account}
	}
	if after := q.Get("etter"); after != "" {
		n, err := strconv.ParseInt(after, 10, 64)
		if err != nil || n < 1 {
			known = false
		}
		f.After = n
	}
	if !known {
		p.Wrong = "Vi kjenner ikke kontoen eller siden du ba om."
	}
	var rows []retention.Erasure
	var names map[string]string
	err := v.read(func(r store.Reader) (err error) {
		if p.Wrong != "" {
			return nil
		}
		if rows, err = r.Erasures(v.Ctx, f); err != nil {
			return err
		}
		names, err = r.ActorNames(v.Ctx)
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
	for _, e := range rows {
		row := erasedRow{Seq: e.Seq, At: e.At, Shipment: e.Shipment, Account: v.AccountName(e.Account), From: page.StatusOf(e.From).Tag, Documents: e.Documents, Why: erasedWords[e.Why]}
		if e.Reason != "" {
			row.Why += ": " + e.Reason
		}
		if e.By != "" {
			if row.By = names[e.By]; row.By == "" {
				if a, err := access.ParseActor(e.By); err == nil {
					row.By = a.ID
				}
			}
		}
		p.Rows = append(p.Rows, row)
	}
	v.ways(&p.logPage, "/logg/sletting", "", last)
	return v.Show(status(p.Wrong), "slettelogg", "Slettelogg", p)
}
