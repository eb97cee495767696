package main

import (
	"io"
	"os"
	"os/user"
	"strconv"

	"github.com/spf13/cobra"

	"postgang/cmd/cli"
	"postgang/engine/access"
	"postgang/engine/jobs"
	"postgang/engine/nights"
)

// world is what a command touches: results go to out, everything else to err; a test hands in a clock and crash points.
type world struct {
	out, err io.Writer
	wiring   wiring
}

// options are the flags of all commands.
type options struct {
	*cli.Options
	wiring wiring
}

func newRoot(w world) *cobra.Command {
	o := &options{Options: &cli.Options{Out: w.out, Err: w.err}, wiring: w.wiring}
	root := o.Root("postgang", "Batch print and post for Norwegian public-sector mail", `postgang carries a municipality's unread and non-digital mail from the archive to
the print vendor, exactly once, and the cost of it back to finance.

  postgang init          write a commented postgang.toml and the folders
  postgang doctor        check everything, and say what to fix
  postgang submit DIR    hand in a shipment
  postgang night         one run now: collect, compose, offer
  postgang receipts fetch, then postgang report

Exit codes: 0 done, 1 failed, 2 wrong arguments or configuration, 3 done in part
(a person must look), 4 another process is at it.`)
	root.PersistentFlags().BoolVar(&o.wiring.allowRoot, "allow-root", false, "run as root though the archive belongs to another user")
	var by string
	root.PersistentFlags().StringVar(&by, "by", "", "whom you act for; kept in histories with your log-in name")
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		a, err := actor(by)
		switch {
		case err != nil:
		case byItself[cmd.CommandPath()]:
			cmd.SetContext(nights.StartedBy(cmd.Context(), a))
		default:
			cmd.SetContext(access.As(cmd.Context(), a))
		}
		return err
	}
	root.AddCommand(newPerson(o), newLog(o))
	root.AddCommand(
		newInit(o), newDoctor(o), newSubmit(o), newNight(o), newGuard(o), newMonth(o), newInvoice(o), newDeviations(o), newCodes(o), newServe(o), newStatus(o),
		newShipment(o), newJob(o), newReceipts(o), newReport(o), newPostcodes(o),
	)
	root.AddCommand(newBackup(o), newVerify(o), newRestore(o))
	root.AddCommand(newCheck(o), newPrepare(o), newLetter(o), newAlarms(o), newVendorCheck(o), newManual(o), newArchive(o), newRecover(o), newIntegration(o), newKey(o), newAccount(o), newRetention(o), newNode(o), newMigrate(o), newReload(o), newMorning(o), newDocuments(o))
	if morePackaging != nil {
		root.AddCommand(morePackaging(o))
	}
	o.completions(root)
	return root
}

// morePackaging makes the command that "make package" needs; nil in the program itself (packagefiles.go).
var morePackaging func(*options) *cobra.Command

// byItself are the commands whose work Postgang does by itself, whoever starts it: that they were started is all that has a name.
var byItself = map[string]bool{"postgang serve": true, "postgang night": true, "postgang receipts fetch": true}

// actor is who runs the command line. With sudo it is whoever asked for it.
func actor(by string) (access.Actor, error) {
	if by != "" {
		if err := jobs.BadPerson(by); err != nil {
			return access.Actor{}, cli.Usage("%w", err)
		}
	}
	a := access.Actor{Kind: access.CommandLine, ID: whoami(), For: by}
	if other := os.Getenv("SUDO_USER"); a.ID == "root" && by == "" && other != "" {
		a.For = other
	}
	return a, nil
}

// whoami is the log-in name of the person at the terminal.
func whoami() string {
	u, err := user.Current()
	if err != nil {
		return "uid-" + strconv.Itoa(os.Getuid())
	}
	return u.Username
}

// shownActor is who did something, as the archive keeps it, for people: by name where names (access.Reader.ActorNames) has one.
func shownActor(kept string, names map[string]string) string {
	a, err := access.ParseActor(kept)
	name := names[kept]
	switch {
	case err != nil:
		return kept
	case name != "" && a.Kind == access.CommandLine:
		return name + " (" + a.ID + ")"
	case name != "":
		return name
	case a.For != "":
		return a.For + " (" + a.ID + ")"
	}
	return a.ID
}

// byWhom is who did something at the end of a line; Postgang by itself is not named.
func byWhom(shown string) string {
	if shown == "" {
		return ""
	}
	return ", by " + shown
}
