package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"postgang/billing/invoice"
	"postgang/billing/money"
	"postgang/billing/reading"
	"postgang/billing/receipt"
	"postgang/engine/access"
	"postgang/engine/alarm"
	"postgang/engine/archive/archivetest"
	"postgang/engine/finance"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/reports"
)

// fillMoney puts into the archive what finance works with: receipts, one in conflict, a file that was stopped, deviations and an invoice
// that is booked and adds up.
func (w *world) fillMoney(ctx context.Context, tx store.Tx, letter int) error {
	stopped := archivetest.ReceiptFile()
	stopped.SHA256, stopped.Name, stopped.Rows = stoppedFile, "stanset.csv", 0
	stopped.Problems = []reading.Problem{{Line: 3, Column: "porto", Code: reading.ProblemAmount, Text: "not an amount"}, {Code: reading.ProblemMissingTrailer, Text: "no trailer"}}
	applied, lines := archivetest.Receipt(9000, w.ownJob, letter)
	other, _ := archivetest.Receipt(9001, w.ownJob, letter)
	other.State, other.Row.Postage = store.ReceiptConflict, 2900
	deviation := func(key, account, shipment string) store.Deviation {
		return store.Deviation{Key: key, At: w.now, Vendor: "trykkeri", Account: account, State: store.DeviationOpen,
			Finding: receipt.Deviation{Kind: receipt.DeviationSheets, Job: w.ownJob, Shipment: shipment, Expected: "2", Got: "3", Amount: 150}}
	}
	vat := func(percent int64) money.Decimal { return money.DecimalFromInt(percent) }
	inv, err := invoice.New("F-7", "2026-11-30", "2026-11-01", "2026-12-01", []invoice.Line{
		{ID: "1", Kind: "PRODUKSJON", Quantity: money.DecimalFromInt(1), Net: 305, VATPercent: vat(25)}, {ID: "2", Kind: "PORTO", Quantity: money.DecimalFromInt(1), Net: 1450, VATPercent: vat(0)},
	})
	return errors.Join(err,
		tx.InsertReceiptFile(ctx, archivetest.ReceiptFile()), tx.InsertReceiptFile(ctx, stopped), tx.RaiseAlarm(ctx, "receipts:trykkeri:"+stoppedFile, alarm.Args{"case": "stopped", "file": "stanset.csv", "vendor": "trykkeri", "problems": "2", "first": "x"}),
		tx.InsertReceipts(ctx, applied, other), tx.Book(ctx, lines),
		tx.InsertDeviations(ctx, []store.Deviation{deviation("avvik-skole", own, w.ownLetter), deviation("avvik-helse", foreign, w.foreignLetter), deviation("avvik-ingens", "", "")}),
		tx.InsertInvoice(ctx, store.InvoiceRecord{ID: bookedInvoice, Vendor: "trykkeri", Invoice: inv, TakenAt: w.now}), tx.SetSetting(ctx, "invoice-booked/"+bookedInvoice, w.now.Format(time.RFC3339Nano)),
	)
}

// books makes workbooks of a few words.
type books struct{}

func (books) Workbook(_ context.Context, q finance.ReportQuery, w io.Writer) error {
	_, err := io.WriteString(w, "PK "+string(q.From)+" "+string(q.To)+" "+strings.Join(q.Accounts, ","))
	return err
}

func (books) ReadRegister(data []byte) ([][]string, error) { return reports.ReadRegister(data) }

// says checks that a page answers with a status and says all of some texts.
func (w *world) says(what, method, path string, who *http.Cookie, form string, status int, texts ...string) string {
	w.t.Helper()
	rec := w.ask(method, path, who, form)
	body := rec.Body.String()
	if rec.Code != status {
		w.t.Errorf("%s: %d, want %d: %s", what, rec.Code, status, body)
	}
	for _, text := range texts {
		if !strings.Contains(body, text) {
			w.t.Errorf("%s: lacks %q:\n%s", what, text, body)
		}
	}
	wellFormed(w.t, what, rec.Result(), body)
	return rec.Header().Get("Location")
}

