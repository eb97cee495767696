package printjobs

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"postgang/printjobs/cover"
	"postgang/printjobs/exchange"
	"postgang/printjobs/impose"
	"postgang/printjobs/printoppdrag"
)

// Profile is what one print vendor takes and how, as data.
type Profile struct {
	Impose impose.Options // sheets, envelopes, weights
	Layout cover.Layout   // geometry of the cover page; not used when Impose.Cover is CoverNone

	// Limits, of which 0 is none. A letter is never divided: one that alone is
	// above a limit of sheets or bytes is set aside.
	MaxLettersPerJob  int
	MaxSheetsPerJob   int   // finished sheets
	MaxBytesPerJob    int64 // of prepared letters; print files are mostly smaller
	MaxLettersPerFile int
	MaxSheetsPerFile  int   // finished sheets, control sheets not counted
	MaxBytesPerFile   int64 // of one print file

	// Group keeps letters apart that differ in one of these keys, beyond what
	// every vendor must keep apart. Sort is the order of letters within a job;
	// empty is [DefaultSort].
	Group, Sort []SortKey

	// Press says how finished sheets lie on what the press prints.
	Press impose.Press

	// Marks stand on every finished sheet, for the vendor's machines.
	Marks impose.Marks

	// Control puts a control sheet before the first letter of a print file and
	// one after the last.
	Control bool

	// DocumentParts gives print files a tree of document parts (DPart), a node a
	// letter. It needs one finished sheet a press sheet.
	DocumentParts bool

	// MergeFonts makes one font program a face of the TrueType subsets that
	// letters bring, so that a printer need not load thousands of them. It costs
	// time and some 30 MB of memory.
	MergeFonts bool

	// PDFVersion stands in the header of print files: "1.4" to "1.7" or "2.0";
	// empty is "1.7", what most printers take (DPI and Digipost: up to 1.7).
	PDFVersion string

	// PoolAccounts lets letters of several accounts share a job; otherwise
	// each account has jobs of its own.
	PoolAccounts bool

	// Orders, unless nil, hands each letter over by itself, as a print order of NAV's printoppdrag 2.2, by these terms. Each job
	// then has one letter: what is handed over by one act, and may be in doubt, is a job.
	Orders *printoppdrag.Terms

	// Instructions stand in every ticket. PostBy is given by the job.
	Instructions exchange.Instructions
}

// Limits of a print file that are used when nothing else is agreed.
const (
	DefaultMaxLettersPerJob = 50_000
	DefaultMaxSheetsPerFile = 25_000
	DefaultMaxBytesPerFile  = 1 << 30 // 1 GiB: below what 32-bit file sizes on a vendor's side can hold
)

// DefaultProfile gives the profile of a vendor of whom nothing else is known.
func DefaultProfile() Profile {
	return Profile{
		Impose:           impose.DefaultOptions(),
		Press:            impose.DefaultPress(),
		Layout:           cover.DefaultLayout(),
		MaxLettersPerJob: DefaultMaxLettersPerJob,
		MaxSheetsPerFile: DefaultMaxSheetsPerFile,
		MaxBytesPerFile:  DefaultMaxBytesPerFile,
	}
}

// Validate says everything that is wrong with the profile, or returns nil.
func (p Profile) Validate() error {
	var errs []error
	if err := p.Impose.Validate(); err != nil {
		errs = append(errs, err)
	}
	if err := p.Press.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("press: %w", err))
	} else if p.Press.Up() > 1 && p.Instructions.Trays[exchange.StockCover] != p.Instructions.Trays[exchange.StockPlain] {
		errs = append(errs, errors.New("press: covers come from another tray than plain sheets, but lie on the same press sheets: give both the same tray, or print one sheet a press sheet"))
	}
	if err := p.Marks.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("marks: %w", err))
	}
	if p.DocumentParts && p.Press.Up() > 1 {
		errs = append(errs, errors.New("document parts: a page belongs to one letter only, so print one finished sheet a press sheet, or leave them out"))
	}
	if p.DocumentParts && (p.PDFVersion == "1.4" || p.PDFVersion == "1.5") {
		errs = append(errs, fmt.Errorf("document parts need PDF 1.6 or newer, not %s", p.PDFVersion))
	}
	if p.Impose.Cover == impose.CoverSheet {
		if err := p.Layout.Validate(); err != nil {
			errs = append(errs, fmt.Errorf("cover layout: %w", err))
		} else {
			for _, z := range p.Marks.Zones() {
				if err := p.Layout.CheckMark(z.X0, z.Y0, z.X1, z.Y1); err != nil {
					errs = append(errs, fmt.Errorf("marks: %w", err))
				}
			}
		}
	}
	errs = append(errs, p.checkOrders())
	errs = append(errs, checkKeys(p.Group, p.Sort)...)
	if p.PDFVersion != "" && !slices.Contains(pdfVersions, p.PDFVersion) {
		errs = append(errs, fmt.Errorf("PDF version %q is unknown: use one of %s", p.PDFVersion, strings.Join(pdfVersions, ", ")))
	}
	for _, limit := range []struct {
		what string
		n    int64
	}{
		{"letters a job", int64(p.MaxLettersPerJob)},
		{"sheets a job", int64(p.MaxSheetsPerJob)},
		{"bytes a job", p.MaxBytesPerJob},
		{"letters a print file", int64(p.MaxLettersPerFile)},
		{"sheets a print file", int64(p.MaxSheetsPerFile)},
		{"bytes a print file", p.MaxBytesPerFile},
	} {
		if limit.n < 0 {
			errs = append(errs, fmt.Errorf("limit of %d %s is negative: use 0 for no limit", limit.n, limit.what))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("vendor profile: %w", err)
	}
	return nil
}

// checkOrders says what does not go with print orders.
func (p Profile) checkOrders() error {
	if p.Orders == nil {
		return nil
	}
	var errs []error
	if err := p.Orders.Validate(); err != nil {
		errs = append(errs, err)
	}
	if p.MaxLettersPerJob != 1 {
		errs = append(errs, errors.New("each letter is handed over by itself, so that a job has one letter"))
	}
	if p.Press.Up() > 1 || p.Control {
		errs = append(errs, errors.New("a letter is printed by itself, so that there are no press sheets of several and no control sheets"))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("print orders: %w", err)
	}
	return nil
}

// pdfVersions are the versions that a print file may carry in its header.
var pdfVersions = []string{"1.4", "1.5", "1.6", "1.7", "2.0"}

// zones are the postage zones that a class of jobs may have.
var zones = []string{exchange.ZoneNorway, exchange.ZoneEurope, exchange.ZoneWorld}
