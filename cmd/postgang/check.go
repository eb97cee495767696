package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/shipment"
	"postgang/engine/words"
	"postgang/printjobs"
	"postgang/printjobs/impose"
	"postgang/printjobs/prepare"
)

// pdfView is what is said of one PDF. In check --json each is one line.
type pdfView struct {
	File    string `json:"file"` // as it was named
	Outcome string `json:"outcome"`
	Pages   int    `json:"pages"`
	Colour  int    `json:"colour_pages"`
	// Sheets as a letter of its own, printed on both sides, its forside counted; 0 when refused.
	Sheets   int           `json:"sheets"`
	Output   string        `json:"output,omitempty"` // what prepare wrote
	Findings []findingView `json:"findings"`
}

// Outcomes of a PDF.
const (
	outcomePrintable = "printable"
	outcomeRefused   = "refused"
)

type findingView struct {
	Code     string        `json:"code"`
	Severity prepare.Level `json:"severity"`
	Page     int           `json:"page,omitempty"`  // the first; 0: the whole file
	Pages    []int         `json:"pages,omitempty"` // where several have the same
	MM       *prepare.Box  `json:"mm,omitempty"`
	Text     string        `json:"text"` // bokmål, as a sender would read it, without the pages

	english string // with the pages
}

// pdfProfile is under which rules PDFs are looked at.
type pdfProfile struct {
	checks prepare.Checks
	impose impose.Options
	pool   prepare.PoolOptions
	giro   []int // pages of each file that are printed on a giro sheet
}

// pdfProfile reads a vendor's profile; without a vendor no configuration is read.
func (o *options) pdfProfile(vendor string) (pdfProfile, error) {
	p := pdfProfile{impose: printjobs.DefaultProfile().Impose}
	if vendor == "" {
		return p, nil
	}
	cfg, err := config.Load(o.Config)
	if err != nil {
		return p, err
	}
	for _, v := range cfg.Vendors {
		if v.Key == vendor {
			p.checks, p.impose = v.Checks, v.Profile.Impose
			p.pool = cfg.Prepare.Pool()
			return p, nil
		}
	}
	return p, cli.Unknown("configured vendor", vendor, vendorKeys(cfg))
}

const profileFlag = "vendor of the configuration whose checks hold (default: none, only what cannot be printed is refused)"

