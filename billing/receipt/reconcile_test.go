package receipt

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postgang/billing/codes"
)

func TestReconcile(t *testing.T) {
	t.Parallel()
	sent := Sent{Shipment: "S1", Job: "J1", Konteringskode: "0100", PagesBW: 3, PagesColour: 1, Sheets: 3, WeightGram: 100}
	ok := Row{Shipment: "S1", Job: "J1", Konteringskode: "0100", PagesBW: 3, PagesColour: 1, EnvelopesAuto: 1, ExtraSheetsAuto: 2, WeightGram: 100,
		Production: 570, Postage: 750}
	for _, c := range []struct {
		name   string
		change func(*Sent, *Row)
		want   []Deviation // without Shipment and Job
	}{
		{"as sent", func(*Sent, *Row) {}, nil},
		{"by hand", func(_ *Sent, r *Row) {
			r.EnvelopesAuto, r.ExtraSheetsAuto, r.EnvelopesManual, r.ExtraSheetsManual = 0, 0, 1, 2
		}, nil},
		{"a page more", func(_ *Sent, r *Row) { r.PagesBW = 4 }, []Deviation{{Kind: DeviationPages, Expected: "4 sider", Got: "5 sider"}}},
		{"colour as black", func(_ *Sent, r *Row) { r.PagesBW, r.PagesColour = 4, 0 },
			[]Deviation{{Kind: DeviationColour, Expected: "3 sort/hvitt, 1 farge", Got: "4 sort/hvitt, 0 farge"}}},
		{"a sheet less", func(_ *Sent, r *Row) { r.ExtraSheetsAuto = 1 }, []Deviation{{Kind: DeviationSheets, Expected: "3 ark", Got: "2 ark"}}},
		{"pages beyond the sheets", func(s *Sent, r *Row) { s.PagesBW, r.PagesBW = 6, 6 },
			[]Deviation{{Kind: DeviationSheets, Expected: "minst 4 ark for 7 sider", Got: "3 ark"}}},
		{"two envelopes", func(s *Sent, r *Row) { s.Sheets, r.EnvelopesManual = 4, 1 },
			[]Deviation{{Kind: DeviationEnvelope, Expected: "1 konvolutt, maskinelt eller manuelt", Got: "1 maskinelt (+2 ark), 1 manuelt (+0 ark)"}}},
		{"no envelope", func(s *Sent, r *Row) { r.EnvelopesAuto, r.ExtraSheetsAuto = 0, 3 },
			[]Deviation{{Kind: DeviationEnvelope, Expected: "1 konvolutt, maskinelt eller manuelt", Got: "0 maskinelt (+3 ark), 0 manuelt (+0 ark)"}}},
		{"extra sheets without their envelope", func(s *Sent, r *Row) { r.ExtraSheetsAuto, r.ExtraSheetsManual = 0, 2 },
			[]Deviation{{Kind: DeviationEnvelope, Expected: "1 konvolutt, maskinelt eller manuelt", Got: "1 maskinelt (+0 ark), 0 manuelt (+2 ark)"}}},
		{"weight at ten per cent", func(_ *Sent, r *Row) { r.WeightGram = 110 }, nil},
		{"weight beyond ten per cent", func(_ *Sent, r *Row) { r.WeightGram = 111 }, []Deviation{{Kind: DeviationWeight, Expected: "100 g", Got: "111 g"}}},
		{"light letter within five gram", func(s *Sent, r *Row) { s.WeightGram, r.WeightGram = 12, 7 }, nil},
		{"light letter beyond five gram", func(s *Sent, r *Row) { s.WeightGram, r.WeightGram = 12, 6 },
			[]Deviation{{Kind: DeviationWeight, Expected: "12 g", Got: "6 g"}}},
		{"leading zero lost", func(_ *Sent, r *Row) { r.Konteringskode = "100" },
			[]Deviation{{Kind: DeviationKonteringskode, Expected: "0100", Got: "100", Amount: 1320}}},
		{"code lost", func(_ *Sent, r *Row) { r.Konteringskode = "" },
			[]Deviation{{Kind: DeviationKonteringskode, Expected: "0100", Got: codes.Missing, Amount: 1320}}},
		{"another job", func(_ *Sent, r *Row) { r.Job = "J2" }, []Deviation{{Kind: DeviationJob, Expected: "J1", Got: "J2"}}},
		{"another letter", func(_ *Sent, r *Row) { r.Shipment, r.PagesBW = "S2", 99 },
			[]Deviation{{Kind: DeviationUnknown, Expected: "ingen kvittering", Got: "100 sider, 3 ark, 100 g, kr 13,20, kode 0100", Amount: 1320}}},
	} {
		s, r := sent, ok
		c.change(&s, &r)
		got := Reconcile(s, r, DefaultTolerances())
		for i := range c.want {
			c.want[i].Shipment, c.want[i].Job = r.Shipment, r.Job
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %+v, want %+v", c.name, got[i], c.want[i])
			}
		}
	}
}

