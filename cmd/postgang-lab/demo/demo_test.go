package demo

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"postgang/billing/codes"
	"postgang/billing/money"
	"postgang/billing/receipt"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/access"
	"postgang/engine/archive"
	"postgang/engine/archive/postgrestest"
	"postgang/engine/calendar"
	"postgang/engine/identity"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/fixtures/judges"
	"postgang/fixtures/letters"
	"postgang/fixtures/vendorsim"
	"postgang/printjobs/cover"
	"postgang/printjobs/exchange"
)

// What the demo must have at least, so that judging it means something.
const (
	leastLetters         = 250  // offered
	leastPages           = 1000 // of those letters
	leastPersonalStrings = 500
)

// TestDemo runs the demo once and has other programs than ours judge what it made.
func TestDemo(t *testing.T) {
	t.Parallel()
	if testing.Short() || raceEnabled {
		t.Skip("runs a whole night; without the race detector")
	}
	dir := t.TempDir()
	night := sync.OnceValues(func() (*demoNight, error) { return runDemo(filepath.Join(dir, "demo"), "") })
	for name, judge := range map[string]func(*testing.T, *demoNight){
		"says all sums agree":             judgeOwnSums,
		"qpdf finds nothing":              judgeByQpdf,
		"pages look like their originals": judgePages,
		"letters are found by DataMatrix": judgeMatrices,
		"workbook agrees to the øre":      judgeMoney,
		"nothing private leaks":           judgePrivacy,
		"a third came over the network":   judgeWays,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			judge(t, mustRun(t, night))
		})
	}
	t.Run("same ledger on PostgreSQL", func(t *testing.T) {
		t.Parallel()
		url := postgrestest.Postgres(t)
		other := mustRun(t, func() (*demoNight, error) { return runDemo(filepath.Join(dir, "postgres"), url) })
		judgeSame(t, mustRun(t, night), other)
	})
}

