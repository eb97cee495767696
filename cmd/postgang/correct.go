package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"postgang/billing/civil"
	"postgang/billing/receipt"
	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/accept"
	"postgang/engine/calendar"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/words"
)

// maxAddressBytes bounds the file of an address.
const maxAddressBytes = 64 << 10

// addressFrom reads an address as in forsendelse.json's mottaker, from a file or, for "-", standard input: it is personal data, which
// does not belong in arguments.
func addressFrom(in io.Reader, path string) (*shipment.PostalAddress, error) {
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, maxAddressBytes+1))
	if err != nil {
		return nil, err
	}
	var a shipment.PostalAddress
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if len(data) > maxAddressBytes || d.Decode(&a) != nil { // its error would quote the address
		return nil, cli.Usage(`the address is not JSON as mottaker in forsendelse.json: {"navn": …, "adresselinje1": …, "postnummer": …, "poststed": …}`)
	}
	if a.DigitalID != "" {
		return nil, cli.Usage("the address has a digitalId, which stays as it was handed in: leave it out")
	}
	return &a, nil
}

// addressFault says each reason why an address was not taken.
func addressFault(err error) error {
	var bad *accept.AddressError
	if !errors.As(err, &bad) {
		return err
	}
	lines := []string{"the address is not taken:"}
	for _, r := range bad.Refusals {
		if !r.Warning {
			lines = append(lines, fmt.Sprintf("  %s %s: %s", r.Code, r.Field, words.Refusal(r, words.English)))
		}
	}
	return errors.New(strings.Join(lines, "\n"))
}

// one finds a shipment by the only argument.
func (o *options) one(cmd *cobra.Command, name string, fn func(a *app.App, s shipment.Shipment) error) error {
	return o.with(cmd.Context(), false, func(a *app.App) error {
		s, err := store.View(cmd.Context(), a.Archive, func(r store.Reader) (shipment.Shipment, error) { return findShipment(cmd.Context(), r, name) })
		if err != nil {
			return err
		}
		return fn(a, s)
	})
}

func reasoned(reason string) error {
	if strings.TrimSpace(reason) == "" {
		return cli.Usage("--reason is missing: say in a few words why, without personal data")
	}
	return nil
}

func newShipmentAddress(o *options) *cobra.Command {
	var from, reason string
	cmd := &cobra.Command{
		Use:   "address ID|ACCOUNT/KEY --from FILE --reason TEXT",
		Short: "Correct the postal address of a letter before it is printed",
		Long: `Gives a letter that is not printed yet another postal address. --from is a file with the whole address
as JSON, as mottaker in forsendelse.json, without digitalId; "-" reads it from standard input. It is
held to the rules of a hand-in and to the envelope's window. A letter that is in a print job is
refused. Who corrected it and --reason are kept in the history and shown: write no personal data in
it. The address itself is in neither.`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: o.completeShipments(store.ShipmentFilter{}),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := reasoned(reason); err != nil {
				return err
			}
			if from == "" {
				return cli.Usage("--from is missing: a file with the address, or - for standard input")
			}
			to, err := addressFrom(cmd.InOrStdin(), from)
			if err != nil {
				return err
			}
			return o.one(cmd, args[0], func(a *app.App, s shipment.Shipment) error {
				if err := a.Engine.CorrectAddress(cmd.Context(), s.ID, *to, reason); err != nil {
					return addressFault(err)
				}
				return o.Print(map[string]string{"id": s.ID}, func(w io.Writer) { fmt.Fprintf(w, "%s has the new address.\n", s.ID) })
			})
		},
	}
	cmd.Flags().StringVar(&from, "from", "", `file with the address as JSON; "-": standard input (required)`)
	cmd.Flags().StringVar(&reason, "reason", "", "why; kept in the history and shown, so without personal data (required)")
	return cmd
}

func newShipmentResend(o *options) *cobra.Command {
	var from, reason string
	cmd := &cobra.Command{
		Use:   "resend ID|ACCOUNT/KEY --reason TEXT [--from FILE]",
		Short: "Send a letter once more on paper, as a new shipment",
		Long: `Sends a letter whose way has ended (posted and come back, read, closed, not delivered) once more on
paper, as a new shipment, to the address of --from ("shipment address" says its form) or to the same
one. The histories of both name the other. Doing it again with the same address gives the same new
shipment. What is still wanted of a job that the vendor has is ordered by "job reprint" instead.`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: o.completeShipments(store.ShipmentFilter{}),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := reasoned(reason); err != nil {
				return err
			}
			var to *shipment.PostalAddress
			if from != "" {
				var err error
				if to, err = addressFrom(cmd.InOrStdin(), from); err != nil {
					return err
				}
			}
			return o.one(cmd, args[0], func(a *app.App, s shipment.Shipment) error {
				got, err := a.Engine.SendAgain(cmd.Context(), s.ID, to, reason)
				if err != nil {
					return err
				}
				return o.Print(map[string]any{"id": s.ID, "new": got.ID, "already": got.Already}, func(w io.Writer) {
					if got.Already {
						fmt.Fprintf(w, "%s is sent again already, as %s.\n", s.ID, got.ID)
						return
					}
					fmt.Fprintf(w, "%s is sent again as %s. \"postgang serve\" or the next night prepares it.\n", s.ID, got.ID)
				})
			})
		},
	}
	cmd.Flags().StringVar(&from, "from", "", `file with another address as JSON; "-": standard input`)
	cmd.Flags().StringVar(&reason, "reason", "", "why; kept in the history and shown, so without personal data (required)")
	return cmd
}

func newShipmentReturned(o *options) *cobra.Command {
	var cause, on string
	cmd := &cobra.Command{
		Use:   "returned ID|ACCOUNT/KEY --cause CAUSE",
		Short: "Note that a letter came back by post",
		Long: `Notes that a letter that was posted came back, on the day of --on. Its status stays: it was printed and
posted. A return that the vendor has told of is noted already. Causes: ` + causes() + `.`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: o.completeShipments(store.ShipmentFilter{}),
		RunE: func(cmd *cobra.Command, args []string) error {
			why := receipt.ReturnReason(cause)
			if !why.Valid() {
				return cli.Usage("--cause must be one of: %s", causes())
			}
			return o.one(cmd, args[0], func(a *app.App, s shipment.Shipment) error {
				day := civil.Date(on)
				if on == "" {
					day = civil.Of(a.Now(), calendar.Oslo)
				}
				if err := a.Engine.NoteReturned(cmd.Context(), s.ID, why, day); err != nil {
					return err
				}
				return o.Print(map[string]any{"id": s.ID, "cause": why, "day": day}, func(w io.Writer) {
					fmt.Fprintf(w, "%s is noted as returned on %s. To send it again: postgang shipment resend %s\n", s.ID, day, s.ID)
				})
			})
		},
	}
	cmd.Flags().StringVar(&cause, "cause", "", "why it came back (required)")
	cmd.Flags().StringVar(&on, "on", "", "the day, as 2026-10-31 (default today)")
	return cmd
}

// causes are the causes of returned mail, for people.
func causes() string {
	var out []string
	for _, r := range receipt.ReturnReasons() {
		out = append(out, string(r))
	}
	return strings.Join(out, ", ")
}
