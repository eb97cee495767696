package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postgang/fixtures/judges"
	"postgang/fixtures/letters"
)

// TestPackages makes the packages as "make package" does, twice, and tries them as an operator would: installed in a clean Debian,
// upgraded, removed; the unit judged by systemd; the image run without an engine.
func TestPackages(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds the program twice and installs a Debian")
	}
	judges.NeedRoot(t)
	judges.Need(t, "nfpm", "mmdebstrap", "lintian", "systemd-analyze", "runc")
	// Not in the tests' own folder: that may be in memory, where neither programs nor devices are allowed.
	dir, err := os.MkdirTemp("/var/tmp", "postgang-package-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	deb, rpm, oci := made(t, filepath.Join(dir, "one"))

	t.Run("the same commit gives the same bytes", func(t *testing.T) {
		t.Parallel()
		deb2, rpm2, oci2 := made(t, filepath.Join(dir, "two"))
		for one, two := range map[string]string{deb: deb2, rpm: rpm2, oci: oci2} {
			if a, b := hashOf(t, one), hashOf(t, two); a != b {
				t.Errorf("%s differs when it is made again: %s and %s", filepath.Base(one), a, b)
			}
		}
	})
	t.Run("lintian", func(t *testing.T) {
		t.Parallel()
		if out := do(t, "lintian", "--allow-root", "--fail-on", "error,warning", deb); strings.Contains(out, "E: ") {
			t.Error(out)
		}
	})
	t.Run("systemd", func(t *testing.T) {
		t.Parallel()
		unit(t, deb, filepath.Join(dir, "unit"))
	})
	t.Run("Debian", func(t *testing.T) {
		t.Parallel()
		debian(t, deb, rpm, filepath.Join(dir, "one"), filepath.Join(dir, "debian"))
	})
	t.Run("image", func(t *testing.T) {
		t.Parallel()
		container(t, oci, filepath.Join(dir, "bundle"))
	})
}

// made makes the packages in a folder.
func made(t *testing.T, out string) (deb, rpm, oci string) {
	t.Helper()
	if err := os.MkdirAll(out, 0o755); err != nil {
		t.Fatal(err)
	}
	nfpm := judges.Path(t, "nfpm")
	cmd := exec.Command("./package.sh")
	cmd.Env = append(os.Environ(), "OUT="+out, "PACKAGERS=deb rpm oci", "NFPM="+nfpm)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("package.sh: %v\n%s", err, said)
	}
	return one(t, filepath.Join(out, "*.deb")), one(t, filepath.Join(out, "*.rpm")), one(t, filepath.Join(out, "*.oci.tar"))
}

func one(t *testing.T, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: %v (%v)", pattern, found, err)
	}
	return found[0]
}

