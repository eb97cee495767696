package retention

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postgang/engine/shipment"
	"postgang/printjobs/prepare/finding"
)

var t0 = time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)

func days(n int) time.Time { return t0.Add(time.Duration(n) * Day) }

func TestJudge(t *testing.T) {
	t.Parallel()
	r := DefaultRule()
	of := func(s shipment.Status, ended int, change ...func(l *Letter)) Letter {
		l := Letter{Status: s, Received: t0, Ended: days(ended)}
		for _, c := range change {
			c(&l)
		}
		return l
	}
	disputed, unreceipted, inJob := func(l *Letter) { l.Disputed = true }, func(l *Letter) { l.Unreceipted = true }, func(l *Letter) { l.InJob = true }
	held := func(l *Letter) { l.Hold = "kostnad" }
	for _, c := range []struct {
		name  string
		l     Letter
		day   int
		erase bool
		cause Cause
		late  bool
	}{
		{"printed nine days ago", of(shipment.StatusPrintet, 5), 14, false, "", false},
		{"printed ten days ago", of(shipment.StatusPrintet, 5), 15, true, "", false},
		{"read ten days ago", of(shipment.StatusLest, 5), 15, true, "", false},
		{"refused ten days ago", of(shipment.StatusAvvist, 0), 10, true, "", false},
		{"printed late, at the latest", of(shipment.StatusPrintet, 85), 90, true, "", false},
		{"closed, and may be read", of(shipment.StatusManueltHandtert, 5), 89, false, "", false},
		{"closed, at the latest", of(shipment.StatusManueltHandtert, 5), 90, true, "", false},
		{"unread, only digital", of(shipment.StatusSendtDigitalt, 5), 60, false, "", false},
		{"disputed", of(shipment.StatusPrintet, 5, disputed), 20, false, CauseDispute, false},
		{"disputed for long", of(shipment.StatusPrintet, 5, disputed), 45, false, CauseDispute, true},
		{"disputed, at the latest", of(shipment.StatusPrintet, 5, disputed), 90, true, "", false},
		{"reprinted", of(shipment.StatusPrintet, 5, unreceipted), 20, false, CauseUnposted, false},
		{"reprinted, at the latest", of(shipment.StatusPrintet, 5, unreceipted), 90, true, "", false},
		{"in a job", of(shipment.StatusManueltHandtert, 5, inJob), 100, false, CauseInJob, false},
		{"in a job for long", of(shipment.StatusManueltHandtert, 5, inJob), 120, false, CauseInJob, true},
		{"without a receipt", of(shipment.StatusSendtPrint, 5, unreceipted), 89, false, "", false},
		{"without a receipt for long", of(shipment.StatusSendtPrint, 5, unreceipted), 91, false, CauseUnposted, true},
		{"held for long", of(shipment.StatusVarslet, 5, held), 91, false, CauseHeld, true},
		{"undecided for long", of(shipment.StatusMottatt, 0), 91, false, CauseUndecided, true},
		{"unsent for long", of(shipment.StatusAkseptert, 0), 91, false, CauseUnsent, true},
		{"erased", of(shipment.StatusSlettet, 0), 500, false, "", false},
	} {
		got := Judge(c.l, r, days(c.day))
		if got.Erase != c.erase || got.Cause != c.cause || got.Late != c.late {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func drawLetter(t *rapid.T) Letter {
	l := Letter{
		Status: rapid.SampledFrom(shipment.Statuses()).Draw(t, "status"), Received: t0, Ended: t0.Add(time.Duration(rapid.IntRange(0, 200*24).Draw(t, "ended")) * time.Hour),
		InJob: rapid.Bool().Draw(t, "in job"), Unreceipted: rapid.Bool().Draw(t, "unreceipted"), Disputed: rapid.Bool().Draw(t, "disputed"),
	}
	if rapid.Bool().Draw(t, "held") {
		l.Hold = "x"
	}
	return l
}

// TestJudgeHolds: nothing is erased whose status may become anything but SLETTET, that a job needs, or before its time; what has ended
// and no job needs is erased at the latest; what is erased once stays to be erased; and what waits beyond its time has a cause.
func TestJudgeHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := drawLetter(t)
		r := Rule{AfterEnd: time.Duration(rapid.IntRange(0, 60).Draw(t, "after")) * Day}
		r.AtMost = r.AfterEnd + time.Duration(rapid.IntRange(0, 120).Draw(t, "more"))*Day
		now := t0.Add(time.Duration(rapid.IntRange(0, 300*24).Draw(t, "now")) * time.Hour)
		v := Judge(l, r, now)
		last := l.Received.Add(r.AtMost)
		switch {
		case v.Erase && (!l.Status.MayBecome(shipment.StatusSlettet) || l.InJob):
			t.Fatal("erased while paper may be made of it")
		case v.Erase && now.Before(v.At), v.Cause != "" && now.Before(v.At):
			t.Fatal("before its time")
		case v.At.After(last):
			t.Fatal("its time is beyond the latest")
		case l.Status.MayBecome(shipment.StatusSlettet) && !l.InJob && !now.Before(last) && !v.Erase:
			t.Fatal("kept beyond the latest")
		case l.Status != shipment.StatusSlettet && !now.Before(v.At) && !v.Erase && v.Cause == "":
			t.Fatal("it waits, and nobody knows why")
		case v.Erase && (v.Late || v.Cause != ""), v.Late && v.Cause == "":
			t.Fatalf("%+v", v)
		}
		if later := Judge(l, r, now.Add(time.Duration(rapid.IntRange(0, 1000).Draw(t, "later"))*time.Hour)); v.Erase && !later.Erase {
			t.Fatal("it may be erased now, and not later")
		}
		if why := OnRequest(l); (why == "") != (l.Status == shipment.StatusSlettet || l.Status.MayBecome(shipment.StatusSlettet) && !l.InJob) {
			t.Fatalf("on request: %q", why)
		}
		if v.Erase && OnRequest(l) != "" {
			t.Fatal("erased by time, and not on request")
		}
	})
}

