package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Print writes a result: as JSON when asked, else as people read it.
func (o *Options) Print(v any, people func(w io.Writer)) error {
	if o.JSON {
		return WriteJSON(o.Out, v, "  ")
	}
	people(o.Out)
	return nil
}

// Table writes rows in columns under a header, whose names are separated by spaces; an empty cell is shown as "-".
func Table(w io.Writer, header string, rows func(row func(cells ...any))) {
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

// Working shows on a terminal that something is under way whose end is not known, until the function that it gives is called.
func (o *Options) Working(what string) (finish func()) {
	f, ok := o.Err.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || o.Verbose || o.JSON {
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

// Progress is a bar on a terminal and nothing elsewhere.
func (o *Options) Progress(what string) (step func(done, total int), finish func()) {
	f, ok := o.Err.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || o.Verbose || o.JSON {
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
