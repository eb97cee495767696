package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"postgang/engine"
	"postgang/engine/jobs"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/printjobs/impose"
	"postgang/printjobs/preview"
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
	if len(p.Layout) != p.Sides || p.Layout[0].Kind != impose.Cover {
		t.Errorf("%d sides, of which it is told what stands on %d: %+v", p.Sides, len(p.Layout), p.Layout)
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

// TestPreviewOfOneOfMany: the sides of the preview look, dot for dot, like those of the letter in its job's print file, with
// the letter's number and running sheets in the marks, and without what is not the letter's.
func TestPreviewOfOneOfMany(t *testing.T) {
	if testing.Short() {
		t.Skip("draws every page of a job twice")
	}
	t.Parallel()
	s := setup(t, func(c *engine.Config) {
		p := &c.Vendors[0].Profile
		p.Marks.DataMatrix = impose.DataMatrix{XMM: 185, YMM: 272, ModuleMM: 0.6}
		p.Control = true
	})
	for i := range 2 {
		s.accepted(t, fmt.Sprint("brev", i), newLetter("Lik"), file("brev.pdf", pdf(1, 2)))
	}
	s.night(t)
	job := s.onlyJob(t).ID
	files, err := s.engine.ExportJob(s.ctx, job, t.TempDir())
	must(t, err)
	r, err := preview.New("")
	must(t, err)
	defer r.Close(context.WithoutCancel(s.ctx))
	whole := pictures(t, r, files[0])
	rows := s.letters(t, job)
	for i, row := range rows {
		p, err := s.engine.PreviewLetter(s.ctx, row.Shipment, t.TempDir())
		must(t, err)
		if p.Letter != i+1 || p.Changed {
			t.Errorf("letter %d: %+v", i+1, p)
		}
		got := pictures(t, r, p.Path)
		if len(p.Layout) != len(got) {
			t.Errorf("letter %d has %d sides, of which it is told what stands on %d", i+1, len(got), len(p.Layout))
		}
		if len(got) != row.LastSide-row.FirstSide+1 {
			t.Fatalf("letter %d has %d sides in its preview, %d to %d in its job", i+1, len(got), row.FirstSide, row.LastSide)
		}
		for n, side := range got {
			if !bytes.Equal(side, whole[row.FirstSide-1+n]) {
				t.Errorf("letter %d, side %d looks otherwise than in the print file", i+1, n+1)
			}
			// The marks tell alike sides of alike letters from each other.
			if other := rows[(i+1)%2].FirstSide - 1 + n; n > 0 && bytes.Equal(side, whole[other]) {
				t.Errorf("letter %d, side %d looks like side %d of the print file", i+1, n+1, other+1)
			}
		}
	}
}

// pictures draws the pages of a PDF.
func pictures(t *testing.T, r *preview.Renderer, path string) (pages [][]byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	_, err = r.Render(t.Context(), bytes.NewReader(data), int64(len(data)), preview.Options{}, func(p preview.Page) error {
		pages = append(pages, bytes.Clone(p.Image.Pix))
		return nil
	})
	must(t, err)
	return pages
}

// TestLetterPDF: a letter in memory is what PreviewLetter writes, nothing is left in the scratch folder, and one that is too large is
// told so. What stands on each side is told, empty backs included.
func TestLetterPDF(t *testing.T) {
	t.Parallel()
	s := setup(t)
	id := s.accepted(t, "a", newLetter("En").with("utskriftskonfigurasjon", map[string]any{"tosidig": true}), file("brev.pdf", pdf(1, 3)))
	want, err := s.engine.PreviewLetter(s.ctx, id, t.TempDir())
	must(t, err)
	file, err := os.ReadFile(want.Path)
	must(t, err)
	got, p, err := s.engine.LetterPDF(s.ctx, id, 1<<20)
	must(t, err)
	if !bytes.Equal(got, file) || p.Path != "" || p.Sides != want.Sides {
		t.Errorf("%d bytes, want %d: %+v", len(got), len(file), p)
	}
	kinds := []jobs.PreviewSide{{Kind: impose.Cover}, {}, {Kind: impose.Page, Document: 1, Page: 1}, {Kind: impose.Page, Document: 1, Page: 2}, {Kind: impose.Page, Document: 1, Page: 3}, {}}
	if !slices.Equal(p.Layout, kinds) || len(kinds) != p.Sides {
		t.Errorf("%d sides, with %+v", p.Sides, p.Layout)
	}
	if _, _, err := s.engine.LetterPDF(s.ctx, id, 100); !errors.Is(err, jobs.ErrLarge) {
		t.Errorf("a letter of more than 100 bytes: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(s.config.WorkDir, "postgang-preview-*"))
	if must(t, err); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestPreviewRefuses(t *testing.T) {
	t.Parallel()
	s := setup(t)
	refused := s.submit(t, "feil", newLetter("En"), file("brev.pdf", []byte("no PDF")))
	deleted := s.accepted(t, "slettet", newLetter("To"))
	sh := s.shipment(t, deleted)
	sh.Status = shipment.StatusSlettet
	must(t, s.archive.InTx(s.ctx, func(tx store.Tx) error { return tx.UpdateShipment(s.ctx, sh) }))
	for id, text := range map[string]string{
		refused: "never prepared for print (status AVVIST)", deleted: "is deleted", "x": "not found",
	} {
		if _, err := s.engine.PreviewLetter(s.ctx, id, t.TempDir()); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("error %v, want %q", err, text)
		}
	}
}
