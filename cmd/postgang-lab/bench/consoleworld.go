package bench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"postgang/cmd/cli"
	"postgang/engine/archive"
	"postgang/engine/recipient"
	"postgang/engine/shipment"
	"postgang/printjobs/prepare"
)

// consoleNow is when the measurement takes place, as the archive has it.
var consoleNow = time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)

// consoleYears is how long the archive goes back.
const consoleYears = 3

// benchHash stands for the keyed hash of numbers.
func benchHash(number string) string {
	sum := sha256.Sum256([]byte("måling " + number))
	return hex.EncodeToString(sum[:])
}

// consoleWorld makes up the shipments of the measurement. Nobody's.
type consoleWorld struct{ many int }

func newConsoleWorld(many int) *consoleWorld { return &consoleWorld{many} }

// turn is what turn n of a measurement is drawn from.
func (w *consoleWorld) turn(n int) *rand.Rand { return rand.New(rand.NewPCG(7, uint64(n))) }

// consoleShipment is what is made up of a shipment.
type consoleShipment struct {
	id, account, handIn, code, system, reference string
	status                                       shipment.Status
	received, posted                             time.Time
	name, line, postcode, number                 string
}

var (
	consoleFirst = strings.Fields(`Anne Jan Per Bjørn Ole Lars Kjell Knut Inger Kari Marit Ingrid Liv Eva Berit Astrid Svein Thomas Arne Geir Hans Morten Tor
		Martin Andreas Nina Hilde Ida Maria Camilla Silje Åse Åge Jørgen Sølvi Ragnhild Torbjørn Øyvind Ole-Jakob Anne-Grete Zahra Ahmed Olga Piotr Ánde Máret
		Elle Sunniva Ingeborg Sigrid Håkon Magnus Emil Nora Emma Jakob Filip Sofie Ella Maja Olivia Noah Oskar Lucas Aksel Isak Ulrik Vetle Tuva Live Ylva`)
	consoleLast = strings.Fields(`Hansen Johansen Olsen Larsen Andersen Pedersen Nilsen Kristiansen Jensen Karlsen Johnsen Pettersen Eriksen Berg Haugen Hagen
		Johannessen Andreassen Jacobsen Dahl Jørgensen Halvorsen Henriksen Lund Sørensen Jakobsen Gundersen Moen Iversen Strand Solberg Svendsen Eide Knutsen
		Martinsen Paulsen Bakken Kristoffersen Mathisen Lie Amundsen Nguyen Rasmussen Lunde Solheim Kristensen Moe Berge Nygård Bakke Holm Fredriksen Lien
		Hauge Christensen Andresen Nielsen Knudsen Evensen Sæbø Aas Hovland Næss Ali Brekke Ødegård Tangen Hussain Vik Thorsen Ruud Myhre Bråten Åsen Grønli`)
	consoleRoads = strings.Fields(`Storgata Kirkeveien Skolegata Parkveien Strandgata Furuveien Bjørkeveien Granveien Elveveien Fjellveien Åsveien Øvregata Nedregata
		Havnegata Stasjonsveien Industriveien Solveien Lyngveien Kløverveien Rådhusgata`)
)

// often draws one of n so that the first are drawn far more often than the last.
func often(r *rand.Rand, n int) int {
	x := r.Float64()
	return int(x * x * x * float64(n))
}

func (w *consoleWorld) account(n int) string { return fmt.Sprintf("konto-%02d", n%40+1) }

// shipment makes up shipment i; later ones were received later.
func (w *consoleWorld) shipment(i int) consoleShipment {
	r := rand.New(rand.NewPCG(1, uint64(i)))
	id := make([]byte, 16)
	for n := range id {
		id[n] = byte(r.Uint32())
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	h := hex.EncodeToString(id)
	s := consoleShipment{id: h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]}
	s.received = consoleNow.AddDate(-consoleYears, 0, 0).Add(time.Duration(float64(consoleNow.Sub(consoleNow.AddDate(-consoleYears, 0, 0))) * float64(i) / float64(w.many))).Truncate(time.Millisecond)
	s.account = w.account(often(r, 40))
	s.code = strconv.Itoa(1000 + often(r, 400))
	s.system = fmt.Sprintf("Fagsystem %d", often(r, 25)+1)
	s.handIn = fmt.Sprintf("%s-%d", s.received.Format("20060102"), i)
	s.reference = fmt.Sprintf("%d/%05d-%d", s.received.Year(), r.IntN(90_000), r.IntN(9))
	s.status = w.status(i)
	if s.status == shipment.StatusPrintet {
		s.posted = s.received.Add(60 * time.Hour)
	}
	s.name = consoleFirst[often(r, len(consoleFirst))] + " " + consoleLast[often(r, len(consoleLast))]
	if r.IntN(3) == 0 {
		s.name = consoleFirst[r.IntN(len(consoleFirst))] + " " + consoleLast[r.IntN(len(consoleLast))] + " " + consoleLast[r.IntN(len(consoleLast))]
	}
	s.line = consoleRoads[r.IntN(len(consoleRoads))] + " " + strconv.Itoa(r.IntN(180)+1)
	s.postcode = fmt.Sprintf("%04d", r.IntN(9990)+1)
	person := r.IntN(w.many/10 + 1)
	s.number = fmt.Sprintf("%011d", 81_000_000_000+person) // of nobody: no such day
	return s
}

