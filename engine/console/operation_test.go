package console

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"postgang/engine/access"
	"postgang/engine/archive/archivetest"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
	"postgang/printjobs/prepare"
)

// emptySide is a vendor's side on which nothing lies, or a hand-over of every job.
type emptySide struct {
	step.VendorSide
	there bool // else it cannot be reached
	ready bool
}

func (s *emptySide) State(context.Context, string) (exchange.RemoteState, error) {
	return exchange.RemoteState{Ready: s.ready}, nil
}

func (s *emptySide) Answers(context.Context, func(string, bool) bool) ([]exchange.Answer, []exchange.Problem, error) {
	return nil, nil, nil
}

func (s *emptySide) AnswersOf(context.Context, ...string) ([]exchange.Answer, []exchange.Problem, error) {
	return nil, nil, nil
}

func (s *emptySide) ReceiptFiles(context.Context) ([]exchange.RemoteFile, []exchange.Problem, error) {
	return nil, nil, nil
}

func (s *emptySide) DoneFiles(context.Context) ([]exchange.RemoteFile, error) { return nil, nil }

func (s *emptySide) Sightings(context.Context, string) ([]exchange.Sighting, error) { return nil, nil }
func (s *emptySide) Withdraw(context.Context, string, []string) error               { return nil }
func (s *emptySide) Close() error                                                   { return nil }

// dial reaches the vendor's side of the test.
func (w *world) dial(context.Context, party.Vendor) (step.VendorSide, error) {
	if !w.side.there {
		return nil, errors.New("no vendor is there")
	}
	return &w.side, nil
}

// job makes another job in a state, with letters of one's own account: the shipments with these numbers, anew.
func (w *world) job(state store.JobState, shipments ...int) (id string) {
	w.t.Helper()
	ctx := w.t.Context()
	err := w.archive.InTx(ctx, func(tx store.Tx) (err error) {
		for _, n := range shipments {
			s := archivetest.Shipment(n)
			s.Facts.Pages = []prepare.PageFacts{{Page: 1}, {Page: 2}}
			if state == store.JobRejected {
				s.Hold = shipment.HoldRejected
			}
			if err := tx.InsertShipment(ctx, s, nil); err != nil {
				return err
			}
		}
		if id, err = tx.NextJobID(ctx); err != nil {
			return err
		}
		j, rows := archivetest.Job(id, shipments...)
		for i := range rows {
			rows[i].Sheets, rows[i].Pages = 1, 2
		}
		if err := tx.InsertJob(ctx, j, rows); err != nil {
			return err
		}
		j = archivetest.Composed(j)
		j.State = state
		if state != store.JobUncertain {
			j.OfferedAt = w.now
		}
		return tx.UpdateJob(ctx, j)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// shows fails unless a page has these words.
func (w *world) shows(path string, who *http.Cookie, want ...string) {
	w.t.Helper()
	body := w.ask("GET", path, who, "").Body.String()
	for _, text := range want {
		if !strings.Contains(body, text) {
			w.t.Errorf("%s does not say %q", path, text)
		}
	}
}

// sends fails unless a form is answered with a status, and with these words.
func (w *world) sends(path string, who *http.Cookie, form string, status int, want ...string) {
	w.t.Helper()
	rec := w.ask("POST", path, who, form)
	if rec.Code != status {
		w.t.Errorf("POST %s %s: %d, want %d: %s", path, form, rec.Code, status, rec.Body)
	}
	for _, text := range want {
		if !strings.Contains(rec.Body.String(), text) {
			w.t.Errorf("POST %s %s does not say %q", path, form, text)
		}
	}
}

// TestResolveAnUncertainJob: the vendor has it by one person's word; it has not by that of two, and not against what lies there.
func TestResolveAnUncertainJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.side.there = true
	olav, kari := w.as("olav", access.Grant{Role: access.RoleOperator}), w.as("kari", access.Grant{Role: access.RoleOperator})
	job := w.job(store.JobUncertain, 901, 902)
	w.shows("/jobber/"+job, olav, "/jobber/"+job+"/levert", "/jobber/"+job+"/ikke-levert")
	w.sends("/jobber/"+job+"/levert", olav, "begrunnelse=", 422, "Rett dette først", "Begrunnelse")
	w.sends("/jobber/"+job+"/levert", olav, "begrunnelse=Ringt", http.StatusSeeOther)
	w.shows("/jobber/"+job, olav, "Overlevert", "Ringt", "av deg")
	w.sends("/jobber/"+job+"/ikke-levert", kari, "begrunnelse=Ringt", 200, "ikke uvisst")

	job = w.job(store.JobUncertain, 903, 904)
	path := "/jobber/" + job + "/ikke-levert"
	w.shows(path, olav, "krever to personer", "Be om dette")
	w.sends(path, olav, "begrunnelse=Ringt", http.StatusSeeOther)
	w.shows(path, olav, "Ønsket ditt er notert", "En annen person")
	w.sends(path, olav, "begrunnelse=Ringt+igjen", 200, "Ønsket ditt er notert")
	w.shows(path, kari, "ba om det", "«Ringt»")
	w.side.ready = true
	w.sends(path, kari, "begrunnelse=Ringt", 200, "spor hos trykkeriet")
	w.side.ready = false
	w.sends(path, kari, "begrunnelse=Ringt", http.StatusSeeOther)
	w.shows("/jobber/"+job, kari, "Trukket tilbake", "Jobber som kom av denne")
	foreigner := w.as("annen", access.Grant{Role: access.RoleOperator, Account: foreign})
	if rec := w.ask("GET", path, foreigner, ""); rec.Code != http.StatusNotFound {
		t.Errorf("a job of others: %d", rec.Code)
	}
}

// TestWithdrawAndRelease: what is not handed over is taken back, and what was refused is let go.
func TestWithdrawAndRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who := w.as("operator", access.Grant{Role: access.RoleOperator, Account: own})
	w.sends("/jobber/"+w.ownJob+"/trekk", who, "begrunnelse=", 422)
	w.sends("/jobber/"+w.ownJob+"/trekk", who, "begrunnelse=Feil+logo", http.StatusSeeOther)
	w.shows("/jobber/"+w.ownJob, who, "Trukket tilbake", "Feil logo", "av deg")
	w.sends("/jobber/"+w.ownJob+"/trekk", who, "begrunnelse=Feil+logo", 200, "kan ikke trekkes tilbake")

	job := w.job(store.JobRejected, 905)
	w.sends("/jobber/"+job+"/frigi", who, "begrunnelse=Papiret+er+byttet", http.StatusSeeOther)
	w.shows("/jobber/"+job, who, "Papiret er byttet")
	w.shows("/forsendelser/"+archivetest.ID(905), who, "Frigitt", "Papiret er byttet", "av deg")
}

// TestReprint: some letters, by their numbers; many must be said again; what cannot be printed is told.
func TestReprint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who := w.as("operator", access.Grant{Role: access.RoleOperator})
	var numbers []int
	for n := range 30 {
		numbers = append(numbers, 910+n)
	}
	job := w.job(store.JobClosed, numbers...)
	path := "/jobber/" + job + "/omtrykk"
	for form, want := range map[string]string{
		"begrunnelse=revet": "Skriv numrene", "begrunnelse=revet&brev=to": "Skriv numre", "begrunnelse=revet&brev=31": "Jobben har brev 1 til 30",
		"begrunnelse=revet&brev=1&alle=ja": "Ikke begge deler", "brev=1": "Begrunnelse", "begrunnelse=revet&brev=1,3%E2%80%934": "Skriv tallet 3",
		"begrunnelse=revet&brev=1,3-4&bekreft=2": "Skriv tallet 3",
	} {
		w.sends(path, who, form, 422, want)
	}
	w.sends(path, who, "begrunnelse=revet&brev=1,3-4&bekreft=3", http.StatusSeeOther)
	w.shows("/jobber/"+job, who, "3 brev bestilt trykt på nytt", "revet", "av deg")
	w.sends(path, who, "begrunnelse=revet&brev=4", 422, "Brev 4 er allerede i omtrykk")
	w.sends(path, who, "begrunnelse=revet&brev=4&igjen=ja", http.StatusSeeOther)
}

