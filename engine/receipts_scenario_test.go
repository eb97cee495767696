package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"postgang/billing/money"
	"postgang/billing/receipt"
	"postgang/engine"
	"postgang/engine/party"
	"postgang/engine/receipts"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
)

// offeredLetters gives a stage with letters in one job that is handed over.
func offeredLetters(t *testing.T, n int, changes ...change) (s *stage, job string, ids []string) {
	t.Helper()
	s = setup(t, changes...)
	for i := range n {
		ids = append(ids, s.accepted(t, fmt.Sprint("brev", i), newLetter(fmt.Sprint(i))))
	}
	s.night(t)
	return s, s.onlyJob(t).ID, ids
}

// money is the net sum of all cost lines, and their number.
func (s *stage) money(t *testing.T) (net money.Ore, lines int) {
	t.Helper()
	costs := view(t, s, func(r store.Reader) ([]store.LedgerLine, error) {
		return r.Ledger(s.ctx, store.LedgerFilter{})
	})
	for _, c := range costs {
		net += c.Line.Net
	}
	return net, len(costs)
}

func (s *stage) wantMoney(t *testing.T, want money.Ore) {
	t.Helper()
	if net, _ := s.money(t); net != want {
		t.Errorf("%d øre are booked, want %d", net, want)
	}
}

