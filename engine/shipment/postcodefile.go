package shipment

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// PostcodeForm reports whether s has the form of a Norwegian postnummer: four digits.
func PostcodeForm(s string) bool { return digits(s, 4) }

// LoadPostcodes reads a register file that ImportPostcodes wrote, or Bring's file itself. Its day is in its name
// (postnummer-2026-11-22.tsv), else that of the file.
func LoadPostcodes(path string) (*PostcodeRegister, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := ParsePostcodeRegister(f)
	if err != nil {
		return nil, err
	}
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	if len(name) >= 10 {
		if day, err := time.ParseInLocation("2006-01-02", name[len(name)-10:], Oslo); err == nil {
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
