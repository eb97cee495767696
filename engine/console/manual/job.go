package manual

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"postgang/engine/calendar"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/console/visit"
	"postgang/engine/jobs"
	"postgang/engine/receipts"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/words"
)

// jobPage is one job of manual print: its files are fetched, and its letters confirmed.
type jobPage struct {
	ID      string
	State   page.Tag
	Means   string
	Facts   []page.Fact
	Told    string // what has just come of what was asked for; empty: nothing
	Cannot  string // why nothing can be done; empty: something can
	Fetch   bool   // its files can be fetched
	Printed bool   // they were, by By at At; its letters are to be confirmed
	By      string
	At      time.Time
	// Since are the letters, by number, that were read or stopped after the files were given out.
	Since   []int
	Awaited int
	// What was written in the form of confirming, and what is wrong with it.
	Letters, Posted, WrongLetters, WrongPosted, WrongAgain string
	History                                                []visit.Happened
}

// manualJob is a job of manual print with what the queue knows of it.
type manualJob struct {
	scoped.JobDetails
	queued jobs.ManualJob // zero: it does not wait for anything
	since  []int
}

// job finds the job of a request, of a vendor without a server, with letters within the scope.
func (v *request) job() (j manualJob, err error) {
	id := v.R.PathValue("id")
	if !visit.JobID.MatchString(id) {
		return j, store.ErrNotFound
	}
	err = v.View(func(r *scoped.Reader) error {
		if j.JobDetails, err = r.JobDetails(v.Ctx, id); err != nil {
			return err
		}
		if vendor, ok := v.Vendor(j.Vendor); !ok || !vendor.Manual {
			return fmt.Errorf("job %s: %w", id, store.ErrNotFound)
		}
		queue, err := r.ManualQueue(v.Ctx)
		if err != nil {
			return err
		}
		if at := slices.IndexFunc(queue, func(m jobs.ManualJob) bool { return m.ID == id }); at >= 0 {
			j.queued = queue[at]
		}
		if !j.queued.Printed() {
			return nil
		}
		for _, row := range j.Letters {
			l, err := r.Letter(v.Ctx, row.Shipment)
			if err != nil {
				return err
			}
			if !l.ReadAt.IsZero() || !l.ClosedAt.IsZero() {
				j.since = append(j.since, row.Letter)
			}
		}
		return nil
	})
	return j, err
}

// page is the page of a job as it is now.
func (v *request) page(j manualJob) jobPage {
	w := page.StateOf(j.State)
	p := jobPage{ID: j.ID, State: w.Tag, Means: w.Means, Since: j.since, Awaited: j.queued.Awaited, Printed: j.queued.ID != "" && j.queued.Printed()}
	if j.Class.Account != "" {
		p.Facts = append(p.Facts, page.Fact{Name: "Konto", Value: v.AccountName(j.Class.Account)})
	}
	p.Facts = append(p.Facts, page.Fact{Name: "Slag", Value: page.ClassOf(j.PrintJob)}, page.Fact{Name: "Brev", Value: page.Number(j.PrintJob.Letters)},
		page.Fact{Name: "Ark", Value: page.Number(j.Totals.Sheets)}, page.Fact{Name: "Laget", Value: page.Clock(j.Created)})
	if p.Printed {
		p.By, p.At = byWhom(v.Visit, j.queued), j.queued.Given.At
		if p.At.IsZero() {
			p.At = j.OfferedAt
		}
		p.Means = "Filene er hentet for å skrives ut her."
	}
	switch {
	case j.Own < j.PrintJob.Letters:
		p.Cannot = "Jobben har også brev fra kontoer du ikke har tilgang til. Den må skrives ut av noen som har tilgang til alle."
	case p.Printed:
	case j.State == store.JobComposed, j.State == store.JobUploaded, j.State == store.JobCommitted:
		p.Fetch = true
		p.Means = "Filene er klare til å skrives ut."
	case j.State.Uncomposed():
		p.Cannot = "Filene er ikke laget ennå. De lages av seg selv. Prøv igjen om litt."
	case j.State == store.JobClosed:
		p.Means = "Alle brevene er bekreftet som postlagt."
	}
	for _, e := range j.History {
		w := page.StateOf(e.To)
		h := visit.Happened{At: e.At, What: w.Text, Why: page.Sentence(words.Why(e.Reason, words.Norwegian)), Color: "accent", By: v.ByWhom(e.By)}
		if e.From == e.To {
			h.What, h.Color = "Merknad", "neutral"
		}
		p.History = append(p.History, h)
	}
	return p
}