func mustRun(t *testing.T, run func() (*demoNight, error)) *demoNight {
	t.Helper()
	n, err := run()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// demoNight is a demo that is over, and what its archive and its vendor hold.
type demoNight struct {
	*demo
	said      string // all that it printed
	failure   error  // what run returned
	took      time.Duration
	shipments map[string]shipment.Shipment // by id
	wanted    map[string]letters.Shipment
	costs     []store.LedgerLine
	jobs      []store.PrintJob
	printed   []demoJob
	again     []demoJob // reprints
}

// demoJob is a job as it lies at the vendor.
type demoJob struct {
	id     string
	folder string
	ticket exchange.Ticket
	rows   []exchange.ManifestRow
	files  []letterFile
}

// runDemo runs a demo and reads what it left. A demo that finds its own sums wrong is no error here: that is judged.
func runDemo(dir, database string) (*demoNight, error) {
	var said bytes.Buffer
	n := &demoNight{shipments: map[string]shipment.Shipment{}, wanted: map[string]letters.Shipment{}}
	w := &lockedWriter{w: &said}
	n.demo = &demo{Options: &cli.Options{Out: w, Err: w}, dir: dir, database: database, seed: 1}
	ctx := context.Background()
	start := time.Now()
	n.failure = n.run(ctx)
	n.took = time.Since(start)
	n.said = said.String()
	if n.failure != nil && len(n.failed) == 0 {
		return nil, fmt.Errorf("the demo stopped: %w\n%s", n.failure, n.said)
	}
	if err := n.readArchive(ctx); err != nil {
		return nil, fmt.Errorf("read the archive of the demo: %w", err)
	}
	if err := n.readVendor(); err != nil {
		return nil, fmt.Errorf("read the vendor's folder of the demo: %w", err)
	}
	return n, nil
}

func (n *demoNight) readArchive(ctx context.Context) (err error) {
	cfg, err := config.Load(n.config())
	if err != nil {
		return err
	}
	a, err := archive.Open(ctx, archive.Config{DSN: cfg.Database})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return a.View(ctx, func(r store.Reader) error {
		for _, want := range n.expected.Shipments {
			s, err := r.Shipment(ctx, n.id(want))
			if err != nil {
				return err
			}
			n.shipments[s.ID], n.wanted[s.ID] = s, want
		}
		var err error
		if n.jobs, err = r.Jobs(ctx, store.JobFilter{}); err != nil {
			return err
		}
		from, to := n.period()
		n.costs, err = r.Ledger(ctx, store.LedgerFilter{From: from.In(calendar.Oslo), To: to.In(calendar.Oslo)})
		return err
	})
}

func (n *demoNight) readVendor() error {
	cfg, err := config.Load(n.config())
	if err != nil {
		return err
	}
	manifests, err := n.atVendors(func(v *vendorsim.Vendor) string { return filepath.Join(v.PrintedFolder("*"), "*_manifest_*.csv") })
	if err != nil {
		return err
	}
	for _, path := range manifests {
		j := demoJob{folder: filepath.Dir(path), id: filepath.Base(filepath.Dir(path))}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if j.rows, err = exchange.ParseManifest(data); err != nil {
			return err
		}
		tickets, err := filepath.Glob(filepath.Join(j.folder, "*_jobb_*.json"))
		if err != nil || len(tickets) != 1 {
			return fmt.Errorf("job %s has %d tickets (%w)", j.id, len(tickets), err)
		}
		if data, err = os.ReadFile(tickets[0]); err != nil {
			return err
		}
		if j.ticket, err = exchange.ParseTicket(data); err != nil {
			return err
		}
		for _, f := range j.ticket.PrintFiles() {
			lf := letterFile{path: filepath.Join(j.folder, f.Name), header: f.Header, trailer: f.Trailer}
			sheets := 0
			for _, r := range j.rows {
				if r.File == f.Name {
					lf.rows = append(lf.rows, r)
					sheets += r.Sheets
				}
			}
			lf.finished = lf.path
			if j.ticket.Press != nil {
				dir := filepath.Join(n.dir, "cut")
				if err := os.MkdirAll(dir, 0o700); err != nil {
					return err
				}
				i := slices.IndexFunc(cfg.Vendors, func(v party.Vendor) bool { return v.Key == j.ticket.Vendor })
				if lf.finished, err = cutPress(dir, lf.path, j.ticket, cfg.Vendors[i].Profile.Press, f, sheets); err != nil {
					return err
				}
			}
			j.files = append(j.files, lf)
		}
		if j.ticket.Reprint {
			n.again = append(n.again, j)
			continue
		}
		n.printed = append(n.printed, j)
	}
	if len(n.again) != 1 || len(n.again[0].rows) != 1 || n.again[0].id != n.reprinted {
		return fmt.Errorf("%d jobs are reprints, want that of one letter, %s", len(n.again), n.reprinted)
	}
	if len(n.printed) == 0 {
		return errors.New("nothing is printed")
	}
	return nil
}

func (n *demoNight) config() string { return filepath.Join(n.dir, config.DefaultName) }

// letterFile is a print file with its letters.
type letterFile struct {
	job             demoJob
	path            string
	finished        string // a PDF of its finished sides in order: itself, or what is cut from it
	header, trailer int    // control sheets
	rows            []exchange.ManifestRow
}

// perSheet is how many sides of a finished sheet are printed.
func (f letterFile) perSheet() int {
	if f.job.ticket.Class.Duplex {
		return 2
	}
	return 1
}

func (n *demoNight) printFiles() []letterFile {
	var out []letterFile
	for _, j := range n.printed {
		for _, f := range j.files {
			f.job = j
			out = append(out, f)
		}
	}
	return out
}

// processors bounds the tools that run at once.
var processors = make(chan struct{}, runtime.NumCPU())

// each calls fn for every item, as many at once as there are processors.
func each[T any](items []T, fn func(T)) {
	var wg sync.WaitGroup
	for _, item := range items {
		processors <- struct{}{}
		wg.Go(func() {
			defer func() { <-processors }()
			fn(item)
		})
	}
	wg.Wait()
}

// judgeOwnSums holds the demo to its own word.
func judgeOwnSums(t *testing.T, n *demoNight) {
	t.Logf("the demo took %.1f s", n.took.Seconds())
	if n.failure != nil {
		t.Error(n.failure)
	}
	if strings.Contains(n.said, "WRONG") {
		t.Errorf("the demo finds something wrong:\n%s", n.said)
	}
	if ok := strings.Count(n.said, "   ok  "); ok < 10 {
		t.Errorf("the demo checked only %d sums:\n%s", ok, n.said)
	}
	if n.gateRead == "" {
		t.Error("no letter was read at the last gate")
	}
	// What is at the vendor is what must be, hand-in by hand-in.
	at := map[string]int{}
	for _, j := range n.printed {
		for _, r := range j.rows {
			at[r.Shipment]++
		}
	}
	for id, want := range n.wanted {
		must := 0
		if want.Outcome == letters.Printed && id != n.gateRead {
			must = 1
		}
		if want.Group != "" { // which one of them is refused is open
			if must = 1; n.shipments[id].Status == shipment.StatusAvvist {
				must = 0
			}
		}
		if at[id] != must {
			t.Errorf("%s/%s (%s) is %d times in the vendor's manifests, want %d", want.Account, want.Key, want.Outcome, at[id], must)
		}
		delete(at, id)
	}
	for id := range at {
		t.Errorf("the vendor has a letter %s that nobody handed in", id)
	}
}

// judgeWays holds how each hand-in came, and who told what of it, against the plan.
func judgeWays(t *testing.T, n *demoNight) {
	counts := map[string]int{}
	for id, want := range n.wanted {
		s := n.shipments[id]
		counts[s.Dialect]++
		if over, way := n.network.over[handInID(want)], access.Dialect(s.Dialect); over != "" && over != way || over == "" && s.Integration != "" {
			t.Errorf("%s came by %q, want %q", handInID(want), way, over)
		}
	}
	over := counts[string(access.RestV3)] + counts[string(access.RestV1)] + counts[string(access.SoapV9)]
	if all := len(n.wanted); over < all*3/10 || over > all*4/10 || min(counts[string(access.RestV3)], counts[string(access.RestV1)], counts[string(access.SoapV9)]) < 5 {
		t.Errorf("of %d hand-ins: %v", all, counts)
	}
	cfg, err := config.Load(n.config())
	if err != nil {
		t.Fatal(err)
	}
	a, err := archive.Open(t.Context(), archive.Config{DSN: cfg.Database})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	ids := map[string]string{}
	for id, want := range n.wanted {
		ids[handInID(want)] = id
	}
	read, seen := map[string]bool{}, map[string]bool{}
	for _, e := range n.expected.Events {
		if e.Kind == string(shipment.DigitalRead) {
			read[e.Account+"/"+e.Key] = true
		}
	}
	told := map[letters.Teller]int{}
	err = a.View(t.Context(), func(r store.Reader) error {
		for _, e := range n.expected.Events {
			hand := e.Account + "/" + e.Key
			if notice := e.Kind == string(shipment.DigitalNotified); notice && (read[hand] || seen[hand]) {
				continue // told once, and not to whoever asks when it is read already
			}
			seen[hand] = true
			history, err := r.History(t.Context(), ids[hand])
			if err != nil {
				return err
			}
			i := slices.IndexFunc(history, func(h shipment.Event) bool {
				if e.Teller == letters.DropFolder {
					return strings.HasSuffix(h.Key, e.ID)
				}
				return strings.HasPrefix(h.Key, "kanal:"+string(e.Teller)+":") && strings.HasSuffix(h.Key, ":"+e.Kind)
			})
			switch {
			case i < 0:
				t.Errorf("%s of %s was not told by %s: %v", e.Kind, hand, e.Teller, history)
			case e.Teller != letters.KRR && !history[i].At.Equal(e.At):
				t.Errorf("%s of %s is told as of %v, want %v", e.Kind, hand, history[i].At, e.At)
			default:
				told[e.Teller]++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if told[letters.DropFolder] < 5 || told[letters.KRR] < 5 || told[letters.Altinn] < 30 {
		t.Errorf("told: %v", told)
	}
	program := buildOperator(t)
	var out bytes.Buffer
	if code := operator(t, program, &out, "--config", n.config(), "integration", "ways"); code != cli.ExitOK {
		t.Errorf("postgang integration ways: exit code %d\n%s", code, out.String())
	}
	for _, d := range dialects {
		if !strings.Contains(out.String(), string(d)) {
			t.Errorf("postgang integration ways does not tell of %s:\n%s", d, out.String())
		}
	}
}

// judgeByQpdf has qpdf check every print file, and a prepared letter of each length.
func judgeByQpdf(t *testing.T, n *demoNight) {
	judges.Need(t, "qpdf")
	var paths []string
	for _, f := range n.printFiles() {
		paths = append(paths, f.path)
	}
	files := len(paths)
	sampled := map[int]bool{}
	for _, id := range slices.Sorted(maps.Keys(n.shipments)) {
		s := n.shipments[id]
		if s.Facts == nil || sampled[len(s.Facts.Pages)] {
			continue
		}
		sampled[len(s.Facts.Pages)] = true
		paths = append(paths, filepath.Join(n.dir, "data", "dokumenter", "sha256", s.Prepared.SHA256[:2], s.Prepared.SHA256[2:]))
	}
	if len(sampled) < 10 {
		t.Errorf("only %d prepared letters to check", len(sampled))
	}
	each(paths, func(path string) {
		// qpdf exits with 3 when it warns.
		if out, err := exec.Command("qpdf", "--check", path).CombinedOutput(); err != nil || bytes.Contains(out, []byte("WARNING")) {
			t.Errorf("qpdf --check %s: %v\n%s", filepath.Base(path), err, out)
		}
	})
	t.Logf("%d print files and %d prepared letters", files, len(sampled))
}

// Pages alike: tolerances in shades of 255, found by measuring; different pages of one letter are far beyond them.
const (
	pageDPI    = 40
	mostMean   = 0.06 // over the page
	mostLocal  = 24   // over the worst cell: thin lines snap to whole dots, and may snap to the next ones
	cellDots   = 6    // side of a cell, about 4 mm
	blankShade = 255
)

// difference gives the mean difference of two pages and that of their worst cell.
func difference(a, b *image.Gray) (mean, worst float64) {
	if a.Rect != b.Rect {
		return math.Inf(1), math.Inf(1)
	}
	sum := 0
	for y0 := 0; y0 < a.Rect.Dy(); y0 += cellDots {
		for x0 := 0; x0 < a.Rect.Dx(); x0 += cellDots {
			cell, dots := 0, 0
			for y := y0; y < min(y0+cellDots, a.Rect.Dy()); y++ {
				for x := x0; x < min(x0+cellDots, a.Rect.Dx()); x++ {
					d := int(a.Pix[y*a.Stride+x]) - int(b.Pix[y*b.Stride+x])
					cell += max(d, -d)
					dots++
				}
			}
			sum += cell
			worst = max(worst, float64(cell)/float64(dots))
		}
	}
	return float64(sum) / float64(a.Rect.Dx()*a.Rect.Dy()), worst
}

// page is what a page looks like and says.
type page struct {
	look *image.Gray
	text string // words, as poppler reads them
}

// same reports whether two pages look the same and say the same.
func (p page) same(o page) bool {
	if p.text != o.text {
		return false
	}
	mean, worst := difference(p.look, o.look)
	return mean <= mostMean && worst <= mostLocal
}

// pagesOf draws and reads a PDF.
func pagesOf(path string) ([]page, error) {
	looks, err := judges.Draw(path, "-r", strconv.Itoa(pageDPI))
	if err != nil {
		return nil, err
	}
	out, err := exec.Command("pdftotext", "-layout", path, "-").Output()
	if err != nil {
		return nil, fmt.Errorf("pdftotext %s: %w", filepath.Base(path), err)
	}
	texts := strings.Split(string(out), "\f")
	if len(texts) != len(looks)+1 {
		return nil, fmt.Errorf("%s: pdftoppm draws %d pages, pdftotext reads %d", filepath.Base(path), len(looks), len(texts)-1)
	}
	pages := make([]page, len(looks))
	for i := range looks {
		pages[i] = page{withoutMarks(looks[i]), strings.Join(strings.Fields(texts[i]), " ")}
	}
	return pages, nil
}

func isBlank(p page) bool { return slices.Min(p.look.Pix) == blankShade && p.text == "" }

// Sides that are no pages of the sender.
const (
	sideCover = 0
	sideBlank = -1
)

// wantedSides says what each side of a letter must carry: a page of the letter (from 1), the cover, or nothing. It follows
// the words of domain rules alone: the cover on a sheet of its own, each document on a new sheet, a giro page on a front
// with an empty back.
func wantedSides(s letters.Shipment, duplex bool) []int {
	if !duplex {
		sides := []int{sideCover}
		for page := range s.Pages {
			sides = append(sides, page+1)
		}
		return sides
	}
	sides := []int{sideCover, sideBlank}
	toFront := func() {
		if len(sides)%2 != 0 {
			sides = append(sides, sideBlank)
		}
	}
	page := 0
	for _, pages := range s.DocumentPages {
		toFront()
		for range pages {
			page++
			giro := slices.Contains(s.Giro, page)
			if giro {
				toFront()
			}
			sides = append(sides, page)
			if giro {
				toFront()
			}
		}
	}
	toFront()
	return sides
}

// judgePages compares every side of every print file with the page of the original that must be there.
func judgePages(t *testing.T, n *demoNight) {
	judges.Need(t, "pdftoppm", "pdftotext")
	var mu sync.Mutex
	var pages, blanks, giros, alone, covers int
	var worstMean, worstLocal float64
	told, twins := 0, 0 // neighbours that are told apart, and those that are not
	each(n.printFiles(), func(f letterFile) {
		name := filepath.Base(f.path)
		sides, err := pagesOf(f.finished)
		if err != nil {
			t.Error(err)
			return
		}
		controls := append(slices.Clone(sides[:f.perSheet()*f.header]), sides[len(sides)-f.perSheet()*f.trailer:]...)
		for i, c := range controls {
			if front := i%f.perSheet() == 0; front != strings.Contains(c.text, "KONTROLLARK") || !front && !isBlank(c) || !strings.Contains(c.text, f.job.id) && front {
				t.Errorf("%s: control sheets show %q", name, c.text)
			}
		}
		if f.header+f.trailer != 2 {
			t.Errorf("%s has %d control sheets", name, f.header+f.trailer)
		}
		next := 1 + f.perSheet()*f.header
		var before []page
		for _, row := range f.rows {
			want, known := n.wanted[row.Shipment]
			if !known {
				t.Errorf("%s: letter %s was never handed in", name, row.Shipment)
				return
			}
			where := fmt.Sprintf("%s, letter %d (%s/%s)", name, row.Letter, want.Account, want.Key)
			plan := wantedSides(want, row.Duplex)
			if row.FirstSide != next || row.LastSide != next+len(plan)-1 || row.LastSide > len(sides) {
				t.Errorf("%s: sides %d to %d of %d, want %d to %d", where, row.FirstSide, row.LastSide, len(sides), next, next+len(plan)-1)
				return
			}
			next = row.LastSide + 1
			if row.Duplex != (want.Duplex && want.Pages > 1) || row.Duplex != f.job.ticket.Class.Duplex {
				t.Errorf("%s of %d pages: duplex is %v, in a job with %v; asked for %v", where, want.Pages, row.Duplex, f.job.ticket.Class.Duplex, want.Duplex)
			}
			if row.GiroSheets != len(want.Giro) || row.Pages != want.Pages+1 {
				t.Errorf("%s: the manifest says %d pages and %d giro sheets, want %d (with the cover) and %d", where, row.Pages, row.GiroSheets, want.Pages+1, len(want.Giro))
			}
			originals, err := n.originals(want)
			if err != nil {
				t.Errorf("%s: %v", where, err)
				continue
			}
			if len(originals) != want.Pages {
				t.Errorf("%s: the originals have %d pages, want %d", where, len(originals), want.Pages)
				continue
			}
			var localPages, localBlanks, localGiros int
			var mean, worst float64
			var localTold, localTwins int
			tell := func(a, b page) {
				if a.same(b) {
					localTwins++
				} else {
					localTold++
				}
			}
			for i, what := range plan {
				side := sides[row.FirstSide-1+i]
				at := row.FirstSide + i
				switch what {
				case sideBlank:
					localBlanks++
					if !isBlank(side) {
						t.Errorf("%s: side %d must be empty and is not", where, at)
					}
				case sideCover:
					if isBlank(side) {
						t.Errorf("%s: the cover on side %d is empty", where, at)
					}
					for p, o := range originals {
						if side.same(o) {
							t.Errorf("%s: page %d of the letter is where the cover must be", where, p+1)
						}
					}
				default:
					localPages++
					m, w := difference(side.look, originals[what-1].look)
					mean, worst = max(mean, m), max(worst, w)
					if m > mostMean || w > mostLocal {
						t.Errorf("%s: side %d does not look like page %d: the mean difference is %.2f, the worst cell's %.1f", where, at, what, m, w)
					}
					if side.text != originals[what-1].text {
						t.Errorf("%s: side %d does not say what page %d says", where, at, what)
					}
					if isBlank(side) || side.text == "" {
						t.Errorf("%s: side %d is empty, want page %d", where, at, what)
					}
					if slices.Contains(want.Giro, what) {
						localGiros++
						if row.Duplex && (at%2 != 1 || !isBlank(sides[at])) {
							t.Errorf("%s: the giro page on side %d is not a front with an empty back", where, at)
						}
					}
					// Its neighbours in the letter, and the same page of the letter before, must be told apart, or the
					// comparison would prove nothing.
					if what < len(originals) {
						tell(side, originals[what])
					}
					if what <= len(before) && want.Group == "" {
						tell(side, before[what-1])
					}
				}
			}
			before = originals
			mu.Lock()
			covers++
			pages, blanks, giros = pages+localPages, blanks+localBlanks, giros+localGiros
			if want.Pages == 1 {
				alone++
			}
			worstMean, worstLocal = max(worstMean, mean), max(worstLocal, worst)
			told, twins = told+localTold, twins+localTwins
			mu.Unlock()
		}
		if next != len(sides)+1-f.perSheet()*f.trailer {
			t.Errorf("%s has %d sides, its letters and control sheets cover %d", name, len(sides), next-1+f.perSheet()*f.trailer)
		}
	})
	t.Logf("%d letters, %d pages compared (%d giro), %d empty backs, %d letters of one page", covers, pages, giros, blanks, alone)
	t.Logf("same pages differ by %.3f at most, %.1f in the worst cell; %d neighbours are told apart", worstMean, worstLocal, told)
	if covers < leastLetters || pages < leastPages || giros == 0 || blanks == 0 || alone == 0 {
		t.Error("the demo has too little to compare")
	}
	if twins > 0 || told < leastPages {
		t.Errorf("%d different pages count as the same, %d do not: the comparison cannot tell pages apart", twins, told)
	}
}

// originals draws the pages that a hand-in has for print, in the order of its documents.
func (n *demoNight) originals(s letters.Shipment) ([]page, error) {
	folder := filepath.Join(n.dir, "brev", s.Account, s.Key)
	data, err := os.ReadFile(filepath.Join(folder, "forsendelse.json"))
	if err != nil {
		return nil, err
	}
	var meta struct {
		Documents []struct {
			Name     string `json:"filnavn"`
			Excluded bool   `json:"skalEkskluderesFraUtskrift"`
		} `json:"dokumenter"`
	}
	if err := json.Unmarshal(data, &meta); err != nil {
		return nil, err
	}
	var out []page
	for _, d := range meta.Documents {
		if d.Excluded {
			continue
		}
		pages, err := pagesOf(filepath.Join(folder, d.Name))
		if err != nil {
			return nil, err
		}
		out = append(out, pages...)
	}
	return out, nil
}

// judgeMatrices looks for the letters in the print files by their DataMatrix alone.
func judgeMatrices(t *testing.T, n *demoNight) {
	judges.Need(t, "pdftoppm")
	const dpi = 200
	l := cover.DefaultLayout()
	dots := func(mm float64) string { return strconv.Itoa(int(mm / 25.4 * dpi)) }
	quiet := 2 * l.ModuleMM
	size := dots(l.MatrixMaxMM + 2*quiet)
	crop := []string{
		"-r", strconv.Itoa(dpi), "-x", dots(l.MatrixRightMM - l.MatrixMaxMM - quiet), "-y", dots(l.MatrixYMM - quiet), "-W", size, "-H", size,
	}
	var mu sync.Mutex
	found, other := 0, 0
	each(n.printFiles(), func(f letterFile) {
		name := filepath.Base(f.path)
		corners, err := judges.Draw(f.finished, crop...)
		if err != nil {
			t.Error(err)
			return
		}
		at := map[int]string{}
		for _, r := range f.rows {
			at[r.FirstSide] = r.Shipment
		}
		for i, corner := range corners {
			if i < f.header*f.perSheet() || i >= len(corners)-f.trailer*f.perSheet() {
				continue // control sheets have something else there
			}
			id := judges.ReadMatrix(corner)
			if want := at[i+1]; id != want {
				t.Errorf("%s side %d: the DataMatrix says %q, the manifest %q", name, i+1, id, want)
			}
			mu.Lock()
			if id != "" {
				found++
			} else {
				other++
			}
			mu.Unlock()
		}
	})
	rows := 0
	for _, j := range n.printed {
		rows += len(j.rows)
	}
	t.Logf("%d letters found on %d sides; the manifests have %d", found, found+other, rows)
	if found != rows || found < leastLetters || other == 0 {
		t.Errorf("%d letters are found by their DataMatrix, the manifests have %d", found, rows)
	}
}

// sums are øre by konteringskode, as shown: a missing one is codes.Missing.
type sums map[string]money.Ore

func (s sums) add(code string, ore money.Ore) {
	if code == "" {
		code = codes.Missing
	}
	s[code] += ore
}

func (s sums) total() (ore money.Ore) {
	for _, o := range s {
		ore += o
	}
	return ore
}

// without leaves out codes that carry nothing.
func (s sums) without() sums {
	out := maps.Clone(s)
	maps.DeleteFunc(out, func(_ string, o money.Ore) bool { return o == 0 })
	return out
}

func (n *demoNight) ledger() (net, gross sums) {
	net, gross = sums{}, sums{}
	for _, c := range n.costs {
		net.add(c.Line.Konteringskode, c.Line.Net)
		gross.add(c.Line.Konteringskode, c.Line.Gross)
	}
	return net, gross
}

// receiptFiles adds up the vendor's receipts as a person would in a spreadsheet: by the code that we sent the letter with,
// and apart from it what must not be booked, because it came before or is of a letter that we never sent.
func (n *demoNight) receiptFiles(t *testing.T) (booked sums, notBooked money.Ore) {
	t.Helper()
	code := map[string]string{}
	for _, j := range append(slices.Clone(n.printed), n.again...) {
		for _, r := range j.rows {
			code[j.id+" "+r.Shipment] = r.Konteringskode
		}
	}
	files, err := n.atVendors(func(v *vendorsim.Vendor) string { return filepath.Join(v.Root(), "kvittering", "arkiv", "*.csv") })
	if err != nil || len(files) == 0 {
		t.Fatalf("%d receipt files: %v", len(files), err)
	}
	booked = sums{}
	seen := map[string]bool{}
	doubled, unknown := 0, 0
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r := csv.NewReader(f)
		r.Comma = ';'
		rows, err := r.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		column := map[string]int{}
		for i, name := range rows[0] {
			column[name] = i
		}
		for _, row := range rows[1:] {
			key := row[column[receipt.ColJob]] + " " + row[column[receipt.ColShipment]]
			ore := oreOf(t, row[column[receipt.ColProduction]]) + oreOf(t, row[column[receipt.ColPostage]])
			c, ours := code[key]
			switch {
			case !ours:
				unknown++
				notBooked += ore
			case seen[key]:
				doubled++
				notBooked += ore
			default:
				booked.add(c, ore)
			}
			seen[key] = true
		}
	}
	if doubled == 0 || unknown == 0 {
		t.Errorf("%d receipts are doubled and %d of unknown letters: the demo wants some of each", doubled, unknown)
	}
	return booked, notBooked
}

var amount = regexp.MustCompile(`^(-?)(\d+)(?:[.,](\d{1,2}))?$`)

// oreOf reads kroner with at most two decimals, by text alone.
func oreOf(t *testing.T, s string) money.Ore {
	t.Helper()
	m := amount.FindStringSubmatch(s)
	if m == nil {
		t.Fatalf("%q is no amount", s)
	}
	v, err := strconv.ParseInt(m[2]+(m[3] + "00")[:2], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if m[1] != "" {
		v = -v
	}
	return money.Ore(v)
}

// officeSettings make LibreOffice calculate every formula anew on loading, whatever value the workbook says it has.
const officeSettings = `<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
`

// recalculated gives every sheet of the workbook after LibreOffice calculated it, by its name.
func recalculated(t *testing.T, path string) map[string][][]string {
	t.Helper()
	judges.Need(t, "soffice")
	dir := t.TempDir()
	profile := filepath.Join(dir, "profile")
	if err := os.MkdirAll(filepath.Join(profile, "user"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(profile, "user", "registrymodifications.xcu"), []byte(officeSettings), 0o600); err != nil {
		t.Fatal(err)
	}
	// All sheets, semicolons, UTF-8, values as they are and not as shown.
	out, err := exec.CommandContext(t.Context(), "soffice", "-env:UserInstallation=file://"+filepath.ToSlash(profile), "--headless",
		"--convert-to", "csv:Text - txt - csv (StarCalc):59,34,76,1,,0,false,false,false,false,false,-1", "--outdir", dir, path).CombinedOutput()
	if err != nil {
		t.Fatalf("soffice: %v\n%s", err, out)
	}
	prefix := strings.TrimSuffix(filepath.Base(path), ".xlsx") + "-"
	files, err := filepath.Glob(filepath.Join(dir, prefix+"*.csv"))
	if err != nil || len(files) == 0 {
		t.Fatalf("LibreOffice wrote no sheets: %v\n%s", err, out)
	}
	sheets := map[string][][]string{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r := csv.NewReader(bytes.NewReader(data))
		r.Comma, r.FieldsPerRecord = ';', -1
		rows, err := r.ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", filepath.Base(file), err)
		}
		sheets[strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), prefix), ".csv")] = rows
	}
	return sheets
}

// spreadsheetOre reads an amount as a spreadsheet keeps it, a binary fraction near the øre.
func spreadsheetOre(s string) (money.Ore, error) {
	v, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
	if err != nil {
		return 0, err
	}
	ore := math.Round(v * 100)
	if math.Abs(v*100-ore) > 1e-4 {
		return 0, fmt.Errorf("%q is no whole number of øre", s)
	}
	return money.Ore(ore), nil
}

// tableOf reads the rows of a sheet below the header that begins with these columns, up to the first row without a number
// in its first column when numbered, else to the first empty row.
func tableOf(t *testing.T, sheet [][]string, first, second string) (rows []map[string]string) {
	t.Helper()
	var header []string
	for _, row := range sheet {
		switch {
		case header == nil:
			if len(row) > 1 && row[0] == first && row[1] == second {
				header = row
			}
		case row[0] == "":
			return rows
		default:
			r := map[string]string{}
			for i, name := range header {
				if name != "" {
					r[name] = row[i]
				}
			}
			rows = append(rows, r)
		}
	}
	if header == nil {
		t.Fatalf("no table with the columns %q and %q", first, second)
	}
	return rows
}

// judgeMoney holds ledger, receipts and the recalculated workbook against each other.
func judgeMoney(t *testing.T, n *demoNight) {
	net, gross := n.ledger()
	booked, notBooked := n.receiptFiles(t)
	received := sums{} // what the invoice shared out is not in the receipts
	for _, c := range n.costs {
		if c.Source != store.LedgerAllocation {
			received.add(c.Line.Konteringskode, c.Line.Net)
		}
	}
	if !maps.Equal(received.without(), booked.without()) {
		t.Errorf("by konteringskode the ledger has\n%v\nand the receipts\n%v", received, booked)
	}
	if net.total() == 0 || notBooked == 0 || len(net) < 10 {
		t.Errorf("kr %s on %d konteringskoder, kr %s not booked: too little to compare", net.total(), len(net), notBooked)
	}

	sheets := recalculated(t, n.workbook())
	cells := 0
	for name, rows := range sheets {
		for i, row := range rows {
			for j, text := range row {
				if text != "" {
					cells++
				}
				if strings.HasPrefix(text, "#") || strings.HasPrefix(text, "Err:") || text == "AVVIK" && name == "Sammendrag" {
					t.Errorf("%s, row %d, column %d is %q", name, i+1, j+1, text)
				}
			}
		}
	}
	inBook, inBookGross, sumRow := sums{}, sums{}, map[string]string(nil)
	for _, row := range tableOf(t, sheets["Per konteringskode"], "Nr.", "Konteringskode") {
		if _, err := strconv.Atoi(row["Nr."]); err != nil {
			sumRow = row
			continue
		}
		for column, s := range map[string]sums{"Netto kr": inBook, "Brutto kr": inBookGross} {
			ore, err := spreadsheetOre(row[column])
			if err != nil {
				t.Errorf("konteringskode %s: %v", row["Konteringskode"], err)
			}
			s.add(row["Konteringskode"], ore)
		}
	}
	if !maps.Equal(net.without(), inBook.without()) {
		t.Errorf("by konteringskode the ledger has\n%v\nand the workbook\n%v", net, inBook)
	}
	if !maps.Equal(gross.without(), inBookGross.without()) {
		t.Errorf("with VAT the ledger has\n%v\nand the workbook\n%v", gross, inBookGross)
	}
	for column, want := range map[string]money.Ore{"Netto kr": net.total(), "Brutto kr": gross.total()} {
		if got, err := spreadsheetOre(sumRow[column]); err != nil || got != want {
			t.Errorf("the sum of %q is %s in the workbook, kr %s in the ledger (%v)", column, sumRow[column], want, err)
		}
	}
	var lines money.Ore
	count := 0
	for _, row := range tableOf(t, sheets["Kostnader"], "Bokført dag", "Forsendelse") {
		if row["Art"] == "" {
			continue // the sum
		}
		ore, err := spreadsheetOre(row["Netto kr"])
		if err != nil {
			t.Error(err)
		}
		lines += ore
		count++
	}
	if lines != net.total() || count != len(n.costs) {
		t.Errorf("the workbook lists %d costs of kr %s, the ledger has %d of kr %s", count, lines, len(n.costs), net.total())
	}
	t.Logf("kr %s on %d konteringskoder; kr %s not booked; %d sheets with %d cells", net.total(), len(net.without()), notBooked, len(sheets), cells)
}

// leakFinder looks for what must not be anywhere.
type leakFinder struct{ personal []string }

// Shortest personal string that is looked for: shorter ones stand in other words.
const leastPersonal = 4

func (n *demoNight) leakFinder(t *testing.T) leakFinder {
	t.Helper()
	public := map[string]bool{}
	for _, a := range n.expected.Accounts {
		for _, s := range []string{a.Key, a.Name, a.Unit, a.Line, a.Postcode, a.City, a.OrgNumber} {
			public[s] = true
		}
	}
	all := map[string]bool{}
	note := func(s string) {
		if len([]rune(s)) >= leastPersonal && !public[s] {
			all[strings.ToLower(s)] = true
		}
	}
	for _, s := range n.expected.PersonalStrings() {
		note(s)
	}
	// A family name gives a person away as well as the whole name; they are rare ones.
	for _, s := range n.shipments {
		if words := strings.Fields(string(s.Submission.Recipient.Name)); len(words) > 1 && len(words[len(words)-1]) >= 8 {
			note(words[len(words)-1])
		}
	}
	if len(all) < leastPersonalStrings {
		t.Fatalf("only %d personal strings to look for", len(all))
	}
	return leakFinder{slices.Sorted(maps.Keys(all))}
}

// Hashes, ids and fractions hold long runs of digits by chance.
var noise = regexp.MustCompile(`\b[0-9a-f]{64}\b|\bsha256/[0-9a-f]{2}/[0-9a-f]{62}\b|_[0-9a-f]{12}\.|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d\.\d{11,}`)

// in gives what a text must not hold.
func (l leakFinder) in(text string) (found []string) {
	lower := strings.ToLower(text)
	for _, s := range l.personal {
		if strings.Contains(lower, s) {
			found = append(found, s)
		}
	}
	return append(found, identity.FindNationalIDs(noise.ReplaceAllString(text, " "))...)
}

// inName gives what the name of a file must not hold, also when it is written as names of files are: «kari_tangen»,
// «sak 2026-1007».
func (l leakFinder) inName(name string) (found []string) {
	found = l.in(name)
	folded := fold(strings.ToLower(noise.ReplaceAllString(name, " ")))
	for _, s := range l.personal {
		if s = fold(s); len([]rune(s)) >= leastPersonal && strings.Contains(folded, s) {
			found = append(found, s)
		}
	}
	return found
}

// fold leaves only letters and digits.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}

// judgePrivacy looks through all that the demo wrote where nothing personal belongs.
func judgePrivacy(t *testing.T, n *demoNight) {
	judges.Need(t, "pdfinfo")
	l := n.leakFinder(t)
	read, bytesRead := 0, 0
	look := func(what, text string, in func(string) []string) {
		read++
		bytesRead += len(text)
		if found := in(text); len(found) > 0 {
			t.Errorf("%s holds %d personal strings, as %q", what, len(found), found[:min(len(found), 3)])
		}
	}
	check := func(what, text string) { look(what, text, l.in) }
	// First that the search itself finds: every hand-in names somebody.
	for id, want := range n.wanted {
		data, err := os.ReadFile(filepath.Join(n.dir, "brev", want.Account, want.Key, "forsendelse.json"))
		if err != nil {
			t.Fatal(err)
		}
		if len(l.in(string(data))) == 0 {
			t.Errorf("nothing personal is found in hand-in %s/%s (%s): the search is blind", want.Account, want.Key, id)
		}
		if title := string(n.shipments[id].Submission.Title); len(title) > leastPersonal && len(l.inName(strings.NewReplacer("/", "-", " ", "_").Replace(title))) == 0 {
			t.Errorf("the title of hand-in %s/%s is not found in a name: the search is blind", want.Account, want.Key)
		}
	}

	check("what the demo printed", n.said)
	if n.log.Len() == 0 {
		t.Error("the demo logged nothing")
	}
	check("the log", n.log.String())
	names := 0
	inArchive := 0
	err := filepath.WalkDir(n.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(n.dir, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		in := strings.TrimPrefix(rel, "manuell/") // an archive of its own, laid out alike
		under := func(folder string) bool { return strings.HasPrefix(in+"/", folder+"/") }
		if !under("brev") && (!under("data/post") || under("data/post/svar") || under("data/post/hendelser")) {
			names++
			look("the name "+strconv.Quote(rel), rel, l.inName)
		}
		if !e.Type().IsRegular() {
			return nil
		}
		if filepath.Dir(rel) == "data" {
			inArchive++
		}
		switch {
		case (under("trykkeri") || under("utskrift")) && filepath.Ext(rel) != ".pdf", under("data/post/svar"), under("data/post/hendelser"), under("data/rapporter"), in == config.DefaultName:
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			check(rel, string(data))
		case filepath.Ext(rel) == ".xlsx":
			return unzip(path, func(name string, data []byte) { check(rel+"/"+name, name+"\n"+string(data)) })
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if names < 500 || inArchive == 0 {
		t.Errorf("only %d names of files, %d beside the archive", names, inArchive)
	}

	// The letters themselves name people; what describes the print files must not.
	for _, f := range n.printFiles() {
		out, err := exec.Command("pdfinfo", f.path).CombinedOutput()
		if err != nil {
			t.Errorf("pdfinfo %s: %v\n%s", filepath.Base(f.path), err, out)
		}
		check("the document information of "+filepath.Base(f.path), string(out))
	}

	// What people and programs see of it later.
	show := []string{}
	seen := map[string]int{}
	for _, id := range slices.Sorted(maps.Keys(n.wanted)) {
		w := n.wanted[id]
		if o := string(w.Outcome); w.Outcome == letters.Refused || seen[o] < 3 {
			seen[o]++
			show = append(show, id)
		}
	}
	commands := [][]string{{"status"}, {"integration", "list"}, {"integration", "ways"}, {"shipment", "list", "--limit", "0"}, {"job", "list"}, {"doctor"}, {"no-such-command"}, {"shipment", "show", "no-such"}}
	for _, j := range n.jobs {
		commands = append(commands, []string{"job", "show", j.ID})
	}
	for _, id := range show {
		commands = append(commands, []string{"shipment", "show", id})
	}
	for i, id := range show[:5] { // refused by its own state or not, the answer must not tell
		commands = append(commands, []string{"shipment", "stop", id, "--reason", fmt.Sprintf("prøve %d", i), "--yes"})
	}
	program := buildOperator(t)
	for _, args := range commands {
		for _, more := range [][]string{{"--verbose"}, {"--verbose", "--json"}} {
			var out bytes.Buffer
			code := operator(t, program, &out, slices.Concat([]string{"--config", n.config()}, more, args)...)
			what := strings.Join(args, " ")
			if looking := args[0] == "status" || len(args) > 1 && args[1] == "list" || args[len(args)-1] != "no-such" && len(args) > 1 && args[1] == "show"; looking && code != cli.ExitOK && !(args[0] == "status" && code == cli.ExitPartial) {
				t.Errorf("postgang %s: exit code %d\n%s", what, code, out.String())
			}
			if out.Len() == 0 {
				t.Errorf("postgang %s says nothing", what)
			}
			check("postgang "+what, out.String())
		}
	}
	t.Logf("%d texts of %d KB searched for %d personal strings and fødselsnummer; %d names of files", read, bytesRead>>10, len(l.personal), names)
}

// buildOperator builds the operator's binary as "make build" does: what it says about the demo is judged, too.
func buildOperator(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "postgang")
	build := exec.Command("go", "build", "-trimpath", "-o", program, "postgang/cmd/postgang")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build postgang: %v\n%s", err, out)
	}
	return program
}

// operator runs the operator's binary, has all that it says written to out, and gives its exit code.
func operator(t *testing.T, program string, out io.Writer, args ...string) int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}

func unzip(path string, each func(name string, data []byte)) error {
	z, err := zip.OpenReader(path)
	if err != nil {
		return err
	}
	defer z.Close()
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return err
		}
		data, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			return err
		}
		each(f.Name, data)
	}
	return nil
}

