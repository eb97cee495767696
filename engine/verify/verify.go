// Package verify proves that an archive is whole: its database, the documents that it names, its print jobs, its ledger and its logs, each
// held against what else says the same. It changes nothing, and may look at the archive that is being used, or at one that was taken out
// of a backup.
package verify

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"postgang/engine/access"
	"postgang/engine/archive/proof"
	"postgang/engine/documents"
	"postgang/engine/jobs"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
)

// Archive is what is proven.
type Archive interface {
	CheckWhole(ctx context.Context) ([]string, error)
	Prove(ctx context.Context, fn func(p proof.Prover) error) error
	View(ctx context.Context, fn func(r store.Reader) error) error
}

// Config says what is proven, and how much of it.
type Config struct {
	Archive Archive
	Blobs   store.Blobs // nil: documents are not looked at
	// Share is how many documents of a thousand are read whole; of the others only size and presence are looked at, and from another machine
	// not even these.
	Share int
	// PrintFiles is how many jobs, the newest first, are composed anew by Compose (jobs.Jobs.ProveJob); 0: none.
	PrintFiles int
	Compose    func(ctx context.Context, job string) (differ []string, err error)
	// Backup: it is a backup that is looked at, so what to do is another thing.
	Backup bool
	// Told hears how far the look at documents is; nil: nobody.
	Told func(documents int)
}

// Fault is something that is wrong.
type Fault struct {
	Kind  Kind   `json:"kind"`
	What  string `json:"what"`
	Where string `json:"where"`
	Do    string `json:"do"`
}

// Kind is what a fault is of.
type Kind string

// The kinds.
const (
	OfDatabase  Kind = "database"
	OfDocument  Kind = "document"
	OfJob       Kind = "print job"
	OfLedger    Kind = "ledger"
	OfLog       Kind = "log"
	OfPrintFile Kind = "print file"
)

// Report is what was looked at and found.
type Report struct {
	Documents int // distinct ones that are named
	Read      int // of them read whole and proven by their hash
	Bytes     int64
	Unlooked  int // of them not looked at
	Jobs      int // held against their manifests
	Proven    int // jobs whose print files were composed anew and found equal
	Unproven  []string
	Receipts  int // held against the ledger
	Lookups   int64
	Changes   int64
	Faults    []Fault
	More      int // faults that are not listed
}

// mostFaults is how many faults are listed.
const mostFaults = 200

// Whole is how much of a thousand is all.
const Whole = 1000

// page is how many rows are read at once.
const page = 500

// prover is one run.
type prover struct {
	Config
	Report
	salt []byte // another share each time
}

// Run proves an archive. An error says that it could not look; what it has found wrong stands in the report.
func Run(ctx context.Context, c Config) (Report, error) {
	v := &prover{Config: c, salt: make([]byte, 16)}
	v.Faults, v.Unproven = []Fault{}, []string{}
	if _, err := rand.Read(v.salt); err != nil {
		return v.Report, err
	}
	for _, part := range []func(context.Context) error{v.database, v.logs, v.ledger, v.jobs, v.documents, v.printFiles} {
		if err := part(ctx); err != nil {
			return v.Report, err
		}
	}
	return v.Report, nil
}

func (v *prover) fault(kind Kind, where, do, what string, a ...any) {
	if len(v.Faults) >= mostFaults {
		v.More++
		return
	}
	v.Faults = append(v.Faults, Fault{kind, fmt.Sprintf(what, a...), where, do})
}

// do is what to do: on the archive, or when it is a backup that is bad.
func (v *prover) do(living string) string {
	if v.Backup {
		return "take another backup, and verify the archive itself"
	}
	return living
}

func (v *prover) database(ctx context.Context) error {
	found, err := v.Archive.CheckWhole(ctx)
	if err != nil {
		return err
	}
	for _, text := range found {
		v.fault(OfDatabase, "database", v.do("stop what uses the archive, keep a copy, and restore a backup (docs/backup.md)"), "%s", text)
	}
	return nil
}

func (v *prover) logs(ctx context.Context) error {
	var lookups, changes access.Chain
	for _, log := range []struct {
		name string
		page func(r store.Reader, f access.LogFilter) (int, error)
		of   *access.Chain
	}{
		{"innsynslogg", func(r store.Reader, f access.LogFilter) (int, error) {
			return take(lookups.Lookup, func() ([]access.Lookup, error) { return r.Lookups(ctx, f) })
		}, &lookups},
		{"log of changes", func(r store.Reader, f access.LogFilter) (int, error) {
			return take(changes.Change, func() ([]access.Change, error) { return r.Changes(ctx, f) })
		}, &changes},
	} {
		for {
			var n int
			err := v.Archive.View(ctx, func(r store.Reader) (err error) {
				n, err = log.page(r, access.LogFilter{Oldest: true, After: log.of.Seq, Limit: store.Page})
				return err
			})
			var broken *access.BrokenError
			if errors.As(err, &broken) {
				v.fault(OfLog, log.name, "compare with a backup (postgang verify): rows from there on cannot be trusted", "%s", broken.Error())
				break
			}
			if err != nil {
				return err
			}
			if n < store.Page {
				break
			}
		}
	}
	v.Lookups, v.Changes = lookups.Seq, changes.Seq
	return nil
}

