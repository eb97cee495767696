// Package simulator is the command that runs the vendor simulator beside a configuration.
package simulator

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"

	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/fixtures/vendorsim"
	"postgang/printjobs/exchange"
)

// New is the command "vendor-sim".
func New(o *cli.Options) *cobra.Command {
	var root, listen, clientKey, reject string
	var late time.Duration
	cmd := &cobra.Command{
		Use:   "vendor-sim",
		Short: "A print vendor to try things with: a real SFTP server that keeps the contract",
		Long: `Runs a print vendor on this machine until interrupted: an SFTP server with a key of its
own that picks up jobs by their ready file, opens and checks every file, answers,
"prints", and writes receipts for what it really received. Its prices are illustrative
but for the postage (Posten's stamp prices of 2021-01-04).

It goes wrong as "postgang-lab vendor" orders it to, also while it runs: to rehearse what is done then.
With --reject it refuses every job, and with --late it answers only after some time. Keys are made beside the configuration by "postgang init --simulator".`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir := filepath.Dir(o.Config)
			if root == "" {
				root = filepath.Join(dir, config.SimulatorRoot)
			}
			if clientKey == "" {
				clientKey = filepath.Join(dir, config.ClientKey+".pub")
			}
			host, err := exchange.LoadOrCreateKey(filepath.Join(dir, config.SimulatorHostKey))
			if err != nil {
				return err
			}
			line, err := os.ReadFile(clientKey)
			if err != nil {
				return fmt.Errorf("our public key, which the vendor lets in: %w (run \"postgang init --simulator\" first, or name it with --client-key)", err)
			}
			public, _, _, _, err := ssh.ParseAuthorizedKey(line)
			if err != nil {
				return fmt.Errorf("%s is no public SSH key: %w", clientKey, err)
			}
			server, err := vendorsim.Serve(cmd.Context(), root, vendorsim.ServeOptions{Listen: listen, User: config.SimulatorUser, HostKey: host.Signer, ClientKeys: []ssh.PublicKey{public}, Troubled: true})
			if err != nil {
				return err
			}
			defer server.Close()
			v := vendorsim.New(root, vendorsim.Options{Reject: reject, AnswerAfter: late})
			fmt.Fprintf(o.Out, "Vendor simulator on %s, user %s, folder %s. Stop with Ctrl-C.\n", server.Addr(), config.SimulatorUser, root)
			v.Run(cmd.Context(), time.Second, func(d vendorsim.Done) {
				if !d.Accepted {
					fmt.Fprintf(o.Out, "%s rejected: %v\n", d.Job, d.Reasons)
					return
				}
				fmt.Fprintf(o.Out, "%s accepted: %d letters, %d sides; receipts: %v\n", d.Job, d.Letters, d.Sides, d.Receipts)
			}, func(err error) { fmt.Fprintln(o.Err, "vendor-sim:", err) })
			return nil
		},
	}
	cmd.Flags().StringVar(&root, "root", "", "the vendor's folder (default "+config.SimulatorRoot+" beside the configuration)")
	cmd.Flags().StringVar(&listen, "listen", config.SimulatorAddress, "address to listen on")
	cmd.Flags().StringVar(&clientKey, "client-key", "", "public key that may log in (default "+config.ClientKey+".pub beside the configuration)")
	cmd.Flags().StringVar(&reject, "reject", "", "refuse every job for this reason")
	cmd.Flags().DurationVar(&late, "late", 0, "look at a job only so long after it was handed over, e.g. 10m")
	return cmd
}
