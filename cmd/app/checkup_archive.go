package app

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"postgang/cmd/config"
)

// documents looks at the folder of documents. It is not made here: one that is missing is lost, unless nothing was started yet.
func (c *checkup) documents(cfg *config.Config) {
	if _, err := os.Stat(cfg.Documents); errors.Is(err, fs.ErrNotExist) && !IsFirstStart(cfg.Path) {
		c.bad("documents-missing", "folder", "documents", "path", cfg.Documents)
		return
	}
	c.folder("documents", cfg.Documents)
	c.disk(cfg.Documents, cfg.Rules)
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
