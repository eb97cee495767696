// Package receipt reads and writes the print vendor's receipt files in the format of its profile, and holds what they say against what
// was sent and what it should cost.
//
// A file with any problem is refused whole.
package receipt

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"postgang/billing/money"
	"postgang/billing/reading"
)

// Format describes the receipt file of one vendor as data of the vendor profile.
type Format struct {
	// Version is the text every row must carry in the column versjon. A file of another version is
	// refused: a silent change of format once made costs vanish (SvarUt changelog 2017-02-15).
	Version string `toml:"version"`
	// Encoding is "utf-8", "windows-1252", "utf-16" (either end first, told by its byte order mark) or "auto"
	// (UTF-8 when the bytes are valid UTF-8, else Windows-1252). A UTF-8 byte order mark is accepted with "utf-8" and "auto".
	Encoding string `toml:"encoding"`
	// Delimiter separates fields: one of ";", "," or a tab.
	Delimiter string `toml:"delimiter"`
	// DecimalSign is "," or ".". An amount with the other sign is a problem, never a guess.
	DecimalSign string `toml:"decimal_sign"`
	// Columns gives the vendor's own header for a column of ours, for headers that differ.
	Columns map[string]string `toml:"columns"`

	// Kinds says which values of the column type are which kind of row, as RowKind by the vendor's value. With none there is no
	// such column, and every row is RowProduced.
	Kinds map[string]RowKind `toml:"kinds"`
	// Reasons are, where Kinds has RowReturn, the vendor's values of the column returarsak, as ReturnReason by value. Empty: the
	// values are ours.
	Reasons map[string]ReturnReason `toml:"reasons"`

	// Syntax is one of the Syntax constants; empty: SyntaxCSV.
	Syntax string `toml:"syntax"`
	// Row is the name of what holds the rows: with SyntaxJSON the field with the list (empty: the document is the list),
	// with SyntaxXML the element of each row.
	Row string `toml:"row"`
	// Positions are, with SyntaxFixed, first character (from 1) and number of characters of each column of ours.
	Positions map[string][]int `toml:"positions"`
	// SkipLines is, with SyntaxFixed, how many lines stand before the rows.
	SkipLines int `toml:"skip_lines"`
	// Ignore are names of the vendor's that are known and not used. Any other unknown name stops the file.
	Ignore []string `toml:"ignore"`
	// Amount is the unit of amounts, UnitKroner (default) or UnitOre.
	Amount string `toml:"amount"`
	// Weight is the unit of the weight, UnitGram (default) or UnitKilogram.
	Weight string `toml:"weight"`
	// Time is the form of postlagt, of YYYY MM DD HH mm ss and signs between them, in Location; without a time of day it is
	// the day's beginning. M, D and H are without a zero before them. Empty: RFC 3339 with offset.
	Time string `toml:"time"`
	// Location is where times without an offset are meant (Europe/Oslo); required with Time. No setting, but handed in by whoever
	// reads the settings: loading a zone asks the machine for its time zone data, which may be missing.
	Location *time.Location `toml:"-"`
	// GroupSign separates groups of three digits in amounts in kroner: a space (of any width), ".", "," or "'". Empty: there are none.
	GroupSign string `toml:"group_sign"`
	// Trailer is, with SyntaxCSV and SyntaxFixed, how the last line begins, which is no row: a sum, or an end record. A file without
	// it is cut off.
	Trailer string `toml:"trailer"`
	// Trimmed is, with SyntaxFixed, whether blanks at the end of lines are left out.
	Trimmed bool `toml:"trimmed"`
}

// DefaultFormat is version 1 of our own receipt format: semicolons, decimal comma, either encoding.
func DefaultFormat() Format {
	return Format{Version: "1", Encoding: "auto", Delimiter: ";", DecimalSign: ","}
}

// Columns of the receipt file, version 1, after the fields of SvarUt's print receipt (KS SvarUt
// course 2014, slide 39), with the join keys versjon, jobb, forsendelse, print_id and postlagt added.
const (
	ColVersion        = "versjon"
	ColJob            = "jobb"
	ColShipment       = "forsendelse"
	ColPrintID        = "print_id"
	ColPosted         = "postlagt"
	ColPagesBW        = "sider_sh"
	ColPagesColour    = "sider_farge"
	ColEnvAuto        = "konv_auto"
	ColExtraAuto      = "ekstra_auto"
	ColEnvManual      = "konv_manuell"
	ColExtraManual    = "ekstra_manuell"
	ColWeight         = "vekt_gram"
	ColProduction     = "produksjonskostnad"
	ColPostage        = "porto"
	ColKonteringskode = "konteringskode"
	ColKind           = "type"       // only with Format.Kinds
	ColReason         = "returarsak" // only with a RowReturn among them
)

