package bench

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"postgang/engine/access"
	"postgang/engine/shipment"
)

// consoleNow is when the measurement takes place, as the archive has it.
var consoleNow = time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)

// How much there is in the archive of the measurement beside its letters.
const (
	consoleWeeks    = 156 // that it goes back
	consoleWeek     = 200 // letters of a week at least
	consoleAccounts = 40
	consoleCodes    = 400
	consoleSystems  = 25
	consoleOwners   = 10 // organisations
	consolePeople   = 50 // who work in the console
	consoleManual   = 2  // accounts whose letters are printed here
)

// consoleWorld makes up what the archive of the measurement has. Nobody's.
type consoleWorld struct {
	many  int // letters
	weeks int // that are settled
	week  int // letters of each of these
}

func newConsoleWorld(many int) *consoleWorld {
	w := &consoleWorld{many: many, week: max(consoleWeek, many/(consoleWeeks+1))}
	w.weeks = max(1, many/w.week-1)
	return w
}

// turn is what turn n of a measurement is drawn from.
func (w *consoleWorld) turn(n int) *rand.Rand { return rand.New(rand.NewPCG(7, uint64(n))) }

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

// consoleID makes up a UUID.
func consoleID(r *rand.Rand) string {
	id := make([]byte, 16)
	for n := range id {
		id[n] = byte(r.Uint32())
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	h := hex.EncodeToString(id)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// consoleHash makes up a SHA-256 for what has an id.
func consoleHash(id string) string { return strings.Repeat(strings.ReplaceAll(id, "-", ""), 2) }

func (w *consoleWorld) account(n int) string { return fmt.Sprintf("konto-%02d", n%consoleAccounts+1) }

// vendor is the one of an account.
func (w *consoleWorld) vendor(account string) string {
	n, _ := strconv.Atoi(strings.TrimPrefix(account, "konto-")) // accounts are ours
	switch {
	case n > consoleAccounts-consoleManual:
		return "hus"
	case n%2 == 0:
		return "trykk-b"
	default:
		return "trykk-a"
	}
}

func (w *consoleWorld) code(n int) string { return strconv.Itoa(1000 + n) }

// persons is how many people letters are to.
func (w *consoleWorld) persons() int { return w.many/10 + 1 }

// person makes up somebody that letters are to.
func (w *consoleWorld) person(n int) shipment.PostalAddress {
	r := rand.New(rand.NewPCG(3, uint64(n)))
	name := consoleFirst[often(r, len(consoleFirst))] + " " + consoleLast[often(r, len(consoleLast))]
	if r.IntN(3) == 0 {
		name = consoleFirst[r.IntN(len(consoleFirst))] + " " + consoleLast[r.IntN(len(consoleLast))] + " " + consoleLast[r.IntN(len(consoleLast))]
	}
	return shipment.PostalAddress{
		Name: shipment.Private(name), DigitalID: shipment.Private(fmt.Sprintf("%011d", 81_000_000_000+n)), // of nobody: no such day
		Line1:    shipment.Private(consoleRoads[r.IntN(len(consoleRoads))] + " " + strconv.Itoa(r.IntN(180)+1)),
		Postcode: fmt.Sprintf("%04d", r.IntN(9990)+1), City: "EKSEMPELSTAD",
	}
}

// consoleFate is what became of a letter.
type consoleFate struct {
	status shipment.Status
	reason shipment.Reason // why it went, or would go, to paper; empty: it does not
	print  bool            // it was in a print job
	hold   string
}

// settled draws what became of a letter of a week that is over.
func (w *consoleWorld) settled(r *rand.Rand) consoleFate {
	f := consoleFate{reason: shipment.ReasonUnread}
	switch n := r.IntN(20); {
	case n < 3:
		f.reason = shipment.ReasonReserved
	case n < 5:
		f.reason = shipment.ReasonPrintOnly
	case n == 5:
		f.reason = shipment.ReasonNoDigitalID
	}
	switch n := r.IntN(1000); {
	case n < 700:
		f.status, f.print = shipment.StatusPrintet, true
	case n < 935:
		f.status, f.reason = shipment.StatusLest, shipment.ReasonUnread
	case n < 945:
		f.status, f.reason = shipment.StatusLevertSDP, ""
	case n < 988:
		f.status, f.reason = shipment.StatusAvvist, ""
	case n < 999:
		f.status = shipment.StatusManueltHandtert
	default:
		f.status, f.hold = shipment.StatusAkseptert, "oppsett"
	}
	return f
}

// config is the configuration of the measurement, with vendors at an address.
func (w *consoleWorld) config(database, vendors, hostKey string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `[archive]
database = %q
[intake]
settle = "0s"
[schedule]
night = "0 21 * * *"
receipts = "0 * * * *"
report = "0 7 1 * *"
[vendors.hus]
name = "Servicesenteret"
kind = "manuell"
`, database)
	for _, v := range []string{"a", "b"} {
		fmt.Fprintf(&b, `[vendors.trykk-%[1]s]
name = "Trykkeri %[2]s"
address = %[3]q
user = "postgang"
host_key = %[4]q
key_file = "nokler/postgang"
[vendors.trykk-%[1]s.folders]
inbox = "%[1]s/inn"
answers = "%[1]s/svar"
receipts = "%[1]s/kvittering"
receipts_done = "%[1]s/kvittering/arkiv"
[vendors.trykk-%[1]s.vat]
production_percent = 25
postage_percent = 25
`, v, strings.ToUpper(v), vendors, hostKey)
	}
	for n := range consoleAccounts {
		key := w.account(n)
		fmt.Fprintf(&b, `[accounts.%[1]s]
name = "Avdeling %[2]d"
vendor = %[3]q
[accounts.%[1]s.sender]
name = "Målingen kommune"
line1 = "Avdeling %[2]d"
postcode = "0155"
city = "OSLO"
[accounts.%[1]s.rules]
duplicate_limit = 0
allow_synthetic = true
`, key, n+1, w.vendor(key))
	}
	for n := range consoleOwners {
		var keys []string
		for i := n; i < consoleAccounts; i += consoleOwners {
			keys = append(keys, strconv.Quote(w.account(i)))
		}
		fmt.Fprintf(&b, "[organisations.eier-%d]\nname = \"Virksomhet %d\"\nnumber = %q\naccounts = [%s]\n", n+1, n+1, consoleOrganisation(n), strings.Join(keys, ", "))
	}
	return []byte(b.String())
}

// consoleOrganisation makes up an organisasjonsnummer that no register gives out.
func consoleOrganisation(n int) string {
	for eight := 81_000_000 + 100*n; ; eight++ {
		sum, digits := 0, strconv.Itoa(eight)
		for i, weight := range []int{3, 2, 7, 6, 5, 4, 3, 2} {
			sum += weight * int(digits[i]-'0')
		}
		switch check := (11 - sum%11) % 11; check {
		case 10:
		default:
			return digits + strconv.Itoa(check)
		}
	}
}

// people are those who work in the console: what each may do.
func (w *consoleWorld) people() []access.Person {
	var out []access.Person
	for n := range consolePeople {
		id := fmt.Sprintf("00000000-0000-4000-8000-%012d", n+1)
		p := access.Person{ID: id, Name: fmt.Sprintf("%s %s", consoleFirst[n%len(consoleFirst)], consoleLast[n]), Issuer: consoleIssuer, Subject: id}
		switch {
		case n == 0: // may do everything: pages are measured as this person
			for _, r := range []access.Role{access.RoleCaseWorker, access.RoleOperator, access.RoleFinance, access.RolePrinter, access.RoleAuditor, access.RoleAdministrator, access.RoleSender} {
				p.Grants = append(p.Grants, access.Grant{Role: r})
			}
		case n < 5:
			p.Grants = []access.Grant{{Role: access.RoleOperator}, {Role: access.RoleFinance}}
		case n < 30:
			p.Grants = []access.Grant{{Role: access.RoleCaseWorker, Account: w.account(n)}, {Role: access.RoleReader, Organisation: fmt.Sprintf("eier-%d", n%consoleOwners+1)}}
		default:
			p.Grants = []access.Grant{{Role: access.RoleReader}, {Role: access.RoleCaseWorker, Organisation: fmt.Sprintf("eier-%d", n%consoleOwners+1)}}
		}
		out = append(out, p)
	}
	return out
}

// consoleIssuer stands for the log-in provider, which nobody asks.
const consoleIssuer = "https://logginn.example.no"
