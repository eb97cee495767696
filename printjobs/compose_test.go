package printjobs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"postgang/fixtures/judges"
	"postgang/printjobs/cover"
	"postgang/printjobs/exchange"
	"postgang/printjobs/impose"
	"postgang/printjobs/printfile"
)

// checkComposed tests everything that can be said of a composed job without
// drawing it: documents parse and agree, hashes and names are those of the
// bytes, nothing else is in the folder, and the figures are those of the plan.
func checkComposed(t testing.TB, dir string, planned Planned, out Composed, p Profile) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var have, want []string
	for _, e := range entries {
		have = append(have, e.Name())
	}
	for _, f := range out.Files {
		want = append(want, f.Name)
		b, err := os.ReadFile(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(b)
		if f.SHA256 != hex.EncodeToString(sum[:]) || f.Bytes != int64(len(b)) {
			t.Errorf("%s: %d bytes with hash %s, described as %d with %s", f.Name, len(b), hex.EncodeToString(sum[:]), f.Bytes, f.SHA256)
		}
		if parts, ok := exchange.ParseFileName(f.Name); !ok || parts.Kind != f.Kind || !strings.HasPrefix(f.SHA256, parts.Hash) {
			t.Errorf("%s is not a name of its content", f.Name)
		}
		switch f.Kind {
		case exchange.KindManifest:
			rows, err := exchange.ParseManifest(b)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(slices.Collect(out.Manifest()), rows); d != "" {
				t.Errorf("manifest as read (-returned +file):\n%s", d)
			}
		case exchange.KindTicket:
			ticket, err := exchange.ParseTicket(b)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(out.Ticket, ticket); d != "" {
				t.Errorf("ticket as read (-returned +file):\n%s", d)
			}
			if problems := exchange.CheckJob(ticket, out.Manifest()); len(problems) > 0 {
				t.Errorf("ticket and manifest disagree: %v", problems)
			}
		case exchange.KindPrint:
			sum, err := printfile.Inspect(bytes.NewReader(b), int64(len(b)))
			if err != nil || len(sum.Sides) != f.Sides {
				t.Errorf("%s: %d sides, described as %d, error %v", f.Name, len(sum.Sides), f.Sides, err)
			}
			if p.MaxBytesPerFile > 0 && f.Bytes > p.MaxBytesPerFile {
				t.Errorf("%s has %d bytes", f.Name, f.Bytes)
			}
			sheets := 0
			for _, r := range manifestOf(out)[f.FirstLetter-1 : f.LastLetter] {
				sheets += r.Sheets
			}
			if p.MaxSheetsPerFile > 0 && sheets > p.MaxSheetsPerFile {
				t.Errorf("%s has %d sheets", f.Name, sheets)
			}
		}
	}
	slices.Sort(have)
	slices.Sort(want)
	if d := cmp.Diff(want, have); d != "" {
		t.Errorf("files in the folder (-want +got):\n%s", d)
	}
	if len(manifestOf(out)) != len(planned.Letters) {
		t.Fatalf("manifest has %d letters, plan %d", len(manifestOf(out)), len(planned.Letters))
	}
	for i, l := range planned.Letters {
		r := manifestOf(out)[i]
		if r.Shipment != l.Shipment || r.Sheets != l.Sheets || r.Pages != l.Pages || r.GiroSheets != l.GiroSheets ||
			r.Duplex != l.Figures.Duplex || r.Zone != l.Zone || r.Konteringskode != l.Konteringskode ||
			r.Envelope != string(l.Envelope) || r.PagesBW+r.PagesColour != r.Pages || r.PagesColour != l.PagesColour {
			t.Errorf("letter %d: manifest says %+v, plan %+v", i+1, r, l.Figures)
		}
		if over := int64(r.WeightGram)*1000 - l.WeightMilligram; over < 0 || over >= 1000 {
			t.Errorf("letter %d weighs %d mg, manifest says %d g", i+1, l.WeightMilligram, r.WeightGram)
		}
		if want := len(wantSides(l.Candidate, planned.Class.Duplex)); r.LastSide-r.FirstSide+1 != want {
			t.Errorf("letter %d has sides %d to %d, want %d", i+1, r.FirstSide, r.LastSide, want)
		}
	}
}

