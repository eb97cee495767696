// Package figures collects the figures of a report: costs and letters per konteringskode, month and sender, deviations, invoices,
// advice, and the kost/nytte model.
//
// The rows of a large report wait in files, which are package spool's.
package figures

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/billing/ledger"
	"postgang/billing/money"
	"postgang/billing/price"
	"postgang/billing/receipt"
	"postgang/billing/spool"
)

// ShipmentRecord is what a report needs of one shipment. It holds no personal data: no name, address,
// title, file name or national identity number.
type ShipmentRecord struct {
	ID              string // shipment id
	Account         string // id of the account (konto); its name is in ReportInput.Accounts
	AvgivendeSystem string // the sending system, as it names itself
	Konteringskode  string // as the sender gave it; may be empty
	Status          string // SvarUt's status name
	Channel         string // the channel it went by, such as ALTINN, SDP, PRINT; may be empty
	Reason          string // why it went to paper or was refused, as a code; may be empty
	// Times in UTC; zero when it has not happened. Read and Posted are facts of their own: a letter may
	// be read after it was posted.
	Received, Notified, Read, Posted time.Time
	PagesBW, PagesColour             int    // printed pages
	Sheets                           int    // physical sheets
	WeightGram                       int    // computed weight, gram
	Envelope, Zone                   string // envelope class and postage zone
	Job                              string // print job; empty when it is in none
}

// CostRecord is one line of the ledger.
type CostRecord struct {
	Shipment, Job  string     // may be empty for amounts that belong to no letter
	Account        string     // id of the account; empty for amounts of none
	Konteringskode string     // may be empty
	Posted         civil.Date // the day that decides the period: the day booked
	Letters        int        // how many letters the line counts: 1 at a letter's first line, -1 where that is reversed, else 0
	Kind           string     // ledger.KindProduction, ledger.KindPostage or another kind
	Reprint        bool       // of a letter that was printed once more
	Net, VAT       money.Ore  // øre
	Gross          money.Ore  // øre; must be Net + VAT
	Source         string     // where the line is from, such as the receipt file and row
}

// DeviationRecord is a deviation as the report shows it.
type DeviationRecord struct {
	receipt.Deviation
	Account        string // account id; BuildReport puts the account's name here
	Konteringskode string
	Day            civil.Date // the day it was found
	State          string     // Norwegian: åpen, godtatt, omtvistet, oppgjort; empty is shown as åpen
}

// ReportInput is everything a report is made of. The report takes what lies in the period [From, To):
// shipments by the day they were received for volume, cost lines by the day they were posted for cost.
// Records outside the period may be present and are left out.
type ReportInput struct {
	From, To  civil.Date // half-open
	Generated time.Time
	ReportID  string
	// Location decides which day a time belongs to (Europe/Oslo). Required.
	Location   *time.Location
	Accounts   map[string]string // account id → name
	Shipments  []ShipmentRecord
	Costs      []CostRecord
	Deviations []DeviationRecord
	// Rows are more of the three, when there may be more than memory holds; BuildReport closes them.
	Rows     *ReportRows
	Invoices []InvoiceRow
	Accruals []AccrualRow
	Prices   []VendorPrice
	Advice   []AdviceRow
	// Only are the ids of the accounts that the report is about; none: all. What belongs to no account is then left out.
	Only    []string
	Budgets []codes.BudgetRow
	// Letters of the period that dropped out at the last gate, came back, or were read when they were on their way to paper.
	Withdrawn, Returned, ReadAfter int
	// Digital is what the period's digital messages cost by the price lists, and how many were priced.
	Digital       money.Decimal // kroner
	DigitalPriced int
	Inputs        CostBenefitInputs
	// Notes are shown on the summary, for example that prices are illustrative.
	Notes []string
}

// InvoiceRow is a kind of cost of a vendor's invoices for a period, held against the receipts; net.
type InvoiceRow struct {
	Vendor         string     // as shown
	Numbers        string     // of the invoices
	From, To       civil.Date // half-open
	Kind           string
	Konteringskode string // with ByCode
	ByCode         bool   // of one konteringskode, else of all
	Others         bool   // with rows of single codes beside it: of what names none
	NotInvoiced    bool   // no invoice of the period has the kind
	Invoiced       money.Ore
	Receipts       money.Ore  // booked from receipts
	Allocated      money.Ore  // booked from the invoices
	Booked         bool       // every invoice of the period is booked
	Expected       *money.Ore // by the price list, of what belongs to no letter; nil where it does not tell
}

// Left is what is invoiced and not booked.
func (r InvoiceRow) Left() money.Ore {
	if r.NotInvoiced {
		return 0
	}
	return r.Invoiced - r.Receipts - r.Allocated
}

// AccrualRow is what is booked from a vendor's receipts for letters that were posted in a time that no invoice is for: what is to be
// accrued (periodisert) when the books are closed.
type AccrualRow struct {
	Vendor   string     // as shown
	From, To civil.Date // half-open: when the letters were posted
	Kind     string
	Carried  bool // came late, and are carried to an invoice for a later time
	Letters  int
	Net, VAT money.Ore
}

