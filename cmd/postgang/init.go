package main

import (
	"bytes"
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/template"

	"github.com/spf13/cobra"

	"postgang/cmd/config"
	"postgang/engine/intake"
	"postgang/fixtures/vendorsim"
)

//go:embed template.toml
var configTemplate string

// settings fill the template of a new configuration.
type settings struct {
	VendorName, Address, User, HostKey   string
	Account, AccountName, Postcode, City string
	Synthetic                            bool
}

// simulatorAddress is where "postgang vendor-sim" listens unless told otherwise.
const simulatorAddress = "127.0.0.1:2222"

func newInit(o *options) *cobra.Command {
	var simulator bool
	s := settings{
		VendorName: "Trykkeriet AS",
		Account:    "kommune", AccountName: "Eksempel kommune", Postcode: "0150", City: "Oslo",
	}
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a commented configuration, the folders and our SSH key",
		Long: `Writes postgang.toml with every common setting explained, makes the folders it
names and an SSH key pair for the vendor. Nothing that exists is overwritten. The
first command that works with the configuration makes the archive; later on, an
archive that is missing is an error.

With --simulator the configuration points at the vendor simulator of this program
("postgang vendor-sim"), so that everything can be tried on one machine.`,
		Args: cobra.NoArgs,
		RunE: func(_ *cobra.Command, _ []string) error { return initialise(o, s, simulator) },
	}
	cmd.Flags().StringVar(&s.Address, "address", "", "the vendor's SFTP server, host:port")
	cmd.Flags().StringVar(&s.User, "user", "", "our login at the vendor")
	cmd.Flags().StringVar(&s.HostKey, "host-key", "", "the vendor's public host key, as the vendor has confirmed it")
	cmd.Flags().BoolVar(&simulator, "simulator", false, "configure the vendor simulator of this program as the vendor")
	cmd.Flags().StringVar(&s.Account, "account", s.Account, "key of the first account: lower-case letters, digits, hyphens")
	cmd.Flags().StringVar(&s.AccountName, "name", s.AccountName, "name of the first account's sender")
	cmd.Flags().StringVar(&s.Postcode, "postcode", s.Postcode, "its postnummer")
	cmd.Flags().StringVar(&s.City, "city", s.City, "its poststed")
	return cmd
}

func initialise(o *options, s settings, simulator bool) error {
	if _, err := os.Stat(o.config); err == nil {
		return usage("%s exists already; nothing was changed. Check it with \"postgang doctor\"", o.config)
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	dir := filepath.Dir(o.config)
	key, err := vendorsim.LoadOrCreateKey(filepath.Join(dir, "nokler", "postgang"))
	if err != nil {
		return err
	}
	if simulator {
		host, err := vendorsim.LoadOrCreateKey(filepath.Join(dir, "trykkeri", "vertsnokkel"))
		if err != nil {
			return err
		}
		s.VendorName, s.HostKey, s.Synthetic = "Trykkerisimulator", host.Authorized, true
		s.Address, s.User = cmp.Or(s.Address, simulatorAddress), cmp.Or(s.User, vendorsim.DefaultUser)
	}
	text, err := render(s)
	if err != nil {
		return err
	}
	if err := writeNew(o.config, text); err != nil {
		return err
	}
	if err := markFirstStart(o.config); err != nil {
		return err
	}
	var made []string
	if cfg, err := config.Parse(o.config, text); err == nil {
		made = []string{cfg.Documents, cfg.Work, cfg.ReportFolder, cfg.Inbox}
		for _, d := range made {
			if err := os.MkdirAll(d, 0o700); err != nil {
				return err
			}
		}
		if err := intake.MakeFolders(cfg.Inbox, s.Account); err != nil {
			return err
		}
	} else if simulator {
		return err
	}
	return o.print(map[string]any{"config": o.config, "public_key": key.Authorized, "folders": made}, func(w io.Writer) {
		fmt.Fprintf(w, "Wrote %s.\n", o.config)
		fmt.Fprintf(w, "Our public key for the vendor (nokler/postgang.pub):\n  %s\n", key.Authorized)
		if simulator {
			fmt.Fprintf(w, "Next: start \"postgang vendor-sim\" in another terminal, then \"postgang doctor\".\n")
		} else {
			fmt.Fprintf(w, "Next: fill in the vendor's address and host key and your account in %s, then \"postgang doctor\".\n", o.config)
		}
	})
}

func render(s settings) ([]byte, error) {
	t, err := template.New("postgang.toml").Parse(configTemplate)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, s)
	return b.Bytes(), err
}

// writeNew writes a file that must not exist.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
