package money

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"postgang/billing/money"
	"postgang/engine/access"
	"postgang/engine/alarm"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/console/visit"
	"postgang/engine/receipts"
	"postgang/engine/store"
	"postgang/engine/words"
)

// receiptsPage is the vendor's files of receipts, and what of them waits for a decision.
type receiptsPage struct {
	Files     []receiptFileRow
	Conflicts []conflictRow
	May       bool // the person may take files and decide
}

type receiptFileRow struct {
	Name, Vendor string
	Path         string
	Fetched      time.Time
	Rows, Done   int
	Half         bool // rows are left to be booked
	Problems     int
	Known        bool // somebody knows of the problems
}

type conflictRow struct {
	Path          string // where it is looked at and decided about
	Shipment, Job page.Link
	Vendor        string
	File          string
	Fetched       time.Time
	Net           money.Ore
	Pages, Sheets int
}

// shownFiles is how many files of receipts are shown, the newest first.
const shownFiles = 100

// filePath is the page of a file of receipts.
func filePath(f store.ReceiptFile) string { return visit.ReceiptFile(f.Vendor, f.SHA256) }

// stoppedKey is the key of the alarm about a file that was stopped, as the room of receipts makes it.
func stoppedKey(f store.ReceiptFile) string { return "receipts:" + f.Vendor + ":" + f.SHA256 }

// stopped are the open alarms about files that were stopped, by key.
func stopped(v *request, r *scoped.Reader) (map[string]alarm.Alarm, error) {
	open, err := r.Alarms(v.Ctx, true)
	out := map[string]alarm.Alarm{}
	for _, a := range open {
		out[a.Key] = a
	}
	return out, err
}

// receiptFiles lists the files of all vendors, the newest first.
func receiptFiles(v *request, r *scoped.Reader) ([]store.ReceiptFile, error) {
	var out []store.ReceiptFile
	for _, vendor := range v.Vendors {
		files, err := r.ReceiptFiles(v.Ctx, vendor.Key)
		if err != nil {
			return nil, err
		}
		out = append(out, files...)
	}
	slices.SortStableFunc(out, func(a, b store.ReceiptFile) int { return b.Fetched.Compare(a.Fetched) })
	return out, nil
}

func receiptList(v *request) error {
	p := receiptsPage{May: v.MayAll(access.HandleMoney)}
	err := v.View(func(r *scoped.Reader) error {
		files, err := receiptFiles(v, r)
		if err != nil {
			return err
		}
		alarms, err := stopped(v, r)
		if err != nil {
			return err
		}
		for _, f := range files[:min(len(files), shownFiles)] {
			p.Files = append(p.Files, receiptFileRow{
				Name: f.Name, Vendor: v.VendorName(f.Vendor), Path: filePath(f), Fetched: f.Fetched, Rows: f.Rows, Done: f.Done, Half: f.Applying != "", Problems: len(f.Problems), Known: !alarms[stoppedKey(f)].AckedAt.IsZero(),
			})
		}
		open, err := r.OpenConflicts(v.Ctx)
		for _, c := range open {
			row := conflictRow{
				Path: "/okonomi/kvitteringer/konflikt/" + c.ID, Job: page.Link{Text: c.Row.Job}, Vendor: v.VendorName(c.Vendor), File: c.FileName, Fetched: c.Fetched,
				Net: c.Row.Net(), Pages: c.Row.Pages(), Sheets: c.Row.Sheets(),
			}
			if visit.ShipmentID.MatchString(c.Row.Shipment) {
				row.Shipment = page.Link{Text: c.Row.Shipment[:8], Path: "/forsendelser/" + c.Row.Shipment}
			}
			p.Conflicts = append(p.Conflicts, row)
		}
		return err
	})
	if err != nil {
		return err
	}
	return v.Show(http.StatusOK, "kvitteringer", "Kvitteringer", p)
}

