// Package backup makes backups of an archive, lists and removes them, and puts one back.
//
// # A backup
//
// Backups of one archive lie in one place: a folder, or a bucket (documents.Objects). In it documents lie under the names that they have
// in the archive's own place, sealed ones sealed; they are copied once, whatever the number of backups that name them. So do a copy of the
// database and the files of the configuration, named by their content. What makes a backup of them is its manifest, backups/ID.json, which
// names all that belongs to it with sizes and hashes. It is written last: what was killed before has no manifest, and is no backup.
//
// The database is copied first, the documents after: a row names only documents that were stored before it. Retention is kept from
// removing documents meanwhile, by its own lock.
//
// # Removing
//
// Old backups are removed by removing their manifests first, then what no manifest that is left names (Prune). Nothing is removed that is
// younger than a day, since a backup that is being made may be about to name it.
package backup

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"postgang/engine/documents"
	"postgang/engine/store"
)

// LockName is the lock of the archive for whoever makes, or removes, backups of it: one at a time.
const LockName = "backup"

// Names in a place.
const (
	folder      = "backups"
	markName    = "backup.id"  // whose backups they are
	archiveMark = "archive.id" // whose documents they are, where an archive keeps its own
	keys        = "keys"       // folder of the keys of sealed documents
	idForm      = "20060102T150405Z"
)

// Why a backup cannot be used.
var (
	ErrNone    = errors.New("there is no whole backup")
	ErrOther   = errors.New("holds backups of another archive")
	ErrDamaged = errors.New("the backup is damaged")
)

// Manifest says all that belongs to a backup.
type Manifest struct {
	Format       int       `json:"format"` // 1
	ID           string    `json:"id"`
	Began        time.Time `json:"began"` // all that was committed before is in it
	Ended        time.Time `json:"ended"`
	Version      string    `json:"version"` // of the program
	Schema       int64     `json:"schema"`  // of the database
	Installation string    `json:"installation"`
	Archive      string    `json:"archive"` // whose documents they are
	// JobNumber is the highest number of a job that was given out, and Highest that of one that was handed over.
	JobNumber int            `json:"job_number"`
	Highest   int            `json:"highest_handed_over"`
	Counts    map[string]int `json:"counts"`
	Database  Database       `json:"database"`
	Documents Documents      `json:"documents"`
	// Files are the files of the configuration that are in the backup, Needed those that are not, and that a restore needs too.
	Files  []File `json:"files"`
	Needed []Need `json:"needed"`
}

// Database is the copy of the database.
type Database struct {
	Form string `json:"form"` // database.CopySQLite or CopyDump; empty: it is in no backup of ours
	Object
}

// Object is a file of a backup, which lies in the place under its SHA-256.
type Object struct {
	SHA256 string `json:"sha256,omitempty"`
	Bytes  int64  `json:"bytes,omitempty"`
}

// Documents are those of a backup.
type Documents struct {
	Kept   bool   `json:"kept"` // false: they are backed up by themselves
	List   Object `json:"list"` // of all, a line each: area, name, size
	Number int    `json:"number"`
	Bytes  int64  `json:"bytes"`
	// Added are those that were not in the place before, and Damaged those that could not be copied, since their bytes are not theirs.
	Added      int      `json:"added"`
	AddedBytes int64    `json:"added_bytes"`
	Damaged    []string `json:"damaged"`
}

// File is a file of the configuration.
type File struct {
	Path   string `json:"path"`
	Secret bool   `json:"secret"`
	Object
}

// Need is a file that a restore needs, and that is in no backup.
type Need struct {
	Path string `json:"path"`
	Why  string `json:"why"`
}

// Place is where backups of an archive lie.
type Place struct {
	in    documents.Objects
	plain *documents.Plain
	where string
}

// Open takes a place for one of backups; where says where it is, scratch is a folder for what does not fit in memory.
func Open(in documents.Objects, where, scratch string) *Place {
	return &Place{in, documents.NewPlain(in, scratch), where}
}

