package main

import (
	"context"
	"errors"
	"fmt"
	"image/png"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"postgang/cmd/cli"
	"postgang/engine"
	"postgang/printjobs/preview"
)

func newLetter(o *options) *cobra.Command {
	return cli.Group("letter", "Look at letters as they are printed",
		newLetterPreview(o))
}

// previewView is a preview as people and programs see it: no personal data.
type previewView struct {
	Shipment string          `json:"shipment"`
	Job      string          `json:"job,omitempty"`
	State    engine.JobState `json:"job_state,omitempty"`
	Letter   int             `json:"letter,omitempty"`
	Sheets   int             `json:"sheets"`
	Sides    int             `json:"sides"`
	PDF      string          `json:"pdf"`
	Pictures []string        `json:"pictures,omitempty"`
	Notes    []string        `json:"notes,omitempty"`
}

func newLetterPreview(o *options) *cobra.Command {
	var out, folder, pages string
	var dpi int
	var force bool
	cmd := &cobra.Command{
		Use:   "preview ID|ACCOUNT/KEY",
		Short: "Write a letter as it will be printed, as PDF and pictures",
		Long: `Writes the letter as it will be printed: forside, empty backs and marks included, by the
same code that composes print files. A letter in a live job gets that job's id and its
number there. With --png each side is a picture too, named by shipment and side.

What is written holds personal data. To look changes nothing and hands nothing to anybody.`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: o.completeShipments(engine.ShipmentFilter{}),
		RunE: func(cmd *cobra.Command, args []string) error {
			want := numbers(nil)
			if cmd.Flags().Changed("pages") {
				var err error
				if want, err = parseNumbers(pages); err != nil {
					return cli.Usage("--pages: %w", err)
				}
			}
			if dpi < preview.MinDPI || dpi > preview.MaxDPI {
				return cli.Usage("--dpi %d: it must be %d to %d", dpi, preview.MinDPI, preview.MaxDPI)
			}
			if folder == "" && (want != nil || cmd.Flags().Changed("dpi")) {
				return cli.Usage("--pages and --dpi are of the pictures: name their folder by --png")
			}
			return o.with(cmd.Context(), false, func(a *app) error {
				return o.previewLetter(cmd, a, args[0], out, folder, dpi, want, force)
			})
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "the PDF to write (default: ID.pdf here)")
	cmd.Flags().StringVar(&folder, "png", "", "folder to write a picture of each side in; it is made when it is not there")
	cmd.Flags().IntVar(&dpi, "dpi", preview.DefaultDPI, "of the pictures, in dots an inch")
	cmd.Flags().StringVar(&pages, "pages", "", "only these sides as pictures, e.g. 1-3,5")
	cmd.Flags().BoolVarP(&force, "force", "f", false, "write over files that are there")
	return cmd
}

func (o *options) previewLetter(cmd *cobra.Command, a *app, name, out, folder string, dpi int, want numbers, force bool) (err error) {
	ctx := cmd.Context()
	var s engine.Shipment
	err = a.archive.View(ctx, func(r engine.Reader) error {
		var err error
		s, err = findShipment(ctx, r, name)
		return err
	})
	if err != nil {
		return err
	}
	if out == "" {
		out = s.ID + ".pdf"
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o700); err != nil {
		return fmt.Errorf("folder of %s: %w", out, withoutName(err))
	}
	if err := mayWrite("", out, force); err != nil {
		return err
	}
	// In a folder of its own beside the output: whatever happens, there is a whole file at out or none.
	removeOldPreviews(filepath.Dir(out), time.Now())
	dir, err := os.MkdirTemp(filepath.Dir(out), ".postgang-preview-*")
	if err != nil {
		return fmt.Errorf("folder of %s: %w", out, withoutName(err))
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	p, err := a.engine.PreviewLetter(ctx, s.ID, dir)
	if err != nil {
		return err
	}
	if last := want.last(); last > p.Sides {
		return cli.Usage("--pages names side %d, the letter has %d", last, p.Sides)
	}
	v := previewView{Shipment: p.Shipment, Job: p.Job, State: p.State, Sheets: p.Sheets, Sides: p.Sides, PDF: out}
	if p.Job == "" {
		v.Notes = append(v.Notes, "the letter is in no live job: where a job's id and the letter's number stand in its marks, the preview shows "+engine.PreviewJob+" and 1")
	} else {
		v.Letter = p.Letter
	}
	if p.Changed {
		v.Notes = append(v.Notes, fmt.Sprintf("the vendor's profile has changed since %s was composed; see \"postgang job export %s\" for what was sent", p.Job, p.Job))
	}
	for _, w := range p.Warnings {
		v.Notes = append(v.Notes, w.Text)
	}
	if folder != "" {
		if v.Pictures, err = o.previewPictures(ctx, p, folder, dpi, want, force); err != nil {
			return err
		}
	}
	if err := place(p.Path, out, force); err != nil {
		return err
	}
	return o.Print(v, func(w io.Writer) {
		where := "in no job yet"
		if v.Job != "" {
			where = fmt.Sprintf("letter %d of job %s (%s)", v.Letter, v.Job, v.State)
		}
		fmt.Fprintf(w, "Shipment %s, %s: %d sheets, %d sides\n", v.Shipment, where, v.Sheets, v.Sides)
		for _, n := range v.Notes {
			fmt.Fprintln(w, "note:", n)
		}
		fmt.Fprintln(w, "written:", v.PDF)
		for _, p := range v.Pictures {
			fmt.Fprintln(w, "written:", p)
		}
	})
}

// removeOldPreviews removes what killed previews have left beside their output: they hold a letter.
func removeOldPreviews(folder string, now time.Time) {
	left, err := filepath.Glob(filepath.Join(folder, ".postgang-preview-*"))
	if err != nil {
		return // a folder with * in its name: nothing is found
	}
	for _, dir := range left {
		if info, err := os.Lstat(dir); err == nil && info.IsDir() && now.Sub(info.ModTime()) > leftPreview {
			os.RemoveAll(dir)
		}
	}
}

// leftPreview is how old the folder of a preview is that nobody works in any more.
const leftPreview = time.Hour

// previewPictures draws the wanted sides into a folder.
func (o *options) previewPictures(ctx context.Context, p engine.LetterPreview, folder string, dpi int, want numbers, force bool) (paths []string, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	r, err := newRenderer(o.Logger())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	f, err := os.Open(p.Path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // only read
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	opt := preview.Options{DPI: dpi, Want: func(side int) bool { return want == nil || want.has(side) }}
	picture := func(side int) string { return filepath.Join(folder, fmt.Sprintf("%s-%03d.png", p.Shipment, side)) }
	for side := 1; side <= p.Sides; side++ {
		if opt.Want(side) {
			if err := mayWrite("", picture(side), force); err != nil {
				return nil, err
			}
		}
	}
	_, err = r.Render(ctx, f, info.Size(), opt, func(side preview.Page) error {
		path := picture(side.Number)
		temp, err := os.CreateTemp(folder, ".preview-*.png")
		if err != nil {
			return err
		}
		defer os.Remove(temp.Name()) // gone when it got its name
		if err := errors.Join(png.Encode(temp, side.Image), temp.Close()); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		paths = append(paths, path)
		return place(temp.Name(), path, force)
	})
	return paths, err
}

// newRenderer keeps the compiled renderer between runs where the user has a folder for such things, so that only the first
// one waits some seconds.
func newRenderer(log *slog.Logger) (*preview.Renderer, error) {
	dir, err := os.UserCacheDir()
	if err == nil {
		var r *preview.Renderer
		if r, err = preview.New(filepath.Join(dir, "postgang", "renderer")); err == nil {
			return r, nil
		}
	}
	log.Warn("the compiled renderer is not kept, each run compiles it again", "error", err)
	return preview.New("")
}
