package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"postgang/engine"
	"postgang/engine/digital"
	"postgang/engine/digital/altinn"
	"postgang/engine/digital/dpi"
	"postgang/engine/digital/krr"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/fixtures/standins"
	standinaltinn "postgang/fixtures/standins/altinn"
	standindpi "postgang/fixtures/standins/dpi"
)

// TestWeekWithTheStandIns lives a week of hand-ins, and another in which they come to their end, with KRR, Altinn and the mailboxes'
// receipts at random: events late, doubled, lost and out of order, registers down, wrong, slow or behind, answers lost, reservations
// changing, and our own process dying. What must come of each letter is decided by what the stand-ins themselves know.
//
// A seed gives the same week each time: -run 'TestWeek.*/seed_7$'. POSTGANG_WEEKS=100 lives so many.
func TestWeekWithTheStandIns(t *testing.T) {
	t.Parallel()
	seeds := 4
	if testing.Short() || raceEnabled {
		seeds = 1
	}
	if n, err := strconv.Atoi(os.Getenv("POSTGANG_WEEKS")); err == nil {
		seeds = n
	}
	for seed := range seeds {
		t.Run(fmt.Sprintf("seed_%d", seed), func(t *testing.T) {
			t.Parallel()
			newWeek(t, uint64(seed)).live(t)
		})
	}
}

// The accounts of a week, by how their letters go.
const (
	weekBoth    = "begge"     // KRR, and Altinn with a notification
	weekAltinn  = "altinn"    // Altinn with a notification
	weekSilent  = "stille"    // Altinn without one: the deadline begins when a letter is published
	weekMailbox = "postkasse" // digital mailboxes, whose receipts come
)

const (
	weekDays   = 7                // in which letters are handed in
	weekAll    = 16               // days, the last of them without trouble
	weekPatch  = 11               // day on which all trouble has ended
	nightAt    = 11 * time.Hour   // after the hour at which the stage's clock begins: 21 in Norway
	mostOutage = 44 * time.Hour   // with a day in between no letter is unheard of for three days
	leastPeace = 25 * time.Hour   // so that a night lies in it
	never      = 1000 * time.Hour // later than the end
)

// weekLetter is a letter with what is going to happen to it.
type weekLetter struct {
	id, account, number string
	digitalOnly         bool
	handed              time.Time
	rule                standinaltinn.Rule
	readBy              func(l *weekLetter, sent time.Time) time.Time // when it is read in Altinn; nil: never
	planned             bool                                          // the reading
	reserves            time.Time                                     // in KRR; zero: never
	missingUntil        time.Time                                     // KRR's answers leave the recipient out until then
	source              string                                        // of mailbox receipts
	receipts            []standindpi.Receipt
	printed             time.Time // the night in which it came to the vendor
}

// weekAct is something that happens at a time.
type weekAct struct {
	at time.Time
	do func()
}

type week struct {
	*stage
	rng     *rand.Rand
	krr     *standins.KRR
	altinn  *standinaltinn.Server
	sources map[string]*standindpi.Server
	letters []*weekLetter
	acts    []weekAct
	trouble map[string]string // what is wrong with whom just now
	begin   time.Time
	rules   shipment.Rules
	night   time.Time // the last
	deaths  int
}