// Close closes it.
func (p *Place) Close() error { return p.in.Close() }

// Where says where it is.
func (p *Place) Where() string { return p.where }

// Objects is the place itself, whose documents are those of all backups in it.
func (p *Place) Objects() documents.Objects { return p.in }

// Mark says whose backups lie there; empty: nobody's yet.
func (p *Place) Mark(ctx context.Context) (string, error) {
	b, err := p.in.ReadFile(ctx, markName)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return strings.TrimSpace(string(b)), err
}

// List gives the whole backups, the newest first.
func (p *Place) List(ctx context.Context) ([]Manifest, error) {
	names, err := p.in.ListFiles(ctx, folder)
	if err != nil {
		return nil, fmt.Errorf("list the backups in %s: %w", p.where, err)
	}
	var out []Manifest
	for _, name := range names {
		id, ok := strings.CutSuffix(name, ".json")
		if !ok {
			continue
		}
		m, err := p.manifest(ctx, id)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b Manifest) int { return strings.Compare(b.ID, a.ID) })
	return out, nil
}

// Get gives one backup; an empty id: the newest. ErrNone.
func (p *Place) Get(ctx context.Context, id string) (Manifest, error) {
	if id != "" {
		m, err := p.manifest(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			err = fmt.Errorf("%w %s in %s; \"postgang backup list\" shows those that there are", ErrNone, id, p.where)
		}
		return m, err
	}
	all, err := p.List(ctx)
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("%w in %s", ErrNone, p.where)
	}
	if err != nil {
		return Manifest{}, err
	}
	return all[0], nil
}

func (p *Place) manifest(ctx context.Context, id string) (m Manifest, err error) {
	if _, err := time.Parse(idForm, id); err != nil {
		return m, fmt.Errorf("%q is no backup: they are named by their time, such as 20261130T040000Z", id)
	}
	b, err := p.in.ReadFile(ctx, folder+"/"+id+".json")
	if err != nil {
		return m, fmt.Errorf("read backup %s: %w", id, err)
	}
	if err := json.Unmarshal(b, &m); err != nil || m.ID != id {
		return m, fmt.Errorf("%w: the manifest %s/%s.json in %s cannot be read", ErrDamaged, folder, id, p.where)
	}
	if m.Format != 1 {
		return m, fmt.Errorf("backup %s has format %d, and this program knows format 1: use the newer program that made it", id, m.Format)
	}
	return m, nil
}

// put stores a file of a backup under its SHA-256.
func (p *Place) put(ctx context.Context, write func(w io.Writer) error) (o Object, err error) {
	err = p.in.Put(ctx, documents.ByContent, func(w io.Writer) (string, error) {
		hash, count := sha256.New(), &counter{}
		if err := write(io.MultiWriter(w, hash, count)); err != nil {
			return "", err
		}
		o = Object{hex.EncodeToString(hash.Sum(nil)), count.n}
		return o.SHA256, nil
	})
	return o, err
}

