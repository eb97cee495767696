// Package cached keeps copies of objects in a folder of this machine, so that what was just put or read is not fetched over the network.
//
// Copies are as the objects are: sealed where these are sealed. They are a help and no store: nothing is flushed, a copy that is wrong is
// fetched anew (whoever reads proves the bytes), and none is older than MaxAge, so that what was erased on another machine is gone here a day
// later. Several processes may use one folder.
package cached

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"postgang/engine/documents"
)

// Bounds.
const (
	// MaxAge is how long a copy is kept at most.
	MaxAge = 24 * time.Hour
	// lookAgain is how often the folder is looked through: other processes have copies there too.
	lookAgain = time.Hour
	// share is which part of the limit one object may take.
	share = 8
	// halfWritten is how old a temporary file is that nobody writes any more.
	halfWritten = time.Hour
	partSuffix  = ".part"
)

// Cache keeps copies of the objects of a place.
type Cache struct {
	documents.Objects
	dir   string
	limit int64
	now   func() time.Time

	mu     sync.Mutex
	copies map[string]*entry // by the name of the file
	bytes  int64
	looked time.Time
}

type entry struct {
	bytes      int64
	made, used time.Time
}

var _ documents.Objects = (*Cache)(nil)

// Open keeps copies of a place in a folder, which is made when it is not there, of so many bytes together.
func Open(of documents.Objects, dir string, limit int64) (*Cache, error) {
	c := &Cache{Objects: of, dir: dir, limit: limit, now: time.Now}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("folder of copies of documents: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.look(); err != nil {
		return nil, fmt.Errorf("folder of copies of documents: %w", err)
	}
	c.evict()
	return c, nil
}

// Far says that what is not here takes a way over the network.
func (c *Cache) Far() bool {
	far, ok := c.Objects.(interface{ Far() bool })
	return ok && far.Far()
}

// Put stores an object, and keeps a copy.
func (c *Cache) Put(ctx context.Context, area documents.Area, write func(w io.Writer) (name string, err error)) error {
	part := c.begin()
	defer part.drop()
	var of string
	err := c.Objects.Put(ctx, area, func(w io.Writer) (string, error) {
		part.restart()
		name, err := write(io.MultiWriter(w, part))
		of = name
		return name, err
	})
	if err == nil {
		part.keep(area, of)
	}
	return err
}

// Get gives fn the bytes of an object, from the copy when there is one.
func (c *Cache) Get(ctx context.Context, area documents.Area, name string, fn func(r io.Reader, size int64) error) error {
	if err := documents.CheckName(name); err != nil {
		return err
	}
	if f, size := c.open(area, name); f != nil {
		err := fn(f, size)
		f.Close()
		if !errors.Is(err, documents.ErrDamaged) {
			return err
		}
		c.Forget(area, name)
	}
	part := c.begin()
	defer part.drop()
	var whole int64
	err := c.Objects.Get(ctx, area, name, func(r io.Reader, size int64) error {
		part.restart()
		whole = size
		return fn(io.TeeReader(r, part), size)
	})
	if err == nil && part.bytes == whole { // fn may have wanted only the beginning
		part.keep(area, name)
	}
	return err
}

// Head gives fn the beginning of an object as it is now, without looking at copies.
func (c *Cache) Head(ctx context.Context, area documents.Area, name string, most int64, fn func(r io.Reader, size int64) error) error {
	if h, ok := c.Objects.(interface {
		Head(ctx context.Context, area documents.Area, name string, most int64, fn func(r io.Reader, size int64) error) error
	}); ok {
		return h.Head(ctx, area, name, most, fn)
	}
	return c.Objects.Get(ctx, area, name, fn)
}

// Delete removes an object and its copy.
func (c *Cache) Delete(ctx context.Context, area documents.Area, name string) error {
	if err := documents.CheckName(name); err != nil {
		return err
	}
	c.Forget(area, name)
	return c.Objects.Delete(ctx, area, name)
}

// RemoveOld removes objects and their copies.
func (c *Cache) RemoveOld(ctx context.Context, area documents.Area, names []string, before time.Time) ([]string, error) {
	removed, err := c.Objects.RemoveOld(ctx, area, names, before)
	for _, name := range removed {
		c.Forget(area, name)
	}
	return removed, err
}

