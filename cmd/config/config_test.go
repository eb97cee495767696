package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"postgang/billing/receipt"
	"postgang/engine/calendar"
	"postgang/engine/party"
	"postgang/printjobs/prepare"
	"postgang/printjobs/printoppdrag"
)

// minimal is the shortest configuration that is right.
const minimal = `
[vendors.v]
address = "sftp.example.invalid"
user = "u"
host_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdG6Bu3vYQ0vSw6DQ9Qy3ZlqBPVd3VZJ9d6bBqzqB1Y"
key_file = "k"
[accounts.a]
[accounts.a.sender]
name = "Bergvik kommune"
postcode = "0150"
city = "Oslo"
`

func TestMinimalHasDefaults(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg, err := Parse(filepath.Join(dir, DefaultName), []byte(minimal))
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Database != "sqlite:"+filepath.Join(dir, "data/postgang.db") {
		t.Errorf("database %s", cfg.Database)
	}
	a := cfg.Accounts[0]
	if a.Rules.DeadlineHours != 40 || a.Vendor != "v" || cfg.Vendors[0].Profile.Impose.C5MaxSheets != 6 || cfg.Settle != 2*time.Second {
		t.Errorf("defaults: %+v", a.Rules)
	}
}

func TestOrganisations(t *testing.T) {
	t.Parallel()
	cfg, err := Parse(filepath.Join(t.TempDir(), DefaultName), []byte(minimal+"[organisations.bergvik]\nnumber = \"974 760 673\"\naccounts = [\"a\"]\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []party.Organisation{{Key: "bergvik", Name: "bergvik", Number: "974760673", Accounts: []string{"a"}}}
	if !reflect.DeepEqual(cfg.Organisations, want) || !reflect.DeepEqual(party.AccountsOf(cfg.Organisations), map[string][]string{"bergvik": {"a"}}) {
		t.Errorf("%+v, want %+v", cfg.Organisations, want)
	}
}

// voucher is the table of a voucher with further settings, without one.
func voucher(more, without string) string {
	out := "[vouchers.x]\n" + more + "\n"
	for _, set := range []string{"profile = \"gbat10\"", "default_code = \"9999\"", "default_account = \"6800\"", "counter_account = \"2400\"", "rounding_account = \"7770\"", "vat_account = \"2711\""} {
		if without == "" || !strings.HasPrefix(set, without) {
			out += set + "\n"
		}
	}
	return out
}

// TestFaultsNameTheirLine: each fault is told, at the line where a person must mend it.
func TestFaultsNameTheirLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, add, at, says string }{
		{"organisation without a number", "[organisations.x]\naccounts = [\"a\"]", ":12", "is missing: the organisasjonsnummer"},
		{"organisation with a wrong number", "[organisations.x]\nnumber = \"974760674\"\naccounts = [\"a\"]", ":13", "no organisasjonsnummer"},
		{"organisation without accounts", "[organisations.x]\nnumber = \"974760673\"", ":12", "the keys of its accounts, which are: a"},
		{"organisation with an unknown account", "[organisations.x]\nnumber = \"974760673\"\naccounts = [\"b\"]", ":14", "no such account \"b\"; there are: a"},
		{"an account of two organisations", "[organisations.x]\nnumber = \"974760673\"\naccounts = [\"a\"]\n[organisations.y]\nnumber = \"991825827\"\naccounts = [\"a\"]", ":17", "listed for organisation x already"},
		{"a number of two organisations", "[organisations.x]\nnumber = \"974760673\"\naccounts = [\"a\"]\n[organisations.y]\nnumber = \"974 760 673\"", ":16", "organisation x has it already"},
		{"an organisation's key", "[organisations.Bergvik]\nnumber = \"974760673\"\naccounts = [\"a\"]", ":12", "lower-case letters"},
		{"unknown setting", "[archive]\ndatabse = \"sqlite:x\"", ":13", "unknown setting"},
		{"negative processor time", "[prepare]\ncpu = \"-1s\"", ":13", "is no duration"},
		{"backstop before the limit", "[prepare]\ntimeout = \"1m\"", ":13", "shorter than the 2m0s of prepare.cpu"},
		{"negative output", "[prepare]\noutput_mb = -1", ":13", "no size"},
		{"wrong type", "[prepare]\nworkers = \"two\"", ":13", "must be a whole number without quotes, such as 12, and is text in quotes"},
		{"a table that is none", "[intake]\nfolder = { a = 1 }", ":13", "must be text in quotes, and is a table"},
		{"a duration without quotes", "[intake]\nsettle = 2", ":13", "must be a duration in quotes"},
		{"a list that is none", "[report]\nmail_to = \"a@example.org\"", ":13", "must be a list, such as"},
		{"the second of a list", "[[vendors.v.prices]]\nelement=\"GIROARK\"\nprice_ore=1\nvalid_from=\"2026-01-01\"\n[[vendors.v.prices]]\nelemnt=\"GIROARK\"", ":17", "did you mean \"element\"?"},
		{"a misspelt setting", "[schedule]\nnigth = \"0 21 * * *\"", ":13", "did you mean \"night\"?"},
		{"no TOML", "[archive\n", ":12", "this is no TOML"},
		{"bad cron", "[schedule]\nnight = \"0 25 * * *\"", ":13", "no cron expression"},
		{"never comes", "[schedule]\nnight = \"0 1 30 2 *\"", ":13", "never comes"},
		{"bad database", "[archive]\ndatabase = \"mysql://x\"", ":13", "sqlite: or postgres://"},
		{"password in the file", "[archive]\ndatabase = \"postgres://u:secret@h/n\"", ":13", "PGPASSWORD"},
		{"window half set", "[vendors.w]\naddress=\"h\"\nuser=\"u\"\nhost_key=\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdG6Bu3vYQ0vSw6DQ9Qy3ZlqBPVd3VZJ9d6bBqzqB1Y\"\nkey_file=\"k\"\noffer_from=\"07:00\"", ":17", "belong together"},
		{"answer within no time", "[vendors.w]\naddress=\"h\"\nuser=\"u\"\nhost_key=\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdG6Bu3vYQ0vSw6DQ9Qy3ZlqBPVd3VZJ9d6bBqzqB1Y\"\nkey_file=\"k\"\nanswer_within=\"4\"", ":17", "no duration"},
		{"answer within a second", "[vendors.w]\naddress=\"h\"\nuser=\"u\"\nhost_key=\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdG6Bu3vYQ0vSw6DQ9Qy3ZlqBPVd3VZJ9d6bBqzqB1Y\"\nkey_file=\"k\"\nanswer_within=\"1s\"", ":17", "no duration from \"1m\""},
		{"receipts within none", "[vendors.w]\naddress=\"h\"\nuser=\"u\"\nhost_key=\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdG6Bu3vYQ0vSw6DQ9Qy3ZlqBPVd3VZJ9d6bBqzqB1Y\"\nkey_file=\"k\"\nreceipt_within_virkedager=0", ":17", "not within 1 to 60"},
		{"no host key", "[vendors.w]\naddress=\"h\"\nuser=\"u\"\nkey_file=\"k\"", ":12", "pin the server's public host key"},
		{"host key cut off", "[vendors.w]\naddress=\"h\"\nuser=\"u\"\nhost_key=\"ssh-rsa AAAA\"\nkey_file=\"k\"", ":15", "is no public host key"},
		{"contradicting deadlines", "[accounts.a.rules]\ndeadline_hours = 40\ndeadline_virkedager = 2", ":14", "contradicts"},
		{"unknown vendor", "[accounts.b]\nvendor = \"x\"\n[accounts.b.sender]\nname=\"B\"\npostcode=\"0150\"\ncity=\"Oslo\"", ":13", "no configured vendor"},
		{"language of no forside", "[accounts.b]\nlanguage = \"no\"\nvendor = \"v\"\n[accounts.b.sender]\nname=\"B\"\npostcode=\"0150\"\ncity=\"Oslo\"", ":13", "none of nb, nn, se and en"},
		{"a letter of the sender that cannot be printed", "[accounts.b]\nvendor = \"v\"\n[accounts.b.sender]\nname=\"B 王\"\npostcode=\"0150\"\ncity=\"Oslo\"", ":14", "U+738B"},
		{"postcode as number of five", "[accounts.b]\nvendor = \"v\"\n[accounts.b.sender]\nname=\"B\"\npostcode=\"150\"\ncity=\"Oslo\"", ":16", "four digits"},
		{"agent and key", "[vendors.w]\naddress=\"h\"\nuser=\"u\"\nhost_key=\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdG6Bu3vYQ0vSw6DQ9Qy3ZlqBPVd3VZJ9d6bBqzqB1Y\"\nkey_file=\"k\"\nagent=true", ":17", "contradicts key_file"},
		{"certificate without key", "[vendors.w]\naddress=\"h\"\nuser=\"u\"\nhost_key=\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdG6Bu3vYQ0vSw6DQ9Qy3ZlqBPVd3VZJ9d6bBqzqB1Y\"\ncert_file=\"c\"", ":16", "is for a key_file"},
		{"rate below nothing", "[vendors.w]\naddress=\"h\"\nuser=\"u\"\nhost_key=\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdG6Bu3vYQ0vSw6DQ9Qy3ZlqBPVd3VZJ9d6bBqzqB1Y\"\nkey_file=\"k\"\nletters_per_hour=-1", ":17", "0 is no limit"},
		{"print window of no days", "[vendors.w]\naddress=\"h\"\nuser=\"u\"\nhost_key=\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdG6Bu3vYQ0vSw6DQ9Qy3ZlqBPVd3VZJ9d6bBqzqB1Y\"\nkey_file=\"k\"\nprint_window_days=0", ":17", "not within 1 to 3650"},
		{"vendor of no kind", "[vendors.w]\nkind=\"fax\"", ":13", "neither sftp nor manuell"},
		{"manual print with a server", "[vendors.w]\nkind=\"manuell\"\naddress=\"h\"", ":14", "is not used by kind"},
		{"manual print with a vendor's receipts", "[vendors.w]\nkind=\"manuell\"\n[vendors.w.receipts]\ntime=\"DD.MM.YYYY\"", ":14", "is not used by kind"},
		{"profile of no contract", "[vendors.w]\nprofile=\"nav\"", ":13", "neither postgang nor nav-printoppdrag-2.2"},
		{"print orders of nobody", "[vendors.w]\naddress=\"h\"\nuser=\"u\"\nhost_key=\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdG6Bu3vYQ0vSw6DQ9Qy3ZlqBPVd3VZJ9d6bBqzqB1Y\"\nkey_file=\"k\"\nprofile=\"nav-printoppdrag-2.2\"", ":17", "customer_id"},
		{"print orders with control sheets", "[vendors.w]\naddress=\"h\"\nuser=\"u\"\nhost_key=\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdG6Bu3vYQ0vSw6DQ9Qy3ZlqBPVd3VZJ9d6bBqzqB1Y\"\nkey_file=\"k\"\nprofile=\"nav-printoppdrag-2.2\"\n[vendors.w.printoppdrag]\ncustomer_id=\"K\"\n[vendors.w.print]\ncontrol_sheets=true", ":20", "no control sheets"},
		{"print orders answered", "[vendors.w]\naddress=\"h\"\nuser=\"u\"\nhost_key=\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdG6Bu3vYQ0vSw6DQ9Qy3ZlqBPVd3VZJ9d6bBqzqB1Y\"\nkey_file=\"k\"\nanswer_within=\"4h\"\nprofile=\"nav-printoppdrag-2.2\"\n[vendors.w.printoppdrag]\ncustomer_id=\"K\"", ":17", "gives no answers"},
		{"print orders, many in a job", "[vendors.w]\naddress=\"h\"\nuser=\"u\"\nhost_key=\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdG6Bu3vYQ0vSw6DQ9Qy3ZlqBPVd3VZJ9d6bBqzqB1Y\"\nkey_file=\"k\"\nprofile=\"nav-printoppdrag-2.2\"\n[vendors.w.printoppdrag]\ncustomer_id=\"K\"\n[vendors.w.print]\nmax_letters_per_job=50", ":21", "handed over by itself"},
		{"terms of print orders without them", "[vendors.w]\naddress=\"h\"\nuser=\"u\"\nhost_key=\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdG6Bu3vYQ0vSw6DQ9Qy3ZlqBPVd3VZJ9d6bBqzqB1Y\"\nkey_file=\"k\"\n[vendors.w.printoppdrag]\ncustomer_id=\"K\"", ":17", "is for profile"},
		{"print orders printed here", "[vendors.w]\nkind=\"manuell\"\nprofile=\"nav-printoppdrag-2.2\"", ":14", "over SFTP"},
		{"manual print within no days", "[vendors.w]\nkind=\"manuell\"\nmanual_within_days=0", ":14", "not within 1 to 365"},
		{"days of manual print for a server", "[vendors.w]\naddress=\"h\"\nuser=\"u\"\nhost_key=\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdG6Bu3vYQ0vSw6DQ9Qy3ZlqBPVd3VZJ9d6bBqzqB1Y\"\nkey_file=\"k\"\nmanual_within_days=7", ":17", "for kind = \"manuell\" only"},
		{"holiday rule", "[schedule]\nnight = \"0 21 * * *\"\nnight_holidays = \"tomorrow\"", ":14", "run, skip, next or previous"},
		{"only on holidays, and skipped", "[schedule]\nnight = \"0 7 25 12 *\"\nnight_holidays = \"skip\"", ":14", "never comes but on holidays"},
		{"report skipped on holidays", "[schedule]\nreport = \"0 7 1 * *\"\nreport_holidays = \"skip\"", ":14", "say next or previous"},
		{"schedule in a zone", "[schedule]\nnight = \"TZ=America/New_York 0 21 * * *\"", ":13", "always those of Europe/Oslo"},
		{"receipts in a zone", "[schedule]\nreceipts = \"CRON_TZ=UTC */20 * * * *\"", ":13", "always those of Europe/Oslo"},
		{"report on days of two kinds", "[schedule]\nreport = \"0 7 1-7 * 1\"", ":13", "the days of either"},
		{"never offered", "[vendors.w]\naddress=\"h\"\nuser=\"u\"\nhost_key=\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdG6Bu3vYQ0vSw6DQ9Qy3ZlqBPVd3VZJ9d6bBqzqB1Y\"\nkey_file=\"k\"\noffer_from=\"08:00\"\noffer_to=\"08:00\"", ":18", "the same time as offer_from"},
		{"alarm mail without server", "[alarms.mail]\nfrom = \"a@example.org\"\nto = [\"b@example.org\"]", ":12", "SMTP server"},
		{"alarm mail to nobody", "[alarms.mail]\nhost = \"h\"\nfrom = \"a@example.org\"", ":12", "who is told"},
		{"alarm mail from nowhere", "[alarms.mail]\nhost = \"h\"\nfrom = \"a\"\nto = [\"b@example.org\"]", ":14", "no e-mail address"},
		{"alarm mail in the open", "[alarms.mail]\nhost = \"h\"\nfrom = \"a@example.org\"\nto = [\"b@example.org\"]\ntls = \"none\"", ":16", "only for a server on this machine"},
		{"alarm mail by no such encryption", "[alarms.mail]\nhost = \"h\"\nfrom = \"a@example.org\"\nto = [\"b@example.org\"]\ntls = \"ssl\"", ":16", "none of starttls"},
		{"alarm mail user without password", "[alarms.mail]\nhost = \"h\"\nfrom = \"a@example.org\"\nto = [\"b@example.org\"]\nuser = \"u\"", ":16", "belong together"},
		{"two passwords", "[alarms.mail]\nhost = \"h\"\nfrom = \"a@example.org\"\nto = [\"b@example.org\"]\nuser = \"u\"\npassword_env = \"A\"\npassword_file = \"b\"", ":18", "give one of them"},
		{"webhook in the open", "[alarms.webhook]\nurl = \"http://example.org/\"", ":13", "https://"},
		{"krr in the open", "[krr]\nbase_url = \"http://example.org/rest\"", ":13", "https://"},
		{"krr in no time", "[krr]\ntimeout = \"1ms\"", ":13", "must be between"},
		{"krr with two scopes in one", "[krr]\nscopes = [\"a b\"]", ":13", "each is one scope"},
		{"issuer without its slash", "[maskinporten]\nissuer = \"https://maskinporten.no\"\nclient_id = \"a\"\nkeys = \"k\"", ":13", "slash"},
		{"tokens in the open", "[maskinporten]\ntoken_url = \"http://example.org\"\nclient_id = \"a\"\nkeys = \"k\"", ":13", "https://"},
		{"tokens without keys", "[maskinporten]\nclient_id = \"a\"", ":12", "is missing"},
		{"tokens for nobody", "[maskinporten]\nconsumer_org = \"12\"\nclient_id = \"a\"\nkeys = \"k\"", ":13", "nine digits"},
		{"alarm file without name", "[alarms.file]\nquiet = \"1h\"", ":12", "is missing"},
		{"alarms too often", "[alarms]\nevery = \"1ms\"", ":13", "less than a second"},
		{"deviations below nothing", "[alarms]\ndeviations_above = -1", ":13", "less than nothing"},
		{"health nowhere", "[health]\naddress = \"8090\"", ":13", "host:port"},
		{"receipts of no syntax", "[vendors.w]\naddress=\"h\"\nuser=\"u\"\nhost_key=\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdG6Bu3vYQ0vSw6DQ9Qy3ZlqBPVd3VZJ9d6bBqzqB1Y\"\nkey_file=\"k\"\n[vendors.w.receipts]\nsyntax=\"yaml\"", ":17", "none of csv, json, xml, fixed"},
		{"receipts in XML without rows", "[vendors.w]\naddress=\"h\"\nuser=\"u\"\nhost_key=\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdG6Bu3vYQ0vSw6DQ9Qy3ZlqBPVd3VZJ9d6bBqzqB1Y\"\nkey_file=\"k\"\n[vendors.w.receipts]\nsyntax=\"xml\"", ":17", "name of the element of each row"},
		{"unknown kost/nytte input", "[kost_nytte]\nX = { value = \"1\", source = \"oppgitt\" }", ":13", "unknown input"},
		{"kost/nytte of another century", "[kost_nytte]\ns0 = { value = \"13,00\", source = \"oppgitt\", year = 14 }", ":12", "price year 14"},
		{"no hours in a year", "[kost_nytte]\nH = { value = \"0\", source = \"oppgitt\" }", ":12", "above 0"},
		{"kost/nytte without source", "[kost_nytte]\nd = { value = \"25\" }", ":13", ""},
		{"account key", "[accounts.\"Ø\"]\nvendor = \"v\"\n[accounts.\"Ø\".sender]\nname=\"B\"\npostcode=\"0150\"\ncity=\"Oslo\"", ":12", "lower-case letters"},
		{"contradicting host keys", "[vendors.w]\naddress=\"h\"\nuser=\"u\"\nkey_file=\"k\"\nhost_key=\"a\"\nhost_key_file=\"b\"", ":17", "contradicts"},
		{"price of an unknown account", "[[vendors.v.prices]]\nelement=\"GIROARK\"\naccount=\"b\"\nprice_ore=1\nvalid_from=\"2026-01-01\"", ":12", "account \"b\""},
		{"report by mail without a server", "[report]\nmail_to=[\"okonomi@example.org\"]", ":13", "set [alarms.mail]"},
		{"report server without a host key", "[report.sftp]\naddress=\"h\"\nuser=\"u\"\nkey_file=\"k\"", ":12", "pin the server's public host key"},
		{"report column of no field", "[[report.ledger_columns]]\nheader=\"A\"\nfield=\"saldo\"", ":12", "unknown field"},
		{"ledger in no encoding", "[report]\nledger_encoding = \"ebcdic\"", ":13", "none of utf-8"},
		{"default code of no form", "[report]\ndefault_code = \"(mangler)\"", ":13", "no konteringskode"},
		{"voucher of no system", "[vouchers.x]\nprofile = \"gl07\"", ":12", "none of gbat10, unit4, visma, csv"},
		{"voucher against nothing", voucher("", "counter_account"), ":12", "counter_account is missing"},
		{"voucher of an unknown account", voucher("accounts = [\"b\"]\nrest = true", ""), ":13", "no such account"},
		{"account in no voucher", "[accounts.b]\nvendor=\"v\"\n[accounts.b.sender]\nname=\"B\"\npostcode=\"0150\"\ncity=\"Oslo\"\n" + voucher("accounts = [\"b\"]\nrest = true", ""), ":19", "account a is in no voucher"},
		{"account in two vouchers", voucher("", "") + strings.Replace(voucher("", ""), "vouchers.x", "vouchers.y", 1), ":20", "booked twice"},
		{"amounts of no account in no voucher", voucher("accounts = [\"a\"]", ""), ":12", "set rest = true"},
		{"voucher for an unknown vendor", voucher("supplier = { w = \"1\" }", ""), ":13", "is no vendor"},
		{"gross voucher without VAT codes", "[vendors.v.vat]\nproduction_percent = 25\n" + voucher("", "vat_account"), ":14", "production_code"},
		{"invoice kind in small letters", "[vendors.v.invoice]\nkinds={ \"1\" = \"porto\" }", ":12", "capital letters"},
		{"buyer that is no organisation", "[vendors.v.invoice]\nbuyers=[\"Prøve kommune\"]", ":12", "nine digits"},
		{"guard without a price list", "[guard]\nday_kr=\"1000\"", ":12", "no price list"},
		{"guard below nothing", "[guard]\nday_kr=\"-1\"", ":13", "is not within"},
		{"guard of an unknown account", "[guard.accounts]\nb=\"1\"", ":13", "no such account"},
		{"guard of no konteringskode", "[guard.codes]\n\"a b\"=\"1\"", ":13", "is no konteringskode"},
		{"overlapping prices", "[[vendors.v.prices]]\nelement=\"GIROARK\"\nprice_ore=1\nvalid_from=\"2026-01-01\"\n[[vendors.v.prices]]\nelement=\"GIROARK\"\nprice_ore=2\nvalid_from=\"2026-06-01\"", ":12", "overlaps"},
		{"unknown level", "[vendors.v.checks]\npdf_version = \"maybe\"", ":12", "none of error, warning and off"},
		{"zone off the sheet", "[[vendors.v.checks.zones]]\nname = \"x\"\nx_mm = 200.0\nwidth_mm = 20.0\nheight_mm = 9.0\nlevel = \"error\"", ":12", "does not lie on A4"},
		{"zone without level", "[[vendors.v.checks.zones]]\nname = \"x\"\nwidth_mm = 20.0\nheight_mm = 9.0", ":12", "level is missing"},
		{"limit without pages", "[vendors.v.checks]\ntoo_many_pages = \"error\"", ":12", "how many are allowed"},
		{"paper of no size", "[vendors.v.press]\npaper = \"A9\"", ":13", "paper \"A9\" is unknown"},
		{"press sheet too small", "[vendors.v.press]\npaper = \"A4\"\ncolumns = 2", ":12", "do not fit"},
		{"unknown machine", "[vendors.v.marks.omr]\nmachine = \"x\"", ":13", "no known machine"},
		{"unknown position", "[vendors.v.marks.omr]\npositions = [\"sometimes\"]", ":13", "sometimes"},
		{"code without positions", "[vendors.v.marks.omr]\nx_mm = 5.0", ":12", "are missing"},
		{"mark off the sheet", "[vendors.v.marks.datamatrix]\nx_mm = 205.0\ny_mm = 100.0", ":12", "DataMatrix"},
		{"zones of no marks", "[vendors.v.checks]\nmark_zones = \"error\"", ":13", "there are no marks"},
		{"tray of no paper", "[vendors.v.print.trays]\nyellow = \"2\"", ":12", "no kind of paper"},
		{"covers on other paper beside letters", "[vendors.v.press]\npaper = \"A3\"\ncolumns = 2\n[vendors.v.print]\ntrays = { cover = \"2\" }", ":15", "same tray"},
		{"unknown sort key", "[vendors.v.print]\nsort = [\"name\"]", ":12", "cannot sort by"},
		{"parts beside each other", "[vendors.v.press]\npaper = \"A3\"\ncolumns = 2\n[vendors.v.print]\ndocument_parts = true", ":15", "one finished sheet a press sheet"},
		{"no window", "[vendors.v.window]\nheight_mm = 5.0", ":12", "safe area"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(filepath.Join(t.TempDir(), DefaultName), []byte(minimal+c.add+"\n"))
			var faults *Error
			if !errors.As(err, &faults) {
				t.Fatalf("got %v, want a configuration error", err)
			}
			if text := err.Error(); !strings.Contains(text, DefaultName+c.at+":") || !strings.Contains(text, c.says) {
				t.Errorf("got %s\nwant it at line %s saying %q", text, c.at, c.says)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the password is repeated: %v", err)
			}
		})
	}
}

