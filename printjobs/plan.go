package printjobs

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"postgang/printjobs/exchange"
	"postgang/printjobs/impose"
	"postgang/printjobs/prepare"
)

// Candidate is a prepared letter that is due. It carries no personal data:
// what the cover shows comes with the [Letter] when the job is composed.
type Candidate struct {
	Shipment       string // forsendelse id, unique among the candidates
	Account        string // sending unit
	Konteringskode string // accounting code, text, may be empty
	Postcode       string // postnummer, a sort key only; may be foreign or empty
	Zone           string // postage zone, one of exchange's zones
	Facts          prepare.Facts
	Duplex         bool // as the sender asked
	Colour         bool // as the sender asked
}

// Figures are what imposing a letter tells about it.
type Figures struct {
	Sheets          int // cover included
	Pages           int // printed sides, cover included, empty backs not
	PagesColour     int // pages of the documents printed in colour; 0 when the letter is printed in black only
	GiroSheets      int
	Duplex          bool // as it will be printed
	Colour          bool // as it will be printed: asked for, and there is colour in it
	Envelope        impose.Envelope
	Manual          bool  // too many sheets for the enveloping machine
	WeightMilligram int64 // paper and envelope
}

// PlannedLetter is a candidate with a place in a job.
type PlannedLetter struct {
	Candidate
	Figures
}

// Planned is a job to be: letters that the vendor may print, insert and post as
// one unit, in the order they are to be printed.
type Planned struct {
	Class   exchange.Class
	Letters []PlannedLetter
}