// show shows a job, and may say what has come of what was asked for.
func show(v *request) error {
	j, err := v.job()
	if err != nil {
		return err
	}
	return v.Show(http.StatusOK, "manuelljobb", "Jobb "+j.ID, v.page(j))
}

// refuse shows a job as it is now, with why what was asked for is not done.
func (v *request) refuse(told string) error { return v.tell(http.StatusUnprocessableEntity, told) }

// tell shows a job as it is now, with what was written in its forms.
func (v *request) tell(status int, told string) error {
	j, err := v.job()
	if err != nil {
		return err
	}
	p := v.page(j)
	p.Told, p.Letters, p.Posted = told, strings.TrimSpace(v.R.PostFormValue("brev")), strings.TrimSpace(v.R.PostFormValue("postlagt"))
	return v.Show(status, "manuelljobb", "Jobb "+j.ID, p)
}

// fetch gives the files of a job out, as one file.
func fetch(v *request) error {
	j, err := v.job()
	if err != nil {
		return err
	}
	p := v.page(j)
	again := p.Printed && v.R.PostFormValue("igjen") != ""
	switch {
	case p.Cannot != "" || !p.Fetch && !p.Printed:
		return v.Show(http.StatusOK, "manuelljobb", "Jobb "+j.ID, p) // as it is now, with why
	case p.Printed && !again:
		p.Told = "Filene er hentet allerede."
		if v.R.PostFormValue("hentet") != "" {
			p.Told, p.WrongAgain = "", "Kryss av for at ingen av brevene er postlagt."
		}
		return v.Show(http.StatusUnprocessableEntity, "manuelljobb", "Jobb "+j.ID, p)
	}
	given := false
	err = v.Engine.GiveOut(v.Ctx, jobs.ManualPrint{Job: j.ID, Again: again}, func(out jobs.Printout) error {
		if given = len(out.Files) > 0; given {
			return v.attach(j.ID, out.Files)
		}
		return v.leftOut(out)
	})
	switch {
	case given && err != nil: // the answer has begun: who asked sees that it is cut off, and fetches again
		v.Log.Error("give out the files of a job", "job", j.ID, "error", err)
		return nil
	case errors.Is(err, jobs.ErrGivenOut):
		return v.refuse("En annen hentet filene akkurat nå.")
	case errors.Is(err, store.ErrLocked):
		return v.refuse("Noen arbeider med jobben akkurat nå. Vent litt og prøv igjen.")
	case errors.Is(err, jobs.ErrLevel4):
		return v.refuse("Jobben har brev som krever innlogging på nivå 4. De skrives aldri ut her.")
	}
	return v.failed(err, "Ingenting er hentet.")
}

// failed shows a job as it is now, with why what was asked for is not done, and what that means. A fault of ours has the number under
// which it stands in the log.
func (v *request) failed(err error, means string) error {
	if err == nil || errors.Is(err, store.ErrNotFound) || v.Ctx.Err() != nil {
		return err
	}
	if why, ok := words.RefusedOf(err, words.Norwegian); ok {
		return v.refuse(means + " " + page.Sentence(why) + ".")
	}
	return v.tell(http.StatusInternalServerError, means+" Noe gikk galt hos oss. Prøv igjen om litt. Skjer det igjen, meld fra og oppgi feilnummeret "+v.LogFault(err)+".")
}