// TestDeviationsAreDecided: by who handles money of the account, with a reason, and not over somebody else's decision that was not seen.
func TestDeviationsAreDecided(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine := w.as("okonomi-skole", access.Grant{Role: access.RoleFinance, Account: own})
	all := w.as("okonomi-alle", access.Grant{Role: access.RoleFinance})
	ask, act := "/okonomi/avvik/avgjor?avvik=", "/okonomi/avvik/avgjor"

	list := w.ask("GET", "/okonomi/avvik", mine, "").Body.String()
	if !strings.Contains(list, ownDeviation) || strings.Contains(list, foreignDeviation) || strings.Contains(list, nobodysDeviation) {
		t.Error("the list of who handles one account")
	}
	if list = w.ask("GET", "/okonomi/avvik", w.as("revisor", access.Grant{Role: access.RoleAuditor}), "").Body.String(); strings.Contains(list, "checkbox") || strings.Contains(list, "avgjor?") {
		t.Error("who only looks is offered to decide")
	}
	before := w.contents()
	w.says("another's", "GET", ask+foreignDeviation, mine, "", 404)
	w.says("another's", "POST", act, mine, "avvik="+foreignDeviation+"&tilstand=godtatt&begrunnelse=Avtalt", 404)
	w.says("nobody's", "POST", act, mine, "avvik="+nobodysDeviation+"&tilstand=godtatt&begrunnelse=Avtalt", 404)
	w.says("none", "POST", act, mine, "tilstand=godtatt&begrunnelse=Avtalt", 422, "Velg minst ett avvik")
	w.says("without a state", "POST", act, mine, "avvik="+ownDeviation+"&begrunnelse=Avtalt", 422, "Velg hva avviket blir til.", `value="Avtalt"`)
	w.says("without a reason", "POST", act, mine, "avvik="+ownDeviation+"&tilstand=omtvistet", 422, "Skriv kort hvorfor", `value="omtvistet" checked`)
	if w.contents() != before {
		t.Fatal("what was refused changed the archive")
	}
	w.says("asked", "GET", ask+ownDeviation, mine, "", 200, ownDeviation+":OPEN", "Avgjør avvik", "ventet 2, oppgitt 3")
	if to := w.says("disputed", "POST", act, mine, "avvik="+ownDeviation+":OPEN&tilstand=omtvistet&begrunnelse=To+ark+sendt", 303); to != "/okonomi/avvik" {
		t.Errorf("to %s", to)
	}
	w.says("by a colleague", "GET", "/okonomi/avvik", all, "", 200, "Omtvistet", "To ark sendt, av")
	w.says("by another meanwhile", "POST", act, all, "avvik="+ownDeviation+":OPEN&avvik="+nobodysDeviation+":OPEN&tilstand=godtatt&begrunnelse=Greit", 422, "Noen andre avgjorde", "omtvistet: To ark sendt", ownDeviation+":DISPUTED", `value="Greit"`)
	w.says("nothing of it", "GET", "/okonomi/avvik/liste.csv", all, "", 200, nobodysDeviation+";23.11.2026 kl. 10.30;", ";åpen;")
	w.says("both", "POST", act, all, "avvik="+ownDeviation+":DISPUTED&avvik="+nobodysDeviation+":OPEN&tilstand=omtvistet&begrunnelse=Meldt", 303)
	file := w.ask("GET", "/okonomi/avvik/omtvistet.csv?trykkeri=trykkeri", all, "").Body.String()
	if strings.Count(file, "\n") != 3 || !strings.Contains(file, ownDeviation+";2026-11-23;") {
		t.Errorf("the vendor's file: %s", file)
	}
	if file = w.ask("GET", "/okonomi/avvik/omtvistet.csv?trykkeri=trykkeri", mine, "").Body.String(); strings.Count(file, "\n") != 2 {
		t.Errorf("the vendor's file of one account: %s", file)
	}
	w.says("no vendor", "GET", "/okonomi/avvik/omtvistet.csv?trykkeri=finnes-ikke", all, "", 404)
}

