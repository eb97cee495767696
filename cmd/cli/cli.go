// Package cli is how our command lines speak, whichever binary it is: flags that all commands have, exit codes, results as
// a table or as JSON of one form, progress, wrong names with the right one beside them, and the version. It knows no command.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"postgang/cmd/config"
	"postgang/engine/access"
	"postgang/engine/store"
)

// Exit codes. Programs may rely on them.
const (
	ExitOK      = 0
	ExitFailed  = 1 // it was tried and failed
	ExitUsage   = 2 // wrong arguments or configuration: nothing was tried
	ExitPartial = 3 // done in part: something needs a person, see the output
	ExitLocked  = 4 // another process is at it
)

// Error carries an exit code with an error.
type Error struct {
	Code int // see [ExitFailed] and the others
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Partial is the error of what was done in part.
func Partial(format string, args ...any) error {
	return &Error{ExitPartial, fmt.Errorf(format, args...)}
}

// Usage is the error of wrong arguments: nothing was tried.
func Usage(format string, args ...any) error {
	return &Error{ExitUsage, fmt.Errorf(format, args...)}
}

// IsUsage tells wrong arguments that cobra has found, and wrong configurations, from failures.
func IsUsage(err error) bool {
	var c *config.Error
	if errors.As(err, &c) || errors.Is(err, config.ErrNone) {
		return true
	}
	// cobra has no error type of its own for these.
	for _, s := range []string{"unknown command", "accepts ", "requires at least", "required flag", "if any flags in the group", "at least one of the flags in the group", "invalid argument"} {
		if strings.HasPrefix(err.Error(), s) {
			return true
		}
	}
	return false
}

// EnvConfig names the environment variable with the path of the configuration.
const EnvConfig = "POSTGANG_CONFIG"

// Options are where a command writes, and the flags of all commands. Results go to Out, everything else to Err.
type Options struct {
	Out, Err io.Writer
	Config   string // path of the configuration
	JSON     bool   // results are for programs
	Verbose  bool   // what happens is logged to Err
}

// Root makes a binary's root command, with the flags of o and the command "version". Its commands are added by the caller.
func (o *Options) Root(name, short, long string) *cobra.Command {
	root := &cobra.Command{
		Use: name, Short: short, Long: long,
		SilenceUsage: true, SilenceErrors: true,
		Version: ThisBuild().String(),
	}
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.AddCommand(newVersion(o))
	root.SetOut(o.Out)
	root.SetErr(o.Err)
	root.PersistentFlags().StringVarP(&o.Config, "config", "c", configuration(), "configuration file ($"+EnvConfig+")")
	root.PersistentFlags().BoolVar(&o.JSON, "json", false, "write JSON for programs instead of a table")
	root.PersistentFlags().BoolVarP(&o.Verbose, "verbose", "v", false, "log what happens to standard error")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return Usage("%w", err) })
	return root
}

// configuration is where the configuration is looked for when nobody says: in the working folder, else where a package has put it.
func configuration() string {
	if path := os.Getenv(EnvConfig); path != "" {
		return path
	}
	if _, err := os.Stat(config.DefaultName); err != nil {
		if _, err := os.Stat(config.PackagedPath); err == nil {
			return config.PackagedPath
		}
	}
	return config.DefaultName
}

// Run runs a binary's root command with arguments, tells what went wrong and gives the exit code.
func Run(ctx context.Context, root *cobra.Command, args []string) int {
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return ExitOK
	}
	fmt.Fprintf(root.ErrOrStderr(), "%s: %v\n", root.Name(), err)
	var coded *Error
	switch {
	case errors.As(err, &coded):
		return coded.Code
	case errors.Is(err, store.ErrLocked):
		return ExitLocked
	case errors.Is(err, access.ErrSecondPerson):
		return ExitPartial
	case IsUsage(err):
		return ExitUsage
	}
	return ExitFailed
}
