// Package s3 keeps objects in a bucket of an S3 server, for several machines.
//
// # What is asked of the server
//
// Strong consistency, as S3 has promised since 2020: what was put is read and listed from then on. Conditional PUT: "If-None-Match: *"
// (only when nothing is there) and "If-Match: ETAG" (only when nobody has replaced it); [Bucket.Probe] proves both. A request whose answer was
// lost is repeated: an object holds the same document whoever put it, and what is conditional is read again.
//
// # Age
//
// What nobody names is removed by its age (engine/erase), so putting what is there already must make it young. A new object costs one
// request. One that is there and was put less than renewAfter ago is left: nobody removes it for many hours yet. An older one is put anew,
// and then two things are looked at, since somebody may be about to remove it: RemoveOld first writes the names of what it removes into one file,
// then looks at each one's age, and only then removes. Either it sees that the object is young, or who has put it sees the file, waits
// until it is gone, and puts the object once more; or the file is gone already, and the object is seen to be missing.
package s3

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"postgang/engine/documents"
	"postgang/engine/store"
)

// Bounds.
const (
	renewAfter  = 12 * time.Hour  // a younger object is not put anew; half of what engine/erase takes for young
	removeTime  = 2 * time.Minute // from naming what is removed to having removed it
	waitForGone = 5 * time.Minute // how long a Put waits for a RemoveOld; longer than that one takes
	partBytes   = 16 << 20        // of an object that is sent in parts
	atOnce      = 16              // requests of one RemoveOld
	dialTime    = 10 * time.Second
	patience    = 60 * time.Second // until the first byte of an answer, and between two of them
	slowest     = 256 << 10        // bytes a second that a PUT takes at least
)

// removingName is the file with the names of what is being removed.
const removingName = "removing"

// Config is a bucket and how it is reached.
type Config struct {
	Endpoint  string // https://HOST[:PORT]
	Region    string
	Bucket    string
	Prefix    string // of all keys; empty, or ends with a slash
	HostStyle bool   // the bucket stands in the host's name, and not in the path
	AccessKey string
	SecretKey string
	CA        *x509.CertPool // nil: that of the system
	Scratch   string         // folder for what does not fit in memory; empty: that of the system
	// Tries is how often a request is tried; 0: 5.
	Tries int
	// Wait is how long is waited before the second try, and twice as long before each further one; 0: 200 ms.
	Wait time.Duration
	// Patience is how long is waited for an answer, and for each further piece of it; 0: a minute.
	Patience time.Duration
}

// Bucket keeps objects in a bucket.
type Bucket struct {
	c    Config
	core minio.Core
	skew atomic.Int64 // of the server's clock, as its last answer says
	idle func()
}

var _ documents.Objects = (*Bucket)(nil)

// Open makes a client; nothing is asked of the server yet.
func Open(c Config) (*Bucket, error) {
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.Trim(u.Path, "/") != "" || u.User != nil {
		return nil, errors.New("the endpoint is no URL as https://s3.example.org")
	}
	if c.Tries == 0 {
		c.Tries = 5
	}
	if c.Wait == 0 {
		c.Wait = 200 * time.Millisecond
	}
	if c.Patience == 0 {
		c.Patience = patience
	}
	b := &Bucket{c: c}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: dialTime, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout: dialTime, ResponseHeaderTimeout: c.Patience, IdleConnTimeout: time.Minute,
		MaxIdleConns: 128, MaxIdleConnsPerHost: 128, DisableCompression: true, TLSClientConfig: tlsConfig(c.CA),
	}
	b.idle = transport.CloseIdleConnections
	lookup := minio.BucketLookupPath
	if c.HostStyle {
		lookup = minio.BucketLookupDNS
	}
	client, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(c.AccessKey, c.SecretKey, ""), Secure: u.Scheme == "https", Region: c.Region, BucketLookup: lookup,
		Transport: clocked{transport, b}, MaxRetries: 1, // we try again ourselves
	})
	if err != nil {
		return nil, fmt.Errorf("client of S3: %w", err)
	}
	client.SetAppInfo("postgang", "1")
	b.core = minio.Core{Client: client}
	return b, nil
}

// Close gives connections back.
func (b *Bucket) Close() error {
	b.idle()
	return nil
}