// TestReceiptsAreTaken: a file is booked or stopped, a stopped one is known to somebody, and between two a person decides once.
func TestReceiptsAreTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who := w.as("okonomi", access.Grant{Role: access.RoleFinance})
	other := w.as("okonomi-to", access.Grant{Role: access.RoleFinance})
	auditor := w.as("revisor", access.Grant{Role: access.RoleAuditor})
	vendor := url.Values{"trykkeri": {"trykkeri"}}
	take := "/okonomi/kvitteringer/les-inn"

	before := w.contents()
	w.says("no file", "POST", take, who, upload(vendor, "", ""), 422, "Velg en fil.")
	w.says("an empty file", "POST", take, who, upload(vendor, "tom.csv", ""), 422, "Filen er tom.")
	w.says("no form with a file", "POST", take, who, "trykkeri=trykkeri", 422, "Skjemaet kom ikke fram")
	w.says("another vendor", "POST", take, who, upload(url.Values{"trykkeri": {"her"}}, "natt.csv", "x"), 404)
	w.says("too large", "POST", take, who, upload(vendor, "stor.csv", strings.Repeat("x", 64<<20+1)), 422, "større enn 64 MB")
	if w.contents() != before {
		t.Fatal("what was refused changed the archive")
	}
	to := w.says("what cannot be read", "POST", take, who, upload(vendor, `C:\kvitteringer\natt.csv`, "hei\r\n"), 303)
	w.says("its page", "GET", to, auditor, "", 200, "natt.csv", "Filen er stanset", "Linje 1: første linje er ikke en overskrift med kolonnenavn")

	file := "/okonomi/kvitteringer/filer/trykkeri/" + stoppedFile
	w.says("a stopped one", "GET", file, who, "", 200, "Linje 3: «porto»: det er ikke et gyldig beløp", "not an amount", file+"/kjent")
	w.says("known without a reason", "POST", file+"/kjent", who, "begrunnelse=", 422, "Skriv kort hvorfor")
	w.says("known", "POST", file+"/kjent", who, "begrunnelse=Meldt+til+trykkeriet", 303)
	w.says("known already", "POST", file+"/kjent", other, "begrunnelse=Jeg+også", 200, "merket som kjent allerede")
	w.says("its page then", "GET", file, auditor, "", 200, "Meldt til trykkeriet, av")

	conflict := "/okonomi/kvitteringer/konflikt/" + conflictID
	w.says("the list", "GET", "/okonomi/kvitteringer", auditor, "", 200, conflict, "kjent")
	w.says("who looks", "GET", conflict, auditor, "", 200, "Forskjellig", "kr\u00a029,00", "kr\u00a014,50")
	w.says("without a choice", "POST", conflict, who, "begrunnelse=Riktig", 422, "Velg hvilken kvittering som gjelder.")
	w.says("taken", "POST", conflict, who, "valg=ta&begrunnelse=Trykkeriet+har+bekreftet", 303)
	w.says("too late", "POST", conflict, other, "valg=behold&begrunnelse=Nei", 200, "Denne kvitteringen ble bokført i stedet", "Trykkeriet har bekreftet")
	w.says("no such", "GET", "/okonomi/kvitteringer/konflikt/"+archivetest.ID(4711), who, "", 404)
}

