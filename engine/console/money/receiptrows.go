package money

import (
	"errors"
	"net/url"
	"strconv"
	"time"

	"postgang/billing/money"
	"postgang/billing/receipt"
	"postgang/engine/access"
	"postgang/engine/console/page"
	"postgang/engine/console/visit"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// receiptRows are rows of a file of receipts.
type receiptRows struct {
	Show        []page.Choice
	Rows        []receiptRow
	Letter      string // the letter whose rows alone are shown; empty: those of all
	All         string // path of all rows, where not all are shown
	First, Next string // paths of the first rows, and of those after these; empty: there are none
	CSV         string
}

type receiptRow struct {
	Line                int
	Shipment, Job       page.Link
	Kind                string // what kind of row it is, where it is not simply that a letter was posted
	Posted              time.Time
	Pages, Sheets       int
	Weight              string
	Production, Postage money.Ore
	Code                string
	State               page.Tag
	Conflict            string // path of the page on which it is decided about; empty: nothing is, or was
}

// rowsAtATime is how many rows a page shows.
const rowsAtATime = 100

// askedRows is which rows of a file an address asks for.
const askedRows = "vis"

// setAside are the states of rows that are not booked.
var setAside = []store.ReceiptState{store.ReceiptUnknown, store.ReceiptConflict, store.ReceiptDuplicate}

// receiptStates name what became of a row.
var receiptStates = map[store.ReceiptState]page.Tag{
	store.ReceiptApplied: {Text: "Bokført", Color: "success"}, store.ReceiptDuplicate: {Text: "Sagt før", Color: "neutral"},
	store.ReceiptConflict: {Text: "I konflikt", Color: "danger"}, store.ReceiptUnknown: {Text: "Ukjent brev", Color: "warning"},
}

var rowKinds = map[receipt.RowKind]string{receipt.RowCorrection: "Rettelse", receipt.RowReversal: "Tilbakeføring", receipt.RowReturn: "Retur"}

// statesAsked are the states that an address asks for; nil: all.
func (v *request) statesAsked() []store.ReceiptState {
	if v.R.URL.Query().Get(askedRows) == "ikke-bokfort" {
		return setAside
	}
	return nil
}

// receiptRows are the rows of a file that an address asks for.
func (v *request) receiptRows(f store.ReceiptFile) (p receiptRows, err error) {
	q, path := v.R.URL.Query(), filePath(f)
	if id := q.Get("brev"); visit.ShipmentID.MatchString(id) && visit.JobID.MatchString(q.Get("jobb")) {
		found, err := store.View(v.Ctx, v.Archive, func(r store.Reader) ([]store.ReceiptRecord, error) {
			return r.Receipts(v.Ctx, store.ReceiptFilter{Vendor: f.Vendor, File: f.SHA256, Job: q.Get("jobb"), Shipment: id, Limit: rowsAtATime})
		})
		p.Letter, p.All = id[:8], path
		for _, r := range found {
			p.Rows = append(p.Rows, v.receiptRow(r))
		}
		return p, err
	}
	states := v.statesAsked()
	asked := url.Values{}
	if states != nil {
		asked.Set(askedRows, "ikke-bokfort")
	}
	to := func(path string, more ...string) string {
		w := url.Values{}
		for k, values := range asked {
			w[k] = values
		}
		for i := 0; i+1 < len(more); i += 2 {
			w.Set(more[i], more[i+1])
		}
		if len(w) > 0 {
			path += "?" + w.Encode()
		}
		return path
	}
	p.CSV = to(path + "/rader.csv")
	p.Show = []page.Choice{{Value: path, Text: "Alle rader", Chosen: states == nil}, {Value: path + "?" + askedRows + "=ikke-bokfort", Text: "Ikke bokført", Chosen: states != nil}}
	after := q.Get("etter")
	rows, err := v.Engine.FileRows(v.Ctx, f.Vendor, f.SHA256, states, after, rowsAtATime+1)
	if err != nil {
		return p, err
	}
	if after != "" {
		p.First = to(path)
	}
	if len(rows) > rowsAtATime {
		rows = rows[:rowsAtATime]
		p.Next = to(path, "etter", rows[len(rows)-1].ID)
	}
	for _, r := range rows {
		p.Rows = append(p.Rows, v.receiptRow(r))
	}
	return p, nil
}

func (v *request) receiptRow(r store.ReceiptRecord) receiptRow {
	row := receiptRow{
		Line: r.Row.Line, Kind: rowKinds[r.Row.Kind], Posted: r.Row.PostedAt, Pages: r.Row.Pages(), Sheets: r.Row.Sheets(), Weight: page.Weight(int64(r.Row.WeightGram)), Production: r.Row.Production, Postage: r.Row.Postage,
		Code: shipment.ShownCode(r.Row.Konteringskode), State: receiptStates[r.State],
	}
	// What the vendor wrote of a letter that we do not know may be anything.
	if id := r.Row.Shipment; visit.ShipmentID.MatchString(id) {
		row.Shipment = page.Link{Text: id[:8]}
		if r.State != store.ReceiptUnknown {
			row.Shipment.Path = "/forsendelser/" + id
		}
	}
	if id := r.Row.Job; visit.JobID.MatchString(id) {
		row.Job = page.Link{Text: id}
		if r.State != store.ReceiptUnknown && !v.May(access.Operate).Empty() {
			row.Job.Path = "/jobber/" + id
		}
	}
	if r.State == store.ReceiptConflict || r.Decision != nil {
		row.Conflict = "/okonomi/kvitteringer/konflikt/" + r.ID
	}
	if r.State == store.ReceiptConflict && r.Decision != nil {
		row.State = page.Tag{Text: "Ikke tatt", Color: "neutral"}
	}
	return row
}

// receiptRowsCSV is the rows of a file as a file of ours.
func receiptRowsCSV(v *request) error {
	f, _, err := v.receiptFile()
	if err != nil {
		return err
	}
	out := v.CSV("kvitteringer-" + f.SHA256[:8] + ".csv")
	_ = out.Write([]string{"linje", "forsendelse", "jobb", "type", "postlagt", "sider", "ark", "vekt gram", "produksjon", "porto", "konteringskode", "tilstand"}) // Flush tells
	for after := ""; err == nil; {
		var rows []store.ReceiptRecord
		rows, err = v.Engine.FileRows(v.Ctx, f.Vendor, f.SHA256, v.statesAsked(), after, store.Page)
		for _, r := range rows {
			row := v.receiptRow(r)
			id := ""
			if row.Shipment.Text != "" {
				id = r.Row.Shipment
			}
			_ = out.Write([]string{
				strconv.Itoa(row.Line), id, row.Job.Text, row.Kind, page.Clock(row.Posted), strconv.Itoa(row.Pages), strconv.Itoa(row.Sheets), strconv.Itoa(r.Row.WeightGram),
				row.Production.String(), row.Postage.String(), visit.Cell(row.Code), row.State.Text,
			})
			after = r.ID
		}
		if len(rows) < store.Page {
			break
		}
	}
	out.Flush()
	return errors.Join(err, out.Error())
}