// receiptsCSV is the files as a file.
func receiptsCSV(v *request) error {
	var files []store.ReceiptFile
	err := v.View(func(r *scoped.Reader) (err error) {
		files, err = receiptFiles(v, r)
		return err
	})
	if err != nil {
		return err
	}
	rows := [][]string{{"fil", "trykkeri", "hentet", "rader", "tilstand", "feil", "sha256"}}
	for _, f := range files {
		state := "bokført"
		switch {
		case len(f.Problems) > 0:
			state = "stanset"
		case f.Applying != "":
			state = "bokføres"
		}
		rows = append(rows, []string{visit.Cell(f.Name), v.VendorName(f.Vendor), page.Clock(f.Fetched), fmt.Sprint(f.Rows), state, fmt.Sprint(len(f.Problems)), f.SHA256})
	}
	return v.CSV("kvitteringsfiler.csv").WriteAll(rows)
}

// vendorField asks whose a file is, unless there is one vendor alone.
func (v *request) vendorField(chosen string) field {
	f := field{Kind: "valg", Name: "trykkeri", Label: "Trykkeri"}
	for _, vendor := range v.Vendors {
		if !vendor.Manual {
			f.Choices = append(f.Choices, page.Choice{Value: vendor.Key, Text: v.VendorName(vendor.Key), Chosen: vendor.Key == chosen})
		}
	}
	if len(f.Choices) == 1 {
		return field{Kind: "skjult", Name: "trykkeri", Value: f.Choices[0].Value}
	}
	return f
}

// vendorOf is the vendor that a form names; store.ErrNotFound.
func (v *request) vendorOf(key string) (string, error) {
	if vendor, ok := v.Vendor(key); !ok || vendor.Manual {
		return "", store.ErrNotFound
	}
	return key, nil
}

func (v *request) importPage(vendor string) form {
	return form{
		Title: "Les inn kvitteringer", Text: "For en fil som er kommet på en annen måte enn den vanlige. Filen tas hel, eller ikke i det hele tatt; en stor fil tas litt etter litt. Den samme filen én gang til endrer ingenting.",
		Action: "/okonomi/kvitteringer/les-inn", File: true, Button: "Les inn", Back: "/okonomi/kvitteringer",
		Fields: []field{v.vendorField(vendor), {Kind: "fil", Name: "fil", Label: "Kvitteringsfil", Help: "Høyst 64 MB, i formatet som er avtalt med trykkeriet.", Required: true}},
	}
}

func askImport(v *request) error { return v.ask(v.importPage("")) }

func importReceipts(v *request) error {
	in, err := v.sent()
	if err != nil {
		return err
	}
	vendor, err := v.vendorOf(in.Get("trykkeri"))
	if err != nil {
		return err
	}
	f := v.importPage(vendor)
	if f.set("fil", "", in.Wrong); f.IsWrong() {
		return v.ask(f)
	}
	im, err := v.Engine.ImportReceipts(v.Ctx, vendor, in.Name, in.Data)
	if err != nil {
		return err
	}
	return v.Redirect(filePath(store.ReceiptFile{Vendor: vendor, SHA256: im.SHA256}))
}

// filePage is one file of receipts.
type filePage struct {
	Name     string
	Facts    []page.Fact
	Problems []problem
	Known    string // path of the page that says that somebody knows of the problems; empty: nothing to say, or not for this person
	receiptRows
}

// receiptFile finds the file of a request, with the alarm about it; store.ErrNotFound.
func (v *request) receiptFile() (f store.ReceiptFile, a alarm.Alarm, err error) {
	err = v.View(func(r *scoped.Reader) error {
		if f, err = r.ReceiptFile(v.Ctx, v.R.PathValue("trykkeri"), v.R.PathValue("sha")); err != nil {
			return err
		}
		alarms, err := stopped(v, r)
		a = alarms[stoppedKey(f)]
		return err
	})
	return f, a, err
}