// TestInvoicesAreBooked: from the file to the ledger, with what is to be looked at; one that was typed wrong is taken back.
func TestInvoicesAreBooked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.now = w.now.AddDate(0, 0, 14) // November is over
	who := w.as("okonomi", access.Grant{Role: access.RoleFinance})
	other := w.as("okonomi-to", access.Grant{Role: access.RoleFinance})
	vendor := url.Values{"trykkeri": {"trykkeri"}}
	take := "/okonomi/fakturaer/les-inn"

	before := w.contents()
	w.says("a PDF", "POST", take, who, upload(vendor, "faktura.pdf", "%PDF-1.7"), 422, "Fakturaen kan ikke leses.", "Filen er ikke skrevet slik den skal", `lang="en"`)
	w.says("half a period", "POST", take, who, upload(url.Values{"trykkeri": {"trykkeri"}, "fra": {"2026-11-01"}}, "faktura.csv", earlierInvoiceCSV), 422, "Skriv siste dag i perioden.")
	w.says("a period that overlaps", "POST", take, who, upload(url.Values{"trykkeri": {"trykkeri"}, "fra": {"2026-10-15"}, "til": {"2026-11-15"}}, "faktura.csv", earlierInvoiceCSV), 422, "delvis er samme tid som 15.10.2026–15.11.2026")
	if w.contents() != before {
		t.Fatal("what was refused changed the archive")
	}
	to := w.says("taken", "POST", take, who, upload(vendor, "faktura.csv", earlierInvoiceCSV), 303)
	if again := w.says("the same again", "POST", take, other, upload(vendor, "faktura.csv", earlierInvoiceCSV), 303); again != to {
		t.Errorf("the same again leads to %s, not to %s", again, to)
	}
	w.says("another under its number", "POST", take, who, upload(vendor, "faktura.csv", strings.Replace(earlierInvoiceCSV, "100,00", "90,00", 1)), 422, "er lest inn allerede, og sier noe annet")
	w.says("its page", "GET", to, who, "", 200, "Faktura F-9", "Oktober 2026", "den gjelder oktober 2026, før den første måneden", to+"/bokfor", to+"/fjern")
	w.says("asked", "GET", to+"/bokfor", who, "", 200, "Se på dette først", "Jeg har sett på det")
	w.says("doubtful", "POST", to+"/bokfor", who, "begrunnelse=Avstemt", 422, "Kryss av når du har sett på det")
	w.says("booked", "POST", to+"/bokfor", who, "begrunnelse=Avstemt&likevel=ja", 303)
	w.says("booked by another meanwhile", "POST", to+"/bokfor", other, "begrunnelse=Avstemt&likevel=ja", 200, "Fakturaen er bokført", "og stemmer")
	w.says("taken back then", "POST", to+"/fjern", other, "begrunnelse=Feil", 200, "rettes med en kreditnota")

	typed := "trykkeri=trykkeri&dato=2026-09-30&fra=2026-09-01&til=2026-09-30&art=PRODUKSJON&art=PORTO&netto=&netto=10,00&mva=25&mva=25&konteringskode=&konteringskode="
	form := "/okonomi/fakturaer/skriv-inn"
	w.says("the page to type in", "GET", form, who, "", 200, "Linjer", `value="PRODUKSJON"`)
	w.says("without a number", "POST", form, who, typed, 422, "Skriv fakturanummeret.", `value="10,00"`)
	w.says("without an amount", "POST", form, who, strings.Replace(typed, "10,00", "ti", 1)+"&nummer=F-6", 422, "Linje 2: skriv beløpet")
	w.says("a kind that is none", "POST", form, who, strings.Replace(typed, "art=PORTO", "art=PORTTO", 1)+"&nummer=F-6", 422, "art som ikke er kjent", "PORTTO")
	w.says("no lines", "POST", form, who, strings.Replace(typed, "10,00", "", 1)+"&nummer=F-6", 422, "minst én linje")
	to = w.says("typed in", "POST", form, who, typed+"&nummer=F-6", 303)
	w.says("taken back", "POST", to+"/fjern", who, "begrunnelse=Skrevet+feil", 303)
	w.says("taken back already", "POST", to+"/fjern", other, "begrunnelse=Skrevet+feil", 404)
	w.says("its page then", "GET", to, other, "", 200, "Faktura F-6", "Fakturaen er fjernet", " av okonomi", "Skrevet feil", "01.09.2026–30.09.2026")
	w.says("the list", "GET", "/okonomi/fakturaer", other, "", 200, "Fjernet", "Skrevet feil", "F-9")

	booked := "/okonomi/fakturaer/" + bookedInvoice
	w.says("nothing to carry", "POST", booked+"/overfor", who, "maned=2026-12&begrunnelse=Senere", 200, "Det er ikke kommet kvitteringer siden")
	late, _ := archivetest.Receipt(9002, w.foreignJob, 2*len(shipment.Statuses())+2)
	late.Row.PostedAt = late.Row.PostedAt.Add(time.Hour)
	lines := archivetest.Booked(late)
	if err := w.archive.InTx(t.Context(), func(tx store.Tx) error {
		return errors.Join(tx.InsertReceipts(t.Context(), late), tx.Book(t.Context(), lines))
	}); err != nil {
		t.Fatal(err)
	}
	w.says("receipts since", "GET", booked, who, "", 200, booked+"/overfor", booked+"/bokfor")
	w.says("no month", "POST", booked+"/overfor", who, "maned=desember&begrunnelse=Senere", 422, "Skriv året og måneden")
	w.says("too early", "POST", booked+"/overfor", who, "maned=2026-10&begrunnelse=Senere", 422, "etter 30.11.2026")
}

