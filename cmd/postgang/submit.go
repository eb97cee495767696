package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/intake"
	"postgang/engine/shipment"
	"postgang/engine/words"
)

// submissionName is the file that makes a folder a shipment (docs/drop-folder.md).
const submissionName = "forsendelse.json"

func newSubmit(o *options) *cobra.Command {
	var account, list string
	var wait bool
	cmd := &cobra.Command{
		Use:   "submit [DIR…]",
		Short: "Hand in shipments from folders",
		Long: `Copies shipment folders (forsendelse.json and its PDFs) into the drop folder of an
account, each whole or not at all. A folder that holds shipment folders hands in all of
them. The folder's name is the hand-in's key: the same name twice is the same shipment.

With --wait the hand-ins are taken now and the answers shown; otherwise "postgang serve"
or the next night takes them. Exit code 3: some were refused, were not handed in, or have
no answer yet.`,
		RunE: func(cmd *cobra.Command, dirs []string) error {
			if list != "" {
				more, err := readList(list)
				if err != nil {
					return err
				}
				dirs = append(dirs, more...)
			}
			if len(dirs) == 0 {
				return cli.Usage("nothing to hand in: name folders, or a file with their paths by --list")
			}
			return o.with(cmd.Context(), wait, func(a *app.App) error { return o.submit(cmd.Context(), a, account, dirs, wait) })
		},
	}
	cmd.Flags().StringVar(&account, "account", "", "account that sends (needed when there are several)")
	cmd.Flags().StringVar(&list, "list", "", "file with the paths of shipment folders, one a line")
	cmd.Flags().BoolVar(&wait, "wait", true, "take the hand-ins now and show the answers")
	return cmd
}