func newWeek(t *testing.T, seed uint64) *week {
	t.Helper()
	w := &week{rng: rand.New(rand.NewPCG(seed, 18)), sources: map[string]*standindpi.Server{}, trouble: map[string]string{}, begin: tuesday}
	now := func() time.Time {
		if w.stage == nil {
			return tuesday
		}
		return w.clock.now()
	}
	var err error
	w.krr, err = standins.StartKRR("127.0.0.1:0", nil, now)
	must(t, err)
	t.Cleanup(func() { _ = w.krr.Close() })
	w.plan(t)
	script := standinaltinn.Script{}
	for _, l := range w.letters {
		l.rule.Ends = l.number
		script.Rules = append(script.Rules, l.rule)
	}
	w.altinn = standinaltinn.New(standinaltinn.Options{Now: now, Script: script})
	web := httptest.NewServer(w.altinn)
	t.Cleanup(web.Close)
	var receipts []digital.NamedSource
	for _, name := range []string{"dpi-hjorne2", "dpi-eformidling"} {
		s := standindpi.New(now)
		w.sources[name] = s
		server := httptest.NewServer(s)
		t.Cleanup(server.Close)
		c := dpi.Config{Base: server.URL}
		var source digital.ReceiptSource
		if name == "dpi-hjorne2" {
			c.Token = func(context.Context) (string, error) { return "hemmelig-token", nil }
			source, err = dpi.NewCorner2(c)
		} else {
			source, err = dpi.NewEFormidling(c)
		}
		must(t, err)
		receipts = append(receipts, digital.NamedSource{Name: name, ReceiptSource: source})
	}
	var channel *digital.AltinnChannel
	w.stage = setup(t, func(c *engine.Config) {
		one := c.Accounts[0]
		w.rules = one.Rules
		c.Accounts = nil
		accounts := map[string]digital.AltinnAccount{}
		for key, channels := range map[string][]string{
			weekBoth: {digital.NameKRR, digital.NameAltinn}, weekAltinn: {digital.NameAltinn}, weekSilent: {digital.NameAltinn}, weekMailbox: nil,
		} {
			a := one
			a.Key, a.Channels = key, channels
			c.Accounts = append(c.Accounts, a)
			accounts[key] = digital.AltinnAccount{Resource: "brev", Text: altinn.Text{Body: "Du har fått brev."}, Silent: key == weekSilent}
		}
		box := &digital.ArchiveOutbox{Archive: c.Archive, Blobs: c.Blobs, Altinn: accounts, Accounts: map[string]party.Account{}}
		for _, a := range c.Accounts {
			box.Accounts[a.Key] = a
		}
		client, err := altinn.New(altinn.Config{
			Base: web.URL, Now: c.Now,
			Token:           func(context.Context) (string, error) { return "hemmelig-token", nil },
			SubscriptionKey: func() (string, error) { return "hemmelig-nokkel", nil },
		})
		must(t, err)
		channel = digital.Altinn(client, box, []string{"brev"}, c.Now)
		c.Channels = []digital.Channel{
			digital.KRR(krr.New(krr.Config{Base: w.krr.BaseURL(), Tokens: anyToken{}, Timeout: 5 * time.Second}), c.Now), channel,
		}
		c.Receipts = receipts
	})
	hook := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.trouble["webhook"] != "" {
			rw.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.engine.AltinnEvents("hemmelig-sti").ServeHTTP(rw, r)
	}))
	t.Cleanup(hook.Close)
	must(t, channel.Subscribe(w.ctx, hook.URL+"/x/hemmelig-sti"))
	return w
}

// between is a time between two.
func (w *week) between(least, most time.Duration) time.Duration {
	return (least + time.Duration(w.rng.Int64N(int64(most-least)+1))).Truncate(time.Second)
}

func (w *week) oneIn(n int) bool { return w.rng.IntN(n) == 0 }

func (w *week) at(at time.Time, do func()) { w.acts = append(w.acts, weekAct{at, do}) }

// plan draws the letters and the troubles.
func (w *week) plan(t *testing.T) {
	t.Helper()
	numbers := w.numbers(t, 60)
	for i, number := range numbers {
		l := &weekLetter{number: number, account: []string{weekBoth, weekAltinn, weekSilent, weekMailbox, weekBoth}[i%5]}
		l.handed = w.begin.Add(w.between(time.Minute, weekDays*24*time.Hour))
		l.digitalOnly = l.account != weekMailbox && w.oneIn(9)
		if i == 1 { // of weekAltinn
			l.number = organisation
		}
		switch l.account {
		case weekMailbox:
			w.planMailbox(l)
		case weekBoth:
			w.planKRR(l)
			fallthrough
		default:
			w.planAltinn(l)
		}
		w.letters = append(w.letters, l)
		w.at(l.handed, func() { w.handOver(t, l, i) })
	}
	w.planTroubles()
	for day := range weekAll {
		at := w.begin.Add(time.Duration(day)*24*time.Hour + nightAt)
		w.at(at, func() { w.oneNight(t) })
		if w.oneIn(6) { // a person runs another
			w.at(at.Add(-w.between(time.Hour, 20*time.Hour)), func() { w.oneNight(t) })
		}
		w.at(at.Add(10*time.Hour), func() { w.tick(t); w.fetch(t) })
	}
}