// VendorPrice is a price of a vendor's price list.
type VendorPrice struct {
	Vendor  string // as shown
	Account string // as shown; empty: for all
	price.Price
}

// Counters count shipments by where they stand. Each shipment is in exactly one of them besides
// Received, which is their sum.
type Counters struct {
	Received    int
	Refused     int // AVVIST, FEILET_UNDER_MOTTAK
	Read        int // LEST: read in time, never printed
	Delivered   int // LEVERT_SDP, LEVERT_NHN_MOTTAKER: delivered in a digital mailbox, not printed
	DigitalOnly int // SENDT_DIGITALT, IKKE_LEVERT: only digital, not read in time or not deliverable
	Waiting     int // on its way: received, accepted, notified, …
	Closed      int // MANUELT_HANDTERT
	Offered     int // SENDT_PRINT: handed to the vendor, no receipt yet
	Printed     int // PRINTET
	Other       int // a status the report does not know, and SLETTET without a trace of how it ended
}

// Paper is the number that went to the vendor.
func (c Counters) Paper() int { return c.Offered + c.Printed }

// Digital is the number that was delivered digitally and never printed.
func (c Counters) Digital() int { return c.Read + c.Delivered }

// Sum is the sum of all counters but Received; it equals Received.
func (c Counters) Sum() int {
	return c.Refused + c.Read + c.Delivered + c.DigitalOnly + c.Waiting + c.Closed + c.Offered + c.Printed + c.Other
}

func (c *Counters) add(o Counters) {
	c.Received += o.Received
	c.Refused += o.Refused
	c.Read += o.Read
	c.Delivered += o.Delivered
	c.DigitalOnly += o.DigitalOnly
	c.Waiting += o.Waiting
	c.Closed += o.Closed
	c.Offered += o.Offered
	c.Printed += o.Printed
	c.Other += o.Other
}

// Outcome names the counter a shipment belongs to, in Norwegian words for the reader.
type Outcome string

// Outcomes of a shipment.
const (
	OutcomeRefused     Outcome = "Avvist"
	OutcomeRead        Outcome = "Lest digitalt"
	OutcomeDelivered   Outcome = "Levert digital postkasse"
	OutcomeDigitalOnly Outcome = "Kun digital, ikke lest"
	OutcomeWaiting     Outcome = "Venter"
	OutcomeClosed      Outcome = "Manuelt håndtert"
	OutcomeOffered     Outcome = "Sendt til utskrift"
	OutcomePrinted     Outcome = "Postlagt"
	OutcomeOther       Outcome = "Annet"
)

// statusDeleted is the status of a shipment whose content and personal data are deleted.
const statusDeleted = "SLETTET"

// statusOutcomes are all statuses that the report knows, by SvarUt's name. The package knows no engine: a test in engine/finance holds
// the table against the engine's statuses. SvarUt has more of them than the engine.
var statusOutcomes = map[string]Outcome{
	"MOTTATT": OutcomeWaiting, "AKSEPTERT": OutcomeWaiting, "KLAR_FOR_MOTTAK": OutcomeWaiting, "VARSLET": OutcomeWaiting,
	"SENDT_ALTINN": OutcomeWaiting, "LEVERT_ALTINN": OutcomeWaiting, "SENDT_SDP": OutcomeWaiting, "SENDT_NHN_MOTTAKER": OutcomeWaiting,
	"AVVIST": OutcomeRefused, "FEILET_UNDER_MOTTAK": OutcomeRefused,
	"LEST":       OutcomeRead,
	"LEVERT_SDP": OutcomeDelivered, "LEVERT_NHN_MOTTAKER": OutcomeDelivered,
	"SENDT_DIGITALT": OutcomeDigitalOnly, "IKKE_LEVERT": OutcomeDigitalOnly,
	"MANUELT_HANDTERT": OutcomeClosed,
	"SENDT_PRINT":      OutcomeOffered,
	"PRINTET":          OutcomePrinted,
	statusDeleted:      OutcomeOther, // but for what its times show
}

// StatusOutcomes gives the outcome of each status that the report knows, by SvarUt's name.
func StatusOutcomes() map[string]Outcome { return maps.Clone(statusOutcomes) }

// Outcome tells where the shipment stands. A deleted shipment (SLETTET) keeps the outcome that its
// times show.
func (s ShipmentRecord) Outcome() Outcome {
	if s.Status == statusDeleted {
		switch {
		case !s.Posted.IsZero():
			return OutcomePrinted
		case !s.Read.IsZero():
			return OutcomeRead
		}
	}
	return cmp.Or(statusOutcomes[s.Status], OutcomeOther)
}

// Count counts n shipments with an outcome.
func (c *Counters) Count(o Outcome, n int) {
	c.Received += n
	switch o {
	case OutcomeRefused:
		c.Refused += n
	case OutcomeRead:
		c.Read += n
	case OutcomeDelivered:
		c.Delivered += n
	case OutcomeDigitalOnly:
		c.DigitalOnly += n
	case OutcomeWaiting:
		c.Waiting += n
	case OutcomeClosed:
		c.Closed += n
	case OutcomeOffered:
		c.Offered += n
	case OutcomePrinted:
		c.Printed += n
	default:
		c.Other += n
	}
}

