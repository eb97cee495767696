package exchange_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"postgang/fixtures/vendorsim"
	"postgang/printjobs/exchange"
)

var ctx = context.Background()

// The whole way of a job, every step done twice.
func TestWholeExchange(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, v *side) {
		s, j := v.dial(t), newJob(t, "K7QX000001", 200_000, 20, 3<<20)
		if p := s.CheckFolders(ctx); len(p) != 0 {
			t.Fatalf("folders: %v", p)
		}
		if f := s.Features(); !f.PosixRename || f.Fsync != v.openssh {
			t.Errorf("features %+v", f)
		}
		st, err := s.State(ctx, j.id)
		if err != nil || st.Offered() || len(st.Files)+len(st.Parts) != 0 {
			t.Fatalf("state of an unknown job: %+v, %v", st, err)
		}
		for range 2 {
			if err := j.put(s); err != nil {
				t.Fatal(err)
			}
			j.arrived(t, v, false)
		}
		if d, err := v.vendor().Tick(ctx); err != nil || len(d) != 0 {
			t.Fatalf("the vendor took a job without ready file: %+v, %v", d, err)
		}
		st, err = s.State(ctx, j.id)
		if err != nil || st.Offered() || len(st.Files) != len(j.files) {
			t.Fatalf("state before the hand-over: %+v, %v", st, err)
		}
		for _, f := range j.files {
			if st.Files[f.Name] != f.Bytes {
				t.Errorf("state says %d bytes of %s, want %d", st.Files[f.Name], f.Name, f.Bytes)
			}
		}
		for range 2 {
			if err := s.PutReady(ctx, j.ready); err != nil {
				t.Fatal(err)
			}
			j.arrived(t, v, true)
		}
		if st, err = s.State(ctx, j.id); err != nil || !st.Ready || st.Answer != nil {
			t.Fatalf("state after the hand-over: %+v, %v", st, err)
		}
		d, err := v.vendor().Tick(ctx)
		if err != nil || len(d) != 1 || !d[0].Accepted {
			t.Fatalf("vendor: %+v, %v", d, err)
		}
		if st, err = s.State(ctx, j.id); err != nil || st.Ready || st.Answer == nil || !st.Answer.Accepted {
			t.Fatalf("state after the answer: %+v, %v", st, err)
		}
		answers, bad, err := s.Answers(ctx, nil)
		if err != nil || len(bad) != 0 || len(answers) != 1 || answers[0].Letters != 6 || answers[0].TicketSHA256 != j.ready.TicketSHA256 {
			t.Fatalf("answers %+v %v %v", answers, bad, err)
		}
		wantError(t, s.Put(ctx, j.files[0], bytes.NewReader(j.bytes[j.files[0].Name])), exchange.ErrAnswered)
		wantError(t, s.PutReady(ctx, j.ready), exchange.ErrAnswered)
		wantError(t, s.Withdraw(ctx, j.id, nil), exchange.ErrAnswered)

		files, problems, err := s.ReceiptFiles(ctx)
		if err != nil || len(problems) != 0 || len(files) != 1 {
			t.Fatalf("receipts %+v %v %v", files, problems, err)
		}
		b, err := s.Fetch(ctx, files[0].Name)
		if err != nil || int64(len(b)) != files[0].Bytes || bytes.Count(b, []byte("\n")) != 7 {
			t.Fatalf("fetched %d of %d bytes, %v", len(b), files[0].Bytes, err)
		}
		for range 2 {
			if err := s.MoveDone(ctx, files[0].Name); err != nil {
				t.Fatal(err)
			}
		}
		if got := v.read(t, "kvittering/arkiv/"+files[0].Name); !bytes.Equal(got, b) {
			t.Error("moved receipt has other bytes")
		}
		if files, _, err = s.ReceiptFiles(ctx); err != nil || len(files) != 0 {
			t.Errorf("receipts left: %v %v", files, err)
		}
	})
}