// numbers are so many synthetic people.
func (w *week) numbers(t *testing.T, n int) []string {
	t.Helper()
	var out []string
	for i := w.rng.IntN(20_000); len(out) < n && i < 100_000; i++ {
		if id := fmt.Sprintf("018190%05d", i); validID(id) {
			out = append(out, id)
		}
	}
	if len(out) < n {
		t.Fatal("too few numbers")
	}
	return out
}

// step is a step of a story whose event is late, doubled or lost.
func (w *week) step(after time.Duration, what string) standinaltinn.Step {
	s := standinaltinn.Step{After: standinaltinn.Duration(after), What: what}
	switch w.rng.IntN(6) {
	case 0:
		s.Lost = true
	case 1:
		s.Late = standinaltinn.Duration(w.between(time.Minute, 48*time.Hour))
	case 2:
		s.Times = 2 + w.rng.IntN(2)
	}
	return s
}

func (w *week) planAltinn(l *weekLetter) {
	published := w.between(0, 30*time.Minute)
	if w.oneIn(8) {
		published = w.between(time.Hour, 30*time.Hour)
	}
	ordered := published + w.between(0, 2*time.Minute)
	sent := ordered + w.between(0, time.Hour)
	story := func(steps ...standinaltinn.Step) { l.rule.Story = append(l.rule.Story, steps...) }
	kind := w.rng.IntN(16)
	if l.account == weekSilent && kind > 8 && kind < 12 {
		kind = 0 // nothing is ordered that could fail
	}
	switch kind {
	case 9:
		story(w.step(published, "published"), w.step(ordered, "ordered"), w.step(sent, "bounced"))
	case 10:
		story(w.step(published, "published"), w.step(ordered, "not-ordered"))
	case 11:
		story(w.step(published, "published"), w.step(ordered, "ordered"), w.step(sent, "unconfirmed"))
		if w.oneIn(2) {
			story(w.step(sent+w.between(24*time.Hour, 72*time.Hour), "reminded"))
		}
	case 12:
		fail := w.step(published, "failed")
		fail.Text = []string{"Party for recipient urn:altinn:person:identifier-no:" + l.number + " not found", "Recipient is reserved in KRR", "Dialogporten is down"}[w.rng.IntN(3)]
		story(fail)
	case 13:
		l.rule.Refuse = []int{1030, 1029, 1044}[w.rng.IntN(3)]
	default:
		story(w.step(published, "published"), w.step(ordered, "ordered"), w.step(sent, "sent"))
	}
	switch w.rng.IntN(5) {
	case 0: // soon
		l.readBy = func(_ *weekLetter, sent time.Time) time.Time { return sent.Add(w.between(0, 20*time.Hour)) }
	case 1, 2: // just before or after the deadline
		l.readBy = func(_ *weekLetter, sent time.Time) time.Time {
			return shipment.Deadline(sent, w.rules).Add(w.between(-3*time.Hour, time.Hour))
		}
	case 3: // at some time
		l.readBy = func(_ *weekLetter, sent time.Time) time.Time { return sent.Add(w.between(time.Hour, 144*time.Hour)) }
	}
}

