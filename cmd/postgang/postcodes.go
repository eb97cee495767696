package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"postgang/billing/civil"
	"postgang/cmd/cli"
	"postgang/engine/calendar"
	"postgang/engine/postcode"
)

func newPostcodes(o *options) *cobra.Command {
	var dated string
	imp := &cobra.Command{
		Use:   "import FILE",
		Short: "Import Bring's register (postnummerregister-ansi.txt)",
		Long: `Checks Bring's tab-separated register and keeps it beside the configuration as
postnummer-DAY.tsv; name it as intake.postcodes. Without a register only the form of a
postnummer is checked.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			day := civil.Of(time.Now(), calendar.Oslo)
			if dated != "" {
				var err error
				if day, err = civil.Parse(dated); err != nil {
					return cli.Usage("--dated: %w", err)
				}
			}
			data, err := readWithin(args[0], postcode.MaxRegisterBytes)
			if err != nil {
				return err
			}
			out := filepath.Join(filepath.Dir(o.Config), "data", fmt.Sprintf("postnummer-%s.tsv", day))
			if err := os.MkdirAll(filepath.Dir(out), 0o700); err != nil {
				return err
			}
			tmp := out + ".tmp"
			if err := os.WriteFile(tmp, data, 0o600); err != nil {
				return err
			}
			defer os.Remove(tmp)
			r, err := postcode.Load(tmp)
			if err != nil {
				return fmt.Errorf("%s is not imported: %w", filepath.Base(args[0]), err)
			}
			if err := os.Rename(tmp, out); err != nil {
				return err
			}
			fmt.Fprintf(o.Out, "%d postnummer, dated %s. In %s, under [intake]: postcodes = \"data/%s\"\n", r.Len(), day, o.Config, filepath.Base(out))
			return nil
		},
	}
	imp.Flags().StringVar(&dated, "dated", "", "day of the register, YYYY-MM-DD (default today)")
	return cli.Group("postcodes", "The register of postnummer", imp)
}