// deviations gives "KIND KIND …" of all deviations, sorted.
func (s *stage) deviations(t *testing.T) string {
	t.Helper()
	var out []string
	for _, d := range view(t, s, func(r store.Reader) ([]store.Deviation, error) {
		return r.Deviations(s.ctx, store.DeviationFilter{})
	}) {
		out = append(out, string(d.Finding.Kind))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// TestReceiptsOnceMore: the same file, and the same rows in another file, change nothing.
func TestReceiptsOnceMore(t *testing.T) {
	t.Parallel()
	s, job, ids := offeredLetters(t, 2)
	rows := []receipt.Row{receiptRow(job, ids[0], s.clock.now()), receiptRow(job, ids[1], s.clock.now())}
	s.receipts(t, "k1.csv", rows...)
	if x := s.fetch(t); x.Receipts[0].Applied != 2 || x.Receipts[0].Booked != 3500 {
		t.Errorf("first: %+v", x.Receipts)
	}
	s.wantJobs(t, "CLOSED")
	s.wantMoney(t, 3500)
	s.receipts(t, "k1.csv", rows...) // the vendor sends it once more
	if x := s.fetch(t); !x.Receipts[0].Again || x.Receipts[0].Applied != 0 {
		t.Errorf("the same bytes: %+v", x.Receipts)
	}
	rows[0], rows[1] = rows[1], rows[0]
	s.receipts(t, "k2.csv", rows...)
	if x := s.fetch(t); x.Receipts[0].Doubles != 2 || x.Receipts[0].Applied != 0 || x.Receipts[0].Unbooked != 3500 {
		t.Errorf("the same rows: %+v", x.Receipts)
	}
	rows[0].Postage += 100
	s.receipts(t, "k3.csv", rows...)
	if x := s.fetch(t); x.Receipts[0].Conflict != 1 || x.Receipts[0].Doubles != 1 {
		t.Errorf("rows that say something else: %+v", x.Receipts)
	}
	s.wantMoney(t, 3500)
	if d := s.deviations(t); d != "DUBLETT DUBLETT DUBLETT KONFLIKT" {
		t.Errorf("deviations: %s", d)
	}
	s.wantStatus(t, ids[0], shipment.StatusPrintet)
	s.wantAlarms(t)
	if left, err := filepath.Glob(filepath.Join(s.vendor().root, exchange.DefaultReceipts, "*.csv")); err != nil || len(left) > 0 {
		t.Errorf("receipts are left at the vendor: %v, %v", left, err)
	}
	s.tick(t)
	s.wantAtVendor(t, ids...)
}

// TestReceiptsOfLettersThatAreNotOut are kept and told, and move nothing.
func TestReceiptsOfLettersThatAreNotOut(t *testing.T) {
	t.Parallel()
	s := setup(t)
	a, b := s.accepted(t, "a", newLetter("En")), s.accepted(t, "b", newLetter("To"))
	s.step.set(func(name string) {
		if name == "compose: recorded" {
			s.step.set(nil)
			s.read(t, a)
		}
	})
	s.night(t)
	s.wantJobs(t, "WITHDRAWN OFFERED")
	withdrawn, offered := s.jobs(t)[0].ID, s.jobs(t)[1].ID
	waiting := s.accepted(t, "c", newLetter("Tre"))
	s.receipts(t, "k1.csv",
		receiptRow(withdrawn, a, s.clock.now()), receiptRow(withdrawn, b, s.clock.now()), receiptRow(offered, a, s.clock.now()),
		receiptRow(offered, waiting, s.clock.now()), receiptRow(offered, "00000000-0000-4000-8000-000000000000", s.clock.now()),
		receiptRow("OTHR000001", b, s.clock.now()))
	if x := s.fetch(t); x.Receipts[0].Unknown != 6 || x.Receipts[0].Applied != 0 || x.Receipts[0].Unbooked != 6*1750 {
		t.Errorf("receipts: %+v", x.Receipts)
	}
	s.wantMoney(t, 0)
	s.wantStatus(t, a, shipment.StatusLest)
	s.wantStatus(t, b, shipment.StatusSendtPrint)
	s.wantStatus(t, waiting, shipment.StatusAkseptert)
	if d := s.deviations(t); d != strings.TrimSpace(strings.Repeat("UKJENT ", 6)) {
		t.Errorf("deviations: %s", d)
	}
	s.wantJobs(t, "WITHDRAWN OFFERED")
	s.wantAtVendor(t, b)
}

// TestStoppedReceiptFile: of a file with any fault nothing is booked; it is left where it is, and does not keep others.
func TestStoppedReceiptFile(t *testing.T) {
	t.Parallel()
	good := func(t *testing.T, job, id string, at time.Time) string {
		data, err := receipt.Encode([]receipt.Row{receiptRow(job, id, at)}, receipt.DefaultFormat())
		must(t, err)
		return string(data)
	}
	t.Run("mended by the vendor", func(t *testing.T) {
		t.Parallel()
		s, job, ids := offeredLetters(t, 2)
		bad := strings.Replace(good(t, job, ids[0], s.clock.now()), "porto", "frakt", 1)
		s.put(t, exchange.DefaultReceipts, "k1.csv", []byte(bad))
		s.receipts(t, "k2.csv", receiptRow(job, ids[1], s.clock.now()))
		for range 2 {
			x := s.fetch(t)
			if len(x.Receipts[0].Problems) == 0 || x.Receipts[0].Applied != 0 {
				t.Errorf("the bad file: %+v", x.Receipts[0])
			}
			s.wantMoney(t, 1750)
			s.wantAlarms(t, "receipts:trykk:")
			if !s.exists(t, exchange.DefaultReceipts, "k1.csv") {
				t.Error("the bad file is gone")
			}
		}
		s.wantJobs(t, "ACCEPTED")
		s.receipts(t, "k1.csv", receiptRow(job, ids[0], s.clock.now()))
		s.fetch(t)
		s.wantMoney(t, 3500)
		s.wantJobs(t, "CLOSED")
		s.wantAlarms(t)
		s.wantAtVendor(t, ids...)
	})
	t.Run("mended by our profile", func(t *testing.T) {
		t.Parallel()
		s, job, ids := offeredLetters(t, 1)
		s.put(t, exchange.DefaultReceipts, "k1.csv", []byte(strings.Replace(good(t, job, ids[0], s.clock.now()), "porto", "frakt", 1)))
		s.fetch(t)
		s.wantMoney(t, 0)
		s.wantAlarms(t, "receipts:trykk:")
		s.config.Vendors[0].Receipts.Columns = map[string]string{receipt.ColPostage: "frakt"}
		s.restart(t)
		s.dieAt("receipts: applied", 1)
		if !s.survive(t, func() { s.fetch(t) }) {
			t.Fatal("the process did not die")
		}
		s.wantMoney(t, 1750)
		s.fetch(t) // the same file again, this time to its end
		s.wantMoney(t, 1750)
		s.wantJobs(t, "CLOSED")
		s.wantAlarms(t)
		if s.exists(t, exchange.DefaultReceipts, "k1.csv") {
			t.Error("the file is not moved aside")
		}
		s.wantAtVendor(t, ids...)
	})
	t.Run("one that cannot be fetched", func(t *testing.T) {
		t.Parallel()
		s, job, ids := offeredLetters(t, 1, func(c *engine.Config) { c.Vendors[0].Target.Limits.Receipt = 1000 })
		s.put(t, exchange.DefaultReceipts, "a-stor.csv", []byte(strings.Repeat("x", 2000)))
		s.receipts(t, "b.csv", receiptRow(job, ids[0], s.clock.now()))
		if _, err := s.engine.Fetch(s.ctx); err == nil {
			t.Error("nothing is said of the file")
		}
		s.wantMoney(t, 1750)
		s.wantJobs(t, "CLOSED")
		s.wantAlarms(t, "receipts:trykk:")
		must(t, os.Remove(filepath.Join(s.vendor().root, exchange.DefaultReceipts, "a-stor.csv")))
		s.fetch(t)
		s.wantAlarms(t)
		s.wantAtVendor(t, ids...)
	})
	t.Run("name that is not safe", func(t *testing.T) {
		t.Parallel()
		s, job, ids := offeredLetters(t, 1)
		s.put(t, exchange.DefaultReceipts, "Kari Nordmann.csv", []byte("x"))
		s.receipts(t, "b.csv", receiptRow(job, ids[0], s.clock.now()))
		s.fetch(t)
		s.wantMoney(t, 1750)
		s.wantAlarms(t, "receipts:trykk:")
		must(t, os.Remove(filepath.Join(s.vendor().root, exchange.DefaultReceipts, "Kari Nordmann.csv")))
		s.fetch(t)
		s.wantAlarms(t)
		s.wantAtVendor(t, ids...)
	})
}

// growing is a vendor's side whose receipt file grows while we book what was there.
type growing struct {
	step.VendorSide
	grow func()
}

func (g growing) Fetch(ctx context.Context, name string) ([]byte, error) {
	data, err := g.VendorSide.Fetch(ctx, name)
	g.grow()
	return data, err
}

// TestReceiptFileThatIsStillWritten is not moved aside before all of it is booked.
func TestReceiptFileThatIsStillWritten(t *testing.T) {
	t.Parallel()
	var grow func()
	s, job, ids := offeredLetters(t, 2, func(c *engine.Config) {
		dial := c.Dial
		c.Dial = func(ctx context.Context, v party.Vendor) (step.VendorSide, error) {
			side, err := dial(ctx, v)
			if err != nil || grow == nil {
				return side, err
			}
			return growing{side, grow}, nil
		}
	})
	first, second := receiptRow(job, ids[0], s.clock.now()), receiptRow(job, ids[1], s.clock.now())
	s.receipts(t, "k1.csv", first)
	grow = func() { s.receipts(t, "k1.csv", first, second) }
	s.fetch(t)
	s.wantMoney(t, 1750)
	if !s.exists(t, exchange.DefaultReceipts, "k1.csv") {
		t.Fatal("the file was moved aside with a row that nobody has booked")
	}
	grow = nil
	s.fetch(t)
	s.wantMoney(t, 3500)
	s.wantJobs(t, "CLOSED")
	if s.exists(t, exchange.DefaultReceipts, "k1.csv") {
		t.Error("the file is not moved aside")
	}
	s.wantAtVendor(t, ids...)
}

// TestReceiptBeforeTheAnswer proves the hand-over as well as an answer does.
func TestReceiptBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"OFFERED", "COMMITTED"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			a, b := s.accepted(t, "a", newLetter("En")), s.accepted(t, "b", newLetter("To"))
			if state == "COMMITTED" {
				s.dieAt("offer: ready file placed", 1)
				s.survive(t, func() { s.night(t) })
			} else {
				s.night(t)
			}
			s.wantJobs(t, state)
			job := s.onlyJob(t).ID
			s.receipts(t, "k1.csv", receiptRow(job, a, s.clock.now()))
			s.fetch(t)
			s.wantJobs(t, "ACCEPTED")
			s.wantStatus(t, a, shipment.StatusPrintet)
			s.wantStatus(t, b, shipment.StatusSendtPrint)
			s.tick(t) // now the vendor answers
			s.fetch(t)
			s.wantJobs(t, "ACCEPTED")
			s.clock.add(24 * time.Hour)
			s.receipts(t, "k2.csv", receiptRow(job, b, s.clock.now()))
			s.fetch(t)
			s.wantJobs(t, "CLOSED")
			s.reconcile(t)
			s.wantAtVendor(t, a, b)
			s.wantAlarms(t)
		})
	}
}