func (w *week) planKRR(l *weekLetter) {
	ok := standins.KRRPerson{Reservation: "NEI", Status: "AKTIV", Notifiable: "KAN_VARSLES"}
	w.krr.Set(l.number, ok, time.Time{})
	gone := []standins.KRRPerson{
		{Reservation: "JA", Status: "AKTIV", Notifiable: "KAN_IKKE_VARSLES"}, {Status: "SLETTET", Notifiable: "KAN_IKKE_VARSLES"},
		{Reservation: "NEI", Status: "AKTIV", Notifiable: "KAN_IKKE_VARSLES"},
	}[w.rng.IntN(3)]
	switch w.rng.IntN(6) {
	case 0: // before
		l.reserves = l.handed.Add(-time.Hour)
	case 1, 2: // after
		l.reserves = l.handed.Add(w.between(10*time.Hour, 80*time.Hour))
	case 3:
		l.missingUntil = l.handed.Add(w.between(time.Minute, 8*time.Hour))
		w.krr.Set(l.number, standins.KRRPerson{Missing: true}, time.Time{})
		w.krr.Set(l.number, ok, l.missingUntil)
		return
	default:
		return
	}
	w.krr.Set(l.number, gone, l.reserves)
}

func (w *week) planMailbox(l *weekLetter) {
	l.source = []string{"dpi-hjorne2", "dpi-eformidling"}[w.rng.IntN(2)]
	add := func(kind string, after time.Duration) {
		r := standindpi.Receipt{Kind: kind, At: l.handed.Add(after), Times: 1 + w.rng.IntN(2), Blame: "KLIENT", NoRaw: w.oneIn(3)}
		r.From = r.At.Add(w.between(0, time.Hour))
		if w.oneIn(3) {
			r.From = r.At.Add(w.between(time.Hour, 60*time.Hour))
		}
		l.receipts = append(l.receipts, r)
	}
	after := w.between(time.Minute, 30*time.Hour)
	switch w.rng.IntN(7) {
	case 0, 1:
		add("levering", after)
	case 2:
		add("levering", after)
		add("aapning", after+w.between(time.Minute, 48*time.Hour))
	case 3:
		add("levering", after)
		add("varslingfeilet", after+time.Minute)
	case 4:
		add("feil", after)
	case 5:
		add("feil", after)
		add("levering", after+w.between(time.Minute, 24*time.Hour))
	}
	w.rng.Shuffle(len(l.receipts), func(i, j int) { l.receipts[i], l.receipts[j] = l.receipts[j], l.receipts[i] })
}

// planTroubles draws who is down when, and how. A letter is never unheard of for so long that a person must decide.
func (w *week) planTroubles() {
	end := w.begin.Add(weekPatch * 24 * time.Hour)
	for _, who := range []string{"krr", "altinn", "webhook", "dpi-hjorne2", "dpi-eformidling"} {
		for at := w.begin.Add(w.between(0, 30*time.Hour)); ; {
			from, length := at, w.between(10*time.Minute, mostOutage)
			if from.Add(length).After(end) {
				break
			}
			how := w.how(who)
			w.at(from, func() { w.set(who, how) })
			w.at(from.Add(length), func() { w.set(who, "") })
			at = from.Add(length + w.between(leastPeace, 2*leastPeace))
		}
	}
	for range 12 {
		w.at(w.begin.Add(w.between(0, weekDays*24*time.Hour)), func() {
			if w.trouble["altinn"] == "" {
				w.altinn.Set(standinaltinn.Faults{LoseAnswer: 1 + w.rng.IntN(3)})
			}
		})
	}
}

func (w *week) how(who string) string {
	ways := map[string][]string{
		"krr": {"500", "403", "hangup", "words"}, "altinn": {"503", "401", "hangup", "words", "flaky", "behind"}, "webhook": {"503"},
		"dpi-hjorne2": {"503", "words", "lose"}, "dpi-eformidling": {"503", "words", "lose"},
	}[who]
	return ways[w.rng.IntN(len(ways))]
}

// set has somebody misbehave, or behave again.
func (w *week) set(who, how string) {
	w.trouble[who] = how
	status, _ := strconv.Atoi(how)
	switch who {
	case "krr":
		w.krr.SetTrouble(standins.Trouble{Status: status, Hangup: how == "hangup"})
		w.krr.SetPlain(how == "words")
	case "altinn":
		f := standinaltinn.Faults{Status: status, Hangup: how == "hangup", Garbage: how == "words"}
		switch how {
		case "flaky":
			f.Status, f.Every = 500, 3
		case "behind":
			f.Behind = w.between(time.Minute, 3*time.Hour)
		}
		w.altinn.Set(f)
	case "webhook":
	default:
		s := w.sources[who]
		if how == "words" {
			status = http.StatusOK // with nothing that could be read
		}
		s.Down(status)
		s.LoseAcknowledgements(map[bool]int{true: 1 << 30}[how == "lose"])
	}
}