// TestMonthsAreClosed: by two persons, when it is over and in order, and though something is open only when they say so.
func TestMonthsAreClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.as("tidlig", access.Grant{Role: access.RoleFinance})
	page := "/okonomi/maneder/2026-11"
	w.says("not over", "GET", page+"/lukk", first, "", 200, "November 2026 er ikke over ennå.")
	w.now = w.now.AddDate(0, 0, 14)
	kari := w.as("kari", access.Grant{Role: access.RoleFinance})
	ola := w.as("ola", access.Grant{Role: access.RoleFinance})
	auditor := w.as("revisor", access.Grant{Role: access.RoleAuditor})
	w.says("no month", "GET", "/okonomi/maneder/november", kari, "", 404)
	w.says("the list", "GET", "/okonomi/maneder", auditor, "", 200, page, "arbeidsbok?maned=2026-11")
	w.says("the month", "GET", page, kari, "", 200, page+"/lukk", "kvittering i konflikt")
	if body := w.ask("GET", page, auditor, "").Body.String(); strings.Contains(body, page+"/lukk") {
		t.Error("who looks is offered to close")
	}
	before := w.contents()
	w.says("what is open", "POST", page+"/lukk", kari, "begrunnelse=Avstemt", 422, "Dette gjenstår", "Kryss av hvis måneden skal lukkes")
	w.says("without a reason", "POST", page+"/lukk", kari, "likevel=ja", 422, "Skriv kort hvorfor")
	if w.contents() != before {
		t.Fatal("what was refused changed the archive")
	}
	w.says("asked first", "GET", page+"/lukk", kari, "", 200, "Det trengs to personer")
	w.says("the first", "POST", page+"/lukk", kari, "begrunnelse=Avstemt+mot+faktura&likevel=ja", 303)
	w.says("the first's page", "GET", page, kari, "", 200, "Venter på den andre personen", "Du ba om å lukke måneden", "en annen person")
	w.says("the first once more", "POST", page+"/lukk", kari, "begrunnelse=Avstemt&likevel=ja", 200, "Du ba om å lukke måneden")
	w.says("the second's page", "GET", page+"/lukk", ola, "", 200, "ba om å lukke måneden", "Avstemt mot faktura", "Gjør du det nå, blir den lukket.")
	w.says("the second", "POST", page+"/lukk", ola, "begrunnelse=Enig&likevel=ja", 303)
	w.says("closed", "GET", page, auditor, "", 200, "Lukket", "Enig")
	w.says("closed already", "POST", page+"/lukk", kari, "begrunnelse=Avstemt&likevel=ja", 200, "er lukket allerede", "Enig")
	w.says("the file", "GET", "/okonomi/maneder/liste.csv", auditor, "", 200, "2026-11;lukket;")
}

// TestWorkbooks: of a month or any period, of the accounts that a person sees money of.
func TestWorkbooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := w.as("revisor", access.Grant{Role: access.RoleAuditor})
	mine := w.as("okonomi-skole", access.Grant{Role: access.RoleFinance, Account: own})
	rec := w.ask("GET", "/okonomi/arbeidsbok?maned=2026-11", all, "")
	if rec.Code != 200 || rec.Body.String() != "PK 2026-11-01 2026-12-01 " || rec.Header().Get("Content-Disposition") != `attachment; filename="kostnytte-2026-11-01-2026-11-30.xlsx"` {
		t.Errorf("%d %s %v", rec.Code, rec.Body, rec.Header())
	}
	if rec = w.ask("GET", "/okonomi/arbeidsbok?fra=2026-11-02&til=2026-11-02", mine, ""); rec.Body.String() != "PK 2026-11-02 2026-11-03 "+own {
		t.Errorf("of one account: %s", rec.Body)
	}
	for _, query := range []string{"", "?maned=november", "?fra=2026-11-02", "?fra=2026-11-02&til=2026-11-01"} {
		w.says("no period "+query, "GET", "/okonomi/arbeidsbok"+query, all, "", 422)
	}
}