// TestReceiptWithAnotherKonteringskode is booked on our code, and told.
func TestReceiptWithAnotherKonteringskode(t *testing.T) {
	t.Parallel()
	s := setup(t)
	ours, none := s.accepted(t, "a", newLetter("En")), s.accepted(t, "b", newLetter("To").with("konteringskode", ""))
	s.night(t)
	job := s.onlyJob(t).ID
	a, b := receiptRow(job, ours, s.clock.now()), receiptRow(job, none, s.clock.now())
	a.Konteringskode, b.Konteringskode = "9999", "1234-56"
	s.receipts(t, "k1.csv", a, b)
	s.fetch(t)
	if d := s.deviations(t); d != "KONTERINGSKODE KONTERINGSKODE" {
		t.Errorf("deviations: %s", d)
	}
	for _, c := range view(t, s, func(r store.Reader) ([]store.LedgerLine, error) {
		return r.Ledger(s.ctx, store.LedgerFilter{})
	}) {
		if want := map[string]string{ours: "1234-56", none: ""}[c.Shipment]; c.Line.Konteringskode != want {
			t.Errorf("the cost is on code %q, want %q", c.Line.Konteringskode, want)
		}
	}
	s.wantMoney(t, 3500)
	s.wantAtVendor(t, ours, none)
}

