package main

import (
	"io"

	"github.com/spf13/cobra"

	"postgang/cmd/cli"
)

// world is what a command touches: results go to out, everything else to err; a test hands in a clock and crash points.
type world struct {
	out, err io.Writer
	wiring   wiring
}

// options are the flags of all commands.
type options struct {
	*cli.Options
	wiring wiring
}

func newRoot(w world) *cobra.Command {
	o := &options{Options: &cli.Options{Out: w.out, Err: w.err}, wiring: w.wiring}
	root := o.Root("postgang", "Batch print and post for Norwegian public-sector mail", `postgang carries a municipality's unread and non-digital mail from the archive to
the print vendor, exactly once, and the cost of it back to finance.

  postgang init          write a commented postgang.toml and the folders
  postgang doctor        check everything, and say what to fix
  postgang submit DIR    hand in a shipment
  postgang night         one run now: collect, compose, offer
  postgang receipts fetch, then postgang report

Exit codes: 0 done, 1 failed, 2 wrong arguments or configuration, 3 done in part
(a person must look), 4 another process is at it.`)
	root.PersistentFlags().BoolVar(&o.wiring.allowRoot, "allow-root", false, "run as root though the archive belongs to another user")
	root.AddCommand(
		newInit(o), newDoctor(o), newSubmit(o), newNight(o), newGuard(o), newMonth(o), newInvoice(o), newDeviations(o), newCodes(o), newServe(o), newStatus(o),
		newShipment(o), newJob(o), newReceipts(o), newReport(o), newPostcodes(o),
	)
	root.AddCommand(newCheck(o), newPrepare(o), newLetter(o), newAlarms(o), newVendorCheck(o), newManual(o), newArchive(o), newRecover(o), newIntegration(o), newKey(o))
	o.completions(root)
	return root
}
