package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"postgang/cmd/cli"
	"postgang/engine/alarm"
	"postgang/engine/store"
)

const (
	// stuckAfter is how long the daemon's loop may be silent: its steps take seconds, or minutes when the archive is slow.
	stuckAfter = 15 * time.Minute
	healthTime = 10 * time.Second
)

// serveHealth answers over HTTP until ctx is done:
//
//	/healthz  200 while the daemon works and reaches its archive, else 503: for whoever would start it again
//	/livez    200 while the daemon's loop goes round, else 503: that it must be started anew
//	/readyz   200 while it reaches its archive and its documents, else 503: that nothing is to be sent to it
//	/metrics  for Prometheus
//	/alarms   200 while no alarm is open that nobody has acknowledged, else 503 with the number: for whoever calls a person
//	/status   what "postgang status --json" says
//
// Nothing of it is personal data.
func (d *daemon) serveHealth(ctx context.Context, ln net.Listener) {
	mux := http.NewServeMux()
	handle := func(path string, fn func(ctx context.Context, w http.ResponseWriter)) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), healthTime)
			defer cancel()
			w.Header().Set("Cache-Control", "no-store")
			fn(ctx, w)
		})
	}
	fail := func(w http.ResponseWriter, format string, args ...any) {
		http.Error(w, fmt.Sprintf(format, args...), http.StatusServiceUnavailable)
	}
	alarms := func(ctx context.Context) (n int, err error) {
		err = d.Archive.View(ctx, func(r store.Reader) error {
			open, err := r.Alarms(ctx, true)
			n = alarm.Unacknowledged(open)
			return err
		})
		return n, err
	}
	mux.Handle("GET /metrics", d.Metrics.Handler(d.State, func(err error) { d.Log.Error("metrics", "error", err) }))
	turns := func(w http.ResponseWriter) bool {
		silent := time.Since(time.Unix(0, d.beat.Load()))
		if silent > stuckAfter {
			fail(w, "the daemon's loop has been silent for %v", silent.Round(time.Second))
			return false
		}
		return true
	}
	handle("/livez", func(_ context.Context, w http.ResponseWriter) {
		if turns(w) {
			fmt.Fprintln(w, "ok")
		}
	})
	handle("/readyz", func(ctx context.Context, w http.ResponseWriter) {
		if !turns(w) {
			return
		}
		if err := d.Reaches(ctx); err != nil {
			d.Log.Error("health", "error", err)
			fail(w, "the archive or the documents cannot be reached")
			return
		}
		fmt.Fprintln(w, "ok")
	})
	handle("/healthz", func(ctx context.Context, w http.ResponseWriter) {
		if !turns(w) {
			return
		}
		n, err := alarms(ctx)
		if err != nil {
			d.Log.Error("health", "error", err)
			fail(w, "the archive cannot be read")
			return
		}
		fmt.Fprintf(w, "ok, %d alarms open\n", n)
	})
	handle("/alarms", func(ctx context.Context, w http.ResponseWriter) {
		switch n, err := alarms(ctx); {
		case err != nil:
			fail(w, "the archive cannot be read")
		case n > 0:
			fail(w, "%d alarms are open", n)
		default:
			fmt.Fprintln(w, "no alarms")
		}
	})
	handle("/status", func(ctx context.Context, w http.ResponseWriter) {
		v, err := status(ctx, d.App)
		if err != nil {
			d.Log.Error("health", "error", err)
			fail(w, "the archive cannot be read")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = cli.WriteJSON(w, v, "  ") // whoever asked is gone
	})
	s := &http.Server{Handler: mux, ReadHeaderTimeout: healthTime, WriteTimeout: 2 * healthTime, IdleTimeout: time.Minute}
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer stop()
	if err := s.Serve(ln); !errors.Is(err, http.ErrServerClosed) && ctx.Err() == nil {
		d.Log.Error("health", "error", err)
	}
}
