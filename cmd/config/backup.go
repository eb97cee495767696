package config

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"postgang/engine/documents/s3"
)

// Backup says where backups go, and how long they are kept.
type Backup struct {
	To   string `toml:"to"`   // folder
	S3   *S3    `toml:"s3"`   // a bucket instead
	Keep *int   `toml:"keep"` // the newest so many; 0: any number
	Days *int   `toml:"days"` // at most so old; 0: any age
	// Documents: they are in the backups too; false when they are backed up by themselves.
	Documents *bool `toml:"documents"`
	// AlarmHours is how old the last backup may be before it is alarmed; 0: nobody is alarmed.
	AlarmHours *int `toml:"alarm_hours"`
}

// The defaults of Backup. 35 days are every day of the longest month, and a few more.
const (
	DefaultBackupKeep  = 14
	DefaultBackupDays  = 35
	DefaultBackupHours = 26 // those of a day are late by two hours
	longestBackupDays  = 3660
)

// Named reports whether a place for backups is set.
func (b BackingUp) Named() bool { return b.To != "" || b.Bucket != nil }

// BackingUp is where backups go.
type BackingUp struct {
	To        string     // folder; empty: none is set
	Bucket    *s3.Config // instead; nil: none is set
	Keep      int
	For       time.Duration
	Documents bool
}

// backup checks where backups go.
func (c *checker) backup(cfg *Config, b Backup) {
	number := func(name string, given *int, otherwise, most int) int {
		if given == nil {
			return otherwise
		}
		if *given < 0 || *given > most {
			c.add("backup."+name, "%d is not within 0 to %d", *given, most)
		}
		return *given
	}
	cfg.Backup = BackingUp{
		Keep: number("keep", b.Keep, DefaultBackupKeep, 10_000), For: time.Duration(number("days", b.Days, DefaultBackupDays, longestBackupDays)) * 24 * time.Hour,
		Documents: b.Documents == nil || *b.Documents,
	}
	hours := number("alarm_hours", b.AlarmHours, DefaultBackupHours, 24*longestBackupDays)
	switch {
	case b.S3 != nil && b.To != "":
		c.add("backup.to", "contradicts [backup.s3]: give one of them")
		return
	case b.S3 != nil:
		bucket := c.bucketOf("backup.s3", *b.S3, cfg.Work)
		cfg.Backup.Bucket = &bucket
		if d := cfg.Store.Bucket; d != nil && d.Endpoint == bucket.Endpoint && d.Bucket == bucket.Bucket && d.Prefix == bucket.Prefix {
			c.add("backup.s3.prefix", "is where the documents are kept: give backups a bucket of their own, best at another place")
		}
	case b.To != "":
		cfg.Backup.To = c.abs(b.To)
	default:
		if b != (Backup{}) {
			c.add("backup.to", "is required where anything is said of backups: the folder that they go to, or else [backup.s3]")
		}
		return
	}
	cfg.Rules.BackupWithin = time.Duration(hours) * time.Hour
}

// NamedFile is a file that the configuration names, and that a restore needs.
type NamedFile struct {
	Path    string
	Setting string
	Secret  bool // it holds a key or a password
}

// SettingKEK names the file of the key that opens the sealed documents.
const SettingKEK = "documents.sealed.key_file"

// secretSettings are ends of settings whose files hold what nobody else may have.
var secretSettings = []string{"key_file", "keys", "secret_file", "password_file"}

// named are the files that the configuration names, itself first; of folders of keys each file.
func (c *checker) named(cfg *Config, f File) (out []NamedFile) {
	places := c.files(cfg, f)
	if f.Maskinporten.Keys != "" {
		places = append(places, place{"maskinporten.keys", c.abs(f.Maskinporten.Keys)})
	}
	if cfg.Altinn != nil {
		places = append(places, place{"altinn.subscription_key_file", cfg.Altinn.Key.File}, place{"altinn.events_secret_file", cfg.Altinn.EventsSecret.File})
	}
	if d := f.Documents.Sealed; d != nil {
		places = append(places, place{SettingKEK, c.abs(d.KeyFile)})
	}
	places = append(places, place{"report.template", cfg.ReportBook})
	seen := map[string]bool{}
	for _, p := range places {
		if p.path == "" || p.setting == "archive.database" || p.setting == "alarms.file.path" || seen[p.path] {
			continue
		}
		seen[p.path] = true
		secret := false
		for _, end := range secretSettings {
			if strings.HasSuffix(p.setting, "."+end) || strings.HasSuffix(p.setting, "_"+end) {
				secret = !strings.HasSuffix(p.setting, "host_key_file")
			}
		}
		info, err := os.Stat(p.path)
		if err != nil || !info.IsDir() {
			if err == nil || p.setting != "http.keys" { // the folder of senders' keys is made with the first one
				out = append(out, NamedFile{p.path, p.setting, secret})
			}
			continue
		}
		_ = filepath.WalkDir(p.path, func(path string, d fs.DirEntry, err error) error { // what cannot be read is told when it is copied
			if err == nil && d.Type().IsRegular() {
				out = append(out, NamedFile{path, p.setting, secret})
			}
			return nil
		})
	}
	return out
}