// Money is a sum of cost lines in øre. Production, Postage and Other are net and sum to Net.
type Money struct {
	Production, Postage, Other money.Ore
	Net, VAT, Gross            money.Ore
	Letters                    int // letters posted: shipments with at least one cost line, each once
}

// Per gives the average net cost of a letter in øre, rounded to the nearest, halves away from zero, as spreadsheets do; 0 when
// there are none. More letters may be taken back than there are.
func (m Money) Per() money.Ore {
	net, n := m.Net, money.Ore(m.Letters)
	if n < 0 {
		net, n = -net, -n
	}
	switch {
	case n == 0:
		return 0
	case net < 0:
		return -((-net*2 + n) / (2 * n))
	}
	return (net*2 + n) / (2 * n)
}

// Add adds what is booked of a kind of cost.
func (m *Money) Add(kind string, net, vat money.Ore) error {
	var err error
	sum := func(to *money.Ore, o money.Ore) {
		s, e := to.Add(o)
		*to, err = s, errors.Join(err, e)
	}
	switch kind {
	case ledger.KindProduction:
		sum(&m.Production, net)
	case ledger.KindPostage:
		sum(&m.Postage, net)
	default:
		sum(&m.Other, net)
	}
	sum(&m.Net, net)
	sum(&m.VAT, vat)
	sum(&m.Gross, net+vat)
	return err
}

func (m *Money) addMoney(o Money) {
	m.Production += o.Production
	m.Postage += o.Postage
	m.Other += o.Other
	m.Net += o.Net
	m.VAT += o.VAT
	m.Gross += o.Gross
	m.Letters += o.Letters
}

// Volume is what was printed of the letters of a row, as we computed it when they were sent.
type Volume struct {
	PagesBW, PagesColour, Sheets int
	WeightGram                   int64
}

func (v *Volume) add(o Volume) {
	v.PagesBW += o.PagesBW
	v.PagesColour += o.PagesColour
	v.Sheets += o.Sheets
	v.WeightGram += o.WeightGram
}

// CodeRow is one konteringskode. Counters count shipments received in the period; Volume and Money are
// of what was posted in it.
type CodeRow struct {
	// Number identifies the code within the report, from 1. Workbooks look rows up by it, since
	// spreadsheets compare texts such as "0100" and "100" as equal numbers.
	Number   int
	Code     string // codes.Missing when Missing
	Missing  bool
	Counters Counters
	Volume   Volume
	Money    Money
	Months   []money.Ore // net by month, in the order of PerMonth
}

// MonthRow is one calendar month of the period: shipments by the day received, money by the day posted.
type MonthRow struct {
	Month    string // YYYY-MM
	Counters Counters
	Volume   Volume
	Money    Money
}

// SenderRow is one sending account and channel: shipments by the channel that they went by, money of those on paper.
type SenderRow struct {
	Account  string // its name; empty: amounts of no account
	Channel  string // ALTINN, SDP, PRINT …; empty: none yet
	Counters Counters
	Volume   Volume
	Money    Money
}

// ChannelPaper is the channel of what is posted, in ShipmentRecord.Channel.
const ChannelPaper = "PRINT"

// ShipmentRow is one shipment of the raw data.
type ShipmentRow struct {
	ShipmentRecord
	AccountName string
	Outcome     Outcome
	InPeriod    bool       // received in the period, so counted in the volume
	ReceivedDay civil.Date // in the report's location
	Money       Money      // the shipment's cost lines of the period
}

// CostRow is one cost line of the period.
type CostRow struct {
	CostRecord
	Known  bool   // its shipment is known
	Volume Volume // what the line adds to the volume: that of its letters
}

// Report is the figures of a period, complete and checked: the rows of each table sum to the totals.
type Report struct {
	From, To  civil.Date
	Generated time.Time
	ReportID  string
	Location  *time.Location
	Notes     []string

	Counters          Counters // shipments received in the period
	Volume            Volume   // letters posted in the period
	Money             Money    // cost lines of the period
	PerKonteringskode []CodeRow
	PerMonth          []MonthRow
	PerSender         []SenderRow              // by account, then channel
	Shipments         *spool.Rows[ShipmentRow] // by received time, then id
	Costs             *spool.Rows[CostRow]     // by day, shipment, kind
	Deviations        *spool.Rows[DeviationRecord]
	Only              []string      // names of the accounts that the report is about; none: all
	Invoices          []InvoiceRow  // by period, vendor, kind and code
	Accruals          []AccrualRow  // by vendor, period and kind
	Prices            []VendorPrice // that hold on a day of the period, by vendor
	Advice            []AdviceRow   // the dearest first
	Waste             []WasteRow
	Budgets           []codes.BudgetRow // by code, the missing one last; none without a register of codes

	Inputs        CostBenefitInputs
	MissingInputs []string     // symbols of inputs that are not set
	CostBenefit   *CostBenefit // nil when inputs are missing
	// Actual holds the inputs that the period itself can measure (d, p1, s1, s0 at the period's prices, and cdig by the price list);
	// others are not set.
	Actual CostBenefitInputs
	// Benefits hold what really went out against the model, by konteringskode and by account. Their amounts are 0 while
	// inputs are missing (Benefit nil).
	Benefits []BenefitRow
	// Benefit is the sum of Benefits by konteringskode, and by account; nil when inputs are missing.
	Benefit *BenefitRow
	// CostBenefitActual is the model with Actual in place of the assumptions; nil when CostBenefit is nil
	// or nothing was measured.
	CostBenefitActual *CostBenefit
}

