package backup

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"postgang/engine/documents"
)

// young is how old what no backup names is at least before it is removed: a backup that is being made may be about to name it.
const young = 24 * time.Hour

// Keep says which backups are kept. The newest one always is.
type Keep struct {
	Number int           // the newest so many; 0: all
	For    time.Duration // those that are younger; 0: all
}

// Kept reports whether a backup is kept: place counts from the newest, which is 0.
func (k Keep) Kept(m Manifest, place int, now time.Time) bool {
	return place == 0 || (k.Number == 0 || place < k.Number) && (k.For == 0 || now.Sub(m.Began) < k.For)
}

// Pruned is what Prune has removed, or would.
type Pruned struct {
	Backups []string // ids
	Kept    []string
	Objects int // documents, copies of databases and files that no backup names
	Bytes   int64
}

// Prune removes backups that are not kept, and what no backup names any more. The caller holds the lock. A clock of files decides what is
// young; now is the archive's.
func (p *Place) Prune(ctx context.Context, k Keep, now time.Time, dry bool) (Pruned, error) {
	out := Pruned{Backups: []string{}, Kept: []string{}}
	all, err := p.List(ctx)
	if err != nil {
		return out, err
	}
	var kept []Manifest
	for i, m := range all {
		if k.Kept(m, i, now) {
			kept = append(kept, m)
			out.Kept = append(out.Kept, m.ID)
			continue
		}
		out.Backups = append(out.Backups, m.ID)
		if dry {
			continue
		}
		if err := p.in.RemoveFile(ctx, folder+"/"+m.ID+".json"); err != nil {
			return out, fmt.Errorf("remove backup %s: %w", m.ID, err)
		}
	}
	if dry || len(kept) == 0 { // without any backup nothing is known of what lies there
		return out, nil
	}
	return out, p.sweep(ctx, kept, &out)
}

// sweep removes what no backup names.
func (p *Place) sweep(ctx context.Context, kept []Manifest, out *Pruned) error {
	named := map[[sha256.Size]byte]struct{}{}
	key := func(area documents.Area, name string) [sha256.Size]byte {
		return sha256.Sum256([]byte(string(area) + name))
	}
	object := func(o Object) {
		if o.SHA256 != "" {
			named[key(documents.ByContent, o.SHA256)] = struct{}{}
		}
	}
	for _, m := range kept {
		object(m.Database.Object)
		object(m.Documents.List)
		for _, f := range m.Files {
			object(f.Object)
		}
		err := p.EachDocument(ctx, m, func(l Listed) error {
			named[key(l.Area, l.Name)] = struct{}{}
			return nil
		})
		if err != nil {
			return fmt.Errorf("nothing is removed, since it is not known what backup %s names: %w", m.ID, err)
		}
	}
	before := time.Now().Add(-young)
	for _, area := range documents.Areas() {
		err := p.in.EachOld(ctx, area, before, 500, func(list []documents.Object) error {
			var names []string
			size := map[string]int64{}
			for _, o := range list {
				if _, is := named[key(area, o.Name)]; !is {
					names = append(names, o.Name)
					size[o.Name] = o.Bytes
				}
			}
			if len(names) == 0 {
				return nil
			}
			gone, err := p.in.RemoveOld(ctx, area, names, before)
			for _, name := range gone {
				out.Objects++
				out.Bytes += size[name]
			}
			return err
		})
		if err != nil {
			return errors.Join(fmt.Errorf("remove what no backup names from %s: %w", p.where, err))
		}
	}
	return nil
}
