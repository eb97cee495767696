package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/access"
	"postgang/engine/jobs"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/words"
	"postgang/printjobs/preview"
)

func newLetter(o *options) *cobra.Command {
	return cli.Group("letter", "Look at letters as they are printed",
		newLetterPreview(o))
}

// previewView is a preview as people and programs see it: no personal data.
type previewView struct {
	Shipment string         `json:"shipment"`
	Job      string         `json:"job,omitempty"`
	State    store.JobState `json:"job_state,omitempty"`
	Letter   int            `json:"letter,omitempty"`
	Sheets   int            `json:"sheets"`
	Sides    int            `json:"sides"`
	PDF      string         `json:"pdf"`
	Pictures []string       `json:"pictures,omitempty"`
	Notes    []string       `json:"notes,omitempty"`
}

func newLetterPreview(o *options) *cobra.Command {
	var out, folder, pages, purpose string
	var dpi int
	var force bool
	cmd := &cobra.Command{
		Use:   "preview ID|ACCOUNT/KEY",
		Short: "Write a letter as it will be printed, as PDF and pictures",
		Long: `Writes the letter as it will be printed: forside, empty backs and marks included, by the
same code that composes print files. A letter in a live job gets that job's id and its
number there. With --png each side is a picture too, named by shipment and side.

What is written holds personal data: that you looked, and the purpose, is written to the
innsynslogg first ("postgang log lookups"). Of a letter with krevNiva4Innlogging pages are shown
to nobody. To look changes nothing else and hands nothing to anybody.`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: o.completeShipments(store.ShipmentFilter{}),
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
			if why := access.BadPurpose(purpose); why != "" {
				return cli.Usage("--purpose: %s", why)
			}
			if folder == "" && (want != nil || cmd.Flags().Changed("dpi")) {
				return cli.Usage("--pages and --dpi are of the pictures: name their folder by --png")
			}
			return o.with(cmd.Context(), false, func(a *app.App) error {
				return o.previewLetter(cmd, a, args[0], purpose, out, folder, dpi, want, force)
			})
		},
	}
	cmd.Flags().StringVar(&purpose, "purpose", "", "why; kept in the innsynslogg, so without personal data (required)")
	_ = cmd.MarkFlagRequired("purpose") // the flag is there
	cmd.Flags().StringVarP(&out, "output", "o", "", "the PDF to write (default: ID.pdf here)")
	cmd.Flags().StringVar(&folder, "png", "", "folder to write a picture of each side in; it is made when it is not there")
	cmd.Flags().IntVar(&dpi, "dpi", preview.DefaultDPI, "of the pictures, in dots an inch")
	cmd.Flags().StringVar(&pages, "pages", "", "only these sides as pictures, e.g. 1-3,5")
	cmd.Flags().BoolVarP(&force, "force", "f", false, "write over files that are there")
	return cmd
}

func (o *options) previewLetter(cmd *cobra.Command, a *app.App, name, purpose, out, folder string, dpi int, want numbers, force bool) (err error) {
	ctx := cmd.Context()
	var s shipment.Shipment
	err = a.Archive.View(ctx, func(r store.Reader) error {
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
		return fmt.Errorf("folder of %s: %w", out, cli.WithoutName(err))
	}
	if err := cli.MayWrite("", out, force); err != nil {
		return err
	}
	// In a folder of its own beside the output: whatever happens, there is a whole file at out or none.
	removeOldPreviews(filepath.Dir(out), time.Now())
	dir, err := os.MkdirTemp(filepath.Dir(out), ".postgang-preview-*")
	if err != nil {
		return fmt.Errorf("folder of %s: %w", out, cli.WithoutName(err))
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	p, err := a.Engine.PreviewLetter(ctx, s.ID, dir)
	if err != nil {
		return err
	}
	if last := want.last(); last > p.Sides {
		return cli.Usage("--pages names side %d, the letter has %d", last, p.Sides)
	}
	// Nothing is where anybody finds it before it is logged that somebody looks.
	if _, err := a.Insight.Reveal(ctx, access.By(ctx), access.Scope{All: true}, s.ID, []access.What{access.WhatPages}, purpose); err != nil {
		return err
	}
	v := previewView{Shipment: p.Shipment, Job: p.Job, State: p.State, Sheets: p.Sheets, Sides: p.Sides, PDF: out}
	if p.Job == "" {
		v.Notes = append(v.Notes, "the letter is in no live job: where a job's id and the letter's number stand in its marks, the preview shows "+jobs.PreviewJob+" and 1")
	} else {
		v.Letter = p.Letter
	}
	if p.Changed {
		v.Notes = append(v.Notes, fmt.Sprintf("the vendor's profile has changed since %s was composed; see \"postgang job export %s\" for what was sent", p.Job, p.Job))
	}
	for _, w := range p.Warnings {
		v.Notes = append(v.Notes, words.Refusal(shipment.Refusal{Code: w.Code, Args: shipment.Args(w.Args)}, words.Norwegian))
	}
	if folder != "" {
		if v.Pictures, err = a.WritePictures(ctx, p, folder, app.PictureOptions{DPI: dpi, Want: func(side int) bool { return want == nil || want.has(side) }, Force: force}); err != nil {
			return err
		}
	}
	if err := cli.Place(p.Path, out, force); err != nil {
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