func TestPut(t *testing.T) {
	t.Parallel()
	const big = 2 << 20 // above the limit up to which content is read back
	for _, c := range []struct {
		name   string
		size   int
		before func(t *testing.T, v *side, f exchange.File, b []byte)
		src    func(b []byte) []byte
		want   error
		// untouched: the final file must not be written again.
		untouched bool
	}{
		{name: "fresh", size: 50_000},
		{name: "one byte", size: 9},
		{name: "final is there", size: big, untouched: true, before: func(t *testing.T, v *side, f exchange.File, b []byte) {
			v.write(t, "inn/"+f.Name, b)
		}},
		{name: "final is there with a left-over part", size: 1000, untouched: true, before: func(t *testing.T, v *side, f exchange.File, b []byte) {
			v.write(t, "inn/"+f.Name, b)
			v.write(t, "inn/"+f.Name+".part", b[:10])
		}},
		{name: "final has the wrong size", size: big, before: func(t *testing.T, v *side, f exchange.File, b []byte) {
			v.write(t, "inn/"+f.Name, b[:big/2])
		}},
		{name: "small final has the wrong bytes", size: 5000, before: func(t *testing.T, v *side, f exchange.File, b []byte) {
			v.write(t, "inn/"+f.Name, make([]byte, len(b)))
		}},
		{name: "part is longer than the file", size: 70_000, before: func(t *testing.T, v *side, f exchange.File, b []byte) {
			v.write(t, "inn/"+f.Name+".part", make([]byte, 200_000))
		}},
		{name: "part with a hole", size: big, before: func(t *testing.T, v *side, f exchange.File, b []byte) {
			v.write(t, "inn/"+f.Name+".part", append(make([]byte, big/2), b[big/2:]...))
		}},
		{name: "source has other bytes", size: big, want: exchange.ErrSource, src: func(b []byte) []byte {
			b = bytes.Clone(b)
			b[big-1] ^= 1
			return b
		}},
		{name: "source is short", size: 5000, want: exchange.ErrSource, src: func(b []byte) []byte { return b[:4999] }},
		{name: "source is long", size: 5000, want: exchange.ErrSource, src: func(b []byte) []byte { return append(bytes.Clone(b), 0) }},
		{name: "final is a folder", size: 5000, want: exchange.ErrConflict, before: func(t *testing.T, v *side, f exchange.File, b []byte) {
			if err := os.Mkdir(v.path("inn/"+f.Name), 0o755); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, v *side) {
				for i, mode := range []string{"concurrent", "sequential", "no posix-rename"} {
					t.Run(mode, func(t *testing.T) {
						target := v.target
						target.ConcurrentWrites = mode != "sequential"
						s := dial(t, target)
						if mode == "no posix-rename" {
							s.WithoutPosixRename()
						}
						// Each mode gets a job of its own in the same inbox.
						j := newJob(t, fmt.Sprintf("MODE%06d", i), c.size)
						f, b := j.files[0], j.bytes[j.files[0].Name]
						final := "inn/" + f.Name
						if c.before != nil {
							c.before(t, v, f, b)
						}
						old := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
						if c.untouched {
							if err := os.Chtimes(v.path(final), old, old); err != nil {
								t.Fatal(err)
							}
						}
						src := b
						if c.src != nil {
							src = c.src(b)
						}
						err := s.Put(ctx, f, bytes.NewReader(src))
						if c.want != nil {
							wantError(t, err, c.want)
							if fi, err := os.Lstat(v.path(final)); err == nil && !fi.IsDir() {
								t.Error("a file got its final name all the same")
							}
							return
						}
						if err != nil {
							t.Fatal(err)
						}
						if !bytes.Equal(v.read(t, final), b) {
							t.Error("did not arrive as sent")
						}
						if _, err := os.Lstat(v.path(final + ".part")); err == nil {
							t.Error("the part is still there")
						}
						if fi, err := os.Stat(v.path(final)); err != nil || fi.ModTime().Equal(old) != c.untouched {
							t.Errorf("written again: %v (%v)", !fi.ModTime().Equal(old), err)
						}
						if err := s.Put(ctx, f, bytes.NewReader(b)); err != nil {
							t.Errorf("again: %v", err)
						}
					})
				}
			})
		})
	}
}

func TestPutRefusesDescription(t *testing.T) {
	t.Parallel()
	v := simulator(t, nil)
	s := v.dial(t)
	good := newJob(t, "K7QX000002", 100).files[0]
	for name, change := range map[string]func(*exchange.File){
		"path":          func(f *exchange.File) { f.Name = "../" + f.Name },
		"absolute path": func(f *exchange.File) { f.Name = "/etc/" + f.Name },
		"ready file":    func(f *exchange.File) { f.Name = "K7QX000002.klar" },
		"part":          func(f *exchange.File) { f.Name += ".part" },
		"other hash":    func(f *exchange.File) { f.SHA256 = sum(nil) },
		"other kind":    func(f *exchange.File) { f.Kind = exchange.KindManifest },
	} {
		f := good
		change(&f)
		if err := s.Put(ctx, f, bytes.NewReader(nil)); !errors.Is(err, exchange.ErrName) {
			t.Errorf("%s: %v", name, err)
		}
	}
	f := good
	f.Bytes = 0
	if err := s.Put(ctx, f, bytes.NewReader(nil)); err == nil {
		t.Error("an empty file was taken")
	}
	if n := v.names(t, "inn"); len(n) != 0 {
		t.Errorf("inbox holds %v", n)
	}
}

func TestReadyIsTheHandOver(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, v *side) {
		s, j := v.dial(t), newJob(t, "K7QX000003", 300, 400)
		if err := j.offer(s); err != nil {
			t.Fatal(err)
		}
		wantError(t, s.Put(ctx, j.files[0], bytes.NewReader(j.bytes[j.files[0].Name])), exchange.ErrReady)
		wantError(t, s.Withdraw(ctx, j.id, nil), exchange.ErrReady)
		wantError(t, s.Withdraw(ctx, j.id, []string{j.files[0].Name}), exchange.ErrReady)
		j.arrived(t, v, true)
		other := j.ready
		other.TicketSHA256 = sum([]byte("other"))
		other.Ticket, _ = exchange.FileName(j.id, 0, exchange.KindTicket, other.TicketSHA256)
		wantError(t, s.PutReady(ctx, other), exchange.ErrConflict)
		j.arrived(t, v, true)
	})
}

// A refused job id is spent as well: nothing of it may be sent again.
func TestRefusedJobIsNotSentAgain(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, v *side) {
		s, j := v.dial(t), newJob(t, "K7QX000022", 300)
		if err := j.offer(s); err != nil {
			t.Fatal(err)
		}
		// The vendor's disk loses a byte, which the vendor must notice.
		if err := os.Truncate(v.path("inn/"+j.files[0].Name), 299); err != nil {
			t.Fatal(err)
		}
		if d, err := v.vendor().Tick(ctx); err != nil || len(d) != 1 || d[0].Accepted {
			t.Fatalf("vendor %+v, %v", d, err)
		}
		st, err := s.State(ctx, j.id)
		if err != nil || !st.Offered() || st.Answer == nil || st.Answer.Accepted || len(st.Answer.Reasons) == 0 {
			t.Errorf("state %+v, %v", st, err)
		}
		wantError(t, s.Put(ctx, j.files[0], bytes.NewReader(j.bytes[j.files[0].Name])), exchange.ErrAnswered)
		wantError(t, s.PutReady(ctx, j.ready), exchange.ErrAnswered)
		wantError(t, s.Withdraw(ctx, j.id, nil), exchange.ErrAnswered)
		if left := v.names(t, "inn"); len(left) != 0 {
			t.Errorf("inbox holds %v", left)
		}
	})
}