// TestRuns: a dry run is shown; nothing is begun where nothing can be.
func TestRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who := w.as("operator", access.Grant{Role: access.RoleOperator})
	w.shows("/kjoringer/prove", who, "Prøvekjøring", "En nattkjøring nå ville")
	w.sends("/kjoringer/natt", who, "x=y", 200, "kan ikke startes")
	w.config.Runs = &w.runs
	w.handler = Handler(w.config)
	w.shows("/kjoringer", who, "Start en nattkjøring nå", "12 letters")
	w.sends("/kjoringer/natt", who, "x=y", http.StatusSeeOther)
	w.sends("/kjoringer/kvitteringer", who, "x=y", http.StatusSeeOther)
	if w.runs.nights != 1 || w.runs.fetches != 1 || !strings.HasPrefix(w.runs.by, "person/") {
		t.Errorf("begun: %+v", w.runs)
	}
	w.runs.err = store.ErrLocked
	w.sends("/kjoringer/natt", who, "x=y", 200, "allerede i gang")
}

// fakeRuns are the runs that were begun.
type fakeRuns struct {
	nights, fetches int
	by              string
	err             error
}

func (f *fakeRuns) StartNight(ctx context.Context) error {
	f.nights++
	f.by = access.By(ctx).String()
	return f.err
}

func (f *fakeRuns) StartFetch(context.Context) error {
	f.fetches++
	return f.err
}

// TestJobsPageByPage: of the jobs that are done, a page shows the newest, and leads to the older ones; of somebody's own alone.
func TestJobsPageByPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var ids []string
	for n := range 102 {
		ids = append(ids, w.job(store.JobClosed, 1000+n))
	}
	all, other := w.as("olav", access.Grant{Role: access.RoleOperator}), w.as("annen", access.Grant{Role: access.RoleOperator, Account: foreign})
	newest := w.ask("GET", "/jobber?vis=ferdig", all, "").Body.String()
	if !strings.Contains(newest, ids[101]) || !strings.Contains(newest, ids[2]) || strings.Contains(newest, ids[1]) || strings.Contains(newest, "Til de nyeste") {
		t.Error("the first page has not the newest hundred jobs")
	}
	older := "/jobber?etter=" + ids[2] + "&amp;vis=ferdig"
	if !strings.Contains(newest, older) {
		t.Errorf("the first page does not lead to %s", older)
	}
	rest := w.ask("GET", strings.ReplaceAll(older, "&amp;", "&"), all, "").Body.String()
	if !strings.Contains(rest, ids[0]) || !strings.Contains(rest, ids[1]) || strings.Contains(rest, ids[2]) || !strings.Contains(rest, `href="/jobber?vis=ferdig">Til de nyeste`) || strings.Contains(rest, "Eldre jobber") {
		t.Error("the second page has not the oldest two jobs alone")
	}
	if got := w.ask("GET", "/jobber?vis=ferdig", other, "").Body.String(); strings.Contains(got, ids[101]) || strings.Contains(got, "Eldre jobber") {
		t.Error("somebody sees jobs of others")
	}
	w.shows("/jobber?vis=alle&etter="+ids[0], other, "Til de nyeste")
}
