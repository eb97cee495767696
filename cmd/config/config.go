// Package config reads postgang.toml: one file with every setting, and the environment for secrets. A setting that is
// unknown, contradictory or missing is an error that names the line and the remedy; all of them are told at once.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"net/mail"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"postgang/billing/codes"
	"postgang/billing/figures"
	"postgang/billing/invoice"
	"postgang/billing/ledger"
	"postgang/billing/money"
	"postgang/billing/price"
	"postgang/billing/receipt"
	"postgang/engine/calendar"
	"postgang/engine/collect"
	"postgang/engine/digital/enhetsregisteret"
	"postgang/engine/digital/krr"
	"postgang/engine/maskinporten"
	"postgang/engine/nights"
	"postgang/engine/node"
	"postgang/engine/notify"
	"postgang/engine/party"
	"postgang/engine/postcode"
	"postgang/engine/retention"
	"postgang/engine/shipment"
	"postgang/printjobs"
	"postgang/printjobs/cover"
	"postgang/printjobs/exchange"
	"postgang/printjobs/impose"
	"postgang/printjobs/prepare"
	"postgang/printjobs/printoppdrag"
)

// DefaultName is the configuration file that commands look for in the working folder.
const DefaultName = "postgang.toml"

// PackagedPath is where a package puts the configuration.
const PackagedPath = "/etc/postgang/" + DefaultName

// EnvDatabase names the environment variable that overrides archive.database.
const EnvDatabase = "POSTGANG_DATABASE"

// File is postgang.toml as it is written. Relative paths are relative to the folder of the file.
type File struct {
	Archive Archive `toml:"archive"`
	// Documents says how documents are kept, when not as they are in a folder.
	Documents Documents `toml:"documents"`
	Intake    Intake    `toml:"intake"`
	Prepare   Prepare   `toml:"prepare"`
	Schedule  Schedules `toml:"schedule"`
	Report    Report    `toml:"report"`
	Alarms    Alarms    `toml:"alarms"`
	Health    Health    `toml:"health"`
	Node      Node      `toml:"node"`
	Morning   Morning   `toml:"morning"`
	HTTP      HTTP      `toml:"http"`
	Register  Register  `toml:"enhetsregisteret"`
	// Maskinporten and KRR are needed by accounts that ask digital channels alone.
	Maskinporten Maskinporten     `toml:"maskinporten"`
	KRR          KRR              `toml:"krr"`
	Download     Download         `toml:"download"`
	Console      Console          `toml:"console"`
	Altinn       Altinn           `toml:"altinn"`
	DPI          map[string]*DPI  `toml:"dpi"`
	Benefit      map[string]Input `toml:"kost_nytte"`
	Guard        Guard            `toml:"guard"`
	Access       Access           `toml:"access"`
	Retention    Retention        `toml:"retention"`
	Backup       Backup           `toml:"backup"`
	// Vouchers for accounting systems, by name.
	Vouchers map[string]*ledger.VoucherProfile `toml:"vouchers"`
	Vendors  map[string]*Vendor                `toml:"vendors"`
	Accounts map[string]*Account               `toml:"accounts"`
	// Organisations that the accounts belong to, by key; roles in the console are given for them.
	Organisations map[string]*Organisation `toml:"organisations"`
}

// Access says what persons may do alone.
type Access struct {
	TwoPersons *bool `toml:"two_persons"` // what cannot be undone takes two; default true
}

// Guard caps what the letters of a day may be expected to cost, kroner net of VAT as text; 0 or nothing: no cap.
type Guard struct {
	Day      money.Decimal            `toml:"day_kr"`
	Account  money.Decimal            `toml:"account_kr"`
	Accounts map[string]money.Decimal `toml:"accounts"` // instead of account_kr
	Code     money.Decimal            `toml:"code_kr"`
	Codes    map[string]money.Decimal `toml:"codes"` // instead of code_kr
}

// Archive says where rows, documents and scratch files are kept.
type Archive struct {
	Database  string `toml:"database"`  // "sqlite:PATH" or "postgres://…" without password (PGPASSWORD, PGPASSFILE)
	Documents string `toml:"documents"` // folder of the content-addressed documents
	Work      string `toml:"work"`      // scratch folder
}

// Intake is the drop folder and what hand-ins are checked against.
type Intake struct {
	Folder    string    `toml:"folder"`
	Settle    *Duration `toml:"settle"`    // how long a hand-in must be unchanged before it is taken
	Every     *Duration `toml:"every"`     // how often serve looks
	Postcodes string    `toml:"postcodes"` // postnummer register, Bring's tab-separated form; empty: only the form is checked
}

// Prepare bounds the guarded worker processes that read untrusted PDFs.
type Prepare struct {
	Workers  int      `toml:"workers"`   // 0: one a core
	CPU      Duration `toml:"cpu"`       // processor time a letter
	Timeout  Duration `toml:"timeout"`   // wall time a letter, the backstop
	MemoryMB int      `toml:"memory_mb"` // a worker
	OutputMB int      `toml:"output_mb"` // a prepared letter
}

// Pool is how the workers are set up; what is not set has the default of prepare.
func (p Prepare) Pool() prepare.PoolOptions {
	return prepare.PoolOptions{
		Workers: p.Workers, Timeout: time.Duration(p.Timeout), CPU: time.Duration(p.CPU),
		Memory: int64(p.MemoryMB) << 20, Output: int64(p.OutputMB) << 20,
	}
}

// Schedules are robfig/cron expressions in Europe/Oslo; empty: never.
type Schedules struct {
	Night    string `toml:"night"`
	Receipts string `toml:"receipts"`
	Report   string `toml:"report"`
	// Retention erases what has been kept for its time.
	Retention string `toml:"retention"`
	// Backup makes a backup, to the folder of [backup].
	Backup  string `toml:"backup"`
	CatchUp *bool  `toml:"catch_up"` // run a night or report missed while the process was down; default true
	// On public holidays: run, skip, next or previous; default run.
	NightHolidays nights.OnHoliday `toml:"night_holidays"`
	// Morning tells how it went, to those of [morning].
	Morning         string           `toml:"morning"`
	MorningHolidays nights.OnHoliday `toml:"morning_holidays"`
	ReportHolidays  nights.OnHoliday `toml:"report_holidays"`
}

// Report says where scheduled workbooks go.
type Report struct {
	Folder       string `toml:"folder"`
	Organisation string `toml:"organisation"` // stands in the workbook's title and headers
	Template     string `toml:"template"`     // a workbook whose sheets stand first; relative to this file
	CSV          bool   `toml:"csv"`          // the tables as CSV, and the file for the accounting system, beside scheduled workbooks
	// MailTo gets scheduled workbooks by e-mail, through the server of [alarms.mail].
	MailTo []string `toml:"mail_to"`
	// SFTP gets scheduled workbooks, each under a name from its content.
	SFTP *ReportSFTP `toml:"sftp"`
	// LedgerColumns are those of the file for the accounting system; none: ledger.DefaultExport.
	LedgerColumns  []ledger.ExportColumn `toml:"ledger_columns"`
	LedgerEncoding string                `toml:"ledger_encoding"` // of ledger.Encodings; default utf-8
	DefaultCode    string                `toml:"default_code"`    // konteringskode in the file of what has none
}

// Login says how an SFTP server is reached.
type Login struct {
	Address          string `toml:"address"`
	User             string `toml:"user"`
	HostKey          string `toml:"host_key"`
	HostKeyFile      string `toml:"host_key_file"`
	KeyFile          string `toml:"key_file"`
	KeyPassphraseEnv string `toml:"key_passphrase_env"`
	CertFile         string `toml:"cert_file"`
	Agent            bool   `toml:"agent"`
	PasswordEnv      string `toml:"password_env"`
}