func newCheck(o *options) *cobra.Command {
	var vendor string
	var giro []int
	cmd := &cobra.Command{
		Use:   "check FILE…",
		Short: "Say of PDFs whether they can be printed",
		Long: `Looks at each PDF as a letter of its own, in guarded processes, and says whether it can
be printed, with every finding at once. No configuration is needed but for --profile.
With --json each file gives one line. Exit code 0: all can be printed; 3: some cannot.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := o.pdfProfile(vendor)
			if err != nil {
				return err
			}
			p.giro = giro
			return o.check(cmd.Context(), args, p)
		},
	}
	cmd.Flags().IntSliceVar(&giro, "giro", nil, "pages of each file that are printed on a giro sheet, the first being 1")
	cmd.Flags().StringVarP(&vendor, "profile", "p", "", profileFlag)
	return cmd
}

// check looks at files side by side and tells of them in their order, each as soon as it can.
func (o *options) check(ctx context.Context, files []string, p pdfProfile) (err error) {
	if p.pool.Workers <= 0 {
		p.pool.Workers = runtime.NumCPU()
	}
	p.pool.Workers = min(p.pool.Workers, len(files))
	pool, err := prepare.NewPool(p.pool)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	dir, err := os.MkdirTemp("", "postgang-check-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	type answer struct {
		view pdfView
		err  error
	}
	answers := make([]chan answer, len(files))
	for i := range answers {
		answers[i] = make(chan answer, 1)
	}
	// One goroutine a worker: files wait here, not in the pool, so that what is told first is looked at first.
	next := make(chan int)
	go func() {
		defer close(next)
		for i := range files {
			select {
			case next <- i:
			case <-ctx.Done():
				return
			}
		}
	}()
	for range p.pool.Workers {
		go func() {
			for i := range next {
				out := filepath.Join(dir, strconv.Itoa(i)+".pdf")
				v, err := lookAt(ctx, pool, files[i], prepare.Request{Output: out, Volatile: true, Checks: p.checks}, p)
				_ = os.Remove(out) // there is none when it was refused; the folder goes in the end
				answers[i] <- answer{v, err}
			}
		}()
	}
	refused, failed := 0, 0
	for i, f := range files {
		var a answer
		select {
		case a = <-answers[i]:
		case <-ctx.Done():
			return ctx.Err()
		}
		switch {
		case a.err != nil && ctx.Err() != nil:
			return a.err
		case a.err != nil:
			failed++
			fmt.Fprintf(o.Err, "postgang: %s: %v\n", f, a.err)
			continue
		case a.view.Outcome == outcomeRefused:
			refused++
		}
		if err := o.tell(a.view); err != nil {
			return err
		}
	}
	switch {
	case failed > 0:
		return fmt.Errorf("%d of %d files could not be looked at", failed, len(files))
	case refused > 0:
		return cli.Partial("%d of %d files cannot be printed", refused, len(files))
	}
	return nil
}

// tell writes one line of JSON, or what people read.
func (o *options) tell(v pdfView) error {
	if o.JSON {
		return cli.WriteJSON(o.Out, v, "")
	}
	v.people(o.Out)
	return nil
}

func (v pdfView) people(w io.Writer) {
	fmt.Fprintf(w, "%s: %s", v.File, v.Outcome)
	if v.Pages > 0 {
		fmt.Fprintf(w, ", %d pages (%d in colour)", v.Pages, v.Colour)
	}
	if v.Sheets > 0 {
		fmt.Fprintf(w, ", %d sheets", v.Sheets)
	}
	fmt.Fprintln(w)
	for _, f := range v.Findings {
		fmt.Fprintf(w, "  %-7s %-18s %s\n", f.Severity, f.Code, f.english)
	}
}

// lookAt prepares one PDF as a letter of its own. The error is for what is wrong with us or the way to the file.
func lookAt(ctx context.Context, pool *prepare.Pool, file string, req prepare.Request, p pdfProfile) (pdfView, error) {
	v := pdfView{File: file, Outcome: outcomePrintable, Findings: []findingView{}}
	if info, err := os.Stat(file); err != nil {
		return v, cli.WithoutName(err)
	} else if !info.Mode().IsRegular() {
		return v, errors.New("is no regular file")
	}
	req.Documents = []prepare.Document{{Path: file, GiroPages: p.giro}}
	facts, err := pool.Letter(ctx, req)
	pages, found := facts.Pages, [][]prepare.Finding{facts.Warnings}
	var refusal *prepare.Refusal
	switch {
	case errors.As(err, &refusal):
		v.Outcome = outcomeRefused
		pages, found = refusal.Pages, [][]prepare.Finding{refusal.Findings, refusal.Warnings}
	case err != nil:
		return v, err
	}
	sheets, more, err := onSheets(len(pages), p)
	if err != nil {
		return v, err
	}
	found = append(found, more)
	for _, f := range more {
		if f.Severity == prepare.LevelError {
			v.Outcome = outcomeRefused
		}
	}
	if v.Outcome == outcomePrintable {
		v.Sheets = sheets
	}
	v.Pages = len(pages)
	for _, p := range pages {
		if p.Colour {
			v.Colour++
		}
	}
	for _, list := range found {
		for _, f := range list {
			v.Findings = append(v.Findings, findingView{
				Code: f.Code, Severity: f.Severity, Page: f.Page, Pages: f.Pages, MM: f.MM,
				Text:    words.Refusal(shipment.Refusal{Code: f.Code, Args: shipment.Args(f.Args)}, words.Norwegian),
				english: words.Refusal(shipment.OfFinding(f, "", false), words.English),
			})
		}
	}
	return v, nil
}

// onSheets lays a letter of one document on sheets, on both sides, and tells what is wrong with that.
func onSheets(pages int, p pdfProfile) (sheets int, found []prepare.Finding, err error) {
	if pages == 0 {
		return 0, nil, nil
	}
	// A giro page that is not there is told already.
	document := impose.Document{Pages: pages, Giro: slices.DeleteFunc(slices.Clone(p.giro), func(n int) bool { return n < 1 || n > pages })}
	letter := impose.Letter{Documents: []impose.Document{document}, Duplex: true}
	strict := p.impose
	strict.GiroPolicy = impose.GiroReject
	var back *impose.LetterError
	if _, err := impose.Lay(letter, strict); errors.As(err, &back) && back.Code == impose.GiroOnBack {
		f := prepare.Finding{Code: "giro-on-back", Page: back.Page, Severity: prepare.LevelWarning, Args: prepare.Args{"case": "moved"}}
		if p.impose.GiroPolicy == impose.GiroReject {
			f.Severity, f.Args = prepare.LevelError, nil
		}
		found = append(found, f)
	}
	lenient := p.impose
	lenient.GiroPolicy = impose.GiroPad
	laid, err := impose.Lay(letter, lenient)
	if err != nil {
		return 0, nil, err
	}
	if f, many := p.checks.Sheets(len(laid.Sheets)); many {
		found = append(found, f)
	}
	return len(laid.Sheets), found, nil
}
