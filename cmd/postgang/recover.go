package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/party"
	"postgang/engine/recovery"
	"postgang/engine/restored"
	"postgang/engine/store"
	"postgang/engine/words"
)

// recoveredJobView is a job that the vendor has under an id of ours.
type recoveredJobView struct {
	Job      string        `json:"job"`
	Verdict  store.Verdict `json:"verdict"`
	Accepted bool          `json:"accepted"`
	Letters  int           `json:"letters"`
	Beyond   []string      `json:"letters_not_in_archive"`
	Unread   []string      `json:"not_read"`
	Waits    bool          `json:"waits_for_a_person"`
}

// recoverView is what recover found at one vendor, and did.
type recoverView struct {
	Vendor    string             `json:"vendor"`
	DryRun    bool               `json:"dry_run"`
	Why       string             `json:"offers_stopped_because"`
	From      int                `json:"newest_job_number_before"`
	To        int                `json:"newest_job_number"`
	Jobs      []recoveredJobView `json:"jobs"`
	Recorded  int                `json:"letters_recorded"`
	Found     []string           `json:"jobs_found_handed_over"`
	Withdrawn []string           `json:"jobs_withdrawn"`
	SetAside  []string           `json:"shipments_set_aside"`
	Receipts  int                `json:"receipts_booked"`
	Waits     []string           `json:"waits"`
	Stopped   bool               `json:"offers_stopped"`
}