// ReportSFTP is a server that scheduled workbooks are brought to.
type ReportSFTP struct {
	Login
	Folder string `toml:"folder"`
}

// Input is one input of the kost/nytte model.
type Input struct {
	Value  string `toml:"value"`  // decimal number with comma or point, as text
	Source string `toml:"source"` // oppgitt, illustrativ or faktisk
	Note   string `toml:"note"`
	Year   int    `toml:"year"` // whose prices it is in; 0: not said
}

// Vendor is a print vendor's profile.
type Vendor struct {
	Login
	Name             string             `toml:"name"`
	Kind             string             `toml:"kind"`               // KindSFTP (or nothing) or KindManual
	Contract         string             `toml:"profile"`            // ProfilePostgang (or nothing), or printoppdrag.Version
	Printoppdrag     *Printoppdrag      `toml:"printoppdrag"`       // with that profile
	ManualWithin     *int               `toml:"manual_within_days"` // 1 to 365
	Folders          Folders            `toml:"folders"`
	ConcurrentWrites *bool              `toml:"concurrent_writes"`
	OfferFrom        string             `toml:"offer_from"` // HH:MM, Europe/Oslo
	OfferTo          string             `toml:"offer_to"`
	LettersPerHour   int                `toml:"letters_per_hour"`          // offered; 0: no limit
	LettersPerDay    int                `toml:"letters_per_day"`           // offered in 24 hours; 0: no limit
	PrintWindow      *int               `toml:"print_window_days"`         // 1 to 3650
	AnswerWithin     string             `toml:"answer_within"`             // Go duration
	ReceiptWithin    *int               `toml:"receipt_within_virkedager"` // 1 to 60
	Print            Print              `toml:"print"`
	Press            *Press             `toml:"press"`
	Marks            Marks              `toml:"marks"`
	Window           Window             `toml:"window"`
	Checks           Checks             `toml:"checks"`
	Receipts         receipt.Format     `toml:"receipts"`
	Invoice          invoice.Format     `toml:"invoice"`
	VAT              *ledger.VAT        `toml:"vat"`
	Tolerances       receipt.Tolerances `toml:"tolerances"`
	Prices           []price.Price      `toml:"prices"`
}

// Kinds of vendors.
const (
	KindSFTP   = "sftp"    // a print vendor who picks up over SFTP
	KindManual = "manuell" // people here print and post
)

// ProfilePostgang is the profile of a vendor who keeps our own contract, docs/vendor-exchange.md.
const ProfilePostgang = "postgang"

// Printoppdrag is what was agreed with a vendor who takes print orders.
type Printoppdrag struct {
	CustomerID         string `toml:"customer_id"`          // kundeId
	Priority           string `toml:"priority"`             // "A" or "B"
	DocumentType       string `toml:"document_type"`        // dokumentType
	DocumentTypeColour string `toml:"document_type_colour"` // of letters with colour
}

// Folders are the vendor's SFTP folders.
type Folders struct {
	Inbox        string `toml:"inbox"`
	Answers      string `toml:"answers"`
	Receipts     string `toml:"receipts"`
	ReceiptsDone string `toml:"receipts_done"`
}

// Print is what the vendor prints and how; what is not set has the default of printjobs.DefaultProfile.
type Print struct {
	Cover            *string `toml:"cover"`         // "sheet" or "none"
	Giro             *string `toml:"giro"`          // "pad" or "reject"
	C5MaxSheets      *int    `toml:"c5_max_sheets"` // sources disagree between 6 and 7 (docs/sources.md, Envelopes)
	C4MaxSheets      *int    `toml:"c4_max_sheets"`
	AutoMaxSheets    *int    `toml:"auto_max_sheets"`
	CountCover       *bool   `toml:"count_cover_sheet"`
	SheetMilligram   *int64  `toml:"sheet_milligram"`
	C5Milligram      *int64  `toml:"c5_milligram"`
	C4Milligram      *int64  `toml:"c4_milligram"`
	ParcelMilligram  *int64  `toml:"parcel_milligram"`
	PoolAccounts     bool    `toml:"pool_accounts"`
	MaxLettersPerJob *int    `toml:"max_letters_per_job"`
	MaxSheetsPerFile *int    `toml:"max_sheets_per_file"`
	MaxBytesPerFile  *int64  `toml:"max_bytes_per_file"`
	PDFVersion       *string `toml:"pdf_version"`

	MaxSheetsPerJob   *int                `toml:"max_sheets_per_job"`
	MaxBytesPerJob    *int64              `toml:"max_bytes_per_job"`
	MaxLettersPerFile *int                `toml:"max_letters_per_file"`
	Group             []printjobs.SortKey `toml:"group"` // kept apart in jobs of their own
	Sort              []printjobs.SortKey `toml:"sort"`  // order within a job; "-" before a key: descending
	ControlSheets     bool                `toml:"control_sheets"`
	DocumentParts     bool                `toml:"document_parts"`
	MergeFonts        bool                `toml:"merge_fonts"`
	Trays             map[string]string   `toml:"trays"` // by kind of paper: plain, cover, giro, control

	Paper     string `toml:"paper"`
	GiroPaper string `toml:"giro_paper"`
	Service   string `toml:"service"`
}

// Window is the envelope's window and the zones of the cover, mm from the sheet's top left corner; what is not set has
// the default of cover.DefaultLayout.
type Window struct {
	X              *float64 `toml:"x_mm"`
	Y              *float64 `toml:"y_mm"`
	W              *float64 `toml:"width_mm"`
	H              *float64 `toml:"height_mm"`
	SafeX          *float64 `toml:"safe_x_mm"`
	SafeY          *float64 `toml:"safe_y_mm"`
	SafeW          *float64 `toml:"safe_width_mm"`
	SafeH          *float64 `toml:"safe_height_mm"`
	AddressX       *float64 `toml:"address_x_mm"`
	RecipientPt    *float64 `toml:"recipient_pt"`
	MatrixRight    *float64 `toml:"datamatrix_right_mm"`
	MatrixY        *float64 `toml:"datamatrix_y_mm"`
	Module         *float64 `toml:"datamatrix_module_mm"`
	Edge           *float64 `toml:"unprintable_edge_mm"`
	InserterX      *float64 `toml:"inserter_x_mm"`
	InserterY      *float64 `toml:"inserter_y_mm"`
	InserterWidth  *float64 `toml:"inserter_width_mm"`
	InserterHeight *float64 `toml:"inserter_height_mm"`
}

// Checks are the prechecks of PDFs, each level "error", "warning" or "off"; what is not set has the default of
// prepare.Checks.
type Checks struct {
	Encryption      prepare.Level      `toml:"encryption"`
	PageSize        prepare.Level      `toml:"page_size"`
	PageToleranceMM *float64           `toml:"page_tolerance_mm"`
	PageAction      prepare.PageAction `toml:"page_size_action"` // "scale", "crop" or "refuse"
	PageCropMM      *float64           `toml:"page_crop_mm"`
	MinScale        *float64           `toml:"min_scale_percent"` // of a page that is made to fit A4
	MaxScale        *float64           `toml:"max_scale_percent"`
	Portfolio       prepare.Level      `toml:"portfolio"`
	Attachments     prepare.Level      `toml:"attachments"`
	BlankLetter     prepare.Level      `toml:"blank_letter"`
	TooManyPages    prepare.Level      `toml:"too_many_pages"`
	MaxPages        int                `toml:"max_pages"` // of a letter; 0: no limit of the vendor's
	TooManySheets   prepare.Level      `toml:"too_many_sheets"`
	MaxSheets       int                `toml:"max_sheets"` // of a letter with its cover; 0: no limit of the vendor's
	PDFVersion      prepare.Level      `toml:"pdf_version"`
	MaxPDFVersion   string             `toml:"max_pdf_version"`
	FontNotEmbedded prepare.Level      `toml:"font_not_embedded"`
	ImageResolution prepare.Level      `toml:"image_resolution"`
	MinDPI          *float64           `toml:"min_dpi"`
	Repaired        prepare.Level      `toml:"repaired"`
	Edge            prepare.Level      `toml:"unprintable_edge"` // four zones as wide as window.unprintable_edge_mm
	Inserter        prepare.Level      `toml:"inserter_zone"`    // the zone window.inserter_…, by default x 0 to 15, y 95 to 175 mm
	MarkZones       prepare.Level      `toml:"mark_zones"`       // where the marks of every sheet stand; default warning where there are any
	Zones           []Zone             `toml:"zones"`
}

