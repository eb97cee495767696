// Command packaging writes postgang's container image: an OCI image layout in a tar file, made without a container engine. The image is
// built from nothing: it has no shell, no package manager and no other program. "make package" runs it (package.sh).
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"
)

// nobody is the user and group that the image runs as, the one that other images without a shell have.
const nobody = 65532

// Media types of the OCI image specification 1.1.
const (
	typeIndex    = "application/vnd.oci.image.index.v1+json"
	typeManifest = "application/vnd.oci.image.manifest.v1+json"
	typeConfig   = "application/vnd.oci.image.config.v1+json"
	typeLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// image says what goes into an image.
type image struct {
	binary, config, certificates string // files
	arch, version, commit        string
	created                      time.Time
}

func main() {
	var i image
	var created, out string
	flag.StringVar(&i.binary, "binary", "", "the static binary")
	flag.StringVar(&i.config, "config", "", "postgang.toml")
	flag.StringVar(&i.certificates, "certificates", "/etc/ssl/certs/ca-certificates.crt", "whom the image trusts")
	flag.StringVar(&i.arch, "arch", "", "processor, as Go names it")
	flag.StringVar(&i.version, "version", "", "version")
	flag.StringVar(&i.commit, "commit", "", "commit")
	flag.StringVar(&created, "created", "", "time of all files, RFC 3339")
	flag.StringVar(&out, "o", "", "the tar file that is written")
	flag.Parse()
	var err error
	if i.created, err = time.Parse(time.RFC3339, created); err == nil {
		err = i.writeTo(out)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "packaging:", err)
		os.Exit(1)
	}
}

// descriptor names a blob of an image.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    *platform         `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
}

// layout is an image layout in the making.
type layout struct {
	tar     *tar.Writer
	created time.Time
}

func (i image) writeTo(file string) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	l := layout{tar.NewWriter(f), i.created}
	if err := l.file("oci-layout", 0o644, 0, []byte(`{"imageLayoutVersion":"1.0.0"}`)); err != nil {
		return err
	}
	for _, d := range []string{"blobs/", "blobs/sha256/"} {
		if err := l.folder(d, 0o755, 0); err != nil {
			return err
		}
	}
	files, unpacked, err := i.layer()
	if err != nil {
		return err
	}
	layer, err := l.blob(typeLayer, files)
	if err != nil {
		return err
	}
	labels := map[string]string{
		"org.opencontainers.image.title": "postgang", "org.opencontainers.image.version": i.version, "org.opencontainers.image.revision": i.commit,
		"org.opencontainers.image.created": i.created.UTC().Format(time.RFC3339), "org.opencontainers.image.licenses": "Apache-2.0",
	}
	config, err := l.json(typeConfig, map[string]any{
		"created": i.created.UTC().Format(time.RFC3339), "architecture": i.arch, "os": "linux",
		"config": map[string]any{
			"User": fmt.Sprintf("%d:%d", nobody, nobody), "Entrypoint": []string{"/usr/bin/postgang"}, "Cmd": []string{"serve"},
			"Env":        []string{"PATH=/usr/bin", "POSTGANG_CONFIG=/etc/postgang/postgang.toml", "HOME=/var/lib/postgang"},
			"WorkingDir": "/var/lib/postgang", "StopSignal": "SIGTERM", "Labels": labels,
			"Volumes": map[string]any{"/var/lib/postgang": struct{}{}, "/var/spool/postgang": struct{}{}},
		},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{unpacked}},
		"history": []any{map[string]any{"created": i.created.UTC().Format(time.RFC3339), "created_by": "postgang/cmd/postgang/packaging"}},
	})
	if err != nil {
		return err
	}
	manifest, err := l.json(typeManifest, map[string]any{"schemaVersion": 2, "mediaType": typeManifest, "config": config, "layers": []any{layer}, "annotations": labels})
	if err != nil {
		return err
	}
	manifest.Platform = &platform{i.arch, "linux"}
	// What Podman, Docker and containerd call an image that they load. A tag may not have the ~ of a version.
	name := "localhost/postgang:" + strings.ReplaceAll(i.version, "~", "-")
	manifest.Annotations = map[string]string{"org.opencontainers.image.ref.name": name, "io.containerd.image.name": name}
	index, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": typeIndex, "manifests": []any{manifest}})
	if err != nil {
		return err
	}
	return errors.Join(l.file("index.json", 0o644, 0, index), l.tar.Close())
}