// ReportRows are the rows of a report as they come, in any order and of any number: beyond what memory holds they wait on disk.
type ReportRows struct {
	dir        string
	shipments  *spool.Writer[ShipmentRecord]
	costs      *spool.Writer[CostRecord]
	deviations *spool.Writer[DeviationRecord]
}

// NewReportRows makes a place for rows. What memory does not hold lies in dir, the system's folder for temporary files when
// empty; it is no personal data.
func NewReportRows(dir string) *ReportRows {
	return &ReportRows{
		dir:       dir,
		shipments: spool.New(dir, func(x, y ShipmentRecord) int { return cmp.Compare(x.ID, y.ID) }),
		costs: spool.New(dir, func(x, y CostRecord) int {
			return cmp.Or(cmp.Compare(x.Shipment, y.Shipment), compareCosts(x, y))
		}),
		deviations: spool.New(dir, func(DeviationRecord, DeviationRecord) int { return 0 }),
	}
}

// Close lets go of the rows.
func (r *ReportRows) Close() error {
	return errors.Join(r.shipments.Close(), r.costs.Close(), r.deviations.Close())
}

// Shipment adds a shipment.
func (r *ReportRows) Shipment(s ShipmentRecord) error {
	switch {
	case s.ID == "":
		return errors.New("a shipment has no id")
	case s.Received.IsZero():
		return fmt.Errorf("shipment %s has no time of reception", s.ID)
	case s.PagesBW < 0 || s.PagesColour < 0 || s.Sheets < 0 || s.WeightGram < 0:
		return fmt.Errorf("shipment %s has a negative number of pages, sheets or gram", s.ID)
	}
	return r.shipments.Add(s)
}

// Cost adds a line of the ledger.
func (r *ReportRows) Cost(c CostRecord) error {
	gross, err := c.Net.Add(c.VAT)
	switch {
	case c.Posted.Validate() != nil:
		return fmt.Errorf("cost line of shipment %q: the posted day must be written YYYY-MM-DD", c.Shipment)
	case err != nil || gross != c.Gross:
		return fmt.Errorf("cost line of shipment %q, %s: gross is not net and VAT together", c.Shipment, c.Kind)
	case c.Letters < -1 || c.Letters > 1:
		return fmt.Errorf("cost line of shipment %q counts %d letters", c.Shipment, c.Letters)
	case c.Kind == "":
		return fmt.Errorf("cost line of shipment %q has no kind", c.Shipment)
	}
	return r.costs.Add(c)
}

// Deviation adds a deviation.
func (r *ReportRows) Deviation(d DeviationRecord) error { return r.deviations.Add(d) }

// Close lets go of the rows of a report, which cannot be read any more.
func (r *Report) Close() error {
	return errors.Join(r.Shipments.Close(), r.Costs.Close(), r.Deviations.Close())
}

// CodeNumber is the number of a konteringskode in PerKonteringskode, that of the missing one for the empty text; 0 when it has no row.
func (r *Report) CodeNumber(code string) int {
	code, rows := strings.TrimSpace(code), r.PerKonteringskode
	n := len(rows)
	if n > 0 && rows[n-1].Missing {
		if n--; code == "" {
			return rows[n].Number
		}
	}
	i, found := slices.BinarySearchFunc(rows[:n], code, func(row CodeRow, code string) int { return cmp.Compare(row.Code, code) })
	if !found {
		return 0
	}
	return rows[i].Number
}

// BuildReport checks the input and computes the report. The order of the records does not matter. The report must be closed.
func BuildReport(in ReportInput) (Report, error) {
	r, err := buildReport(in)
	if err != nil {
		return Report{}, errors.Join(fmt.Errorf("build report: %w", err), r.Close())
	}
	return r, nil
}

