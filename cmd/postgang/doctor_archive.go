package main

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"postgang/cmd/app"
	"postgang/cmd/config"
)

// documents looks at the folder of documents. It is not made here: one that is missing is lost, unless nothing was started yet.
func (c *checkup) documents(cfg *config.Config) {
	if _, err := os.Stat(cfg.Documents); errors.Is(err, fs.ErrNotExist) && !app.IsFirstStart(cfg.Path) {
		c.bad("folder documents", "mount its disk, or restore it (docs/backup.md); for a new archive run \"postgang archive create\"", "%s is missing", cfg.Documents)
		return
	}
	c.folder("folder documents", cfg.Documents)
	c.disk(cfg.Documents, cfg.Rules)
}

// whole has the database looked through for damage, and looks at who can read it.
func (c *checkup) whole(ctx context.Context, cfg *config.Config, a *app.App) bool {
	found, err := a.Archive.Check(ctx)
	switch {
	case err != nil:
		c.bad("database", "restore a backup: docs/backup.md", "%v", err)
		return false
	case len(found) > 0:
		c.bad("database", "stop everything that uses it, keep a copy, and restore a backup: docs/backup.md", "it is damaged: %s", strings.Join(found, "; "))
		return false
	}
	if path, ok := strings.CutPrefix(cfg.Database, "sqlite:"); ok {
		if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o007 != 0 {
			c.warn("database file", "chmod 600 "+path, "%s can be read by everyone on the machine", filepath.Base(path))
		}
	} else if inTheOpen(cfg.Database) {
		c.warn("database TLS", "add ?sslmode=verify-full to [archive] database (docs/configuration.md)", "the connection to another machine is not sure to be encrypted, or not sure to be with the right server")
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
