package exchange_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"postgang/billing/receipt"
	"postgang/fixtures/vendorsim"
	"postgang/printjobs/exchange"
)

// vendorPage is the specification that vendors implement from.
func vendorPage(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "vendor-exchange.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// example gives the block of the page that is marked with the name.
func example(t *testing.T, page, name string) []byte {
	t.Helper()
	mark := "<!-- example: " + name + " -->\n"
	if n := strings.Count(page, mark); n != 1 {
		t.Fatalf("the page has %d examples named %s, want one", n, name)
	}
	_, rest, _ := strings.Cut(page, mark)
	_, rest, ok := strings.Cut(rest, "\n") // the fence
	block, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatalf("example %s is not a fenced block", name)
	}
	return []byte(block)
}

// The examples are one job, byte for byte: each has the size and hash that the
// others say of it, and is what we write ourselves.
func TestVendorPageExamplesAreOneJob(t *testing.T) {
	t.Parallel()
	page := vendorPage(t)

	readyBytes, ticketBytes, manifestBytes := example(t, page, "ready"), example(t, page, "ticket"), example(t, page, "manifest")
	ready, err := exchange.ParseReady(readyBytes)
	if err != nil {
		t.Fatal(err)
	}
	ticket, err := exchange.ParseTicket(ticketBytes)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := exchange.ParseManifest(manifestBytes)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		have  []byte
		write func() ([]byte, error)
	}{
		"ready": {readyBytes, ready.Marshal}, "ticket": {ticketBytes, ticket.Marshal},
		"manifest": {manifestBytes, func() ([]byte, error) {
			var b strings.Builder
			err := exchange.WriteManifest(&b, slices.Values(rows))
			return []byte(b.String()), err
		}},
	} {
		if b, err := c.write(); err != nil || string(b) != string(c.have) {
			t.Errorf("%s: we write it otherwise (%v):\n%s", name, err, b)
		}
	}
	if ready.Job != ticket.Job || ready.TicketSHA256 != sum(ticketBytes) {
		t.Errorf("the ready file is of job %s and hash %s, the ticket of %s and %s", ready.Job, ready.TicketSHA256, ticket.Job, sum(ticketBytes))
	}
	m, ok := ticket.ManifestFile()
	if !ok || m.SHA256 != sum(manifestBytes) || m.Bytes != int64(len(manifestBytes)) {
		t.Errorf("the ticket's manifest is %+v, the page's has %d bytes and hash %s", m, len(manifestBytes), sum(manifestBytes))
	}
	if p := exchange.CheckJob(ticket, slices.Values(rows)); len(p) > 0 {
		t.Errorf("manifest and ticket: %v", p)
	}

	for name, accepted := range map[string]bool{"accepted": true, "rejected": false} {
		b := example(t, page, name)
		a, err := exchange.ParseAnswer(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if again, err := a.Marshal(); err != nil || string(again) != string(b) {
			t.Errorf("%s: we write it otherwise (%v):\n%s", name, err, again)
		}
		if a.Accepted != accepted || a.Job != ticket.Job || a.TicketSHA256 != ready.TicketSHA256 || a.Letters != ticket.Totals.Letters {
			t.Errorf("%s: %+v does not answer the page's ticket", name, a)
		}
		if accepted && a.Sides != ticket.Totals.Sides {
			t.Errorf("%s: counts %d sides, the ticket %d", name, a.Sides, ticket.Totals.Sides)
		}
	}
}

// The receipt is of the same job, and can be booked.
func TestVendorPageReceiptIsOfTheJob(t *testing.T) {
	t.Parallel()
	page := vendorPage(t)
	rows, err := exchange.ParseManifest(example(t, page, "manifest"))
	if err != nil {
		t.Fatal(err)
	}
	ticket, err := exchange.ParseTicket(example(t, page, "ticket"))
	if err != nil {
		t.Fatal(err)
	}
	receipts, problems := receipt.Parse(example(t, page, "receipt"), receipt.DefaultFormat())
	if len(problems) > 0 || len(receipts) != len(rows) {
		t.Fatalf("%d receipts for %d letters; %v", len(receipts), len(rows), problems)
	}
	for i, r := range receipts {
		m := rows[i]
		if r.Job != ticket.Job || r.Shipment != m.Shipment || r.Pages() != m.Pages || r.Sheets() != m.Sheets || r.Konteringskode != m.Konteringskode {
			t.Errorf("receipt %+v is not of letter %+v", r, m)
		}
	}
	if have := strings.Join(receipt.Columns(), ";"); have != vendorsim.ReceiptHeader {
		t.Errorf("we read %s, the simulator writes %s", have, vendorsim.ReceiptHeader)
	}
}