// status is the one of shipment i: old ones are settled, some of the newest are under way.
func (w *consoleWorld) status(i int) shipment.Status {
	r := rand.New(rand.NewPCG(2, uint64(i)))
	switch n := r.IntN(1000); {
	case i > w.many-w.many/200 && n < 500:
		return shipment.StatusVarslet
	case i > w.many-w.many/100 && n < 700:
		return shipment.StatusSendtPrint
	case n < 700:
		return shipment.StatusPrintet
	case n < 945:
		return shipment.StatusLest
	case n < 990:
		return shipment.StatusAvvist
	default:
		return shipment.StatusManueltHandtert
	}
}

const consoleColumns = `id, account, hand_in, received_at, version, status, submission, konteringskode, sending_system, digital_only, fingerprint, zone,
	notified_at, read_at, due_at, due_reason, posted_at, prepared_sha, prepared_bytes, facts, hold, refusals, external_reference`

// row is a shipment as the archive keeps it.
func (w *consoleWorld) row(i int) (row []any, person []any, err error) {
	s := w.shipment(i)
	sub := shipment.Submission{
		Title: "Vedtak i en sak som er et eksempel", SendingSystem: s.system, Konteringskode: s.code, ExternalReference: s.reference,
		Recipient: shipment.PostalAddress{Name: shipment.Private(s.name), DigitalID: shipment.Private(s.number), Line1: shipment.Private(s.line), Postcode: s.postcode, City: "EKSEMPELSTAD"},
		Documents: []shipment.SubmittedFile{{FileName: "vedtak.pdf", MimeType: "application/pdf"}},
	}
	submission, err := json.Marshal(sub)
	if err != nil {
		return nil, nil, err
	}
	sha := strings.Repeat(strings.ReplaceAll(s.id, "-", ""), 2)
	facts, err := json.Marshal(prepare.Facts{Recipe: "r1", SHA256: sha, Bytes: 45_678, DocumentPages: []int{2}, Pages: make([]prepare.PageFacts, 2)})
	if err != nil {
		return nil, nil, err
	}
	var notified, read, due, reason, posted, prepared, size, known any
	hold := ""
	ms := func(t time.Time) any { return t.UnixMilli() }
	if s.status != shipment.StatusAvvist && s.status != shipment.StatusManueltHandtert {
		prepared, size, known = sha, int64(45_678), string(facts)
		notified, due, reason = ms(s.received.Add(time.Minute)), ms(s.received.Add(48*time.Hour)), string(shipment.ReasonUnread)
		switch i % 20 {
		case 0, 1, 2:
			due, reason = ms(s.received), string(shipment.ReasonReserved)
		case 3:
			due, reason = ms(s.received), string(shipment.ReasonPrintOnly)
		}
		if i%9973 == 0 {
			hold = "oppsett"
		}
	}
	if s.status == shipment.StatusLest {
		read = ms(s.received.Add(5 * time.Hour))
	}
	if !s.posted.IsZero() {
		posted = ms(s.posted)
	}
	row = []any{
		s.id, s.account, s.handIn, ms(s.received), int64(3), string(s.status), string(submission), s.code, s.system, false, sha, "NORGE",
		notified, read, due, reason, posted, prepared, size, known, hold, "[]", s.reference,
	}
	p := recipient.Row(shipment.Shipment{ID: s.id, Account: s.account, Submission: sub}, benchHash)
	return row, []any{int64(1<<40 + i), p.Shipment, p.Account, p.Words.Reveal(), p.Number}, nil
}

// fill makes the archive, many rows with each statement.
func (w *consoleWorld) fill(ctx context.Context, o *cli.Options, a *archive.Archive) error {
	const inTransaction, inStatement = 50_000, 25
	step, finish := o.Progress("making the archive")
	defer finish()
	for from := 0; from < w.many; from += inTransaction {
		err := a.RawTx(ctx, func(_ any, exec archive.Exec) error {
			for i := from; i < min(from+inTransaction, w.many); i += inStatement {
				var rows, persons [][]any
				for n := i; n < min(i+inStatement, w.many); n++ {
					row, person, err := w.row(n)
					if err != nil {
						return err
					}
					rows, persons = append(rows, row), append(persons, person)
				}
				if err := insertMany(ctx, exec, "shipment ("+consoleColumns+")", rows); err != nil {
					return err
				}
				if err := insertMany(ctx, exec, "shipment_person (seq, shipment, account, words, number)", persons); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if step != nil {
			step(min(from+inTransaction, w.many), w.many)
		}
	}
	if a.Postgres() != nil { // as autovacuum does; SQLite is never asked to
		_, err := a.Exec(ctx, "ANALYZE")
		return err
	}
	return nil
}

func insertMany(ctx context.Context, exec archive.Exec, into string, rows [][]any) error {
	var b strings.Builder
	var args []any
	b.WriteString("INSERT INTO " + into + " VALUES ")
	for i, row := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		for j := range row {
			b.WriteString([]string{"($", ", $"}[min(j, 1)])
			b.WriteString(strconv.Itoa(len(args) + j + 1))
		}
		b.WriteByte(')')
		args = append(args, row...)
	}
	_, err := exec(ctx, b.String(), args...)
	return err
}