func take[T any](into func(T) error, page func() ([]T, error)) (int, error) {
	rows, err := page()
	for _, row := range rows {
		if err := into(row); err != nil {
			return 0, err
		}
	}
	return len(rows), err
}

func (v *prover) ledger(ctx context.Context) error {
	const again = "keep a copy of the database, and report it as a fault of Postgang with the output of this command"
	for after, more := "", true; more; {
		err := v.Archive.Prove(ctx, func(p proof.Prover) error {
			differ, last, err := p.Receipts(ctx, after, page)
			for _, u := range differ {
				v.fault(OfLedger, "receipt "+u.Receipt+" of vendor "+u.Vendor+", job "+u.Job, v.do(again), "the receipt says %s, and %s is booked", u.Says, u.Booked)
			}
			after, more = last, last != ""
			return err
		})
		if err != nil {
			return err
		}
	}
	return v.Archive.View(ctx, func(r store.Reader) error {
		months, err := r.SumsDiffer(ctx)
		if err != nil {
			return err
		}
		for _, m := range months {
			v.fault(OfLedger, "month "+m, v.do(again), "the sums that are kept of the ledger are not those of its lines")
		}
		return v.Archive.Prove(ctx, func(p proof.Prover) error {
			orphans, err := p.Orphans(ctx, page)
			if err != nil {
				return err
			}
			for _, entry := range orphans {
				v.fault(OfLedger, "entry "+entry, v.do(again), "it says that it is a receipt's, and there is no such receipt")
			}
			twice, err := p.Recounted(ctx, page)
			for _, id := range twice {
				v.fault(OfLedger, "shipment "+id, v.do(again), "the ledger counts the letter more than once for one printing")
			}
			if err != nil {
				return err
			}
			n, err := p.Counts(ctx)
			v.Receipts = n["receipts"]
			return err
		})
	})
}

// jobs holds what is kept of print jobs against their manifests, which went to the vendor.
func (v *prover) jobs(ctx context.Context) error {
	if v.Blobs == nil {
		return nil
	}
	marks, err := jobMarks(ctx, v.Archive)
	if err != nil {
		return err
	}
	for _, m := range marks {
		if err := v.job(ctx, m.ID); err != nil {
			return err
		}
	}
	return nil
}

func jobMarks(ctx context.Context, a Archive) (marks []store.JobMark, err error) {
	err = a.View(ctx, func(r store.Reader) error {
		marks, err = r.JobMarks(ctx)
		return err
	})
	return marks, err
}

func (v *prover) job(ctx context.Context, id string) error {
	var letters []store.JobLetter
	var files []store.JobFile
	err := v.Archive.View(ctx, func(r store.Reader) (err error) {
		if files, err = r.JobFiles(ctx, id); err == nil {
			letters, err = r.JobLetters(ctx, id)
		}
		return err
	})
	if err != nil {
		return err
	}
	at := slices.IndexFunc(files, func(f store.JobFile) bool { return f.File.Kind == exchange.KindManifest && !f.Erased })
	if at < 0 {
		return nil // not composed, a print order, or erased
	}
	text, err := v.whole(ctx, files[at].Blob)
	if err != nil {
		if errors.Is(err, store.ErrNotFound) || errors.Is(err, documents.ErrDamaged) {
			return nil // it is told as a document
		}
		return err
	}
	rows, err := exchange.ParseManifest(text)
	if err != nil {
		v.fault(OfJob, "job "+id, v.do("compare with the vendor's copy of the manifest"), "its manifest cannot be read")
		return nil
	}
	v.Jobs++
	if len(rows) != len(letters) {
		v.fault(OfJob, "job "+id, v.do("compare with the vendor's copy of the manifest"), "its manifest has %d letters, and the archive %d", len(rows), len(letters))
		return nil
	}
	for i, row := range rows {
		if l := letters[i]; row.Shipment != l.Shipment || row.Letter != l.Letter || row.File != l.File || row.FirstSide != l.FirstSide || row.LastSide != l.LastSide {
			v.fault(OfJob, "job "+id, v.do("compare with the vendor's copy of the manifest"), "letter %d of its manifest is not that of the archive", row.Letter)
			return nil
		}
	}
	return nil
}

