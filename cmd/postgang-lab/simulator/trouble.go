package simulator

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/fixtures/vendorsim"
)

// troubleView is an order as it is shown.
type troubleView struct {
	Kind    string   `json:"kind"`
	Says    string   `json:"says"`
	Jobs    int      `json:"jobs,omitempty"`
	Reasons []string `json:"reasons,omitempty"`
	After   string   `json:"after,omitempty"`
}

// NewTrouble is the command "vendor".
func NewTrouble(o *cli.Options) *cobra.Command {
	var root string
	var t vendorsim.Trouble
	var calm, list bool
	var kinds strings.Builder
	for _, k := range vendorsim.TroubleKinds() {
		fmt.Fprintf(&kinds, "  %-18s %s\n", k.Kind, k.Says)
	}
	cmd := &cobra.Command{
		Use:   "vendor [KIND]",
		Short: "Have the vendor simulator go wrong, to rehearse what is done then",
		Long: `Orders the vendor simulator beside the configuration ("postgang-lab vendor-sim") to go wrong from now
on, whether it is running or not. The order stands in the simulator's own folder and outlives it, until
--calm ends it. What the simulator owes because of it (an answer, receipts, a job that it has lost) follows
then. With no kind it tells what is ordered. docs/rehearsals.md says which alarm comes of each.

` + kinds.String(),
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: validKinds(),
		RunE: func(_ *cobra.Command, args []string) error {
			if root == "" {
				root = filepath.Join(filepath.Dir(o.Config), config.SimulatorRoot)
			}
			switch {
			case calm:
				n, err := vendorsim.Calm(root, args...)
				if err == nil && n == 0 && len(args) > 0 {
					err = cli.Usage("%s is not ordered; postgang-lab vendor shows what is", args[0])
				}
				if err != nil {
					return err
				}
			case len(args) == 1 && !list:
				t.Kind = args[0]
				if err := vendorsim.CheckTrouble(t); err != nil {
					return cli.Usage("%v; postgang-lab vendor --help has the kinds", err)
				}
				if err := vendorsim.OrderTrouble(root, t); err != nil {
					return err
				}
			}
			return show(o, root)
		},
	}
	cmd.Flags().StringVar(&root, "root", "", "the vendor's folder (default "+config.SimulatorRoot+" beside the configuration)")
	cmd.Flags().IntVar(&t.Jobs, "jobs", 0, "go wrong with so many jobs, beginning with the next (default: until --calm)")
	cmd.Flags().StringArrayVar(&t.Reasons, "reason", nil, "why a job is refused; may be given several times")
	cmd.Flags().DurationVar(&t.After, "after", 0, "how late it is, e.g. 2h (default: until --calm)")
	cmd.Flags().BoolVar(&calm, "calm", false, "end the order, or all of them")
	cmd.Flags().BoolVar(&list, "list", false, "only tell what is ordered")
	cmd.MarkFlagsMutuallyExclusive("calm", "list")
	return cmd
}

func validKinds() []string {
	var out []string
	for _, k := range vendorsim.TroubleKinds() {
		out = append(out, k.Kind)
	}
	return out
}

// show tells what is ordered.
func show(o *cli.Options, root string) error {
	list, err := vendorsim.Troubles(root)
	if err != nil {
		return err
	}
	views := []troubleView{}
	for _, k := range vendorsim.TroubleKinds() {
		for _, t := range list {
			if t.Kind != k.Kind {
				continue
			}
			v := troubleView{Kind: t.Kind, Says: k.Says, Jobs: t.Jobs, Reasons: t.Reasons}
			if t.After > 0 {
				v.After = t.After.Round(time.Second).String()
			}
			views = append(views, v)
		}
	}
	return o.Print(views, func(w io.Writer) {
		if len(views) == 0 {
			fmt.Fprintln(w, "The vendor in "+root+" keeps the contract.")
			return
		}
		fmt.Fprintln(w, "The vendor in "+root+" goes wrong:")
		cli.Table(w, "KIND JOBS AFTER SAYS", func(row func(...any)) {
			for _, v := range views {
				jobs := "all"
				if v.Jobs > 0 {
					jobs = fmt.Sprint(v.Jobs)
				}
				row(v.Kind, jobs, v.After, v.Says)
			}
		})
	})
}