// TestRegistersAreTaken: whole or not at all, and one that most codes are gone from only when somebody says so.
func TestRegistersAreTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who := w.as("okonomi", access.Grant{Role: access.RoleFinance})
	path, why := "/okonomi/koder/les-inn", url.Values{"begrunnelse": {"nytt budsjett"}}
	before := w.contents()
	w.says("no reason", "POST", path, who, upload(nil, "register.csv", ownCodes), 422, "Skriv kort hvorfor")
	w.says("no register", "POST", path, who, upload(why, "register.xls", "\xd0\xcf\x11\xe0"), 422, "Ingenting er lest inn.", "Lagre den som .xlsx")
	w.says("a bad line", "POST", path, who, upload(why, "register.csv", "kode;budsjett\n0412;mye\n"), 422, "Linje 2: «budsjett»: det er ikke et gyldig beløp")
	w.says("a number of somebody", "POST", path, who, upload(why, "register.csv", "kode;navn\n0412;Skole "+secretNumber+"\n"), 422, "ser ut som et fødselsnummer")
	if w.contents() != before {
		t.Fatal("what was refused changed the archive")
	}
	to := w.says("taken", "POST", path, who, upload(why, "register.csv", "kode;navn;budsjett\n0412;Skole;1000,00\n0100;Helse;\n0200;Plan;\n"), 303)
	w.says("told", "GET", to, who, "", 200, "Registeret er lest inn og har 3 koder: 3 nye, 0 borte, 0 endret.", "Skole", "kr\u00a01\u00a0000,00")
	w.says("most are gone", "POST", path, who, upload(why, "register.csv", ownCodes), 422, "Av 3 koder er 2 ikke med i filen: 0100, 0200", "Erstatt registeret likevel")
	w.says("all the same", "POST", path, who, upload(url.Values{"likevel": {"ja"}, "begrunnelse": {"avdelinger er lagt ned"}}, "register.csv", ownCodes+"-100;Enhet;\r\n"), 303)
	file := w.ask("GET", "/okonomi/koder/register.csv", who, "").Body.String()
	w.says("what was given is taken", "POST", path, who, upload(why, "register.csv", file), 303)
	if again := w.ask("GET", "/okonomi/koder/register.csv", who, "").Body.String(); again != file || !strings.Contains(file, "0412;Skole;;;;;;;1000,00;") {
		t.Errorf("the register changed on its way: %s", again)
	}
	w.says("the list", "GET", "/okonomi/koder/liste.csv", who, "", 200, "0412;Skole;1000,00;17,55;982,45;")
	auditor := w.as("revisor", access.Grant{Role: access.RoleAuditor})
	w.says("the log", "GET", "/logg/endringer?gjelder=koderegister%2F", auditor, "", 200, `<a href="/okonomi/koder">Registeret over konteringskoder</a>`, "Lest inn: 3 nye, 0 borte, 0 endret", "nytt budsjett", "avdelinger er lagt ned")
	w.says("the file of the log", "GET", "/logg/endringer.csv?gjelder=koderegister%2Fkonteringskoder", auditor, "", 200, "0412;Skole;;;;;;;1000,00;")
}

