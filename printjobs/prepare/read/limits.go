package read

import (
	"errors"
	"fmt"
	"os"
)

// Defaults of Limits.
const (
	// DefaultMaxBytes bounds the sum of a letter's input files in bytes:
	// SvarUt takes less than 350 MB a shipment (docs/sources.md, Hand-ins).
	DefaultMaxBytes = 350 << 20
	// DefaultMaxPages bounds the pages of one letter. No envelope or parcel
	// takes more; a page tree that claims millions is an attack.
	DefaultMaxPages = 10000
	// DefaultMaxContentBytes bounds the decoded size in bytes of one content
	// stream. Above it lies no letter, only a decompression bomb.
	DefaultMaxContentBytes = 256 << 20
	// DefaultMaxOutputBytes bounds the prepared file in bytes.
	DefaultMaxOutputBytes = 1 << 30
)

// Limits bounds what one letter may cost. A zero field means its default.
type Limits struct {
	// MaxBytes is the largest sum of all input files, in bytes.
	MaxBytes int64 `json:"maxBytes,omitempty"`
	// MaxPages is the largest number of pages of the letter.
	MaxPages int `json:"maxPages,omitempty"`
	// MaxContentBytes is the largest decoded content stream, in bytes.
	MaxContentBytes int64 `json:"maxContentBytes,omitempty"`
	// MaxOutputBytes is the largest prepared file, in bytes.
	MaxOutputBytes int64 `json:"maxOutputBytes,omitempty"`
}

// WithDefaults returns the limits with those filled in that are not set.
func (l Limits) WithDefaults() Limits {
	if l.MaxBytes <= 0 {
		l.MaxBytes = DefaultMaxBytes
	}
	if l.MaxPages <= 0 {
		l.MaxPages = DefaultMaxPages
	}
	if l.MaxContentBytes <= 0 {
		l.MaxContentBytes = DefaultMaxContentBytes
	}
	if l.MaxOutputBytes <= 0 {
		l.MaxOutputBytes = DefaultMaxOutputBytes
	}
	return l
}

// WithoutPath drops the file name from an error of package os: names of
// documents are personal data.
func WithoutPath(err error) error {
	var le *os.LinkError
	if errors.As(err, &le) {
		return fmt.Errorf("%s: %w", le.Op, le.Err)
	}
	var pe *os.PathError
	if errors.As(err, &pe) {
		return fmt.Errorf("%s: %w", pe.Op, pe.Err)
	}
	return err
}
