package exchange_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"postgang/fixtures/vendorsim"
	"postgang/printjobs/exchange"
)

// printOrder is a print order as the engine would send it.
type printOrder struct {
	job   string
	file  exchange.File
	bytes []byte
}

func newOrder(job string, size int) *printOrder {
	b := make([]byte, size)
	rand.NewChaCha8(sha256.Sum256([]byte(job))).Read(b)
	return &printOrder{job, exchange.File{Name: exchange.OrderName(job), Kind: exchange.KindOrder, SHA256: sum(b), Bytes: int64(size)}, b}
}

func (p *printOrder) ready() exchange.Ready { return exchange.Ready{Job: p.job, Order: p.file} }

func (p *printOrder) put(s *exchange.OrderSession) error {
	return s.Put(ctx, p.file, bytes.NewReader(p.bytes))
}

func dialOrders(t testing.TB, target exchange.Target) *exchange.OrderSession {
	t.Helper()
	s, err := exchange.DialOrders(ctx, target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// offer does what the engine does with what it has recorded: put until it has recorded that, then hand over until it has recorded that.
func (p *printOrder) offer(s *exchange.OrderSession, put, done *bool) error {
	if *done {
		return nil
	}
	st, err := s.State(ctx, p.job)
	if err != nil {
		return err
	}
	switch {
	case st.Ready, *put:
	default:
		if err := p.put(s); err != nil {
			return err
		}
		*put = true
	}
	if err := s.PutReady(ctx, p.ready()); err != nil {
		return err
	}
	*done = true
	return nil
}

// vendorOfOrders takes the orders of an inbox: away, or out of sight. It counts what it has taken.
type vendorOfOrders struct {
	root  string
	taken map[string]int
}

func (v *vendorOfOrders) take(t testing.TB) {
	t.Helper()
	entries, err := os.ReadDir(v.root + "/inn")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if job, ok := strings.CutSuffix(e.Name(), ".zip"); ok {
			b, err := os.ReadFile(v.root + "/inn/" + e.Name())
			if err != nil || !bytes.Equal(b, newOrder(job, len(b)).bytes) {
				t.Errorf("%s is not whole when it is taken (%v)", e.Name(), err)
			}
			v.taken[job]++
			if err := os.Remove(v.root + "/inn/" + e.Name()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestOrderCrashAtEveryStep: the process dies at each step of handing an order over, to a vendor that leaves orders where they are and
// to one that takes them at once. It is never handed over twice; and where the vendor hides what became of it, that is told.
func TestOrderCrashAtEveryStep(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, v *side) {
		for _, quick := range []bool{false, true} {
			vendor := &vendorOfOrders{v.root, map[string]int{}}
			for stop := 0; ; stop++ {
				type crash struct{}
				job := fmt.Sprintf("%s%06d", map[bool]string{false: "ORDR", true: "QUIK"}[quick], stop)
				p := newOrder(job, 70_000)
				n, at := 0, ""
				target := v.target
				target.Trace = func(step string, args ...string) {
					if n++; n == stop+1 {
						at = step
						panic(crash{})
					}
				}
				var put, done bool
				s, err := exchange.DialOrders(ctx, target)
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
					if err := p.offer(s, &put, &done); err != nil {
						t.Errorf("crash at %q: %v", at, err)
					}
				}()
				s.Close()
				if quick {
					vendor.take(t)
				}
				again := dialOrders(t, v.target)
				err = p.offer(again, &put, &done)
				if quick && at == exchange.StepReady+":after" {
					wantError(t, err, exchange.ErrIncomplete) // handed over, and nothing shows it
				} else if err != nil {
					t.Errorf("after a crash at %q: %v", at, err)
				}
				vendor.take(t)
				if vendor.taken[job] != 1 {
					t.Errorf("after a crash at %q the vendor has it %d times", at, vendor.taken[job])
				}
				if names := v.names(t, "inn"); len(names) != 0 {
					t.Errorf("after a crash at %q the inbox holds %v", at, names)
				}
				if at == "" {
					if stop < 6 { // created, written, renamed
						t.Errorf("only %d steps were traced", stop)
					}
					break
				}
			}
		}
	})
}

// TestOrderAnswerIsLost: the rename is done and its answer is lost.
func TestOrderAnswerIsLost(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, v *side) {
		for i, taken := range []bool{false, true} {
			p := newOrder(fmt.Sprintf("LOST%06d", i), 50_000)
			through, target := through(t, v.target)
			target.Timeouts.Operation = 1500 * time.Millisecond
			target.Trace = func(s string, _ ...string) {
				if s == exchange.StepReady+":before" {
					through.deafen()
				}
			}
			s := dialOrders(t, target)
			must(t, p.put(s))
			wantError(t, s.PutReady(ctx, p.ready()), exchange.ErrConnection)
			through.cut()
			if taken {
				vendor := &vendorOfOrders{v.root, map[string]int{}}
				vendor.take(t)
				if vendor.taken[p.job] != 1 {
					t.Fatal("the rename did not reach the server")
				}
			}
			again := dialOrders(t, v.target)
			st, err := again.State(ctx, p.job)
			if err != nil || st.Ready == taken || len(st.Files) != 0 {
				t.Errorf("state %+v, %v", st, err)
			}
			err = again.PutReady(ctx, p.ready())
			if taken {
				wantError(t, err, exchange.ErrIncomplete)
			} else if err != nil {
				t.Error(err)
			}
		}
	})
}