// checkPages tests with poppler that each side of the print files shows what
// it must.
func checkPages(t testing.TB, planned Planned, out Composed) {
	t.Helper()
	at := 0
	for _, f := range out.Files {
		if f.Kind != exchange.KindPrint {
			continue
		}
		run(t, "qpdf", "--check", f.Path)
		var want []string
		for range f.Letters {
			l := planned.Letters[at]
			at++
			for _, s := range wantSides(l.Candidate, planned.Class.Duplex) {
				if s == "cover" {
					s = "cover " + l.Shipment
				}
				want = append(want, s)
			}
		}
		var have []string
		for _, text := range texts(t, f.Path) {
			words := strings.Fields(text)
			i := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(w, "MARK-") })
			switch {
			case i >= 0:
				have = append(have, strings.Join(words, " "))
			case len(words) > 0:
				id := "?"
				for _, l := range planned.Letters {
					if slices.Contains(words, l.Shipment) {
						id = l.Shipment
					}
				}
				have = append(have, "cover "+id)
			default:
				have = append(have, "")
			}
		}
		if d := cmp.Diff(want, have); d != "" {
			t.Errorf("%s (-want +got):\n%s", f.Name, d)
		}
	}
	if at != len(planned.Letters) {
		t.Errorf("print files hold %d letters of %d", at, len(planned.Letters))
	}
}

func TestGramRoundsUp(t *testing.T) {
	t.Parallel()
	for milligram, want := range map[int64]int{1: 1, 16_980: 17, 17_000: 17, 17_001: 18, 20_000: 20, 20_010: 21, 494_010: 495} {
		if got := gram(milligram); got != want {
			t.Errorf("%d mg are %d g, want %d", milligram, got, want)
		}
	}
}

func duplex(id string, marks map[int]string, pages ...int) Candidate {
	return candidate(id, func(c *Candidate) { c.Duplex = true; c.Facts = factsOf(marks, pages...) })
}

func TestComposeDuplexGiro(t *testing.T) {
	t.Parallel()
	judges.Need(t, "qpdf")
	judges.Need(t, "pdftotext")
	p := testProfile(t)
	planned, s := planOne(t, p, 0,
		duplex("g1", map[int]string{2: "g"}, 4),
		duplex("g2", map[int]string{1: "g"}, 2),
		duplex("g3", map[int]string{1: "g", 3: "g"}, 1, 3),
	)
	dir := filepath.Join(t.TempDir(), "job")
	var told []int
	out, err := Compose(t.Context(), dir, jobOf(t, testJob, planned, s, p), p, func(done int) { told = append(told, done) })
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]int{1, 2, 3}, told); d != "" {
		t.Errorf("progress (-want +got):\n%s", d)
	}
	if s.open != 0 || s.most != 1 {
		t.Errorf("%d sources still open, at most %d at once", s.open, s.most)
	}
	if !planned.Class.Giro || out.Ticket.Totals.GiroSheets != 4 {
		t.Errorf("class giro %v, %d giro sheets", planned.Class.Giro, out.Ticket.Totals.GiroSheets)
	}
	checkComposed(t, dir, planned, out, p)
	checkPages(t, planned, out)
}

