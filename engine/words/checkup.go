package words

// checked is what is said of one thing that a checkup has looked at: what it is, how it stands, and what to do.
type checked struct{ name, text, fix sentence }

// Checked words a thing that a checkup of the program has looked at. fix is empty where there is nothing to do, or nothing to say of it.
// Texts of others among the arguments, such as what the system says of a file, stay in their language.
func Checked(code string, args map[string]string, lang Language) (name, text, fix string) {
	c, ok := checkups[code]
	if !ok {
		return code, "?", ""
	}
	return c.name.with(args, lang), c.text.with(args, lang), c.fix.with(args, lang)
}

// What is looked at, where several codes are of it.
var (
	theConfiguration = sentence{"configuration", "Konfigurasjonsfilen"}
	aFolder          = sentence{"folder {folder}", "Mappe: {folder}"}
	theDocuments     = sentence{"documents", "Dokumentene"}
	theBackups       = sentence{"backups", "Sikkerhetskopier"}
	theDisk          = sentence{"disk", "Diskplass"}
	theWorkers       = sentence{"workers", "Lesing av PDF-er"}
	thePostcodes     = sentence{"postnummer", "Postnummer"}
	anAccount        = sentence{"account {account}", "Konto: {account}"}
	theDatabase      = sentence{"database", "Database"}
	theSums          = sentence{"sums by month", "Summer per måned"}
	aSink            = sentence{"alarms {sink}", "Varsling: {sink}"}
	aVendorInvoice   = sentence{"vendor {vendor} invoices", "Fakturaer fra {vendor}"}
	aVendorKey       = sentence{"vendor {vendor} key", "Nøkkel til {vendor}"}
	aVendor          = sentence{"vendor {vendor}", "Server hos {vendor}"}
	aVendorFolder    = sentence{"vendor {vendor} folders", "Mapper hos {vendor}"}
	aChannel         = sentence{"channel {channel}", "Kanal: {channel}"}
	aSource          = sentence{"receipts {channel}", "Kvitteringer fra {channel}"}
	theTokenKeys     = sentence{"keys of Maskinporten", "Nøkler til Maskinporten"}
	theCertificate   = sentence{"network certificate", "Sertifikat for innlevering"}
	theSystems       = sentence{"integrations", "Fagsystemer"}
	aSealKey         = sentence{"key {key}", "Nøkkel for krypterte dokumenter: {key}"}
	theRegister      = sentence{"enhetsregisteret", "Enhetsregisteret"}

	channelWaits = sentence{"check its address, the network and the proxy; letters stay as they are meanwhile", "Kontroller adressen, nettet og mellomtjeneren. Brevene blir liggende så lenge."}
)