func buildReport(in ReportInput) (r Report, err error) {
	rows := in.Rows
	if rows == nil {
		rows = NewReportRows("")
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if err := in.validate(); err != nil {
		return r, err
	}
	for _, s := range in.Shipments {
		err = errors.Join(err, rows.Shipment(s))
	}
	for _, c := range in.Costs {
		err = errors.Join(err, rows.Cost(c))
	}
	for _, d := range in.Deviations {
		err = errors.Join(err, rows.Deviation(d))
	}
	if err != nil {
		return r, err
	}
	b := reportBuilder{in: in, codes: map[string]*CodeRow{}, months: map[string]*MonthRow{}, senders: map[[2]string]*SenderRow{}}
	err = b.build(rows)
	return b.report, err
}

func (in ReportInput) validate() error {
	switch {
	case in.Location == nil:
		return errors.New("no location is given to decide days in")
	case in.From.Validate() != nil || in.To.Validate() != nil:
		return errors.New("the period's days must be written YYYY-MM-DD")
	case in.From >= in.To:
		return fmt.Errorf("the period is empty: from %s to %s, where the last day is not included", in.From, in.To)
	case in.Generated.IsZero():
		return errors.New("no time of making is given")
	}
	return in.Inputs.Validate()
}

type reportBuilder struct {
	in      ReportInput
	report  Report
	codes   map[string]*CodeRow // by code, "" for none
	months  map[string]*MonthRow
	senders map[[2]string]*SenderRow // by name of the account, and channel
	again   WasteRow                 // what was printed once more
}

func (b *reportBuilder) build(rows *ReportRows) error {
	in, r := b.in, &b.report
	r.From, r.To, r.Generated, r.ReportID, r.Location = in.From, in.To, in.Generated.UTC(), in.ReportID, in.Location
	r.Notes = slices.Clone(in.Notes)
	b.again.Kind = WasteReprint
	for day := in.From; day < in.To; day = civil.NextMonth(day) {
		b.months[day.Month()] = &MonthRow{Month: day.Month()} // a month without letters is a row too
	}
	if err := b.meet(rows); err != nil {
		return err
	}
	if err := b.deviations(rows); err != nil {
		return err
	}
	b.order()
	if err := b.control(); err != nil {
		return err
	}
	return b.costBenefit()
}

// place is the place of a day's month among those of the period.
func (b *reportBuilder) place(day civil.Date) int {
	first, t := b.in.From.UTC(), day.UTC()
	return 12*(t.Year()-first.Year()) + int(t.Month()) - int(first.Month())
}

func (b *reportBuilder) code(code string) *CodeRow {
	code = strings.TrimSpace(code)
	row := b.codes[code]
	if row == nil {
		row = &CodeRow{Code: code, Months: make([]money.Ore, len(b.months))}
		if code == "" {
			row.Code, row.Missing = codes.Missing, true
		}
		b.codes[code] = row
	}
	return row
}

func (b *reportBuilder) sender(account, channel string) *SenderRow {
	name := cmp.Or(b.in.Accounts[account], account)
	row := b.senders[[2]string{name, channel}]
	if row == nil {
		row = &SenderRow{Account: name, Channel: channel}
		b.senders[[2]string{name, channel}] = row
	}
	return row
}

// meet reads shipments and cost lines side by side, by shipment, and puts each in its place in the report.
func (b *reportBuilder) meet(rows *ReportRows) (err error) {
	shipments, err := rows.shipments.Rows()
	if err != nil {
		return err
	}
	lines, err := rows.costs.Rows()
	if err != nil {
		return err
	}
	shipmentRows := spool.New(rows.dir, func(x, y ShipmentRow) int {
		return cmp.Or(x.Received.Compare(y.Received), cmp.Compare(x.ID, y.ID))
	})
	costRows := spool.New(rows.dir, func(x, y CostRow) int { return compareCosts(x.CostRecord, y.CostRecord) })
	defer func() {
		if err != nil {
			err = errors.Join(err, shipmentRows.Close(), costRows.Close())
		}
	}()
	next, stop := iter.Pull2(lines.All())
	defer stop()
	line, err, more := next()
	// book books the lines from here on that are mine.
	book := func(s *ShipmentRow, mine func(c CostRecord) bool) error {
		for more && err == nil && mine(line) {
			if err := b.cost(costRows, line, s); err != nil {
				return err
			}
			line, err, more = next()
		}
		return err
	}
	last := ""
	for s, err := range shipments.All() {
		if err != nil {
			return err
		}
		if s.ID == last {
			return fmt.Errorf("shipment %s stands twice", s.ID)
		}
		last = s.ID
		if err := book(nil, func(c CostRecord) bool { return c.Shipment < s.ID }); err != nil {
			return err
		}
		row := b.receive(s)
		if err := book(&row, func(c CostRecord) bool { return c.Shipment == s.ID }); err != nil {
			return err
		}
		if row.InPeriod || row.Money != (Money{}) {
			b.code(row.Konteringskode) // a letter received earlier has its own code in the raw data
			if err := shipmentRows.Add(row); err != nil {
				return err
			}
		}
	}
	if err := book(nil, func(CostRecord) bool { return true }); err != nil {
		return err
	}
	if b.report.Shipments, err = shipmentRows.Rows(); err != nil {
		return err
	}
	b.report.Costs, err = costRows.Rows()
	return err
}

// receive counts a shipment when it is of the period.
func (b *reportBuilder) receive(s ShipmentRecord) ShipmentRow {
	row := ShipmentRow{ShipmentRecord: s, AccountName: cmp.Or(b.in.Accounts[s.Account], s.Account), Outcome: s.Outcome(), ReceivedDay: civil.Of(s.Received, b.in.Location)}
	row.InPeriod = row.ReceivedDay.Within(b.in.From, b.in.To)
	if row.InPeriod {
		var c Counters
		c.Count(row.Outcome, 1)
		b.report.Counters.add(c)
		b.code(s.Konteringskode).Counters.add(c)
		b.sender(s.Account, s.Channel).Counters.add(c)
		b.months[row.ReceivedDay.Month()].Counters.add(c)
	}
	return row
}

// cost sums a cost line of the period. s is its shipment, nil when that is not known.
func (b *reportBuilder) cost(to *spool.Writer[CostRow], c CostRecord, s *ShipmentRow) error {
	if !c.Posted.Within(b.in.From, b.in.To) {
		return nil
	}
	r, row := &b.report, CostRow{CostRecord: c, Known: s != nil}
	code, month := b.code(c.Konteringskode), b.months[c.Posted.Month()]
	code.Months[b.place(c.Posted)] += c.Net
	account, channel := c.Account, ""
	if c.Shipment != "" {
		channel = ChannelPaper
	}
	if s != nil && account == "" {
		account = s.Account
	}
	sender := b.sender(account, channel)
	moneys := []*Money{&r.Money, &code.Money, &month.Money, &sender.Money}
	if s != nil {
		moneys = append(moneys, &s.Money)
	}
	for _, m := range moneys {
		if err := m.Add(c.Kind, c.Net, c.VAT); err != nil {
			return fmt.Errorf("sum cost lines: %w", err)
		}
		m.Letters += c.Letters
	}
	if n := c.Letters; n != 0 && s != nil {
		row.Volume = Volume{n * s.PagesBW, n * s.PagesColour, n * s.Sheets, int64(n * s.WeightGram)}
		for _, v := range []*Volume{&r.Volume, &code.Volume, &month.Volume, &sender.Volume} {
			v.add(row.Volume)
		}
	}
	if c.Reprint {
		b.again.Net += c.Net
		if c.Kind == ledger.KindProduction && c.Net > 0 {
			b.again.Letters++
		}
	}
	return to.Add(row)
}

// deviations puts the deviations in order.
func (b *reportBuilder) deviations(rows *ReportRows) (err error) {
	all, err := rows.deviations.Rows()
	if err != nil {
		return err
	}
	out := spool.New(rows.dir, func(x, y DeviationRecord) int {
		return cmp.Or(cmp.Compare(x.Day, y.Day), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Shipment, y.Shipment), cmp.Compare(x.Job, y.Job),
			cmp.Compare(x.Expected, y.Expected), cmp.Compare(x.Got, y.Got), cmp.Compare(x.Amount, y.Amount),
			cmp.Compare(x.Account, y.Account), cmp.Compare(x.Konteringskode, y.Konteringskode), cmp.Compare(x.State, y.State))
	})
	for d, e := range all.All() {
		if err = e; err == nil {
			d.Account = cmp.Or(b.in.Accounts[d.Account], d.Account)
			err = out.Add(d)
		}
		if err != nil {
			return errors.Join(err, out.Close())
		}
	}
	b.report.Deviations, err = out.Rows()
	return err
}