func TestComposeSimplexHasNoBacks(t *testing.T) {
	t.Parallel()
	judges.Need(t, "qpdf")
	judges.Need(t, "pdftotext")
	p := testProfile(t)
	p.PoolAccounts = true
	planned, s := planOne(t, p, 0,
		candidate("s1", func(c *Candidate) { c.Facts = factsOf(nil, 1); c.Duplex = true }),
		candidate("s2", func(c *Candidate) { c.Facts = factsOf(nil, 2, 1); c.Account = "skole" }),
	)
	dir := t.TempDir()
	out, err := Compose(t.Context(), dir, jobOf(t, testJob, planned, s, p), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	if tot := out.Ticket.Totals; tot.Sides != tot.Sheets || tot.Sheets != 6 {
		t.Errorf("%d sides on %d sheets, want 6 on 6", tot.Sides, tot.Sheets)
	}
	checkComposed(t, dir, planned, out, p)
	checkPages(t, planned, out)
}

// TestComposeWithoutCover: a letter that carries its own address needs no maker
// and begins at once.
func TestComposeWithoutCover(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftotext")
	p := testProfile(t)
	p.Impose.Cover = impose.CoverNone
	planned, s := planOne(t, p, 0, duplex("u1", nil, 3), duplex("u2", nil, 2))
	job := jobOf(t, testJob, planned, s, p)
	job.Makers = nil
	out, err := Compose(t.Context(), t.TempDir(), job, p, nil)
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, text := range texts(t, out.Files[0].Path) {
		have = append(have, strings.TrimSpace(text))
	}
	want := []string{marker("u2", 1, 1), marker("u2", 1, 2), marker("u1", 1, 1), marker("u1", 1, 2), marker("u1", 1, 3), ""}
	if d := cmp.Diff(want, have); d != "" {
		t.Errorf("sides (-want +got):\n%s", d)
	}
	if tot := out.Ticket.Totals; tot.Pages != 5 || tot.Sheets != 3 || tot.Sides != 6 {
		t.Errorf("totals are %+v, want 5 pages on 3 sheets with 6 sides", tot)
	}
}

// TestComposeSplits: files end at the limits, letters stay whole.
func TestComposeSplits(t *testing.T) {
	t.Parallel()
	var candidates []Candidate
	for i := range 24 {
		candidates = append(candidates, candidate(fmt.Sprintf("s%02d", i), func(c *Candidate) { c.Facts = factsOf(nil, 3) }))
	}
	for _, c := range []struct {
		name    string
		change  func(*Profile)
		letters int
		ballast int // bytes a page
		least   int // print files
	}{
		{"no limit", func(p *Profile) { p.MaxSheetsPerFile, p.MaxBytesPerFile = 0, 0 }, 24, 1000, 1},
		{"sheets", func(p *Profile) { p.MaxSheetsPerFile = 11 }, 24, 1000, 12},
		{"bytes", func(p *Profile) { p.MaxBytesPerFile = 3 << 20 }, 12, 200_000, 3},
		{"bytes, each letter more than half of a file", func(p *Profile) { p.MaxBytesPerFile = 2 << 20 }, 4, 400_000, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := testProfile(t)
			c.change(&p)
			planned, s := planOne(t, p, c.ballast, slices.Clone(candidates[:c.letters])...)
			dir := t.TempDir()
			out, err := Compose(t.Context(), dir, jobOf(t, testJob, planned, s, p), p, nil)
			if err != nil {
				t.Fatal(err)
			}
			checkComposed(t, dir, planned, out, p)
			if n := len(out.Ticket.PrintFiles()); n < c.least || c.least == 1 && n > 1 {
				t.Errorf("%d print files, want %d or more", n, c.least)
			}
		})
	}
}

func TestComposeIsDeterministic(t *testing.T) {
	t.Parallel()
	p := testProfile(t)
	p.MaxSheetsPerFile = 10
	planned, s := planOne(t, p, 1000, duplex("d1", nil, 3), duplex("d2", nil, 5), duplex("d3", nil, 2, 2), duplex("d4", nil, 9))
	var runs [2]Composed
	for i := range runs {
		dir := t.TempDir()
		job := jobOf(t, testJob, planned, s, p)
		job.Parent, job.PostBy = "TEST000000", testCreated.Add(36*time.Hour+time.Millisecond)
		out, err := Compose(t.Context(), dir, job, p, nil)
		if err != nil {
			t.Fatal(err)
		}
		checkComposed(t, dir, planned, out, p)
		if out.Ticket.Parent != job.Parent || !out.Ticket.Instructions.PostBy.Equal(testCreated.Add(36*time.Hour)) || out.Ticket.Vendor != job.Vendor {
			t.Errorf("ticket has parent %q, post by %v", out.Ticket.Parent, out.Ticket.Instructions.PostBy)
		}
		runs[i] = out
	}
	for i, f := range runs[0].Files {
		if f.File != runs[1].Files[i].File {
			t.Errorf("file %d is %+v, then %+v", i, f.File, runs[1].Files[i].File)
		}
	}
	if d := cmp.Diff(runs[0].Ticket, runs[1].Ticket); d != "" || len(runs[0].Files) < 4 {
		t.Errorf("%d files; tickets differ:\n%s", len(runs[0].Files), d)
	}
}