// Far says that reading an object takes a way over the network.
func (b *Bucket) Far() bool { return true }

// Where says which bucket of which server this is.
func (b *Bucket) Where() string {
	return "the bucket " + path.Join(b.c.Bucket, b.c.Prefix) + " at " + b.c.Endpoint
}

func (b *Bucket) key(area documents.Area, name string) string {
	return b.c.Prefix + string(area) + "/" + name[:2] + "/" + name[2:]
}

// Put stores an object. When it returns, the server has said that it keeps it.
func (b *Bucket) Put(ctx context.Context, area documents.Area, write func(w io.Writer) (name string, err error)) (err error) {
	spool := documents.NewSpool(b.c.Scratch)
	defer func() { err = errors.Join(err, spool.Close()) }()
	name, err := write(spool)
	if err == nil {
		err = documents.CheckName(name)
	}
	if err != nil {
		return err
	}
	key := b.key(area, name)
	if spool.Size() <= partBytes {
		err := b.sendNew(ctx, key, spool, spool.Size())
		if !errors.Is(err, errPrecondition) {
			return err
		}
		info, err := b.stat(ctx, key)
		if err == nil && info.Size == spool.Size() && time.Since(info.LastModified) < renewAfter {
			return nil
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	until := time.Now().Add(waitForGone)
	for {
		if err := b.send(ctx, key, spool, spool.Size(), nil); err != nil {
			return err
		}
		removing, err := b.waitRemoving(ctx, string(area)+"/"+name, until)
		if err != nil {
			return err
		}
		if !removing {
			if _, err := b.stat(ctx, key); !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
	}
}

// waitRemoving waits until an object is not being removed any more. It reports whether it was.
func (b *Bucket) waitRemoving(ctx context.Context, object string, until time.Time) (was bool, err error) {
	for {
		names, err := b.ReadFile(ctx, removingName)
		if errors.Is(err, store.ErrNotFound) || err == nil && !slices.Contains(strings.Split(string(names), "\n"), object) {
			return was, nil
		}
		if err != nil {
			return was, err
		}
		// Who removes ends long before that; this one was killed.
		if time.Now().After(until) {
			return was, b.overdue(ctx)
		}
		was = true
		if err := wait(ctx, 250*time.Millisecond); err != nil {
			return was, err
		}
	}
}

// overdue removes the file with names that a killed RemoveOld has left, when it is old.
func (b *Bucket) overdue(ctx context.Context) error {
	info, err := b.stat(ctx, b.c.Prefix+removingName)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err == nil && time.Since(info.LastModified) >= waitForGone {
		err = b.RemoveFile(ctx, removingName)
	}
	return err
}

// Get gives fn the bytes of an object, and again from the beginning when they broke off.
func (b *Bucket) Get(ctx context.Context, area documents.Area, name string, fn func(r io.Reader, size int64) error) error {
	if err := documents.CheckName(name); err != nil {
		return err
	}
	return b.get(ctx, b.key(area, name), minio.GetObjectOptions{}, fn)
}

// Head is Get of the first bytes of an object, at most so many; size is that of the whole.
func (b *Bucket) Head(ctx context.Context, area documents.Area, name string, most int64, fn func(r io.Reader, size int64) error) error {
	if err := documents.CheckName(name); err != nil {
		return err
	}
	var o minio.GetObjectOptions
	if err := o.SetRange(0, most-1); err != nil {
		return err
	}
	return b.get(ctx, b.key(area, name), o, fn)
}

func (b *Bucket) get(ctx context.Context, key string, o minio.GetObjectOptions, fn func(r io.Reader, size int64) error) error {
	return b.try(ctx, "read", func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		body, info, _, err := b.core.GetObject(ctx, b.c.Bucket, key, o)
		if err != nil {
			return err
		}
		defer body.Close()
		r := &watched{r: body, watch: time.AfterFunc(b.c.Patience, cancel), patience: b.c.Patience}
		defer r.watch.Stop()
		if err := fn(r, info.Size); err != nil {
			if r.err != nil {
				return fmt.Errorf("the answer broke off: %w", r.err) // and is asked for again
			}
			return fnError{err}
		}
		return nil
	})
}

// Delete removes an object.
func (b *Bucket) Delete(ctx context.Context, area documents.Area, name string) error {
	if err := documents.CheckName(name); err != nil {
		return err
	}
	return b.remove(ctx, b.key(area, name))
}

// Any reports whether there is an object in an area.
func (b *Bucket) Any(ctx context.Context, area documents.Area) (any bool, err error) {
	err = b.list(ctx, string(area)+"/", func(minio.ObjectInfo) error {
		any = true
		return errEnough
	})
	return any, err
}

// EachOld calls fn with the objects that were put last before a time. It removes what killed processes have left half-sent.
func (b *Bucket) EachOld(ctx context.Context, area documents.Area, before time.Time, most int, fn func([]documents.Object) error) error {
	if err := b.RemoveFile(ctx, removingName); err != nil {
		return err
	}
	if err := b.abortOld(ctx, area, before); err != nil {
		return err
	}
	var found []documents.Object
	err := b.list(ctx, string(area)+"/", func(o minio.ObjectInfo) error {
		name := strings.ReplaceAll(strings.TrimPrefix(o.Key, b.c.Prefix+string(area)+"/"), "/", "")
		if documents.CheckName(name) != nil || b.key(area, name) != o.Key || !o.LastModified.Before(before) {
			return nil
		}
		if found = append(found, documents.Object{Name: name, Bytes: o.Size}); len(found) < most {
			return nil
		}
		some := found
		found = nil
		return fn(some)
	})
	if err == nil && len(found) > 0 {
		err = fn(found)
	}
	return err
}

// sendingAtMost is how long somebody may be sending an object in parts. Whoever looks for old objects may call all of them old.
const sendingAtMost = 24 * time.Hour

// abortOld gives up what was sent in parts and was never finished.
func (b *Bucket) abortOld(ctx context.Context, area documents.Area, before time.Time) error {
	if surely := time.Now().Add(-sendingAtMost); surely.Before(before) {
		before = surely
	}
	return b.try(ctx, "list unfinished uploads of", func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		for u := range b.core.ListIncompleteUploads(ctx, b.c.Bucket, b.c.Prefix+string(area)+"/", true) {
			if u.Err != nil {
				return u.Err
			}
			if u.Initiated.Before(before) {
				if err := b.core.AbortMultipartUpload(ctx, b.c.Bucket, u.Key, u.UploadID); err != nil && minio.ToErrorResponse(err).Code != minio.NoSuchUpload {
					return err
				}
			}
		}
		return nil
	})
}

// RemoveOld removes those of some objects that were put last before a time, and tells which; see the package's comment.
func (b *Bucket) RemoveOld(ctx context.Context, area documents.Area, names []string, before time.Time) (removed []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, removeTime)
	defer cancel()
	list := make([]string, len(names))
	for i, name := range names {
		if err := documents.CheckName(name); err != nil {
			return nil, err
		}
		list[i] = string(area) + "/" + name
	}
	if err := b.WriteFile(ctx, removingName, []byte(strings.Join(list, "\n"))); err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var group sync.WaitGroup
	var faults []error
	slots := make(chan struct{}, atOnce)
	for _, name := range names {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			gone, err := b.removeOld(ctx, b.key(area, name), before)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				faults = append(faults, err)
			} else if gone {
				removed = append(removed, name)
			}
		})
	}
	group.Wait()
	if len(faults) > 0 {
		// Whether a removal whose answer did not come is done is not known: the file stays until the next run.
		return removed, faults[0]
	}
	return removed, b.RemoveFile(ctx, removingName)
}