// TestPreparePool: the settings of [prepare] become the limits of the workers.
func TestPreparePool(t *testing.T) {
	t.Parallel()
	cfg, err := Parse(filepath.Join(t.TempDir(), DefaultName), []byte(minimal+`
[prepare]
workers = 3
timeout = "90s"
cpu = "1m"
memory_mb = 512
output_mb = 100
`))
	if err != nil {
		t.Fatal(err)
	}
	want := prepare.PoolOptions{Workers: 3, Timeout: 90 * time.Second, CPU: time.Minute, Memory: 512 << 20, Output: 100 << 20}
	if got := cfg.Prepare.Pool(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestLateness: how long a vendor is given before an alarm.
func TestLateness(t *testing.T) {
	t.Parallel()
	const head = "[vendors.v]\n"
	if !strings.Contains(minimal, head) {
		t.Fatal("the minimal configuration has another vendor")
	}
	for add, want := range map[string]party.Vendor{
		"": {}, // the engine's defaults
		"answer_within = \"4h30m\"\nreceipt_within_virkedager = 6\n": {AnswerWithin: 4*time.Hour + 30*time.Minute, ReceiptWithin: 6},
	} {
		cfg, err := Parse(filepath.Join(t.TempDir(), DefaultName), []byte(strings.Replace(minimal, head, head+add, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if v := cfg.Vendors[0]; v.AnswerWithin != want.AnswerWithin || v.ReceiptWithin != want.ReceiptWithin {
			t.Errorf("%q: answer within %v, receipts within %d", add, v.AnswerWithin, v.ReceiptWithin)
		}
	}
}

// TestChecks: the vendor's checks become those of prepare.
func TestChecks(t *testing.T) {
	t.Parallel()
	cfg, err := Parse(filepath.Join(t.TempDir(), DefaultName), []byte(minimal+`
[vendors.v.checks]
page_size_action = "crop"
page_crop_mm = 12.5
page_tolerance_mm = 2.0
max_pages = 60
max_sheets = 40
too_many_sheets = "warning"
repaired = "error"
inserter_zone = "error"
unprintable_edge = "warning"
[[vendors.v.checks.zones]]
name = "brettemerket"
x_mm = 200.0
y_mm = 148.0
width_mm = 10.0
height_mm = 2.0
level = "warning"
`))
	if err != nil {
		t.Fatal(err)
	}
	got := cfg.Vendors[0].Checks
	want := prepare.Checks{PageAction: prepare.CropPage, CropMM: 12.5, PageToleranceMM: 2, MaxPages: 60, MaxSheets: 40,
		TooManySheets: prepare.LevelWarning, Repaired: prepare.LevelError, Zones: append(
			append([]prepare.Zone{prepare.InserterZone(prepare.LevelError)}, prepare.UnprintableEdge(5, prepare.LevelWarning)...),
			prepare.Zone{Name: "brettemerket", XMM: 200, YMM: 148, WidthMM: 10, HeightMM: 2, Level: prepare.LevelWarning})}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	cfg, err = Parse(filepath.Join(t.TempDir(), DefaultName), []byte(minimal))
	if err != nil || !reflect.DeepEqual(cfg.Vendors[0].Checks, prepare.Checks{}) {
		t.Errorf("without settings: %+v (%v)", cfg.Vendors[0].Checks, err)
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := Parse(DefaultName, []byte("[vendors.v]\n[accounts.a]\n[schedule]\nnight = \"x\"\n"))
	var faults *Error
	if !errors.As(err, &faults) || len(faults.Problems) < 7 {
		t.Fatalf("got %v", err)
	}
}

// TestShapeHidesNothing: names, kinds and values that are wrong are told together, each at its line.
func TestShapeHidesNothing(t *testing.T) {
	t.Parallel()
	_, err := Parse(DefaultName, []byte(minimal+"[prepare]\nworkers = \"two\"\nmemry_mb = 4\nmemory_mb = 4\n[schedule]\nnight = \"x\"\nreport = 5\n"))
	for _, want := range []string{":13: prepare.workers: must be", ":14: prepare.memry_mb: unknown setting", ":15: prepare.memory_mb: 4 is less", ":17: schedule.night", ":18: schedule.report: must be"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

// TestLenientValues: a whole number where decimals may stand, and a day without quotes, are what they look like.
func TestLenientValues(t *testing.T) {
	t.Parallel()
	cfg, err := Parse(DefaultName, []byte(minimal+"[vendors.v.window]\nx_mm = 15\n[[vendors.v.prices]]\nelement=\"GIROARK\"\nprice_ore=1\nvalid_from=2026-01-01\n"))
	if err != nil {
		t.Fatal(err)
	}
	if v := cfg.Vendors[0]; v.Profile.Layout.WindowXMM != 15 || v.Prices.Prices()[0].ValidFrom != "2026-01-01" {
		t.Errorf("window %+v, prices %+v", v.Profile.Layout, v.Prices.Prices())
	}
}

// TestPrintOrders: a vendor of print orders is a profile and terms, beside what every vendor has.
func TestPrintOrders(t *testing.T) {
	t.Parallel()
	text := strings.Replace(minimal, "[accounts.a]\n", "profile = \"nav-printoppdrag-2.2\"\n[vendors.v.printoppdrag]\ncustomer_id = \"KOMMUNE\"\npriority = \"A\"\ndocument_type = \"BREV\"\n"+
		"document_type_colour = \"BREV_FARGE\"\n[accounts.a]\n", 1)
	cfg, err := Parse(DefaultName, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	p := cfg.Vendors[0].Profile
	want := printoppdrag.Terms{CustomerID: "KOMMUNE", Priority: "A", DocumentType: "BREV", DocumentTypeColour: "BREV_FARGE"}
	if p.Orders == nil || *p.Orders != want || p.MaxLettersPerJob != 1 {
		t.Errorf("%+v, %d letters a job", p.Orders, p.MaxLettersPerJob)
	}
}

func TestMissingFileSaysWhatToDo(t *testing.T) {
	t.Parallel()
	_, err := Load(filepath.Join(t.TempDir(), DefaultName))
	if err == nil || !strings.Contains(err.Error(), "postgang init") {
		t.Fatalf("got %v", err)
	}
}

// TestEverySettingIsDocumented holds docs/configuration.md against the structs.
func TestEverySettingIsDocumented(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(data)
	n := 0
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || typ == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range typ.NumField() {
			f := typ.Field(i)
			if name := f.Tag.Get("toml"); name != "" && name != "-" {
				n++
				if !strings.Contains(doc, "`"+name+"`") && !strings.Contains(doc, "["+name) && !strings.Contains(doc, "."+name+"]") && !strings.Contains(doc, name+" = ") {
					t.Errorf("%s.%s: setting %q is not in docs/configuration.md", typ.Name(), f.Name, name)
				}
			}
			walk(f.Type)
		}
	}
	walk(reflect.TypeFor[File]())
	if n < 80 {
		t.Fatalf("only %d settings found: the walk misses the structs", n)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(minimal))
	f.Add([]byte("[vendors]\nv = 1\n"))
	f.Add([]byte("[[accounts]]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if strings.Contains(string(data), "file") || strings.Contains(string(data), "postcodes") {
			t.Skip("would read files that the fuzzer names")
		}
		cfg, err := Parse(DefaultName, data)
		if (cfg == nil) == (err == nil) {
			t.Fatalf("config %v, error %v", cfg, err)
		}
	})
}

// TestPressAndMarks: what a vendor with a large press and an inserter sets.
func TestPressAndMarks(t *testing.T) {
	t.Parallel()
	cfg, err := Parse(filepath.Join(t.TempDir(), DefaultName), []byte(minimal+`
[vendors.v.press]
paper = "SRA3"
columns = 2
gutter_x_mm = 6.0
flip = "short-edge"
crop_mark_length_mm = 5.0
crop_mark_offset_mm = 2.0
stack_sheets = 100
[vendors.v.marks.datamatrix]
x_mm = 5.0
y_mm = 80.0
[vendors.v.marks.omr]
machine = "pitney-bowes-d1600"
last_first = true
[vendors.v.print]
control_sheets = true
merge_fonts = true
group = ["konteringskode"]
sort = ["-sheets", "postcode"]
max_sheets_per_job = 5000
[vendors.v.print.trays]
plain = "skuff 1"
cover = "skuff 1"
giro = "skuff 2"
[vendors.v.checks]
mark_zones = "warning"
`))
	if err != nil {
		t.Fatal(err)
	}
	v := cfg.Vendors[0]
	p := v.Profile
	if p.Press.Up() != 2 || p.Press.WidthMM != 450 || p.Press.Order != "cut-and-stack" || p.Press.Crop.WidthMM != 0.25 || p.Press.StackSheets != 100 {
		t.Errorf("press %+v", p.Press)
	}
	if !p.Marks.DataMatrix.On() || !p.Marks.OMR.On() || !p.Marks.OMR.LastFirst || !p.Control || !p.MergeFonts || p.DocumentParts || p.MaxSheetsPerJob != 5000 {
		t.Errorf("profile %+v", p)
	}
	if len(p.Group) != 1 || len(p.Sort) != 2 || p.Instructions.Trays["GIRO"] != "skuff 2" {
		t.Errorf("keys %v %v, trays %v", p.Group, p.Sort, p.Instructions.Trays)
	}
	if len(v.Checks.Zones) != len(p.Marks.Zones()) || len(v.Checks.Zones) == 0 {
		t.Errorf("zones %+v", v.Checks.Zones)
	}
	if p.Marks.DataMatrix.Through || p.Marks.OMR.Through {
		t.Errorf("marks %+v are not opaque", p.Marks)
	}
}

// TestMarksOverLetters: marks cover what a letter has beneath them, and its sender is told; both may be set otherwise.
func TestMarksOverLetters(t *testing.T) {
	t.Parallel()
	const marks = "[vendors.v.marks.datamatrix]\nx_mm = 6.0\ny_mm = 120.0\n"
	for text, want := range map[string]struct {
		through bool
		level   prepare.Level
	}{
		marks:                      {false, prepare.LevelWarning},
		marks + "opaque = true\n":  {false, prepare.LevelWarning},
		marks + "opaque = false\n": {true, prepare.LevelWarning},
		marks + "[vendors.v.checks]\nmark_zones = \"error\"\n": {false, prepare.LevelError},
		marks + "[vendors.v.checks]\nmark_zones = \"off\"\n":   {false, prepare.LevelOff},
		"": {false, prepare.LevelOff},
	} {
		cfg, err := Parse("x.toml", []byte(minimal+text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		level := prepare.LevelOff
		for _, z := range cfg.Vendors[0].Checks.Zones {
			level = z.Level
		}
		if got := cfg.Vendors[0].Profile.Marks.DataMatrix.Through; got != want.through || level != want.level {
			t.Errorf("%s: shows through: %v, zones %s, want %+v", text, got, level, want)
		}
	}
}

// TestReceiptsPartly: what a profile does not say of the receipts is as in our own format.
func TestReceiptsPartly(t *testing.T) {
	t.Parallel()
	cfg, err := Parse("x.toml", []byte(strings.Replace(minimal, "[accounts.a]", "[accounts.a]\nvendor=\"v\"", 1)+"[vendors.w]\naddress=\"h\"\nuser=\"u\"\nhost_key=\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdG6Bu3vYQ0vSw6DQ9Qy3ZlqBPVd3VZJ9d6bBqzqB1Y\"\nkey_file=\"k\"\n[vendors.w.receipts]\nsyntax=\"json\"\nrow=\"rader\"\namount=\"ore\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := receipt.DefaultFormat()
	want.Syntax, want.Row, want.Amount, want.Location = receipt.SyntaxJSON, "rader", receipt.UnitOre, calendar.Oslo
	if got := cfg.Vendors[len(cfg.Vendors)-1].Receipts; !reflect.DeepEqual(got, want) {
		t.Errorf("receipts %+v, want %+v", got, want)
	}
}