func receiptFile(v *request) error {
	f, a, err := v.receiptFile()
	if err != nil {
		return err
	}
	p := filePage{Name: f.Name, Problems: problemsOf(f.Problems), Facts: []page.Fact{
		{Name: "Trykkeri", Value: v.VendorName(f.Vendor)}, {Name: "Kommet", Value: page.Clock(f.Fetched)}, {Name: "SHA-256", Value: f.SHA256, Copy: true},
	}}
	state := page.Fact{Name: "Tilstand", Value: "Bokført", Note: page.Counted(f.Rows, "rad", "rader")}
	switch {
	case len(f.Problems) > 0:
		state.Value, state.Note = "Stanset", "ingenting av den er bokført"
	case f.Applying != "":
		state.Value, state.Note = "Bokføres", fmt.Sprintf("%s av %s", page.Number(f.Done), page.Counted(f.Rows, "rad", "rader"))
	case f.Rows == 0:
		state.Value, state.Note = "Lest", "den har ingen rader: trykkeriet postla ingenting, eller skrev den på en annen måte enn avtalt"
	}
	p.Facts = append(p.Facts, state)
	switch {
	case !a.AckedAt.IsZero():
		known := page.Fact{Name: "Kjent", Value: page.Clock(a.AckedAt), Note: a.AckReason}
		if by := v.ByWhom(a.AckBy); by != "" {
			known.Note += ", av " + by
		}
		p.Facts = append(p.Facts, known)
	case a.Key != "" && v.MayAll(access.HandleMoney):
		p.Known = filePath(f) + "/kjent"
	}
	if len(f.Problems) == 0 && f.Rows > 0 {
		if p.receiptRows, err = v.receiptRows(f); err != nil {
			return err
		}
	}
	return v.Show(http.StatusOK, "kvitteringsfil", "Kvitteringsfil", p)
}

func (v *request) knownPage(f store.ReceiptFile, a alarm.Alarm) form {
	p := form{
		Title: "Filen er kjent", Text: "Filen blir stående som stanset til trykkeriet har sendt en som kan leses. Varselet om den sendes ikke ut flere ganger.",
		Facts:  []page.Fact{{Name: "Fil", Value: f.Name}, {Name: "Trykkeri", Value: v.VendorName(f.Vendor)}, {Name: "Feil", Value: page.Number(len(f.Problems))}},
		Action: filePath(f) + "/kjent", Button: "Merk som kjent", Back: filePath(f), Fields: []field{reasonField()},
	}
	switch {
	case a.Key == "":
		p.Cannot = "Det er ikke noe varsel om filen nå."
	case !a.AckedAt.IsZero():
		p.Cannot = "Filen er merket som kjent allerede, " + page.Clock(a.AckedAt) + "."
		if by := v.ByWhom(a.AckBy); by != "" {
			p.Cannot = "Filen er merket som kjent allerede, " + page.Clock(a.AckedAt) + ", av " + by + "."
		}
	}
	return p
}

func askKnown(v *request) error {
	f, a, err := v.receiptFile()
	if err != nil {
		return err
	}
	return v.ask(v.knownPage(f, a))
}

func known(v *request) error {
	f, a, err := v.receiptFile()
	if err != nil {
		return err
	}
	p := v.knownPage(f, a)
	if p.Cannot != "" {
		return v.ask(p)
	}
	reason, wrong := v.Reason()
	if p.set("begrunnelse", reason, wrong); p.IsWrong() {
		return v.ask(p)
	}
	if err := v.Archive.InTx(v.Ctx, func(tx store.Tx) error { return tx.AckAlarm(v.Ctx, a.Key, reason) }); err != nil {
		return err
	}
	return v.Redirect(p.Back)
}

// conflictPage puts a receipt beside the one in force.
type conflictPage struct {
	Shipment page.Link
	Rows     []compared
	Form     form
	Decided  string // what was decided; empty: nothing
}

// compared is one thing of two receipts.
type compared struct {
	Name, This, InForce string
	Other               bool // they differ
}

// conflict finds the receipt of a request with the one in force. Of one that was decided about there is no other.
func (v *request) conflict() (c receipts.ReceiptChoice, decided string, err error) {
	id := v.R.PathValue("id")
	if !visit.ShipmentID.MatchString(id) { // it is a UUID too
		return c, "", store.ErrNotFound
	}
	c, err = v.Engine.Choice(v.Ctx, id)
	switch d := c.Conflict.Decision; {
	case errors.Is(err, store.ErrNotFound):
	case err != nil && d != nil:
		decided = "Det som var bokført, ble stående."
		if d.Taken {
			decided = "Denne kvitteringen ble bokført i stedet."
		}
		decided = "Avgjort " + page.Clock(d.At) + ". " + decided + " " + page.Sentence(words.Why(d.Reason, words.Norwegian)) + "."
		if by := v.ByWhom(d.By); by != "" {
			decided += " Av " + by + "."
		}
		err = nil
	case err != nil && c.Conflict.ID != "" && c.Conflict.State != store.ReceiptConflict:
		decided, err = "Kvitteringen er ikke i konflikt: det er ingenting å avgjøre.", nil
	}
	return c, decided, err
}

