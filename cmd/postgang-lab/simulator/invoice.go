package simulator

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"postgang/billing/civil"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/calendar"
	"postgang/fixtures/vendorsim"
)

// NewInvoice is the command "vendor-invoice".
func NewInvoice(o *cli.Options) *cobra.Command {
	var root, month string
	var differs int64
	cmd := &cobra.Command{
		Use:   "vendor-invoice --month YYYY-MM",
		Short: "The vendor simulator's invoice of a month, right or some øre off",
		Long: `Writes the invoice of the vendor simulator, as CSV for "postgang invoice take", for the letters that it
posted in a month and has sent receipts for. With --differs the production on it is so many øre more than the
receipts say (less, when negative): to rehearse what is done then.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			first, err := civil.Parse(month + "-01")
			if err != nil {
				return cli.Usage("--month %q is no month such as 2026-11", month)
			}
			if root == "" {
				root = filepath.Join(filepath.Dir(o.Config), config.SimulatorRoot)
			}
			data, err := vendorsim.New(root, vendorsim.Options{}).Invoice(cmd.Context(), vendorsim.InvoiceOrder{
				Number: "SIM-" + month, Period: civil.Period{From: first, To: civil.NextMonth(first)}, Date: civil.Of(time.Now(), calendar.Oslo), Differs: differs,
			})
			if err == nil {
				_, err = fmt.Fprintf(o.Out, "%s", data)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&root, "root", "", "the vendor's folder (default "+config.SimulatorRoot+" beside the configuration)")
	cmd.Flags().StringVar(&month, "month", "", "of which letters were posted, e.g. 2026-11")
	cmd.Flags().Int64Var(&differs, "differs", 0, "øre by which the production differs from the receipts")
	return cmd
}
