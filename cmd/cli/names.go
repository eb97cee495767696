package cli

import (
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/cobra"
)

// Group is a command that only holds others. Without one of them it shows its help; a wrong one is an error that names
// the right ones, where cobra would show the help and succeed.
func Group(use, short string, subs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			var names []string
			for _, s := range cmd.Commands() {
				if s.IsAvailableCommand() {
					names = append(names, s.Name())
				}
			}
			return Unknown(fmt.Sprintf("command of %q", cmd.CommandPath()), args[0], names)
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(subs...)
	return cmd
}

// Unknown is the error for a name that is none of those there are, with the one that was likely meant.
func Unknown(what, name string, names []string) error {
	if len(names) == 0 {
		return Usage("%q is no %s; there are none", name, what)
	}
	text := fmt.Sprintf("%q is no %s; there are: %s", name, what, strings.Join(names, ", "))
	if near := nearest(name, names); near != "" {
		text += fmt.Sprintf(". Did you mean %q?", near)
	}
	return Usage("%s", text)
}

// nearest is the name that a wrong one was likely meant for: at most two letters off, and fewer than half of it.
func nearest(name string, names []string) string {
	best, far := "", min(3, (len(name)+1)/2)
	for _, n := range names {
		if d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(n)); d < far {
			best, far = n, d
		}
	}
	return best
}
