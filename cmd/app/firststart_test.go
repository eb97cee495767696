package app

import (
	"os"
	"path/filepath"
	"testing"

	"postgang/cmd/config"
)

// TestFirstStart: the file lies beside the configuration, or beside the documents where a package has left it, and is gone once the
// archive is there.
func TestFirstStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg := &config.Config{Path: filepath.Join(dir, "etc", config.DefaultName), Documents: filepath.Join(dir, "lib", "dokumenter")}
	if IsFirstStart(cfg) {
		t.Error("nobody said that it is the first start")
	}
	if err := firstStartOver(cfg); err != nil {
		t.Errorf("there is nothing to remove: %v", err)
	}
	for _, folder := range []string{"etc", "lib"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, mark := range map[string]func() error{
		"init":    func() error { return MarkFirstStart(cfg.Path) },
		"package": func() error { return os.WriteFile(filepath.Join(dir, "lib", "first-start"), nil, 0o600) },
	} {
		if err := mark(); err != nil {
			t.Fatal(err)
		}
		if !IsFirstStart(cfg) {
			t.Errorf("%s: it is no first start", name)
		}
		if err := firstStartOver(cfg); err != nil || IsFirstStart(cfg) {
			t.Errorf("%s: it is not over: %v", name, err)
		}
	}
}