func (b *Bucket) removeOld(ctx context.Context, key string, before time.Time) (bool, error) {
	info, err := b.stat(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil || !info.LastModified.Before(before) {
		return false, err
	}
	err = b.try(ctx, "remove an object of", func(ctx context.Context) error {
		err := b.core.RemoveObject(ctx, b.c.Bucket, key, minio.RemoveObjectOptions{})
		var answer minio.ErrorResponse
		if err != nil && !errors.As(err, &answer) {
			// The server may do it any time from now on: nothing is sent after it.
			_, err = b.explain("remove an object of", err)
			return fnError{err}
		}
		return err
	})
	return err == nil, err
}

// ReadFile reads a file beside the objects.
func (b *Bucket) ReadFile(ctx context.Context, name string) (data []byte, err error) {
	data, _, err = b.readFile(ctx, name)
	return data, err
}

func (b *Bucket) readFile(ctx context.Context, name string) (data []byte, etag string, err error) {
	err = b.try(ctx, "read "+name+" in", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, b.c.Patience)
		defer cancel()
		body, info, _, err := b.core.GetObject(ctx, b.c.Bucket, b.c.Prefix+name, minio.GetObjectOptions{})
		if err != nil {
			return err
		}
		defer body.Close()
		etag = info.ETag
		data, err = io.ReadAll(io.LimitReader(body, 1<<20))
		return err
	})
	return data, etag, err
}