func hashOf(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// do runs a program that must succeed, and gives what it said.
func do(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// unit has systemd judge the unit: that it can be started, and how much it could do.
func unit(t *testing.T, deb, root string) {
	t.Helper()
	do(t, "dpkg-deb", "-x", deb, root)
	// Units that ours names are the machine's own, but for one of ours that may be installed.
	do(t, "cp", "-R", "--no-clobber", "/usr/lib/systemd/system", filepath.Join(root, "usr/lib/systemd/"))
	if out := do(t, "systemd-analyze", "verify", "--man=no", "--root="+root, "postgang.service"); strings.Contains(out, "postgang.service") {
		t.Errorf("systemd-analyze verify: %s", out)
	}
	// 1.4 of 10 when this was written; 0 is a unit that can do nothing.
	do(t, "systemd-analyze", "security", "--offline=true", "--threshold=20", "--root="+root, "postgang.service")
}

// letter writes a hand-in with one PDF.
func letter(t *testing.T, dir string) {
	t.Helper()
	pdf, err := letters.Sample(2, 1)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"vedtak.pdf": pdf, "forsendelse.json": []byte(`{ "tittel": "Vedtak om skoleplass",
  "mottaker": { "navn": "Testperson Én", "adresselinje1": "Prøvegata 1", "postnummer": "5003", "poststed": "Bergen" },
  "konteringskode": "4100-skole", "utskriftskonfigurasjon": { "tosidig": true },
  "dokumenter": [ { "filnavn": "vedtak.pdf", "mimeType": "application/pdf" } ] }`)} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// debian installs, uses, upgrades and removes the packages in a clean Debian: testdata/debian.sh, which docs/install.md tells, and rpm.sh.
func debian(t *testing.T, deb, rpm, made, root string) {
	t.Helper()
	// The next version, with another configuration in it.
	stage := one(t, filepath.Join(made, "stage-*"))
	list := filepath.Join(stage, "nfpm.yaml")
	edit(t, list, "version: ", "version: 99.")
	edit(t, filepath.Join(stage, "postgang.toml"), "[prepare]", "# new in 99\n[prepare]")
	for _, packager := range []string{"deb", "rpm"} {
		cmd := exec.Command(judges.Path(t, "nfpm"), "package", "--config", list, "--packager", packager, "--target", filepath.Join(made, "next."+packager))
		cmd.Dir = "../../.."
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("nfpm: %v\n%s", err, out)
		}
	}

	cmd := exec.Command(judges.Path(t, "mmdebstrap"), "--variant=apt", "--mode=root", "--format=directory", "--include=systemd,systemd-sysv,dbus,rpm", "bookworm", root)
	cmd.Env = append(os.Environ(), "TMPDIR=/var/tmp")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("mmdebstrap: %v\n%s", err, out)
	}
	for from, to := range map[string]string{deb: "postgang.deb", rpm: "postgang.rpm", filepath.Join(made, "next.deb"): "next.deb", filepath.Join(made, "next.rpm"): "next.rpm"} {
		do(t, "cp", from, filepath.Join(root, "root", to))
	}
	do(t, "cp", "testdata/debian.sh", "testdata/rpm.sh", filepath.Join(root, "root/"))
	letter(t, filepath.Join(root, "root/brev"))
	inside := func(script string) {
		t.Helper()
		// Namespaces of its own, so that nothing is left mounted or running; nothing of our environment, whose folders are not there.
		out := do(t, "unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", `mount -t proc proc "$1/proc"; exec env -i PATH="$PATH" HOME=/root chroot "$1" sh -eu "/root/$2"`, "sh", root, script)
		t.Log(out)
		if !strings.HasSuffix(strings.TrimSpace(out), script+": done") {
			t.Errorf("%s did not come to its end", script)
		}
	}
	inside("debian.sh")
	if out := booted(t, root, "sh", "-eu", "/root/unit.sh"); !strings.HasSuffix(strings.TrimSpace(out), "unit.sh: done") {
		t.Errorf("unit.sh did not come to its end\n%s", out)
	}
	inside("rpm.sh")
}

// booted boots the Debian in root and runs a program in it.
func booted(t *testing.T, root string, program ...string) string {
	t.Helper()
	do(t, "cp", "testdata/unit.sh", filepath.Join(root, "root/"))
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	machine := exec.CommandContext(ctx, "unshare", "--mount", "--pid", "--fork", "--ipc", "--uts", "--cgroup", "--kill-child", "sh", "testdata/boot.sh", root)
	var said bytes.Buffer
	machine.Stdout, machine.Stderr, machine.WaitDelay = &said, &said, 5*time.Second
	if err := machine.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		stop()
		_ = machine.Wait() // it was killed
	}()
	inside := func(args ...string) ([]byte, error) {
		children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", machine.Process.Pid))
		if err != nil || len(bytes.Fields(children)) != 1 {
			return nil, fmt.Errorf("the machine has ended, or not begun: %w", err)
		}
		first := string(bytes.Fields(children)[0])
		return exec.CommandContext(ctx, "nsenter", append([]string{"--target", first, "--mount", "--pid", "--uts", "--ipc", "--root", "--wd", "--", "/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin", "HOME=/root"}, args...)...).CombinedOutput()
	}
	for state, err := []byte(nil), error(nil); !strings.Contains(string(state), "running") && !strings.Contains(string(state), "degraded"); state, err = inside("/bin/systemctl", "is-system-running") {
		select {
		case <-ctx.Done():
			t.Fatalf("Debian does not boot: %s (%v)\n%s", state, err, said.String())
		case <-time.After(300 * time.Millisecond):
		}
	}
	out, err := inside(program...)
	if err != nil {
		t.Fatalf("%v: %v\n%s", program, err, out)
	}
	return string(out)
}

