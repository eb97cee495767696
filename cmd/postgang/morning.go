package main

import (
	"io"
	"time"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/morning"
)

// morningView is the report as programs read it.
type morningView struct {
	From     cli.Moment        `json:"from"`
	To       cli.Moment        `json:"to"`
	Subject  string            `json:"subject"`
	Sections []morning.Section `json:"sections"`
}

func newMorning(o *options) *cobra.Command {
	var send bool
	cmd := &cobra.Command{
		Use:   "morning",
		Short: "What happened since the last morning, and what waits for a person (Norwegian)",
		Long: `The report that [schedule] morning makes and [morning] sends: what was handed in, what ran, what
was sent and answered, what it cost, what is set aside, what usually comes and did not, and
what a person must look at. It goes back to the last planned one, or a day.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd.Context(), false, func(a *app.App) error {
				r, err := a.Morning(cmd.Context(), send)
				if err != nil {
					return err
				}
				n := a.MorningNames()
				return o.Print(morningView{cli.When(r.From), cli.When(r.To.Truncate(time.Millisecond)), r.Subject(), r.Sections(n)}, func(w io.Writer) {
					_, _ = io.WriteString(w, r.Text(n)) // the terminal may be gone
				})
			})
		},
	}
	cmd.Flags().BoolVar(&send, "send", false, "also send it to whom [morning] names")
	return cmd
}