// An engine that offers a job twice in spite of all is refused the second time,
// and the acceptance of the first stays what counts.
func TestAcceptanceOutweighsALaterRefusal(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, v *side) {
		s, j := v.dial(t), newJob(t, "K7QX000023", 300)
		if err := j.offer(s); err != nil {
			t.Fatal(err)
		}
		if _, err := v.vendor().Tick(ctx); err != nil {
			t.Fatal(err)
		}
		accepted := "svar/" + exchange.AnswerName(j.id, true)
		b := v.read(t, accepted)
		if err := os.Remove(v.path(accepted)); err != nil { // now our side sees nothing of the first
			t.Fatal(err)
		}
		if err := j.offer(s); err != nil {
			t.Fatal(err)
		}
		d, err := v.vendor().Tick(ctx)
		if err != nil || len(d) != 1 || !d[0].Repeated {
			t.Fatalf("vendor %+v, %v", d, err)
		}
		v.write(t, accepted, b)
		if st, err := s.State(ctx, j.id); err != nil || st.Answer == nil || !st.Answer.Accepted {
			t.Errorf("state %+v, %v", st, err)
		}
		answers, bad, err := s.Answers(ctx, nil)
		if err != nil || len(answers) != 1 || !answers[0].Accepted || len(bad) != 1 || !errors.Is(bad[0].Err, exchange.ErrConflict) {
			t.Errorf("answers %+v, problems %v, %v", answers, bad, err)
		}
		// Also an acceptance that is damaged keeps the refusal from counting.
		v.write(t, accepted, b[:len(b)/2])
		if st, err := s.State(ctx, j.id); err != nil || st.Answer != nil || st.BadAnswer == nil || !st.Offered() {
			t.Errorf("state %+v, %v", st, err)
		}
		if answers, bad, err = s.Answers(ctx, nil); err != nil || len(answers) != 0 || len(bad) != 2 {
			t.Errorf("answers %+v, problems %v, %v", answers, bad, err)
		}
		if files, _, err := s.ReceiptFiles(ctx); err != nil || len(files) != 1 {
			t.Errorf("receipts %v, %v", files, err)
		}
	})
}

func TestReadyNeedsACompleteJob(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(t *testing.T, v *side, j *job){
		"print file missing":  func(t *testing.T, v *side, j *job) { os.Remove(v.path("inn/" + j.files[0].Name)) },
		"manifest missing":    func(t *testing.T, v *side, j *job) { os.Remove(v.path("inn/" + j.files[2].Name)) },
		"ticket missing":      func(t *testing.T, v *side, j *job) { os.Remove(v.path("inn/" + j.ready.Ticket)) },
		"print file cut":      func(t *testing.T, v *side, j *job) { os.Truncate(v.path("inn/"+j.files[1].Name), 5) },
		"ticket of other job": func(t *testing.T, v *side, j *job) { v.write(t, "inn/"+j.ready.Ticket, []byte("{}")) },
		"print file is a part": func(t *testing.T, v *side, j *job) {
			os.Rename(v.path("inn/"+j.files[0].Name), v.path("inn/"+j.files[0].Name+".part"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, v *side) {
				s, j := v.dial(t), newJob(t, "K7QX000004", 300, 400)
				if err := j.put(s); err != nil {
					t.Fatal(err)
				}
				harm(t, v, j)
				wantError(t, s.PutReady(ctx, j.ready), exchange.ErrIncomplete)
				if st, err := s.State(ctx, j.id); err != nil || st.Offered() {
					t.Errorf("state %+v, %v", st, err)
				}
				// Put mends it.
				if err := j.offer(s); err != nil {
					t.Fatal(err)
				}
				j.arrived(t, v, true)
			})
		})
	}
}

func TestWithdraw(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, v *side) {
		s, j, other := v.dial(t), newJob(t, "K7QX000005", 300, 400), newJob(t, "K7QX000006", 500)
		for _, x := range []*job{j, other} {
			if err := x.put(s); err != nil {
				t.Fatal(err)
			}
		}
		v.write(t, "inn/"+exchange.ReadyName(j.id)+".part", []byte("x"))
		v.write(t, "inn/"+j.files[0].Name+".part", []byte("x"))
		v.write(t, "inn/somebody else's.txt", []byte("x"))
		for _, bad := range []string{"../svar/x", exchange.ReadyName(j.id), other.files[0].Name, ""} {
			wantError(t, s.Withdraw(ctx, j.id, []string{bad}), exchange.ErrName)
		}
		if err := s.Withdraw(ctx, j.id, []string{j.files[0].Name}); err != nil {
			t.Fatal(err)
		}
		if st, err := s.State(ctx, j.id); err != nil || len(st.Files) != len(j.files)-1 || st.Files[j.files[0].Name] != 0 {
			t.Fatalf("state %+v, %v", st, err)
		}
		for range 2 {
			if err := s.Withdraw(ctx, j.id, nil); err != nil {
				t.Fatal(err)
			}
		}
		os.Remove(v.path("inn/somebody else's.txt")) // it must still be there
		other.arrived(t, v, false)
	})
}

