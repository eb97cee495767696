package printjobs

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"postgang/printjobs/cover"
	"postgang/printjobs/exchange"
	"postgang/printjobs/impose"
)

// Profile is what one print vendor takes and how, as data.
type Profile struct {
	Impose impose.Options // sheets, envelopes, weights
	Layout cover.Layout   // geometry of the cover page; not used when Impose.Cover is CoverNone

	MaxLettersPerJob int   // letters in one job; 0 is no limit
	MaxSheetsPerFile int   // sheets in one print file; 0 is no limit. A letter is never divided
	MaxBytesPerFile  int64 // bytes of one print file; 0 is no limit

	// PDFVersion stands in the header of print files: "1.4" to "1.7" or "2.0";
	// empty is "1.7", what most printers take (DPI and Digipost: up to 1.7).
	PDFVersion string

	// PoolAccounts lets letters of several accounts share a job; otherwise
	// each account has jobs of its own.
	PoolAccounts bool

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
	if p.Impose.Cover == impose.CoverSheet {
		if err := p.Layout.Validate(); err != nil {
			errs = append(errs, fmt.Errorf("cover layout: %w", err))
		}
	}
	if p.PDFVersion != "" && !slices.Contains(pdfVersions, p.PDFVersion) {
		errs = append(errs, fmt.Errorf("PDF version %q is unknown: use one of %s", p.PDFVersion, strings.Join(pdfVersions, ", ")))
	}
	for _, limit := range []struct {
		what string
		n    int64
	}{
		{"letters a job", int64(p.MaxLettersPerJob)},
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

// pdfVersions are the versions that a print file may carry in its header.
var pdfVersions = []string{"1.4", "1.5", "1.6", "1.7", "2.0"}

// zones are the postage zones that a class of jobs may have.
var zones = []string{exchange.ZoneNorway, exchange.ZoneEurope, exchange.ZoneWorld}
