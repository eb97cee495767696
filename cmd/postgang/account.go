package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/calendar"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/words"
	"postgang/printjobs/cover"
	"postgang/printjobs/impose"
)

func newAccount(o *options) *cobra.Command {
	return cli.Group("account", "Look at how an account's letters are set up, and set it anew from a day on",
		newAccountShow(o), newAccountChange(o), newAccountCover(o))
}

// accountCoverView is a made-up forside as people and programs see it.
type accountCoverView struct {
	Account  string         `json:"account"`
	Language cover.Language `json:"language"`
	Vendor   string         `json:"vendor"` // whose envelope it is laid out for
	PDF      string         `json:"pdf"`
	Notes    []string       `json:"notes,omitempty"`
}

func newAccountCover(o *options) *cobra.Command {
	var out, language string
	var force bool
	cmd := &cobra.Command{
		Use:   "cover ACCOUNT",
		Short: "Write a made-up forside of an account: sender, logo, text, and the envelope's window",
		Long: `Writes the forside of a letter that does not exist, by the code that makes all of them and as
the configuration stands now: sender, logo, return address and forsidetekst, for the envelope of
the account's vendor. The window is outlined (dashed), and what of the sheet always shows in it;
these lines are on no letter. --language shows the labels that a shipment with that spraak gets.

No archive is needed, and nothing is changed.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: o.completeConfig(accountKeys),
		RunE: func(_ *cobra.Command, args []string) error {
			return o.accountCover(args[0], cover.Language(language), out, force)
		},
	}
	cmd.Flags().StringVar(&language, "language", "", "language of the labels: nb, nn, se or en (default: the account's)")
	cmd.Flags().StringVarP(&out, "output", "o", "", "the PDF to write (default: forside-ACCOUNT.pdf here)")
	cmd.Flags().BoolVarP(&force, "force", "f", false, "write over a file that is there")
	_ = cmd.RegisterFlagCompletionFunc("language", completeWords(cover.Languages())) // fails only for a flag that is not there
	return cmd
}

func (o *options) accountCover(key string, language cover.Language, out string, force bool) error {
	if !language.Valid() {
		return cli.Unknown("language", string(language), namesOf(cover.Languages()))
	}
	cfg, err := config.Load(o.Config)
	if err != nil {
		return err
	}
	if err := checkAccounts(cfg, key); err != nil {
		return err
	}
	account := cfg.Accounts[slices.IndexFunc(cfg.Accounts, func(a party.Account) bool { return a.Key == key })]
	vendor := cfg.Vendors[slices.IndexFunc(cfg.Vendors, func(v party.Vendor) bool { return v.Key == account.Vendor })]
	if language == "" {
		language = account.Sender.Language
	}
	if language == "" {
		language = cover.Bokmal
	}
	if out == "" {
		out = "forside-" + key + ".pdf"
	}
	if err := cli.MayWrite("", out, force); err != nil {
		return err
	}
	maker, err := cover.New(vendor.Profile.Layout, account.Sender)
	if err != nil {
		return err
	}
	now := time.Now
	if o.wiring.Now != nil {
		now = o.wiring.Now
	}
	page, warnings, err := maker.Preview(language, now().In(calendar.Oslo))
	if err != nil {
		return err
	}
	if err := writePage(page, out, force); err != nil {
		return err
	}
	v := accountCoverView{Account: key, Language: language, Vendor: vendor.Key, PDF: out}
	if vendor.Profile.Impose.Cover != impose.CoverSheet {
		v.Notes = append(v.Notes, fmt.Sprintf("letters to vendor %s have no forside: print.cover is none", vendor.Key))
	}
	for _, w := range warnings {
		v.Notes = append(v.Notes, words.Refusal(shipment.Refusal{Code: w.Code, Args: shipment.Args(w.Args)}, words.English))
	}
	return o.Print(v, func(w io.Writer) {
		fmt.Fprintf(w, "Forside of account %s in %s, for the envelope of vendor %s\n", v.Account, v.Language, v.Vendor)
		for _, n := range v.Notes {
			fmt.Fprintln(w, "note:", n)
		}
		fmt.Fprintln(w, "written:", v.PDF)
	})
}

func namesOf[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

// writePage writes a PDF beside its place first: whatever happens, there is a whole file at out or none.
func writePage(page io.WriterTo, out string, force bool) (err error) {
	f, err := os.CreateTemp(filepath.Dir(out), ".postgang-forside-*")
	if err != nil {
		return fmt.Errorf("folder of %s: %w", out, cli.WithoutName(err))
	}
	defer func() {
		if gone := os.Remove(f.Name()); !errors.Is(gone, os.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}()
	_, err = page.WriteTo(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", out, cli.WithoutName(err))
	}
	return cli.Place(f.Name(), out, force)
}
