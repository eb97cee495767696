package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/access"
	"postgang/engine/insight"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// revealView is personal data of a letter: what was asked for.
type revealView struct {
	Shipment  string         `json:"shipment"`
	Account   string         `json:"account"`
	Lookup    int64          `json:"lookup"` // its number in the innsynslogg
	Recipient *recipientView `json:"recipient,omitempty"`
	Title     string         `json:"title,omitempty"`
	Documents []documentView `json:"documents,omitempty"`
}

type recipientView struct {
	Name    string   `json:"name"`
	Address []string `json:"address"`
	ID      string   `json:"digital_id,omitempty"`
}

type documentView struct {
	Name     string `json:"name"`
	MimeType string `json:"mime_type"`
	Bytes    int64  `json:"bytes"`
	Printed  bool   `json:"printed"`
}

// revealed is what the command can show: pages are shown by "letter preview".
var revealed = []access.What{access.WhatRecipient, access.WhatTitle, access.WhatDocuments}

func newShipmentReveal(o *options) *cobra.Command {
	var purpose string
	var words []string
	cmd := &cobra.Command{
		Use:   "reveal ID|ACCOUNT/KEY",
		Short: "Personal data of a letter: recipient, title, names of documents; the look-up is logged",
		Long: `Shows who a letter is to and what it is called. That you looked, and the purpose, is written to the innsynslogg first
("postgang log lookups"). Of a letter with krevNiva4Innlogging documents are shown to nobody.`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: o.completeShipments(store.ShipmentFilter{}),
		RunE: func(cmd *cobra.Command, args []string) error {
			what, err := oneOf("kind of personal data", words, revealed)
			if err != nil {
				return err
			}
			if why := access.BadPurpose(purpose); why != "" {
				return cli.Usage("--purpose: %s", why)
			}
			ctx := cmd.Context()
			return o.with(ctx, false, func(a *app.App) error {
				s, err := store.View(ctx, a.Archive, func(r store.Reader) (shipment.Shipment, error) { return findShipment(ctx, r, args[0]) })
				if err != nil {
					return err
				}
				out, err := a.Insight.Reveal(ctx, access.By(ctx), access.Scope{All: true}, s.ID, what, purpose)
				if errors.Is(err, insight.ErrLevel4) {
					return cli.Usage("%v; --what mottaker,tittel", err)
				}
				if err != nil {
					return err
				}
				v := viewRevealed(out, what)
				return o.Print(v, func(w io.Writer) { showRevealed(w, v) })
			})
		},
	}
	cmd.Flags().StringVar(&purpose, "purpose", "", "why; kept in the innsynslogg, so without personal data (required)")
	cmd.Flags().StringSliceVar(&words, "what", []string{"mottaker", "tittel"}, "what to show: mottaker, tittel, dokumenter")
	_ = cmd.MarkFlagRequired("purpose") // the flag is there
	_ = cmd.RegisterFlagCompletionFunc("what", completeWords(revealed))
	return cmd
}

func viewRevealed(r insight.Revealed, what []access.What) revealView {
	v := revealView{Shipment: r.Lookup.Shipment, Account: r.Lookup.Account, Lookup: r.Lookup.Seq, Title: r.Title.Reveal()}
	if slices.Contains(what, access.WhatRecipient) {
		to := r.Recipient
		v.Recipient = &recipientView{Name: to.Name.Reveal(), ID: to.DigitalID.Reveal()}
		for _, line := range []string{to.Line1.Reveal(), to.Line2.Reveal(), to.Line3.Reveal(), strings.TrimSpace(to.Postcode + " " + to.City.Reveal()), to.Country} {
			if line != "" {
				v.Recipient.Address = append(v.Recipient.Address, line)
			}
		}
	}
	for _, d := range r.Documents {
		v.Documents = append(v.Documents, documentView{d.FileName.Reveal(), d.MimeType, d.Blob.Bytes, !d.Excluded})
	}
	return v
}

func showRevealed(w io.Writer, v revealView) {
	fmt.Fprintf(w, "shipment %s of account %s; look-up %d is logged\n", v.Shipment, v.Account, v.Lookup)
	if to := v.Recipient; to != nil {
		fmt.Fprintf(w, "  to     %s\n", to.Name)
		for _, line := range to.Address {
			fmt.Fprintf(w, "         %s\n", line)
		}
		if to.ID != "" {
			fmt.Fprintf(w, "  id     %s\n", to.ID)
		}
	}
	if v.Title != "" {
		fmt.Fprintf(w, "  title  %s\n", v.Title)
	}
	for _, d := range v.Documents {
		fmt.Fprintf(w, "  file   %s, %s, %d bytes\n", d.Name, d.MimeType, d.Bytes)
	}
}