var (
	jsonField   = regexp.MustCompile(`"([A-Za-z0-9]+)":`)
	namedInCode = regexp.MustCompile("`([^`]+)`")
)

// Every field of a document and every column has its line in a table.
func TestVendorPageTellsEveryField(t *testing.T) {
	t.Parallel()
	page := vendorPage(t)
	told := map[string]bool{}
	for _, line := range strings.Split(page, "\n") {
		if cells := strings.Split(line, "|"); len(cells) > 2 && cells[0] == "" {
			for _, m := range namedInCode.FindAllStringSubmatch(cells[1], -1) {
				told[m[1]] = true
			}
		}
	}
	// Fields of answers' files are told in one cell, under files.
	fields := strings.Split(exchange.ManifestHeader()+";"+vendorsim.ReceiptHeader, ";")
	for _, name := range []string{"ready", "ticket", "accepted", "rejected"} {
		for _, m := range jsonField.FindAllStringSubmatch(string(example(t, page, name)), -1) {
			fields = append(fields, m[1])
		}
	}
	// Which the example lacks.
	fields = append(fields, "parent", "reprint", "service", "postBy", "note", "group", "documentParts", "CONTROL",
		"press", "widthMM", "heightMM", "columns", "rows", "order", "stackSheets", "turn", "flip")
	if len(fields) < 60 {
		t.Fatalf("only %d fields looked for", len(fields))
	}
	for _, f := range fields {
		if !told[f] {
			t.Errorf("no table tells of %s", f)
		}
	}
	for _, text := range []string{
		exchange.TicketFormat, exchange.ReadyFormat, exchange.AnswerFormat, exchange.ManifestHeader(), vendorsim.ReceiptHeader,
		exchange.EnvelopeC5, exchange.EnvelopeC4, exchange.EnvelopeParcel, exchange.ZoneNorway, exchange.ZoneEurope, exchange.ZoneWorld,
		"`" + exchange.DefaultInbox + "`", "`" + exchange.DefaultAnswers + "`", "`" + exchange.DefaultReceipts + "`",
		"`" + exchange.DefaultReceiptsDone + "`", "`" + exchange.PartSuffix + "`",
	} {
		if !strings.Contains(page, text) {
			t.Errorf("the page does not mention %s", text)
		}
	}
}

// The names in the table are of the forms that we make and take.
func TestVendorPageNamesAreValid(t *testing.T) {
	t.Parallel()
	page := vendorPage(t)
	_, rest, _ := strings.Cut(page, "\n## 5. Names\n")
	section, _, ok := strings.Cut(rest, "\n## ")
	if !ok {
		t.Fatal("the page has no section of names")
	}
	last := map[string]string{} // file → example
	for _, line := range strings.Split(section, "\n") {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.Contains(cells[3], "`") {
			continue
		}
		last[strings.TrimSpace(cells[1])] = strings.Trim(cells[3], " `")
	}
	kind := func(want string) func(string) bool {
		return func(name string) bool {
			p, ok := exchange.ParseFileName(name)
			return ok && p.Kind == want
		}
	}
	checks := map[string]func(string) bool{
		"job id": exchange.ValidJob, "receipts": exchange.ValidReceiptName,
		"print file": kind(exchange.KindPrint), "manifest": kind(exchange.KindManifest), "ticket": kind(exchange.KindTicket),
		"ready file": func(n string) bool { _, ok := exchange.ParseReadyName(n); return ok },
		"answer":     func(n string) bool { _, _, ok := exchange.ParseAnswerName(n); return ok },
	}
	for what, valid := range checks {
		if name, found := last[what]; !found || !valid(name) {
			t.Errorf("%s: the example %q is not such a name", what, name)
		}
	}
	if len(last) != len(checks) {
		t.Errorf("the table has %d rows, the test knows %d: %v", len(last), len(checks), last)
	}
}