// handOver hands a letter in.
func (w *week) handOver(t *testing.T, l *weekLetter, i int) {
	t.Helper()
	n := newLetter(fmt.Sprint("Nr ", i)).to("digitalId", l.number).with("tittel", fmt.Sprint("Vedtak ", i))
	if l.digitalOnly {
		n = n.with("kunDigitalLevering", true)
	}
	reference := ""
	if l.account == weekMailbox && w.oneIn(2) {
		reference = fmt.Sprintf("0b7a1f0e-52a5-5d0c-8f39-%012x", w.rng.Int64N(1<<47))
		n = n.with("eksternReferanse", reference)
	}
	l.id = w.handIn(t, l.account, fmt.Sprint("brev-", i), n)
	if l.account != weekMailbox {
		return
	}
	if reference == "" {
		reference = l.id
	}
	for _, r := range l.receipts {
		r.Conversation = reference
		w.sources[l.source].Put(r)
	}
	if w.oneIn(2) {
		w.at(l.handed.Add(time.Minute), func() { w.event(t, l.id, shipment.DigitalSDPSent) })
	}
}

// live lets the time go by, and holds each night and the end against what must be.
func (w *week) live(t *testing.T) {
	end := w.begin.Add(weekAll * 24 * time.Hour)
	for {
		slices.SortStableFunc(w.acts, func(a, b weekAct) int { return a.at.Compare(b.at) })
		next := w.clock.now().Add(w.between(2*time.Minute, 90*time.Minute))
		var act *weekAct
		if len(w.acts) > 0 && !w.acts[0].at.After(next) {
			act, next = &w.acts[0], w.acts[0].at
			w.acts = w.acts[1:]
		}
		if next.After(end) {
			break
		}
		if next.After(w.clock.now()) {
			w.clock.set(next)
		}
		if act != nil {
			act.do()
		}
		w.background(t)
		w.planReadings()
		if t.Failed() {
			return
		}
	}
	w.ended(t)
}

// background is what goes on between: tasks, events, receipts; now and then our process dies in the middle.
func (w *week) background(t *testing.T) {
	t.Helper()
	w.altinn.Tick(w.ctx)
	if w.oneIn(30) {
		w.dieAt([]string{"channel: asked", "channel: event applied", "channel: recorded", "prepare: decided"}[w.rng.IntN(4)], 1+w.rng.IntN(2))
		if w.survive(t, func() { w.later(t) }) {
			w.deaths++
			w.tasks.take()
			_, err := w.engine.Reconcile(w.ctx)
			must(t, err)
		}
	}
	w.later(t)
	if w.oneIn(4) {
		must(t, w.engine.TakeMailboxReceipts(w.ctx))
	}
}

// planReadings has the recipients of letters that Altinn has got read them some day.
func (w *week) planReadings() {
	for _, r := range w.altinn.Letters() {
		l := w.letter(r.Reference)
		if l == nil || l.planned {
			continue
		}
		l.planned = true
		told := l.told(r.At)
		if l.readBy == nil || told.IsZero() {
			continue
		}
		at := l.readBy(l, told)
		if at.Before(r.At) {
			at = r.At
		}
		step := w.step(0, "read")
		w.at(at, func() {
			w.altinn.Happen(r.ID, step)
			l.rule.Story = append(l.rule.Story, readAt(step, w.clock.now().Sub(r.At)))
		})
	}
}

func readAt(s standinaltinn.Step, after time.Duration) standinaltinn.Step {
	s.After = standinaltinn.Duration(after)
	return s
}

func (w *week) letter(id string) *weekLetter {
	i := slices.IndexFunc(w.letters, func(l *weekLetter) bool { return l.id == id })
	if i < 0 {
		return nil
	}
	return w.letters[i]
}

