// Package metrics tells Prometheus how Postgang fares: what stands in the archive, and what this process does with the archive, the documents
// and the vendors. No label is an id of a letter, a job or a person. It is the only importer of Prometheus.
package metrics

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"postgang/engine/documents"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
)

// Process counts what this process does.
type Process struct {
	registry *prometheus.Registry
	waited   *prometheus.HistogramVec
	took     *prometheus.HistogramVec
	ended    *prometheus.CounterVec
	blobs    *prometheus.CounterVec
	bytes    *prometheus.CounterVec
	vendor   *prometheus.HistogramVec
	failures *prometheus.CounterVec
	sent     *prometheus.CounterVec
}

// Labels.
const (
	kind, operation, vendorKey, result = "kind", "operation", "vendor", "result"
	ok, failed                         = "ok", "failed"
)

// New begins to count, for a program of a version.
func New(version string) *Process {
	short := []float64{0.001, 0.005, 0.02, 0.1, 0.5, 1, 5, 30}
	long := []float64{0.05, 0.2, 1, 5, 20, 60, 300, 1200}
	p := &Process{
		registry: prometheus.NewRegistry(),
		waited:   prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "postgang_archive_wait_seconds", Help: "How long write transactions waited for their turn.", Buckets: short}, []string{kind}),
		took:     prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "postgang_archive_transaction_seconds", Help: "How long write transactions took, without their waiting.", Buckets: short}, []string{kind}),
		ended:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "postgang_archive_transactions_total", Help: "Write transactions, by how they ended."}, []string{kind, result}),
		blobs:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "postgang_documents_operations_total", Help: "Documents put, opened and deleted, by how that ended; one that is not there is no failure."}, []string{operation, result}),
		bytes:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "postgang_documents_bytes_total", Help: "Bytes of documents put and opened."}, []string{operation}),
		vendor:   prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "postgang_vendor_operation_seconds", Help: "How long what is done at a vendor's server takes.", Buckets: long}, []string{vendorKey, operation}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "postgang_vendor_failures_total", Help: "What failed at a vendor's server, logging in included."}, []string{vendorKey, operation}),
		sent:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "postgang_vendor_sent_bytes_total", Help: "Bytes of files brought to a vendor."}, []string{vendorKey}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "postgang_build_info", Help: "1, with the version of the program.", ConstLabels: prometheus.Labels{"version": version}})
	build.Set(1)
	p.registry.MustRegister(p.waited, p.took, p.ended, p.blobs, p.bytes, p.vendor, p.failures, p.sent, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return p
}

// Handler answers with the metrics: those of this process, and what look says of the archive at that time.
func (p *Process) Handler(look func(ctx context.Context) (State, error), fault func(error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		both := prometheus.NewRegistry()
		both.MustRegister(state{r.Context(), look, fault})
		promhttp.HandlerFor(prometheus.Gatherers{p.registry, both}, promhttp.HandlerOpts{}).ServeHTTP(w, r)
	})
}

// Transaction counts a write transaction of the archive.
func (p *Process) Transaction(how string, waited, took time.Duration, err error) {
	p.waited.WithLabelValues(how).Observe(waited.Seconds())
	p.took.WithLabelValues(how).Observe(took.Seconds())
	p.ended.WithLabelValues(how, resultOf(err)).Inc()
}

func resultOf(err error) string {
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return failed
	}
	return ok
}

// Documents counts what is done with documents.
func (p *Process) Documents(d documents.Store) documents.Store { return blobs{d, p} }

type blobs struct {
	documents.Store
	p *Process
}

// Far reports whether documents are fetched from another machine, so that it pays to fetch them ahead.
func (b blobs) Far() bool {
	d, ok := b.Store.(interface{ Far() bool })
	return ok && d.Far()
}

// Put counts a document that is put.
func (b blobs) Put(ctx context.Context, r io.Reader) (shipment.BlobRef, error) {
	ref, err := b.Store.Put(ctx, r)
	b.count("put", ref, err)
	return ref, err
}

// Open counts a document that is opened.
func (b blobs) Open(ctx context.Context, ref shipment.BlobRef) (store.Blob, error) {
	blob, err := b.Store.Open(ctx, ref)
	b.count("open", ref, err)
	return blob, err
}

// Delete counts a document that is deleted.
func (b blobs) Delete(ctx context.Context, ref shipment.BlobRef) error {
	err := b.Store.Delete(ctx, ref)
	b.count("delete", shipment.BlobRef{}, err)
	return err
}

func (b blobs) count(what string, ref shipment.BlobRef, err error) {
	b.p.blobs.WithLabelValues(what, resultOf(err)).Inc()
	if err == nil && ref.Bytes > 0 {
		b.p.bytes.WithLabelValues(what).Add(float64(ref.Bytes))
	}
}

// Dialled counts a log-in at a vendor's server, and what is done there then.
func (p *Process) Dialled(vendor string, begun time.Time, side step.VendorSide, err error) step.VendorSide {
	p.atVendor(vendor, "log-in", begun, err)
	if side == nil {
		return nil
	}
	return vendorSide{side, p, vendor}
}

func (p *Process) atVendor(vendor, what string, begun time.Time, err error) {
	p.vendor.WithLabelValues(vendor, what).Observe(time.Since(begun).Seconds())
	if err != nil && !errors.Is(err, context.Canceled) {
		p.failures.WithLabelValues(vendor, what).Inc()
	}
}

type vendorSide struct {
	step.VendorSide
	p   *Process
	key string
}

// Put counts a file that is brought.
func (v vendorSide) Put(ctx context.Context, f exchange.File, src io.ReaderAt) error {
	begun := time.Now()
	err := v.VendorSide.Put(ctx, f, src)
	v.p.atVendor(v.key, "put", begun, err)
	if err == nil {
		v.p.sent.WithLabelValues(v.key).Add(float64(f.Bytes))
	}
	return err
}

// PutReady counts a hand-over.
func (v vendorSide) PutReady(ctx context.Context, r exchange.Ready) error {
	begun := time.Now()
	err := v.VendorSide.PutReady(ctx, r)
	v.p.atVendor(v.key, "hand-over", begun, err)
	return err
}

// Answers counts a look for answers.
func (v vendorSide) Answers(ctx context.Context, known func(job string, accepted bool) bool) ([]exchange.Answer, []exchange.Problem, error) {
	begun := time.Now()
	answers, problems, err := v.VendorSide.Answers(ctx, known)
	v.p.atVendor(v.key, "answers", begun, err)
	return answers, problems, err
}

// Fetch counts a receipt file that is fetched.
func (v vendorSide) Fetch(ctx context.Context, name string) ([]byte, error) {
	begun := time.Now()
	b, err := v.VendorSide.Fetch(ctx, name)
	v.p.atVendor(v.key, "receipt", begun, err)
	return b, err
}
