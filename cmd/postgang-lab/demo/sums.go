package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"postgang/billing/money"
	"postgang/billing/receipt"
	"postgang/engine/finance"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/fixtures/letters"
	"postgang/fixtures/vendorsim"
	"postgang/printjobs/exchange"
)

// compareOutcomes holds every single hand-in against what must have become of it.
func (d *demo) compareOutcomes(ctx context.Context) error {
	wrong := 0
	groups := map[string]int{} // refused ones of those that are alike: which one is refused depends on the order
	err := d.app.Archive.View(ctx, func(r store.Reader) error {
		for _, want := range d.expected.Shipments {
			s, err := r.Shipment(ctx, d.id(want))
			if err != nil {
				return fmt.Errorf("hand-in %s/%s: %w", want.Account, want.Key, err)
			}
			if want.Group != "" {
				if want.Outcome == letters.Refused {
					groups[want.Group]--
				}
				if s.Status == shipment.StatusAvvist {
					groups[want.Group]++
				}
				continue
			}
			status := shipment.Status(want.Status)
			if s.ID == d.gateRead {
				status = shipment.StatusLest
			}
			if s.Status != status {
				wrong++
				d.fail("%s/%s is %s, want %s (%s)", want.Account, want.Key, s.Status, status, refusedBy(s))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for g, n := range groups {
		if n != 0 {
			wrong++
			d.fail("group %s: %+d more refused than expected", g, n)
		}
	}
	if wrong == 0 {
		d.say("   ok  each of %d hand-ins has become what it must", len(d.expected.Shipments))
	}
	return nil
}

func refusedBy(s shipment.Shipment) string {
	var codes []string
	for _, r := range s.Refusals {
		codes = append(codes, r.Code)
	}
	return strings.Join(codes, " ")
}

type statusCounts struct {
	total int
	by    map[shipment.Status]int
}

func (d *demo) counts(ctx context.Context) (statusCounts, error) {
	out := statusCounts{by: map[shipment.Status]int{}}
	err := d.app.Archive.View(ctx, func(r store.Reader) error {
		list, err := r.CountShipments(ctx)
		for _, c := range list {
			out.by[c.Status] += c.Count
			out.total += c.Count
		}
		return err
	})
	return out, err
}

// checkSums holds the archive, the vendor's folder and the report against each other.
func (d *demo) checkSums(ctx context.Context) error {
	d.say("6. The sums")
	c, err := d.counts(ctx)
	if err != nil {
		return err
	}
	paper := c.by[shipment.StatusSendtPrint] + c.by[shipment.StatusPrintet]
	read := c.by[shipment.StatusLest] + c.by[shipment.StatusLevertSDP]
	digital := c.by[shipment.StatusSendtDigitalt] + c.by[shipment.StatusIkkeLevert]
	refused, closed := c.by[shipment.StatusAvvist], c.by[shipment.StatusManueltHandtert]
	waiting := c.total - paper - read - digital - refused - closed
	d.check(fmt.Sprintf("received %d = refused %d + read %d + only digital %d + waiting %d + closed %d + offered %d",
		len(d.expected.Shipments), refused, read, digital, waiting, closed, paper), len(d.expected.Shipments), c.total)

	sent, err := d.sentLetters(ctx)
	if err != nil {
		return err
	}
	manifest, sides, err := d.printed()
	if err != nil {
		return err
	}
	d.check("letters offered = letters in the vendor's manifests", len(sent), len(manifest))
	for id := range sent {
		if !manifest[id] {
			d.fail("shipment %s was offered but is in no manifest", id)
		}
	}
	d.check("letters offered = SENDT_PRINT + PRINTET", len(sent), paper)
	d.say("   %d sides of letters in the print files, control sheets not counted", sides)
	booked := c.by[shipment.StatusPrintet]
	d.check("letters offered = receipts + missing", len(sent), booked+c.by[shipment.StatusSendtPrint])

	receipts, err := d.receiptOre()
	if err != nil {
		return err
	}
	from, to := d.period()
	r, err := d.app.Engine.Report(ctx, finance.ReportQuery{From: from, To: to, Inputs: d.app.Config.Benefit})
	if err != nil {
		return err
	}
	defer r.Close()
	var lines, unbooked money.Ore
	for l, err := range r.Costs.All() {
		if err != nil {
			return err
		}
		lines += l.Net
	}
	for dev, err := range r.Deviations.All() {
		if err != nil {
			return err
		}
		if dev.Kind == receipt.DeviationUnknown {
			unbooked += dev.Amount
		}
	}
	for id, ore := range receipts.doubled {
		d.say("   receipt of %s came twice; kr %s not booked again", id, ore)
		unbooked += ore
	}
	d.checkOre("øre in the receipts = øre in the ledger + not booked (doubled, unknown)", receipts.net, lines+unbooked)
	d.checkOre("øre in the ledger = øre in the report", lines, r.Money.Net)
	var codes money.Ore
	for _, row := range r.PerKonteringskode {
		codes += row.Money.Net
	}
	d.checkOre("øre in the report = sum over konteringskoder", r.Money.Net, codes)
	return nil
}

// sentLetters is every shipment in a job that was handed over.
func (d *demo) sentLetters(ctx context.Context) (map[string]bool, error) {
	out := map[string]bool{}
	err := d.app.Archive.View(ctx, func(r store.Reader) error {
		jobs, err := r.Jobs(ctx, store.JobFilter{States: []store.JobState{store.JobOffered, store.JobAccepted, store.JobClosed}})
		if err != nil {
			return err
		}
		for _, j := range jobs {
			if j.Reprint {
				continue
			}
			rows, err := r.JobLetters(ctx, j.ID)
			if err != nil {
				return err
			}
			for _, l := range rows {
				if out[l.Shipment] {
					d.fail("shipment %s was offered twice", l.Shipment)
				}
				out[l.Shipment] = true
			}
		}
		return nil
	})
	return out, err
}

// atVendors finds the files of a pattern at all vendors, in order.
func (d *demo) atVendors(pattern func(*vendorsim.Vendor) string) ([]string, error) {
	var all []string
	for _, v := range d.vendors {
		files, err := filepath.Glob(pattern(v))
		if err != nil {
			return nil, err
		}
		all = append(all, files...)
	}
	slices.Sort(all)
	return all, nil
}

// printed reads the manifests of what lies at the vendor as printed.
func (d *demo) printed() (letters map[string]bool, sides int, err error) {
	letters = map[string]bool{}
	manifests, err := d.atVendors(func(v *vendorsim.Vendor) string { return filepath.Join(v.PrintedFolder("*"), "*_manifest_*.csv") })
	if err != nil {
		return nil, 0, err
	}
	for _, m := range manifests {
		if filepath.Base(filepath.Dir(m)) == d.reprinted {
			continue
		}
		data, err := os.ReadFile(m)
		if err != nil {
			return nil, 0, err
		}
		rows, err := exchange.ParseManifest(data)
		if err != nil {
			return nil, 0, err
		}
		for _, r := range rows {
			if letters[r.Shipment] {
				d.fail("shipment %s is in two manifests", r.Shipment)
			}
			letters[r.Shipment] = true
			sides += r.LastSide - r.FirstSide + 1
		}
	}
	return letters, sides, nil
}

type receiptSums struct {
	net     money.Ore
	doubled map[string]money.Ore // rows beyond the first, by shipment
}

// receiptOre adds up the receipt files as they lie at the vendor.
func (d *demo) receiptOre() (receiptSums, error) {
	out := receiptSums{doubled: map[string]money.Ore{}}
	files, err := d.atVendors(func(v *vendorsim.Vendor) string { return filepath.Join(v.Root(), "kvittering", "arkiv", "*.csv") })
	if err != nil {
		return out, err
	}
	seen := map[string]bool{}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			return out, err
		}
		rows, problems := receipt.Parse(data, receipt.DefaultFormat())
		if len(problems) > 0 {
			return out, fmt.Errorf("%s: %s", filepath.Base(f), problems[0].Text)
		}
		for _, r := range rows {
			out.net += r.Net()
			letter := r.Job + " " + r.Shipment
			if seen[letter] {
				out.doubled[r.Shipment] += r.Net()
			}
			seen[letter] = true
		}
	}
	return out, nil
}

func (d *demo) fail(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	d.say("   WRONG  %s", text)
	d.failed = append(d.failed, text)
}

func (d *demo) check(what string, a, b int) {
	if a != b {
		d.fail("%s: %d and %d", what, a, b)
		return
	}
	d.say("   ok  %s (%d)", what, a)
}

func (d *demo) checkOre(what string, a, b money.Ore) {
	if a != b {
		d.fail("%s: kr %s and kr %s", what, a, b)
		return
	}
	d.say("   ok  %s (kr %s)", what, a)
}