// whole reads a document whole and proves its hash.
func (v *prover) whole(ctx context.Context, ref shipment.BlobRef) ([]byte, error) {
	b, err := v.Blobs.Open(ctx, ref)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size()))
	if err = errors.Join(err, b.Close()); err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != ref.SHA256 {
		return nil, documents.ErrDamaged
	}
	return text, nil
}

func (v *prover) documents(ctx context.Context) error {
	if v.Blobs == nil {
		return nil
	}
	far, ok := v.Blobs.(interface{ Far() bool })
	distant := ok && far.Far()
	for after := ""; ; {
		var named []proof.Named
		err := v.Archive.Prove(ctx, func(p proof.Prover) (err error) {
			named, err = p.Documents(ctx, after, page)
			return err
		})
		if err != nil {
			return err
		}
		for _, n := range named {
			if n.SHA256 == after {
				continue // named again
			}
			after = n.SHA256
			v.Documents++
			read := v.chosen(n.SHA256)
			if !read && distant {
				v.Unlooked++
				continue
			}
			if err := v.document(ctx, n, read); err != nil {
				return err
			}
			if v.Told != nil && v.Documents%100 == 0 {
				v.Told(v.Documents)
			}
		}
		if len(named) < page {
			return nil
		}
	}
}

// chosen draws the documents that are read, others each time.
func (v *prover) chosen(sha string) bool {
	sum := sha256.Sum256(append(slices.Clone(v.salt), sha...))
	return int(binary.BigEndian.Uint32(sum[:4])%Whole) < v.Share
}

func (v *prover) document(ctx context.Context, n proof.Named, read bool) error {
	b, err := v.Blobs.Open(ctx, n.BlobRef)
	if err == nil && read {
		hash := sha256.New()
		var size int64
		size, err = io.Copy(hash, io.NewSectionReader(b, 0, b.Size()))
		if err == nil && hex.EncodeToString(hash.Sum(nil)) != n.SHA256 {
			err = documents.ErrDamaged
		}
		v.Read++
		v.Bytes += size
	}
	if b != nil {
		err = errors.Join(err, b.Close())
	}
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	// Retention may have removed it since its row was read.
	still, gone := true, v.Archive.View(ctx, func(r store.Reader) error {
		names, err := r.Named(ctx, []string{n.SHA256})
		if err == nil && !names[n.SHA256] {
			return errGone
		}
		return err
	})
	if errors.Is(gone, errGone) {
		still = false
	} else if gone != nil {
		return gone
	}
	if !still {
		return nil
	}
	where := string(n.Kind) + " of " + n.Of
	switch {
	case errors.Is(err, documents.ErrDamaged):
		v.fault(OfDocument, where, v.do("put the document "+n.SHA256+" back from a backup"), "the bytes of document %s are not those that were stored", n.SHA256)
	case errors.Is(err, store.ErrNotFound):
		v.fault(OfDocument, where, v.do("put the document "+n.SHA256+" back from a backup"), "document %s is missing, or has another size", n.SHA256)
	case v.Backup: // its key may have been destroyed since, with what was sealed under it
		v.fault(OfDocument, where, v.do(""), "document %s cannot be read: %v", n.SHA256, err)
	default:
		return fmt.Errorf("read document %s: %w", n.SHA256, err)
	}
	return nil
}

var errGone = errors.New("gone")

// printFiles composes the newest jobs anew.
func (v *prover) printFiles(ctx context.Context) error {
	if v.PrintFiles == 0 || v.Compose == nil || v.Blobs == nil {
		return nil
	}
	marks, err := jobMarks(ctx, v.Archive)
	if err != nil {
		return err
	}
	tried := 0
	for _, m := range slices.Backward(marks) {
		if tried == v.PrintFiles {
			break
		}
		if m.State.Uncomposed() || m.State == store.JobWithdrawn {
			continue
		}
		var files []store.JobFile
		err := v.Archive.View(ctx, func(r store.Reader) (err error) {
			files, err = r.JobFiles(ctx, m.ID)
			return err
		})
		if err != nil {
			return err
		}
		if len(files) == 0 {
			continue // learnt from the vendor after a restore
		}
		differ, err := v.Compose(ctx, m.ID)
		switch {
		case errors.Is(err, jobs.ErrErased):
			continue
		case errors.Is(err, jobs.ErrNotProvable):
			v.Unproven = append(v.Unproven, err.Error())
		case err != nil:
			return err
		case len(differ) > 0:
			v.fault(OfPrintFile, "job "+m.ID, "look whether account, forside or profile were changed since (postgang log changes, postgang.toml); if not, report it as a fault of Postgang",
				"composed anew, %d of its print files are not what they were", len(differ))
		default:
			v.Proven++
		}
		tried++
	}
	return nil
}
