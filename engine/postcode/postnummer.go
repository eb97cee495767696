package postcode

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"

	"postgang/engine/identity"
)

// Category is Bring's category of a postnummer.
type Category byte

// The categories (Bring's postnummerregister).
const (
	PostcodeBoth   Category = 'B' // street addresses and boxes
	Several        Category = 'F' // several uses
	PostcodeStreet Category = 'G' // street addresses
	PostcodeBox    Category = 'P' // boxes
	Service        Category = 'S' // service; not used in addresses
)

// Entry is one row of the register.
type Entry struct {
	Postcode     string // four digits
	City         string // poststed, upper case in Bring's file
	Municipality string // kommunenummer
	Category     Category
}

// Register is a snapshot of Bring's register. A nil register knows nothing: then only the form of a postnummer
// is checked.
type Register struct {
	Dated time.Time // the day of the snapshot, as whoever imported it said
	rows  map[string]Entry
}

// MaxRegisterBytes limits a register file. Norway has some 5,100 postnummer, 0.25 MB.
const MaxRegisterBytes = 8 << 20

// maxRegisterErrors is how many bad lines are listed; who sees more has the wrong file.
const maxRegisterErrors = 20

// Parse reads Bring's tab-separated file (postnummer, poststed, kommunenummer, kommunenavn, kategori; no
// heading), in Windows-1252 as Bring publishes it or in UTF-8. One bad line refuses the file; the error names each bad
// line (at most 20) with its number and what is wrong.
func Parse(r io.Reader) (*Register, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxRegisterBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read postcode register: %w", err)
	}
	if len(data) > MaxRegisterBytes {
		return nil, fmt.Errorf("postcode register is larger than %d MB: not Bring's file", MaxRegisterBytes>>20)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		if data, err = charmap.Windows1252.NewDecoder().Bytes(data); err != nil {
			return nil, fmt.Errorf("postcode register: decode Windows-1252: %w", err)
		}
	}
	reg := &Register{rows: map[string]Entry{}}
	var bad []error
	i := -1
	for line := range strings.SplitSeq(string(data), "\n") {
		i++
		line = strings.TrimSuffix(line, "\r")
		if strings.TrimSpace(line) == "" {
			continue
		}
		p, err := parsePostcode(line)
		if err == nil {
			if _, twice := reg.rows[p.Postcode]; twice {
				err = errors.New("postnummer stands in the file twice")
			}
		}
		if err != nil {
			if bad = append(bad, fmt.Errorf("line %d: %w", i+1, err)); len(bad) == maxRegisterErrors {
				bad = append(bad, errors.New("further lines not checked"))
				break
			}
			continue
		}
		reg.rows[p.Postcode] = p
	}
	if len(bad) > 0 {
		return nil, fmt.Errorf("postcode register: %w", errors.Join(bad...))
	}
	if len(reg.rows) == 0 {
		return nil, errors.New("postcode register is empty")
	}
	return reg, nil
}

func parsePostcode(line string) (Entry, error) {
	f := strings.Split(line, "\t")
	if len(f) != 5 {
		return Entry{}, fmt.Errorf("want 5 columns separated by tabs (postnummer, poststed, kommunenummer, kommunenavn, kategori), found %d", len(f))
	}
	for i := range f {
		f[i] = strings.TrimSpace(f[i])
	}
	switch {
	case !Digits(f[0], 4):
		return Entry{}, errors.New("postnummer is not four digits")
	case f[1] == "" || utf8.RuneCountInString(f[1]) > 32 || !identity.Legible(f[1]):
		return Entry{}, errors.New("poststed is empty, longer than 32 characters or has unreadable ones")
	case !Digits(f[2], 4):
		return Entry{}, errors.New("kommunenummer is not four digits")
	case len(f[4]) != 1 || !strings.Contains("BFGPS", f[4]):
		return Entry{}, errors.New("kategori is none of B, F, G, P, S")
	}
	return Entry{Postcode: f[0], City: f[1], Municipality: f[2], Category: Category(f[4][0])}, nil
}

// Len is the number of postnummer in the register; 0 for nil.
func (p *Register) Len() int {
	if p == nil {
		return 0
	}
	return len(p.rows)
}

// Lookup finds a postnummer; false in a nil register.
func (p *Register) Lookup(postcode string) (Entry, bool) {
	if p == nil {
		return Entry{}, false
	}
	row, ok := p.rows[postcode]
	return row, ok
}

// SameCity compares poststeder without regard to case and spaces.
func SameCity(a, b string) bool {
	fold := func(s string) string {
		return strings.ToUpper(strings.Join(strings.Fields(norm.NFC.String(s)), " "))
	}
	return fold(a) == fold(b)
}

// Digits reports whether s is exactly n digits.
func Digits(s string, n int) bool {
	return len(s) == n && strings.Trim(s, "0123456789") == ""
}