// TestReceiptsAppliedInOneTransaction: wherever the process dies, a file is booked once and whole.
func TestReceiptsAppliedInOneTransaction(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"receipts: fetched", "receipts: archived", "receipts: applied", "receipts: moved aside"} {
		t.Run(strings.ReplaceAll(step, ": ", " "), func(t *testing.T) {
			t.Parallel()
			s, _, ids := offeredLetters(t, 3)
			s.tick(t)
			s.writeReceipts(t)
			s.dieAt(step, 1)
			if !s.survive(t, func() { s.fetch(t) }) {
				t.Fatal("the process did not die")
			}
			s.fetch(t)
			s.wantJobs(t, "CLOSED")
			if _, lines := s.money(t); lines != 6 {
				t.Errorf("%d cost lines, want two a letter", lines)
			}
			s.wantAtVendor(t, ids...)
			if d := s.deviations(t); d != "" {
				t.Errorf("deviations: %s", d)
			}
		})
	}
}

// TestTwoFetchesAtOnce: the second finds the first at work.
func TestTwoFetchesAtOnce(t *testing.T) {
	t.Parallel()
	s, _, ids := offeredLetters(t, 1)
	s.tick(t)
	s.writeReceipts(t)
	entered := false
	s.step.set(func(name string) {
		if name == "receipts: fetched" && !entered {
			entered = true
			if _, err := s.engine.FetchReceipts(s.ctx, "trykk"); !errors.Is(err, store.ErrLocked) {
				t.Errorf("the second fetch: %v", err)
			}
		}
	})
	s.fetch(t)
	if _, lines := s.money(t); !entered || lines != 2 {
		t.Errorf("%d cost lines", lines)
	}
	s.wantAtVendor(t, ids...)
}

