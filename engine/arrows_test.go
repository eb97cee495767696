package engine_test

import (
	"bytes"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The rooms that most others of the engine stand on.
var (
	rules = []string{"engine/shipment", "engine/calendar", "engine/identity", "engine/postcode"}
	ports = and(rules, "engine/store", "engine/tally", "engine/find", "engine/forecast", "engine/access", "engine/channel", "engine/retention", "engine/alarm", "engine/change", "engine/node", "engine/party")
	// what a room of the console's pages may know
	pages = and(ports, "engine/console/page", "engine/console/scoped", "engine/console/visit", "engine/words")
)

func and(list []string, more ...string) []string { return slices.Concat(more, list) }

// The import arrows of the house, as drawn in docs/architecture.md. What a package may import of ours; test files may
// import more, since a test may stand real rooms beside each other.
var arrows = []struct {
	pkg  string   // the package and all below it
	may  []string // packages of ours that it may import
	why  string
	deep bool // the packages named in may include all below them
}{
	{"billing/bounded", []string{}, "files of others are read piece by piece, whatever is in them", false},
	{"billing/spool", []string{}, "rows of any kind are sorted beyond what memory holds", false},
	{"billing/money", []string{}, "amounts know nothing of what they are for", false},
	{"billing/civil", []string{}, "a day is a day", false},
	{"billing/reading", []string{"billing/bounded"}, "problems and encodings are told alike, whatever the file is", false},
	{"billing/codes", []string{"billing/money", "billing/civil", "billing/reading"}, "the register of konteringskoder knows no letter", false},
	{"billing/receipt", []string{"billing/codes", "billing/money", "billing/civil", "billing/reading", "billing/bounded"}, "a receipt is read and held against what was sent, whatever it is booked on", false},
	{"billing/price", []string{"billing/money", "billing/civil"}, "a price list knows no vendor's file", false},
	{"billing/ledger", []string{"billing/receipt", "billing/codes", "billing/money", "billing/civil"}, "cost lines are made of receipts, and know no invoice", false},
	{"billing/invoice", []string{"billing/ledger", "billing/codes", "billing/money", "billing/civil", "billing/reading", "billing/bounded"}, "an invoice is held against cost lines, whatever they came from", false},
	{"billing/figures", []string{"billing/ledger", "billing/receipt", "billing/price", "billing/codes", "billing/money", "billing/civil", "billing/spool"}, "figures are counted from rows alone: they know no PDF, database or vendor", false},
	{"billing", []string{}, "billing itself is documentation", false},
	{"reports", []string{"billing/figures", "billing/ledger", "billing/receipt", "billing/codes", "billing/money", "billing/civil", "billing/spool", "billing/bounded"}, "a workbook is written from figures alone", false},
	{"printjobs/impose", []string{}, "imposition is pure", false},
	{"printjobs/truetype", []string{}, "font programs are read and written as bytes", false},
	{"printjobs/printfile", []string{"printjobs/truetype"}, "the linker knows bytes, not letters", false},
	{"printjobs/prepare/sheet", []string{}, "geometry is pure", false},
	{"printjobs/prepare/syntax", []string{}, "the words of PDF mean the same in every document", false},
	{"printjobs/prepare/guard", []string{}, "a process is cut off whatever it reads", false},
	{"printjobs/prepare/finding", []string{"printjobs/prepare/sheet"}, "what is said of a letter knows no PDF", false},
	{"printjobs/prepare/filter", []string{"printjobs/prepare/syntax"}, "data are decoded whatever they are of", false},
	{"printjobs/prepare/read", []string{"printjobs/prepare/sheet", "printjobs/prepare/syntax", "printjobs/prepare/finding", "printjobs/prepare/filter"}, "a document is read without knowing what its pages draw", false},
	{"printjobs/prepare/content", []string{"printjobs/prepare/read", "printjobs/prepare/sheet", "printjobs/prepare/syntax"}, "the interpreter knows no device", false},
	{"printjobs/prepare/loss", []string{"printjobs/prepare/content", "printjobs/prepare/read", "printjobs/prepare/finding", "printjobs/prepare/filter", "printjobs/prepare/syntax"}, "what is lost is found without measuring", false},
	{"printjobs/prepare/scan", []string{"printjobs/prepare/content", "printjobs/prepare/read", "printjobs/prepare/finding", "printjobs/prepare/sheet", "printjobs/prepare/syntax", "printjobs/truetype"}, "pages are measured, not changed", false},
	{"printjobs/prepare/appear", []string{"printjobs/prepare/content", "printjobs/prepare/read", "printjobs/prepare/sheet", "printjobs/prepare/syntax", "printjobs/printfile", "printjobs/typeset"}, "appearances are set as a viewer would", false},
	{"printjobs/prepare", []string{"printjobs/prepare/appear", "printjobs/prepare/content", "printjobs/prepare/filter", "printjobs/prepare/finding", "printjobs/prepare/guard", "printjobs/prepare/loss", "printjobs/prepare/read", "printjobs/prepare/scan", "printjobs/prepare/sheet", "printjobs/prepare/syntax", "printjobs/printfile"}, "preparing is made of its rooms, and writes prepared files", false},
	{"printjobs/datamatrix", []string{}, "a symbol is made of a text alone", false},
	{"printjobs/typeset", []string{"printjobs/printfile", "printjobs/truetype"}, "text is set in objects of a print file", false},
	{"printjobs/mark", []string{"printjobs/impose", "printjobs/printfile", "printjobs/datamatrix", "printjobs/typeset"}, "marks are drawn from the plan", false},
	{"printjobs/cover", []string{"printjobs/printfile", "printjobs/datamatrix", "printjobs/typeset"}, "a cover is a prepared page", false},
	{"printjobs/preview", []string{}, "the renderer knows PDFs, not letters", false},
	{"printjobs/printoppdrag", []string{}, "a print order is written from what it is told", false},
	{"printjobs/exchange", []string{"billing/bounded"}, "the protocol knows files and names", false},
	{"printjobs", []string{"printjobs"}, "print jobs know nothing of shipments, databases or money", true},
	{"engine/calendar", []string{"billing/civil"}, "days and working days are pure", false},
	{"engine/identity", []string{}, "numbers of people and companies are checked by themselves", false},
	{"engine/postcode", []string{"engine/identity", "engine/calendar"}, "the register of postnummer knows no letter", false},
	{"engine/shipment", []string{"engine/calendar", "engine/identity", "engine/postcode", "billing/codes", "printjobs/prepare/finding"}, "the rules of a shipment are pure; a letter's facts are what preparing says of it", false},
	{"engine/words", rules, "words for people know codes and arguments alone", false},
	{"engine/alarm", []string{"engine/calendar", "engine/identity"}, "an alarm is a key and arguments", false},
	{"engine/change", []string{"engine/access", "engine/identity"}, "what people did is data", false},
	{"engine/party", []string{"engine/shipment", "engine/calendar", "engine/identity", "engine/access", "billing", "printjobs"}, "who takes part is configured, or set by somebody, and does nothing", true},
	{"engine/find", and(rules, "engine/access"), "what is found by is data", false},
	{"engine/recipient", ports, "recipients are found without knowing how they are asked for", false},
	{"engine/scoped", ports, "a reader of people knows no page", false},
	{"engine/together", []string{}, "who comes at the same time is served together, whatever for", false},
	{"engine/morning", and(ports, "engine/tally", "engine/words", "billing"), "what is told in the morning is told from figures", true},
	{"engine/node", []string{"engine/alarm"}, "what is wrong among machines is judged from what they said", false},
	{"engine/forecast", []string{"engine/calendar"}, "what usually comes is counted from days and hours alone", false},
	{"engine/retention", rules, "what is kept, and how long, is a rule", false},
	{"engine/erase", and(ports, "engine/restored", "engine/step"), "content is erased without knowing how it came or went", false},
	{"engine/tally", []string{"engine/shipment", "billing/money"}, "what is counted together is data", true},
	{"engine/store", and(rules, "engine/tally", "engine/find", "engine/forecast", "engine/node", "engine/retention", "engine/access", "engine/channel", "engine/login", "engine/alarm", "engine/party", "billing", "printjobs"), "ports and rows know no step", true},
	{"engine/archive/postgrestest", []string{"fixtures/judges"}, "a database server for tests knows nothing of ours", true},
	{"engine/archive/archivetest", []string{"engine", "billing", "printjobs"}, "the archive's conformance suite is for tests", true},
	{"engine/step", and(ports, "printjobs"), "what every step holds stands below all steps", true},
	{"engine/restored", and(ports, "engine/step", "billing", "printjobs"), "whether the archive is an old copy is asked before any step", true},
	{"engine/accept", and(ports, "engine/recipient", "engine/together", "engine/words", "engine/restored", "engine/step", "billing", "printjobs"), "letters are accepted without knowing of jobs", true},
	{"engine/digital/enhetsregisteret", []string{"engine/shipment", "engine/identity"}, "a client of a register knows no letter", false},
	{"engine/digital/dpi", []string{"engine/shipment"}, "receipts are read without knowing whose they are", false},
	{"engine/digital/digitaltest", and(rules, "engine/digital", "engine/channel"), "the channels' conformance suite is for tests", false},
	{"engine/digital/altinn", []string{"engine/shipment"}, "a client of Altinn knows no archive", false},
	{"engine/digital/krr", rules, "what the register says is judged without knowing who asks", false},
	{"engine/digital", and(ports, "engine/digital/altinn", "engine/digital/dpi", "engine/digital/krr", "engine/accept", "engine/restored", "engine/step", "billing", "printjobs"), "channels are asked without knowing of jobs", false},
	{"engine/collect", and(ports, "engine/accept", "engine/restored", "engine/step", "billing", "printjobs"), "planning knows no vendor's side", true},
	{"engine/jobs", and(ports, "engine/insight", "engine/words", "engine/collect", "engine/accept", "engine/restored", "engine/step", "billing", "printjobs"), "a job goes its way without knowing of receipts", true},
	{"engine/invoices", and(ports, "engine/words", "engine/step", "billing"), "an invoice is held against the ledger, whatever filled it", true},
	{"engine/receipts", and(ports, "engine/words", "engine/invoices", "engine/jobs", "engine/accept", "engine/restored", "engine/step", "billing", "printjobs"), "a receipt books, and shows at once what it does to invoices", true},
	{"engine/finance", and(ports, "engine/words", "engine/invoices", "engine/accept", "engine/step", "billing", "printjobs"), "figures are read from the archive alone", true},
	{"engine/nights", and(ports, "engine/morning", "engine/digital", "engine/receipts", "engine/jobs", "engine/collect", "engine/accept", "engine/restored", "engine/step", "billing", "printjobs"), "the clock drives the rooms and no room knows the clock", true},
	{"engine/backup", and(ports, "engine/documents"), "a backup is copies of bytes, and knows no letter", false},
	{"engine/verify", and(ports, "engine/documents", "engine/archive/proof", "engine/jobs", "printjobs/exchange"), "what is proven is only read", false},
	{"engine/recovery", and(ports, "engine/digital", "engine/nights", "engine/receipts", "engine/jobs", "engine/accept", "engine/restored", "engine/step", "billing", "printjobs"), "the way out stands above what it puts right", true},
	{"engine/settings", and(ports, "engine/collect", "engine/digital/altinn", "engine/step", "billing", "printjobs"), "what is set of accounts is judged without a letter", true},
	{"engine/archive/found", []string{"engine/store", "engine/documents", "engine/archive/sqlrow"}, "what vendors have is kept without knowing of letters", true},
	{"engine/archive/proof", and(rules, "engine/archive/sqlrow", "billing/money", "billing/receipt"), "what is held against each other is read without a rule", false},
	{"engine/archive/machines", []string{"engine/node", "engine/store", "engine/archive/sqlrow", "engine/archive/database"}, "who serves is kept without knowing of letters", false},
	{"engine/archive/erasing", []string{"engine/retention", "engine/shipment", "engine/store", "engine/archive/sqlrow"}, "what names a blob is asked without knowing what is in it", false},
	{"engine/archive/database", []string{"engine/store", "engine/alarm", "engine/party", "engine/documents"}, "a database knows connections, locks and files, not rows", false},
	{"engine/archive/sqlrow", and(ports, "engine/archive/database"), "statements and columns know no table", true},
	{"engine/archive/people", and(ports, "engine/login", "engine/archive/sqlrow", "billing"), "who may and who did is kept without knowing of letters", true},
	{"engine/documents/s3", and(ports, "engine/documents"), "a bucket keeps bytes under names, and knows no letter", false},
	{"engine/documents/sealed", and(ports, "engine/documents"), "encryption stands above any place of bytes", false},
	{"engine/documents/cached", and(ports, "engine/documents"), "copies are kept of any place of bytes", false},
	{"engine/documents/documentstest", and(ports, "engine/documents"), "what every store of documents must do", false},
	{"engine/documents", and(ports, "engine/together"), "documents are bytes with a hash for a name", false},
	{"engine/archive/search", and(rules, "engine/access", "engine/find", "engine/archive/sqlrow", "engine/archive/database"), "searches choose indexes, and know no row", false},
	{"engine/archive/sums", and(ports, "engine/archive/sqlrow", "billing"), "sums by month are kept beside what they count", true},
	{"engine/archive/sets", and(ports, "engine/archive/sqlrow"), "what is written for many letters at once stands together", true},
	{"engine/archive/letters", and(ports, "engine/archive/sqlrow"), "letters are written one by one or together, and that is all the same to who writes them", true},
	{"engine/archive", and(ports, "engine/login", "engine/archive/search", "engine/archive/sums", "engine/archive/sets", "engine/archive/letters", "engine/archive/erasing", "engine/archive/found", "engine/archive/machines", "engine/archive/proof", "engine/archive/database", "engine/archive/people", "engine/archive/sqlrow", "engine/documents", "engine/together", "billing", "printjobs"), "the archive is rows, and knows no step", true},
	{"engine/queue", []string{"engine/archive", "engine/channel", "engine/store", "engine/alarm", "engine/party", "engine/step"}, "the queue shares the archive's transactions", false},
	{"engine/channel", rules, "what is kept of letters in channels does nothing", false},
	{"engine/access", []string{"engine/identity"}, "who may what is data", false},
	{"engine/login", nil, "who logs in is judged without knowing why", false},
	{"engine/roles", and(ports, "engine/login"), "who has which role is kept without knowing of letters", false},
	{"engine/insight", ports, "what of a letter is shown is written down, and nothing else is done", false},
	{"engine/download", and(ports, "engine/login"), "recipients see their letters, and nothing of how they go", true},
	{"engine/console/asset", []string{}, "files for browsers know no page", false},
	{"engine/console/scoped", and(ports, "engine/jobs", "billing/codes"), "what lies outside of a scope is out of reach", false},
	{"engine/console/page", and(ports, "engine/console/asset", "billing/money"), "how pages look and what they call things knows no request", false},
	{"engine/console/visit", and(ports, "engine/console/page", "engine/console/scoped", "engine/login"), "a visit knows no page", true},
	{"engine/console/letters", and(pages, "engine/accept", "engine/receipts", "engine/step", "billing"), "a room of pages knows no other", true},
	{"engine/console/operation", and(pages, "engine/morning", "engine/tally", "engine/nights", "engine/jobs", "engine/collect", "engine/step", "billing", "printjobs/exchange"), "a room of pages knows no other", true},
	{"engine/console/manual", and(pages, "engine/jobs", "engine/receipts"), "a room of pages knows no other", true},
	{"engine/console/money", and(pages, "engine/finance", "engine/invoices", "engine/receipts", "billing"), "a room of pages knows no other", true},
	{"engine/console/send", and(pages, "engine/accept", "engine/intake/door", "billing/codes", "billing/civil"), "a letter by hand goes in at the door of all hand-ins", true},
	{"engine/console/reveal", and(pages, "engine/accept", "engine/insight", "engine/recipient", "engine/jobs", "printjobs/preview", "printjobs/impose", "printjobs/prepare/finding", "printjobs/prepare/sheet"), "a room of pages knows no other", true},
	{"engine/console/people", and(pages, "engine/login"), "a room of pages knows no other", true},
	{"engine/console/settings", and(pages, "engine/settings", "billing", "printjobs"), "a room of pages knows no other", true},
	{"engine/console/statistics", and(pages, "engine/finance", "billing"), "a room of pages knows no other", true},
	{"engine/console", and(pages, "engine/console", "engine/insight", "engine/intake/door", "engine/login", "engine/jobs", "engine/nights", "billing"),
		"the console puts its rooms together, and asks the engine for what commands ask it for", true},
	{"engine/intake/door/doortest", []string{"engine", "printjobs"}, "the door's world is for tests", true},
	{"engine/intake/sealed/sealedtest", []string{}, "tests encrypt as senders do", false},
	{"engine/intake/sealed", []string{"printjobs/prepare/guard"}, "documents are decrypted without knowing what they are", false},
	{"engine/intake/door", and(ports, "engine/accept", "engine/together", "engine/intake/sealed", "engine/words", "printjobs/prepare/finding"), "the way in over the network knows no dialect", true},
	{"engine/intake/rest", and(rules, "engine/access", "engine/intake/door", "engine/words"), "a dialect is translated at the edge", true},
	{"engine/intake/restv1", and(rules, "engine/access", "engine/intake/door", "engine/words"), "a dialect is translated at the edge", true},
	{"engine/intake/soap", and(rules, "engine/access", "engine/intake/door", "engine/words"), "a dialect is translated at the edge", true},
	{"engine/intake", and(ports, "engine/accept", "engine/documents", "engine/words"), "a channel hands letters to accept, and says what is wrong with what lies there", false},
	{"engine/maskinporten", []string{"engine/identity"}, "tokens are got and judged without knowing what for", false},
	{"engine/notify", []string{"engine/words", "engine/store", "engine/alarm", "engine/party", "engine/calendar"}, "alarms are told from the archive alone", false},
	{"engine", []string{"engine", "printjobs", "billing", "reports"}, "the door is made of the rooms", true},
	{"fixtures", []string{"printjobs", "billing", "fixtures"}, "demonstration data and the vendor simulator stand outside the engine", true},
	{"cmd/config", []string{"engine", "printjobs", "billing"}, "a configuration is read without anything being opened", true},
	{"cmd/cli", []string{"cmd/config", "engine", "billing"}, "how command lines speak knows no command", true},
	{"cmd/metrics", []string{"engine", "printjobs/exchange"}, "what is counted is told without anything being opened", true},
	{"cmd/app", []string{"cmd/config", "cmd/cli", "cmd/metrics", "engine", "printjobs", "billing", "reports"}, "the wired program holds nothing that is made up", true},
	{"cmd/postgang", []string{"cmd/config", "cmd/cli", "cmd/metrics", "cmd/app", "engine", "printjobs", "billing", "reports"}, "the operator's binary holds no simulator, demo, made-up letters or measurements", true},
	{"cmd", []string{"cmd", "engine", "printjobs", "billing", "reports", "fixtures"}, "cmd wires everything", true},
}

// single lists what one package alone may import, tests aside.
var single = map[string][]string{
	"github.com/riverqueue/river": {"engine/queue"},
	"modernc.org/sqlite":          {"engine/archive/database"},
	"github.com/jackc/pgx":        {"engine/archive", "engine/archive/database", "engine/queue"}, // River's driver takes pgx's transaction
	"github.com/pressly/goose":    {"engine/archive"},
	"github.com/pkg/sftp":         {"printjobs/exchange", "fixtures/vendorsim"},
	"github.com/xuri/excelize":    {"reports"},
	// prepare/syntax names its objects for the rooms above; prepare/scan asks for the widths of the standard fonts.
	"github.com/pdfcpu/pdfcpu":    {"printjobs/prepare/read", "printjobs/prepare/syntax", "printjobs/prepare/scan"},
	"github.com/robfig/cron":      {"engine/nights"},
	"github.com/klippa-app":       {"printjobs/preview"},
	"github.com/tetratelabs":      {"printjobs/preview"},
	"github.com/wneessen/go-mail": {"engine/notify"},
	"github.com/minio/minio-go":   {"engine/documents/s3"},
	"filippo.io/age":              {"engine/documents/sealed"},
	"github.com/go-jose/go-jose":  {"engine/maskinporten", "fixtures/standins", "fixtures/loginsim"},
}

func TestImportArrows(t *testing.T) {
	t.Parallel()
	root := repositoryRoot(t)
	seen := 0
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && file != root || d.Name() == "testdata" || madeByDemo(root, file)) {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(filepath.Dir(rel))
		if pkg == "." {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		seen++
		for _, imp := range parsed.Imports {
			name, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				return err
			}
			if ours, ok := strings.CutPrefix(name, "postgang/"); ok {
				checkArrow(t, rel, pkg, ours)
				continue
			}
			for lib, owners := range single {
				if (name == lib || strings.HasPrefix(name, lib+"/")) && !slices.Contains(owners, pkg) {
					t.Errorf("%s imports %s, which only %v may", rel, name, owners)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 30 {
		t.Fatalf("looked at %d files only: the walk misses the tree", seen)
	}
}

func checkArrow(t *testing.T, file, pkg, ours string) {
	t.Helper()
	for _, a := range arrows {
		if pkg != a.pkg && (a.pkg == "engine" || !strings.HasPrefix(pkg, a.pkg+"/")) {
			continue // the door's row is for the door alone: each room has its own
		}
		for _, m := range a.may {
			if ours == m || a.deep && strings.HasPrefix(ours, m+"/") {
				return
			}
		}
		t.Errorf("%s (package %s) imports %s: %s", file, pkg, ours, a.why)
		return
	}
	t.Errorf("%s: no arrow is drawn for package %s; add it to the table and to docs/architecture.md", file, pkg)
}

func TestNoPackageIsCalledUtil(t *testing.T) {
	t.Parallel()
	root := repositoryRoot(t)
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{"util", "utils", "common", "helpers", "misc"}, path.Base(filepath.ToSlash(file))) {
			t.Errorf("%s: a package is a room with one job, and is named after it", file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// madeByDemo tells the folder that make demo writes from the package of that name.
func madeByDemo(root, file string) bool { return file == filepath.Join(root, "demo") }

func repositoryRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
	}
}

// TestOperatorsBinaryHoldsNoLab: whatever way its packages go, bin/postgang holds no simulator, demo, made-up letters or
// measurements.
func TestOperatorsBinaryHoldsNoLab(t *testing.T) {
	t.Parallel()
	root := repositoryRoot(t)
	seen := map[string]bool{}
	var walk func(pkg string)
	walk = func(pkg string) {
		if seen[pkg] {
			return
		}
		seen[pkg] = true
		if strings.HasPrefix(pkg, "fixtures/") || strings.HasPrefix(pkg, "cmd/postgang-lab") {
			t.Errorf("cmd/postgang is built with %s", pkg)
		}
		p, err := build.ImportDir(filepath.Join(root, filepath.FromSlash(pkg)), 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, imp := range p.Imports {
			if ours, ok := strings.CutPrefix(imp, "postgang/"); ok {
				walk(ours)
			}
		}
	}
	walk("cmd/postgang")
	if len(seen) < 15 {
		t.Errorf("only %d packages are seen: the walk misses some", len(seen))
	}
}

// What a room under engine/ may hold at most: it is read in one sitting, and known by its door.
const (
	mostLines     = 3000 // of its files, tests aside
	mostNames     = 100  // exported by the package
	mostInterface = 15   // methods that an interface lists itself
)

func TestRoomsStaySmall(t *testing.T) {
	t.Parallel()
	root := filepath.Join(repositoryRoot(t), "engine")
	lines, names := map[string]int{}, map[string]int{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		room := filepath.Dir(file)
		lines[room] += bytes.Count(text, []byte("\n"))
		parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		names[room] += len(exportedNames(parsed))
		ast.Inspect(parsed, func(n ast.Node) bool {
			if i, ok := n.(*ast.TypeSpec); ok {
				if of, ok := i.Type.(*ast.InterfaceType); ok && methods(of) > mostInterface {
					t.Errorf("%s: interface %s has %d methods, more than %d", file, i.Name.Name, methods(of), mostInterface)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for room, n := range lines {
		if n > mostLines || names[room] > mostNames {
			t.Errorf("%s: %d lines and %d exported names, more than %d or %d", room, n, names[room], mostLines, mostNames)
		}
	}
}

// methods counts what an interface lists itself.
func methods(i *ast.InterfaceType) (n int) {
	for _, f := range i.Methods.List {
		n += len(f.Names)
	}
	return n
}

// exportedNames are the package's exported types, functions, constants and variables that a file declares.
func exportedNames(f *ast.File) (names []string) {
	add := func(id *ast.Ident) {
		if id.IsExported() {
			names = append(names, id.Name)
		}
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				add(d.Name)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					add(s.Name)
				case *ast.ValueSpec:
					for _, id := range s.Names {
						add(id)
					}
				}
			}
		}
	}
	return names
}