func TestCutUploadIsMadeGoodByANewSession(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, v *side) {
		for _, concurrent := range []bool{true, false} {
			t.Run(fmt.Sprint("concurrent ", concurrent), func(t *testing.T) {
				p, target := through(t, v.target)
				target.ConcurrentWrites = concurrent
				j := newJob(t, fmt.Sprintf("CUT%v000007", map[bool]int{true: 1, false: 2}[concurrent]), 4<<20)
				for i, after := range []int64{200, 100_000, 1 << 20, 4 << 20} {
					s := dial(t, target)
					p.cutAfter(after)
					if err := j.offer(s); !errors.Is(err, exchange.ErrConnection) {
						t.Fatalf("cut %d: %v", i, err)
					}
					if err := s.Put(ctx, j.files[0], bytes.NewReader(j.bytes[j.files[0].Name])); !errors.Is(err, exchange.ErrConnection) {
						t.Errorf("cut %d: the dead session says %v", i, err)
					}
					if _, err := os.Stat(v.path("inn/" + j.files[0].Name)); err == nil && i < 2 {
						t.Error("half a file got its final name")
					}
				}
				if err := j.offer(dial(t, target)); err != nil {
					t.Fatal(err)
				}
				d, err := v.vendor().Tick(ctx)
				if err != nil || len(d) != 1 || !d[0].Accepted {
					t.Fatalf("vendor %+v, %v", d, err)
				}
			})
		}
	})
}

// A server that stops answering must not hold us for ever: not in an upload, not
// in a small request, not while idle, not while dialling.
func TestStall(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, v *side) {
		j := newJob(t, "K7QX000008", 8<<20)
		put := func(ctx context.Context, s *exchange.Session) error {
			return s.Put(ctx, j.files[0], bytes.NewReader(j.bytes[j.files[0].Name]))
		}
		t.Run("in an upload", func(t *testing.T) {
			p, target := through(t, v.target)
			target.Timeouts.Operation = 300 * time.Millisecond
			target.Trace = func(step string, _ ...string) {
				if step == exchange.StepWrite+":before" {
					p.stall()
				}
			}
			err := put(ctx, dial(t, target))
			wantError(t, err, exchange.ErrConnection)
			if !strings.Contains(fmt.Sprint(err), "no answer within") {
				t.Errorf("error does not say why: %v", err)
			}
		})
		t.Run("in a small request", func(t *testing.T) {
			p, target := through(t, v.target)
			target.Timeouts.Operation = 300 * time.Millisecond
			s := dial(t, target)
			p.stall()
			_, err := s.State(ctx, j.id)
			wantError(t, err, exchange.ErrConnection)
			if !strings.Contains(fmt.Sprint(err), "no answer within") {
				t.Errorf("it was not the operation's limit that noticed: %v", err)
			}
		})
		t.Run("until the caller gives up", func(t *testing.T) {
			p, target := through(t, v.target)
			s := dial(t, target)
			p.stall()
			short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
			defer cancel()
			err := put(short, s)
			wantError(t, err, exchange.ErrConnection)
			wantError(t, err, context.DeadlineExceeded)
		})
		t.Run("while idle", func(t *testing.T) {
			p, target := through(t, v.target)
			target.Timeouts.Keepalive = 250 * time.Millisecond
			s := dial(t, target)
			time.Sleep(600 * time.Millisecond) // keepalives are answered
			if _, err := s.State(ctx, j.id); err != nil {
				t.Fatalf("a living session died: %v", err)
			}
			p.stall()
			// The operation's own limit is far away: it is the keepalive that notices.
			start := time.Now()
			_, err := s.State(ctx, j.id)
			wantError(t, err, exchange.ErrConnection)
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("noticed after %v", took)
			}
		})
		t.Run("while dialling", func(t *testing.T) {
			p, target := through(t, v.target)
			p.stall()
			target.Timeouts.Dial = 300 * time.Millisecond
			_, err := exchange.Dial(ctx, target)
			wantError(t, err, exchange.ErrConnection)
		})
	})
}

func TestHostKey(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, v *side) {
		other := newKey(t)
		try := func(pin string) error {
			target := v.target
			target.HostKey = pin
			s, err := exchange.Dial(ctx, target)
			if err == nil {
				s.Close()
			}
			return err
		}
		line := v.target.HostKey
		key := line[strings.Index(line, " ")+1:]
		rsa := "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7vbqajDRmWcWOVKNB6bGKRvNRbMFsMGZ0/qPvqzdYsgvXTzGWwPqcOZoJk8t8FL5gGzHrpxgUOYB6mjoCtDmLDhIy2WHtOy1Zk3KFVUZ1XKSgPpc4N8P8+mlLkLmYO6CZBVyU3jQX1z1pRyIcXiPPcGgBV8dqSLsOUZHzDTEx1y4c1rGVuE4l4S6eJwYyQXZ6xYtHgmjI9j0w4aXnCSDvkeHqHqWqsBCZfMeDXg6aBdqCG8m8iZwoYqZ2PpMuRZ0Vb2cHEYkg7CvfbmqzJDW9Q8ry0M4wcGQBpIx6NFmpSqI4JFdWAJ5cdyyV4IvzjRrwyg1F5zq4o5d3r1NqLJ7h"
		for name, pin := range map[string]string{
			"known_hosts": line, "authorized_keys": key, "with comments": "# the vendor\n\n" + key + "\n",
			"one of two": other.Authorized + "\n" + key,
		} {
			if err := try(pin); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, pin := range []string{other.Authorized, strings.Replace(line, key, other.Authorized, 1), rsa} {
			err := try(pin)
			wantError(t, err, exchange.ErrHostKeyChanged)
			if !strings.Contains(fmt.Sprint(err), "fingerprint") {
				t.Errorf("no advice: %v", err)
			}
		}
		for _, pin := range []string{"", "# nothing", "elsewhere.example " + key} {
			wantError(t, try(pin), exchange.ErrHostKeyUnknown)
		}
		for _, pin := range []string{"rubbish", "ssh-ed25519 rubbish", "command=\"x\" " + key} {
			if err := try(pin); err == nil || errors.Is(err, exchange.ErrConnection) {
				t.Errorf("pin %q: %v", pin, err)
			}
		}
	})
}

