package exchange_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postgang/fixtures/vendorsim"
	"postgang/printjobs/exchange"
)

// checked maps what Conform has found: "ok", "weak" or "FAIL" by check. Nothing of it may be left at the vendor.
func checked(t *testing.T, target exchange.Target) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, f := range exchange.Conform(ctx, target, time.Now) {
		switch {
		case !f.OK:
			out[f.Check] = "FAIL"
			if f.Text == "" {
				t.Errorf("%s fails without a word", f.Check)
			}
			t.Logf("%+v", f)
		case f.Weak:
			out[f.Check] = "weak"
		default:
			out[f.Check] = "ok"
		}
	}
	return out
}

// TestConform: both servers keep the contract, and nothing is left behind.
func TestConform(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, v *side) {
		found := checked(t, v.target)
		weak := map[string]bool{}
		if !v.openssh { // which the simulator's server has not
			weak = map[string]bool{"flush to disk": true, "free space": true}
		}
		if len(found) < 15 {
			t.Errorf("only %d checks: %v", len(found), found)
		}
		for check, mark := range found {
			if mark != "ok" && !(mark == "weak" && (weak[check] || check == "free space")) {
				t.Errorf("%s: %s", check, mark)
			}
		}
		if left := v.names(t, "inn"); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

// TestConformFindsFaults: checks are seen to fail, or to be weak, at a server that has just that fault.
func TestConformFindsFaults(t *testing.T) {
	t.Parallel()
	refuse := func(is func(e vendorsim.Event) bool, err error) func(v *side) func(vendorsim.Event) error {
		return func(*side) func(vendorsim.Event) error {
			return func(e vendorsim.Event) error {
				if is(e) {
					return err
				}
				return nil
			}
		}
	}
	denied := errors.New("no")
	anHourAgo := time.Now().Add(-time.Hour) // one time for all that ask: one that goes on is a file that changes
	for name, c := range map[string]struct {
		fault func(v *side) func(vendorsim.Event) error
		alter func(v *side)
		want  map[string]string
		left  bool // what cannot be removed is left
	}{
		"nobody there": {alter: func(v *side) { v.target.Address = "127.0.0.1:1" }, want: map[string]string{"connection": "FAIL"}},
		"another host key": {alter: func(v *side) {
			v.target.HostKey = newKey(t).Authorized
		}, want: map[string]string{"connection": "FAIL"}},
		"no folder for answers": {alter: func(v *side) { must(t, os.Remove(v.path("svar"))) }, want: map[string]string{"folder svar": "FAIL"}},
		"no right to write": {
			fault: refuse(func(e vendorsim.Event) bool { return e.Op == "create" && strings.HasPrefix(e.Path, "inn/") }, fs.ErrPermission),
			want:  map[string]string{"folder inn": "FAIL"},
		},
		"disk full": {
			fault: refuse(func(e vendorsim.Event) bool { return e.Op == "write" && e.Offset > 100_000 }, denied),
			want:  map[string]string{"write and read back": "FAIL"},
		},
		"no right to rename": {
			fault: refuse(func(e vendorsim.Event) bool { return e.Op == "rename" && !e.Done }, fs.ErrPermission),
			want:  map[string]string{"rename to a free name": "FAIL", "long names": "FAIL"},
		},
		"rename replaces": {
			fault: func(v *side) func(vendorsim.Event) error {
				return func(e vendorsim.Event) error {
					if e.Op == "rename" && !e.Done {
						os.Remove(v.path(e.Target))
					}
					return nil
				}
			},
			want: map[string]string{"rename to a taken name": "FAIL"},
		},
		"posix-rename in name only": {
			fault: refuse(func(e vendorsim.Event) bool { return e.Op == "posix-rename" && !e.Done }, denied),
			want:  map[string]string{"replace by rename": "FAIL"},
		},
		"other bytes than were sent": {
			fault: func(v *side) func(vendorsim.Event) error {
				return func(e vendorsim.Event) error {
					if e.Op == "close" && strings.HasSuffix(e.Path, "_1.part") {
						f, err := os.OpenFile(v.path(e.Path), os.O_WRONLY, 0)
						if err != nil {
							return err
						}
						defer f.Close()
						_, err = f.WriteAt([]byte("postgang"), 1000)
						return err
					}
					return nil
				}
			},
			want: map[string]string{"write and read back": "FAIL"},
		},
		"clock off": {
			fault: func(v *side) func(vendorsim.Event) error {
				return func(e vendorsim.Event) error {
					if e.Op == "stat" && strings.HasSuffix(e.Path, "_1.part") {
						return os.Chtimes(v.path(e.Path), anHourAgo, anHourAgo)
					}
					return nil
				}
			},
			want: map[string]string{"time of files": "weak"},
		},
		"listing hides files": {
			fault: func(v *side) func(vendorsim.Event) error {
				return func(e vendorsim.Event) error {
					if e.Op != "list" || e.Path != "inn" {
						return nil
					}
					there, hidden := v.path("inn"), v.path("gjemt")
					if e.Done {
						there, hidden = hidden, there
					} else if err := os.MkdirAll(hidden, 0o755); err != nil {
						return err
					}
					names, err := filepath.Glob(filepath.Join(there, "postgang_*_1"))
					for _, name := range names {
						err = errors.Join(err, os.Rename(name, filepath.Join(hidden, filepath.Base(name))))
					}
					return err
				}
			},
			want: map[string]string{"listing": "FAIL"},
		},
		"listing cuts names": {
			fault: func(v *side) func(vendorsim.Event) error {
				return func(e vendorsim.Event) error {
					if e.Op != "list" || e.Path != "inn" {
						return nil
					}
					names, err := filepath.Glob(v.path("inn/postgang_*"))
					for _, name := range names {
						whole := filepath.Join(v.path("gjemt"), filepath.Base(name))
						switch {
						case !e.Done && len(filepath.Base(name)) > 32:
							cut := filepath.Join(filepath.Dir(name), filepath.Base(name)[:32])
							err = errors.Join(err, os.MkdirAll(filepath.Dir(whole), 0o755), os.WriteFile(v.path("gjemt/navn"), []byte(name), 0o600), os.Rename(name, cut))
						case e.Done && len(filepath.Base(name)) == 32:
							old, err2 := os.ReadFile(v.path("gjemt/navn"))
							err = errors.Join(err, err2, os.Rename(name, string(old)))
						}
					}
					return err
				}
			},
			want: map[string]string{"long names": "FAIL"},
		},
		"no second file": {
			fault: refuse(func(e vendorsim.Event) bool { return e.Op == "create" && strings.HasSuffix(e.Path, "_2.part") }, denied),
			want:  map[string]string{"a second file": "FAIL"},
		},
		"short names": {
			fault: refuse(func(e vendorsim.Event) bool { return len(e.Path) > 64 }, denied),
			want:  map[string]string{"long names": "FAIL"},
		},
		"no right to remove": {
			fault: refuse(func(e vendorsim.Event) bool { return e.Op == "remove" && !strings.HasSuffix(e.Path, ".part") }, fs.ErrPermission),
			want:  map[string]string{"remove": "FAIL"}, left: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := &side{}
			fault := func(e vendorsim.Event) error {
				if c.fault == nil {
					return nil
				}
				return c.fault(v)(e)
			}
			*v = *simulator(t, fault)
			if c.alter != nil {
				c.alter(v)
			}
			found := checked(t, v.target)
			for check, want := range c.want {
				if found[check] != want {
					t.Errorf("%s: %q, want %s", check, found[check], want)
				}
			}
			for check, mark := range found {
				if mark == "FAIL" && c.want[check] == "" {
					t.Errorf("%s fails too", check)
				}
			}
			if left := v.names(t, "inn"); len(left) > 0 && !c.left {
				t.Errorf("left behind: %v", left)
			}
		})
	}
	// One session at a time.
	v := simulator(t, nil)
	p, target := through(t, v.target)
	p.mu.Lock()
	p.most = 1
	p.mu.Unlock()
	if found := checked(t, target); found["two connections at once"] != "FAIL" || found["remove"] != "ok" {
		t.Errorf("one session: %v", found)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