func edit(t *testing.T, file, from, to string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(from)) {
		t.Fatalf("%s has no %q", file, from)
	}
	if err := os.WriteFile(file, bytes.Replace(text, []byte(from), []byte(to), 1), 0o644); err != nil {
		t.Fatal(err)
	}
}

// container runs the image as a runtime does, under the system calls that the systemd unit allows: those are fewer than what container
// engines allow, and the processes that read PDFs must be able to cut themselves off even so.
func container(t *testing.T, oci, bundle string) {
	t.Helper()
	rootfs := filepath.Join(bundle, "rootfs")
	config := unpack(t, oci, rootfs)
	for _, shell := range []string{"bin/sh", "usr/bin/sh", "lib", "usr/lib"} {
		if _, err := os.Stat(filepath.Join(rootfs, shell)); err == nil {
			t.Errorf("the image has %s", shell)
		}
	}
	// Volumes begin as copies of the image's folders.
	for _, v := range []string{"lib", "spool"} {
		do(t, "cp", "-a", filepath.Join(rootfs, "var", v, "postgang"), filepath.Join(bundle, v))
	}
	letter(t, filepath.Join(bundle, "brev"))
	allowed := unitCalls(t)
	run := func(args ...string) string {
		t.Helper()
		bind := func(from, to string, more ...string) map[string]any {
			return map[string]any{"type": "bind", "source": filepath.Join(bundle, from), "destination": to, "options": append([]string{"rbind", "nosuid", "nodev"}, more...)}
		}
		spec := map[string]any{
			"ociVersion": "1.0.2", "hostname": "postgang",
			"root": map[string]any{"path": "rootfs", "readonly": true},
			"process": map[string]any{
				"user": map[string]any{"uid": nobody, "gid": nobody}, "cwd": config.WorkingDir, "env": config.Env,
				"args": append(append([]string{}, config.Entrypoint...), args...), "noNewPrivileges": true, "capabilities": map[string]any{},
			},
			"mounts": []any{
				map[string]any{"type": "proc", "source": "proc", "destination": "/proc"},
				map[string]any{"type": "tmpfs", "source": "tmpfs", "destination": "/dev", "options": []string{"nosuid", "mode=755"}},
				map[string]any{"type": "tmpfs", "source": "tmpfs", "destination": "/tmp", "options": []string{"nosuid", "nodev", "mode=1777"}},
				bind("lib", "/var/lib/postgang"), bind("spool", "/var/spool/postgang"), bind("brev", "/brev", "ro"),
			},
			"linux": map[string]any{
				"namespaces": []any{map[string]any{"type": "pid"}, map[string]any{"type": "network"}, map[string]any{"type": "ipc"}, map[string]any{"type": "uts"}, map[string]any{"type": "mount"}},
				"seccomp":    map[string]any{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": []any{map[string]any{"names": allowed, "action": "SCMP_ACT_ALLOW"}}},
			},
		}
		data, err := json.Marshal(spec)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(bundle, "config.json"), data, 0o644); err != nil {
			t.Fatal(err)
		}
		return do(t, "runc", "run", "--bundle", bundle, fmt.Sprintf("postgang-test-%d", os.Getpid()))
	}
	if out := run("version"); !strings.Contains(out, ", commit ") || strings.Contains(out, "unknown") {
		t.Errorf("version: %s", out)
	}
	if out := run("doctor"); !strings.Contains(out, "the processes that read PDFs reach no file, network or program") {
		t.Errorf("doctor: %s", out)
	}
	if out := run("submit", "/brev"); !strings.Contains(out, "AKSEPTERT") {
		t.Errorf("submit: %s", out)
	}
	if out := run("night"); !strings.Contains(out, "manual") {
		t.Errorf("night: %s", out)
	}
}