// String writes the job as text, for people and for comparing plans: a line for
// the class, then a line a letter in order of print.
//
//	job account="skatt" colour=false duplex=true giro=false C5 NORGE letters=1
//	  <shipment>: 2 sheets, 3 pages (0 colour), 0 giro, 16980 mg
//
// It leaves out the postnummer, which is part of an address.
func (j Planned) String() string {
	var b strings.Builder
	c := j.Class
	fmt.Fprintf(&b, "job account=%q colour=%v duplex=%v giro=%v %s %s", c.Account, c.Colour, c.Duplex, c.Giro, c.Envelope, c.Zone)
	if c.Group != "" {
		fmt.Fprintf(&b, " group=%q", c.Group)
	}
	fmt.Fprintf(&b, " letters=%d\n", len(j.Letters))
	for _, l := range j.Letters {
		fmt.Fprintf(&b, "  %s: %d sheets, %d pages (%d colour), %d giro, %d mg",
			l.Shipment, l.Sheets, l.Pages, l.PagesColour, l.GiroSheets, l.WeightMilligram)
		if l.Manual {
			b.WriteString(", by hand")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// SetAside is a candidate that no job can take until somebody has done
// something about it.
type SetAside struct {
	Shipment string
	Code     string // one of the Code constants
	Args     Args
}

// Plan groups candidates into jobs by what the vendor must keep apart (account
// unless the profile pools accounts, colour, duplex, giro, envelope, zone) and
// by the profile's own group keys, sorts each job by the profile's sort keys,
// and cuts it at the profile's letters, sheets and bytes a job. The same
// candidates in any order give the same plan. Each candidate is in exactly one place: in one job, or set
// aside with the reason.
//
// An error means that the call itself is wrong (an invalid profile, a candidate
// without id or account, or the same shipment twice); then nothing is planned.
func Plan(candidates []Candidate, p Profile) (jobs []Planned, aside []SetAside, err error) {
	if err := p.Validate(); err != nil {
		return nil, nil, fmt.Errorf("plan: %w", err)
	}
	seen := make(map[string]struct{}, len(candidates))
	groups := make(map[exchange.Class][]PlannedLetter)
	for i, c := range candidates {
		if err := c.identified(i + 1); err != nil {
			return nil, nil, err
		}
		if _, twice := seen[c.Shipment]; twice {
			return nil, nil, fmt.Errorf("plan: shipment %s is there twice", c.Shipment)
		}
		seen[c.Shipment] = struct{}{}

		class, figures, _, why := place(c, p)
		if why != nil {
			aside = append(aside, SetAside{why.Shipment, why.Code, why.Args})
			continue
		}
		groups[class] = append(groups[class], PlannedLetter{c, figures})
	}

	classes := make([]exchange.Class, 0, len(groups))
	for class := range groups {
		classes = append(classes, class)
	}
	slices.SortFunc(classes, compareClasses)
	compare := comparer(p.Sort)
	for _, class := range classes {
		letters := groups[class]
		slices.SortFunc(letters, compare)
		for len(letters) > 0 {
			n := p.jobEnd(len(letters), func(i int) (int, int64) { return letters[i].Sheets, letters[i].Facts.Bytes })
			jobs = append(jobs, Planned{Class: class, Letters: slices.Clip(letters[:n])})
			letters = letters[n:]
		}
	}
	slices.SortFunc(aside, func(a, b SetAside) int { return cmp.Compare(a.Shipment, b.Shipment) })
	return jobs, aside, nil
}

// identified is an error where a candidate, by its number, says not what or whose it is.
func (c Candidate) identified(number int) error {
	switch {
	case c.Shipment == "":
		return fmt.Errorf("plan: candidate %d has no shipment id", number)
	case c.Account == "":
		return fmt.Errorf("plan: shipment %s has no account", c.Shipment)
	}
	return nil
}

// jobEnd is how many of so many letters, at least one, make the next job; of tells the sheets and bytes of each.
func (p Profile) jobEnd(letters int, of func(i int) (sheets int, bytes int64)) int {
	sheets, size := 0, int64(0)
	for i := range letters {
		n, b := of(i)
		sheets += n
		size += b
		if i > 0 && (over(i+1, p.MaxLettersPerJob) || over(sheets, p.MaxSheetsPerJob) || over(size, p.MaxBytesPerJob)) {
			return i
		}
	}
	return letters
}

// over tells whether n is above a limit, of which 0 is none.
func over[N int | int64](n, limit N) bool { return limit > 0 && n > limit }

// place lays one candidate on sheets and finds its class, or says why no job
// can take it.
func place(c Candidate, p Profile) (exchange.Class, Figures, impose.Imposed, *LetterError) {
	im, f, err := lay(c, p)
	switch {
	case err != nil:
		return exchange.Class{}, f, im, layError(c.Shipment, err)
	case !slices.Contains(zones, c.Zone):
		return exchange.Class{}, f, im, &LetterError{Shipment: c.Shipment, Code: CodeZone, Err: errors.New("postage zone is unknown")}
	}
	for _, limit := range []struct {
		most     int
		what, in string
	}{{p.MaxSheetsPerFile, "file", "a print file"}, {p.MaxSheetsPerJob, "job", "a job"}} {
		if over(f.Sheets, limit.most) {
			return exchange.Class{}, f, im, &LetterError{
				Shipment: c.Shipment, Code: CodeTooManySheets,
				Args: Args{"case": limit.what, "n": strconv.Itoa(f.Sheets), "max": strconv.Itoa(limit.most)},
				Err:  fmt.Errorf("letter has %d sheets, the limit of %s is %d", f.Sheets, limit.in, limit.most),
			}
		}
	}
	for _, limit := range []struct {
		most     int64
		what, in string
	}{{p.MaxBytesPerFile, "file", "a print file"}, {p.MaxBytesPerJob, "job", "a job"}} {
		if over(c.Facts.Bytes, limit.most) {
			return exchange.Class{}, f, im, &LetterError{
				Shipment: c.Shipment, Code: CodeTooLarge,
				Args: Args{"case": limit.what, "n": strconv.FormatInt(c.Facts.Bytes, 10), "max": strconv.FormatInt(limit.most, 10)},
				Err:  fmt.Errorf("letter has %d bytes, the limit of %s is %d", c.Facts.Bytes, limit.in, limit.most),
			}
		}
	}
	return classOf(c, f, p), f, im, nil
}

// classOf is the class of job that a letter belongs in.
func classOf(c Candidate, f Figures, p Profile) exchange.Class {
	class := exchange.Class{
		Account:  c.Account,
		Colour:   f.Colour,
		Duplex:   f.Duplex,
		Giro:     f.GiroSheets > 0,
		Envelope: string(f.Envelope),
		Zone:     c.Zone,
		Group:    groupOf(&PlannedLetter{c, f}, p.Group),
	}
	if p.PoolAccounts {
		class.Account = ""
	}
	return class
}

// errFacts: the facts of a letter contradict themselves.
var errFacts = errors.New("facts of the prepared letter contradict themselves")

// lay imposes a candidate by its facts.
func lay(c Candidate, p Profile) (impose.Imposed, Figures, error) {
	l := impose.Letter{Duplex: c.Duplex, Documents: make([]impose.Document, len(c.Facts.DocumentPages))}
	i := 0
	colour := 0
	for d, n := range c.Facts.DocumentPages {
		l.Documents[d].Pages = n
		for page := 1; page <= n; page++ {
			if i == len(c.Facts.Pages) {
				return impose.Imposed{}, Figures{}, errFacts
			}
			pf := c.Facts.Pages[i]
			if pf.Document != d || pf.Page != page {
				return impose.Imposed{}, Figures{}, errFacts
			}
			if pf.Giro {
				l.Documents[d].Giro = append(l.Documents[d].Giro, page)
			}
			if pf.Colour {
				colour++
			}
			i++
		}
	}
	if i != len(c.Facts.Pages) {
		return impose.Imposed{}, Figures{}, errFacts
	}
	im, err := impose.Lay(l, p.Impose)
	if err != nil {
		return impose.Imposed{}, Figures{}, err
	}
	f := Figures{
		Sheets:          len(im.Sheets),
		Pages:           im.Pages,
		GiroSheets:      im.GiroSheets,
		Duplex:          im.Duplex,
		Colour:          c.Colour && colour > 0,
		Envelope:        im.Envelope,
		Manual:          im.Manual,
		WeightMilligram: im.WeightMilligram,
	}
	if f.Colour {
		f.PagesColour = colour
	}
	return im, f, nil
}

// layError tells why a letter cannot be laid on sheets.
func layError(shipment string, err error) *LetterError {
	var le *impose.LetterError
	if !errors.As(err, &le) {
		return &LetterError{Shipment: shipment, Code: CodeFacts, Err: err}
	}
	document, giro := strconv.Itoa(le.Document), strconv.Itoa(le.Page)
	switch le.Code {
	case impose.GiroOutside:
		return &LetterError{Shipment: shipment, Code: CodeGiroMissing, Args: Args{"document": document, "giro": giro}, Err: err}
	case impose.GiroOnBack:
		return &LetterError{Shipment: shipment, Code: CodeGiroOnBack, Args: Args{"document": document, "giro": giro}, Err: err}
	case impose.TooManyPages:
		return &LetterError{Shipment: shipment, Code: CodeTooManySheets, Args: Args{"case": "pages", "max": strconv.Itoa(impose.MaxPages)}, Err: err}
	default:
		return &LetterError{Shipment: shipment, Code: CodeNoPages, Err: err}
	}
}

func compareClasses(a, b exchange.Class) int {
	return cmp.Or(
		cmp.Compare(a.Account, b.Account),
		compareBools(a.Colour, b.Colour),
		compareBools(a.Duplex, b.Duplex),
		compareBools(a.Giro, b.Giro),
		cmp.Compare(a.Envelope, b.Envelope),
		cmp.Compare(a.Zone, b.Zone),
		cmp.Compare(a.Group, b.Group),
	)
}

// compareBools puts false first.
func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
