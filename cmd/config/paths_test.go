package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPlacesLieApart: settings whose folders overlap, or that put a file of ours into one, are refused with both names.
func TestPlacesLieApart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, link := range [][2]string{{"data", "lenke"}, {"ikke-der", "los"}} {
		if err := os.Symlink(link[0], filepath.Join(dir, link[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "data", "dokumenter"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, add, one, other string }{
		{"work around everything", "[archive]\nwork = \"data\"", "archive.work", "archive.documents"},
		{"work around the database", "[archive]\nwork = \"data\"\ndocuments = \"d\"", "archive.database", "archive.work"},
		{"work is documents", "[archive]\nwork = \"data/dokumenter\"", "archive.work", "archive.documents"},
		{"work is documents by a link", "[archive]\nwork = \"lenke/dokumenter\"", "archive.work", "archive.documents"},
		{"work in documents by a link to nothing yet", "[archive]\nwork = \"los/w\"\ndocuments = \"ikke-der\"", "archive.work", "archive.documents"},
		{"documents in the drop folder", "[archive]\ndocuments = \"data/post/inn\"", "intake.folder", "archive.documents"},
		{"reports in the drop folder", "[report]\nfolder = \"data/post/r/../ut\"", "report.folder", "intake.folder"},
		{"database among documents", "[archive]\ndatabase = \"sqlite:data/dokumenter/a.db\"", "archive.database", "archive.documents"},
		{"database among reports", "[archive]\ndatabase = \"sqlite:data/rapporter/a.db\"", "archive.database", "report.folder"},
		{"key in the drop folder", "[vendors.w]\naddress=\"h\"\nuser=\"u\"\nhost_key=\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdG6Bu3vYQ0vSw6DQ9Qy3ZlqBPVd3VZJ9d6bBqzqB1Y\"\nkey_file=\"data/post/k\"", "vendors.w.key_file", "intake.folder"},
		{"keys of encrypted documents in the drop folder", "[http]\nkeys = \"data/post/nokler\"", "http.keys", "intake.folder"},
		{"keys of encrypted documents among documents", "[http]\nkeys = \"data/dokumenter\"", "http.keys", "archive.documents"},
		{"alarms in the scratch folder", "[alarms.file]\npath = \"data/arbeid/alarmer\"", "alarms.file.path", "archive.work"},
		{"work is the configuration's folder", "[archive]\nwork = \".\"", "this file", "archive.work"},
	} {
		_, err := Parse(filepath.Join(dir, DefaultName), []byte(minimal+c.add))
		var faults *Error
		if !errors.As(err, &faults) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		found := false
		for _, p := range faults.Problems {
			found = found || p.Key == c.one && strings.Contains(p.Text, c.other)
		}
		if !found {
			t.Errorf("%s: no fault of %s names %s:\n%v", c.name, c.one, c.other, err)
		}
	}
	for _, add := range []string{"", "[archive]\nwork = \"data/dokumenter2\"", "[archive]\ndatabase = \"sqlite:data/dokumenter.db\"", "[report]\nfolder = \"../rapporter\""} {
		if _, err := Parse(filepath.Join(dir, DefaultName), []byte(minimal+add)); err != nil {
			t.Errorf("%q is refused: %v", add, err)
		}
	}
}
