package main

import (
	"bytes"
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"unicode"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/intake"
	"postgang/printjobs/exchange"
)

//go:embed template.toml
var configTemplate string

// settings fill the template of a new configuration.
type settings struct {
	VendorName, Address, User, HostKey   string
	Account, AccountName, Postcode, City string
	Synthetic                            bool
	Data, Post, Keys                     string // folders: of the archive, the drop folder, and keys
	Packaged                             bool   // they are not beside the configuration
}

// placeholder is what init writes for what it is not told; the sender must be replaced, which doctor looks at.
var placeholder = settings{VendorName: "Trykkeriet AS", Account: "kommune", AccountName: app.ExampleSender, Postcode: app.ExamplePostcode, City: "Oslo", Data: "data", Post: "data/post", Keys: path.Dir(config.ClientKey)}

func newInit(o *options) *cobra.Command {
	var simulator bool
	s := placeholder
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a commented configuration, the folders and our SSH key",
		Long: `Writes postgang.toml with every common setting explained, makes the folders it
names and an SSH key pair for the vendor. Nothing that exists is overwritten. The
first command that works with the configuration makes the archive; later on, an
archive that is missing is an error. What is written can be loaded: give the vendor's
server by --address, --user and --host-key; until you know them, letters are kept to be
printed here ("postgang manual list").

With --simulator the configuration points at the vendor simulator that comes with this
program ("postgang-lab vendor-sim"), so that everything can be tried on one machine.`,
		Args: cobra.NoArgs,
		RunE: func(_ *cobra.Command, _ []string) error { return initialise(o, s, simulator) },
	}
	cmd.Flags().StringVar(&s.Address, "address", "", "the vendor's SFTP server, host:port")
	cmd.Flags().StringVar(&s.User, "user", "", "our login at the vendor")
	cmd.Flags().StringVar(&s.HostKey, "host-key", "", "the vendor's public host key, as the vendor has confirmed it")
	cmd.Flags().BoolVar(&simulator, "simulator", false, "configure the vendor simulator of postgang-lab as the vendor")
	cmd.Flags().StringVar(&s.Account, "account", s.Account, "key of the first account: lower-case letters, digits, hyphens")
	cmd.Flags().StringVar(&s.AccountName, "name", s.AccountName, "name of the first account's sender")
	cmd.Flags().StringVar(&s.Postcode, "postcode", s.Postcode, "its postnummer")
	cmd.Flags().StringVar(&s.City, "city", s.City, "its poststed")
	return cmd
}

func initialise(o *options, s settings, simulator bool) error {
	if _, err := os.Stat(o.Config); err == nil {
		return cli.Usage("%s exists already; nothing was changed. Check it with \"postgang doctor\"", o.Config)
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if given := []bool{s.Address != "", s.User != "", s.HostKey != ""}; !simulator && slices.Contains(given, true) && slices.Contains(given, false) {
		return cli.Usage("--address, --user and --host-key belong together: give all three, or none and fill them in later")
	}
	// Tried before anything is made: keys come after, and are not needed to tell what does not load.
	tried := s
	if simulator {
		tried.Address, tried.User, tried.HostKey = "", "", ""
	}
	if _, err := tried.parse(o.Config); err != nil {
		return err
	}
	dir := filepath.Dir(o.Config)
	key, err := exchange.LoadOrCreateKey(filepath.Join(dir, config.ClientKey))
	if err != nil {
		return err
	}
	if simulator {
		host, err := exchange.LoadOrCreateKey(filepath.Join(dir, config.SimulatorHostKey))
		if err != nil {
			return err
		}
		s.VendorName, s.HostKey, s.Synthetic = "Trykkerisimulator", host.Authorized, true
		s.Address, s.User = cmp.Or(s.Address, config.SimulatorAddress), cmp.Or(s.User, config.SimulatorUser)
	}
	cfg, err := s.parse(o.Config)
	if err != nil {
		return err
	}
	text, err := render(s)
	if err != nil {
		return err
	}
	if err := writeNew(o.Config, text); err != nil {
		return err
	}
	if err := app.MarkFirstStart(o.Config); err != nil {
		return err
	}
	made := []string{cfg.Documents, cfg.Work, cfg.ReportFolder, cfg.Inbox}
	for _, d := range made {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return err
		}
	}
	if err := intake.MakeFolders(cfg.Inbox, s.Account); err != nil {
		return err
	}
	return o.Print(map[string]any{"config": o.Config, "public_key": key.Authorized, "folders": made}, func(w io.Writer) {
		fmt.Fprintf(w, "Wrote %s.\n", o.Config)
		fmt.Fprintf(w, "Our public key for the vendor (%s.pub):\n  %s\n", config.ClientKey, key.Authorized)
		switch {
		case simulator:
			fmt.Fprintf(w, "Next: start \"postgang-lab vendor-sim\" in another terminal, then \"postgang doctor\".\n")
		case s.Address != "":
			fmt.Fprintf(w, "Next: fill in your account's sender in %s, then \"postgang doctor\" and \"postgang vendor-check\".\n", o.Config)
		default:
			fmt.Fprintf(w, "Next: fill in the vendor's server and your account's sender in %s, then \"postgang doctor\".\nUntil then letters are kept to be printed here: \"postgang manual list\".\n", o.Config)
		}
	})
}

// parse reads the configuration as it would be written, so that nothing is written that does not load.
func (s settings) parse(path string) (*config.Config, error) {
	text, err := render(s)
	if err != nil {
		return nil, err
	}
	cfg, err := config.Parse(path, text)
	var faults *config.Error
	if errors.As(err, &faults) {
		texts := make([]string, len(faults.Problems))
		for i, p := range faults.Problems {
			texts[i] = p.Text
			if p.Key != "" {
				texts[i] = p.Key + ": " + p.Text
			}
		}
		return nil, cli.Usage("nothing was written, since it would not load:\n  %s", strings.Join(texts, "\n  "))
	}
	return cfg, err
}

// tomlText is a text as TOML writes it, in quotes.
func tomlText(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case unicode.IsControl(r):
			fmt.Fprintf(&b, "\\u%04X", r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

var bareKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// tomlKey is a name as TOML writes it in a table's name.
func tomlKey(s string) string {
	if bareKey.MatchString(s) {
		return s
	}
	return tomlText(s)
}

func render(s settings) ([]byte, error) {
	t, err := template.New("postgang.toml").Funcs(template.FuncMap{"text": tomlText, "key": tomlKey}).Parse(configTemplate)
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
