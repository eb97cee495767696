package engine_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postgang/engine"
	"postgang/printjobs/impose"
)

// TestPreviewIsWhatIsPrinted: the preview of a letter that is alone in its job is the job's print file to the byte, and to
// look changes nothing.
func TestPreviewIsWhatIsPrinted(t *testing.T) {
	t.Parallel()
	s := setup(t)
	id := s.accepted(t, "a", newLetter("En"), file("brev.pdf", pdf(1, 3)))
	before := s.shipment(t, id)
	p, err := s.engine.PreviewLetter(s.ctx, id, t.TempDir())
	must(t, err)
	if p.Job != "" || p.Letter != 1 || p.Sheets == 0 || p.Changed {
		t.Errorf("before the night: %+v", p)
	}
	s.night(t)
	job := s.jobs(t)[0]
	p, err = s.engine.PreviewLetter(s.ctx, id, t.TempDir())
	must(t, err)
	if p.Job != job.ID || p.State != job.State || p.Letter != 1 || p.Changed {
		t.Errorf("in %s: %+v", job.ID, p)
	}
	got, err := os.ReadFile(p.Path)
	must(t, err)
	files, err := s.engine.ExportJob(s.ctx, job.ID, t.TempDir())
	must(t, err)
	want, err := os.ReadFile(files[0])
	must(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("the preview has %d bytes, %s has %d", len(got), filepath.Base(files[0]), len(want))
	}
	if after := s.shipment(t, id); after.Version != before.Version+1 { // the hand-over
		t.Errorf("version %d, was %d", after.Version, before.Version)
	}

	// The vendor's profile changes: the preview shows what would be printed now, and says so.
	s.config.Vendors[0].Profile.Impose.Cover = impose.CoverNone
	s.restart(t)
	now, err := s.engine.PreviewLetter(s.ctx, id, t.TempDir())
	must(t, err)
	if !now.Changed || now.Sheets != p.Sheets-1 {
		t.Errorf("under another profile: %+v", now)
	}
}

func TestPreviewRefuses(t *testing.T) {
	t.Parallel()
	s := setup(t)
	refused := s.submit(t, "feil", newLetter("En"), file("brev.pdf", []byte("no PDF")))
	deleted := s.accepted(t, "slettet", newLetter("To"))
	sh := s.shipment(t, deleted)
	sh.Status = engine.StatusSlettet
	must(t, s.archive.InTx(s.ctx, func(tx engine.Tx) error { return tx.UpdateShipment(s.ctx, sh) }))
	for id, text := range map[string]string{
		refused: "never prepared for print (status AVVIST)", deleted: "is deleted", "x": "not found",
	} {
		if _, err := s.engine.PreviewLetter(s.ctx, id, t.TempDir()); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("error %v, want %q", err, text)
		}
	}
}
