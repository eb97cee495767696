package s3

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"postgang/engine/documents"
	"postgang/engine/store"
)

var (
	// errPrecondition says that a conditional request found something else than it was for.
	errPrecondition = errors.New("something else is there")
	// errEnough ends a list.
	errEnough = errors.New("enough")
)

// Error says what of a bucket could not be done, where, why, and what helps. It holds no secret, and nothing that the server sent but the
// code of its error.
type Error struct {
	Doing, Where, Why string
	err               error
}

// Error tells all of it.
func (e *Error) Error() string { return "cannot " + e.Doing + " " + e.Where + ": " + e.Why }

// Unwrap gives what it is about.
func (e *Error) Unwrap() error { return e.err }

// fnError is an error of a caller's function, and none of the server's.
type fnError struct{ error }

// Unwrap gives the caller's own.
func (e fnError) Unwrap() error { return e.error }

// onlyNew has a PUT replace nothing.
func onlyNew(o *minio.PutObjectOptions) { o.SetMatchETagExcept("*") }

func newBytes(b []byte) io.ReaderAt { return bytes.NewReader(b) }

// send puts an object, whole or not at all. condition may say what must be there.
func (b *Bucket) send(ctx context.Context, key string, from io.ReaderAt, size int64, condition func(*minio.PutObjectOptions)) error {
	o := putOptions()
	if condition != nil {
		condition(&o)
	}
	return b.try(ctx, "write to", func(ctx context.Context) error { return b.sendOnce(ctx, key, from, size, o) })
}

func (b *Bucket) sendOnce(ctx context.Context, key string, from io.ReaderAt, size int64, o minio.PutObjectOptions) error {
	ctx, cancel := context.WithTimeout(ctx, b.c.Patience+time.Duration(size/slowest)*time.Second)
	defer cancel()
	_, err := b.core.Client.PutObject(ctx, b.c.Bucket, key, io.NewSectionReader(from, 0, size), size, o)
	return err
}

// sendNew puts an object that is not there yet; errPrecondition: it is there. A server that has it may say so before it has read all that is
// sent, and close the connection: then nobody hears it, however often it is sent. So before it is sent again it is looked for.
func (b *Bucket) sendNew(ctx context.Context, key string, from io.ReaderAt, size int64) error {
	o := putOptions()
	onlyNew(&o)
	again := false
	return b.try(ctx, "write to", func(ctx context.Context) error {
		if again {
			if _, err := b.core.StatObject(ctx, b.c.Bucket, key, minio.StatObjectOptions{}); err == nil {
				return fnError{errPrecondition}
			}
		}
		again = true
		return b.sendOnce(ctx, key, from, size, o)
	})
}

func putOptions() minio.PutObjectOptions {
	return minio.PutObjectOptions{ContentType: "application/octet-stream", SendContentMd5: true, PartSize: partBytes}
}

func (b *Bucket) stat(ctx context.Context, key string) (info minio.ObjectInfo, err error) {
	err = b.try(ctx, "look at an object of", func(ctx context.Context) error {
		info, err = b.core.StatObject(ctx, b.c.Bucket, key, minio.StatObjectOptions{})
		return err
	})
	return info, err
}