func TestLogin(t *testing.T) {
	onBothHere := []*side{simulator(t, nil), openSSH(t)}
	for _, v := range onBothHere {
		target := v.target
		target.Signer = newKey(t).Signer
		_, err := exchange.Dial(ctx, target)
		wantError(t, err, exchange.ErrAuth)

		target.Signer = nil
		if _, err = exchange.Dial(ctx, target); err == nil || !strings.Contains(err.Error(), "key file") {
			t.Errorf("no key: %v", err)
		}
		target.KeyFile = filepath.Join(t.TempDir(), "missing")
		_, err = exchange.Dial(ctx, target)
		wantError(t, err, fs.ErrNotExist)
		secret := "not a key but a secret"
		if err := os.WriteFile(target.KeyFile, []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err = exchange.Dial(ctx, target); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("rubbish key file: %v", err)
		}
		target = v.target
		target.Address = "127.0.0.1:1"
		_, err = exchange.Dial(ctx, target)
		wantError(t, err, exchange.ErrConnection)
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		_, err = exchange.Dial(cancelled, v.target)
		wantError(t, err, context.Canceled)
	}
}

// A key in a file, with and without passphrase, as the configuration names it.
func TestKeyFile(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	locked, err := ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte("correct horse"))
	if err != nil {
		t.Fatal(err)
	}
	open, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	srv, err := vendorsim.Serve(ctx, t.TempDir(), vendorsim.ServeOptions{ClientKeys: []ssh.PublicKey{key}})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	file := filepath.Join(t.TempDir(), "key")
	target := exchange.Target{Address: srv.Addr(), User: vendorsim.DefaultUser, HostKey: srv.HostKeyLine(), KeyFile: file}
	write := func(b *pem.Block) {
		if err := os.WriteFile(file, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(open)
	dial(t, target)
	write(locked)
	if _, err := exchange.Dial(ctx, target); err == nil || !strings.Contains(err.Error(), "passphrase") {
		t.Errorf("no passphrase: %v", err)
	}
	target.KeyPassphraseEnv = "POSTGANG_TEST_PASSPHRASE"
	t.Setenv("POSTGANG_TEST_PASSPHRASE", "wrong horse")
	if _, err := exchange.Dial(ctx, target); err == nil || !strings.Contains(err.Error(), "POSTGANG_TEST_PASSPHRASE") || strings.Contains(err.Error(), "horse") {
		t.Errorf("wrong passphrase: %v", err)
	}
	t.Setenv("POSTGANG_TEST_PASSPHRASE", "correct horse")
	dial(t, target)
}

func TestPasswordLogin(t *testing.T) {
	root := t.TempDir()
	srv, err := vendorsim.Serve(ctx, root, vendorsim.ServeOptions{Password: "s3cret"})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	target := exchange.Target{Address: srv.Addr(), User: vendorsim.DefaultUser, HostKey: srv.HostKeyLine(), PasswordEnv: "POSTGANG_TEST_PASSWORD"}
	if _, err := exchange.Dial(ctx, target); err == nil || !strings.Contains(err.Error(), "POSTGANG_TEST_PASSWORD") {
		t.Errorf("no password: %v", err)
	}
	t.Setenv("POSTGANG_TEST_PASSWORD", "wrong")
	_, err = exchange.Dial(ctx, target)
	wantError(t, err, exchange.ErrAuth)
	t.Setenv("POSTGANG_TEST_PASSWORD", "s3cret")
	dial(t, target)
}

func TestFolderMissing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, v *side) {
		s, j := v.dial(t), newJob(t, "K7QX000009", 100)
		if err := os.RemoveAll(v.path("inn")); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(v.path("kvittering")); err != nil {
			t.Fatal(err)
		}
		v.write(t, "kvittering", []byte("a file"))
		problems := s.CheckFolders(ctx)
		if len(problems) != 3 || problems[0].Where != "inn" || problems[1].Where != "kvittering" || problems[2].Where != "kvittering/arkiv" {
			t.Errorf("problems %v", problems)
		}
		wantError(t, problems[0].Err, fs.ErrNotExist)
		if problems[0].Advice == "" {
			t.Error("no advice")
		}
		wantError(t, j.put(s), fs.ErrNotExist)
		_, err := s.State(ctx, j.id)
		wantError(t, err, fs.ErrNotExist)
		if _, _, err = s.ReceiptFiles(ctx); err == nil {
			t.Error("receipts were listed from a file")
		}
		if _, _, err = s.Answers(ctx, nil); err != nil {
			t.Errorf("the session is of no more use: %v", err)
		}
	})
}