// TestComposeAgain: composing over a composed job, and over what a killed run
// has left, gives the same folder.
func TestComposeAgain(t *testing.T) {
	t.Parallel()
	p := testProfile(t)
	planned, s := planOne(t, p, 0, duplex("e1", nil, 3), duplex("e2", nil, 5))
	dir := t.TempDir()
	if _, err := Compose(t.Context(), dir, jobOf(t, testJob, planned, s, p), p, nil); err != nil {
		t.Fatal(err)
	}
	leftover := filepath.Join(dir, ".compose-"+testJob+"-123.tmp")
	if err := os.WriteFile(leftover, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := Compose(t.Context(), dir, jobOf(t, testJob, planned, s, p), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkComposed(t, dir, planned, out, p)
}

// TestComposeNamesAllFaults: every letter at fault is named at once, nothing is
// left behind, and no personal data stands in the error.
func TestComposeNamesAllFaults(t *testing.T) {
	t.Parallel()
	p := testProfile(t)
	var candidates []Candidate
	for i := range 8 {
		candidates = append(candidates, candidate(fmt.Sprintf("f%d", i), nil))
	}
	planned, s := planOne(t, p, 0, candidates...)
	job := jobOf(t, testJob, planned, s, p)
	var letters []Letter
	for l := range job.Letters {
		letters = append(letters, l)
	}
	letters[1].Cover.Recipient.Line1 = strings.Repeat("Ekstraordinærtlangtveinavn", 20)
	letters[2].Cover.Recipient.City = ""
	letters[3].Cover.Recipient.Name = "株式会社"
	s.files["f4"] = s.files["f4"][:len(s.files["f4"])/2]
	letters[5].Facts = factsOf(nil, 3)
	letters[6].Facts.DocumentPages = []int{1}
	letters[7].Cover.Recipient.Line2 = "13097248022"
	job.Letters = Letters(letters...)

	dir := t.TempDir()
	_, err := Compose(t.Context(), dir, job, p, nil)
	var faults *LetterErrors
	if !errors.As(err, &faults) {
		t.Fatalf("got %v, want a *LetterErrors", err)
	}
	got := map[string]string{}
	for _, l := range faults.Letters {
		got[l.Shipment] = l.Code
		if l.Code == "" || l.Err == nil {
			t.Errorf("%s: no code or cause", l.Shipment)
		}
	}
	want := map[string]string{
		"f1": CodeCoverFit, "f2": CodeCoverIncomplete, "f3": CodeCoverCharacter, "f4": CodePrepared,
		"f5": CodeFacts, "f6": CodeFacts, "f7": CodeCoverIDNumber,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("faults (-want +got):\n%s", d)
	}
	if !errors.Is(err, cover.ErrAddressDoesNotFit) || !errors.Is(err, printfile.ErrNotPrepared) {
		t.Errorf("causes are lost in %v", err)
	}
	for _, secret := range []string{"Kari", "Prøve", "Testveien", "Bergen", "Ekstra", "株", "13097248022", "Vedtak"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("error tells %q: %v", secret, err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if s.open != 0 {
		t.Errorf("%d sources still open", s.open)
	}
}

// TestComposeDamagedObject: a letter whose index is sound but whose content is
// not is found while linking, and blamed.
func TestComposeDamagedObject(t *testing.T) {
	t.Parallel()
	for _, sheets := range []int{0, 4, 6} { // all letters in one file, each in its own, the last in another
		p := testProfile(t)
		p.MaxSheetsPerFile = sheets
		planned, s := planOne(t, p, 0, candidate("a1", nil), candidate("a2", nil), candidate("a3", func(c *Candidate) { c.Facts = factsOf(nil, 3) }))
		damage := func(id string) {
			s.files[id] = bytes.Replace(s.files[id], []byte("MARK-"+id+"-1-2"), []byte("MARK-"+id+"-1-0"), 1)
		}
		compose := func() string {
			_, err := Compose(t.Context(), t.TempDir(), jobOf(t, testJob, planned, s, p), p, nil)
			var faults *LetterErrors
			if !errors.As(err, &faults) {
				t.Fatalf("%d sheets a file: got %v, want a *LetterErrors", sheets, err)
			}
			var got string
			for _, l := range faults.Letters {
				got += l.Shipment + " " + l.Code + "\n"
			}
			return got
		}
		damage("a2")
		if d := cmp.Diff("a2 "+CodePrepared+"\n", compose()); d != "" {
			t.Errorf("%d sheets a file (-want +got):\n%s", sheets, d)
		}
		damage("a3")
		if d := cmp.Diff("a2 "+CodePrepared+"\na3 "+CodePrepared+"\n", compose()); d != "" {
			t.Errorf("%d sheets a file (-want +got):\n%s", sheets, d)
		}
	}
}

// TestComposeProves: a file that changes on disk while its job is composed
// never gets its name.
func TestComposeProves(t *testing.T) {
	t.Parallel()
	p := testProfile(t)
	planned, s := planOne(t, p, 300_000, candidate("p1", nil), candidate("p2", nil))
	dir := t.TempDir()
	_, err := Compose(t.Context(), dir, jobOf(t, testJob, planned, s, p), p, func(done int) {
		if done != 2 {
			return
		}
		names, err := filepath.Glob(filepath.Join(dir, ".compose-*"))
		if err != nil || len(names) != 1 {
			t.Fatalf("%d files are being written, want one (%v)", len(names), err)
		}
		f, err := os.OpenFile(names[0], os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close() // the test below shows whether it was written
		if _, err := f.WriteAt([]byte("#"), 100_000); err != nil {
			t.Fatal(err)
		}
	})
	if !errors.Is(err, ErrNotAsPlanned) {
		t.Errorf("got %v, want ErrNotAsPlanned", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestComposeColourCover: in a colour job a cover whose logo has colour is a
// colour page; in a black one it is not.
func TestComposeColourCover(t *testing.T) {
	t.Parallel()
	p := testProfile(t)
	logo := image.NewNRGBA(image.Rect(0, 0, 20, 20))
	for i := range 20 {
		logo.Set(i, i, color.NRGBA{200, 20, 20, 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, logo); err != nil {
		t.Fatal(err)
	}
	red, err := cover.New(p.Layout, cover.Sender{Name: "Skattekontoret", Postcode: "0151", City: "Oslo", Logo: b.Bytes()})
	if err != nil {
		t.Fatal(err)
	}
	for _, asked := range []bool{true, false} {
		planned, s := planOne(t, p, 0, candidate("k1", func(c *Candidate) { c.Colour = asked; c.Facts = factsOf(map[int]string{2: "c"}, 3) }))
		for _, maker := range []*cover.Maker{red, maker(t, p, "Skattekontoret")} {
			job := jobOf(t, testJob, planned, s, p)
			job.Makers["skatt"] = maker
			out, err := Compose(t.Context(), t.TempDir(), job, p, nil)
			if err != nil {
				t.Fatal(err)
			}
			want := 0
			if asked {
				want = 1
				if maker == red {
					want = 2
				}
			}
			if r := manifestOf(out)[0]; r.PagesColour != want || r.PagesBW != 4-want || out.Ticket.Class.Colour != asked {
				t.Errorf("colour asked %v, coloured logo %v: %d pages in colour and %d in black, want %d of 4",
					asked, maker == red, r.PagesColour, r.PagesBW, want)
			}
		}
	}
}

// failing is a source that cannot be read any more after some bytes.
type failing struct {
	memory
	after int64
}

var errDisk = errors.New("input/output error")

func (f failing) ReadAt(b []byte, off int64) (int, error) {
	if off < f.after {
		return 0, errDisk
	}
	return f.memory.ReadAt(b, off)
}

// TestComposeOtherErrors: what is no letter's fault is no *LetterErrors, and
// leaves nothing behind.
func TestComposeOtherErrors(t *testing.T) {
	t.Parallel()
	p := testProfile(t)
	p.Impose.Cover = impose.CoverSheet
	sequence := errors.New("database is gone")
	for _, c := range []struct {
		name   string
		change func(*Job, []Letter, *Profile)
		want   error
		text   string
	}{
		{name: "no letters", change: func(j *Job, _ []Letter, _ *Profile) { j.Letters = Letters() }, text: "no letters"},
		{name: "nil letters", change: func(j *Job, _ []Letter, _ *Profile) { j.Letters = nil }, text: "no letters"},
		{name: "sequence fails", change: func(j *Job, l []Letter, _ *Profile) {
			j.Letters = func(yield func(Letter, error) bool) { _ = yield(l[0], nil) && yield(Letter{}, sequence) }
		}, want: sequence, text: "letter 2"},
		{name: "source cannot be opened", change: func(j *Job, l []Letter, _ *Profile) {
			l[1].Open = func(context.Context) (Source, error) { return nil, errDisk }
		}, want: errDisk, text: "o2"},
		{name: "source cannot be read", change: func(j *Job, l []Letter, _ *Profile) {
			open := l[1].Open
			l[1].Open = func(ctx context.Context) (Source, error) {
				src, err := open(ctx)
				return failing{src.(memory), 1 << 40}, err
			}
		}, want: errDisk, text: "o2"},
		{name: "source fails while linking", change: func(j *Job, l []Letter, _ *Profile) {
			open := l[1].Open
			l[1].Open = func(ctx context.Context) (Source, error) {
				src, err := open(ctx)
				return failing{src.(memory), 100}, err
			}
		}, want: errDisk, text: "o2"},
		{name: "plan no longer holds", change: func(j *Job, _ []Letter, p *Profile) { p.Impose.C5MaxSheets = 1 }, want: ErrStalePlan, text: "o1"},
		{name: "nothing to open", change: func(j *Job, l []Letter, _ *Profile) { l[1].Open = nil }, text: "o2"},
		{name: "no maker", change: func(j *Job, l []Letter, _ *Profile) { delete(j.Makers, "skatt") }, text: "no cover maker"},
		{name: "cover of another", change: func(j *Job, l []Letter, _ *Profile) { l[1].Cover.ShipmentID = "o1" }, text: "another shipment"},
		{name: "same shipment twice", change: func(j *Job, l []Letter, _ *Profile) { j.Letters = Letters(l[0], l[0]) }, text: "stands in line"},
		{name: "job id", change: func(j *Job, _ []Letter, _ *Profile) { j.ID = "../../etc" }, text: "job id"},
		{name: "profile", change: func(_ *Job, _ []Letter, p *Profile) { p.MaxSheetsPerFile = -1 }, text: "sheets a print file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := p
			planned, s := planOne(t, p, 20_000, candidate("o1", nil), candidate("o2", nil)) // larger than what opening reads
			job := jobOf(t, testJob, planned, s, p)
			var letters []Letter
			for l := range job.Letters {
				letters = append(letters, l)
			}
			job.Letters = Letters(letters...)
			c.change(&job, letters, &p)
			dir := t.TempDir()
			out, err := Compose(t.Context(), dir, job, p, nil)
			var faults *LetterErrors
			if err == nil || errors.As(err, &faults) || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v, want an error with %q", err, c.text)
			}
			if out.Files != nil {
				t.Error("files are returned with an error")
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
			if s.open != 0 {
				t.Errorf("%d sources still open", s.open)
			}
		})
	}
}

func TestComposeCancelled(t *testing.T) {
	t.Parallel()
	p := testProfile(t)
	planned, s := planOne(t, p, 0, candidate("c1", nil), candidate("c2", nil), candidate("c3", nil))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dir := t.TempDir()
	done := 0
	_, err := Compose(ctx, dir, jobOf(t, testJob, planned, s, p), p, func(n int) {
		done = n
		if n == 2 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || done != 2 {
		t.Errorf("after %d letters: %v", done, err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestComposeTooLarge: a letter that alone breaks a limit of the print file is
// set aside, also when that shows only in the file written.
func TestComposeTooLarge(t *testing.T) {
	t.Parallel()
	p := testProfile(t)
	planned, s := planOne(t, p, 0, candidate("t1", nil), candidate("t2", nil))
	for _, c := range []struct {
		name   string
		change func(*Profile)
		code   string
	}{
		{"prepared file within the limit, print file not", func(p *Profile) { p.MaxBytesPerFile = planned.Letters[0].Facts.Bytes + 1 }, CodeTooLarge},
		{"prepared file not within the limit", func(p *Profile) { p.MaxBytesPerFile = planned.Letters[0].Facts.Bytes - 1 }, CodeTooLarge},
		{"sheets", func(p *Profile) { p.MaxSheetsPerFile = 2 }, CodeTooManySheets},
	} {
		p := p
		c.change(&p)
		dir := t.TempDir()
		_, err := Compose(t.Context(), dir, jobOf(t, testJob, planned, s, p), p, nil)
		var faults *LetterErrors
		if !errors.As(err, &faults) || faults.Letters[0].Code != c.code || faults.Letters[0].Shipment != "t1" {
			t.Errorf("%s: got %v, want t1 with %s", c.name, err, c.code)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%s: left behind: %v", c.name, left)
		}
	}
}

// TestVerifyFindsDifferences: verifying fails on a plan that differs from what
// was written in any respect it is there for.
func TestVerifyFindsDifferences(t *testing.T) {
	t.Parallel()
	sides := []printfile.SideSummary{
		{Width: sideWidth, Height: sideHeight, Placements: 1},
		{Width: sideWidth, Height: sideHeight, Blank: true},
	}
	plan := func(blank ...bool) *printFile {
		f := &printFile{}
		for _, b := range blank {
			side := printfile.Side{Placements: make([]printfile.Placement, 1)}
			if b {
				side.Placements = nil
			}
			f.sides = append(f.sides, planOf(side))
		}
		return f
	}
	compare := func(f *printFile, sides []printfile.SideSummary) error {
		p := sideCheck{plan: f, width: sideWidth, height: sideHeight}
		for _, s := range sides {
			p.add(s)
		}
		return p.verdict()
	}
	if err := compare(plan(false, true), sides); err != nil {
		t.Errorf("the right plan: %v", err)
	}
	for name, f := range map[string]*printFile{
		"one side too few": plan(false), "one too many": plan(false, true, false),
		"blank where a page is": plan(true, true), "page where blank is": plan(false, false),
	} {
		if err := compare(f, sides); !errors.Is(err, ErrNotAsPlanned) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	wide := slices.Clone(sides)
	wide[0].Width++
	twice := slices.Clone(sides)
	twice[0].Placements = 2
	for name, s := range map[string][]printfile.SideSummary{"size": wide, "placed twice": twice} {
		if err := compare(plan(false, true), s); !errors.Is(err, ErrNotAsPlanned) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestProofReadsTheDisk: a byte that is another on disk than was written is
// found before the file gets its name.
func TestProofReadsTheDisk(t *testing.T) {
	t.Parallel()
	p := testProfile(t)
	front, _, err := maker(t, p, "Skattekontoret").Cover(coverOf("p1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		spoil func(f *os.File, size int64) error
		want  error
	}{
		{"untouched", func(*os.File, int64) error { return nil }, nil},
		{"one bit in the middle", func(f *os.File, size int64) error {
			var b [1]byte
			if _, err := f.ReadAt(b[:], size/2); err != nil {
				return err
			}
			b[0] ^= 1
			_, err := f.WriteAt(b[:], size/2)
			return err
		}, ErrNotAsPlanned},
		{"cut short", func(f *os.File, size int64) error { return f.Truncate(size - 1) }, ErrNotAsPlanned},
		{"grown", func(f *os.File, size int64) error { _, err := f.WriteAt([]byte("%\n"), size); return err }, ErrNotAsPlanned},
	} {
		st := &stagingFolder{dir: t.TempDir(), job: testJob}
		file, err := st.create()
		if err != nil {
			t.Fatal(err)
		}
		linker := printfile.NewLinker(file, printfile.Options{})
		side := printfile.Side{Width: sideWidth, Height: sideHeight, Placements: []printfile.Placement{{Source: front, Matrix: printfile.Identity}}}
		if err := linker.AddSide(side); err != nil {
			t.Fatal(err)
		}
		res, err := linker.Close()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.spoil(file.f, res.Bytes); err != nil {
			t.Fatal(err)
		}
		f := &printFile{staged: file, sides: []sidePlan{planOf(side)}}
		composer := &composer{press: impose.DefaultPress()}
		if err := composer.verify(f, res); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
		st.abandon()
	}
}

// TestComposeProperties: whatever letters a night brings, what Compose writes
// agrees with the plan, page by page.
func TestComposeProperties(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftotext")
	judges.Need(t, "qpdf")
	night := rapid.Custom(drawCandidates)
	for seed := range 8 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			p := testProfile(t)
			p.PoolAccounts = seed%2 == 0
			p.MaxSheetsPerFile = 15 + seed
			s := &shelf{files: map[string][]byte{}}
			candidates := night.Example(seed)
			for i := range candidates {
				if len(candidates[i].Facts.Pages) > 0 {
					s.files[candidates[i].Shipment] = build(t, &candidates[i], 0)
				}
			}
			jobs, _, err := Plan(candidates, p)
			if err != nil {
				t.Fatal(err)
			}
			for i, planned := range jobs {
				dir := t.TempDir()
				out, err := Compose(t.Context(), dir, jobOf(t, fmt.Sprintf("TEST%06d", i), planned, s, p), p, nil)
				if err != nil {
					t.Fatal(err)
				}
				checkComposed(t, dir, planned, out, p)
				checkPages(t, planned, out)
			}
		})
	}
}
