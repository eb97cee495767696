package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"postgang/cmd/cli"
	"postgang/printjobs/prepare"
)

func newPrepare(o *options) *cobra.Command {
	var vendor, out string
	var force bool
	cmd := &cobra.Command{
		Use:   "prepare FILE -o OUT.pdf",
		Short: "Write the print-ready PDF of a PDF",
		Long: `Writes what would be printed: every page upright on A4, form fields and annotations that
print drawn in, layers as they print, and nothing else of the file. The forside is not part
of it. Exit code 3: the file cannot be printed, and the findings say why.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			p, err := o.pdfProfile(vendor)
			if err != nil {
				return err
			}
			if err := cli.MayWrite(args[0], out, force); err != nil {
				return err
			}
			p.pool.Workers = 1
			pool, err := prepare.NewPool(p.pool)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, pool.Close()) }()
			// In a folder of its own beside the output: whatever happens, there is a whole file at OUT.pdf or none.
			dir, err := os.MkdirTemp(filepath.Dir(out), ".postgang-prepare-*")
			if err != nil {
				return fmt.Errorf("folder of %s: %w", out, cli.WithoutName(err))
			}
			defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
			req := prepare.Request{Output: filepath.Join(dir, "out.pdf"), Checks: p.checks}
			v, err := lookAt(cmd.Context(), pool, args[0], req, p)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if v.Outcome == outcomePrintable {
				if err := cli.Place(req.Output, out, force); err != nil {
					return err
				}
				v.Output = out
			}
			if err := o.Print(v, func(w io.Writer) {
				v.people(w)
				if v.Output != "" {
					fmt.Fprintln(w, "written:", v.Output)
				}
			}); err != nil {
				return err
			}
			if v.Outcome == outcomeRefused {
				return cli.Partial("%s cannot be printed; nothing is written", args[0])
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "the print-ready PDF to write")
	cmd.Flags().BoolVarP(&force, "force", "f", false, "write over a file that is there")
	cmd.Flags().StringVarP(&vendor, "profile", "p", "", profileFlag)
	_ = cmd.MarkFlagRequired("output") // it exists: the line above defines it
	return cmd
}