// judgeSame holds the demo on one database against that on another.
func judgeSame(t *testing.T, a, b *demoNight) {
	if b.failure != nil {
		t.Error(b.failure)
	}
	if !strings.HasPrefix(b.database, "postgres") {
		t.Fatalf("the other database is %q", b.database)
	}
	if len(a.jobs) != len(b.jobs) || len(a.printed) != len(b.printed) {
		t.Errorf("%d jobs and %d at the vendor, want %d and %d", len(b.jobs), len(b.printed), len(a.jobs), len(a.printed))
	}
	aNet, aGross := a.ledger()
	bNet, bGross := b.ledger()
	if !maps.Equal(aNet, bNet) || !maps.Equal(aGross, bGross) {
		t.Errorf("the ledgers differ:\n%v\n%v", aNet, bNet)
	}
	outcomes := func(n *demoNight) (map[string]string, map[string]int) {
		one, group := map[string]string{}, map[string]int{}
		for id, want := range n.wanted {
			s := n.shipments[id]
			what := fmt.Sprintf("%s %s %s", s.Status, s.DueReason, refusedBy(s))
			if want.Group != "" {
				group[want.Group+": "+what]++
				continue
			}
			one[want.Account+"/"+want.Key] = what
		}
		return one, group
	}
	aOne, aGroup := outcomes(a)
	bOne, bGroup := outcomes(b)
	for key, what := range aOne {
		if bOne[key] != what {
			t.Errorf("%s is %q, want %q", key, bOne[key], what)
		}
	}
	if len(aOne) != len(bOne) || !maps.Equal(aGroup, bGroup) || len(aGroup) == 0 {
		t.Errorf("%d hand-ins and the alike ones %v, want %d and %v", len(bOne), bGroup, len(aOne), aGroup)
	}
	t.Logf("%d hand-ins, %d jobs, kr %s on both; the demo took %.1f s on SQLite, %.1f s on PostgreSQL", len(bOne)+len(bGroup), len(b.jobs), bNet.total(), a.took.Seconds(), b.took.Seconds())
}