// Zone is a part of the upright A4 page where nothing may be printed, mm from its top left corner.
type Zone struct {
	Name     string        `toml:"name"`
	XMM      float64       `toml:"x_mm"`
	YMM      float64       `toml:"y_mm"`
	WidthMM  float64       `toml:"width_mm"`
	HeightMM float64       `toml:"height_mm"`
	Level    prepare.Level `toml:"level"`
}

// Account is a sending unit.
type Account struct {
	Name   string `toml:"name"`
	Vendor string `toml:"vendor"`
	KRR    bool   `toml:"krr"` // KRR is asked about its letters to people
	Sender Sender `toml:"sender"`
	Rules  Rules  `toml:"rules"`
	// Language of the forside's labels: nb (or nothing), nn, se or en.
	Language cover.Language `toml:"language"`
	// KontoID is SvarUt's kontoId, which callers name it by over the network.
	KontoID string `toml:"konto_id"`
	// V3Statuses are the words of REST V3 for a notified recipient: StatusesNew or StatusesOld.
	V3Statuses string `toml:"v3_statuses"`
	// AskRegister: organisations are looked up in Enhetsregisteret.
	AskRegister bool `toml:"enhetsregisteret"`
	// Altinn: its letters are sent through Altinn too.
	Altinn *AltinnAccount `toml:"altinn"`
	// Fixed are the settings that are changed here alone, and not from a day on in the console.
	Fixed []party.Setting `toml:"fixed"`
	// Retention: its letters are kept for another time.
	Retention Retention `toml:"retention"`
}

// Sender is what the cover shows of the account.
type Sender struct {
	Name     string `toml:"name"`
	Line1    string `toml:"line1"`
	Line2    string `toml:"line2"`
	Line3    string `toml:"line3"`
	Postcode string `toml:"postcode"`
	City     string `toml:"city"`
	LogoFile string `toml:"logo_file"`
	Text     string `toml:"text"` // forsidetekst
}

// Rules override shipment.DefaultRules for an account.
type Rules struct {
	DeadlineHours        *int      `toml:"deadline_hours"`
	DeadlineWorkdays     *int      `toml:"deadline_virkedager"`
	Count24Dec           *bool     `toml:"count_24_dec"`
	Count31Dec           *bool     `toml:"count_31_dec"`
	ForwardOrganisations *bool     `toml:"forward_organisations"`
	NationalID           *string   `toml:"national_id"`
	AllowSynthetic       *bool     `toml:"allow_synthetic"`
	MaxBytes             *int64    `toml:"max_bytes"`
	DuplicateLimit       *int      `toml:"duplicate_limit"`
	DuplicateWindow      *Duration `toml:"duplicate_window"`
	GiroReject           *bool     `toml:"giro_reject"`
}

// Duration is a time.Duration written as "2s" or "15m".
type Duration time.Duration

// UnmarshalText parses "2s" and the like.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil || v < 0 {
		return fmt.Errorf("%q is no duration such as \"2s\" or \"15m\"", b)
	}
	*d = Duration(v)
	return nil
}

// Config is a checked configuration, ready to be wired.
type Config struct {
	Path           string        // of the file
	Database       string        // sqlite:ABSOLUTE or postgres://…
	Documents      string        // folder; empty: they are in a bucket
	Store          DocumentStore // how they are kept
	Work           string
	Inbox          string
	Settle, Every  time.Duration
	PostcodeFile   string
	Postcodes      *postcode.Register // nil: none
	Prepare        Prepare
	Schedules      []nights.Schedule
	ReportFolder   string
	Organisation   string
	ReportCSV      bool
	ReportBook     string       // template; empty: none
	ReportMail     *notify.Mail // nil: workbooks are not sent
	ReportMailTo   []string
	ReportSFTP     *exchange.Target // whose inbox workbooks go to; nil: none
	LedgerColumns  []ledger.ExportColumn
	LedgerEncoding string
	DefaultCode    string
	Vouchers       []NamedVoucher // by name
	Alarms         []notify.Sink  // without the log
	AlarmsEvery    time.Duration
	Rules          nights.WatchRules // without FreeBytes
	Health         string            // address; empty: none
	Ping           notify.Ping       // told of each night; without an address: nobody is
	MorningMailTo  []string          // who gets the report of the morning; none: nobody
	MorningMail    *notify.Mail      // by which server
	MorningWebhook *notify.Webhook   // nil: it is posted nowhere
	Node           string            // the name of this machine
	Roles          []node.Role       // what serve does on it
	Fingerprint    string            // of what several machines must have alike
	HTTP           Listen
	Register       enhetsregisteret.Config
	Download       Reading
	Console        Managing
	KontoIDs       map[string]string // of accounts that have one, lower case
	OldStatuses    map[string]bool   // accounts whose software knows VARSLET in REST V3
	Benefit        figures.CostBenefitInputs
	Maskinporten   *maskinporten.ClientConfig // nil: nothing needs access tokens
	Altinn         *AltinnSettings            // nil: no account sends through it
	DPI            []DPISource
	KRR            *krr.Config          // without Tokens; nil: no account asks it
	Accounts       []party.Account      // by key
	Organisations  []party.Organisation // by key
	Vendors        []party.Vendor       // by key
	Guard          collect.Guard
	TwoPersons     bool                      // what cannot be undone takes two persons
	Retention      map[string]retention.Rule // by account
	Backup         BackingUp
	Files          []NamedFile // that the configuration names, itself first
}

// Problem is one thing wrong with the file.
type Problem struct {
	File string
	Line int    // 1-based; 0: the file as a whole
	Key  string // dotted path of the setting
	Text string // what is wrong and what to do
}

func (p Problem) String() string {
	at := p.File
	if p.Line > 0 {
		at = fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	if p.Key != "" {
		return at + ": " + p.Key + ": " + p.Text
	}
	return at + ": " + p.Text
}

// Error lists everything that is wrong with a configuration.
type Error struct{ Problems []Problem }

func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return "configuration:\n  " + strings.Join(lines, "\n  ")
}

// ErrNone says that there is no configuration file, or none that can be read.
var ErrNone = errors.New("there is no configuration")

// maxFile is far above a configuration with long price lists.
const maxFile = 8 << 20

// Load reads and checks a configuration file.
func Load(path string) (*Config, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > maxFile {
		return nil, fmt.Errorf("%s is larger than %d MB: is it a configuration?", path, maxFile>>20)
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w at %s: run \"postgang init\" to write one, or name it with --config", ErrNone, path)
	}
	if err != nil {
		return nil, fmt.Errorf("%w that can be read: %w", ErrNone, err)
	}
	return Parse(path, data)
}

