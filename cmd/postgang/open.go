package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
)

// wiring is what a test hands in instead of the world.
type wiring struct {
	app.Options
	allowRoot bool          // see notAsRoot
	lostAfter time.Duration // how long the daemon may be without its database untold; 0: defaultLostAfter
}

// open wires the program, unless it would work as root on another user's archive.
func open(ctx context.Context, cfg *config.Config, log *slog.Logger, w wiring) (*app.App, error) {
	if err := notAsRoot(cfg, w.allowRoot); err != nil {
		return nil, err
	}
	return app.Open(ctx, cfg, log, w.Options)
}

// load reads the configuration and wires the program.
func (o *options) load(ctx context.Context) (*app.App, error) {
	cfg, err := config.Load(o.Config)
	if err != nil {
		return nil, err
	}
	return open(ctx, cfg, o.Logger(), o.wiring)
}

// alarmedUnopened runs fn on the wired program with background work, and tells the sinks when it cannot be wired.
func (o *options) alarmedUnopened(ctx context.Context, what string, fn func(a *app.App) error) error {
	opened := false
	err := o.with(ctx, true, func(a *app.App) error {
		opened = true
		return fn(a)
	})
	if err == nil || opened || cli.IsUsage(err) {
		return err
	}
	if cfg, bad := config.Load(o.Config); bad == nil {
		o.tellUnopened(ctx, cfg, what, err)
	}
	return err
}

// with runs fn on the wired program. work: background work is done meanwhile.
func (o *options) with(ctx context.Context, work bool, fn func(a *app.App) error) error {
	a, err := o.load(ctx)
	if err != nil {
		return err
	}
	if work {
		if err := a.Start(ctx); err != nil {
			return errors.Join(err, a.Close())
		}
	}
	return errors.Join(fn(a), a.Close())
}
