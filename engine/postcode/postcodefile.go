// Package postcode holds the register of Norwegian postnummer, built in or read from Posten's file.
package postcode

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"postgang/engine/calendar"
)

// Form reports whether s has the form of a Norwegian postnummer: four digits.
func Form(s string) bool { return Digits(s, 4) }

// Load reads a register file that ImportPostcodes wrote, or Bring's file itself. Its day is in its name
// (postnummer-2026-11-22.tsv), else that of the file.
func Load(path string) (*Register, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := Parse(f)
	if err != nil {
		return nil, err
	}
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	if len(name) >= 10 {
		if day, err := time.ParseInLocation("2006-01-02", name[len(name)-10:], calendar.Oslo); err == nil {
			r.Dated = day
			return r, nil
		}
	}
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("postcode register: %w", err)
	}
	r.Dated = info.ModTime()
	return r, nil
}