func compareCosts(a, b CostRecord) int {
	return cmp.Or(cmp.Compare(a.Posted, b.Posted), cmp.Compare(a.Shipment, b.Shipment), cmp.Compare(ledger.KindOrder(a.Kind), ledger.KindOrder(b.Kind)),
		cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Konteringskode, b.Konteringskode), cmp.Compare(a.Job, b.Job),
		cmp.Compare(a.Source, b.Source), cmp.Compare(b.Letters, a.Letters), cmp.Compare(a.Net, b.Net), cmp.Compare(a.VAT, b.VAT))
}

// order sorts the tables and numbers the codes.
func (b *reportBuilder) order() {
	r := &b.report
	for _, row := range b.codes {
		r.PerKonteringskode = append(r.PerKonteringskode, *row)
	}
	slices.SortFunc(r.PerKonteringskode, func(x, y CodeRow) int {
		if x.Missing != y.Missing {
			return map[bool]int{true: 1, false: -1}[x.Missing] // what is missing stands last, where it is seen
		}
		return cmp.Compare(x.Code, y.Code)
	})
	for i := range r.PerKonteringskode {
		r.PerKonteringskode[i].Number = i + 1
	}
	for _, row := range b.months {
		r.PerMonth = append(r.PerMonth, *row)
	}
	slices.SortFunc(r.PerMonth, func(x, y MonthRow) int { return cmp.Compare(x.Month, y.Month) })
	for _, row := range b.senders {
		r.PerSender = append(r.PerSender, *row)
	}
	slices.SortFunc(r.PerSender, func(x, y SenderRow) int {
		return cmp.Or(cmp.Compare(x.Account, y.Account), cmp.Compare(x.Channel, y.Channel))
	})
	for _, id := range b.in.Only {
		r.Only = append(r.Only, cmp.Or(b.in.Accounts[id], id))
	}
	slices.Sort(r.Only)
	r.Accruals = slices.Clone(b.in.Accruals)
	slices.SortStableFunc(r.Accruals, func(x, y AccrualRow) int {
		return cmp.Or(cmp.Compare(x.Vendor, y.Vendor), cmp.Compare(x.From, y.From), cmp.Compare(x.To, y.To), cmp.Compare(ledger.KindOrder(x.Kind), ledger.KindOrder(y.Kind)), cmp.Compare(x.Kind, y.Kind))
	})
	r.Invoices = slices.Clone(b.in.Invoices)
	slices.SortStableFunc(r.Invoices, func(x, y InvoiceRow) int {
		return cmp.Or(cmp.Compare(x.From, y.From), cmp.Compare(x.To, y.To), cmp.Compare(x.Vendor, y.Vendor), cmp.Compare(ledger.KindOrder(x.Kind), ledger.KindOrder(y.Kind)),
			cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Konteringskode, y.Konteringskode))
	})
	for _, p := range b.in.Prices {
		if p.ValidFrom < r.To && (p.ValidTo == "" || p.ValidTo > r.From) {
			if name := b.in.Accounts[p.Account]; name != "" {
				p.Account = name
			}
			r.Prices = append(r.Prices, p)
		}
	}
	for _, a := range b.in.Advice {
		a.Account = cmp.Or(b.in.Accounts[a.Account], a.Account)
		r.Advice = append(r.Advice, a)
	}
	b.waste()
	r.Budgets = slices.Clone(b.in.Budgets)
	slices.SortStableFunc(r.Prices, func(x, y VendorPrice) int { return cmp.Compare(x.Vendor, y.Vendor) })
}

