// Package rehearse is the command that brings alarms about on the archive of a demo, so that an operator can practise what
// docs/alarms.md says of each.
package rehearse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/words"
)

// New is the command "rehearse".
func New(o *cli.Options) *cobra.Command {
	var dir string
	var all, mend bool
	cmd := &cobra.Command{
		Use:   "rehearse [NAME]",
		Short: "Bring an alarm about on the archive of a demo, and practise what is done then",
		Long: `Brings one alarm about on the archive that "postgang-lab demo" left, with the real engine and the vendor
simulator, and says what to look at and what docs/alarms.md says to do. Do it with postgang --config DIR/postgang.toml,
or have it done with --mend. The archive goes on at the time when the demo ended, and time passes where an alarm takes it.
With no name it lists what can be rehearsed. --all goes through all of it and proves that each alarm is raised, and is over
when its remedy was done. docs/rehearsals.md has the same as a table.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			switch {
			case all && (mend || len(args) > 0):
				return cli.Usage("--all goes through all of it, with the remedies")
			case all:
				return rehearseAll(ctx, o, dir)
			case len(args) == 0:
				return list(o)
			}
			list := scenes()
			i := slices.IndexFunc(list, func(c scene) bool { return c.name == args[0] })
			if i < 0 {
				if why, ok := unrehearsed()[args[0]]; ok {
					return cli.Usage("%s is not rehearsed: it %s", args[0], why)
				}
				return cli.Usage("%s is no rehearsal; postgang-lab rehearse lists them", args[0])
			}
			return one(ctx, o, dir, list[i], mend)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "demo", "folder of the demo")
	cmd.Flags().BoolVar(&all, "all", false, "go through all, with their remedies, and prove each")
	cmd.Flags().BoolVar(&mend, "mend", false, "do what docs/alarms.md says, and show that the alarm is over")
	return cmd
}

// rehearsalView is a rehearsal as it is listed.
type rehearsalView struct {
	Name  string   `json:"name"`
	Alarm string   `json:"alarm"`
	Cause string   `json:"cause,omitempty"`
	Look  []string `json:"look_at,omitempty"`
	Do    []string `json:"do,omitempty"`
	Not   string   `json:"not_rehearsed,omitempty"` // why
}

func views() []rehearsalView {
	var out []rehearsalView
	for _, c := range scenes() {
		out = append(out, rehearsalView{Name: c.name, Alarm: c.begins, Cause: c.cause, Look: c.look, Do: c.does})
	}
	not := unrehearsed()
	for _, kind := range slices.Sorted(maps.Keys(not)) {
		out = append(out, rehearsalView{Name: kind, Alarm: kind + ":", Not: not[kind]})
	}
	return out
}

func list(o *cli.Options) error {
	all := views()
	return o.Print(all, func(w io.Writer) {
		cli.Table(w, "NAME WHAT_HAPPENS", func(row func(...any)) {
			for _, v := range all {
				if v.Not == "" {
					row(v.Name, v.Cause)
				}
			}
		})
		fmt.Fprintln(w, "\nNot rehearsed:")
		cli.Table(w, "ALARM WHY", func(row func(...any)) {
			for _, v := range all {
				if v.Not != "" {
					row(v.Name, v.Not)
				}
			}
		})
	})
}

// one brings an alarm about, or does its remedy.
func one(ctx context.Context, o *cli.Options, dir string, c scene, mend bool) (err error) {
	s, err := open(ctx, o, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if mend {
		a, err := s.newest(ctx, c.begins, time.Time{})
		if err != nil {
			return fmt.Errorf("%w: bring it about first, by postgang-lab rehearse %s --dir %s", err, c.name, dir)
		}
		if err := s.mended(ctx, c, a.Key); err != nil {
			return err
		}
		fmt.Fprintf(o.Out, "Over: %s\n", a.Key)
		return nil
	}
	key, err := s.raised(ctx, c)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, config.DefaultName)
	fmt.Fprintf(o.Out, "\nLook at:\n")
	for _, l := range c.look {
		fmt.Fprintf(o.Out, "   %s\n", named(l, key, path))
	}
	fmt.Fprintf(o.Out, "Do:\n")
	for _, l := range c.does {
		fmt.Fprintf(o.Out, "   %s\n", named(l, key, path))
	}
	fmt.Fprintf(o.Out, "In a browser, by the archive's clock: postgang-lab console --dir %s\n", dir)
	fmt.Fprintf(o.Out, "The vendor, in another terminal: postgang-lab vendor-sim --config %s --listen %s\n", path, s.server.Addr())
	fmt.Fprintf(o.Out, "Or have it done: postgang-lab rehearse %s --mend --dir %s\n", c.name, dir)
	return nil
}

// named fills a line of advice in.
func named(line, key, path string) string {
	line = strings.NewReplacer("JOB", job(key), "VENDOR", vendor).Replace(line)
	for _, program := range []string{"postgang", "postgang-lab"} {
		line = strings.ReplaceAll(" "+line, " "+program+" ", " "+program+" --config "+path+" ")[1:]
	}
	return line
}

// raised brings an alarm about, shows it, and gives its key.
func (s *stage) raised(ctx context.Context, c scene) (string, error) {
	fmt.Fprintf(s.Out, "%s: %s\n", c.name, c.cause)
	since := s.app.Now().Add(-2 * time.Hour) // a clock may go back
	before, err := s.alarms(ctx)
	if err != nil {
		return "", err
	}
	if err := c.raise(ctx, s); err != nil {
		return "", fmt.Errorf("rehearse %s: %w", c.name, err)
	}
	a, err := s.newest(ctx, c.begins, since)
	if err != nil {
		return "", fmt.Errorf("rehearse %s: %w", c.name, err)
	}
	for _, b := range before {
		if b.Key == a.Key {
			return "", fmt.Errorf("rehearse %s: alarm %s was open before; end it first", c.name, a.Key)
		}
	}
	fmt.Fprintf(s.Out, "   ALARM %s: %s\n", a.Key, words.Alarm(a.Key, a.Args, words.English))
	return a.Key, nil
}

// mended does the remedy of an alarm, and looks whether it is over.
func (s *stage) mended(ctx context.Context, c scene, key string) error {
	if err := c.mend(ctx, s, key); err != nil {
		return fmt.Errorf("rehearse %s, the remedy: %w", c.name, err)
	}
	over, err := s.isOver(ctx, key)
	if err == nil && !over {
		err = fmt.Errorf("rehearse %s: alarm %s is open after its remedy", c.name, key)
	}
	return err
}

// rehearseAll goes through all, each from its cause to its end.
func rehearseAll(ctx context.Context, o *cli.Options, dir string) (err error) {
	s, err := open(ctx, o, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.begin(ctx); err != nil {
		return err
	}
	list := scenes()
	var errs []error
	for _, c := range list {
		err := s.rehearsed(ctx, c)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			continue
		}
		fmt.Fprintf(o.Out, "   FAILED: %v\n", err)
		errs = append(errs, err)
		if err := errors.Join(s.calm(), s.configure(ctx, plain)); err != nil { // for the others
			return errors.Join(append(errs, err)...)
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	fmt.Fprintf(o.Out, "\n%d rehearsals: each alarm was raised, and over after its remedy.\n", len(list))
	return nil
}

// begin leaves nothing of before that would be taken for a rehearsal's.
func (s *stage) begin(ctx context.Context) error {
	return errors.Join(s.calm(), s.night(ctx), s.vendorWorks(ctx), s.later(ctx, 0))
}

// rehearsed is one rehearsal from its cause to its end.
func (s *stage) rehearsed(ctx context.Context, c scene) error {
	key, err := s.raised(ctx, c)
	if err != nil {
		return err
	}
	if err := s.mended(ctx, c, key); err != nil {
		return err
	}
	fmt.Fprintln(s.Out, "   over")
	return nil
}
