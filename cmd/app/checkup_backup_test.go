package app

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"postgang/cmd/config"
	"postgang/fixtures/s3server"
)

// TestBackupsAreLookedAt: doctor says that backups lie on the archive's own disk, and whether a bucket for them does what is asked of it.
func TestBackupsAreLookedAt(t *testing.T) {
	t.Parallel()
	server := s3server.Start(t)
	t.Run("folder", func(t *testing.T) {
		t.Parallel()
		if got := lookedAt(t, "[backup]\nto = \"kopier\"\n"); !slices.Equal(got, []string{"folder backups", "backup-disk"}) {
			t.Error(got)
		}
	})
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		if got := lookedAt(t, ""); len(got) > 0 {
			t.Error(got)
		}
	})
	bucket := func(secret string) string {
		return "[backup.s3]\nendpoint = \"" + server.Endpoint + "\"\nregion = \"" + s3server.Region + "\"\nbucket = \"" + s3server.Bucket + "\"\nprefix = \"kopier\"\n" +
			"access_key_file = \"id\"\nsecret_key_file = \"" + secret + "\"\n"
	}
	t.Run("bucket", func(t *testing.T) {
		t.Parallel()
		if got := lookedAt(t, bucket("hemmelig")); !slices.Equal(got, []string{"backup-bucket"}) {
			t.Error(got)
		}
		if got := lookedAt(t, bucket("feil")); !slices.Equal(got, []string{"backup-broken"}) {
			t.Error(got)
		}
	})
}

// lookedAt are the codes of what is found of backups, with a configuration of which this is a part.
func lookedAt(t *testing.T, part string) (codes []string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"id": s3server.AccessKey, "hemmelig": s3server.SecretKey, "feil": "feil"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Parse(filepath.Join(dir, config.DefaultName), []byte("[vendors.v]\nkind = \"manuell\"\n[accounts.a.sender]\nname = \"Bergvik kommune\"\npostcode = \"0150\"\ncity = \"Oslo\"\n"+part))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(cfg.Documents, 0o700); err != nil {
		t.Fatal(err)
	}
	c := &checkup{part: 30 * time.Second}
	c.backups(context.Background(), cfg)
	for _, f := range c.checks {
		codes = append(codes, strings.TrimSpace(f.Code+" "+f.Args["folder"]))
	}
	return codes
}