// Read gives fn a file of a backup; when fn has read it to its end, it was that one, else the error says so.
func (p *Place) Read(ctx context.Context, o Object, fn func(r io.Reader) error) error {
	err := p.in.Get(ctx, documents.ByContent, o.SHA256, func(r io.Reader, _ int64) error {
		hash := sha256.New()
		if err := fn(io.TeeReader(r, hash)); err != nil {
			return err
		}
		if hex.EncodeToString(hash.Sum(nil)) != o.SHA256 {
			return fmt.Errorf("object %s: %w", o.SHA256, documents.ErrDamaged)
		}
		return nil
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("%w: object %s is missing in %s", ErrDamaged, o.SHA256, p.where)
	case errors.Is(err, documents.ErrDamaged):
		return fmt.Errorf("%w: object %s in %s is not what it was", ErrDamaged, o.SHA256, p.where)
	}
	return err
}

// counter counts bytes.
type counter struct{ n int64 }

// Write counts.
func (c *counter) Write(b []byte) (int, error) {
	c.n += int64(len(b))
	return len(b), nil
}

// Listed is a document of a backup.
type Listed struct {
	Area documents.Area
	documents.Object
}

// EachDocument calls fn with the documents of a backup.
func (p *Place) EachDocument(ctx context.Context, m Manifest, fn func(Listed) error) error {
	if !m.Documents.Kept {
		return nil
	}
	return p.Read(ctx, m.Documents.List, func(r io.Reader) error {
		lines := bufio.NewScanner(r)
		for lines.Scan() {
			f := strings.Fields(lines.Text())
			if len(f) != 3 || !slices.Contains(documents.Areas(), documents.Area(f[0])) || documents.CheckName(f[1]) != nil {
				return fmt.Errorf("%w: the list of documents of %s cannot be read", ErrDamaged, m.ID)
			}
			n, err := strconv.ParseInt(f[2], 10, 64)
			if err != nil {
				return fmt.Errorf("%w: the list of documents of %s cannot be read", ErrDamaged, m.ID)
			}
			if err := fn(Listed{documents.Area(f[0]), documents.Object{Name: f[1], Bytes: n}}); err != nil {
				return err
			}
		}
		return lines.Err()
	})
}

// copiesAtOnce is how many documents are copied at the same time: what is flushed is flushed for several together.
const copiesAtOnce = 16

// copier copies objects from one place to another.
type copier struct {
	from, to documents.Objects
	have     map[string]int64 // of the other place, by area and name; nil: it is asked
	anew     bool             // sealed objects that are there may be sealed under keys that are destroyed: they are looked at
	slots    chan struct{}
	wg       sync.WaitGroup
	mu       sync.Mutex // guards what follows
	err      error
	added    int
	bytes    int64
	damaged  []string
}

// opener is a place whose objects are files of this machine.
type opener interface {
	Stat(area documents.Area, name string) (int64, error)
}

func newCopier(ctx context.Context, from, to documents.Objects) (*copier, error) {
	c := &copier{from: from, to: to, slots: make(chan struct{}, copiesAtOnce)}
	if _, ok := asked(to); ok {
		return c, nil
	}
	c.have = map[string]int64{}
	for _, area := range documents.Areas() {
		err := each(ctx, to, area, func(list []documents.Object) error {
			for _, o := range list {
				c.have[string(area)+o.Name] = o.Bytes
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return c, nil
}

// each calls fn with all objects of an area, some at once. A folder puts back first what a killed removal has left, so the caller holds the
// lock of whoever removes; a bucket would give up what others are sending, and has a listing that does not.
func each(ctx context.Context, in documents.Objects, area documents.Area, fn func([]documents.Object) error) error {
	const some = 1000
	if b, ok := in.(interface {
		Each(ctx context.Context, area documents.Area, most int, fn func([]documents.Object) error) error
	}); ok {
		return b.Each(ctx, area, some, fn)
	}
	return in.EachOld(ctx, area, time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC), some, fn)
}

// asked is a place that tells quickly what is there.
func asked(o documents.Objects) (opener, bool) {
	switch o := o.(type) {
	case opener:
		return o, true
	case interface {
		File(area documents.Area, name string) (*os.File, int64, error)
	}:
		return byFile{o}, true
	}
	return nil, false
}

type byFile struct {
	of interface {
		File(area documents.Area, name string) (*os.File, int64, error)
	}
}

// Stat gives the size of an object.
func (b byFile) Stat(area documents.Area, name string) (int64, error) {
	f, size, err := b.of.File(area, name)
	if err != nil {
		return 0, err
	}
	return size, f.Close()
}

func (c *copier) there(ctx context.Context, o Listed) bool {
	var is bool
	if c.have != nil {
		n, ok := c.have[string(o.Area)+o.Name]
		is = ok && n == o.Bytes
	} else {
		at, _ := asked(c.to)
		n, err := at.Stat(o.Area, o.Name)
		is = err == nil && n == o.Bytes
	}
	if !is || !c.anew || o.Area != documents.Sealed {
		return is
	}
	a, err := head(ctx, c.from, o)
	if err != nil {
		return false // to be told by copying
	}
	b, err := head(ctx, c.to, o)
	if err == nil && !bytes.Equal(a, b) {
		// A bucket keeps what was put a moment ago under the same name. Nobody could read it any more once its key is destroyed.
		c.note(c.to.Delete(ctx, o.Area, o.Name))
		return false
	}
	return err == nil
}

// note notes an error, which ends the copying.
func (c *copier) note(err error) {
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.err = errors.Join(c.err, err)
	}
}

// headBytes is how much of a sealed object its header takes, with which key and salt it was sealed.
const headBytes = 512

// head reads the beginning of an object.
func head(ctx context.Context, in documents.Objects, o Listed) (b []byte, err error) {
	read := func(r io.Reader, _ int64) (err error) {
		b, err = io.ReadAll(io.LimitReader(r, headBytes))
		return err
	}
	if h, ok := in.(interface {
		Head(ctx context.Context, area documents.Area, name string, most int64, fn func(r io.Reader, size int64) error) error
	}); ok {
		err = h.Head(ctx, o.Area, o.Name, headBytes, read)
	} else {
		err = in.Get(ctx, o.Area, o.Name, read)
	}
	return b, err
}

// add copies an object that is not there yet, beside others; done is called when it is there.
func (c *copier) add(ctx context.Context, o Listed, done func()) error {
	c.mu.Lock()
	err := c.err
	c.mu.Unlock()
	if err = errors.Join(err, ctx.Err()); err != nil {
		return err
	}
	if c.there(ctx, o) {
		done()
		return nil
	}
	c.slots <- struct{}{}
	c.wg.Go(func() {
		defer func() { <-c.slots }()
		n, err := c.one(ctx, o)
		c.mu.Lock()
		defer c.mu.Unlock()
		switch {
		case errors.Is(err, documents.ErrDamaged), errors.Is(err, store.ErrNotFound):
			c.damaged = append(c.damaged, o.Name)
		case err != nil:
			c.err = errors.Join(c.err, err)
		default:
			c.added++
			c.bytes += n
			done()
		}
	})
	return nil
}

// wait waits for all.
func (c *copier) wait() error {
	c.wg.Wait()
	slices.Sort(c.damaged)
	return c.err
}

func (c *copier) one(ctx context.Context, o Listed) (n int64, err error) {
	err = c.from.Get(ctx, o.Area, o.Name, func(r io.Reader, _ int64) error {
		return c.to.Put(ctx, o.Area, func(w io.Writer) (string, error) {
			hash := sha256.New()
			var err error
			if n, err = io.Copy(io.MultiWriter(w, hash), r); err != nil {
				return "", err
			}
			if o.Area == documents.ByContent && hex.EncodeToString(hash.Sum(nil)) != o.Name {
				return "", fmt.Errorf("document %s: %w", o.Name, documents.ErrDamaged)
			}
			return o.Name, nil
		})
	})
	return n, err
}

// copyKeys copies the keys of sealed documents, and gives the names of those that are in the other place alone.
func copyKeys(ctx context.Context, from, to documents.Objects) (only []string, err error) {
	names, err := from.ListFiles(ctx, keys)
	if err != nil {
		return nil, err
	}
	have, err := to.ListFiles(ctx, keys)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		data, err := from.ReadFile(ctx, keys+"/"+name)
		if err != nil {
			return nil, err
		}
		if slices.Contains(have, name) {
			old, err := to.ReadFile(ctx, keys+"/"+name)
			if err != nil {
				return nil, err
			}
			if bytes.Equal(old, data) {
				continue
			}
		}
		if err := to.WriteFile(ctx, keys+"/"+name, data); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(have, func(name string) bool { return slices.Contains(names, name) }), nil
}

// absolute is where a file is, for a person who looks for it.
func absolute(path string) string {
	if at, err := filepath.Abs(path); err == nil {
		return at
	}
	return path
}