// waste values what was saved, and spent in vain.
func (b *reportBuilder) waste() {
	r := &b.report
	each := r.Money.Per()
	estimate := func(kind WasteKind, saved bool, n int) WasteRow {
		return WasteRow{Kind: kind, Saved: saved, Letters: n, Net: money.Ore(n) * each, Estimated: true, Unknown: r.Money.Letters <= 0}
	}
	r.Waste = []WasteRow{
		estimate(SavedRead, true, r.Counters.Read), estimate(SavedDelivered, true, r.Counters.Delivered), estimate(SavedAtGate, true, b.in.Withdrawn), b.again,
		estimate(WasteReturned, false, b.in.Returned), estimate(WasteReadAfter, false, b.in.ReadAfter),
	}
}

// control checks that the tables sum to the totals, which were summed on their own. A difference is a
// fault of this package, and a report with a difference must not be shown.
func (b *reportBuilder) control() error {
	r := &b.report
	var byCode, byMonth Money
	var volCode, volMonth Volume
	var countCode, countMonth Counters
	for _, row := range r.PerKonteringskode {
		byCode.addMoney(row.Money)
		volCode.add(row.Volume)
		countCode.add(row.Counters)
	}
	for _, row := range r.PerMonth {
		byMonth.addMoney(row.Money)
		volMonth.add(row.Volume)
		countMonth.add(row.Counters)
	}
	var bySender Money
	var volSender Volume
	var countSender Counters
	for _, row := range r.PerSender {
		bySender.addMoney(row.Money)
		volSender.add(row.Volume)
		countSender.add(row.Counters)
	}
	for i, month := range r.PerMonth {
		var net money.Ore
		for _, row := range r.PerKonteringskode {
			net += row.Months[i]
		}
		if net != month.Money.Net {
			return fmt.Errorf("the konteringskoder of %s do not sum to the month", month.Month)
		}
	}
	m := r.Money
	switch {
	case bySender != m || volSender != r.Volume || countSender != r.Counters:
		return errors.New("the rows per sender do not sum to the totals")
	case byCode != m || volCode != r.Volume || countCode != r.Counters:
		return errors.New("the rows per konteringskode do not sum to the totals")
	case byMonth != m || volMonth != r.Volume || countMonth != r.Counters:
		return errors.New("the rows per month do not sum to the totals")
	case m.Production+m.Postage+m.Other != m.Net || m.Net+m.VAT != m.Gross:
		return errors.New("production, postage and other costs do not sum to net, or net and VAT to gross")
	case r.Counters.Sum() != r.Counters.Received:
		return errors.New("the counters do not sum to the shipments received")
	}
	return nil
}

func (b *reportBuilder) costBenefit() error {
	r := &b.report
	r.Inputs, r.MissingInputs = b.in.Inputs, b.in.Inputs.Missing()
	r.Actual = measured(r.Counters, r.Money)
	if n := b.in.DigitalPriced; n > 0 {
		r.Actual.DigitalUnitCost = Input{Value: (2*b.in.Digital + money.Decimal(n)) / money.Decimal(2*n), Set: true, Source: SourceActual, Note: fmt.Sprintf("prislisten for %d digitale forsendelser i perioden", n)}
	}
	switch today := r.Inputs.PostageToday; {
	case today.Set:
		r.Actual.PostageWithout = today
	case r.Actual.PostageWith.Set:
		r.Actual.PostageWithout = r.Actual.PostageWith
		r.Actual.PostageWithout.Note = "samme porto som målt i perioden"
	}
	if len(r.MissingInputs) > 0 {
		return b.benefits(UnitCosts{}, false)
	}
	cb, err := r.Inputs.Compute()
	if err != nil {
		return err
	}
	r.CostBenefit = &cb
	actual := r.Inputs.With(r.Actual)
	if actual != r.Inputs {
		cb, err := actual.Compute()
		if err != nil {
			return err
		}
		r.CostBenefitActual = &cb
	}
	units, ok := actual.Units()
	return b.benefits(units, ok)
}