// WriteFile puts a file beside the objects.
func (b *Bucket) WriteFile(ctx context.Context, name string, data []byte) error {
	return b.send(ctx, b.c.Prefix+name, newBytes(data), int64(len(data)), nil)
}

// CreateFile is WriteFile that replaces nothing.
func (b *Bucket) CreateFile(ctx context.Context, name string, data []byte) error {
	err := b.send(ctx, b.c.Prefix+name, newBytes(data), int64(len(data)), onlyNew)
	if !errors.Is(err, errPrecondition) {
		return err
	}
	// It may be ours: the answer to an earlier try was lost.
	have, err := b.ReadFile(ctx, name)
	if err == nil && string(have) != string(data) {
		err = fmt.Errorf("%s: %w", name, store.ErrExists)
	}
	return err
}

// RemoveFile removes a file beside the objects.
func (b *Bucket) RemoveFile(ctx context.Context, name string) error {
	return b.remove(ctx, b.c.Prefix+name)
}

// ListFiles lists the files of a folder beside the objects.
func (b *Bucket) ListFiles(ctx context.Context, folder string) (names []string, err error) {
	err = b.list(ctx, folder+"/", func(o minio.ObjectInfo) error {
		if name := strings.TrimPrefix(o.Key, b.c.Prefix+folder+"/"); !strings.Contains(name, "/") {
			names = append(names, name)
		}
		return nil
	})
	return names, err
}

// HighestJob is the highest number of a job of an installation that was handed over; 0: none.
func (b *Bucket) HighestJob(ctx context.Context, installation string) (int, error) {
	n, _, err := b.highest(ctx, installation)
	if err != nil {
		return 0, fmt.Errorf("read the highest job handed over: %w", err)
	}
	return n, nil
}

func (b *Bucket) highest(ctx context.Context, installation string) (n int, etag string, err error) {
	name, err := documents.FenceName(installation)
	if err != nil {
		return 0, "", err
	}
	data, etag, err := b.readFile(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return 0, "", nil
	}
	if err != nil {
		return 0, "", err
	}
	n, err = documents.JobNumber(name, data)
	return n, etag, err
}

// fenceTries is how often a number is read and replaced while others do so too.
const fenceTries = 50

// RaiseHighestJob records that a job of this number is about to be handed over. It never lowers, and several processes may call it at once:
// each replaces only what it has read.
func (b *Bucket) RaiseHighestJob(ctx context.Context, installation string, number int) error {
	if err := b.raise(ctx, installation, number); err != nil {
		return fmt.Errorf("record the highest job handed over: %w", err)
	}
	return nil
}

func (b *Bucket) raise(ctx context.Context, installation string, number int) error {
	if number > documents.LastJobNumber {
		return fmt.Errorf("no job has the number %d", number)
	}
	for range fenceTries {
		have, etag, err := b.highest(ctx, installation)
		if err != nil || have >= number {
			return err
		}
		name, err := documents.FenceName(installation)
		if err != nil {
			return err
		}
		only := onlyNew
		if etag != "" {
			only = func(o *minio.PutObjectOptions) { o.SetMatchETag(etag) }
		}
		data := fmt.Appendln(nil, number)
		// Either it is replaced, or another was first, or the answer was lost: what stands there is read again.
		if err := b.send(ctx, b.c.Prefix+name, newBytes(data), int64(len(data)), only); err != nil && !errors.Is(err, errPrecondition) {
			return err
		}
	}
	return errors.New("others replace it all the time; try again")
}