// checkups are the words by code.
var checkups = map[string]checked{
	"configuration":        {theConfiguration, sentence{"{file}: {accounts} accounts, {vendors} vendors, {schedules} schedules", "Uten feil: {accounts} kontoer, {vendors} leverandører og {schedules} kjøreplaner."}, sentence{}},
	"configuration-fault":  {theConfiguration, sentence{"{problem}", "Det er en feil på linje {line}. Programmet starter ikke på nytt med denne filen."}, sentence{"mend the line", "Rett linjen. Loggen sier hva som er galt, når programmet startes."}},
	"configuration-unread": {theConfiguration, sentence{"{why}", "Filen kan ikke leses: {why}"}, sentence{}},

	"clock-wrong": {sentence{"clock", "Klokken"}, sentence{"it is {at:clock}, which cannot be right", "Den viser {at:clock}, og det kan ikke stemme."}, sentence{"set the machine's clock (NTP)", "Still klokken på maskinen (NTP)."}},
	"clock":       {sentence{"clock", "Klokken"}, sentence{"{at:clock} in Europe/Oslo", "Den viser {at:clock}."}, sentence{}},
	"schedule":    {sentence{"schedule {schedule}", "Kjøreplan: {schedule}"}, sentence{"next {at:clock}", "Neste kjøring er {at:clock}."}, sentence{}},
	"no-schedule": {sentence{"schedule", "Kjøreplan"}, sentence{"nothing is scheduled", "Ingen kjøring er planlagt."}, sentence{"set [schedule] night and receipts, or call \"postgang night\" from cron", "Sett night og receipts under [schedule], med mindre kjøringene startes på annen måte."}},

	"folder-missing":    {aFolder, sentence{"{why}", "Den kan ikke lages: {why}"}, sentence{"make it, owned by the user that runs postgang", "Lag den, med brukeren som kjører Postgang, som eier."}},
	"folder-unwritable": {aFolder, sentence{"{why}", "Det kan ikke skrives til den: {why}"}, sentence{"let the user that runs postgang write there", "Gi brukeren som kjører Postgang, skrivetilgang."}},
	"folder-sticky":     {aFolder, sentence{"{why}", "Filer der kan ikke fjernes: {why}"}, sentence{"let the user that runs postgang write and remove there", "Gi brukeren som kjører Postgang, tilgang til å skrive og fjerne filer."}},
	"folder-open":       {aFolder, sentence{"{path} can be read by everyone on the machine", "{path} kan leses av alle på maskinen."}, sentence{"chmod o-rw {path}", "Ta bort tilgangen for andre brukere."}},
	"folder":            {aFolder, sentence{"{path}", "{path} kan brukes."}, sentence{}},
	"documents-missing": {aFolder, sentence{"{path} is missing", "{path} mangler."}, sentence{"mount its disk, or restore it (docs/backup.md); for a new archive run \"postgang archive create\"", "Monter disken, eller legg tilbake sikkerhetskopien."}},

	"bucket-broken":   {theDocuments, sentence{"{why}", "De kan ikke brukes: {why}"}, sentence{"see [documents.s3] and docs/documents.md; letters wait meanwhile", "Kontroller innstillingene under [documents.s3]. Brevene venter så lenge."}},
	"bucket-clock":    {theDocuments, sentence{"the clock of the server is {seconds} s ahead of this machine's", "Klokken på serveren går {seconds} sekunder foran maskinens."}, sentence{"set both by NTP", "Still begge etter NTP."}},
	"bucket-versions": {theDocuments, sentence{"the bucket keeps versions: what is erased or replaced stays there", "Serveren tar vare på gamle versjoner. Det som slettes, blir liggende."}, sentence{"suspend versioning, and let a lifecycle rule remove old versions", "Slå av versjonering, og la en livssyklusregel fjerne gamle versjoner."}},
	"bucket":          {theDocuments, sentence{"{where}: written, read, replaced under a condition, listed and removed", "Et prøvedokument er skrevet, lest og fjernet."}, sentence{}},
	"backup-disk":     {theBackups, sentence{"they lie on the disk of the archive, and are lost with it", "De ligger på samme disk som arkivet, og går tapt sammen med det."}, sentence{"name a folder on another machine's disk, or a bucket, in [backup]", "La dem ligge på en annen maskin."}},
	"backup-tools":    {theBackups, sentence{"pg_dump or pg_restore is not installed here: the database is in none of them", "pg_dump eller pg_restore mangler, så databasen kommer ikke med."}, sentence{"install postgresql-client, or back the database up by pgBackRest or Barman and say --database=false", "Installer postgresql-client, eller la pgBackRest eller Barman kopiere databasen."}},
	"backup-broken":   {theBackups, sentence{"the bucket of backups: {why}", "Lagringsserveren for sikkerhetskopier: {why}"}, sentence{"see docs/documents.md for what is asked of the server", "Se i docs/documents.md hva serveren må kunne."}},
	"backup-bucket":   {theBackups, sentence{"{where}: written, read, replaced under a condition, listed and removed", "En prøvefil er skrevet, lest og fjernet."}, sentence{}},
	"sealed-in-part":  {theDocuments, sentence{"some from before are not sealed", "Noen eldre dokumenter er ikke kryptert."}, sentence{"postgang documents seal", "Krypter dem også."}},
	"sealed":          {theDocuments, sentence{"all are sealed", "Alle er kryptert."}, sentence{}},

	"intake-bad":   {sentence{"intake {key}", "Innleveringsmappen"}, sentence{"{en}", "{nb}"}, sentence{"give these folders to the user that runs postgang, all on one file system", "La brukeren som kjører Postgang, eie mappene, alle på samme filsystem."}},
	"intake-found": {sentence{"intake {key}", "Innleveringsmappen"}, sentence{"{en}", "{nb}"}, sentence{}},
	"intake":       {sentence{"intake", "Innleveringsmappen"}, sentence{"hand-ins and events can be taken, answered and put away; nothing is misplaced", "Innleveringer og hendelser kan tas imot, besvares og ryddes bort. Ingenting ligger feil."}, sentence{}},
	"disk-unknown": {theDisk, sentence{"{why}", "Den kan ikke måles: {why}"}, sentence{}},
	"disk-low":     {theDisk, sentence{"{free} MB free, less than the {least} MB that a night needs at least", "{free} MB er ledig. En kjøring trenger minst {least} MB."}, sentence{"free some, or move [archive] documents", "Frigjør plass, eller flytt dokumentmappen."}},
	"disk":         {theDisk, sentence{"{free} MB free", "{free} MB er ledig."}, sentence{}},

	"workers-none":   {theWorkers, sentence{"{why}", "Prosessene som leser PDF-er, kan ikke settes opp: {why}"}, sentence{}},
	"workers-broken": {theWorkers, sentence{"the process that reads PDFs does not work: {why}", "Prosessen som leser PDF-er, virker ikke: {why}"}, sentence{"check that this program may start itself, and [prepare]", "Kontroller at programmet kan starte seg selv, og innstillingene under [prepare]."}},
	"workers-open":   {theWorkers, sentence{"the kernel does not cut the processes that read PDFs off from all of files, network and programs", "Prosessene som leser PDF-er, er ikke helt avskåret fra filer, nett og programmer."}, sentence{"run on Linux (amd64 or arm64), in a container that lets seccomp filters be set", "Kjør på Linux (amd64 eller arm64), i en container som tillater seccomp-filtre."}},
	"workers":        {theWorkers, sentence{"the processes that read PDFs reach no file, network or program", "Prosessene som leser PDF-er, når verken filer, nett eller programmer."}, sentence{}},

	"postcodes-none": {thePostcodes, sentence{"no register: only the form of postnummer is checked", "Det er ikke noe register. Da kontrolleres bare at postnumre har fire siffer."}, sentence{"fetch Bring's register, then \"postgang postcodes import FILE\"", "Hent postnummerregisteret fra Bring, og les det inn."}},
	"postcodes-old":  {thePostcodes, sentence{"the register of {n} postnummer is from {day}", "Registeret med {n} postnumre er fra {day:date}."}, sentence{"import a newer one", "Les inn et nyere."}},
	"postcodes":      {thePostcodes, sentence{"{n}, dated {day}", "{n} postnumre, datert {day:date}."}, sentence{}},

	"account-example":   {anAccount, sentence{"the sender is still the example that init wrote", "Avsenderen er fortsatt eksempelet som fulgte med."}, sentence{"fill in [accounts.{account}.sender]: it stands on every forside, and returned letters go there", "Fyll inn avsenderen: Den står på hver forside, og brev som kommer i retur, går dit."}},
	"account-synthetic": {anAccount, sentence{"accepts synthetic fødselsnummer", "Godtar syntetiske fødselsnumre."}, sentence{"set allow_synthetic = false in production", "Sett allow_synthetic = false i produksjon."}},
	"benefit-missing":   {sentence{"kost/nytte", "Kost/nytte"}, sentence{"inputs are not set: {inputs}", "Disse verdiene er ikke satt: {inputs}"}, sentence{"fill them in under [kost_nytte], or in each workbook", "Fyll dem inn under [kost_nytte], eller i hver arbeidsbok."}},

	"register-bad": {theRegister, sentence{"{why}", "Det svarer ikke: {why}"}, sentence{"open the firewall to data.brreg.no, or correct [enhetsregisteret] address; until then letters to organisations without an address wait", "Åpne brannmuren mot data.brreg.no, eller rett adressen. Brev til virksomheter uten adresse venter så lenge."}},
	"register":     {theRegister, sentence{"answers", "Det svarer."}, sentence{}},

	"database-closed":     {theDatabase, sentence{"{why}", "Den kan ikke åpnes: {why}"}, sentence{"check [archive] database and documents, and that the server is up", "Kontroller innstillingene under [archive], og at tjeneren er oppe."}},
	"database-unchecked":  {theDatabase, sentence{"{why}", "Den kan ikke kontrolleres: {why}"}, sentence{"restore a backup: docs/backup.md", "Legg tilbake sikkerhetskopien."}},
	"database-unfinished": {theDatabase, sentence{"it could not be looked through in the time that there was", "Den var for stor til å gås gjennom i tide her."}, sentence{"run \"postgang doctor\" on the machine", "Få den kontrollert på maskinen."}},
	"database-damaged":    {theDatabase, sentence{"it is damaged: {found}", "Den er skadet: {found}"}, sentence{"stop everything that uses it, keep a copy, and restore a backup: docs/backup.md", "Stopp alt som bruker den, ta vare på en kopi, og legg tilbake sikkerhetskopien."}},
	"database-file-open":  {sentence{"database file", "Databasefilen"}, sentence{"{file} can be read by everyone on the machine", "{file} kan leses av alle på maskinen."}, sentence{"chmod 600 {path}", "Ta bort tilgangen for andre brukere."}},
	"database-in-open":    {sentence{"database TLS", "Forbindelsen til databasen"}, sentence{"the connection to another machine is not sure to be encrypted, or not sure to be with the right server", "Det er ikke sikkert at forbindelsen til den andre maskinen er kryptert, eller at det er riktig tjener."}, sentence{"add ?sslmode=verify-full to [archive] database (docs/configuration.md)", "Legg til ?sslmode=verify-full i adressen til databasen."}},
	"database-error":      {theDatabase, sentence{"{why}", "Den svarer ikke som den skal: {why}"}, sentence{}},
	"database-alarms":     {theDatabase, sentence{"works; {n} alarms are open", "Den virker. {n} varsler er åpne."}, sentence{"see \"postgang status\"", "Se Varsler."}},
	"sums":                {theSums, sentence{"they are what the ledger has", "De stemmer med regnskapet."}, sentence{}},
	"sums-differ":         {theSums, sentence{"they are not what the ledger has in {months}: months and budgets are shown wrong; reports are counted line by line and are right", "De stemmer ikke med regnskapet for {months}. Måneder og budsjetter vises galt. Rapporter telles linje for linje, og er riktige."}, sentence{"report it, with \"postgang version\"; restore a backup if something else has written to the database", "Meld fra om det til dem som lager Postgang."}},
	"database":            {theDatabase, sentence{"works, no open alarms", "Den virker. Ingen varsler er åpne."}, sentence{}},

	"no-sinks":     {sentence{"alarms", "Varsling"}, sentence{"nobody is told of alarms: they stand in the log and in \"postgang status\" only", "Ingen får beskjed om varsler: De står bare i loggen og under Varsler."}, sentence{"set [alarms.mail], [alarms.webhook] or [alarms.file], then try it with \"postgang alarms test\"", "Sett opp e-post, webhook eller fil under [alarms]."}},
	"sink-failing": {aSink, sentence{"{n} sendings failed in a row, {waiting} messages wait: {why}", "{n} forsøk på rad er mislykket, og {waiting} meldinger venter: {why}"}, sentence{"mend it, then \"postgang alarms test {sink}\"", "Rett feilen."}},
	"sink-unused":  {aSink, sentence{"last sent -, {waiting} messages wait", "Ingenting er sendt ennå, og {waiting} meldinger venter."}, sentence{}},
	"sink":         {aSink, sentence{"last sent {at:clock}, {waiting} messages wait", "Sist sendt {at:clock}, og {waiting} meldinger venter."}, sentence{}},

	"vat-missing":      {sentence{"vendor {vendor} VAT", "Merverdiavgift hos {vendor}"}, sentence{"no VAT is set: receipts are booked without any, and all of it is a difference when the invoice comes", "Merverdiavgiften er ikke satt. Kvitteringer bokføres uten, og alt blir avvik når fakturaen kommer."}, sentence{"set production_percent and postage_percent under [vendors.{vendor}.vat]; 0 where there is none", "Sett production_percent og postage_percent under [vendors.{vendor}.vat], 0 der det ikke er noen."}},
	"invoice-kind":     {aVendorInvoice, sentence{"the kind of cost {kind} is nearly one that is held against receipts or prices, and is not held against them", "Kostnadstypen {kind} ligner en som holdes mot kvitteringer eller priser, men blir ikke holdt mot dem."}, sentence{"mend kinds under [vendors.{vendor}.invoice] if it is misspelt", "Rett kinds under [vendors.{vendor}.invoice] hvis den er skrevet feil."}},
	"invoice-buyers":   {aVendorInvoice, sentence{"an EHF invoice to anybody else would be taken", "En EHF-faktura til hvem som helst blir lest inn."}, sentence{"set buyers = [\"…\"] under [vendors.{vendor}.invoice], our organisation numbers", "Sett buyers til våre organisasjonsnumre under [vendors.{vendor}.invoice]."}},
	"invoice-supplier": {aVendorInvoice, sentence{"an EHF invoice from anybody else would be taken", "En EHF-faktura fra hvem som helst blir lest inn."}, sentence{"set supplier under [vendors.{vendor}.invoice], the vendor's organisation number", "Sett supplier til leverandørens organisasjonsnummer under [vendors.{vendor}.invoice]."}},

	"vendor-manual":      {aVendor, sentence{"manual print: nobody to reach; see \"postgang manual list\"", "Brevene skrives ut her, så det er ingen server å nå."}, sentence{}},
	"vendor-key-missing": {aVendorKey, sentence{"{file} cannot be read", "Filen {file} kan ikke leses."}, sentence{"make one with \"postgang init\" or ssh-keygen -t ed25519", "Lag en nøkkel (ed25519), og gi leverandøren den offentlige delen."}},
	"vendor-key-open":    {aVendorKey, sentence{"the private key can be read by others", "Den private nøkkelen kan leses av andre."}, sentence{"chmod 600 {path}", "Ta bort tilgangen for andre brukere."}},
	"vendor-key-bad":     {aVendorKey, sentence{"{why}", "Den kan ikke brukes: {why}"}, sentence{}},
	"vendor-key":         {aVendorKey, sentence{"{file}", "Filen {file} kan brukes."}, sentence{}},
	"vendor-host-key":    {aVendor, sentence{"{why}", "Serveren har en annen nøkkel enn avtalt: {why}"}, sentence{"do not connect; ask the vendor by telephone whether they have a new key, then pin it", "Ring leverandøren, og spør om de har byttet nøkkel, før den nye legges inn."}},
	"vendor-refused":     {aVendor, sentence{"{why}", "Serveren slipper oss ikke inn: {why}"}, sentence{}},
	"vendor-unreachable": {aVendor, sentence{"{why}", "Serveren er ikke å nå: {why}"}, sentence{"check address and firewall, and whether the vendor's server is up", "Kontroller adressen og brannmuren, og om serveren er oppe."}},
	"vendor-error":       {aVendor, sentence{"{why}", "Noe gikk galt: {why}"}, sentence{}},
	"vendor":             {aVendor, sentence{"{address}, host key as pinned, {server}", "{address} svarer, med nøkkelen som er avtalt ({server})."}, sentence{}},
	"vendor-orders":      {sentence{"vendor {vendor} contract", "Avtale med {vendor}"}, sentence{"{version}, as customer {customer}: no answers; letters are settled by receipts", "{version}, som kunde {customer}: Ingen svar kommer tilbake, og brevene gjøres opp av kvitteringene."}, sentence{}},
	"vendor-no-receipts": {sentence{"vendor {vendor} receipts", "Kvitteringer fra {vendor}"}, sentence{"no folder of receipts is named, so that nothing tells which letters are printed, or books their cost", "Ingen mappe for kvitteringer er satt. Da sier ingenting hvilke brev som er skrevet ut, og kostnaden bokføres ikke."}, sentence{"set receipts and receipts_done under [vendors.{vendor}.folders], or book files of receipts with \"postgang receipts import\"", "Sett receipts og receipts_done under [vendors.{vendor}.folders], eller les kvitteringsfiler inn under Kvitteringer."}},
	"vendor-rename":      {sentence{"vendor {vendor} rename", "Server hos {vendor}: flytting av filer"}, sentence{"the server has no posix-rename; files are removed before they are replaced", "Serveren kan ikke bytte ut filer i ett (posix-rename). De fjernes før de erstattes."}, sentence{}},
	"vendor-folder-bad":  {aVendorFolder, sentence{"{where}: {what}", "{where}: {what}"}, sentence{"{advice}", "{advice}"}},
	"vendor-folders":     {aVendorFolder, sentence{"there, and ours to write and read", "De er der, og vi kan skrive og lese."}, sentence{}},

	"channel-closed":      {aChannel, sentence{"{why}; accounts {accounts} have it", "Den slipper oss ikke inn: {why}. Kontoer som bruker den: {accounts}."}, channelWaits},
	"channel-clock":       {aChannel, sentence{"{why}; accounts {accounts} have it", "Den slipper oss ikke inn: {why}. Kontoer som bruker den: {accounts}."}, sentence{"set this machine's clock (NTP)", "Still klokken på maskinen (NTP)."}},
	"channel-scope":       {aChannel, sentence{"{why}; accounts {accounts} have it", "Den slipper oss ikke inn: {why}. Kontoer som bruker den: {accounts}."}, sentence{"have Digdir give our organisation the scopes, and add them to the integration", "Be Digdir gi oss tilgang til scopene, og legg dem til i integrasjonen."}},
	"channel-client":      {aChannel, sentence{"{why}; accounts {accounts} have it", "Den slipper oss ikke inn: {why}. Kontoer som bruker den: {accounts}."}, sentence{"check [maskinporten] client_id, and that the newest key in [maskinporten] keys is registered for it under its file's name", "Kontroller client_id under [maskinporten], og at den nyeste nøkkelen er registrert under filnavnet sitt."}},
	"channel-no-key":      {aChannel, sentence{"{why}; accounts {accounts} have it", "Den slipper oss ikke inn: {why}. Kontoer som bruker den: {accounts}."}, sentence{"put the private key that is registered with Digdir into [maskinporten] keys, as KID.pem", "Legg den private nøkkelen som er registrert hos Digdir, i nøkkelmappen som KID.pem."}},
	"channel-unreachable": {aChannel, sentence{"{why}; accounts {accounts} have it", "Den er ikke å nå: {why}. Kontoer som bruker den: {accounts}."}, sentence{"check [maskinporten] issuer, the network and the proxy; letters stay as they are meanwhile", "Kontroller issuer under [maskinporten], nettet og mellomtjeneren. Brevene blir liggende så lenge."}},
	"channel-refused":     {aChannel, sentence{"{why}; accounts {accounts} have it", "Den slipper oss ikke inn: {why}. Kontoer som bruker den: {accounts}."}, sentence{"check [krr] base_url and scopes, and that our organisation has been given them", "Kontroller base_url og scopes under [krr], og at vi har fått dem."}},
	"channel":             {aChannel, sentence{"lets us in; accounts {accounts} have it", "Den slipper oss inn. Kontoer som bruker den: {accounts}."}, sentence{}},
	"source-closed":       {aSource, sentence{"{why}", "Vi slipper ikke inn: {why}"}, sentence{"see that [dpi] address is right and can be reached; until then letters that a mailbox did not take are not printed", "Kontroller adressen under [dpi]. Brev som en postkasse ikke tok imot, blir ikke skrevet ut så lenge."}},
	"source":              {aSource, sentence{"lets us in", "Vi slipper inn."}, sentence{}},

	"token-keys-unread": {theTokenKeys, sentence{"{why}", "De kan ikke leses: {why}"}, sentence{"make the folder [maskinporten] keys, readable for the service alone", "Lag nøkkelmappen, slik at bare tjenesten kan lese den."}},
	"token-key-bad":     {theTokenKeys, sentence{"{file} {why}", "{file} kan ikke brukes: {why}"}, sentence{"put a whole one in its place, or remove it", "Legg en hel nøkkel i stedet, eller fjern den."}},
	"token-key-open":    {theTokenKeys, sentence{"{file} can be read by others", "{file} kan leses av andre."}, sentence{"chmod 600 {file}", "Ta bort tilgangen for andre brukere."}},
	"token-key-ends":    {theTokenKeys, sentence{"the certificate of {file} ends {at:clock}", "Sertifikatet til {file} utløper {at:clock}."}, sentence{"get a new certificate, and register it", "Skaff et nytt sertifikat, og registrer det."}},
	"token-keys-none":   {theTokenKeys, sentence{"none can be used", "Ingen av dem kan brukes."}, sentence{"put the private key that is registered with Digdir there, as KID.pem", "Legg den private nøkkelen som er registrert hos Digdir, der som KID.pem."}},
	"token-keys":        {theTokenKeys, sentence{"{n} can be used; the newest is {file}", "{n} kan brukes. Den nyeste er {file}."}, sentence{}},

	"certificate-bad":  {theCertificate, sentence{"it cannot be used: {why}", "Det kan ikke brukes: {why}"}, sentence{"check [http] cert_file and key_file", "Kontroller cert_file og key_file under [http]."}},
	"certificate-ends": {theCertificate, sentence{"it ends {at:clock}", "Det utløper {at:clock}."}, sentence{"renew it, and start serve again", "Forny det, og start programmet på nytt."}},
	"certificate":      {theCertificate, sentence{"ends {at:clock}", "Det gjelder til {at:clock}."}, sentence{}},
	"systems-unread":   {theSystems, sentence{"they cannot be read: {why}", "De kan ikke leses: {why}"}, sentence{}},
	"systems-none":     {theSystems, sentence{"nobody may hand in over the network yet", "Ingen kan levere inn over nettet ennå."}, sentence{"postgang integration add NAME --account KEY --reason WHY", "Lag et fagsystem under Fagsystemer."}},
	"systems-shut":     {theSystems, sentence{"{shut} of {n} have no organisation: REST V2 and V3 are shut to them, since a token is asked for", "{shut} av {n} er uten organisasjonsnummer: REST V2 og V3 er stengt for dem, siden det kreves et token."}, sentence{"postgang integration change NAME --organisation NUMBER --reason WHY", "Sett organisasjonsnummeret under Fagsystemer."}},
	"systems":          {theSystems, sentence{"{n} may hand in over the network", "{n} kan levere inn over nettet."}, sentence{}},

	"seal-keys-unread": {sentence{"keys", "Nøkler for krypterte dokumenter"}, sentence{"keys for encrypted documents cannot be read: {why}", "De kan ikke leses: {why}"}, sentence{"restore them from a backup, or end them with \"postgang key end\"", "Legg dem tilbake fra sikkerhetskopien."}},
	"seal-key-bad":     {aSealKey, sentence{"{why}", "Den kan ikke brukes: {why}"}, sentence{"let the user that runs postgang, and nobody else, read its file (chmod 600), or restore it from a backup", "La bare brukeren som kjører Postgang, lese filen, eller legg den tilbake fra sikkerhetskopien."}},
	"seal-key-alone":   {aSealKey, sentence{"there is no account {account}", "Det finnes ingen konto {account}."}, sentence{"end it with \"postgang key end\", or move its files elsewhere", "Avslutt den, eller flytt filene et annet sted."}},
	"seal-key-ends":    {aSealKey, sentence{"senders are given it, and it is valid until {at:clock} only", "Avsendere får den, og den gjelder bare til {at:clock}."}, sentence{"postgang key rotate {account}, and give senders the new certificate", "Bytt den ut, og gi avsenderne det nye sertifikatet."}},
	"seal-key":         {aSealKey, sentence{"senders are given it; valid until {at:clock}", "Avsendere får den. Den gjelder til {at:clock}."}, sentence{}},
	"unfinished":       {sentence{"the rest", "Resten"}, sentence{"there was no time left to look at it", "Det ble ikke tid til å se på den."}, sentence{"try again when what does not answer is mended", "Prøv igjen når det som ikke svarer, er rettet."}},
}
