package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// place is a file or folder that a setting names.
type place struct {
	setting, path string
}

// places checks that the folders of the program lie apart, and that no file of it lies in a folder whose contents come and go:
// else senders reach documents, or what is removed from one is lost from the other. Links are followed.
func (c *checker) places(cfg *Config, f File) {
	folders := []place{
		{"archive.documents", cfg.Documents}, {"documents.cache", cfg.Store.Cache}, {"archive.work", cfg.Work}, {"intake.folder", cfg.Inbox}, {"report.folder", cfg.ReportFolder},
	}
	folders = slices.DeleteFunc(folders, func(p place) bool { return p.path == "" })
	if cfg.Backup.To != "" {
		folders = append(folders, place{"backup.to", cfg.Backup.To})
	}
	for i, a := range folders {
		for _, b := range folders[:i] {
			switch {
			case sameFile(a.path, b.path):
				c.add(a.setting, "is the same folder as %s (%s); give each its own", b.setting, b.path)
			case within(a.path, b.path):
				c.add(a.setting, "%s lies in the folder of %s (%s); let them lie side by side", a.path, b.setting, b.path)
			case within(b.path, a.path):
				c.add(a.setting, "%s holds the folder of %s (%s); let them lie side by side", a.path, b.setting, b.path)
			}
		}
	}
	for _, file := range c.files(cfg, f) {
		for _, d := range folders {
			if file.path != "" && (within(file.path, d.path) || sameFile(file.path, d.path)) {
				c.add(file.setting, "%s lies in the folder of %s (%s); keep it outside", file.path, d.setting, d.path)
			}
		}
	}
}

// files are those that the settings name, but for what may lie among the reports.
func (c *checker) files(cfg *Config, f File) []place {
	self, err := filepath.Abs(c.path)
	if err != nil {
		self = c.path
	}
	out := []place{{"this file", self}, {"intake.postcodes", cfg.PostcodeFile}}
	for _, f := range []place{{"http.cert_file", f.HTTP.CertFile}, {"http.key_file", f.HTTP.KeyFile}, {"download.key_file", f.Download.KeyFile}, {"download.client_secret_file", f.Download.ClientSecretFile},
		{"console.cert_file", f.Console.CertFile}, {"console.key_file", f.Console.KeyFile}, {"console.login_key_file", f.Console.LoginKeyFile}, {"console.client_secret_file", f.Console.ClientSecretFile}} {
		out = append(out, place{f.setting, c.abs(f.path)})
	}
	if path, ok := strings.CutPrefix(cfg.Database, "sqlite:"); ok {
		out = append(out, place{"archive.database", path})
	}
	if d := f.Documents; d.Sealed != nil && !strings.HasPrefix(d.Sealed.KeyFile, "$") {
		out = append(out, place{"documents.sealed.key_file", c.abs(d.Sealed.KeyFile)})
	}
	if b := f.Documents.S3; b != nil {
		for _, f := range []place{{"documents.s3.access_key_file", b.AccessKeyFile}, {"documents.s3.secret_key_file", b.SecretKeyFile}, {"documents.s3.ca_file", b.CAFile}} {
			if !strings.HasPrefix(f.path, "$") {
				out = append(out, place{f.setting, c.abs(f.path)})
			}
		}
	}
	login := func(at string, l Login) {
		out = append(out, place{at + ".key_file", c.abs(l.KeyFile)}, place{at + ".cert_file", c.abs(l.CertFile)}, place{at + ".host_key_file", c.abs(l.HostKeyFile)})
	}
	for _, key := range sortedKeys(f.Vendors) {
		login("vendors."+key, f.Vendors[key].Login)
	}
	if r := f.Report.SFTP; r != nil {
		login("report.sftp", r.Login)
	}
	for _, key := range sortedKeys(f.Accounts) {
		out = append(out, place{"accounts." + key + ".sender.logo_file", c.abs(f.Accounts[key].Sender.LogoFile)})
	}
	out = append(out, place{"http.cert_file", c.abs(f.HTTP.CertFile)}, place{"http.key_file", c.abs(f.HTTP.KeyFile)}, place{"http.keys", c.abs(orElse(f.HTTP.Keys, defaultKeys))})
	if a := f.Alarms.File; a != nil {
		out = append(out, place{"alarms.file.path", c.abs(a.Path)})
	}
	if m := f.Alarms.Mail; m != nil {
		out = append(out, place{"alarms.mail.password_file", c.abs(m.PasswordFile)})
	}
	if w := f.Alarms.Webhook; w != nil {
		out = append(out, place{"alarms.webhook.secret_file", c.abs(w.SecretFile)})
	}
	return out
}

// sameFile reports whether two paths are one: by name, or since both are there and one and the same.
func sameFile(a, b string) bool {
	if resolved(a) == resolved(b) {
		return true
	}
	ai, err := os.Stat(a)
	if err != nil {
		return false
	}
	bi, err := os.Stat(b)
	return err == nil && os.SameFile(ai, bi)
}

// within reports whether a path lies below a folder.
func within(path, folder string) bool {
	for up := filepath.Dir(resolved(path)); ; up = filepath.Dir(up) {
		if sameFile(up, folder) {
			return true
		}
		if up == filepath.Dir(up) {
			return false
		}
	}
}

// resolved is a path without links; what is not there yet is kept as it is written.
func resolved(path string) string {
	path = filepath.Clean(path)
	if p, err := filepath.EvalSymlinks(path); err == nil {
		return p
	}
	// A link whose target is not there yet leads there all the same.
	if to, err := os.Readlink(path); err == nil {
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		return resolved(to)
	}
	up := filepath.Dir(path)
	if up == path {
		return path
	}
	return filepath.Join(resolved(up), filepath.Base(path))
}