// TestReceiptRows: what a file of receipts says is shown row by row, a hundred at a time, with what became of each, and nothing of what a
// vendor wrote that can be anything; letters and deviations lead there.
func TestReceiptRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := w.as("okonomi-alle", access.Grant{Role: access.RoleFinance})
	letters, err := store.View(t.Context(), w.archive, func(r store.Reader) ([]store.JobLetter, error) { return r.JobLetters(t.Context(), w.ownJob) })
	if err != nil || len(letters) == 0 {
		t.Fatal(letters, err)
	}
	letter := letters[0].Shipment
	row := func(job, id string) receipt.Row {
		return receipt.Row{Job: job, Shipment: id, PrintID: "p-" + id, PostedAt: w.now, PagesBW: 2, EnvelopesAuto: 1, WeightGram: 20, Production: 305, Postage: 9900, Konteringskode: "4100"}
	}
	rows := []receipt.Row{row(w.ownJob, letter)}
	for n := range 150 {
		rows = append(rows, row("ZZZZ000009", fmt.Sprintf("00000000-0000-4000-8000-%012d", n)))
	}
	data, err := receipt.Encode(rows, receipt.DefaultFormat())
	if err != nil {
		t.Fatal(err)
	}
	err = w.archive.InTx(t.Context(), func(tx store.Tx) error {
		j, err := tx.Job(t.Context(), w.ownJob)
		j.State, j.Ticket, j.TicketSHA = store.JobAccepted, "{}", strings.Repeat("a", 64)
		return errors.Join(err, tx.UpdateJob(t.Context(), j))
	})
	if err != nil {
		t.Fatal(err)
	}
	im, err := w.engine.ImportReceipts(t.Context(), "trykkeri", "natt.csv", data)
	if err != nil || im.Conflict != 1 || im.Unknown != 150 {
		t.Fatalf("%+v %v", im, err)
	}
	path := "/okonomi/kvitteringer/filer/trykkeri/" + im.SHA256
	count := func(at string, want map[string]int) string {
		t.Helper()
		body := w.ask("GET", at, all, "").Body.String()
		for text, n := range want {
			if got := strings.Count(body, text); got != n {
				t.Errorf("%s: %q is there %d times, not %d: %s", at, text, got, n, body)
			}
		}
		return body
	}
	body := count(path, map[string]int{"Ukjent brev": 99, "I konflikt": 1, "Se begge": 1, `href="/forsendelser/` + letter + `"`: 1, `href="/forsendelser/00000000-`: 0, "Til de første": 0, "kr\u00a099,00": 100})
	_, next, _ := strings.Cut(body, `href="`+path+"?etter=")
	next, _, _ = strings.Cut(next, `"`)
	count(path+"?etter="+next, map[string]int{"Ukjent brev": 51, "I konflikt": 0, "Til de første": 1, "Neste 100": 0})
	count(path+"?vis=ikke-bokfort", map[string]int{"Ukjent brev": 99, "I konflikt": 1, path + "/rader.csv?vis=ikke-bokfort": 1})
	count(path+"?brev="+letter+"&jobb="+w.ownJob, map[string]int{"Ukjent brev": 0, "I konflikt": 1, "Se alle radene": 1})
	count(path+"?brev="+letter+"&jobb=ZZZZ000009", map[string]int{"Ingen rad i filen": 1})
	csv := w.ask("GET", path+"/rader.csv", all, "").Body.String()
	if n := strings.Count(csv, "\r\n"); n != 152 || !strings.Contains(csv, ";"+letter[:8]) && !strings.Contains(csv, letter+";"+w.ownJob+";;") || !strings.Contains(csv, "I konflikt") {
		t.Errorf("%d lines: %s", n, csv)
	}
	// From the letter, for those who see the money of all accounts, and from the deviations.
	count("/forsendelser/"+letter, map[string]int{"?brev=" + letter + "&amp;jobb=" + w.ownJob: 1, "Kvittert i jobb": 1})
	mine := w.as("okonomi-skole", access.Grant{Role: access.RoleFinance, Account: own})
	if body := w.ask("GET", "/forsendelser/"+letter, mine, "").Body.String(); !strings.Contains(body, "Kvittert i jobb") || strings.Contains(body, "/okonomi/kvitteringer/filer/") {
		t.Error("who sees one account is led to a file of all, or does not see what a letter cost")
	}
	if body := w.ask("GET", "/okonomi/avvik?vis=alle", all, "").Body.String(); !strings.Contains(body, path+"?brev="+letter+"&amp;jobb="+w.ownJob) {
		t.Error("a deviation does not lead to the receipt")
	}
	if body := w.ask("GET", "/okonomi/avvik?vis=alle", mine, "").Body.String(); strings.Contains(body, "/okonomi/kvitteringer/filer/") {
		t.Error("who sees one account is led to a file of all from a deviation")
	}
}
