package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"postgang/engine"
	"postgang/engine/intake"
)

// submissionName is the file that makes a folder a shipment (docs/drop-folder.md).
const submissionName = "forsendelse.json"

// markerName is the empty file that says that a hand-in is complete.
const markerName = "klar"

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
or the next night takes them. Exit code 3: some were refused.`,
		RunE: func(cmd *cobra.Command, dirs []string) error {
			if list != "" {
				more, err := readList(list)
				if err != nil {
					return err
				}
				dirs = append(dirs, more...)
			}
			if len(dirs) == 0 {
				return usage("nothing to hand in: name folders, or a file with their paths by --list")
			}
			return o.with(cmd.Context(), wait, func(a *app) error { return o.submit(cmd.Context(), a, account, dirs, wait) })
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
	for s := bufio.NewScanner(f); s.Scan(); {
		if line := strings.TrimSpace(s.Text()); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out, nil
}

// answer is what a hand-in got.
type answer struct {
	HandIn   string           `json:"hand_in"`
	ID       string           `json:"id,omitempty"`
	Status   engine.Status    `json:"status,omitempty"`
	Refusals []engine.Refusal `json:"refusals,omitempty"`
	Already  bool             `json:"already,omitempty"`
}

func (o *options) submit(ctx context.Context, a *app, account string, dirs []string, wait bool) error {
	if account == "" && len(a.cfg.Accounts) == 1 {
		account = a.cfg.Accounts[0].Key
	}
	if account == "" {
		return usage("--account is missing; there are: %s", strings.Join(accountKeys(a.cfg), ", "))
	}
	if err := checkAccounts(a.cfg, account); err != nil {
		return err
	}
	folders, err := shipmentFolders(dirs)
	if err != nil {
		return err
	}
	if err := intake.MakeFolders(a.cfg.Inbox, account); err != nil {
		return err
	}
	step, finish := o.progress("handing in")
	answers := make([]answer, len(folders))
	for i, dir := range folders {
		key := filepath.Base(dir)
		already, err := handIn(dir, a.cfg.Inbox, account, key)
		if err != nil {
			finish()
			return fmt.Errorf("hand in folder %d of %d: %w", i+1, len(folders), err)
		}
		answers[i] = answer{HandIn: key, Already: already}
		if step != nil {
			step(i+1, len(folders))
		}
	}
	finish()
	if wait {
		step, finish := o.progress("preparing")
		_, err := a.takeAll(ctx, step)
		finish()
		if err != nil {
			return err
		}
		err = a.archive.View(ctx, func(r engine.Reader) error {
			for i := range answers {
				s, err := r.ShipmentByHandIn(ctx, account, answers[i].HandIn)
				if errors.Is(err, engine.ErrNotFound) {
					continue
				}
				if err != nil {
					return err
				}
				answers[i].ID, answers[i].Status, answers[i].Refusals = s.ID, s.Status, s.Refusals
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	refused := 0
	for _, an := range answers {
		if an.Status == engine.StatusAvvist {
			refused++
		}
	}
	err = o.print(answers, func(w io.Writer) {
		table(w, "HAND-IN STATUS ID", func(row func(...any)) {
			for _, an := range answers {
				status := string(an.Status)
				if status == "" {
					status = "handed in"
				}
				row(an.HandIn, status, an.ID)
			}
		})
		for _, an := range answers {
			for _, r := range an.Refusals {
				kind := "refused"
				if r.Warning {
					kind = "warning"
				}
				fmt.Fprintf(w, "%s: %s: %s (%s %s)\n", an.HandIn, kind, r.Text, r.Code, r.Field)
			}
		}
	})
	if err != nil {
		return err
	}
	if refused > 0 {
		return partial("%d of %d hand-ins were refused", refused, len(answers))
	}
	return nil
}

// shipmentFolders finds the folders that hold a forsendelse.json: the named ones, or those in them.
func shipmentFolders(dirs []string) ([]string, error) {
	var out []string
	for _, dir := range dirs {
		if isShipment(dir) {
			out = append(out, filepath.Clean(dir))
			continue
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		n := 0
		for _, e := range entries {
			if sub := filepath.Join(dir, e.Name()); e.IsDir() && isShipment(sub) {
				out = append(out, sub)
				n++
			}
		}
		if n == 0 {
			return nil, usage("%s holds no forsendelse.json, nor folders that do; see docs/drop-folder.md", dir)
		}
	}
	return out, nil
}

func isShipment(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, submissionName))
	return err == nil && info.Mode().IsRegular()
}

// handIn copies a shipment's folder into the drop folder under a name that is not read, and renames it into place. A
// hand-in of that key that waits there is left as it is.
func handIn(dir, inbox, account, key string) (already bool, err error) {
	target := filepath.Join(inbox, "inn", account, key)
	if _, err := os.Stat(target); err == nil {
		return true, nil
	}
	part := filepath.Join(inbox, "inn", account, fmt.Sprintf(".%s.%d.part", key, time.Now().UnixNano()))
	if err := os.Mkdir(part, 0o700); err != nil {
		return false, err
	}
	defer os.RemoveAll(part)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false, err
	}
	for i, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		if err := copyFile(filepath.Join(dir, e.Name()), filepath.Join(part, e.Name())); err != nil {
			// Document names often hold personal names.
			return false, fmt.Errorf("copy file %d of hand-in %s: %w", i+1, key, errors.Unwrap(err))
		}
	}
	// The marker says that this is all: what is missing is then refused at once, not waited for.
	if err := os.WriteFile(filepath.Join(part, markerName), nil, 0o600); err != nil {
		return false, err
	}
	return false, os.Rename(part, target)
}

func copyFile(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	if cerr := dst.Close(); err == nil {
		err = cerr
	}
	return err
}