// TestEmptied: nothing that the sender wrote stays, but what is meant to.
func TestEmptied(t *testing.T) {
	t.Parallel()
	var s shipment.Shipment
	s.ID, s.Status, s.Fingerprint, s.Content, s.PreparedKey, s.Zone = "id", shipment.StatusPrintet, "f", "c", "k", "NORGE"
	s.Prepared = shipment.BlobRef{SHA256: "p", Bytes: 7}
	s.Facts = &finding.Facts{SHA256: "p", Pages: make([]finding.PageFacts, 3), Warnings: []finding.Finding{{Code: "hemmelig"}}}
	err := json.Unmarshal([]byte(`{"tittel":"hemmelig","mottaker":{"navn":"hemmelig","digitalId":"02013299997","adresselinje1":"hemmelig","adresselinje2":"hemmelig","adresselinje3":"hemmelig",
		"postnummer":"hemmelig","poststed":"hemmelig","land":"hemmelig","landkode":"hemmelig"},"avgivendeSystem":"Acos","avgivendeSystemAktor":"hemmelig","konteringskode":"4711",
		"kunDigitalLevering":true,"kunPrint":true,"kryptert":true,"utskriftskonfigurasjon":{"utskriftMedFarger":true,"tosidig":true,"brevtype":"hemmelig"},
		"svarSendesTil":{"navn":"hemmelig"},"svarPaForsendelse":"hemmelig","dokumenter":[{"filnavn":"hemmelig","mimeType":"hemmelig"}],"lenker":[{"url":"hemmelig","tekst":"hemmelig"}],
		"forsendelsestype":"hemmelig","eksternReferanse":"2026/17","korrelasjonsid":"hemmelig","signaturType":"hemmelig","eksponertFor":["hemmelig"],"spraak":"hemmelig",
		"metadataFraAvleverendeSystem":{"a":"hemmelig"},"metadataForImport":{"a":"hemmelig"}}`), &s.Submission)
	if err != nil {
		t.Fatal(err)
	}
	e := Emptied(s)
	kept, err := json.Marshal(e.Submission)
	if err != nil {
		t.Fatal(err)
	}
	facts, err := json.Marshal(e.Facts)
	if err != nil {
		t.Fatal(err)
	}
	if all := string(kept) + string(facts); strings.Contains(all, "hemmelig") || strings.Contains(all, "02013299997") {
		t.Error(all)
	}
	if got := e.Submission; e.Status != shipment.StatusSlettet || got.Konteringskode != "4711" || got.SendingSystem != "Acos" || got.ExternalReference != "2026/17" ||
		!got.DigitalOnly || !got.PrintOnly || !got.Print.Duplex || e.Content != "c" || e.Fingerprint != "" || e.PreparedKey != "" || e.Prepared != s.Prepared || len(e.Facts.Pages) != 3 {
		t.Errorf("%s %+v", kept, e.Facts)
	}
	if len(s.Facts.Warnings) != 1 {
		t.Error("the facts of the letter itself were changed")
	}
	for _, odd := range []string{"02013299997", "Kari, født 020132 99997", strings.Repeat("x", 101)} {
		s.Submission.Konteringskode, s.Submission.SendingSystem, s.Submission.ExternalReference = odd, odd, odd
		got := Emptied(s).Submission
		if got.Konteringskode != shipment.InvalidCode || got.SendingSystem != "" || got.ExternalReference != "" {
			t.Errorf("%q is kept: %+v", odd, got)
		}
	}
}
