package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/access"
	"postgang/engine/intake/sealed"
)

func newKey(o *options) *cobra.Command {
	return cli.Group("key", "Keys that senders encrypt documents for: make, list, rotate, show and end them",
		newKeyAdd(o), newKeyList(o), newKeyRotate(o), newKeyShow(o), newKeyEnd(o))
}

// keyView is a key without anything secret.
type keyView struct {
	Name        string     `json:"name"`
	Account     string     `json:"account"`
	Serial      string     `json:"serial"` // of the certificate, in hex
	Made        cli.Moment `json:"made_at"`
	Until       cli.Moment `json:"valid_until"`
	Newest      bool       `json:"newest"` // the one that senders are given
	Certificate string     `json:"certificate,omitempty"`
}

func viewKey(k sealed.Key, newest bool) keyView {
	return keyView{Name: k.Name, Account: k.Account, Serial: k.Certificate.SerialNumber.Text(16), Made: cli.When(k.Made()), Until: cli.When(k.Until()), Newest: newest}
}

// keys are the folder of keys and those of an account, which must be configured.
func (o *options) keys(account string) (sealed.Folder, []sealed.Key, error) {
	cfg, err := config.Load(o.Config)
	if err != nil {
		return "", nil, err
	}
	if err := notAsRoot(cfg, o.wiring.allowRoot); err != nil {
		return "", nil, err
	}
	if err := access.ValidAccounts([]string{account}, accountKeys(cfg)); err != nil {
		return "", nil, cli.Usage("%v", err)
	}
	f := sealed.Folder(cfg.HTTP.Keys)
	list, err := f.Keys(account)
	return f, list, err
}

func (o *options) made(f sealed.Folder, account string) error {
	now := time.Now
	if o.wiring.Now != nil {
		now = o.wiring.Now
	}
	k, err := f.Make(account, now())
	if err != nil {
		return err
	}
	return o.Print(viewKey(k, true), func(w io.Writer) {
		fmt.Fprintf(w, "key %s of account %s, valid until %s\n  its certificate, for senders: postgang key show %s\n", k.Name, account, cli.When(k.Until()), account)
	})
}

func newKeyAdd(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "add ACCOUNT",
		Short: "Make an account's first key, so that encrypted documents can be opened and printed",
		Long: `Makes an RSA key and a certificate of it in the folder that [http] keys names. Senders encrypt documents for the
certificate (kryptert); they fetch it at /forsendelse/publickey/hent, or are given what "postgang key show" prints. Back the folder up:
what was encrypted for a key that is lost cannot be opened.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			f, list, err := o.keys(args[0])
			if err != nil {
				return err
			}
			if len(list) > 0 {
				return cli.Usage("account %s has a key already; \"postgang key rotate %s\" makes another", args[0], args[0])
			}
			return o.made(f, args[0])
		},
	}
}

func newKeyRotate(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "rotate ACCOUNT",
		Short: "Make a new key of an account; the older ones still open what was encrypted for them",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			f, list, err := o.keys(args[0])
			if err != nil {
				return err
			}
			if len(list) == 0 {
				return cli.Usage("account %s has no key; \"postgang key add %s\" makes one", args[0], args[0])
			}
			return o.made(f, args[0])
		},
	}
}

func newKeyList(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "All keys that are in use",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := config.Load(o.Config)
			if err != nil {
				return err
			}
			list, unread := sealed.Folder(cfg.HTTP.Keys).All()
			views := []keyView{}
			for i, k := range list {
				views = append(views, viewKey(k, i == 0 || list[i-1].Account != k.Account))
			}
			err = o.Print(views, func(w io.Writer) {
				if len(views) == 0 {
					fmt.Fprintln(w, "No keys. \"postgang key add ACCOUNT\" makes one.")
					return
				}
				cli.Table(w, "NAME\tACCOUNT\tMADE\tVALID UNTIL\tSENDERS ARE GIVEN", func(row func(cells ...any)) {
					for _, v := range views {
						given := "no: it opens what is older"
						if v.Newest {
							given = "yes"
						}
						row(v.Name, v.Account, v.Made, v.Until, given)
					}
				})
			})
			return errors.Join(err, unread)
		},
	}
}

func newKeyShow(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "show ACCOUNT",
		Short: "Print an account's newest certificate in PEM, for a sender",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			_, list, err := o.keys(args[0])
			if err != nil {
				return err
			}
			if len(list) == 0 {
				return cli.Usage("account %s has no key; \"postgang key add %s\" makes one", args[0], args[0])
			}
			v := viewKey(list[0], true)
			v.Certificate = string(list[0].PEM)
			return o.Print(v, func(w io.Writer) { fmt.Fprint(w, v.Certificate) })
		},
	}
}

func newKeyEnd(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "end NAME",
		Short: "End a key: what was encrypted for it is refused from now on",
		Long: `Ends the key of that name (see "postgang key list"). Its files stay in the folder with .avsluttet behind their names:
remove them when nothing will be sent again that was encrypted for it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			f, list, err := o.keys(sealed.AccountOf(args[0]))
			at := slices.IndexFunc(list, func(k sealed.Key) bool { return k.Name == args[0] })
			if err == nil && at < 0 {
				err = cli.Usage("there is no key %q; see \"postgang key list\"", args[0])
			}
			if err == nil {
				err = f.End(args[0])
			}
			if err != nil {
				return err
			}
			return o.Print(viewKey(list[at], at == 0), func(w io.Writer) {
				fmt.Fprintf(w, "key %s is ended\n", args[0])
				if len(list) == 1 {
					fmt.Fprintf(w, "account %s has no key now: encrypted documents are refused\n", list[at].Account)
				}
			})
		},
	}
}