// BenefitOf holds what really went out in a period against the model, as Report.Benefit is; nil while inputs are missing. Of the input its
// period, inputs and digital messages are looked at.
func BenefitOf(in ReportInput, c Counters, m Money) (*BenefitRow, error) {
	b := reportBuilder{in: in, report: Report{From: in.From, To: in.To, Counters: c, Money: m}}
	err := b.costBenefit()
	return b.report.Benefit, err
}

// benefits holds what went out against the model, when the unit costs are known.
func (b *reportBuilder) benefits(units UnitCosts, known bool) error {
	r := &b.report
	days := int(r.To.UTC().Sub(r.From.UTC()) / (24 * time.Hour))
	fits := true
	of := func(row BenefitRow) BenefitRow {
		if !known {
			return row
		}
		row, ok := units.Of(row, days)
		fits = fits && ok
		return row
	}
	sums := map[string]BenefitRow{}
	add := func(row BenefitRow) {
		if row.Paper == 0 && row.Digital == 0 && row.Net == 0 {
			return
		}
		row = of(row)
		r.Benefits = append(r.Benefits, row)
		s := sums[row.Group]
		s.Paper, s.Digital, s.Net, s.Without, s.With = s.Paper+row.Paper, s.Digital+row.Digital, s.Net+row.Net, s.Without+row.Without, s.With+row.With
		sums[row.Group] = s
	}
	const byCode, byAccount = "Konteringskode", "Avsender"
	for _, c := range r.PerKonteringskode {
		add(BenefitRow{Group: byCode, Name: c.Code, Paper: c.Money.Letters, Digital: c.Counters.Digital(), Net: c.Money.Net})
	}
	accounts := map[string]BenefitRow{}
	for _, s := range r.PerSender {
		a := accounts[s.Account]
		accounts[s.Account] = BenefitRow{Group: byAccount, Name: cmp.Or(s.Account, "(ingen)"), Paper: a.Paper + s.Money.Letters, Digital: a.Digital + s.Counters.Digital(), Net: a.Net + s.Money.Net}
	}
	for _, name := range slices.Sorted(maps.Keys(accounts)) {
		add(accounts[name])
	}
	if !fits {
		return fmt.Errorf("kost/nytte of the period: %w", money.ErrOverflow)
	}
	total := of(BenefitRow{Paper: r.Money.Letters, Digital: r.Counters.Digital(), Net: r.Money.Net})
	for _, s := range sums {
		if s.Year = total.Year; s != total {
			return errors.New("the rows of kost/nytte do not sum to the period")
		}
	}
	if known {
		r.Benefit = &total
	}
	return nil
}

// With gives the inputs with every input that is set in other taken from there.
func (c CostBenefitInputs) With(other CostBenefitInputs) CostBenefitInputs {
	for _, p := range []struct{ to, from *Input }{
		{&c.YearCost, &other.YearCost}, {&c.YearHours, &other.YearHours}, {&c.LettersPerYear, &other.LettersPerYear},
		{&c.DigitalPercent, &other.DigitalPercent}, {&c.MinutesWithout, &other.MinutesWithout}, {&c.MinutesWith, &other.MinutesWith},
		{&c.PaperWithout, &other.PaperWithout}, {&c.PaperWith, &other.PaperWith}, {&c.PostageWithout, &other.PostageWithout},
		{&c.PostageWith, &other.PostageWith}, {&c.DigitalUnitCost, &other.DigitalUnitCost},
		{&c.PostageToday, &other.PostageToday},
	} {
		if p.from.Set {
			*p.to = *p.from
		}
	}
	return c
}

// measured gives what the period shows of the model's inputs. The digital share is of the shipments
// whose outcome is known: digital against digital and paper.
func measured(c Counters, m Money) CostBenefitInputs {
	var out CostBenefitInputs
	actual := func(num, den int64, note string) Input {
		if den <= 0 || num < 0 {
			return Input{}
		}
		// num/den in ten-thousandths, to the nearest; the factors keep far below 2⁶³ for real sums.
		if num > (1<<62)/money.DecimalUnit/2 {
			return Input{}
		}
		return Input{Value: money.Decimal((num*money.DecimalUnit*2 + den) / (2 * den)), Set: true, Source: SourceActual, Note: note}
	}
	out.DigitalPercent = actual(int64(c.Digital())*100, int64(c.Digital()+c.Paper()), "målt i perioden: digitalt av digitalt og papir")
	if m.Letters > 0 {
		out.PaperWith = actual(int64(m.Production+m.Other), int64(m.Letters)*100, "målt i perioden: produksjon og andre kostnader per brev, uten mva.")
		out.PostageWith = actual(int64(m.Postage), int64(m.Letters)*100, "målt i perioden: porto per brev, uten mva.")
	}
	return out
}