// runs is what an image says of how it is run.
type runs struct {
	User, WorkingDir     string
	Entrypoint, Cmd, Env []string
}

// unpack checks an image layout, every blob by its hash, and unpacks its only layer.
func unpack(t *testing.T, oci, rootfs string) runs {
	t.Helper()
	f, err := os.Open(oci)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	files := map[string][]byte{}
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	blob := func(d descriptor) []byte {
		t.Helper()
		name := strings.TrimPrefix(d.Digest, "sha256:")
		data := files["blobs/sha256/"+name]
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != name || len(data) != d.Size {
			t.Fatalf("blob %s of %d bytes is not there, or other", d.Digest, d.Size)
		}
		return data
	}
	var index struct{ Manifests []descriptor }
	var manifest struct {
		Config descriptor
		Layers []descriptor
	}
	var config struct {
		Config runs
		RootFS struct {
			DiffIDs []string `json:"diff_ids"`
		} `json:"rootfs"`
	}
	read := func(data []byte, v any) {
		t.Helper()
		if err := json.Unmarshal(data, v); err != nil {
			t.Fatal(err)
		}
	}
	read(files["index.json"], &index)
	if len(index.Manifests) != 1 || !strings.Contains(string(files["oci-layout"]), "1.0.0") {
		t.Fatalf("no layout of one image: %s", files["index.json"])
	}
	read(blob(index.Manifests[0]), &manifest)
	read(blob(manifest.Config), &config)
	if len(manifest.Layers) != 1 || len(config.RootFS.DiffIDs) != 1 || config.Config.User != "65532:65532" {
		t.Fatalf("%+v %+v", manifest, config)
	}
	z, err := gzip.NewReader(bytes.NewReader(blob(manifest.Layers[0])))
	if err != nil {
		t.Fatal(err)
	}
	layer, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(layer); config.RootFS.DiffIDs[0] != "sha256:"+hex.EncodeToString(sum[:]) {
		t.Error("the layer is not what the image says")
	}
	if err := os.MkdirAll(rootfs, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("tar", "--extract", "--numeric-owner", "--same-owner", "--preserve-permissions", "--directory", rootfs)
	cmd.Stdin = bytes.NewReader(layer)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("tar: %v\n%s", err, out)
	}
	return config.Config
}

// unitCalls are the system calls that the unit allows, as this machine's systemd knows the sets that it names.
func unitCalls(t *testing.T) []string {
	t.Helper()
	unit, err := os.ReadFile("postgang.service")
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string]bool{}
	var take func(name string, allow bool)
	take = func(name string, allow bool) {
		if !strings.HasPrefix(name, "@") {
			calls[name] = allow
			return
		}
		for line := range strings.Lines(do(t, "systemd-analyze", "syscall-filter", name)) {
			if word := strings.TrimSpace(line); strings.HasPrefix(line, " ") && !strings.HasPrefix(word, "#") {
				take(word, allow)
			}
		}
	}
	take("@default", true)
	for line := range strings.Lines(string(unit)) {
		if list, ok := strings.CutPrefix(strings.TrimSpace(line), "SystemCallFilter="); ok {
			list, not := strings.CutPrefix(list, "~")
			for _, name := range strings.Fields(list) {
				take(name, !not)
			}
		}
	}
	var out []string
	for name, allow := range calls {
		if allow {
			out = append(out, name)
		}
	}
	if len(out) < 100 || calls["mount"] || !calls["seccomp"] {
		t.Fatalf("%d calls are allowed; mount: %v, seccomp: %v", len(out), calls["mount"], calls["seccomp"])
	}
	return out
}