func TestHostileVendorFiles(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, v *side) {
		good, err := exchange.Answer{Job: "K7QX000010", Accepted: true, Time: time.Now(), Letters: 1, Sides: 1, TicketSHA256: sum(nil)}.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		secret := filepath.Join(t.TempDir(), "secret.json")
		if err := os.WriteFile(secret, bytes.ReplaceAll(good, []byte("000010"), []byte("000019")), 0o644); err != nil {
			t.Fatal(err)
		}
		v.write(t, "svar/K7QX000010.mottatt.json", good)
		v.write(t, "svar/K7QX000011.mottatt.json", good)      // content of another job
		v.write(t, "svar/K7QX000010.avvist.json", good)       // decision other than its name
		v.write(t, "svar/K7QX000012.mottatt.json", good[:40]) // cut
		v.write(t, "svar/K7QX000013.mottatt.json", nil)       // empty
		v.write(t, "svar/K7QX000014.mottatt.json.part", good) // being written: silent
		v.write(t, "svar/k7qx000015.mottatt.json", good)      // no job id
		v.write(t, "svar/..K7QX000016.mottatt.json", good)    // no job id
		v.write(t, "svar/ev\x1b[31mil\n.mottatt.json", good)  // would colour a terminal
		v.write(t, "svar/K7QX000017.mottatt.json", bytes.Repeat([]byte(" "), 5<<20))
		os.Mkdir(v.path("svar/K7QX000018.mottatt.json"), 0o755) // a folder: silent
		os.Symlink(secret, v.path("svar/K7QX000019.mottatt.json"))
		s := v.dial(t)
		answers, bad, err := s.Answers(ctx, nil)
		if err != nil || len(answers) != 1 || answers[0].Job != "K7QX000010" {
			t.Fatalf("answers %+v, %v", answers, err)
		}
		var told []string
		for _, p := range bad {
			if strings.ContainsAny(p.String(), "\x1b\n") {
				t.Errorf("problem carries control characters: %q", p.String())
			}
			told = append(told, p.Where)
		}
		want := 9
		if !v.openssh {
			want-- // the simulator's server shows no hidden files
		}
		if len(bad) != want {
			t.Errorf("%d problems, want %d: %v", len(bad), want, told)
		}
		for id, want := range map[string]bool{"K7QX000010": true, "K7QX000012": true, "K7QX000017": true, "K7QX000018": true, "K7QX000019": true, "K7QX000014": false} {
			st, err := s.State(ctx, id)
			if err != nil || st.Offered() != want {
				t.Errorf("%s: offered %v (%v), want %v", id, st.Offered(), err, want)
			}
		}
		of, bad, err := s.AnswersOf(ctx, "K7QX000010", "K7QX000012")
		if err != nil || len(of) != 1 || len(bad) != 2 {
			t.Errorf("answers of two jobs: %v %v %v", of, bad, err)
		}

		v.write(t, "kvittering/good-1_2.csv", []byte("abc"))
		v.write(t, "kvittering/being written.csv.tmp", []byte("abc"))
		v.write(t, "kvittering/x.csv.part", []byte("abc"))
		v.write(t, "kvittering/navn med æøå.csv", []byte("abc"))
		v.write(t, "kvittering/.hidden", []byte("abc"))
		v.write(t, "kvittering/a\nb.csv", []byte("abc"))
		os.Symlink(secret, v.path("kvittering/link.csv"))
		files, problems, err := s.ReceiptFiles(ctx)
		if err != nil || len(files) != 1 || files[0].Name != "good-1_2.csv" || files[0].Bytes != 3 || files[0].ModTime.IsZero() {
			t.Errorf("files %+v, %v", files, err)
		}
		hidden := 1
		if !v.openssh {
			hidden = 0 // the simulator's server shows no hidden files
		}
		if len(problems) != 3+hidden {
			t.Errorf("problems %v", problems)
		}
		for _, n := range []string{"", ".", "..", "../svar/K7QX000010.mottatt.json", "/etc/passwd", "a/b", "a\\..\\b", "x.part", "a\x00b", strings.Repeat("a", 200)} {
			_, err := s.Fetch(ctx, n)
			wantError(t, err, exchange.ErrName)
			wantError(t, s.MoveDone(ctx, n), exchange.ErrName)
		}
		if _, err := s.Fetch(ctx, "link.csv"); err == nil {
			t.Error("a link was followed")
		}
		_, err = s.Fetch(ctx, "none.csv")
		wantError(t, err, fs.ErrNotExist)
		small := v.target
		small.Limits.Receipt = 2
		_, err = dial(t, small).Fetch(ctx, "good-1_2.csv")
		wantError(t, err, exchange.ErrTooLarge)
		if b, err := s.Fetch(ctx, "good-1_2.csv"); err != nil || string(b) != "abc" {
			t.Errorf("fetched %q, %v", b, err)
		}
	})
}

func TestMoveDoneNeverOverwrites(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, v *side) {
		s := v.dial(t)
		for _, content := range []string{"first", "second", "second", "first", "third"} {
			v.write(t, "kvittering/a.csv", []byte(content))
			for range 2 {
				if err := s.MoveDone(ctx, "a.csv"); err != nil {
					t.Fatalf("%s: %v", content, err)
				}
			}
			if left := v.names(t, "kvittering"); len(left) != 0 {
				t.Fatalf("%s: left %v", content, left)
			}
		}
		got := map[string]string{}
		for _, n := range v.names(t, "kvittering/arkiv") {
			got[n] = string(v.read(t, "kvittering/arkiv/"+n))
		}
		want := map[string]string{
			"a.csv": "first",
			"a_" + sum([]byte("second"))[:12] + ".csv": "second",
			"a_" + sum([]byte("third"))[:12] + ".csv":  "third",
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		wantError(t, s.MoveDone(ctx, "never.csv"), fs.ErrNotExist)
		// Moved under the name with hash, and nothing else there: an earlier call's work.
		os.Remove(v.path("kvittering/arkiv/a.csv"))
		if err := s.MoveDone(ctx, "a.csv"); err != nil {
			t.Error(err)
		}
	})
}

// The process dies before or after each effect at the vendor; a new session
// finishes, and the vendor gets the job once.
func TestCrashAtEveryStep(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, v *side) {
		type crash struct{ step string }
		again := v.dial(t) // what the engine does after its restart
		for stop := 0; ; stop++ {
			id := fmt.Sprintf("CRSH%06d", stop)
			j := newJob(t, id, 70_000)
			n, at := 0, ""
			target := v.target
			target.Trace = func(step string, args ...string) {
				if n++; n == stop+1 {
					at = step + " " + strings.Join(args, " ")
					panic(crash{step})
				}
			}
			s, err := exchange.Dial(ctx, target)
			if err != nil {
				t.Fatal(err)
			}
			func() {
				defer func() {
					if r := recover(); r != nil {
						if _, ok := r.(crash); !ok {
							panic(r)
						}
					}
				}()
				if err := j.offer(s); err != nil {
					t.Errorf("crash at %q: %v", at, err)
				}
			}()
			s.Close()
			if err := j.offer(again); err != nil {
				t.Fatalf("after a crash at %q: %v", at, err)
			}
			j.arrived(t, v, true)
			d, err := v.vendor().Tick(ctx)
			if err != nil || len(d) != 1 || !d[0].Accepted || d[0].Repeated {
				t.Fatalf("after a crash at %q: %+v, %v", at, d, err)
			}
			if at == "" {
				// Three files and the ready file, each created, written, renamed.
				if least := 4 * 3 * 2; stop < least {
					t.Errorf("only %d steps were traced, want at least %d", stop, least)
				}
				break
			}
		}
	})
}