func (b *Bucket) remove(ctx context.Context, key string) error {
	err := b.try(ctx, "remove an object of", func(ctx context.Context) error {
		return b.core.RemoveObject(ctx, b.c.Bucket, key, minio.RemoveObjectOptions{})
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// list calls fn with the objects under a prefix, in the order of their keys, until it says errEnough.
func (b *Bucket) list(ctx context.Context, prefix string, fn func(minio.ObjectInfo) error) error {
	after := ""
	err := b.try(ctx, "list", func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		for o := range b.core.ListObjectsIter(ctx, b.c.Bucket, minio.ListObjectsOptions{Prefix: b.c.Prefix + prefix, Recursive: true, StartAfter: after}) {
			if o.Err != nil {
				return o.Err
			}
			after = o.Key // another try goes on here
			if err := fn(o); err != nil {
				return fnError{err}
			}
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// try does a request, and again when that may help. What it returns is nil, the error of a caller's function, store.ErrNotFound,
// errPrecondition or an *Error.
func (b *Bucket) try(ctx context.Context, doing string, do func(ctx context.Context) error) error {
	pause := b.c.Wait
	for n := 1; ; n++ {
		err := do(ctx)
		var own fnError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &own) && (!errors.Is(err, documents.ErrDamaged) || n >= 2): // bytes that are wrong twice are wrong there
			return own.error
		case ctx.Err() != nil:
			return ctx.Err()
		}
		again, said := b.explain(doing, err)
		if !again || n >= b.c.Tries {
			return said
		}
		if err := wait(ctx, pause/2+rand.N(pause)); err != nil {
			return err
		}
		pause *= 2
	}
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// explain says what an error means, and whether trying again may help.
func (b *Bucket) explain(doing string, err error) (again bool, _ error) {
	said := func(why string, args ...any) error {
		return &Error{Doing: doing, Where: b.Where(), Why: fmt.Sprintf(why, args...), err: err}
	}
	var own fnError
	if errors.As(err, &own) {
		return true, own.error
	}
	var answer minio.ErrorResponse
	if !errors.As(err, &answer) {
		var certificate *tls.CertificateVerificationError
		var authority x509.UnknownAuthorityError
		var of *url.Error
		if errors.As(err, &certificate) || errors.As(err, &authority) {
			return false, said("its certificate is not to be trusted (%v). Set [documents.s3] ca_file to the CA of the server", certificate)
		}
		if errors.As(err, &of) {
			err = of.Err // the URL is long, and says nothing more
		}
		return true, said("it cannot be reached: %v. Is [documents.s3] endpoint right, and does the server run?", err)
	}
	switch code := answer.Code; {
	case code == minio.NoSuchKey && answer.StatusCode == http.StatusNotFound:
		// A proxy that answers 404 to everything knows nothing of an object: all letters would be taken for lost. To HEAD there is no body.
		if answer.XMLName.Local == "" && doing != "look at an object of" && doing != "remove an object of" {
			return true, said("something answers 404 that is no S3 server. Is [documents.s3] endpoint right?")
		}
		return false, store.ErrNotFound
	case answer.StatusCode == http.StatusPreconditionFailed:
		return false, errPrecondition
	case code == minio.NoSuchBucket:
		return false, said("there is no such bucket: make it, or set [documents.s3] bucket to the one that there is")
	case code == "InvalidAccessKeyId", strings.HasSuffix(code, "UserNotFound"): // as versitygw says it
		return false, said("the server does not know the access key; check [documents.s3] access_key_file")
	case code == "SignatureDoesNotMatch": // also when what was signed piece by piece arrived otherwise
		return true, said("the secret key is not that of the access key, or the region is another; check [documents.s3] secret_key_file and region")
	case code == "RequestTimeTooSkewed":
		return false, said("the clock of this machine and that of the server differ too much; set them by NTP")
	case answer.StatusCode == http.StatusForbidden || answer.StatusCode == http.StatusUnauthorized:
		return false, said("it is not allowed (%s): the access key needs GetObject, PutObject, DeleteObject, AbortMultipartUpload, ListBucket and ListBucketMultipartUploads", code)
	case answer.StatusCode == http.StatusNotImplemented:
		return false, said("the server does not know how to (%s)", code)
	case answer.StatusCode >= 500, answer.StatusCode == http.StatusTooManyRequests, answer.StatusCode == http.StatusRequestTimeout, answer.StatusCode == http.StatusConflict,
		// The last two: the server has lost its place in the connection, as versitygw does after a PUT whose body it did not read.
		answer.StatusCode == http.StatusBadRequest && (answer.XMLName.Local == "" || code == "BadRequest"),
		slices.Contains([]string{"BadDigest", "InvalidDigest", "IncompleteBody", "XAmzContentSHA256Mismatch", "NoSuchUpload"}, code):
		return true, said("the server answers %s", strings.TrimSpace(fmt.Sprint(answer.StatusCode, " ", codeOnly(code))))
	default:
		return false, said("the server answers %s", strings.TrimSpace(fmt.Sprint(answer.StatusCode, " ", codeOnly(code))))
	}
}

// codeOnly is the code of an error, unless it is some other text.
func codeOnly(code string) string {
	if len(code) > 60 || strings.ContainsAny(code, "<>\n") {
		return ""
	}
	return code
}

// tlsConfig trusts a CA; nil: those of the system.
func tlsConfig(ca *x509.CertPool) *tls.Config {
	return &tls.Config{RootCAs: ca, MinVersion: tls.VersionTLS12}
}

// watched notes why a body broke off, and that it goes on.
type watched struct {
	r     io.Reader
	watch *time.Timer
	err   error

	patience time.Duration
}

// Read reads on.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	w.watch.Reset(w.patience)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

// clocked notes how far the server's clock is off.
type clocked struct {
	http.RoundTripper
	b *Bucket
}

// RoundTrip does a request.
func (c clocked) RoundTrip(r *http.Request) (*http.Response, error) {
	a, err := c.RoundTripper.RoundTrip(r)
	if err == nil {
		if at, err := http.ParseTime(a.Header.Get("Date")); err == nil {
			c.b.skew.Store(int64(time.Until(at)))
		}
	}
	return a, err
}
