package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/party"
	"postgang/printjobs/exchange"
)

// vendorCheckView is what was found at one vendor.
type vendorCheckView struct {
	Vendor   string             `json:"vendor"`
	Address  string             `json:"address"`
	At       cli.Moment         `json:"at"`
	OK       bool               `json:"ok"`
	Findings []exchange.Finding `json:"findings"`
}

// vendorCheckTime bounds the check of one vendor.
const vendorCheckTime = 5 * time.Minute

func newVendorCheck(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "vendor-check [VENDOR…]",
		Short: "Check whether a vendor's SFTP account keeps the contract, with a report",
		Long: `Tries at the vendor's server what the exchange needs (docs/vendor-exchange.md): connection and host key,
folders and rights, that files arrive byte by byte, renames to free and to taken names, listings
over a second connection, long names, the server's clock, free space, removal. It writes a few
files of its own into our inbox, which look like no job, and removes them again. Neither archive
nor letters are touched, so it can be run before the first night.

"weak" works, but could be better. Exit code 1: something does not work.`,
		RunE: func(cmd *cobra.Command, names []string) error {
			cfg, err := config.Load(o.Config)
			if err != nil {
				return err
			}
			vendors := slices.DeleteFunc(slices.Clone(cfg.Vendors), func(v party.Vendor) bool { return v.Manual || v.Profile.Orders != nil })
			if len(names) > 0 {
				vendors = nil
				for _, n := range names {
					i := slices.IndexFunc(cfg.Vendors, func(v party.Vendor) bool { return v.Key == n })
					if i < 0 {
						return cli.Unknown("configured vendor", n, vendorKeys(cfg))
					}
					if cfg.Vendors[i].Manual {
						return cli.Usage("vendor %q is manual print: it has no SFTP account", n)
					}
					if cfg.Vendors[i].Profile.Orders != nil {
						return cli.Usage("vendor %q takes print orders and does not keep our contract: \"postgang doctor\" tries its account", n)
					}
					vendors = append(vendors, cfg.Vendors[i])
				}
			}
			views, bad := []vendorCheckView{}, 0
			for _, v := range vendors {
				ctx, cancel := context.WithTimeout(cmd.Context(), vendorCheckTime)
				view := vendorCheckView{Vendor: v.Key, Address: v.Target.Address, At: cli.When(time.Now()), Findings: exchange.Conform(ctx, v.Target, time.Now)}
				cancel()
				view.OK = !slices.ContainsFunc(view.Findings, func(f exchange.Finding) bool { return !f.OK })
				if !view.OK {
					bad++
				}
				views = append(views, view)
			}
			if err := o.Print(views, func(w io.Writer) { showVendorChecks(w, views) }); err != nil {
				return err
			}
			if bad > 0 {
				return fmt.Errorf("%d of %d vendors do not keep the contract", bad, len(views))
			}
			return nil
		},
	}
}

func showVendorChecks(w io.Writer, views []vendorCheckView) {
	for _, v := range views {
		fmt.Fprintf(w, "Vendor %s at %s, %s\n", v.Vendor, v.Address, v.At)
		for _, f := range v.Findings {
			mark := "ok  "
			switch {
			case !f.OK:
				mark = "FAIL"
			case f.Weak:
				mark = "weak"
			}
			fmt.Fprintf(w, "%s  %-24s %s\n", mark, f.Check, f.Text)
			if f.Advice != "" {
				fmt.Fprintf(w, "      → %s\n", f.Advice)
			}
		}
	}
}
