package bench

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"postgang/engine/store"
)

// all is somebody who may see everything.
func (p *consolePlace) all() browser { return browser{p, p.w.people()[0].ID} }

// pages are the pages of the console, as somebody asks for them who may see everything, and lists and the overview as somebody of one account
// and organisation does.
func (p *consolePlace) pages() []question {
	all, some := p.all(), browser{p, p.w.people()[20].ID}
	get := func(who browser, what string, path func(n int, s consoleSample) string) question {
		return question{what: what, ask: func(ctx context.Context, n int) (int, int, error) {
			a, err := who.ask(ctx, path(n, p.one(n)), nil)
			return a.body.Len(), 0, err
		}}
	}
	fixed := func(what, path string) question {
		return get(all, what, func(int, consoleSample) string { return path })
	}
	q := func(pairs ...string) string {
		v := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return "/forsendelser?" + v.Encode()
	}
	// Two pages: what is posted, and where it leads.
	post := func(what, path string, form func(n int, s consoleSample) url.Values) question {
		return question{what: what, ask: func(ctx context.Context, n int) (int, int, error) {
			a, err := all.ask(ctx, path, form(n, p.one(n)))
			if err != nil {
				return 0, 0, err
			}
			if to := a.header.Get("Location"); to != "" {
				a, err = all.ask(ctx, to, nil)
			}
			return a.body.Len(), 0, err
		}}
	}
	search := func(what string, form func(s consoleSample) url.Values) question {
		return post(what, "/mottaker", func(_ int, s consoleSample) url.Values {
			v := form(s)
			v.Set("formaal", "spørsmål fra mottakeren")
			return v
		})
	}
	printed := func(n int) consoleSample {
		for {
			if s := p.one(n); s.job != "" {
				return s
			}
			n += 100_000
		}
	}
	last := func(s consoleSample) string {
		for _, other := range append([]consoleSample{s}, p.sample...) {
			words := strings.Fields(other.name)
			if name := words[len(words)-1]; len(name) > 4 { // «Aas» is looked for as «as», which is too short
				return name
			}
		}
		return s.name
	}
	return []question{
		fixed("page: overview", "/"),
		get(some, "page: overview of some accounts", func(int, consoleSample) string { return "/" }),
		fixed("page: letters, all", "/forsendelser"),
		get(all, "page: letters, deep down", func(_ int, s consoleSample) string { return q("etter", s.id) }),
		get(all, "page: letters of an account", func(_ int, s consoleSample) string { return q("konto", s.account) }),
		get(all, "page: letters in a status", func(_ int, s consoleSample) string { return q("status", string(s.status)) }),
		get(all, "page: letters by code", func(_ int, s consoleSample) string { return q("konteringskode", s.code) }),
		get(all, "page: letters of a system in a month", func(_ int, s consoleSample) string {
			return q("system", s.system, "fra", s.received.AddDate(0, 0, -15).Format("2006-01-02"), "til", s.received.AddDate(0, 0, 15).Format("2006-01-02"))
		}),
		get(all, "page: letters by account, status, code", func(_ int, s consoleSample) string {
			return q("konto", s.account, "status", string(s.status), "konteringskode", s.code)
		}),
		get(all, "page: letters for a reason", func(n int, _ consoleSample) string {
			return q("arsak", []string{"ULEST", "RESERVERT", "KUN_PRINT", "SDP_FEILET"}[n%4])
		}),
		fixed("page: letters set aside", q("satt_til_side", "alle")),
		fixed("page: letters under way", q("status", "underveis")),
		get(all, "page: letters of a job", func(n int, _ consoleSample) string { return q("jobb", printed(n).job) }),
		get(some, "page: letters of some accounts", func(int, consoleSample) string { return "/forsendelser" }),
		get(all, "page: one letter", func(_ int, s consoleSample) string { return "/forsendelser/" + s.id }),
		get(all, "page: one printed letter", func(n int, _ consoleSample) string { return "/forsendelser/" + printed(n).id }),
		post("find: id", "/finn", func(_ int, s consoleSample) url.Values { return url.Values{"q": {s.id}} }),
		post("find: first eight of an id", "/finn", func(_ int, s consoleSample) url.Values { return url.Values{"q": {s.id[:8]}} }),
		post("find: six in its middle", "/finn", func(_ int, s consoleSample) url.Values { return url.Values{"q": {s.id[26:32]}} }),
		post("find: part of a reference", "/finn", func(_ int, s consoleSample) url.Values { return url.Values{"q": {s.reference[2:]}} }),
		post("find: job", "/finn", func(n int, _ consoleSample) url.Values { return url.Values{"q": {printed(n).job}} }),
		post("find: nothing", "/finn", func(n int, _ consoleSample) url.Values { return url.Values{"q": {fmt.Sprintf("finnes ikke %d", n)}} }),
		search("name: first and last", func(s consoleSample) url.Values { return url.Values{"navn": {s.name}} }),
		search("name: a last one", func(s consoleSample) url.Values { return url.Values{"navn": {last(s)}} }),
		search("name: address", func(s consoleSample) url.Values { return url.Values{"adresse": {s.line + " " + s.postcode}} }),
		search("name: last one and address", func(s consoleSample) url.Values {
			return url.Values{"navn": {last(s)}, "adresse": {strings.Fields(s.line)[0]}}
		}),
		fixed("page: jobs", "/jobber"),
		fixed("page: jobs under way", "/jobber?vis=underveis"),
		fixed("page: jobs, all", "/jobber?vis=alle"),
		get(all, "page: one job", func(n int, _ consoleSample) string { return "/jobber/" + printed(n).job }),
		fixed("page: runs", "/kjoringer"),
		fixed("page: a night begun by hand", "/kjoringer/natt"),
		fixed("page: alarms", "/varsler"),
		fixed("page: manual print", "/manuell"),
		fixed("page: guard", "/kostnadsvakt"),
		fixed("page: statistics", "/statistikk"),
		get(all, "page: statistics of an account", func(_ int, s consoleSample) string { return "/statistikk?konto=" + s.account }),
		fixed("page: budgets", "/okonomi/koder"),
		fixed("page: deviations", "/okonomi/avvik"),
		fixed("page: deviations, all", "/okonomi/avvik?vis=alle"),
		fixed("page: receipts", "/okonomi/kvitteringer"),
		fixed("page: invoices", "/okonomi/fakturaer"),
		fixed("page: months", "/okonomi/maneder"),
		fixed("page: one month", "/okonomi/maneder/2026-10"),
		fixed("page: configuration", "/konfigurasjon"),
		fixed("page: systems", "/konfigurasjon/fagsystemer"),
		fixed("page: people", "/tilganger"),
		fixed("page: look-ups", "/logg"),
		get(all, "page: look-ups of a letter", func(_ int, s consoleSample) string { return "/logg?forsendelse=" + s.id }),
		fixed("page: changes", "/logg/endringer"),
		fixed("page: send", "/send"),
		fixed("page: help", "/hjelp"),
	}
}