// told is when the recipient of a letter that Altinn took at a time was told of it; zero: never.
func (l *weekLetter) told(at time.Time) time.Time {
	first := ""
	if l.account == weekSilent {
		first = "published"
	}
	var told time.Time
	for _, s := range l.rule.Story {
		if t := at.Add(time.Duration(s.After)); (s.What == first || first == "" && (s.What == "sent" || s.What == "reminded")) && (told.IsZero() || t.Before(told)) {
			told = t
		}
	}
	return told
}

// known is what somebody who has been told all until asOf, at a time, knows of a letter that Altinn took.
type known struct {
	read time.Time
	due  time.Time // when it goes to paper; zero: never
	// maybe: it may be known already that it can never be told of, since an event may have said so.
	maybe time.Time
}

func (l *weekLetter) known(w *week, taken, asOf, at time.Time) known {
	var k known
	when := map[string]time.Time{} // first of each
	for _, s := range l.rule.Story {
		t := taken.Add(time.Duration(s.After))
		if t.After(asOf) {
			continue
		}
		if old, there := when[s.What]; !there || t.Before(old) {
			when[s.What] = t
		}
	}
	k.read = when["read"]
	told := when["sent"]
	if r, there := when["reminded"]; there && (told.IsZero() || r.Before(told)) {
		told = r
	}
	if l.account == weekSilent {
		told = when["published"]
	}
	published, isPublished := when["published"]
	_, isOrdered := when["ordered"]
	switch {
	case !when["failed"].IsZero():
		k.due = when["failed"]
	case !told.IsZero():
		k.due = shipment.Deadline(told, w.rules)
	case !when["bounced"].IsZero():
		k.due = when["bounced"]
	case !isPublished || l.account == weekSilent:
	case !isOrdered:
		k.maybe = when["not-ordered"]
		if at.Sub(published) >= altinn.NoOrderAfter {
			k.due = published
		}
	case at.Sub(published) >= altinn.UnconfirmedAfter:
		k.due = published.Add(altinn.UnconfirmedAfter)
	}
	return k
}

// taken is when Altinn took a letter, and how often it did.
func (w *week) taken(id string) (at time.Time, times int) {
	for _, r := range w.altinn.Letters() {
		if r.Reference == id {
			at = r.At
			times++
		}
	}
	return at, times
}

// verdict is what must be of a letter in a night.
type verdict struct {
	print, maybe bool
	why          string
}

// judge says by what the stand-ins know and have told what must come of a letter until now.
func (w *week) judge(t *testing.T, l *weekLetter) verdict {
	t.Helper()
	now := w.clock.now()
	if l.account == weekMailbox {
		return w.judgeMailbox(l, now)
	}
	taken, _ := w.taken(l.id)
	var due, maybe time.Time
	why := ""
	earlier := func(at time.Time, because string) {
		if !at.IsZero() && (due.IsZero() || at.Before(due)) {
			due, why = at, because
		}
	}
	var heard, read time.Time
	for _, a := range w.altinn.Answers(l.id) {
		if a.At.After(now) {
			continue
		}
		if a.Refused != 0 {
			earlier(a.At, fmt.Sprint("refused ", a.Refused))
			heard = a.At
			continue
		}
		k := l.known(w, taken, a.AsOf, a.At)
		if !k.read.IsZero() {
			read = k.read
		}
		earlier(k.due, "of Altinn")
		if !k.maybe.IsZero() {
			maybe = k.maybe
		}
		heard = a.At
	}
	if l.account == weekBoth {
		for _, at := range w.krr.Told(l.number) {
			if !l.reserves.IsZero() && !at.Before(l.reserves) && (due.IsZero() || at.Before(due)) {
				earlier(at, "of KRR")
				break
			}
		}
	}
	if maybe.IsZero() {
		w.wasAsked(t, l, taken, read, due)
	}
	switch {
	case l.digitalOnly || !read.IsZero():
		return verdict{why: "read or only digital"}
	case !due.IsZero() && !due.After(now):
		if !taken.IsZero() && heard.Before(due) {
			return verdict{why: "unheard of"}
		}
		return verdict{print: true, why: why}
	}
	return verdict{maybe: !maybe.IsZero(), why: "not due"}
}

