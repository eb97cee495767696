package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"postgang/engine/archive/sqlrow"
	"postgang/engine/documents"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

const (
	// markName is the file in a folder of documents that says whose they are: an id made from that of the archive, so that the
	// archive's own, which is a secret, stands in the database alone.
	markName = "archive.id"
	// settingMarked says that the folder of documents has its mark.
	settingMarked = "documents-marked"
)

// ErrDocuments says that the folder of documents is missing, or is another archive's.
var ErrDocuments = errors.New("the documents are not those of this archive")

// OpenDocuments opens the folder of this archive's documents, and makes it for an archive that has none yet. A folder that is
// missing, empty where it was not, or another archive's is refused with ErrDocuments: else one letter after another would fail.
func (a *Archive) OpenDocuments(ctx context.Context, path string) (*documents.Plain, error) {
	_, gone := os.Stat(path)
	err := a.checkDocuments(ctx, place{
		name: "the folder " + path, setting: "[archive] documents to another folder", lost: "Is its disk mounted? Else restore it: docs/backup.md", missing: errors.Is(gone, fs.ErrNotExist),
		mark: func() ([]byte, error) {
			b, err := os.ReadFile(filepath.Join(path, markName))
			if errors.Is(err, fs.ErrNotExist) {
				return nil, store.ErrNotFound
			}
			return b, err
		},
		any: func() (bool, error) {
			for _, area := range documents.Areas() {
				kept, err := os.ReadDir(filepath.Join(path, string(area)))
				if err != nil && !errors.Is(err, fs.ErrNotExist) || len(kept) > 0 {
					return true, err
				}
			}
			return false, nil
		},
	})
	if err != nil {
		return nil, err
	}
	return documents.OpenDir(path)
}

// CheckBucket is what OpenDocuments checks, for documents that are kept elsewhere than in a folder: where says where.
func (a *Archive) CheckBucket(ctx context.Context, where string, in documents.Objects) error {
	return a.checkDocuments(ctx, place{
		name: where, setting: "another bucket or prefix in [documents.s3]", lost: "Are bucket and prefix right in [documents.s3]? Else restore it: docs/backup.md",
		mark: func() ([]byte, error) { return in.ReadFile(ctx, markName) },
		any: func() (bool, error) {
			for _, area := range documents.Areas() {
				if any, err := in.Any(ctx, area); any || err != nil {
					return any, err
				}
			}
			return false, nil
		},
	})
}

// place is where documents are, before it is opened.
type place struct {
	name, setting, lost string
	missing             bool
	mark                func() ([]byte, error) // store.ErrNotFound: there is none
	any                 func() (bool, error)   // whether there are documents
}

func (a *Archive) checkDocuments(ctx context.Context, p place) error {
	var mark string // that must be there; empty: the archive has no identity yet
	var marked, any bool
	err := a.View(ctx, func(r store.Reader) (err error) {
		if mark, err = documentsMark(ctx, r); err != nil {
			return err
		}
		_, err = r.Setting(ctx, settingMarked)
		if marked = err == nil; err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		any, err = r.(*reader).anyDocument(ctx)
		return err
	})
	if err != nil {
		return err
	}
	have, err := p.mark()
	if err == nil {
		if mark == "" || strings.TrimSpace(string(have)) != mark {
			return fmt.Errorf("%w: %s belongs to another archive. Check where database and documents are; after a restore both must be of one archive", ErrDocuments, p.name)
		}
		return nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("look at the documents: %w", err)
	}
	kept, err := p.any()
	if err != nil {
		return fmt.Errorf("look at the documents: %w", err)
	}
	// An archive from before there were marks has documents and none; its folder is marked now.
	switch {
	case (marked || any) && p.missing:
		return fmt.Errorf("%w: %s is missing. %s", ErrDocuments, p.name, p.lost)
	case marked, any && !kept:
		return fmt.Errorf("%w: %s has no %s. %s. If they are its documents all the same: postgang archive adopt", ErrDocuments, p.name, markName, p.lost)
	case mark == "" && !any && kept:
		return fmt.Errorf("%w: %s has documents, and the archive is new. Restore its database (docs/backup.md), or set %s", ErrDocuments, p.name, p.setting)
	}
	return nil
}

// ClaimDocuments marks a folder as this archive's, unless it is. The archive must have its identity.
func (a *Archive) ClaimDocuments(ctx context.Context, d documents.Files) error {
	marked := false
	err := a.View(ctx, func(r store.Reader) error {
		_, err := r.Setting(ctx, settingMarked)
		if marked = err == nil; errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	if marked {
		if _, err := d.ReadFile(ctx, markName); !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return a.AdoptDocuments(ctx, d)
}

// AdoptDocuments marks a folder as this archive's, whatever mark it has.
func (a *Archive) AdoptDocuments(ctx context.Context, d documents.Files) error {
	var mark string
	err := a.View(ctx, func(r store.Reader) (err error) {
		mark, err = documentsMark(ctx, r)
		return err
	})
	if err == nil && mark == "" {
		err = errors.New("the archive has no identity yet")
	}
	if err == nil {
		// The mark first: an archive that says that there is one must find it.
		err = d.WriteFile(ctx, markName, []byte(mark+"\n"))
	}
	if err != nil {
		return fmt.Errorf("mark the folder of documents: %w", err)
	}
	return a.InTx(ctx, func(t store.Tx) error { return t.SetSetting(ctx, settingMarked, "yes") })
}

// MissingDocuments looks for the newest documents, at most so many, and counts those that are not in the folder.
func (a *Archive) MissingDocuments(ctx context.Context, d store.Blobs, most int) (looked, missing int, err error) {
	err = a.View(ctx, func(r store.Reader) error {
		looked, missing = 0, 0
		return r.(*reader).Each(ctx, func(scan sqlrow.Scan) error {
			var ref shipment.BlobRef
			if err := scan(&ref.SHA256, &ref.Bytes); err != nil {
				return err
			}
			looked++
			b, err := d.Open(ctx, ref)
			if errors.Is(err, store.ErrNotFound) {
				missing++
				return nil
			}
			if err != nil {
				return err
			}
			return b.Close()
		}, `SELECT d.blob_sha, d.blob_bytes FROM document d JOIN shipment s ON s.id = d.shipment ORDER BY s.received_at DESC, s.id, d.place LIMIT $1`, most)
	})
	return looked, missing, err
}

// NamedBy tells which of some documents letters and print jobs name, and which only what is kept longer: receipts and invoices.
func (a *Archive) NamedBy(ctx context.Context, sha256 []string) (letters, books map[string]bool, err error) {
	err = a.View(ctx, func(r store.Reader) (err error) {
		if letters, err = r.(*reader).NamedByLetters(ctx, sha256); err != nil {
			return err
		}
		books, err = r.Named(ctx, sha256)
		return err
	})
	for sha := range letters {
		delete(books, sha)
	}
	return letters, books, err
}

// documentsMark is what stands in the mark of this archive's folder; empty: it has no identity yet.
func documentsMark(ctx context.Context, r store.Reader) (string, error) {
	id, err := r.Setting(ctx, store.SettingIdentity)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	space, err := uuid.Parse(id)
	if err != nil {
		return "", fmt.Errorf("archive identity: %w", err)
	}
	return uuid.NewSHA1(space, []byte("documents")).String(), nil
}

func (r *reader) anyDocument(ctx context.Context) (bool, error) {
	_, err := sqlrow.One(ctx, r.Rows, sqlrow.Scalar[int], `SELECT 1 FROM document LIMIT 1`)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