// sides are the pages of letters as pictures: a letter's first ones, when nobody has looked at it before, with the renderer warm.
func (p *consolePlace) sides() []question {
	all := p.all()
	var ids []string
	var at string
	pictures := func(ctx context.Context, n int) (int, error) {
		a, err := all.ask(ctx, "/forsendelser/"+ids[n%len(ids)]+"/sider", url.Values{"formaal": {"ser over brevet"}})
		if err != nil {
			return 0, err
		}
		if at = a.header.Get("Location"); at == "" {
			return 0, errors.New("the sides of a letter are not shown")
		}
		page, err := all.ask(ctx, at, nil)
		if err != nil {
			return 0, err
		}
		size := page.body.Len()
		html, err := page.text()
		if err != nil {
			return 0, err
		}
		found := regexp.MustCompile(`/forsendelser/[^"]+\.png`).FindAllString(html, -1)
		if len(found) == 0 {
			return 0, errors.New("there is no picture on the page")
		}
		slices.Sort(found)
		for _, path := range slices.Compact(found) {
			picture, err := all.ask(ctx, path, nil)
			if err != nil {
				return 0, err
			}
			size += picture.body.Len()
		}
		return size, nil
	}
	return []question{{
		what: "sides: a letter's, with its pictures",
		before: func(ctx context.Context, n int) error {
			if n > 0 {
				return nil
			}
			err := p.app.Archive.View(ctx, func(r store.Reader) error {
				list, err := r.Shipments(ctx, store.ShipmentFilter{Newest: true, Limit: 2000})
				for _, s := range list {
					if s.Status == "VARSLET" || s.Status == "SENDT_PRINT" {
						ids = append(ids, s.ID)
					}
				}
				return err
			})
			if err == nil && len(ids) == 0 {
				err = errors.New("no letter has pages")
			}
			for n := range 3 { // warm
				if err == nil {
					_, err = pictures(ctx, n)
				}
			}
			return err
		},
		ask: func(ctx context.Context, n int) (int, int, error) {
			size, err := pictures(ctx, n+3)
			return size, 0, err
		},
	}}
}

// text is the body as it was before it was squeezed.
func (a *answer) text() (string, error) {
	if a.header.Get("Content-Encoding") != "gzip" {
		return a.body.String(), nil
	}
	r, err := gzip.NewReader(bytes.NewReader(a.body.Bytes()))
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(r)
	return string(data), err
}

// firstVisit is all that a browser fetches that was never there: the front page, its files, and what these name.
func (p *consolePlace) firstVisit(ctx context.Context) (size int, err error) {
	seen, next := map[string]bool{}, []string{"/"}
	file := regexp.MustCompile(`/fil/[A-Za-z0-9._-]+`)
	for len(next) > 0 {
		path := next[0]
		next = next[1:]
		a, err := p.all().ask(ctx, path, nil)
		if err != nil {
			return 0, err
		}
		size += a.body.Len()
		for _, v := range a.header {
			size += len(strings.Join(v, "")) + 20
		}
		text, err := a.text()
		if err != nil {
			return 0, err
		}
		for _, name := range file.FindAllString(text, -1) {
			if !seen[name] {
				seen[name] = true
				next = append(next, name)
			}
		}
	}
	return size, nil
}

// processor tells the CPU time that this program has used, in seconds, and that of the PostgreSQL server, when it runs on this machine.
func (p *consolePlace) processor(ctx context.Context) (func() float64, error) {
	if p.app.Archive.Postgres() == nil {
		return cpuSeconds, nil
	}
	var backend int
	if err := p.app.Archive.Postgres().QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&backend); err != nil {
		return nil, err
	}
	parent := parentOf(backend)
	if parent == 0 {
		return cpuSeconds, nil // on another machine
	}
	// Processes of the server come and go: what one has used counts on.
	used := map[int]float64{}
	return func() float64 {
		sum := cpuSeconds()
		entries, err := os.ReadDir("/proc")
		if err != nil {
			return sum
		}
		for _, e := range entries {
			pid, err := strconv.Atoi(e.Name())
			if err != nil {
				continue
			}
			if _, known := used[pid]; !known && parentOf(pid) != parent {
				continue
			}
			if data, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid)); err == nil {
				ns, _, _ := strings.Cut(string(data), " ")
				n, _ := strconv.ParseFloat(ns, 64) // not a number: nothing
				used[pid] = max(used[pid], n/1e9)
			}
		}
		for _, seconds := range used {
			sum += seconds
		}
		return sum
	}, nil
}