func TestOrder(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, v *side) {
		s := dialOrders(t, v.target)
		p := newOrder("SEEN000001", 30_000)
		part := "inn/SEEN000001.zip.tmp"

		// Left over from a job that was cut: of the same size, with a hole.
		hole := bytes.Clone(p.bytes)
		clear(hole[10_000:20_000])
		v.write(t, part, hole)
		must(t, p.put(s))
		must(t, p.put(s))
		if !bytes.Equal(v.read(t, part), p.bytes) {
			t.Error("the order is not there as sent")
		}
		// Nothing else of the job is sent.
		must(t, s.Put(ctx, exchange.File{Name: "x", Kind: exchange.KindManifest}, nil))
		if names := v.names(t, "inn"); !slices.Equal(names, []string{"SEEN000001.zip.tmp"}) {
			t.Errorf("inbox holds %v", names)
		}
		st, err := s.State(ctx, p.job)
		if err != nil || st.Offered() || st.Files["SEEN000001.zip"] != p.file.Bytes {
			t.Errorf("state %+v, %v", st, err)
		}
		seen, err := s.Sightings(ctx, "SEEN")
		if err != nil || len(seen) != 1 || seen[0].HandedOver() || len(seen[0].Files) != 1 {
			t.Errorf("sightings %+v, %v", seen, err)
		}

		// Taken back, sent again, handed over twice: it is one.
		must(t, s.Withdraw(ctx, p.job, nil))
		must(t, s.Withdraw(ctx, p.job, nil))
		wantError(t, s.PutReady(ctx, p.ready()), exchange.ErrIncomplete)
		must(t, p.put(s))
		must(t, s.PutReady(ctx, p.ready()))
		must(t, s.PutReady(ctx, p.ready()))
		if !bytes.Equal(v.read(t, "inn/SEEN000001.zip"), p.bytes) {
			t.Error("the order is not there as sent")
		}
		wantError(t, p.put(s), exchange.ErrReady)
		wantError(t, s.Withdraw(ctx, p.job, nil), exchange.ErrReady)
		if seen, err := s.Sightings(ctx, "SEEN"); err != nil || len(seen) != 1 || !seen[0].HandedOver() {
			t.Errorf("sightings %+v, %v", seen, err)
		}
		if seen, err := s.Sightings(ctx, "OTHR"); err != nil || len(seen) != 0 {
			t.Errorf("sightings of another installation %+v, %v", seen, err)
		}

		// The name is taken by another letter: it is left alone.
		other := newOrder("SEEN000002", 30_000)
		v.write(t, "inn/SEEN000002.zip", []byte("another"))
		wantError(t, s.PutReady(ctx, other.ready()), exchange.ErrConflict)
		if string(v.read(t, "inn/SEEN000002.zip")) != "another" {
			t.Error("another's order was overwritten")
		}

		// What has another content under the temporary name is not handed over.
		changed := newOrder("SEEN000003", 30_000)
		v.write(t, "inn/SEEN000003.zip.tmp", make([]byte, 30_000))
		wantError(t, s.PutReady(ctx, changed.ready()), exchange.ErrIncomplete)

		for name, err := range map[string]error{
			"name":  s.Put(ctx, exchange.File{Name: "../x.zip", Kind: exchange.KindOrder, SHA256: p.file.SHA256, Bytes: 1}, bytes.NewReader(nil)),
			"order": s.PutReady(ctx, exchange.Ready{Job: "SEEN000004", Order: p.file}),
			"none":  s.PutReady(ctx, exchange.Ready{Job: "SEEN000004"}),
		} {
			if !errors.Is(err, exchange.ErrName) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestOrderVendorGivesNothing: there are no answers, and no receipts but where their folder is named.
func TestOrderVendorGivesNothing(t *testing.T) {
	t.Parallel()
	v := simulator(t, nil)
	must(t, os.RemoveAll(v.path("svar")))
	v.write(t, "kvittering/a.csv", []byte("jobb;SEEN000001;\n"))
	with := v.target
	with.Folders.Receipts, with.Folders.ReceiptsDone = "kvittering", "kvittering/arkiv"
	for _, named := range []bool{false, true} {
		target := v.target
		if named {
			target = with
		}
		s := dialOrders(t, target)
		if problems := s.CheckFolders(ctx); len(problems) != 0 {
			t.Errorf("%v", problems)
		}
		answers, bad, err := s.Answers(ctx, nil)
		if answers != nil || bad != nil || err != nil {
			t.Errorf("answers %v, %v, %v", answers, bad, err)
		}
		files, _, err := s.ReceiptFiles(ctx)
		if err != nil || len(files) != map[bool]int{true: 1}[named] {
			t.Errorf("receipts %v, %v", files, err)
		}
		if done, err := s.DoneFiles(ctx); err != nil || len(done) != 0 {
			t.Errorf("booked receipts %v, %v", done, err)
		}
		if jobs, err := s.JobsInReceipt(ctx, "a.csv", false, "SEEN"); named != (err == nil && len(jobs) == 1) {
			t.Errorf("jobs %v, %v", jobs, err)
		}
		if _, err := s.Fetch(ctx, "a.csv"); named != (err == nil) {
			t.Error(err)
		}
		if _, err := s.ReadyFile(ctx, "SEEN000001"); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
		if _, err := s.JobDocument(ctx, "x"); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}
	must(t, os.RemoveAll(v.path("inn")))
	if problems := dialOrders(t, v.target).CheckFolders(ctx); len(problems) != 1 || problems[0].Where != "inn" {
		t.Errorf("%v", problems)
	}
}

// TestOrderRenameIsRefused: the server says no to the rename: before it does it, and after.
func TestOrderRenameIsRefused(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{false, true} {
		refused := false
		v := simulator(t, func(e vendorsim.Event) error {
			if e.Op == "rename" && e.Done == late && !refused {
				refused = true
				return errors.New("no")
			}
			return nil
		})
		s := dialOrders(t, v.target)
		p := newOrder("REFU000001", 10_000)
		must(t, p.put(s))
		if err := s.PutReady(ctx, p.ready()); late != (err == nil) {
			t.Errorf("done: %v, error %v", late, err)
		}
		must(t, s.PutReady(ctx, p.ready()))
		if !bytes.Equal(v.read(t, "inn/REFU000001.zip"), p.bytes) || !refused {
			t.Error("the order is not there as sent")
		}
	}
}