// wasAsked holds that whoever answers was asked before collecting about a letter that is not decided.
func (w *week) wasAsked(t *testing.T, l *weekLetter, taken, read, due time.Time) {
	t.Helper()
	now := w.clock.now()
	status := w.shipment(t, l.id).Status
	if !read.IsZero() || !l.printed.IsZero() || status.Terminal() || !due.IsZero() && (due.Before(now) || due.After(now.Add(24*time.Hour))) {
		return
	}
	told := w.krr.Told(l.number)
	ready := l.account != weekBoth || len(told) > 0
	if l.account == weekBoth && w.trouble["krr"] == "" && now.After(l.missingUntil) && !(l.digitalOnly && !taken.IsZero()) && (len(told) == 0 || !told[len(told)-1].Equal(now)) {
		t.Errorf("KRR was not asked about letter %s before the night\n%s", l.id, w.story(t, l))
	}
	if w.trouble["altinn"] != "" && w.trouble["altinn"] != "behind" || !ready {
		return
	}
	answers := w.altinn.Answers(l.id)
	switch {
	case taken.IsZero() && len(answers) == 0:
		t.Errorf("letter %s was not sent although Altinn takes letters\n%s", l.id, w.story(t, l))
	case taken.IsZero() || taken.Equal(now):
	case len(answers) == 0 || !answers[len(answers)-1].At.Equal(now):
		t.Errorf("Altinn was not asked about letter %s before the night\n%s", l.id, w.story(t, l))
	}
}

func (w *week) judgeMailbox(l *weekLetter, now time.Time) verdict {
	failed, there := false, false
	for _, r := range l.receipts {
		if r.From.After(now) {
			continue
		}
		switch r.Kind {
		case "feil":
			failed = true
		case "levering", "aapning":
			there = true
		}
	}
	if w.trouble[l.source] != "" {
		return verdict{maybe: failed, why: "receipts may have come before"}
	}
	return verdict{print: failed && !there, why: "of the mailbox"}
}

// oneNight runs a night, and holds what came to the vendor against what must have.
func (w *week) oneNight(t *testing.T) {
	t.Helper()
	w.later(t) // what is handed in is decided
	w.runNight(t)
	w.night = w.clock.now()
	at := w.atVendor(t)
	for _, l := range w.letters {
		if l.id == "" {
			continue
		}
		times := at[l.id]
		if !l.printed.IsZero() {
			if times != 1 {
				t.Errorf("letter %s is %d times at the vendor", l.id, times)
			}
			continue
		}
		v := w.judge(t, l)
		if (times > 0) != v.print && !v.maybe || times > 1 {
			t.Errorf("%v: letter %s of %s is %d times at the vendor, and is to be printed: %v (%s); trouble: %v\n%s", w.clock.now(), l.id, l.account, times, v.print, v.why, w.trouble, w.story(t, l))
		}
		if times > 0 {
			l.printed = w.clock.now()
		}
	}
}

// story is what happened to a letter, for who must find out why.
func (w *week) story(t *testing.T, l *weekLetter) string {
	t.Helper()
	taken, times := w.taken(l.id)
	var b strings.Builder
	fmt.Fprintf(&b, "handed in %v, reserves %v, %d times at Altinn from %v: ", l.handed, l.reserves, times, taken)
	for _, s := range l.rule.Story {
		fmt.Fprintf(&b, "%s %v; ", s.What, taken.Add(time.Duration(s.After)))
	}
	for _, r := range l.receipts {
		fmt.Fprintf(&b, "%s %v from %v; ", r.Kind, r.At, r.From)
	}
	if a := w.altinn.Answers(l.id); len(a) > 0 {
		fmt.Fprintf(&b, "last answer %+v", a[len(a)-1])
	}
	sh := w.shipment(t, l.id)
	fmt.Fprintf(&b, "\n%s, due %v for %q\n%s", sh.Status, sh.DueAt, sh.DueReason, w.history(t, l.id))
	return b.String()
}