// The request arrives and has its effect, and the answer is lost: the case in
// which a new name for the retry would print letters twice.
func TestAnswerToARequestIsLost(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, v *side) {
		for i, step := range []string{exchange.StepRename, exchange.StepReady} {
			j := newJob(t, fmt.Sprintf("LOST%06d", i), 50_000)
			p, target := through(t, v.target)
			target.Timeouts.Operation = 1500 * time.Millisecond
			target.Trace = func(s string, _ ...string) {
				if s == step+":before" {
					p.deafen()
				}
			}
			wantError(t, j.offer(dial(t, target)), exchange.ErrConnection)
			p.cut()
			done := "inn/" + map[string]string{exchange.StepRename: j.files[0].Name, exchange.StepReady: exchange.ReadyName(j.id)}[step]
			if _, err := os.Stat(v.path(done)); err != nil {
				t.Fatalf("%s did not reach the server: %v", step, err)
			}
			again := v.dial(t)
			if step == exchange.StepReady {
				// Both ways to go on are safe: to look, and to repeat.
				if st, err := again.State(ctx, j.id); err != nil || !st.Ready {
					t.Errorf("state %+v, %v", st, err)
				}
				if err := again.PutReady(ctx, j.ready); err != nil {
					t.Errorf("hand-over again: %v", err)
				}
			} else if err := j.offer(again); err != nil {
				t.Fatal(err)
			}
			if d, err := v.vendor().Tick(ctx); err != nil || len(d) != 1 || !d[0].Accepted {
				t.Fatalf("vendor %+v, %v", d, err)
			}
		}
	})
}

// What a server can do wrong, and what must come of it.
func TestFaultyServer(t *testing.T) {
	t.Parallel()
	private := errors.New("quota of Kari Nordmann exceeded")
	isPart := func(e vendorsim.Event) bool { return strings.HasSuffix(e.Path, ".pdf.part") }
	for _, c := range []struct {
		name  string
		size  int
		fault func(root string, e vendorsim.Event) error
		fails bool // the first Put fails, and a later one without fault succeeds
	}{
		{"disk full in the middle", 300_000, func(_ string, e vendorsim.Event) error {
			if e.Op == "write" && isPart(e) && e.Offset > 100_000 {
				return syscall.ENOSPC
			}
			return nil
		}, true},
		// pkg/sftp before 1.13.12 lost the error of the last chunk.
		{"disk full at the last bytes", 20_000, func(_ string, e vendorsim.Event) error {
			if e.Op == "write" && isPart(e) {
				return private
			}
			return nil
		}, true},
		{"error only at close", 20_000, func(_ string, e vendorsim.Event) error {
			if e.Op == "close" && isPart(e) && e.Done {
				return private
			}
			return nil
		}, true},
		{"bytes lost silently", 100_000, func(root string, e vendorsim.Event) error {
			if e.Op == "close" && isPart(e) && e.Done {
				return os.Truncate(filepath.Join(root, e.Path), 50_000)
			}
			return nil
		}, true},
		{"bytes lost silently, too many to read back", 3 << 20, func(root string, e vendorsim.Event) error {
			if e.Op == "close" && isPart(e) && e.Done {
				return os.Truncate(filepath.Join(root, e.Path), 3<<20-1)
			}
			return nil
		}, true},
		{"bytes changed silently", 100_000, func(root string, e vendorsim.Event) error {
			if e.Op == "close" && isPart(e) && e.Done {
				return os.WriteFile(filepath.Join(root, e.Path), make([]byte, 100_000), 0o644)
			}
			return nil
		}, true},
		{"rename refused", 10_000, func(_ string, e vendorsim.Event) error {
			if e.Op == "posix-rename" && !e.Done {
				return private
			}
			return nil
		}, true},
		{"rename done but answered with an error", 10_000, func(_ string, e vendorsim.Event) error {
			if (e.Op == "posix-rename" || e.Op == "rename") && e.Done {
				return private
			}
			return nil
		}, false},
		{"permission lost", 10_000, func(_ string, e vendorsim.Event) error {
			if e.Op == "create" {
				return os.ErrPermission
			}
			return nil
		}, true},
	} {
		for _, concurrent := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, concurrent %v", c.name, concurrent), func(t *testing.T) {
				t.Parallel()
				var v *side
				broken := true
				v = simulator(t, func(e vendorsim.Event) error {
					if !broken {
						return nil
					}
					return c.fault(v.root, e)
				})
				v.target.ConcurrentWrites = concurrent
				s, j := v.dial(t), newJob(t, "FALT000001", c.size)
				f := j.files[0]
				err := s.Put(ctx, f, bytes.NewReader(j.bytes[f.Name]))
				if (err != nil) != c.fails {
					t.Fatalf("put: %v", err)
				}
				if err != nil {
					if strings.Contains(err.Error(), "Kari") {
						t.Errorf("the server's words are in the error: %v", err)
					}
					if errors.Is(err, exchange.ErrConnection) {
						t.Errorf("a refusal passes for a lost connection: %v", err)
					}
					if _, err := os.Lstat(v.path("inn/" + f.Name)); err == nil {
						t.Error("the file has its final name")
					}
				} else if err := j.offer(s); err != nil {
					t.Fatalf("offer: %v", err)
				}
				broken = false
				if err := j.offer(s); err != nil {
					t.Fatalf("after the fault: %v", err)
				}
				j.arrived(t, v, true)
			})
		}
	}
}