// RowKind is what a row says about the letter.
type RowKind string

// Kinds of rows.
const (
	RowProduced   RowKind = "produced"   // it was posted, at this cost
	RowCorrection RowKind = "correction" // its earlier receipt was wrong, and this one is right
	RowReversal   RowKind = "reversal"   // its earlier receipt is taken back: the letter is not charged
	RowReturn     RowKind = "return"     // it came back at the time in postlagt; it changes no cost
)

// ReturnReason is why a letter came back.
type ReturnReason string

// Reasons of returned mail.
const (
	ReturnMoved     ReturnReason = "flyttet"
	ReturnUnknown   ReturnReason = "ukjent"      // the recipient is not known at the address
	ReturnAddress   ReturnReason = "adresse"     // there is no such address, or it cannot be read
	ReturnRefused   ReturnReason = "nektet"      // the recipient does not take it
	ReturnUnclaimed ReturnReason = "ikke-hentet" // not fetched in time
	ReturnDeceased  ReturnReason = "dod"         // the recipient is dead
	ReturnOther     ReturnReason = "annet"
)

// Valid reports whether r is a reason of returned mail.
func (r ReturnReason) Valid() bool { return slices.Contains(returnReasons, r) }

// ReturnReasons are all reasons of returned mail.
func ReturnReasons() []ReturnReason { return slices.Clone(returnReasons) }

var returnReasons = []ReturnReason{ReturnMoved, ReturnUnknown, ReturnAddress, ReturnRefused, ReturnUnclaimed, ReturnDeceased, ReturnOther}

var receiptColumns = []string{
	ColVersion, ColJob, ColShipment, ColPrintID, ColPosted, ColPagesBW, ColPagesColour, ColEnvAuto, ColExtraAuto,
	ColEnvManual, ColExtraManual, ColWeight, ColProduction, ColPostage, ColKonteringskode,
}

// Columns gives the column names of version 1 in the order in which Encode writes them.
func Columns() []string { return slices.Clone(receiptColumns) }

// Limits of one receipt row. They are far above any real letter, and low enough that sums over
// millions of rows cannot overflow.
const (
	// MaxAmount is the highest production cost or postage of one letter: 1 000 000,00 kroner.
	MaxAmount money.Ore = 1_000_000_00
	// MaxCount is the highest number of pages, sheets, envelopes or grams of one letter.
	MaxCount = 1_000_000
	// MaxRows is the highest number of rows of one file.
	MaxRows = 1_000_000
)

// Row is what the vendor reports for one posted letter.
type Row struct {
	Line     int    // line in the file, counted from 1 with the header as line 1
	Job      string // our job id
	Shipment string // our shipment id
	PrintID  string // the vendor's own id; may be empty
	// PostedAt is when the letter was posted, in UTC.
	PostedAt          time.Time
	PagesBW           int // black-and-white pages
	PagesColour       int // colour pages
	EnvelopesAuto     int // envelopes filled by machine, each with its first sheet: 0 or 1 per letter
	ExtraSheetsAuto   int // sheets beyond the first in a machine-filled envelope
	EnvelopesManual   int // envelopes filled by hand, each with its first sheet
	ExtraSheetsManual int // sheets beyond the first in a hand-filled envelope
	WeightGram        int // gram
	// Production and Postage are øre, net of VAT.
	Production, Postage money.Ore
	// Konteringskode is the code the vendor has put the cost on; may be empty.
	Konteringskode string
	// Kind is RowCorrection, RowReversal or RowReturn, or empty: RowProduced.
	Kind RowKind `json:",omitempty"`
	// Reason is why the letter came back, of a RowReturn.
	Reason ReturnReason `json:",omitempty"`
}

// Pages is the number of printed pages.
func (r Row) Pages() int { return r.PagesBW + r.PagesColour }

// Sheets is the number of sheets in the envelope: the first of each envelope and the extra ones.
func (r Row) Sheets() int {
	return r.EnvelopesAuto + r.ExtraSheetsAuto + r.EnvelopesManual + r.ExtraSheetsManual
}

// Net is production and postage together, in øre net of VAT.
func (r Row) Net() money.Ore { return r.Production + r.Postage }

