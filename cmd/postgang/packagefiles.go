//go:build packaging

package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"postgang/cmd/cli"
	"postgang/cmd/config"
)

// What a package holds beside the program is made from the program: only "make package" builds with this file, so that the program
// itself carries none of it.
func init() { morePackaging = newPackageFiles }

// packaged are the settings of the configuration in a package.
func packaged() settings {
	s := placeholder
	s.Data, s.Post, s.Keys, s.Packaged = "/var/lib/postgang", "/var/spool/postgang", "/var/lib/postgang/nokler", true
	return s
}

func newPackageFiles(_ *options) *cobra.Command {
	var maintainer, docs string
	cmd := &cobra.Command{
		Use:    "package-files DIR",
		Short:  "Write what a package holds beside the program: man pages, completions, the configuration, the changelog",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return packageFiles(args[0], docs, maintainer)
		},
	}
	cmd.Flags().StringVar(&docs, "docs", "docs", "folder of the documentation")
	cmd.Flags().StringVar(&maintainer, "maintainer", "", "who made the package, NAME <ADDRESS>")
	return cmd
}

func packageFiles(dir, docs, maintainer string) error {
	build := cli.ThisBuild()
	for _, d := range []string{"man", "completions", "doc"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return err
		}
	}
	s := packaged()
	if _, err := s.parse(config.PackagedPath); err != nil {
		return err
	}
	text, err := render(s)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, config.DefaultName), text, 0o644); err != nil {
		return err
	}
	if err := manPages(filepath.Join(dir, "man"), build); err != nil {
		return err
	}
	root := newRoot(world{})
	for name, write := range map[string]func(string) error{
		"postgang.bash": func(p string) error { return root.GenBashCompletionFileV2(p, true) },
		"_postgang":     root.GenZshCompletionFile,
		"postgang.fish": func(p string) error { return root.GenFishCompletionFile(p, true) },
	} {
		if err := write(filepath.Join(dir, "completions", name)); err != nil {
			return err
		}
	}
	changelog := fmt.Sprintf("postgang (%s) stable; urgency=medium\n\n  * What users notice stands in CHANGELOG.md.gz, and how to upgrade in\n    upgrade.md.\n\n -- %s  %s\n",
		build.Version, maintainer, build.Date.UTC().Format(time.RFC1123Z))
	if err := writeGzip(filepath.Join(dir, "doc", "changelog.gz"), []byte(changelog)); err != nil {
		return err
	}
	return documentation(filepath.Join(dir, "doc"), docs)
}

// documentation copies the pages that lie beside the program's own, the long ones compressed as Debian wants them.
func documentation(dir, docs string) error {
	pages, err := filepath.Glob(filepath.Join(docs, "*.md"))
	if err != nil {
		return err
	}
	if len(pages) == 0 {
		return fmt.Errorf("no documentation in %s: run this at the top of the repository", docs)
	}
	for _, page := range append(pages, filepath.Join(filepath.Dir(docs), "CHANGELOG.md")) {
		text, err := os.ReadFile(page)
		if err != nil {
			return err
		}
		to := filepath.Join(dir, filepath.Base(page))
		if filepath.Base(page) == "CHANGELOG.md" {
			err = writeGzip(to+".gz", text)
		} else {
			err = os.WriteFile(to, text, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// manPages writes a page of section 1 for each command.
func manPages(dir string, build cli.Build) error {
	if err := os.Setenv(cli.EnvConfig, config.PackagedPath); err != nil { // what the pages say is looked for
		return err
	}
	root := newRoot(world{})
	root.DisableAutoGenTag = true
	tmp, err := os.MkdirTemp("", "postgang-man-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	date := build.Date.UTC()
	if err := doc.GenManTree(root, &doc.GenManHeader{Section: "1", Date: &date, Source: "postgang " + build.Version, Manual: "Postgang"}, tmp); err != nil {
		return err
	}
	pages, err := filepath.Glob(filepath.Join(tmp, "*.1"))
	if err != nil {
		return err
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			return err
		}
		if err := writeGzip(filepath.Join(dir, filepath.Base(page)+".gz"), text); err != nil {
			return err
		}
	}
	if len(pages) < 50 {
		return fmt.Errorf("only %d man pages were made", len(pages))
	}
	return nil
}

// writeGzip writes a file that has the same bytes whenever it is made.
func writeGzip(path string, text []byte) error {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(text); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}