func readList(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []string
	s := bufio.NewScanner(f)
	for s.Scan() {
		if line := strings.TrimSpace(s.Text()); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out, s.Err() // of a line that is too long, too
}

// answer is what a hand-in got.
type answer struct {
	HandIn   string          `json:"hand_in"`
	ID       string          `json:"id,omitempty"`
	Status   shipment.Status `json:"status,omitempty"`
	Refusals []words.Reason  `json:"refusals,omitempty"` // as the sender reads them
	Already  bool            `json:"already,omitempty"`
	Problem  string          `json:"problem,omitempty"` // why it is not handed in, or has no answer

	english []string // what Refusals say
	handed  bool
	done    bool // it is answered
}

func (o *options) submit(ctx context.Context, a *app.App, account string, dirs []string, wait bool) error {
	if account == "" && len(a.Config.Accounts) == 1 {
		account = a.Config.Accounts[0].Key
	}
	if account == "" {
		return cli.Usage("--account is missing; there are: %s", strings.Join(accountKeys(a.Config), ", "))
	}
	if err := checkAccounts(a.Config, account); err != nil {
		return err
	}
	answers, err := shipmentFolders(dirs)
	if err != nil {
		return err
	}
	if err := intake.MakeFolders(a.Config.Inbox, account); err != nil {
		return err
	}
	began := time.Now()
	step, finish := o.Progress("handing in")
	for i := range answers {
		answers[i].handIn(a.Config.Inbox, account)
		if step != nil {
			step(i+1, len(answers))
		}
	}
	finish()
	if wait {
		if err := o.awaitAnswers(ctx, a, account, answers, began); err != nil {
			return err
		}
	}
	return o.showAnswers(answers, wait)
}

// submitted is a folder that is to be handed in.
type submitted struct {
	answer
	dir    string
	folder string // its name, which is the key
}

func submission(dir string) submitted {
	folder := filepath.Base(dir)
	return submitted{answer: answer{HandIn: intake.ShownName(folder)}, dir: dir, folder: folder}
}

// handIn copies the folder into the drop folder, or says why not.
func (s *submitted) handIn(inbox, account string) {
	switch {
	case s.Problem != "":
		return
	case !intake.Looked(s.folder):
		s.Problem = "not handed in: a folder of this name is left aside (a leading dot, .part, .tmp or a system's own). Rename it"
		return
	}
	already, err := intake.Put(inbox, account, s.folder, s.dir)
	if errors.Is(err, intake.ErrWaiting) {
		s.Problem = "not handed in: another hand-in of this name waits in the drop folder. Try again when it is answered, or take another name"
		return
	}
	if err != nil {
		s.Problem = fmt.Sprintf("not handed in: %v", err)
		return
	}
	s.handed, s.Already = true, already
	if !intake.ValidKey(s.folder) {
		s.Problem = "the folder's name cannot be a key"
	}
	if n := leftBehind(s.dir); n > 0 {
		s.Problem = fmt.Sprintf("%d folders or links in it were left behind: a hand-in has plain files only", n)
	}
}

// awaitAnswers takes the hand-ins, and finds out what each got.
func (o *options) awaitAnswers(ctx context.Context, a *app.App, account string, answers []submitted, began time.Time) error {
	at := map[string]*submitted{}
	for i := range answers {
		if answers[i].handed {
			at[answers[i].folder] = &answers[i]
		}
	}
	a.Intake.Answered = func(of, folder string, got intake.Answer) {
		if s := at[folder]; s != nil && of == account {
			s.got(got)
		}
	}
	step, finish := o.Progress("preparing")
	taken, err := a.TakeAll(ctx, 0, step)
	finish()
	if err != nil {
		return err
	}
	why := map[string]string{}
	for _, t := range taken.Troubles {
		why[t.Key] = words.Alarm(t.Key, t.Args, words.English)
	}
	for _, s := range at {
		if s.done {
			continue
		}
		// Another process may have taken it.
		if got, ok := intake.ReadAnswer(a.Config.Inbox, account, s.folder, began); ok {
			if got.ID != "" {
				if result, err := a.Engine.Result(ctx, got.ID); err == nil {
					got.Refusals = result.Refusals
				}
			}
			s.got(got)
			continue
		}
		s.Problem = cmp.Or(why[intake.TroubleOf(account, s.folder)], "no answer yet: see the drop folder, and \"postgang alarms list\"")
	}
	return nil
}

func (s *submitted) got(a intake.Answer) {
	s.done = true
	s.ID, s.Status, s.Already = a.ID, a.Status, s.Already || a.Before
	s.Refusals = append(append([]words.Reason{}, a.Reasons...), a.Remarks...)
	s.english = make([]string, len(s.Refusals))
	for i, r := range s.Refusals {
		s.english[i] = inEnglish(r, a.Refusals)
	}
}

// inEnglish finds the refusal that was told to a sender among those that it may be. What is none of them stays as it was told.
func inEnglish(told words.Reason, among []shipment.Refusal) string {
	for _, r := range append(slices.Clone(among), shipment.Refusal{Code: told.Code, Field: told.Field}) {
		if r.Code == told.Code && r.Field == told.Field && words.Refusal(r, words.Norwegian) == told.Text {
			return words.Refusal(r, words.English)
		}
	}
	return told.Text
}

// showAnswers prints the answers. The error says that a person must look.
func (o *options) showAnswers(list []submitted, waited bool) error {
	answers := make([]answer, len(list))
	refused, open := 0, 0
	for i, s := range list {
		answers[i] = s.answer
		switch {
		case s.Status == shipment.StatusAvvist || s.Status == shipment.StatusFeiletUnderMotta:
			refused++
		case s.Problem != "" || waited && !s.done:
			open++
		}
	}
	err := o.Print(answers, func(w io.Writer) {
		cli.Table(w, "HAND-IN STATUS ID", func(row func(...any)) {
			for _, s := range list {
				status := string(s.Status)
				switch {
				case status != "":
				case !s.handed:
					status = "not handed in"
				default:
					status = "handed in"
				}
				row(s.HandIn, status, s.ID)
			}
		})
		for _, s := range list {
			if s.Problem != "" {
				fmt.Fprintf(w, "%s: %s\n", s.HandIn, s.Problem)
			}
			for i, r := range s.Refusals {
				kind := "refused"
				if r.Warning {
					kind = "warning"
				}
				fmt.Fprintf(w, "%s: %s: %s (%s)\n", s.HandIn, kind, s.english[i], strings.TrimSpace(r.Code+" "+r.Field))
			}
		}
	})
	switch {
	case err != nil:
		return err
	case refused > 0 && open > 0:
		return cli.Partial("%d of %d hand-ins were refused, and %d need a look", refused, len(answers), open)
	case refused > 0:
		return cli.Partial("%d of %d hand-ins were refused", refused, len(answers))
	case open > 0:
		return cli.Partial("%d of %d folders were not handed in whole, or have no answer", open, len(answers))
	}
	return nil
}

// shipmentFolders finds the folders that hold a forsendelse.json: the named ones, or those in them. Folders beside those
// that hold none are given with that as their problem.
func shipmentFolders(dirs []string) ([]submitted, error) {
	var out []submitted
	for _, named := range dirs {
		dir, err := filepath.Abs(named) // "." has a name too
		if err != nil {
			return nil, err
		}
		if isShipment(dir) {
			out = append(out, submission(dir))
			continue
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		n := 0
		for _, e := range entries {
			s := submission(filepath.Join(dir, e.Name()))
			if !e.IsDir() || !intake.Looked(e.Name()) && !isShipment(s.dir) { // a shipment of such a name is told, and not handed in
				continue
			}
			if isShipment(s.dir) {
				n++
			} else {
				s.Problem = "not handed in: the folder holds no " + submissionName + " that can be read"
			}
			out = append(out, s)
		}
		if n == 0 {
			return nil, cli.Usage("%s holds no forsendelse.json, nor folders that do; see docs/drop-folder.md", named)
		}
	}
	return out, nil
}

// leftBehind counts what intake.Put does not copy, clutter aside.
func leftBehind(dir string) int {
	entries, _ := os.ReadDir(dir)
	n := 0
	for _, e := range entries {
		if !e.Type().IsRegular() && intake.Looked(e.Name()) {
			n++
		}
	}
	return n
}

func isShipment(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, submissionName))
	return err == nil && info.Mode().IsRegular()
}