// Parse checks a configuration; path says where it lies, for relative paths and messages.
func Parse(path string, data []byte) (*Config, error) {
	c := &checker{path: path, dir: filepath.Dir(path), lines: positions(data)}
	var doc map[string]any
	if err := toml.Unmarshal(data, &doc); err != nil {
		c.syntaxError(err)
		return nil, c.err()
	}
	// What has the right shape is decoded and checked whatever else is wrong, so that all is told at once.
	shaped, err := toml.Marshal(c.shape(doc, reflect.TypeFor[File](), ""))
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	var f File
	if err := toml.Unmarshal(shaped, &f); err != nil {
		c.decodeError(err)
		return nil, c.err()
	}
	c.checkCredentials("", doc)
	cfg := c.config(f)
	if err := c.err(); err != nil {
		return nil, err
	}
	cfg.Fingerprint, err = fingerprint(doc)
	return cfg, err
}

// checker collects problems while it turns the file into a Config.
type checker struct {
	path, dir string
	lines     map[string]int
	problems  []Problem
}

func (c *checker) err() error {
	if len(c.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(c.problems, func(a, b Problem) int { return a.Line - b.Line })
	return &Error{c.problems}
}

// add notes a problem at a setting; the line is the setting's, or that of the nearest table around it.
func (c *checker) add(key, format string, args ...any) {
	line := 0
	for k := key; ; {
		if l, ok := c.lines[k]; ok {
			line = l
			break
		}
		var ok bool
		if k, ok = parent(k); !ok {
			break
		}
	}
	c.problems = append(c.problems, Problem{File: filepath.Base(c.path), Line: line, Key: key, Text: fmt.Sprintf(format, args...)})
}

// syntaxError tells where a file is no TOML; nothing else of it can be told.
func (c *checker) syntaxError(err error) {
	var e *toml.DecodeError
	if !errors.As(err, &e) {
		c.problems = append(c.problems, Problem{File: filepath.Base(c.path), Text: err.Error()})
		return
	}
	row, column := e.Position()
	c.problems = append(c.problems, Problem{File: filepath.Base(c.path), Line: row, Key: strings.Join(e.Key(), "."),
		Text: fmt.Sprintf("this is no TOML at character %d: %s. Mend it first: what comes after cannot be read", column, strings.TrimPrefix(e.Error(), "toml: "))})
}

// decodeError tells what a setting cannot hold although its kind is right, such as a number that is too large.
func (c *checker) decodeError(err error) {
	var e *toml.DecodeError
	if !errors.As(err, &e) {
		c.problems = append(c.problems, Problem{File: filepath.Base(c.path), Text: err.Error()})
		return
	}
	c.add(strings.Join(e.Key(), "."), "%s", strings.TrimPrefix(e.Error(), "toml: "))
}

// abs makes a path of the file absolute. A credential of systemd lies where systemd has laid it.
func (c *checker) abs(p string) string {
	if isCredential(p) {
		return credentialFile(p)
	}
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	abs, err := filepath.Abs(filepath.Join(c.dir, p))
	if err != nil {
		return filepath.Join(c.dir, p)
	}
	return abs
}

var keyPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

func (c *checker) config(f File) *Config {
	cfg := &Config{
		Path: c.path, Documents: c.abs(orElse(f.Archive.Documents, "data/dokumenter")), Work: c.abs(orElse(f.Archive.Work, "data/arbeid")),
		Inbox: c.abs(orElse(f.Intake.Folder, "data/post")), Settle: orDuration(f.Intake.Settle, 2*time.Second), Every: orDuration(f.Intake.Every, 15*time.Second),
		PostcodeFile: c.abs(f.Intake.Postcodes), Prepare: f.Prepare, ReportFolder: c.abs(orElse(f.Report.Folder, "data/rapporter")),
		Organisation: f.Report.Organisation,
	}
	cfg.Database = c.database(orElse(os.Getenv(EnvDatabase), orElse(f.Archive.Database, "sqlite:data/postgang.db")))
	c.documents(cfg, f)
	if cfg.Every < time.Second {
		c.add("intake.every", "%s is less than a second", cfg.Every)
	}
	if f.Prepare.Workers < 0 || f.Prepare.Workers > 256 {
		c.add("prepare.workers", "%d is not between 0 (one a core) and 256", f.Prepare.Workers)
	}
	pool := f.Prepare.Pool()
	if wall, cpu := cmp.Or(pool.Timeout, prepare.DefaultTimeout), cmp.Or(pool.CPU, prepare.DefaultCPU); wall < cpu {
		c.add("prepare.timeout", "%s is shorter than the %s of prepare.cpu: a letter is to be refused for its processor time, and the time on the clock is only the backstop", wall, cpu)
	}
	if f.Prepare.MemoryMB < 0 || f.Prepare.MemoryMB > 0 && f.Prepare.MemoryMB < 128 {
		c.add("prepare.memory_mb", "%d is less than the 128 MB that a worker needs", f.Prepare.MemoryMB)
	}
	if f.Prepare.OutputMB < 0 {
		c.add("prepare.output_mb", "%d is no size", f.Prepare.OutputMB)
	}
	if cfg.PostcodeFile != "" {
		r, err := postcode.Load(cfg.PostcodeFile)
		switch {
		case errors.Is(err, os.ErrNotExist):
			c.add("intake.postcodes", "there is no such file. Fetch Bring's register and run \"postgang postcodes import FILE\", or remove the setting to check only the form of postnummer")
		case err != nil:
			c.add("intake.postcodes", "%v", err)
		default:
			cfg.Postcodes = r
		}
	}
	c.schedules(cfg, f.Schedule)
	c.alarms(cfg, f.Alarms)
	c.health(cfg, f.Health)
	c.node(cfg, f.Node)
	c.morning(cfg, f.Morning)
	c.http(cfg, f.HTTP)
	c.channels(cfg, f)
	c.altinn(cfg, f)
	c.dpi(cfg, f)
	c.register(cfg, f.Register)
	c.download(cfg, f.Download)
	c.console(cfg, f.Console)
	cfg.KontoIDs, cfg.OldStatuses = map[string]string{}, map[string]bool{}
	c.benefit(cfg, f.Benefit)
	for _, key := range sortedKeys(f.Vendors) {
		if v, ok := c.vendor(key, f.Vendors[key]); ok {
			cfg.Vendors = append(cfg.Vendors, v)
		}
	}
	for _, key := range sortedKeys(f.Accounts) {
		c.account(cfg, key, f.Accounts[key], f.Vendors)
	}
	c.organisations(cfg, f)
	c.guard(cfg, f)
	c.retention(cfg, f)
	c.backup(cfg, f.Backup)
	if f.Schedule.Backup != "" && !cfg.Backup.Named() {
		c.add("schedule.backup", "where to? Set [backup] to")
	}
	cfg.TwoPersons = f.Access.TwoPersons == nil || *f.Access.TwoPersons
	c.places(cfg, f)
	cfg.ReportBook = c.abs(f.Report.Template)
	cfg.Files = c.named(cfg, f)
	cfg.ReportCSV, cfg.LedgerColumns = f.Report.CSV, f.Report.LedgerColumns
	c.reportMail(cfg, f.Report.MailTo)
	if r := f.Report.SFTP; r != nil {
		cfg.ReportSFTP = c.target(r.Login)
		cfg.ReportSFTP.Folders.Inbox = orElse(r.Folder, ".")
		c.login("report.sftp", r.Login, cfg.ReportSFTP)
	}
	if len(cfg.LedgerColumns) == 0 {
		cfg.LedgerColumns = ledger.DefaultExport()
	}
	if cfg.LedgerEncoding = f.Report.LedgerEncoding; cfg.LedgerEncoding != "" && !slices.Contains(ledger.Encodings(), cfg.LedgerEncoding) {
		c.add("report.ledger_encoding", "%q is none of %s", cfg.LedgerEncoding, strings.Join(ledger.Encodings(), ", "))
	}
	if cfg.DefaultCode = f.Report.DefaultCode; cfg.DefaultCode != "" && !codes.Valid(cfg.DefaultCode) {
		c.add("report.default_code", "is no konteringskode")
	}
	c.vouchers(cfg, f)
	if err := ledger.ValidateExport(cfg.LedgerColumns); err != nil {
		c.add("report.ledger_columns", "%v", err)
	}
	for _, key := range sortedKeys(f.Vendors) {
		for i, p := range f.Vendors[key].Prices {
			if p.Account != "" && f.Accounts[p.Account] == nil {
				c.add(fmt.Sprintf("vendors.%s.prices", key), "price %d is for the account %q, which is not configured; there are: %s", i+1, p.Account, strings.Join(sortedKeys(f.Accounts), ", "))
			}
		}
	}
	if len(f.Vendors) == 0 {
		c.add("vendors", "no vendor is configured; add a table [vendors.NAME]")
	}
	if len(f.Accounts) == 0 {
		c.add("accounts", "no account is configured; add a table [accounts.NAME]")
	}
	return cfg
}

// NamedVoucher is a voucher for an accounting system.
type NamedVoucher struct {
	Name string
	ledger.VoucherProfile
}

// vouchers checks that each account's costs are in one voucher, when there are any, and that each can be written.
func (c *checker) vouchers(cfg *Config, f File) {
	in, rest := map[string]string{}, ""
	for _, name := range sortedKeys(f.Vouchers) {
		at, p := "vouchers."+name, *f.Vouchers[name]
		if !keyPattern.MatchString(name) {
			c.add(at, "a voucher's name has lower-case letters, digits and hyphens only")
		}
		for _, fault := range strings.Split(fmt.Sprint(p.Validate()), "\n") {
			if fault != "<nil>" {
				c.add(at, "%s", fault)
			}
		}
		accounts := p.Accounts
		if len(accounts) == 0 {
			accounts, p.Rest = sortedKeys(f.Accounts), true
		}
		for _, a := range accounts {
			if f.Accounts[a] == nil {
				c.add(at+".accounts", "no such account %q; there are: %s", a, strings.Join(sortedKeys(f.Accounts), ", "))
			}
			if in[a] != "" {
				c.add(at+".accounts", "the account %q is in the voucher %s too, so that its costs would be booked twice", a, in[a])
			}
			in[a] = name
		}
		if p.Rest && rest != "" {
			c.add(at+".rest", "the voucher %s has the amounts of no account already", rest)
		}
		if p.Rest {
			rest = name
		}
		for vendor, number := range p.Suppliers {
			if f.Vendors[vendor] == nil || strings.ContainsAny(number, " ;\"") {
				c.add(at+".supplier", "%q is no vendor, or its number has spaces; vendors are: %s", vendor, strings.Join(sortedKeys(f.Vendors), ", "))
			}
		}
		if p.VATAccount == "" {
			for _, v := range sortedKeys(f.Vendors) {
				if t := f.Vendors[v].VAT; t != nil && (t.ProductionPercent > 0 && t.ProductionCode == "" || t.PostagePercent > 0 && t.PostageCode == "") {
					c.add(at, "lines are gross with their VAT code, and vendor %s has none: set production_code and postage_code in [vendors.%s.vat], or vat_account here", v, v)
				}
			}
		}
		cfg.Vouchers = append(cfg.Vouchers, NamedVoucher{name, p})
	}
	if len(f.Vouchers) == 0 {
		return
	}
	first := "vouchers." + sortedKeys(f.Vouchers)[0]
	for _, a := range sortedKeys(f.Accounts) {
		if in[a] == "" {
			c.add(first+".accounts", "the account %s is in no voucher, so that its costs would be booked nowhere: add it to the accounts of one", a)
		}
	}
	if rest == "" {
		c.add(first, "no voucher has the amounts that belong to no account: set rest = true in one")
	}
}

func (c *checker) reportMail(cfg *Config, to []string) {
	if len(to) == 0 {
		return
	}
	for _, addr := range to {
		if _, err := mail.ParseAddress(addr); err != nil {
			c.add("report.mail_to", "is no e-mail address, such as okonomi@example.org")
		}
	}
	cfg.ReportMailTo = to
	for _, s := range cfg.Alarms {
		if m, ok := s.Sender.(notify.Mail); ok {
			cfg.ReportMail = &m
		}
	}
	if cfg.ReportMail == nil {
		c.add("report.mail_to", "needs a server to send through: set [alarms.mail]")
	}
}

func (c *checker) guard(cfg *Config, f File) {
	g := f.Guard
	ore := func(at string, d money.Decimal) money.Ore {
		if d < 0 || d > money.DecimalFromOre(1_000_000_000_00) {
			c.add("guard."+at, "%s is not within kr 0 to kr 1 000 000 000", d)
			return 0
		}
		return d.Ore()
	}
	cfg.Guard = collect.Guard{
		Day: ore("day_kr", g.Day), Account: ore("account_kr", g.Account), Code: ore("code_kr", g.Code),
		Accounts: map[string]money.Ore{}, Codes: map[string]money.Ore{},
	}
	for _, key := range sortedKeys(g.Accounts) {
		if f.Accounts[key] == nil {
			c.add("guard.accounts."+key, "no such account; there are: %s", strings.Join(sortedKeys(f.Accounts), ", "))
		}
		cfg.Guard.Accounts[key] = ore("accounts."+key, g.Accounts[key])
	}
	for _, code := range sortedKeys(g.Codes) {
		limit := ore("codes."+code, g.Codes[code])
		switch {
		case code == codes.Missing:
			code = ""
		case !codes.Valid(code):
			c.add("guard.codes."+code, "is no konteringskode; letters without one are %q", codes.Missing)
		}
		cfg.Guard.Codes[code] = limit
	}
	if !cfg.Guard.On() {
		return
	}
	for _, v := range cfg.Vendors {
		if v.Prices == nil {
			c.add("guard", "vendor %s has no price list, so that all its letters would be kept back: add [[vendors.%s.prices]]", v.Key, v.Key)
		}
	}
}

func (c *checker) database(dsn string) string {
	switch {
	case strings.HasPrefix(dsn, "sqlite:"):
		path := strings.TrimPrefix(dsn, "sqlite:")
		if path == "" {
			c.add("archive.database", "sqlite: needs a path, such as sqlite:data/postgang.db")
		}
		return "sqlite:" + c.abs(path)
	case strings.HasPrefix(dsn, "postgres://"), strings.HasPrefix(dsn, "postgresql://"):
		if rest := dsn[strings.Index(dsn, "://")+3:]; strings.Contains(rest, "@") {
			user := rest[:strings.Index(rest, "@")]
			if strings.Contains(user, ":") && os.Getenv(EnvDatabase) != dsn {
				c.add("archive.database", "a password does not belong in this file: set it in the environment as PGPASSWORD, or in a file named by PGPASSFILE")
			}
		}
		return dsn
	}
	c.add("archive.database", "must begin with sqlite: or postgres://")
	return dsn
}

func (c *checker) schedules(cfg *Config, s Schedules) {
	catchUp := s.CatchUp == nil || *s.CatchUp
	for _, d := range []struct {
		name, spec string
		catchUp    bool
		holidays   nights.OnHoliday
	}{{"night", s.Night, catchUp, s.NightHolidays}, {"receipts", s.Receipts, false, ""}, {"report", s.Report, catchUp, s.ReportHolidays}, {nights.ScheduleRetention, s.Retention, catchUp, ""}, {nights.ScheduleBackup, s.Backup, catchUp, ""}, {nights.ScheduleMorning, s.Morning, false, s.MorningHolidays}} {
		if d.spec == "" {
			continue
		}
		sch, err := nights.NewSchedule(d.name, d.spec, d.catchUp)
		if err != nil {
			c.add("schedule."+d.name, "%v", err)
			continue
		}
		if sch, err = sch.On(d.holidays); err != nil {
			c.add("schedule."+d.name+"_holidays", "%v", err)
			continue
		}
		cfg.Schedules = append(cfg.Schedules, sch)
	}
}

func (c *checker) benefit(cfg *Config, in map[string]Input) {
	fields := map[string]*figures.Input{
		"K": &cfg.Benefit.YearCost, "H": &cfg.Benefit.YearHours, "N": &cfg.Benefit.LettersPerYear, "d": &cfg.Benefit.DigitalPercent,
		"t0": &cfg.Benefit.MinutesWithout, "t1": &cfg.Benefit.MinutesWith, "p0": &cfg.Benefit.PaperWithout, "p1": &cfg.Benefit.PaperWith,
		"s0": &cfg.Benefit.PostageWithout, "s1": &cfg.Benefit.PostageWith, "cdig": &cfg.Benefit.DigitalUnitCost,
		"s0_idag": &cfg.Benefit.PostageToday,
	}
	for _, key := range sortedKeys(in) {
		field, ok := fields[key]
		if !ok {
			c.add("kost_nytte."+key, "unknown input; there are K, H, N, d, t0, t1, p0, p1, s0, s1, cdig and s0_idag")
			continue
		}
		v, err := figures.NewInput(in[key].Value, figures.Source(in[key].Source), in[key].Note)
		if err != nil {
			c.add("kost_nytte."+key, "%v", err)
			continue
		}
		v.Year = in[key].Year
		*field = v
	}
	if err := cfg.Benefit.Validate(); err != nil {
		c.add("kost_nytte", "%v", err)
	}
}

func (c *checker) vendor(key string, v *Vendor) (party.Vendor, bool) {
	before := len(c.problems)
	at := "vendors." + key
	if !keyPattern.MatchString(key) {
		c.add(at, "a vendor's key has lower-case letters, digits and hyphens only")
	}
	out := party.Vendor{
		Key: key, Name: orElse(v.Name, key), Profile: c.profile(at, v), Receipts: v.Receipts, Invoices: v.Invoice, VATMissing: v.VAT == nil, Tolerances: v.Tolerances,
		Target: *c.target(v.Login),
	}
	out.Target.Folders = exchange.Folders{Inbox: v.Folders.Inbox, Answers: v.Folders.Answers, Receipts: v.Folders.Receipts, ReceiptsDone: v.Folders.ReceiptsDone}
	out.Target.ConcurrentWrites = v.ConcurrentWrites == nil || *v.ConcurrentWrites
	out.Checks = c.checks(at+".checks", v.Checks, v.Window, out.Profile)
	switch v.Kind {
	case "", KindSFTP:
		c.login(at, v.Login, &out.Target)
		if v.ManualWithin != nil {
			c.add(at+".manual_within_days", "is for kind = %q only", KindManual)
		}
	case KindManual:
		out.Manual, out.Target = true, exchange.Target{}
		c.manual(at, v)
	default:
		c.add(at+".kind", "%q is neither %s nor %s", v.Kind, KindSFTP, KindManual)
	}
	out.OfferFrom, out.OfferTo = c.clock(at+".offer_from", v.OfferFrom), c.clock(at+".offer_to", v.OfferTo)
	if (v.OfferFrom == "") != (v.OfferTo == "") {
		c.add(at+".offer_from", "offer_from and offer_to belong together: set both or none")
	} else if v.OfferFrom != "" && out.OfferFrom == out.OfferTo {
		c.add(at+".offer_to", "is the same time as offer_from, so that nothing could be offered or everything always: take both away to offer at any time")
	}
	for name, n := range map[string]int{"letters_per_hour": v.LettersPerHour, "letters_per_day": v.LettersPerDay} {
		if n < 0 {
			c.add(at+"."+name, "%d is no number of letters; 0 is no limit", n)
		}
	}
	out.LettersPerHour, out.LettersPerDay = v.LettersPerHour, v.LettersPerDay
	if n := v.PrintWindow; n != nil {
		if *n < 1 || *n > longestWindow {
			c.add(at+".print_window_days", "%d is not within 1 to %d", *n, longestWindow)
		}
		out.PrintWindow = *n
	}
	if v.AnswerWithin != "" {
		d, err := time.ParseDuration(v.AnswerWithin)
		if err != nil || d < time.Minute || d > longestAnswer {
			c.add(at+".answer_within", "%q is no duration from \"1m\" to \"744h\", such as \"4h\"", v.AnswerWithin)
		}
		out.AnswerWithin = d
	}
	if n := v.ReceiptWithin; n != nil {
		if *n < 1 || *n > longestReceipt {
			c.add(at+".receipt_within_virkedager", "%d is not within 1 to %d", *n, longestReceipt)
		}
		out.ReceiptWithin = *n
	}
	if n := v.ManualWithin; n != nil {
		if *n < 1 || *n > longestManual {
			c.add(at+".manual_within_days", "%d is not within 1 to %d", *n, longestManual)
		}
		out.ManualWithin = *n
	}
	own, r := receipt.DefaultFormat(), &out.Receipts
	r.Version, r.Encoding = orElse(r.Version, own.Version), orElse(r.Encoding, own.Encoding)
	r.Delimiter, r.DecimalSign = orElse(r.Delimiter, own.Delimiter), orElse(r.DecimalSign, own.DecimalSign)
	r.Location = calendar.Oslo
	if err := out.Receipts.Validate(); err != nil {
		c.add(at+".receipts", "%v", err)
	}
	if err := v.Invoice.Validate(); err != nil {
		c.add(at+".invoice", "%v", err)
	}
	if v.VAT != nil {
		out.VAT = *v.VAT
	}
	if err := out.VAT.Validate(); err != nil {
		c.add(at+".vat", "%v", err)
	}
	if v.Tolerances == (receipt.Tolerances{}) {
		out.Tolerances = receipt.DefaultTolerances()
	}
	if len(v.Prices) > 0 {
		list, err := price.NewList(v.Prices)
		if err != nil {
			c.add(at+".prices", "%v", err)
		}
		out.Prices = &list
	}
	return out, len(c.problems) == before
}

// target is a server as it is reached.
func (c *checker) target(l Login) *exchange.Target {
	return &exchange.Target{
		Address: l.Address, User: l.User, HostKey: l.HostKey, KeyFile: c.abs(l.KeyFile), KeyPassphraseEnv: l.KeyPassphraseEnv, PasswordEnv: l.PasswordEnv,
		CertFile: c.abs(l.CertFile), Agent: l.Agent,
	}
}

// login checks how an SFTP server is reached.
func (c *checker) login(at string, v Login, t *exchange.Target) {
	if v.Address == "" {
		c.add(at+".address", "is missing: the SFTP server as host or host:port")
	}
	if v.User == "" {
		c.add(at+".user", "is missing: our login at the server")
	}
	switch {
	case v.HostKey != "" && v.HostKeyFile != "":
		c.add(at+".host_key_file", "contradicts host_key: give one of them")
	case v.HostKeyFile != "":
		b, err := os.ReadFile(c.abs(v.HostKeyFile))
		if err != nil {
			c.add(at+".host_key_file", "cannot be read: %v", err)
		}
		t.HostKey = string(b)
		if err := exchange.CheckHostKey(t.HostKey); err != nil && len(b) > 0 {
			c.add(at+".host_key_file", "%v", err)
		}
	case v.HostKey != "":
		if err := exchange.CheckHostKey(v.HostKey); err != nil {
			c.add(at+".host_key", "is no public host key such as \"ssh-ed25519 AAAA…\", whole and on one line: %v", err)
		}
	case v.HostKey == "":
		c.add(at+".host_key", "is missing: pin the server's public host key (\"ssh-ed25519 AAAA…\"), as its owner has confirmed it by another channel")
	}
	switch {
	case v.Agent && (v.KeyFile != "" || v.CertFile != ""):
		c.add(at+".agent", "contradicts key_file and cert_file: the agent has the keys, and their certificates")
	case v.CertFile != "" && v.KeyFile == "":
		c.add(at+".cert_file", "is for a key_file, which is missing")
	case v.KeyFile == "" && v.PasswordEnv == "" && !v.Agent:
		c.add(at+".key_file", "is missing: our private SSH key (or agent, or password_env for a server without keys)")
	}
}

// manual refuses what only an SFTP server has.
func (c *checker) manual(at string, v *Vendor) {
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"address", v.Address != ""}, {"user", v.User != ""}, {"host_key", v.HostKey != ""}, {"host_key_file", v.HostKeyFile != ""},
		{"key_file", v.KeyFile != ""}, {"key_passphrase_env", v.KeyPassphraseEnv != ""}, {"cert_file", v.CertFile != ""},
		{"agent", v.Agent}, {"password_env", v.PasswordEnv != ""}, {"folders", v.Folders != Folders{}},
		{"concurrent_writes", v.ConcurrentWrites != nil}, {"offer_from", v.OfferFrom != ""}, {"offer_to", v.OfferTo != ""},
		{"letters_per_hour", v.LettersPerHour != 0}, {"letters_per_day", v.LettersPerDay != 0}, {"answer_within", v.AnswerWithin != ""}, {"receipt_within_virkedager", v.ReceiptWithin != nil},
		{"receipts", !reflect.ValueOf(v.Receipts).IsZero()},
	} {
		if f.set {
			c.add(at+"."+f.name, "is not used by kind = %q: its letters are printed here. Leave it out", KindManual)
		}
	}
}