func newRecover(o *options) *cobra.Command {
	var opt recovery.RecoverOptions
	var vendors, manifests []string
	cmd := &cobra.Command{
		Use:   "recover [--vendor VENDOR] [--dry-run]",
		Short: "After a backup was put back: learn from the vendor what was handed over since",
		Long: `An archive that was put back from a backup has forgotten what was handed over since. It
finds that out by itself, from the vendor's side and from a mark beside the documents, and
offers nothing more to that vendor until this command has been run:

  - new job ids begin behind all that the vendor has seen
  - jobs that the vendor has taken are recorded, with the letters that their manifests or
    receipts name. Receipts that were booked before are booked again
  - jobs of this archive with the same ids or letters are withdrawn; what nobody has is due again
  - letters that the vendor may have, without proof, are set aside: a person decides
  - letters that the archive has not are listed. Handed in again under their old keys they are
    set aside

Hand in again first what was handed in since the backup: the same keys give the same shipments.

When the letters of a job cannot be read, offers stay stopped. Ask the vendor for the job's
manifest and give it with --manifest. If it cannot be had: --confirm --reason sets every letter
aside that may be in that job, and lets the others go on.

Without --vendor: every vendor whose offers are stopped, or else all of them. It may be run at
any time, and again after it was cut short.

Exit code 3: offers are still stopped, or letters are set aside.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opt.Confirm && strings.TrimSpace(opt.Reason) == "" {
				return cli.Usage("--reason is missing: say in a few words who has looked and what was found, without personal data")
			}
			if opt.Confirm && opt.DryRun {
				return cli.Usage("--confirm with --dry-run: say one of them")
			}
			for _, path := range manifests {
				data, err := os.ReadFile(path)
				if err != nil {
					return cli.Usage("--manifest: %w", err)
				}
				opt.Manifests = append(opt.Manifests, recovery.ManifestFile{Name: filepath.Base(path), Data: data})
			}
			return o.with(cmd.Context(), false, func(a *app.App) error { return o.recover(cmd, a, vendors, opt) })
		},
	}
	cmd.Flags().StringSliceVar(&vendors, "vendor", nil, "only this vendor; may be repeated")
	cmd.Flags().StringSliceVar(&manifests, "manifest", nil, "file with a manifest that the vendor has sent by another way; may be repeated")
	cmd.Flags().BoolVar(&opt.DryRun, "dry-run", false, "do nothing: tell what was found")
	cmd.Flags().BoolVar(&opt.Confirm, "confirm", false, "go on although the letters of some jobs cannot be read; those that may be in them are set aside")
	cmd.Flags().StringVar(&opt.Reason, "reason", "", "with --confirm: who has looked and what was found; kept and shown, so without personal data")
	cmd.AddCommand(newRecoverRelease(o))
	return cmd
}

func (o *options) recover(cmd *cobra.Command, a *app.App, vendors []string, opt recovery.RecoverOptions) error {
	known := map[string]party.Vendor{}
	for _, v := range a.Config.Vendors {
		known[v.Key] = v
	}
	stops, err := a.Engine.OfferStops(cmd.Context())
	if err != nil {
		return err
	}
	stopped := func(key string) bool {
		return slices.ContainsFunc(stops, func(s restored.OfferStop) bool { return s.Vendor == key })
	}
	for _, key := range vendors {
		if _, ok := known[key]; !ok {
			return cli.Usage("no vendor %q is configured", key)
		}
	}
	if len(vendors) == 0 {
		for _, v := range a.Config.Vendors {
			if len(stops) > 0 && stopped(v.Key) || len(stops) == 0 && !v.Manual {
				vendors = append(vendors, v.Key)
			}
		}
	}
	views := []recoverView{}
	var failed []error
	look := false
	for _, key := range vendors {
		opt.Vendor = key
		r, err := a.Engine.Recover(cmd.Context(), opt)
		if err != nil {
			failed = append(failed, err) // the other vendors are none the worse
			continue
		}
		v := viewRecovered(r, opt.DryRun)
		views = append(views, v)
		look = look || v.Stopped || len(v.SetAside) > 0
	}
	tell(cmd.Context(), a)
	shown := o.Print(views, func(w io.Writer) {
		for _, v := range views {
			showRecovered(w, v)
		}
	})
	switch {
	case len(failed) > 0:
		return errors.Join(append(failed, shown)...)
	case shown != nil:
		return shown
	case look:
		return cli.Partial("a person must look: see above, and postgang shipment list --held")
	}
	return nil
}

func viewRecovered(r recovery.Recovered, dry bool) recoverView {
	list := func(s []string) []string { return append([]string{}, s...) }
	v := recoverView{
		Vendor: r.Vendor, DryRun: dry, From: r.From, To: r.To, Jobs: []recoveredJobView{}, Recorded: r.Recorded, Found: list(r.Found),
		Withdrawn: list(r.Withdrawn), SetAside: list(r.SetAside), Waits: list(r.Waits),
	}
	if r.Stop != nil {
		v.Why = words.Alarm(restored.AlarmKey(r.Vendor), r.Stop.Args(), words.English)
	}
	v.Stopped = len(r.Waits) > 0 || dry && (r.Stop != nil || len(r.Jobs) > 0)
	for _, j := range r.Jobs {
		v.Jobs = append(v.Jobs, recoveredJobView{
			Job: j.ID, Verdict: j.Verdict, Accepted: j.Accepted, Letters: j.Letters, Beyond: list(j.Beyond), Unread: list(j.Unread), Waits: j.Waits,
		})
	}
	for _, im := range r.Receipts {
		v.Receipts += im.Applied
	}
	return v
}

// verdicts say what became of a job, as people read it.
var verdicts = map[store.Verdict]string{
	restored.FoundRecorded:  "handed over",
	restored.FoundCollision: "id of another job here",
	restored.FoundRefused:   "refused",
	restored.FoundLeftover:  "never handed over",
	restored.FoundUnread:    "cannot be read",
}

func showRecovered(w io.Writer, v recoverView) {
	if len(v.Jobs)+len(v.Found) == 0 && v.Why == "" {
		fmt.Fprintf(w, "Vendor %s: it has no job that this archive does not know.\n", v.Vendor)
		return
	}
	if v.Why != "" {
		fmt.Fprintf(w, "%s%s.\n", strings.ToUpper(v.Why[:1]), v.Why[1:])
	} else {
		fmt.Fprintf(w, "Vendor %s:\n", v.Vendor)
	}
	if len(v.Jobs) > 0 {
		cli.Table(w, "JOB WHAT LETTERS NOT_HERE", func(row func(...any)) {
			for _, j := range v.Jobs {
				row(j.Job, strings.ReplaceAll(verdicts[j.Verdict], " ", "\u00a0"), j.Letters, len(j.Beyond))
			}
		})
	}
	for _, j := range v.Jobs {
		for _, why := range j.Unread {
			fmt.Fprintf(w, "Job %s: %s\n", j.Job, why)
		}
		if len(j.Beyond) > 0 {
			fmt.Fprintf(w, "Job %s has letters that this archive has not; handed in again they are set aside: %s\n", j.Job, strings.Join(j.Beyond, " "))
		}
	}
	if v.DryRun {
		fmt.Fprintf(w, "New job ids would begin at number %d. Jobs of this archive that would be withdrawn: %s. Nothing is done.\n", v.To+1, orNone(v.Withdrawn))
		for _, why := range v.Waits {
			fmt.Fprintf(w, "Would wait for a person: %s\n", why)
		}
		return
	}
	fmt.Fprintf(w, "New job ids begin at number %d. %d letters recorded as handed over; jobs found handed over: %s; jobs withdrawn: %s.\n",
		v.To+1, v.Recorded, orNone(v.Found), orNone(v.Withdrawn))
	fmt.Fprintf(w, "%d receipts booked that were booked before the backup was put back. \"postgang receipts fetch\" reads those that wait.\n", v.Receipts)
	if n := len(v.SetAside); n > 0 {
		fmt.Fprintf(w, "%d letters are set aside. Ask the vendor: what it has is closed by \"postgang shipment stop\", what it has not goes on by \"postgang recover release\".\n", n)
	}
	if len(v.Waits) > 0 {
		fmt.Fprintf(w, "Nothing is offered to %s yet:\n", v.Vendor)
		for _, why := range v.Waits {
			fmt.Fprintf(w, "  %s\n", why)
		}
		fmt.Fprintln(w, "Ask the vendor for the manifest of such a job and give it with --manifest; or go on with --confirm --reason TEXT (see --help).")
		return
	}
	fmt.Fprintf(w, "Offers to %s go on.\n", v.Vendor)
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, " ")
}

func newRecoverRelease(o *options) *cobra.Command {
	var reason string
	var all bool
	cmd := &cobra.Command{
		Use:   "release [SHIPMENT…] | --all",
		Short: "Let letters go on that recover has set aside, when the vendor has not got them",
		Long: `Lets letters be collected that "postgang recover" has set aside, after the vendor has said that
it has not got them. A letter that the vendor has is closed instead: "postgang shipment stop".`,
		RunE: func(cmd *cobra.Command, ids []string) error {
			if all == (len(ids) > 0) {
				return cli.Usage("name the shipments, or say --all")
			}
			if strings.TrimSpace(reason) == "" {
				return cli.Usage("--reason is missing: say in a few words what the vendor has told, without personal data")
			}
			return o.with(cmd.Context(), false, func(a *app.App) error {
				n, err := a.Engine.ReleaseRestored(cmd.Context(), reason, ids...)
				if err != nil {
					return err
				}
				return o.Print(map[string]any{"letters_released": n}, func(w io.Writer) {
					fmt.Fprintf(w, "%d letters are due again. The next night takes them.\n", n)
				})
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all that are set aside by recover")
	cmd.Flags().StringVar(&reason, "reason", "", "what the vendor has told; kept and shown, so without personal data (required)")
	return cmd
}