// layer is the files of the image as one compressed tar, and the digest of what it unpacks to.
func (i image) layer() (packed []byte, unpacked string, err error) {
	var b bytes.Buffer
	z, hash := gzip.NewWriter(&b), sha256.New()
	l := layout{tar.NewWriter(io.MultiWriter(z, hash)), i.created}
	var errs []error
	add := func(err error) { errs = append(errs, err) }
	for _, d := range []struct {
		name  string
		mode  int64
		owner int
	}{
		{"etc/", 0o755, 0}, {"etc/postgang/", 0o755, 0}, {"etc/ssl/", 0o755, 0}, {"etc/ssl/certs/", 0o755, 0},
		{"tmp/", 0o1777, 0}, {"usr/", 0o755, 0}, {"usr/bin/", 0o755, 0}, {"var/", 0o755, 0}, {"var/lib/", 0o755, 0}, {"var/spool/", 0o755, 0},
		{"var/lib/postgang/", 0o750, nobody}, {"var/lib/postgang/nokler/", 0o700, nobody},
		{"var/spool/postgang/", 0o751, nobody},
	} {
		add(l.folder(d.name, d.mode, d.owner))
	}
	add(l.file("etc/passwd", 0o644, 0, fmt.Appendf(nil, "root:x:0:0:root:/:/sbin/nologin\npostgang:x:%d:%d:postgang:/var/lib/postgang:/sbin/nologin\n", nobody, nobody)))
	add(l.file("etc/group", 0o644, 0, fmt.Appendf(nil, "root:x:0:\npostgang:x:%d:\n", nobody)))
	// A named volume begins as a copy of the image's folder: then the first start makes the archive (cmd/app/firststart.go).
	add(l.file("var/lib/postgang/first-start", 0o640, nobody, nil))
	for _, f := range []struct {
		name, from string
		mode       int64
	}{
		{"etc/ssl/certs/ca-certificates.crt", i.certificates, 0o644}, {"etc/postgang/postgang.toml", i.config, 0o644}, {"usr/bin/postgang", i.binary, 0o755},
	} {
		data, err := os.ReadFile(f.from)
		if err != nil {
			return nil, "", fmt.Errorf("%s: %w", path.Base(f.name), err)
		}
		add(l.file(f.name, f.mode, 0, data))
	}
	add(l.tar.Close())
	add(z.Close())
	return b.Bytes(), "sha256:" + hex.EncodeToString(hash.Sum(nil)), errors.Join(errs...)
}

func (l layout) folder(name string, mode int64, owner int) error {
	return l.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: mode, Uid: owner, Gid: owner, ModTime: l.created})
}

func (l layout) file(name string, mode int64, owner int, data []byte) error {
	if err := l.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Uid: owner, Gid: owner, ModTime: l.created, Size: int64(len(data))}); err != nil {
		return err
	}
	_, err := l.tar.Write(data)
	return err
}

// blob adds data under the name of its hash.
func (l layout) blob(mediaType string, data []byte) (descriptor, error) {
	sum := sha256.Sum256(data)
	name := hex.EncodeToString(sum[:])
	return descriptor{MediaType: mediaType, Digest: "sha256:" + name, Size: len(data)}, l.file("blobs/sha256/"+name, 0o644, 0, data)
}

func (l layout) json(mediaType string, v any) (descriptor, error) {
	data, err := json.Marshal(v) // the keys of maps are sorted
	if err != nil {
		return descriptor{}, err
	}
	return l.blob(mediaType, data)
}