// A receipt that is still growing is not taken.
func TestFetchOfAGrowingFile(t *testing.T) {
	t.Parallel()
	var v *side
	v = simulator(t, func(e vendorsim.Event) error {
		if e.Op == "open" && e.Done {
			f, err := os.OpenFile(filepath.Join(v.root, e.Path), os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteString("more\n")
			return err
		}
		return nil
	})
	v.write(t, "kvittering/r.csv", []byte("first\n"))
	_, err := v.dial(t).Fetch(ctx, "r.csv")
	wantError(t, err, exchange.ErrUnstable)
}

// Nothing leads out of the simulator's folder, and its own memory is not shown.
func TestSimulatorKeepsInside(t *testing.T) {
	t.Parallel()
	v := simulator(t, nil)
	outside := filepath.Join(filepath.Dir(v.root), filepath.Base(v.root)+"-outside")
	if err := os.MkdirAll(outside, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(outside, "x.csv"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, v.path("leads-out")); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"../" + filepath.Base(outside), outside, "leads-out", ".vendor", ".vendor/ledger", "inn/../.vendor"} {
		target := v.target
		target.Folders.Receipts = folder
		if files, _, err := dial(t, target).ReceiptFiles(ctx); err == nil {
			t.Errorf("%s: listed %v", folder, files)
		}
		if _, err := dial(t, target).Fetch(ctx, "x.csv"); err == nil {
			t.Errorf("%s: fetched", folder)
		}
	}
}

// Several files go over one session at once.
func TestParallelPut(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, v *side) {
		s, j := v.dial(t), newJob(t, "K7QX000020", 900_000, 800_000, 700_000, 600_000, 10)
		errs := make(chan error)
		for _, f := range j.files {
			go func() { errs <- s.Put(ctx, f, bytes.NewReader(j.bytes[f.Name])) }()
		}
		for range j.files {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		if err := s.PutReady(ctx, j.ready); err != nil {
			t.Fatal(err)
		}
		j.arrived(t, v, true)
	})
}

// A request that waits its turn behind slow uploads on the same session is no
// stall: with four uploads some 256 writes stand before it.
func TestSlowUploadsBesideASmallRequest(t *testing.T) {
	t.Parallel()
	v := simulator(t, func(e vendorsim.Event) error {
		if e.Op == "write" && !e.Done {
			time.Sleep(100 * time.Millisecond) // eight at once: 80 writes a second
		}
		return nil
	})
	target := v.target
	target.Timeouts.Operation = 1500 * time.Millisecond
	s, j := dial(t, target), newJob(t, "K7QX000024", 3<<20, 3<<20, 3<<20, 3<<20)
	put := make(chan error, 4)
	for _, f := range j.ticket.PrintFiles() {
		go func() { put <- s.Put(ctx, f, bytes.NewReader(j.bytes[f.Name])) }()
	}
	var waited time.Duration
	for waited < target.Timeouts.Operation && len(put) < 4 { // until the queue is full
		start := time.Now()
		if _, err := s.State(ctx, j.id); err != nil {
			t.Error(err)
		}
		waited = max(waited, time.Since(start))
	}
	if waited < target.Timeouts.Operation {
		t.Errorf("no request waited longer than %v: the test proves nothing", waited)
	}
	for range 4 {
		if err := <-put; err != nil {
			t.Error(err)
		}
	}
}

func TestSourceThatFails(t *testing.T) {
	t.Parallel()
	v := simulator(t, nil)
	s, j := v.dial(t), newJob(t, "K7QX000021", 100_000)
	wantError(t, s.Put(ctx, j.files[0], shortReader{50_000}), exchange.ErrSource)
	if err := j.offer(s); err != nil {
		t.Errorf("the session is of no more use: %v", err)
	}
}

// TestKnownAnswersAreNotReadAgain: an old answer costs no request, unless a contradicting one lies beside it.
func TestKnownAnswersAreNotReadAgain(t *testing.T) {
	t.Parallel()
	var opened atomic.Int32
	v := simulator(t, func(e vendorsim.Event) error {
		if strings.HasPrefix(e.Path, "svar/") && !e.Done {
			opened.Add(1)
		}
		return nil
	})
	first, second := newJob(t, "KNWN000001", 2000), newJob(t, "KNWN000002", 2000)
	for _, j := range []*job{first, second} {
		if err := j.offer(v.dial(t)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := v.vendor().Tick(ctx); err != nil {
		t.Fatal(err)
	}
	read := func(known func(string, bool) bool, answers, problems int) int32 {
		t.Helper()
		opened.Store(0)
		a, bad, err := v.dial(t).Answers(ctx, known)
		if err != nil || len(a) != answers || len(bad) != problems {
			t.Errorf("answers %+v, problems %v, %v", a, bad, err)
		}
		return opened.Load()
	}
	both := read(nil, 2, 0)
	one := read(func(job string, accepted bool) bool { return job == first.id && accepted }, 1, 0)
	none := read(func(_ string, accepted bool) bool { return accepted }, 0, 0)
	t.Logf("requests for two answers %d, for one %d, for none %d", both, one, none)
	if none != 0 || one == 0 || one >= both { // how many a file takes is the library's matter, and differs
		t.Errorf("requests for two answers %d, for one %d, for none %d", both, one, none)
	}
	refusal, err := exchange.Answer{Job: first.id, Time: time.Now(), TicketSHA256: first.ready.TicketSHA256, Reasons: []string{"mottatt før"}}.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	v.write(t, "svar/"+exchange.AnswerName(first.id, false), refusal)
	read(func(_ string, accepted bool) bool { return accepted }, 1, 1)
}