// TestConflictsDiffer: whatever differs between two receipts, the texts of both sides differ, and name no amount that is not charged.
func TestConflictsDiffer(t *testing.T) {
	t.Parallel()
	row := Row{Job: "J1", Shipment: "S1", PrintID: "p1", PostedAt: time.Date(2026, 11, 24, 20, 0, 7, 0, time.UTC), PagesBW: 2, EnvelopesAuto: 1, ExtraSheetsAuto: 1,
		WeightGram: 17, Production: 432, Postage: 1800, Konteringskode: "4100"}
	for name, change := range map[string]func(*Row){
		"day":      func(r *Row) { r.PostedAt = r.PostedAt.Add(time.Second) },
		"print id": func(r *Row) { r.PrintID = "" },
		"colour":   func(r *Row) { r.PagesBW, r.PagesColour = 1, 1 },
		"envelope": func(r *Row) { r.EnvelopesAuto, r.EnvelopesManual = 0, 1 },
		"extra":    func(r *Row) { r.ExtraSheetsAuto, r.ExtraSheetsManual = 0, 1 },
		"share":    func(r *Row) { r.Production, r.Postage = r.Production+1, r.Postage-1 },
		"amount":   func(r *Row) { r.Postage++ },
		"code":     func(r *Row) { r.Konteringskode = "" },
		"reversal": func(r *Row) { r.Kind = RowReversal },
	} {
		other := row
		change(&other)
		for _, pair := range [][2]Row{{row, other}, {other, row}} {
			d := Repeated(pair[0], pair[1], time.UTC)
			if d.Kind != DeviationConflict || d.Expected == d.Got || d.Amount != charged(pair[1])-charged(pair[0]) {
				t.Errorf("%s: %+v", name, d)
			}
		}
	}
}

func TestRepeatedReceipt(t *testing.T) {
	t.Parallel()
	oslo := time.FixedZone("CET", 3600)
	first := Row{Line: 2, Shipment: "S1", Job: "J1", PostedAt: time.Date(2026, 1, 5, 13, 0, 0, 0, time.UTC), Production: 570, Postage: 750}
	again := first
	again.Line, again.PostedAt = 9, first.PostedAt.In(oslo)
	if d := Repeated(first, again, oslo); d.Kind != DeviationDuplicate || d.Amount != 0 {
		t.Errorf("the same receipt in another line and zone: %+v", d)
	}
	again.Postage = 751
	if d := Repeated(first, again, oslo); d.Kind != DeviationConflict || d.Amount != 1 || d.Expected == d.Got {
		t.Errorf("an øre more: %+v", d)
	}
	if d := Missing(Sent{Shipment: "S1", Job: "J1"}, "2026-01-05"); d.Kind != DeviationMissing || !strings.Contains(d.Expected, "05.01.2026") {
		t.Errorf("%+v", d)
	}
}

func TestReconcilePrice(t *testing.T) {
	t.Parallel()
	r := Row{Shipment: "S1", Job: "J1", Production: 580, Postage: 740}
	got := ReconcilePrice(570, 750, r, DefaultTolerances())
	if len(got) != 2 || got[0].Kind != DeviationProduction || got[0].Amount != 10 || got[1].Kind != DeviationPostage || got[1].Amount != -10 {
		t.Errorf("%+v", got)
	}
	if got := ReconcilePrice(570, 750, r, Tolerances{ProductionOre: 10, PostageOre: 10}); got != nil {
		t.Errorf("within tolerance: %+v", got)
	}
}

func TestEveryKindHasWords(t *testing.T) {
	t.Parallel()
	for _, k := range []DeviationKind{DeviationPages, DeviationColour, DeviationSheets, DeviationEnvelope, DeviationWeight, DeviationKonteringskode,
		DeviationJob, DeviationUnknown, DeviationDuplicate, DeviationMissing, DeviationConflict, DeviationProduction, DeviationPostage} {
		if k.Norwegian() == string(k) {
			t.Errorf("%s has no Norwegian words", k)
		}
	}
}

// A receipt that says what was sent has no deviation, whatever was sent.
func TestReconcileAcceptsWhatWasSent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sheets := rapid.IntRange(1, 300).Draw(t, "sheets")
		pages := rapid.IntRange(1, 2*sheets).Draw(t, "pages")
		colour := rapid.IntRange(0, pages).Draw(t, "colour")
		s := Sent{Shipment: "S", Job: "J", Konteringskode: "K", PagesBW: pages - colour, PagesColour: colour, Sheets: sheets, WeightGram: rapid.IntRange(1, 2000).Draw(t, "gram")}
		r := Row{Shipment: "S", Job: "J", Konteringskode: "K", PagesBW: s.PagesBW, PagesColour: s.PagesColour, WeightGram: s.WeightGram}
		if rapid.Bool().Draw(t, "by hand") {
			r.EnvelopesManual, r.ExtraSheetsManual = 1, sheets-1
		} else {
			r.EnvelopesAuto, r.ExtraSheetsAuto = 1, sheets-1
		}
		if d := Reconcile(s, r, DefaultTolerances()); d != nil {
			t.Fatalf("%+v", d)
		}
	})
}