// TestReceiptsInConflict: a person keeps what is booked, takes another, and takes a third; the money follows each time, and
// nothing is decided twice.
func TestReceiptsInConflict(t *testing.T) {
	t.Parallel()
	s, job, ids := offeredLetters(t, 1)
	row := receiptRow(job, ids[0], s.clock.now())
	row.Konteringskode = "9999" // the vendor's word on the code never moves the cost
	s.receipts(t, "k1.csv", row)
	s.fetch(t)
	s.wantMoney(t, 1750)
	send := func(name string, postage money.Ore, posted time.Time) string {
		t.Helper()
		row.Postage, row.PostedAt = postage, posted
		s.receipts(t, name, row)
		if x := s.fetch(t); x.Receipts[0].Conflict != 1 {
			t.Fatalf("%s: %+v", name, x.Receipts)
		}
		for _, c := range view(t, s, func(r store.Reader) ([]store.ReceiptRecord, error) {
			return r.Receipts(s.ctx, store.ReceiptFilter{Open: true})
		}) {
			if c.FileName == name {
				return c.ID
			}
		}
		t.Fatalf("%s is no open conflict", name)
		return ""
	}
	second := send("k2.csv", 1600, row.PostedAt)
	third := send("k3.csv", 1700, row.PostedAt.Add(24*time.Hour))
	fourth := send("k4.csv", 1800, row.PostedAt)
	s.watch(t)
	s.wantAlarms(t, "conflict:trykk")
	s.wantAlarmText(t, "conflict:trykk", "3 receipts")
	s.wantMoney(t, 1750)

	decide := func(id string, take bool, want money.Ore) {
		t.Helper()
		_, err := s.engine.ResolveReceipt(s.ctx, receipts.ReceiptResolution{Receipt: id, Take: take, Reason: "trykkeriet bekrefter"})
		must(t, err)
		s.wantMoney(t, want)
	}
	refused := func(id, reason, words string) {
		t.Helper()
		_, err := s.engine.ResolveReceipt(s.ctx, receipts.ReceiptResolution{Receipt: id, Take: true, Reason: reason})
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("refused with %v, want %q", err, words)
		}
	}
	refused(second, "", "reason is missing")
	refused(second, "gjelder "+person(), "fødselsnummer")
	refused("00000000-0000-4000-8000-000000000000", "x", "not found")
	decide(second, false, 1750)
	refused(second, "x", "was decided about")
	decide(third, true, 250+1700)
	if at := s.shipment(t, ids[0]).PostedAt; !at.Equal(row.PostedAt) {
		t.Errorf("posted at %v, want %v", at, row.PostedAt)
	}
	decided := map[string]bool{}
	for _, c := range view(t, s, func(r store.Reader) ([]store.ReceiptRecord, error) {
		return r.Receipts(s.ctx, store.ReceiptFilter{States: []store.ReceiptState{store.ReceiptConflict}})
	}) {
		decided[c.FileName] = c.Decision != nil
	}
	if want := map[string]bool{"k1.csv": false, "k2.csv": true, "k4.csv": false}; !maps.Equal(decided, want) {
		t.Errorf("in conflict now: %v, want %v", decided, want)
	}
	decide(fourth, true, 250+1800)
	s.watch(t)
	s.wantAlarms(t)
	refused(third, "x", "was decided about")
	s.wantStatus(t, ids[0], shipment.StatusPrintet)
	s.wantJobs(t, "CLOSED")
}

