package archive

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"strings"

	"github.com/pressly/goose/v3"

	"postgang/engine/archive/database"
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

// migrate brings the schema up to date, one process at a time.
func (a *Archive) migrate(ctx context.Context, installation string) error {
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
		return fmt.Errorf("the archive has schema version %d, and this program knows up to %d: use the newer program that wrote it, or restore a backup from before", have, known)
	}
	if _, err := p.Up(ctx); err != nil {
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
