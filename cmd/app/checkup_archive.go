package app

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"postgang/cmd/config"
	"postgang/engine/archive/database"
	"postgang/engine/documents/s3"
)

// documents looks at the folder of documents. It is not made here: one that is missing is lost, unless nothing was started yet.
func (c *checkup) documents(ctx context.Context, cfg *config.Config) {
	if cfg.Store.Bucket != nil {
		c.bucket(ctx, cfg)
		return
	}
	if _, err := os.Stat(cfg.Documents); errors.Is(err, fs.ErrNotExist) && !IsFirstStart(cfg) {
		c.bad("documents-missing", "folder", "documents", "path", cfg.Documents)
		return
	}
	c.folder("documents", cfg.Documents)
	c.disk(cfg.Documents, cfg.Rules)
}

// backups looks at the place of backups, where one is set.
func (c *checkup) backups(ctx context.Context, cfg *config.Config) {
	if !cfg.Backup.Named() {
		return
	}
	if !database.CanCopy(cfg.Database) {
		c.warn("backup-tools")
	}
	if cfg.Backup.Bucket != nil {
		b, err := s3.Open(*cfg.Backup.Bucket)
		if err != nil {
			c.bad("backup-broken", "why", err.Error())
			return
		}
		defer b.Close() // of idle connections
		ctx, cancel := context.WithTimeout(ctx, c.part)
		defer cancel()
		if _, err := b.Probe(ctx); err != nil {
			c.bad("backup-broken", "why", err.Error())
			return
		}
		c.ok("backup-bucket", "where", b.Where())
		return
	}
	c.folder("backups", cfg.Backup.To)
	if sameDisk(cfg.Backup.To, DiskOf(cfg)) {
		c.warn("backup-disk")
	}
}

// sameDisk reports whether two paths are in one file system.
func sameDisk(a, b string) bool {
	var ai, bi syscall.Stat_t
	return syscall.Stat(a, &ai) == nil && syscall.Stat(b, &bi) == nil && ai.Dev == bi.Dev
}

// clockOff is how far a bucket's clock may be off: it tells whole seconds.
const clockOff = 3 * time.Second

// bucket proves by a small file that the bucket does what is asked of it.
func (c *checkup) bucket(ctx context.Context, cfg *config.Config) {
	if err := os.MkdirAll(cfg.Work, 0o700); err == nil {
		c.disk(cfg.Work, cfg.Rules)
	}
	if cfg.Store.Cache != "" {
		c.folder("cache", cfg.Store.Cache)
	}
	b, err := s3.Open(*cfg.Store.Bucket)
	if err != nil {
		c.bad("bucket-broken", "why", err.Error())
		return
	}
	defer b.Close() // of idle connections
	ctx, cancel := context.WithTimeout(ctx, c.part)
	defer cancel()
	p, err := b.Probe(ctx)
	if err != nil {
		c.bad("bucket-broken", "why", err.Error())
		return
	}
	if p.Skew.Abs() > clockOff {
		c.warn("bucket-clock", "seconds", strconv.Itoa(int(p.Skew.Seconds())))
	}
	if p.Versioned {
		c.warn("bucket-versions")
	}
	c.ok("bucket", "where", b.Where())
}

// sealedDocuments looks at whether all documents are sealed.
func (c *checkup) sealedDocuments(ctx context.Context, a *App) {
	if a.Sealed == nil {
		return
	}
	plain, err := a.Sealed.AnyPlain(ctx)
	switch {
	case err != nil:
		c.bad("bucket-broken", "why", err.Error())
	case plain:
		c.warn("sealed-in-part")
	default:
		c.ok("sealed")
	}
}

// whole has the database looked through for damage, and looks at who can read it. It is false when the database cannot be relied on.
func (c *checkup) whole(ctx context.Context, a *App) bool {
	looking := ctx
	if c.archive > 0 {
		var cancel context.CancelFunc
		looking, cancel = context.WithTimeout(ctx, c.archive)
		defer cancel()
	}
	found, err := a.Archive.Check(looking)
	switch {
	case err != nil && looking.Err() != nil:
		c.warn("database-unfinished")
	case err != nil:
		c.bad("database-unchecked", "why", err.Error())
		return false
	case len(found) > 0:
		c.bad("database-damaged", "found", strings.Join(found, "; "))
		return false
	}
	if path, ok := strings.CutPrefix(a.Config.Database, "sqlite:"); ok {
		if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o007 != 0 {
			c.warn("database-file-open", "file", filepath.Base(path), "path", path)
		}
	} else if inTheOpen(a.Config.Database) {
		c.warn("database-in-open")
	}
	return true
}

// inTheOpen reports whether a PostgreSQL URL leads to another machine without TLS that proves the server's name. What is not in
// the URL may be in the environment, as PostgreSQL's own programs read it.
func inTheOpen(dsn string) bool {
	u, err := url.Parse(dsn)
	if err != nil {
		return false
	}
	q := u.Query()
	host, mode := q.Get("host"), q.Get("sslmode")
	if u.Hostname() != "" {
		host = u.Hostname()
	}
	if host == "" {
		host = os.Getenv("PGHOST")
	}
	if mode == "" {
		mode = os.Getenv("PGSSLMODE")
	}
	local := host == "" || strings.HasPrefix(host, "/") || host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.")
	return !local && !slices.Contains([]string{"verify-full", "verify-ca"}, mode)
}
