package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/config"
	"postgang/engine/alarm"
	"postgang/engine/store"
)

// reloads are how a running daemon is told to take its configuration again. The zero value: it never is.
type reloads struct {
	asked <-chan os.Signal
	again func() (*config.Config, error)
}

// reload ends a daemon that is to begin anew with another configuration.
type reload struct{ config *config.Config }

func (*reload) Error() string { return "another configuration is to be taken" }

// alarmReload is the key of the alarm of a configuration that was not taken.
func alarmReload(cfg *config.Config) string { return "reload:" + cfg.Node }

// judgeReload reads the configuration again. One with faults is alarmed.
func (d *daemon) judgeReload(ctx context.Context) (*reload, error) {
	next, err := d.reloads.again()
	if err == nil {
		return &reload{next}, nil
	}
	return nil, errors.Join(err, d.Archive.InTx(ctx, func(tx store.Tx) error { return raiseReload(ctx, tx, d.Config, err) }))
}

// raiseReload raises the alarm. It names places in the configuration alone: what stands there may be anything.
func raiseReload(ctx context.Context, tx store.Tx, cfg *config.Config, why error) error {
	args := alarm.Args{"node": cfg.Node, "where": filepath.Base(cfg.Path)}
	if faults := new(config.Error); errors.As(why, &faults) {
		var places []string
		for _, p := range faults.Problems {
			at := p.Key
			if p.Line > 0 {
				at = strings.TrimSpace(fmt.Sprintf("%s:%d %s", p.File, p.Line, p.Key))
			}
			places = append(places, at)
		}
		args["where"] = strings.Join(places, ", ")
	}
	return tx.RaiseAlarm(ctx, alarmReload(cfg), args)
}

// openServe wires the program as serve runs it.
func (o *options) openServe(ctx context.Context, cfg *config.Config, log *slog.Logger) (*app.App, error) {
	w := o.wiring
	w.Roles = cfg.Roles
	return open(ctx, cfg, log, w)
}

// takeReload opens everything with another configuration, or, when that cannot be, with the one of before.
func (o *options) takeReload(ctx context.Context, before, next *config.Config, log *slog.Logger) (*app.App, *config.Config, error) {
	a, err := o.openServe(ctx, next, log)
	used := next
	if err != nil {
		log.Error("the new configuration cannot be used, and the one of before is taken again", "error", err)
		why := err
		if a, err = o.openServe(ctx, before, log); err != nil {
			o.tellUnopened(ctx, before, "serve", err)
			return nil, before, err
		}
		used = before
		if err := a.Archive.InTx(ctx, func(tx store.Tx) error { return raiseReload(ctx, tx, before, why) }); err != nil {
			log.Error("alarm of the configuration", "error", err)
		}
		return a, used, nil
	}
	log.Info("the configuration was read again", "fingerprint", used.Fingerprint)
	if err := a.Archive.InTx(ctx, func(tx store.Tx) error { return tx.ResolveAlarm(ctx, alarmReload(used)) }); err != nil {
		log.Error("alarm of the configuration", "error", err)
	}
	return a, used, nil
}

const pidPrefix, pidSuffix = "serve-", ".pid"

// writePID lets "postgang reload" find this process: its number stands in a file of the work folder that it holds locked.
func writePID(cfg *config.Config) (remove func(), err error) {
	if err := os.MkdirAll(cfg.Work, 0o700); err != nil {
		return nil, fmt.Errorf("work folder: %w", err)
	}
	path := filepath.Join(cfg.Work, pidPrefix+cfg.Node+pidSuffix)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("work folder: %w", err)
	}
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		// Another one of this name, which the archive's lock refuses too, with better words.
		return func() { _ = f.Close() }, nil
	}
	if err = f.Truncate(0); err == nil {
		_, err = fmt.Fprintln(f, os.Getpid())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("work folder: %w", err), f.Close())
	}
	return func() {
		_ = os.Remove(path)
		_ = f.Close()
	}, nil
}

// runningHere are the processes of serve that use a work folder.
func runningHere(work string) ([]int, error) {
	paths, err := filepath.Glob(filepath.Join(escapeGlob(work), pidPrefix+"*"+pidSuffix))
	if err != nil {
		return nil, err
	}
	var out []int
	for _, path := range paths {
		f, err := os.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		alive := errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
		text, err := io.ReadAll(io.LimitReader(f, 32))
		_ = f.Close()
		if err != nil || !alive {
			continue
		}
		if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			out = append(out, pid)
		}
	}
	slices.Sort(out)
	return out, nil
}

// escapeGlob has a path mean itself in a pattern.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

func newReload(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "reload",
		Short: "Have the running serve take its configuration again",
		Long: `Checks the configuration, and tells the processes of "postgang serve" on this machine to take
it (SIGHUP). With a fault they are not told, and the faults are. They end all work under way
in order and begin anew, which takes some seconds; certificates and keys are read again too.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := config.Load(o.Config)
			if err != nil {
				return err
			}
			pids, err := runningHere(cfg.Work)
			if err != nil {
				return fmt.Errorf("work folder: %w", err)
			}
			if len(pids) == 0 {
				return errors.New("no postgang serve runs here with this work folder: the configuration is right, and is taken when one is started")
			}
			for _, pid := range pids {
				if err := syscall.Kill(pid, syscall.SIGHUP); err != nil {
					return fmt.Errorf("tell process %d: %w", pid, err)
				}
			}
			return o.Print(map[string]any{"told": pids, "fingerprint": cfg.Fingerprint}, func(w io.Writer) {
				fmt.Fprintf(w, "The configuration is right (%s). Told: %s. The log of serve says when it is taken.\n", cfg.Fingerprint, joinInts(pids))
			})
		},
	}
}

func joinInts(list []int) string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = strconv.Itoa(n)
	}
	return strings.Join(out, ", ")
}
