package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"postgang/cmd/config"
)

// world is what a command touches: results go to out, everything else to err; a test hands in a clock and crash points.
type world struct {
	out, err io.Writer
	wiring   wiring
}

// EnvConfig names the environment variable with the path of the configuration.
const EnvConfig = "POSTGANG_CONFIG"

// options are the flags of all commands.
type options struct {
	world
	config  string
	json    bool
	verbose bool
}

func newRoot(w world) *cobra.Command {
	o := &options{world: w}
	root := &cobra.Command{
		Use:   "postgang",
		Short: "Batch print and post for Norwegian public-sector mail",
		Long: `postgang carries a municipality's unread and non-digital mail from the archive to
the print vendor, exactly once, and the cost of it back to finance.

  postgang init          write a commented postgang.toml and the folders
  postgang doctor        check everything, and say what to fix
  postgang submit DIR    hand in a shipment
  postgang night         one run now: collect, compose, offer
  postgang receipts fetch, then postgang report

Exit codes: 0 done, 1 failed, 2 wrong arguments or configuration, 3 done in part
(a person must look), 4 another process is at it.`,
		SilenceUsage: true, SilenceErrors: true,
		Version: version(),
	}
	root.SetOut(w.out)
	root.SetErr(w.err)
	path := os.Getenv(EnvConfig)
	if path == "" {
		path = config.DefaultName
	}
	root.PersistentFlags().StringVarP(&o.config, "config", "c", path, "configuration file ($"+EnvConfig+")")
	root.PersistentFlags().BoolVar(&o.json, "json", false, "write JSON for programs instead of a table")
	root.PersistentFlags().BoolVarP(&o.verbose, "verbose", "v", false, "log what happens to standard error")
	root.PersistentFlags().BoolVar(&o.wiring.allowRoot, "allow-root", false, "run as root though the archive belongs to another user")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage("%w", err) })
	root.AddCommand(
		newInit(o), newDoctor(o), newSubmit(o), newNight(o), newGuard(o), newMonth(o), newInvoice(o), newDeviations(o), newCodes(o), newServe(o), newStatus(o),
		newShipment(o), newJob(o), newReceipts(o), newReport(o), newPostcodes(o), newVendorSim(o), newDemo(o), newBench(o),
	)
	root.AddCommand(newCheck(o), newPrepare(o), newLetter(o), newAlarms(o), newVendorCheck(o), newManual(o), newArchive(o), newRecover(o))
	o.completions(root)
	return root
}

// isUsage tells wrong arguments and configurations from failures.
func isUsage(err error) bool {
	var c *config.Error
	if errors.As(err, &c) || errors.Is(err, config.ErrNone) {
		return true
	}
	// cobra has no error type of its own for these.
	for _, s := range []string{"unknown command", "accepts ", "requires at least", "required flag", "if any flags in the group", "invalid argument"} {
		if strings.HasPrefix(err.Error(), s) {
			return true
		}
	}
	return false
}

// logger logs for people on a terminal; serve logs JSON lines.
func (o *options) logger() *slog.Logger {
	if !o.verbose {
		return slog.New(slog.NewTextHandler(o.err, &slog.HandlerOptions{Level: slog.LevelError, ReplaceAttr: inSeconds}))
	}
	return slog.New(slog.NewTextHandler(o.err, &slog.HandlerOptions{ReplaceAttr: inSeconds}))
}

// jsonLogger logs for programs: one JSON object a line.
func jsonLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{ReplaceAttr: inSeconds}))
}

// inSeconds logs durations in seconds, under a name that says so; slog writes nanoseconds.
func inSeconds(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() != slog.KindDuration {
		return a
	}
	return slog.Float64(a.Key+"_seconds", a.Value.Duration().Seconds())
}

// print writes a result: as JSON when asked, else as people read it.
func (o *options) print(v any, people func(w io.Writer)) error {
	if o.json {
		return writeJSON(o.out, v, "  ")
	}
	people(o.out)
	return nil
}

// table writes rows in columns.
func table(w io.Writer, header string, rows func(row func(cells ...any))) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(strings.Fields(header), "\t"))
	rows(func(cells ...any) {
		text := make([]string, len(cells))
		for i, c := range cells {
			text[i] = fmt.Sprint(c)
			if text[i] == "" {
				text[i] = "-"
			}
		}
		fmt.Fprintln(t, strings.Join(text, "\t"))
	})
	t.Flush()
}

// working shows on a terminal that something is under way whose end is not known, until the function that it gives is called.
func (o *options) working(what string) (finish func()) {
	f, ok := o.err.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || o.verbose || o.json {
		return func() {}
	}
	bar := progressbar.NewOptions(-1, progressbar.OptionSetWriter(f), progressbar.OptionSetDescription(what), progressbar.OptionClearOnFinish(),
		progressbar.OptionSpinnerType(14), progressbar.OptionSetElapsedTime(true), progressbar.OptionThrottle(100*time.Millisecond))
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				_ = bar.Finish()
				return
			case <-time.After(200 * time.Millisecond):
				_ = bar.Add(1) // a sign that cannot be drawn is no reason to fail
			}
		}
	}()
	return func() { close(stop); <-stopped }
}

// progress is a bar on a terminal and nothing elsewhere.
func (o *options) progress(what string) (step func(done, total int), finish func()) {
	f, ok := o.err.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || o.verbose || o.json {
		return nil, func() {}
	}
	var bar *progressbar.ProgressBar
	return func(done, total int) {
			if total <= 0 {
				return
			}
			if bar == nil {
				bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(f), progressbar.OptionSetDescription(what),
					progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
			}
			bar.ChangeMax(total)
			_ = bar.Set(done) // a bar that cannot be drawn is no reason to fail
		}, func() {
			if bar != nil {
				_ = bar.Finish()
			}
		}
}