func (v *request) conflictPage(c receipts.ReceiptChoice, decided string) conflictPage {
	p := conflictPage{Decided: decided, Form: form{
		Action: "/okonomi/kvitteringer/konflikt/" + c.Conflict.ID, Button: "Avgjør", Back: "/okonomi/kvitteringer",
		Fields: []field{{Kind: "knapper", Name: "valg", Label: "Hvilken gjelder?", Help: "Spør trykkeriet først. Avgjørelsen kan ikke gjøres om.", Required: true, Choices: []page.Choice{
			{Value: "behold", Text: "Det som er bokført, blir stående"}, {Value: "ta", Text: "Den nye bokføres i stedet, på vår konteringskode"},
		}}, reasonField()},
	}}
	if id := c.Conflict.Row.Shipment; visit.ShipmentID.MatchString(id) {
		p.Shipment = page.Link{Text: id, Path: "/forsendelser/" + id}
	}
	add := func(name string, of func(r store.ReceiptRecord) string) {
		row := compared{Name: name, This: of(c.Conflict)}
		if c.InForce.ID != "" {
			row.InForce = of(c.InForce)
			row.Other = row.This != row.InForce
		}
		p.Rows = append(p.Rows, row)
	}
	add("Jobb", func(r store.ReceiptRecord) string { return r.Row.Job })
	add("Fil og linje", func(r store.ReceiptRecord) string { return r.FileName + ", linje " + page.Number(r.Row.Line) })
	add("Hentet", func(r store.ReceiptRecord) string { return page.Clock(r.Fetched) })
	add("Postlagt", func(r store.ReceiptRecord) string { return page.Clock(r.Row.PostedAt) })
	add("Sider i svart", func(r store.ReceiptRecord) string { return page.Number(r.Row.PagesBW) })
	add("Sider i farger", func(r store.ReceiptRecord) string { return page.Number(r.Row.PagesColour) })
	add("Ark", func(r store.ReceiptRecord) string { return page.Number(r.Row.Sheets()) })
	add("Vekt", func(r store.ReceiptRecord) string { return page.Weight(int64(r.Row.WeightGram)) })
	add("Produksjon", func(r store.ReceiptRecord) string { return "kr\u00a0" + r.Row.Production.String() })
	add("Porto", func(r store.ReceiptRecord) string { return "kr\u00a0" + r.Row.Postage.String() })
	add("Netto", func(r store.ReceiptRecord) string { return "kr\u00a0" + r.Row.Net().String() })
	add("Konteringskode", func(r store.ReceiptRecord) string { return r.Row.Konteringskode })
	return p
}

func (v *request) showConflict(p conflictPage) error {
	status := http.StatusOK
	if p.Form.IsWrong() {
		status = http.StatusUnprocessableEntity
	}
	return v.Show(status, "konflikt", "Kvittering i konflikt", p)
}

func conflict(v *request) error {
	c, decided, err := v.conflict()
	if err != nil {
		return err
	}
	p := v.conflictPage(c, decided)
	if !v.MayAll(access.HandleMoney) {
		p.Form = form{}
	}
	return v.showConflict(p)
}

func resolve(v *request) error {
	c, decided, err := v.conflict()
	if err != nil {
		return err
	}
	p := v.conflictPage(c, decided)
	if decided != "" {
		return v.showConflict(p)
	}
	choice := v.R.PostFormValue("valg")
	if choice == "ta" || choice == "behold" {
		p.Form.set("valg", choice, "")
	} else {
		p.Form.set("valg", "", "Velg hvilken kvittering som gjelder.")
	}
	reason, wrong := v.Reason()
	if p.Form.set("begrunnelse", reason, wrong); p.Form.IsWrong() {
		return v.showConflict(p)
	}
	if _, err = v.Engine.ResolveReceipt(v.Ctx, receipts.ReceiptResolution{Receipt: c.Conflict.ID, Take: choice == "ta", Reason: reason}); err == nil {
		return v.Redirect("/okonomi/kvitteringer/konflikt/" + c.Conflict.ID)
	}
	if c, decided, lookErr := v.conflict(); lookErr == nil && decided != "" { // somebody else was first
		return v.showConflict(v.conflictPage(c, decided))
	}
	return err
}