// ended holds the end against the truth, whoever told what when.
func (w *week) ended(t *testing.T) {
	t.Helper()
	printed, read := 0, 0
	for _, l := range w.letters {
		if l.id == "" {
			continue
		}
		sh := w.shipment(t, l.id)
		w.causes(t, l)
		if sh.Hold != "" {
			t.Errorf("letter %s is set aside: %s\n%s", l.id, sh.Hold, w.story(t, l))
		}
		if !l.printed.IsZero() {
			printed++
		}
		if sh.Status == shipment.StatusLest {
			read++
		}
		if l.account == weekMailbox {
			continue // each night was held against all receipts
		}
		taken, times := w.taken(l.id)
		if times > 1 {
			t.Errorf("letter %s was sent %d times", l.id, times)
		}
		k := l.known(w, taken, w.clock.now(), w.clock.now())
		if taken.IsZero() {
			k = known{}
		}
		// When it was due at the earliest, whoever knew.
		first := k.due
		for _, at := range []time.Time{k.maybe, l.reserves} {
			if l.digitalOnly && at.Equal(l.reserves) {
				continue // it lies in Altinn, and can be nothing else
			}
			if !at.IsZero() && (first.IsZero() || at.Before(first)) {
				first = at
			}
		}
		switch {
		case !k.read.IsZero() && (first.IsZero() || k.read.Before(first)):
			if !l.printed.IsZero() || sh.Status != shipment.StatusLest {
				t.Errorf("letter %s was read in time and is %s\n%s", l.id, sh.Status, w.story(t, l))
			}
		case l.digitalOnly:
			if !sh.Status.Terminal() || !l.printed.IsZero() {
				t.Errorf("only digital letter %s is %s\n%s", l.id, sh.Status, w.story(t, l))
			}
		case k.read.IsZero() && l.printed.IsZero() && (!first.IsZero() && !first.After(w.night) || l.rule.Refuse != 0):
			t.Errorf("letter %s is due since %v and was not printed\n%s", l.id, first, w.story(t, l))
		case !l.printed.IsZero() && l.rule.Refuse == 0 && (first.IsZero() || l.printed.Before(first)):
			t.Errorf("letter %s was printed %v and is due %v\n%s", l.id, l.printed, first, w.story(t, l))
		}
	}
	w.nothingPrivate(t)
	t.Logf("%d letters, %d printed, %d read, died %d times", len(w.letters), printed, read, w.deaths)
}

// causes holds that each decision about a letter has a cause in its history.
func (w *week) causes(t *testing.T, l *weekLetter) {
	t.Helper()
	why := ""
	for _, e := range view(t, w.stage, func(r store.Reader) ([]shipment.Event, error) { return r.History(w.ctx, l.id) }) {
		if e.From != e.To && e.Reason == "" && e.From != "" && e.From != shipment.StatusMottatt {
			t.Errorf("letter %s became %s without a cause", l.id, e.To)
		}
		if e.Kind == shipment.EventCollected {
			why, _, _ = strings.Cut(e.Reason, " ")
		}
	}
	if !l.printed.IsZero() && why == "" {
		t.Errorf("letter %s was printed without a cause", l.id)
	}
	history := w.history(t, l.id)
	for reason, words := range map[string][]string{
		string(shipment.ReasonUnread): {"VARSLET: altinn-notified"}, string(shipment.ReasonReserved): {"KRR: reservasjon JA", "altinn-reserved"},
		string(shipment.ReasonNotNotifiable): {"KRR: status", "KRR: varslingsstatus", "altinn-"}, string(shipment.ReasonSDPFailed): {"dpi-feil-klient", "dpi-feil"},
	} {
		if why == reason && !slices.ContainsFunc(words, func(word string) bool { return strings.Contains(history, word) }) {
			t.Errorf("letter %s was printed for %s, and the history does not say why:\n%s", l.id, why, history)
		}
	}
}
