package cli

import (
	"cmp"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// What "make package" writes into the binary with -ldflags -X: Go knows no version of a program that is no module of others, and no
// commit where it is told not to look for one. Empty: what Go knows.
var (
	buildVersion string // 1.2.3, or one made of the commit
	buildCommit  string // 40 hexadecimal digits
	buildDate    string // of the commit, RFC 3339
)

// Build is what a binary was built from, as it was told or as Go wrote it into the binary. What was not known then is empty.
type Build struct {
	Version  string    `json:"version"`       // of the package or module; "(devel)" when it has none
	Commit   string    `json:"commit"`        // 40 hexadecimal digits
	Date     time.Time `json:"date,omitzero"` // of the commit
	Modified bool      `json:"modified"`      // files had changed since the commit
	Go       string    `json:"go"`            // the version of Go
}

// ThisBuild tells what this binary was built from. Where it was not told, Go knows the commit where git is installed and .git is a
// folder: not in a linked worktree, nor in a copy of the files alone.
func ThisBuild() Build {
	b := Build{Version: "unknown"}
	if info, ok := debug.ReadBuildInfo(); ok {
		b.Version, b.Go = cmp.Or(info.Main.Version, b.Version), info.GoVersion
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Commit = s.Value
			case "vcs.time":
				b.Date, _ = time.Parse(time.RFC3339, s.Value) // what is no time is not known
			case "vcs.modified":
				b.Modified = s.Value == "true"
			}
		}
	}
	b.Version = cmp.Or(buildVersion, b.Version)
	if buildCommit != "" {
		// "-dirty" at its end: as "git describe" says of files that had changed.
		b.Commit, b.Modified = strings.CutSuffix(buildCommit, "-dirty")
		b.Date, _ = time.Parse(time.RFC3339, buildDate)
	}
	return b
}

// String is one line: the version, the commit and its date.
func (b Build) String() string {
	commit, date := "unknown", "unknown"
	if b.Commit != "" {
		commit = b.Commit[:min(len(b.Commit), 12)]
	}
	if b.Modified {
		commit += " with changes"
	}
	if !b.Date.IsZero() {
		date = b.Date.UTC().Format(time.RFC3339)
	}
	return strings.Join([]string{b.Version, "commit " + commit, "date " + date}, ", ")
}

// newVersion is the command "version" of every binary; the flag --version says the same.
func newVersion(o *Options) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "The version, the commit it was built from, and its date", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			b := ThisBuild()
			return o.Print(b, func(w io.Writer) { fmt.Fprintf(w, "%s %s\n", cmd.Root().Name(), b) })
		},
	}
}