// TestReceiptSyntaxes: a vendor's receipts in each syntax are booked alike, and one of another syntax is stopped whole.
func TestReceiptSyntaxes(t *testing.T) {
	t.Parallel()
	positions := map[string][]int{}
	for i, col := range receipt.Columns() {
		positions[col] = []int{1 + 40*i, 40}
	}
	for name, alter := range map[string]func(f *receipt.Format){
		"json":  func(f *receipt.Format) { f.Syntax, f.Row, f.Amount = receipt.SyntaxJSON, "rader", receipt.UnitOre },
		"xml":   func(f *receipt.Format) { f.Syntax, f.Row, f.Weight = receipt.SyntaxXML, "brev", receipt.UnitKilogram },
		"fixed": func(f *receipt.Format) { f.Syntax, f.Positions, f.SkipLines = receipt.SyntaxFixed, positions, 1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, job, ids := offeredLetters(t, 2)
			f := receipt.DefaultFormat()
			alter(&f)
			s.config.Vendors[0].Receipts = f
			s.restart(t)
			rows := []receipt.Row{receiptRow(job, ids[0], s.clock.now()), receiptRow(job, ids[1], s.clock.now())}
			s.receipts(t, "k0.csv", rows...) // as the profile does not say
			if x := s.fetch(t); x.Receipts[0].Applied != 0 || len(x.Receipts[0].Problems) == 0 {
				t.Errorf("CSV was booked: %+v", x.Receipts)
			}
			s.wantMoney(t, 0)
			must(t, os.Remove(filepath.Join(s.vendor().root, filepath.FromSlash(exchange.DefaultReceipts), "k0.csv")))
			data, err := receipt.Encode(rows, f)
			must(t, err)
			if name == "json" {
				data = bytes.ReplaceAll(data, []byte("\n"), nil) // all rows in one line
			}
			s.put(t, exchange.DefaultReceipts, "kvittering."+name, data)
			if x := s.fetch(t); len(x.Receipts) != 1 || x.Receipts[0].Applied != 2 {
				t.Errorf("%+v", x.Receipts)
			}
			s.wantMoney(t, 3500)
			s.wantJobs(t, "CLOSED")
			s.wantAlarms(t)
		})
	}
}

// TestRowsOfAReceiptFile: what a file of receipts says can be read row by row, with what became of each.
func TestRowsOfAReceiptFile(t *testing.T) {
	t.Parallel()
	s, job, ids := offeredLetters(t, 3)
	at := s.clock.now()
	dearer := receiptRow(job, ids[0], at)
	dearer.Postage += 100
	s.receipts(t, "k1.csv", receiptRow(job, ids[0], at), receiptRow(job, ids[1], at))
	s.receipts(t, "k2.csv", receiptRow(job, ids[2], at), receiptRow("OTHR000001", ids[1], at), dearer, receiptRow(job, ids[1], at))
	s.fetch(t)
	files := s.receiptFiles(t)
	if len(files) != 2 {
		t.Fatalf("%d files", len(files))
	}
	read := func(states []store.ReceiptState, after string, limit int) (out []string, last string) {
		t.Helper()
		rows, err := s.engine.FileRows(s.ctx, "trykk", files["k2.csv"], states, after, limit)
		must(t, err)
		for _, r := range rows {
			out, last = append(out, fmt.Sprintf("%d %s", r.Row.Line, r.State)), r.ID
		}
		return out, last
	}
	all, _ := read(nil, "", 10)
	if got := strings.Join(all, ", "); got != "3 UNKNOWN, 2 APPLIED, 4 CONFLICT, 5 DUPLICATE" { // job by job
		t.Errorf("rows: %s", got)
	}
	first, last := read(nil, "", 3)
	next, _ := read(nil, last, 3)
	if strings.Join(append(first, next...), ", ") != strings.Join(all, ", ") || len(first) != 3 {
		t.Errorf("page by page: %v, then %v", first, next)
	}
	if got, _ := read([]store.ReceiptState{store.ReceiptConflict}, "", 3); strings.Join(got, ", ") != "4 CONFLICT" {
		t.Errorf("in conflict: %v", got)
	}
	if got, _ := read(nil, "ffffffff-ffff-4fff-bfff-ffffffffffff", 10); len(got) != 4 {
		t.Errorf("after what is not of the file: %v", got)
	}
}

// receiptFiles gives the hashes of the files of receipts by their names.
func (s *stage) receiptFiles(t *testing.T) map[string]string {
	t.Helper()
	files, err := store.View(s.ctx, s.archive, func(r store.Reader) ([]store.ReceiptFile, error) { return r.ReceiptFiles(s.ctx, "trykk") })
	must(t, err)
	out := map[string]string{}
	for _, f := range files {
		out[f.Name] = f.SHA256
	}
	return out
}
