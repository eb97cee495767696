package exchange

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Kinds of a job's files, in [File].Kind.
const (
	KindPrint    = "print"    // a PDF to print
	KindManifest = "manifest" // følgeseddel: one row a letter
	KindTicket   = "ticket"   // jobbseddel: instructions and totals
)

// Endings of names in the exchange.
const (
	readySuffix    = ".klar"
	acceptedSuffix = ".mottatt.json"
	refusedSuffix  = ".avvist.json"
	// PartSuffix marks a file that is still being written. Neither side may read
	// or move a file whose name ends in it.
	PartSuffix = ".part"
)

// hashInName is how many hexadecimal digits of the SHA-256 stand in a name:
// 48 bits, far beyond what chance can repeat within one job.
const hashInName = 12

// maxSeq is the highest number of a print file within a job.
const maxSeq = 9999

var (
	jobPattern     = regexp.MustCompile(`^[A-Z0-9]{4}[0-9]{6}$`)
	shaPattern     = regexp.MustCompile(`^[0-9a-f]{64}$`)
	filePattern    = regexp.MustCompile(`^([A-Z0-9]{4}[0-9]{6})_([0-9]{3,4}|manifest|jobb)_([0-9a-f]{12})\.(pdf|csv|json)$`)
	answerPattern  = regexp.MustCompile(`^([A-Z0-9]{4}[0-9]{6})(\.mottatt\.json|\.avvist\.json)$`)
	receiptPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)
)

// ValidJob reports whether id has the form of a job id: four letters or digits
// that name the installation, and a number of six digits.
func ValidJob(id string) bool { return jobPattern.MatchString(id) }

func checkJob(id string) error {
	if !ValidJob(id) {
		return fmt.Errorf("job id %s: want four letters A-Z or digits and six digits: %w", showName(id), ErrName)
	}
	return nil
}

// FileName makes the name of a job's file from its content, so that the same
// content always gets the same name and a retry can never become a second file
// (docs/sources.md, Vendors and receipts). seq is the number of a print file,
// 1 to 9999, and is ignored for the other kinds; sha is the file's
// SHA-256 in 64 lower-case hexadecimal digits.
func FileName(job string, seq int, kind, sha string) (string, error) {
	if err := checkJob(job); err != nil {
		return "", err
	}
	if !shaPattern.MatchString(sha) {
		return "", fmt.Errorf("file name for job %s: want a SHA-256 in 64 lower-case hexadecimal digits: %w", job, ErrName)
	}
	switch kind {
	case KindPrint:
		if seq < 1 || seq > maxSeq {
			return "", fmt.Errorf("file name for job %s: number %d is not within 1 to %d: %w", job, seq, maxSeq, ErrName)
		}
		return fmt.Sprintf("%s_%03d_%s.pdf", job, seq, sha[:hashInName]), nil
	case KindManifest:
		return fmt.Sprintf("%s_manifest_%s.csv", job, sha[:hashInName]), nil
	case KindTicket:
		return fmt.Sprintf("%s_jobb_%s.json", job, sha[:hashInName]), nil
	}
	return "", fmt.Errorf("file name for job %s: no kind %s: %w", job, showName(kind), ErrName)
}

// NameParts is what the name of a job's file says.
type NameParts struct {
	Job  string
	Seq  int    // number of a print file, 0 for other kinds
	Kind string // one of the Kind constants
	Hash string // first 12 digits of the content's SHA-256
}

// ParseFileName takes the name of a job's file apart; ok is false for any name
// that [FileName] cannot have made.
func ParseFileName(name string) (parts NameParts, ok bool) {
	m := filePattern.FindStringSubmatch(name)
	if m == nil {
		return NameParts{}, false
	}
	parts = NameParts{Job: m[1], Hash: m[3]}
	switch m[2] + "." + m[4] {
	case "manifest.csv":
		parts.Kind = KindManifest
	case "jobb.json":
		parts.Kind = KindTicket
	default:
		seq, err := strconv.Atoi(m[2])
		if err != nil || m[4] != "pdf" || seq < 1 || len(m[2]) == 4 && seq < 1000 {
			return NameParts{}, false
		}
		parts.Kind, parts.Seq = KindPrint, seq
	}
	return parts, true
}

// ReadyName is the name of a job's ready file.
func ReadyName(job string) string { return job + readySuffix }

// AnswerName is the name of a vendor's answer to a job.
func AnswerName(job string, accepted bool) string {
	if accepted {
		return job + acceptedSuffix
	}
	return job + refusedSuffix
}

// ParseReadyName gives the job whose ready file has this name.
func ParseReadyName(name string) (job string, ok bool) {
	job, ok = strings.CutSuffix(name, readySuffix)
	return job, ok && ValidJob(job)
}

// ParseAnswerName takes the name of an answer apart.
func ParseAnswerName(name string) (job string, accepted, ok bool) {
	m := answerPattern.FindStringSubmatch(name)
	if m == nil {
		return "", false, false
	}
	return m[1], m[2] == acceptedSuffix, true
}

// ValidReceiptName reports whether a name in the vendor's folder of receipts is
// one that we take: letters, digits, dot, hyphen and underscore, no leading dot,
// at most 128 characters, not a file still being written. Anything else could
// be a way out of the folder or into a log.
func ValidReceiptName(name string) bool {
	return receiptPattern.MatchString(name) && !unfinished(name) && !strings.Contains(name, "..")
}

// unfinished tells names that say of themselves that they are being written.
func unfinished(name string) bool {
	low := strings.ToLower(name)
	return strings.HasSuffix(low, PartSuffix) || strings.HasSuffix(low, ".tmp") || strings.HasSuffix(low, ".filepart")
}

// hidden stands for a text of the vendor's own making, which may hold anything, also the name or the fødselsnummer of a person: it
// tells enough to find it at the vendor's, and does not repeat it.
func hidden(text string) string {
	sum := sha256.Sum256([]byte(text))
	return fmt.Sprintf("«%d characters, SHA-256 %s…»", utf8.RuneCountInString(text), hex.EncodeToString(sum[:4]))
}

// showName makes a name from outside fit for an error text: quoted, ASCII, short.
func showName(name string) string {
	const most = 60
	q := strconv.QuoteToASCII(name)
	if len(q) > most {
		q = q[:most] + `…"`
	}
	return q
}