// The longest times that a vendor may be given before an alarm.
const (
	longestAnswer  = 31 * 24 * time.Hour
	longestReceipt = 60
	longestWindow  = 3650 // days
	longestManual  = 365  // days
)

func (c *checker) clock(key, s string) time.Duration {
	if s == "" {
		return 0
	}
	t, err := time.Parse("15:04", s)
	if err != nil {
		c.add(key, "%q is no time of day such as \"07:00\"", s)
		return 0
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
}

func (c *checker) profile(at string, v *Vendor) printjobs.Profile {
	p := printjobs.DefaultProfile()
	p.PoolAccounts = v.Print.PoolAccounts
	if v.Print.Cover != nil {
		p.Impose.Cover = impose.CoverRule(*v.Print.Cover)
	}
	if v.Print.Giro != nil {
		p.Impose.GiroPolicy = impose.GiroPolicy(*v.Print.Giro)
	}
	set(&p.Impose.C5MaxSheets, v.Print.C5MaxSheets)
	set(&p.Impose.C4MaxSheets, v.Print.C4MaxSheets)
	set(&p.Impose.AutoMaxSheets, v.Print.AutoMaxSheets)
	set(&p.Impose.CountCover, v.Print.CountCover)
	set(&p.Impose.Paper.SheetMilligram, v.Print.SheetMilligram)
	set(&p.Impose.Paper.C5Milligram, v.Print.C5Milligram)
	set(&p.Impose.Paper.C4Milligram, v.Print.C4Milligram)
	set(&p.Impose.Paper.ParcelMilligram, v.Print.ParcelMilligram)
	set(&p.MaxLettersPerJob, v.Print.MaxLettersPerJob)
	set(&p.MaxSheetsPerFile, v.Print.MaxSheetsPerFile)
	set(&p.MaxBytesPerFile, v.Print.MaxBytesPerFile)
	set(&p.PDFVersion, v.Print.PDFVersion)
	p.Instructions.Paper, p.Instructions.GiroPaper, p.Instructions.Service = v.Print.Paper, v.Print.GiroPaper, v.Print.Service
	c.press(at, v, &p)
	c.orders(at, v, &p)
	l, w := &p.Layout, v.Window
	set(&l.WindowXMM, w.X)
	set(&l.WindowYMM, w.Y)
	set(&l.WindowWMM, w.W)
	set(&l.WindowHMM, w.H)
	set(&l.SafeXMM, w.SafeX)
	set(&l.SafeYMM, w.SafeY)
	set(&l.SafeWMM, w.SafeW)
	set(&l.SafeHMM, w.SafeH)
	set(&l.AddressXMM, w.AddressX)
	set(&l.RecipientPt, w.RecipientPt)
	set(&l.MatrixRightMM, w.MatrixRight)
	set(&l.MatrixYMM, w.MatrixY)
	set(&l.ModuleMM, w.Module)
	set(&l.EdgeMM, w.Edge)
	set(&l.InserterXMM, w.InserterX)
	set(&l.InserterYMM, w.InserterY)
	set(&l.InserterWMM, w.InserterWidth)
	set(&l.InserterHMM, w.InserterHeight)
	if err := p.Layout.Validate(); err != nil {
		c.add(at+".window", "%v", err)
	} else if p.Marks.Validate() == nil { // else told already
		if err := p.Validate(); err != nil {
			c.add(at+".print", "%v", err)
		}
	}
	return p
}

// orders reads by which contract the vendor takes letters.
func (c *checker) orders(at string, v *Vendor, p *printjobs.Profile) {
	switch v.Contract {
	case printoppdrag.Version:
	case "", ProfilePostgang:
		if v.Printoppdrag != nil {
			c.add(at+".printoppdrag", "is for profile = %q only", printoppdrag.Version)
		}
		return
	default:
		c.add(at+".profile", "%q is neither %s nor %s", v.Contract, ProfilePostgang, printoppdrag.Version)
		return
	}
	if v.Kind == KindManual {
		c.add(at+".profile", "is of a vendor over SFTP: leave it out for kind = %q", KindManual)
	}
	if v.AnswerWithin != "" {
		c.add(at+".answer_within", "a vendor of print orders gives no answers; receipt_within_virkedager is counted from the hand-over")
	}
	if n := v.Print.MaxLettersPerJob; n != nil && *n != 1 {
		c.add(at+".print.max_letters_per_job", "each letter is handed over by itself: leave it out")
	}
	p.MaxLettersPerJob = 1
	o := v.Printoppdrag
	if o == nil || o.CustomerID == "" {
		c.add(at+".profile", "set customer_id under [%s.printoppdrag]: the kundeId that the vendor has given", at)
		return
	}
	p.Orders = &printoppdrag.Terms{CustomerID: o.CustomerID, Priority: o.Priority, DocumentType: o.DocumentType, DocumentTypeColour: o.DocumentTypeColour}
}

// checks takes the inserter zone from the window where it says something: the cover's default keeps some more distance.
func (c *checker) checks(at string, v Checks, w Window, profile printjobs.Profile) prepare.Checks {
	edge := profile.Layout.EdgeMM
	out := prepare.Checks{
		Encryption: v.Encryption, PageSize: v.PageSize, TooManyPages: v.TooManyPages, MaxPages: v.MaxPages, PDFVersion: v.PDFVersion,
		MaxPDFVersion: v.MaxPDFVersion, FontNotEmbedded: v.FontNotEmbedded, ImageResolution: v.ImageResolution,
		PageAction: v.PageAction, TooManySheets: v.TooManySheets, MaxSheets: v.MaxSheets, Repaired: v.Repaired,
		Portfolio: v.Portfolio, Attachments: v.Attachments, BlankLetter: v.BlankLetter,
	}
	for _, scale := range []struct {
		name   string
		to     *float64
		wanted *float64
	}{{"min_scale_percent", &out.MinScalePercent, v.MinScale}, {"max_scale_percent", &out.MaxScalePercent, v.MaxScale}} {
		if set(scale.to, scale.wanted); scale.wanted != nil && *scale.wanted == 0 {
			c.add(at+"."+scale.name, "0 is no scale; for no limit set the widest, min_scale_percent = 1 and max_scale_percent = 10000")
		}
	}
	set(&out.CropMM, v.PageCropMM)
	set(&out.PageToleranceMM, v.PageToleranceMM)
	set(&out.MinDPI, v.MinDPI)
	if on(v.Inserter) {
		z := prepare.InserterZone(v.Inserter)
		set(&z.XMM, w.InserterX)
		set(&z.YMM, w.InserterY)
		set(&z.WidthMM, w.InserterWidth)
		set(&z.HeightMM, w.InserterHeight)
		out.Zones = append(out.Zones, z)
	}
	if on(v.Edge) {
		if edge > 0 {
			out.Zones = append(out.Zones, prepare.UnprintableEdge(edge, v.Edge)...)
		} else {
			c.add(at+".unprintable_edge", "needs window.unprintable_edge_mm to be above 0")
		}
	}
	if v.MarkZones == "" && profile.Marks.On() && profile.Marks.Validate() == nil {
		v.MarkZones = prepare.LevelWarning // the marks cover what is there
	}
	if on(v.MarkZones) {
		if !profile.Marks.On() {
			c.add(at+".mark_zones", "there are no marks; set them in [vendors.NAME.marks]")
		}
		for _, a := range profile.Marks.Zones() {
			out.Zones = append(out.Zones, prepare.Zone{Name: "merkefeltet", XMM: a.X0, YMM: a.Y0, WidthMM: a.X1 - a.X0, HeightMM: a.Y1 - a.Y0, Level: v.MarkZones})
		}
	}
	for _, z := range v.Zones {
		if z.Level == "" {
			c.add(at+".zones", "zone %q: level is missing: \"error\", \"warning\" or \"off\"", z.Name)
		}
		out.Zones = append(out.Zones, prepare.Zone(z))
	}
	var all interface{ Unwrap() []error }
	if errors.As(out.Validate(), &all) {
		for _, err := range all.Unwrap() {
			key := at
			if strings.HasPrefix(err.Error(), "zone") {
				key += ".zones"
			}
			c.add(key, "%v", err)
		}
	}
	return out
}

// on tells whether a zone is wanted; a level that is none is for Validate to tell.
func on(l prepare.Level) bool { return l != "" && l != prepare.LevelOff }

func (c *checker) account(cfg *Config, key string, a *Account, vendors map[string]*Vendor) {
	at := "accounts." + key
	if !keyPattern.MatchString(key) {
		c.add(at, "an account's key names its drop folder: lower-case letters, digits and hyphens only")
	}
	vendor := a.Vendor
	if vendor == "" && len(vendors) == 1 {
		vendor = sortedKeys(vendors)[0]
	}
	if _, ok := vendors[vendor]; !ok {
		c.add(at+".vendor", "%q is no configured vendor; there are: %s", vendor, strings.Join(sortedKeys(vendors), ", "))
	}
	c.ways(cfg, key, a)
	if a.Sender.Name == "" {
		c.add(at+".sender.name", "is missing: the cover must name the sender")
	}
	if !postcode.Form(a.Sender.Postcode) {
		c.add(at+".sender.postcode", "must be four digits, written as text")
	}
	if a.Sender.City == "" {
		c.add(at+".sender.city", "is missing")
	}
	out := party.Account{Key: key, Name: orElse(a.Name, key), Vendor: vendor, Channels: channelsOf(a), Rules: c.rules(at+".rules", a.Rules), AskRegister: a.AskRegister, Notice: a.Altinn.notice(), Sender: cover.Sender{
		Name: a.Sender.Name, Line1: a.Sender.Line1, Line2: a.Sender.Line2, Line3: a.Sender.Line3,
		Postcode: a.Sender.Postcode, City: a.Sender.City, Text: a.Sender.Text,
	}}
	if a.Language.Valid() {
		out.Sender.Language = a.Language
	} else {
		c.add(at+".language", "%q is none of nb, nn, se and en", a.Language)
	}
	for _, s := range a.Fixed {
		if !slices.Contains(party.Settings(), s) {
			c.add(at+".fixed", "%q is no setting; there are: %s", s, strings.Join(settingNames(), ", "))
		}
	}
	out.Fixed, out.Lines = a.Fixed, map[party.Setting]int{}
	for s, paths := range map[party.Setting][]string{
		party.SettingSender: {at + ".sender.name"}, party.SettingLogo: {at + ".sender.logo_file"}, party.SettingText: {at + ".sender.text"},
		party.SettingLanguage: {at + ".language"}, party.SettingNotice: {at + ".altinn"}, party.SettingVendor: {at + ".vendor"},
		party.SettingDeadline: {at + ".rules.deadline_virkedager", at + ".rules.deadline_hours"}, party.SettingCap: {"guard.accounts." + key, "guard.account_kr"},
	} {
		for _, path := range paths {
			if line := c.lines[path]; line > 0 && out.Lines[s] == 0 {
				out.Lines[s] = line
			}
		}
	}
	if a.Sender.LogoFile != "" {
		b, err := os.ReadFile(c.abs(a.Sender.LogoFile))
		if err != nil {
			c.add(at+".sender.logo_file", "cannot be read: %v", err)
		}
		out.Sender.Logo = b
	}
	for _, v := range cfg.Vendors {
		if v.Key == vendor {
			if _, err := cover.New(v.Profile.Layout, out.Sender); err != nil {
				c.add(at+".sender", "%v", err)
			}
		}
	}
	cfg.Accounts = append(cfg.Accounts, out)
}

func settingNames() []string {
	var out []string
	for _, s := range party.Settings() {
		out = append(out, string(s))
	}
	return out
}

func (c *checker) rules(at string, r Rules) shipment.Rules {
	out := shipment.DefaultRules()
	set(&out.DeadlineHours, r.DeadlineHours)
	set(&out.DeadlineWorkdays, r.DeadlineWorkdays)
	set(&out.Count24Dec, r.Count24Dec)
	set(&out.Count31Dec, r.Count31Dec)
	set(&out.ForwardOrganisations, r.ForwardOrganisations)
	set(&out.NationalID, r.NationalID)
	set(&out.AllowSynthetic, r.AllowSynthetic)
	set(&out.MaxBytes, r.MaxBytes)
	set(&out.DuplicateLimit, r.DuplicateLimit)
	set(&out.GiroReject, r.GiroReject)
	if r.DuplicateWindow != nil {
		out.DuplicateWindow = time.Duration(*r.DuplicateWindow)
	}
	if r.DeadlineHours != nil && r.DeadlineWorkdays != nil && *r.DeadlineWorkdays > 0 {
		c.add(at+".deadline_virkedager", "contradicts deadline_hours: give one of them")
	}
	if out.DeadlineHours < 1 || out.DeadlineHours > 24*60 {
		c.add(at+".deadline_hours", "%d is not between 1 and %d", out.DeadlineHours, 24*60)
	}
	if out.DeadlineWorkdays < 0 || out.DeadlineWorkdays > 60 {
		c.add(at+".deadline_virkedager", "%d is not between 0 and 60", out.DeadlineWorkdays)
	}
	if !slices.Contains([]string{"1964", "2032", "both"}, out.NationalID) {
		c.add(at+".national_id", "%q is none of \"1964\", \"2032\" and \"both\"", out.NationalID)
	}
	if out.MaxBytes < 1<<20 {
		c.add(at+".max_bytes", "%d bytes is less than one MiB", out.MaxBytes)
	}
	if out.DuplicateLimit < 0 {
		c.add(at+".duplicate_limit", "must not be negative; 0 switches the guard off")
	}
	return out
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func orDuration(d *Duration, other time.Duration) time.Duration {
	if d == nil {
		return other
	}
	return time.Duration(*d)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