// SameFacts reports whether two rows say the same of the same letter, whatever their line.
func (r Row) SameFacts(other Row) bool {
	r.Line, other.Line = 0, 0
	same := r.PostedAt.Equal(other.PostedAt)
	r.PostedAt, other.PostedAt = time.Time{}, time.Time{}
	return same && r == other
}

// Validate reports what is wrong with a format, nil when it can be used.
func (f Format) Validate() error {
	switch {
	case f.Version == "":
		return fmt.Errorf("receipt format: version is empty")
	case f.Encoding != "auto" && f.Encoding != "utf-8" && f.Encoding != "windows-1252" && f.Encoding != reading.EncodingUTF16:
		return fmt.Errorf("receipt format: encoding %q is none of auto, utf-8, windows-1252, utf-16", f.Encoding)
	case f.Delimiter != ";" && f.Delimiter != "," && f.Delimiter != "\t":
		return fmt.Errorf("receipt format: delimiter %q is none of semicolon, comma, tab", f.Delimiter)
	case f.DecimalSign != "," && f.DecimalSign != ".":
		return fmt.Errorf("receipt format: decimal_sign %q is neither comma nor point", f.DecimalSign)
	case f.DecimalSign == f.Delimiter:
		return fmt.Errorf("receipt format: delimiter and decimal_sign are the same")
	}
	if err := f.validateSyntax(); err != nil {
		return err
	}
	seen := map[string]string{}
	if len(f.Kinds) > 0 && f.kindValue("") == "" {
		return fmt.Errorf("receipt format: kinds has no value for %s", RowProduced)
	}
	for value, kind := range f.Kinds {
		if strings.TrimSpace(value) != value || value == "" || kind != RowProduced && kind != RowCorrection && kind != RowReversal && kind != RowReturn {
			return fmt.Errorf("receipt format: kinds must be values of the vendor's, each %s, %s, %s or %s", RowProduced, RowCorrection, RowReversal, RowReturn)
		}
	}
	if len(f.Reasons) > 0 && f.kindValue(RowReturn) == "" {
		return fmt.Errorf("receipt format: reasons are for rows of kind %s, which kinds has no value for", RowReturn)
	}
	for value, reason := range f.Reasons {
		if strings.TrimSpace(value) != value || value == "" || !slices.Contains(returnReasons, reason) {
			return fmt.Errorf("receipt format: reasons must be values of the vendor's, each one of %v", returnReasons)
		}
	}
	for _, col := range f.columns() {
		name := f.header(col)
		if name == "" || strings.TrimSpace(name) != name || strings.ContainsAny(name, "\r\n\"") {
			return fmt.Errorf("receipt format: header for column %s is empty or has spaces, quotes or line breaks", col)
		}
		if other, twice := seen[name]; twice {
			return fmt.Errorf("receipt format: columns %s and %s have the same header", other, col)
		}
		seen[name] = col
	}
	for col := range f.Columns {
		if !slices.Contains(f.columns(), col) {
			return fmt.Errorf("receipt format: %q is not a column of the receipt; the columns are %s", col, strings.Join(f.columns(), ", "))
		}
	}
	return nil
}

// columns are our names of the columns that a file of the format has.
func (f Format) columns() []string {
	if len(f.Kinds) == 0 {
		return receiptColumns
	}
	columns := append(slices.Clone(receiptColumns), ColKind)
	if f.kindValue(RowReturn) != "" {
		columns = append(columns, ColReason)
	}
	return columns
}

// kindValue is the vendor's value for a kind, the first by the alphabet; empty: there is none.
func (f Format) kindValue(kind RowKind) string {
	return valueOf(f.Kinds, cmp.Or(kind, RowProduced))
}

// valueOf is the first key by the alphabet that a map has for a value; empty: there is none.
func valueOf[T comparable](m map[string]T, wanted T) string {
	first := ""
	for key, v := range m {
		if v == wanted && (first == "" || key < first) {
			first = key
		}
	}
	return first
}

// reasonValue is the vendor's value for a reason; empty: there is none.
func (f Format) reasonValue(reason ReturnReason) string {
	if len(f.Reasons) == 0 && slices.Contains(returnReasons, reason) {
		return string(reason)
	}
	return valueOf(f.Reasons, reason)
}

// reason reads the vendor's value.
func (f Format) reason(value string) (ReturnReason, bool) {
	if len(f.Reasons) == 0 {
		return ReturnReason(value), slices.Contains(returnReasons, ReturnReason(value))
	}
	r, known := f.Reasons[value]
	return r, known
}

// header gives the header the vendor uses for a column of ours.
func (f Format) header(col string) string {
	if name, ok := f.Columns[col]; ok {
		return name
	}
	return col
}
