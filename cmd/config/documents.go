package config

import (
	"cmp"
	"crypto/x509"
	"net"
	"net/url"
	"os"
	"regexp"
	"strings"

	"postgang/engine/documents/s3"
	"postgang/engine/documents/sealed"
)

// Documents says how documents are kept, when not as they are in the folder of [archive].
type Documents struct {
	S3     *S3             `toml:"s3"`
	Sealed *SealedSettings `toml:"sealed"`
	// Cache is a folder for copies of what is in the bucket; empty: none.
	Cache   string `toml:"cache"`
	CacheMB int    `toml:"cache_mb"`
}

// S3 is a bucket that documents are kept in.
type S3 struct {
	Endpoint      string `toml:"endpoint"`
	Region        string `toml:"region"`
	Bucket        string `toml:"bucket"`
	Prefix        string `toml:"prefix"`
	PathStyle     *bool  `toml:"path_style"`      // default true
	CAFile        string `toml:"ca_file"`         // of the server's certificate; empty: the system's
	AccessKeyFile string `toml:"access_key_file"` // else $POSTGANG_S3_ACCESS_KEY
	SecretKeyFile string `toml:"secret_key_file"` // else $POSTGANG_S3_SECRET_KEY
}

// SealedSettings says that documents are encrypted.
type SealedSettings struct {
	KeyFile string `toml:"key_file"`
}

// The environment variables of the keys to a bucket.
const (
	EnvS3AccessKey = "POSTGANG_S3_ACCESS_KEY"
	EnvS3SecretKey = "POSTGANG_S3_SECRET_KEY"
)

// DocumentStore is how documents are kept.
type DocumentStore struct {
	Bucket     *s3.Config // nil: the folder Config.Documents
	KEK        sealed.KEK // nil: they are not encrypted
	Cache      string     // folder; empty: none
	CacheBytes int64
}

const (
	defaultRegion  = "us-east-1"
	defaultCacheMB = 20_000
	leastCacheMB   = 64
)

var bucketForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// documents checks how documents are kept.
func (c *checker) documents(cfg *Config, f File) {
	d := f.Documents
	if d.S3 != nil {
		c.bucket(cfg, f, *d.S3)
	}
	switch {
	case d.Cache == "" && d.CacheMB != 0:
		c.add("documents.cache_mb", "there is no cache: set cache to a folder, or remove this")
	case d.Cache != "" && d.S3 == nil:
		c.add("documents.cache", "copies are kept of a bucket alone: add [documents.s3], or remove this")
	case d.Cache != "":
		cfg.Store.Cache, cfg.Store.CacheBytes = c.abs(d.Cache), int64(cmp.Or(d.CacheMB, defaultCacheMB))<<20
		if d.CacheMB != 0 && d.CacheMB < leastCacheMB {
			c.add("documents.cache_mb", "%d is less than %d, which one night's print file needs at least", d.CacheMB, leastCacheMB)
		}
	}
	if d.Sealed != nil {
		cfg.Store.KEK = c.kek("documents.sealed.key_file", d.Sealed.KeyFile)
	}
}

func (c *checker) bucket(cfg *Config, f File, s S3) {
	b := c.bucketOf("documents.s3", s, cfg.Work)
	cfg.Store.Bucket, cfg.Documents = &b, ""
	if f.Archive.Documents != "" {
		c.add("archive.documents", "documents are kept in the bucket of [documents.s3]: remove one of the two. To move them there: docs/documents.md")
	}
}

// bucketOf is the bucket of a setting.
func (c *checker) bucketOf(at string, s S3, scratch string) s3.Config {
	b := s3.Config{
		Endpoint: strings.TrimSuffix(s.Endpoint, "/"), Region: cmp.Or(s.Region, defaultRegion), Bucket: s.Bucket, Prefix: strings.Trim(s.Prefix, "/"), HostStyle: s.PathStyle != nil && !*s.PathStyle,
		Scratch: scratch,
	}
	u, err := url.Parse(b.Endpoint)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.Path != "" || u.User != nil || u.RawQuery != "":
		c.add(at+".endpoint", "must be https://HOST or https://HOST:PORT; bucket, prefix and keys have settings of their own")
	case u.Scheme == "http" && !onThisMachine(u.Hostname()):
		c.add(at+".endpoint", "letters would cross the network in the open: use https://")
	}
	if !bucketForm.MatchString(b.Bucket) {
		c.add(at+".bucket", "is no name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens")
	}
	if strings.Trim(b.Prefix, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/.") != "" || strings.Contains(b.Prefix, "//") || strings.Contains("/"+b.Prefix+"/", "/../") {
		c.add(at+".prefix", "must be a path of letters, digits, hyphens, dots and underscores, such as \"postgang\"")
	}
	if b.Prefix != "" {
		b.Prefix += "/"
	}
	if s.CAFile != "" {
		text, err := os.ReadFile(c.abs(s.CAFile))
		pool := x509.NewCertPool()
		if err != nil {
			c.add(at+".ca_file", "cannot be read: %v", err)
		} else if !pool.AppendCertsFromPEM(text) {
			c.add(at+".ca_file", "holds no certificate in PEM")
		}
		b.CA = pool
	}
	b.AccessKey = c.credential(at+".access_key_file", s.AccessKeyFile, EnvS3AccessKey)
	b.SecretKey = c.credential(at+".secret_key_file", s.SecretKeyFile, EnvS3SecretKey)
	return b
}

func onThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// credential reads a key from a file, or else from the environment.
func (c *checker) credential(setting, file, env string) string {
	if file == "" {
		text := strings.TrimSpace(os.Getenv(env))
		if text == "" {
			c.add(setting, "is not set, and neither is the environment variable %s", env)
		}
		return text
	}
	text, ok := c.secretFile(setting, file)
	key := strings.TrimSpace(string(text))
	if ok && (key == "" || strings.ContainsAny(key, "\r\n\t ")) {
		c.add(setting, "must hold the key alone, on one line")
	}
	return key
}

// secretFile reads a file that not everybody may read.
func (c *checker) secretFile(setting, file string) ([]byte, bool) {
	if noCredential(file) {
		return nil, false
	}
	path := c.abs(file)
	text, err := os.ReadFile(path)
	if err != nil {
		c.add(setting, "cannot be read: %v", err)
		return nil, false
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o007 != 0 {
		c.add(setting, "can be read by everybody on this machine: chmod 600")
	}
	return text, true
}

// kek reads the key-encryption keys.
func (c *checker) kek(setting, file string) sealed.KEK {
	if file == "" {
		c.add(setting, "is required: the file of the key, made by \"postgang documents key FILE\"")
		return nil
	}
	text, ok := c.secretFile(setting, file)
	if !ok {
		return nil
	}
	kek, err := sealed.ReadKEK(strings.NewReader(string(text)))
	if err != nil {
		c.add(setting, "%v", err)
	}
	return kek
}
