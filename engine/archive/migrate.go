package archive

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"path"
	"strings"

	"github.com/pressly/goose/v3"

	"postgang/engine/archive/database"
	"postgang/engine/node"
	"postgang/engine/store"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// settingInstallation is the start of all job ids of this archive.
const settingInstallation = "installation"

// installationLetters leaves out what a person reads wrong on a box of letters: 0 and O, 1 and I.
const installationLetters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

// migrations are those of the archive's database.
func (a *Archive) migrations() (*goose.Provider, error) {
	d := a.store.Dialect()
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	var exclude []string
	for _, n := range names {
		for _, other := range []database.Dialect{database.DialectSQLite, database.DialectPostgres} {
			if other != d && strings.HasSuffix(n, "_"+string(other)+".sql") {
				exclude = append(exclude, n)
			}
		}
	}
	gooseDialect := goose.DialectSQLite3
	if d == database.DialectPostgres {
		gooseDialect = goose.DialectPostgres
	}
	p, err := goose.NewProvider(gooseDialect, a.store.Writer(), files,
		goose.WithExcludeNames(exclude), goose.WithDisableGlobalRegistry(true), goose.WithTableName(database.VersionTable))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return p, nil
}

// ErrNodesAtWork says that the schema must be changed, and that other processes serve the archive.
var ErrNodesAtWork = errors.New("the archive's schema must be brought up to date for this program, and others serve the archive")

// firstWithNodes is the schema that says who serves an archive.
const firstWithNodes = 47

// nobodyServes is an error when a process is at work on an archive.
func (a *Archive) nobodyServes(ctx context.Context) error {
	nodes, err := store.View(ctx, a, func(r store.Reader) ([]node.Node, error) { return r.Nodes(ctx) })
	if err != nil {
		return err
	}
	var names []string
	for _, n := range nodes {
		if n.Alive() {
			names = append(names, n.Name)
		}
	}
	if len(names) > 0 {
		return fmt.Errorf("%w (%s). Stop them first; or say postgang migrate, where docs/upgrade.md says that programs of both versions may run for a while", ErrNodesAtWork, strings.Join(names, ", "))
	}
	return nil
}

// SchemaVersion is the newest schema that this program knows.
func (a *Archive) SchemaVersion() (int64, error) {
	p, err := a.migrations()
	if err != nil {
		return 0, err
	}
	sources := p.ListSources()
	return sources[len(sources)-1].Version, nil
}

// Pending tells the version of the schema that a database has, 0 without an archive, and the migrations that this program would make.
// It changes nothing.
func Pending(ctx context.Context, dsn string) (have int64, pending []string, err error) {
	a, err := connect(ctx, Config{DSN: dsn, MustExist: true})
	if err != nil {
		return 0, nil, fmt.Errorf("open archive: %w", err)
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	there, err := a.store.Holds(ctx)
	if err != nil || !there {
		return 0, nil, errors.Join(err, database.ErrMissing)
	}
	p, err := a.migrations()
	if err != nil {
		return 0, nil, err
	}
	have, known, err := p.GetVersions(ctx)
	if err != nil {
		return 0, nil, fmt.Errorf("read the version of the schema: %w", a.store.Fault(err))
	}
	if have > known {
		return have, nil, newer(have, known)
	}
	for _, s := range p.ListSources() {
		if s.Version > have {
			pending = append(pending, strings.TrimSuffix(path.Base(s.Path), ".sql"))
		}
	}
	return have, pending, nil
}

func newer(have, known int64) error {
	return fmt.Errorf("the archive has schema version %d, and this program knows up to %d: use the newer program that wrote it, or restore a backup from before", have, known)
}

// migrate brings the schema up to date, one process at a time.
func (a *Archive) migrate(ctx context.Context, c Config) error {
	release, err := a.LockWait(ctx, "migrate")
	if err != nil {
		return err
	}
	defer release()
	p, err := a.migrations()
	if err != nil {
		return err
	}
	have, known, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the version of the schema: %w", a.store.Fault(err))
	}
	if have > known {
		return newer(have, known)
	}
	if have < known && have >= firstWithNodes && !c.MigrateBeside {
		if err := a.nobodyServes(ctx); err != nil {
			return err
		}
	}
	installation := c.Installation
	up := func() error {
		_, err := p.Up(ctx)
		return err
	}
	if s, ok := a.store.(*database.SQLite); ok {
		err = s.Large(ctx, up)
	} else {
		err = up()
	}
	if err != nil {
		return fmt.Errorf("bring the schema up to date: %w", a.store.Fault(err))
	}
	return a.InTx(ctx, func(t store.Tx) error {
		_, err := t.Setting(ctx, settingInstallation)
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if installation == "" {
			if installation, err = drawInstallation(); err != nil {
				return err
			}
		}
		return t.SetSetting(ctx, settingInstallation, installation)
	})
}

func drawInstallation() (string, error) {
	b := make([]byte, 4)
	for i := range b {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(installationLetters))))
		if err != nil {
			return "", fmt.Errorf("draw the installation's letters: %w", err)
		}
		b[i] = installationLetters[n.Int64()]
	}
	return string(b), nil
}