// leftOut tells that nothing was given out, because letters dropped out at the last gate.
func (v *request) leftOut(out jobs.Printout) error {
	text := "Ingenting er hentet: " + page.Counted(out.LeftOut, "brev er", "brev er") + " lest, stoppet eller satt til side siden filene ble laget. "
	if len(out.New) > 0 {
		text += "De andre er lagt i jobb " + strings.Join(out.New, ", ") + ", som blir klar om litt."
	} else {
		text += "Ingen andre brev er igjen i jobben."
	}
	return v.refuse(text)
}

// attach answers with the print files: one as it is, several in a ZIP. What else a job has is for vendors.
func (v *request) attach(job string, files []string) error {
	files = slices.DeleteFunc(slices.Clone(files), func(f string) bool { return filepath.Ext(f) != ".pdf" })
	if len(files) == 1 {
		v.Attach("application/pdf", job+".pdf")
		return copyFile(v.W, files[0])
	}
	v.Attach("application/zip", job+".zip")
	z := zip.NewWriter(v.W)
	for _, f := range files {
		w, err := z.CreateHeader(&zip.FileHeader{Name: filepath.Base(f), Method: zip.Store})
		if err == nil {
			err = copyFile(w, f)
		}
		if err != nil {
			return err
		}
	}
	return z.Close()
}

func copyFile(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// clockForm is how a browser writes a time of its own zone, which is Oslo's here.
const clockForm = "2006-01-02T15:04"

// confirm books letters as posted.
func confirm(v *request) error {
	j, err := v.job()
	if err != nil {
		return err
	}
	p := v.page(j)
	if p.Cannot != "" || !p.Printed {
		return v.Show(http.StatusOK, "manuelljobb", "Jobb "+j.ID, p) // as it is now: confirmed by somebody else, or not fetched
	}
	c := receipts.ManualConfirmation{Job: j.ID, Posted: v.Now()}
	p.Letters, p.Posted = strings.TrimSpace(v.R.PostFormValue("brev")), strings.TrimSpace(v.R.PostFormValue("postlagt"))
	if p.Letters != "" {
		c.Letters, err = jobs.ParseLetters(p.Letters)
		if err != nil || slices.ContainsFunc(c.Letters, func(n shipment.Range) bool { return n.To > j.PrintJob.Letters }) {
			p.WrongLetters = "Skriv brevnumre mellom 1 og " + strconv.Itoa(j.PrintJob.Letters) + ", for eksempel 1-10, 12."
		}
	}
	if p.Posted != "" {
		c.Posted, p.WrongPosted = posted(p.Posted, j.OfferedAt, v.Now())
	}
	if p.WrongLetters != "" || p.WrongPosted != "" {
		return v.Show(http.StatusUnprocessableEntity, "manuelljobb", "Jobb "+j.ID, p)
	}
	switch im, err := v.Engine.ConfirmManual(v.Ctx, c); {
	case errors.Is(err, store.ErrLocked):
		return v.refuse("Noen bekrefter brev akkurat nå. Vent litt og prøv igjen.")
	case err == nil && len(im.Problems) > 0: // of a file that we wrote ourselves
		return v.failed(fmt.Errorf("confirm letters of job %s: %v", j.ID, im.Problems), "Ingen brev er bekreftet.")
	case err != nil:
		return v.failed(err, "Ingen brev er bekreftet.")
	}
	return v.Redirect("/manuell/" + j.ID)
}

// posted reads when letters were posted, to the minute: not before the files were given out, and not later than now.
func posted(text string, given, now time.Time) (at time.Time, wrong string) {
	wall, err := time.Parse(clockForm, text)
	if err != nil {
		return at, "Skriv dato og klokkeslett, for eksempel 2026-11-26T14:30."
	}
	at = calendar.FromWall(wall)
	switch {
	case at.After(now):
		return at, "Brevene kan ikke bekreftes før de er postlagt."
	case at.Before(given.Truncate(time.Minute)):
		return at, "Filene ble hentet " + page.Clock(given) + ". Brevene kan ikke være postlagt før det."
	case at.Before(given):
		return given, "" // in the same minute
	}
	return at, ""
}