// Forget removes a copy.
func (c *Cache) Forget(area documents.Area, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(file(area, name))
}

func file(area documents.Area, name string) string { return string(area) + "-" + name }

// open opens a copy; nil: there is none.
func (c *Cache) open(area documents.Area, name string) (*os.File, int64) {
	at := file(area, name)
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.copies[at]
	if e == nil {
		return nil, 0
	}
	f, err := os.Open(filepath.Join(c.dir, at))
	if err != nil || c.now().Sub(e.made) > MaxAge {
		if err == nil {
			f.Close()
		}
		c.remove(at)
		return nil, 0
	}
	e.used = c.now()
	return f, e.bytes
}

// remove removes a file; the caller holds the lock.
func (c *Cache) remove(at string) {
	_ = os.Remove(filepath.Join(c.dir, at)) // gone is gone
	if e := c.copies[at]; e != nil {
		c.bytes -= e.bytes
		delete(c.copies, at)
	}
}

// look looks through the folder; the caller holds the lock.
func (c *Cache) look() error {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return err
	}
	before := c.copies
	c.copies, c.bytes, c.looked = map[string]*entry{}, 0, c.now()
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
			continue
		}
		if err != nil {
			return err
		}
		area, name, _ := strings.Cut(e.Name(), "-")
		switch {
		case strings.HasSuffix(e.Name(), partSuffix):
			if c.now().Sub(info.ModTime()) > halfWritten {
				_ = os.Remove(filepath.Join(c.dir, e.Name()))
			}
			continue
		case !slices.Contains(documents.Areas(), documents.Area(area)) || documents.CheckName(name) != nil:
			continue // nothing of ours
		case c.now().Sub(info.ModTime()) > MaxAge:
			_ = os.Remove(filepath.Join(c.dir, e.Name()))
			continue
		}
		n := &entry{bytes: info.Size(), made: info.ModTime(), used: info.ModTime()}
		if b := before[e.Name()]; b != nil {
			n.used = b.used
		}
		c.copies[e.Name()] = n
		c.bytes += n.bytes
	}
	return nil
}

// evict removes what was used least lately, until a tenth of the limit is free again; the caller holds the lock.
func (c *Cache) evict() {
	if c.bytes <= c.limit {
		return
	}
	names := make([]string, 0, len(c.copies))
	for n := range c.copies {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int { return c.copies[a].used.Compare(c.copies[b].used) })
	for _, n := range names {
		if c.bytes <= c.limit-c.limit/10 {
			return
		}
		c.remove(n)
	}
}

// part is a copy that is being written. What goes wrong with it is nobody's fault: then there is none.
type part struct {
	c     *Cache
	f     *os.File
	bytes int64
	given bool // up
}

func (c *Cache) begin() *part {
	p := &part{c: c}
	f, err := os.CreateTemp(c.dir, "*"+partSuffix)
	p.f, p.given = f, err != nil
	return p
}

// Write takes bytes. It never fails.
func (p *part) Write(b []byte) (int, error) {
	p.bytes += int64(len(b))
	if !p.given && p.bytes > p.c.limit/share {
		p.given = true
	}
	if !p.given {
		_, err := p.f.Write(b)
		p.given = err != nil
	}
	return len(b), nil
}

func (p *part) restart() {
	if p.bytes == 0 || p.f == nil {
		return
	}
	_, err := p.f.Seek(0, io.SeekStart)
	p.given = errors.Join(err, p.f.Truncate(0)) != nil
	p.bytes = 0
}

// keep makes it the copy of an object.
func (p *part) keep(area documents.Area, name string) {
	if p.given {
		return
	}
	at := file(area, name)
	c := p.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now().Sub(c.looked) > lookAgain {
		_ = c.look() // at the next one again
	}
	c.remove(at)
	if os.Rename(p.f.Name(), filepath.Join(c.dir, at)) != nil {
		return
	}
	p.f.Close()
	p.f = nil
	c.copies[at] = &entry{p.bytes, c.now(), c.now()}
	c.bytes += p.bytes
	c.evict()
}

// drop removes what was not kept.
func (p *part) drop() {
	if p.f != nil {
		p.f.Close()
		_ = os.Remove(p.f.Name())
	}
}
