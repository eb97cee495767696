package page

import "postgang/engine/access"

// RoleWords say what each role is.
var RoleWords = map[access.Role][2]string{
	access.RoleReader:        {"Leser", "ser status, historikk og tall, og ingen personopplysninger"},
	access.RoleInsight:       {"Innsyn", "ser også mottaker, tittel og sider; hvert oppslag logges"},
	access.RoleCaseWorker:    {"Saksbehandler", "ser alt om brevene, stopper og frigir dem; hvert oppslag logges"},
	access.RoleSender:        {"Avsender", "sender enkeltbrev for hånd"},
	access.RolePrinter:       {"Utskrift", "skriver ut og postlegger det som ikke går til trykkeriet"},
	access.RoleFinance:       {"Økonomi", "kvitteringer, fakturaer, avvik og måneder"},
	access.RoleOperator:      {"Operatør", "kjøringer, jobber og varsler"},
	access.RoleAdministrator: {"Administrator", "innstillinger, og hvem som har hvilke roller"},
	access.RoleAuditor:       {"Revisor", "leser loggene"},
}

// Glossary are the words of the house, as pages use them.
var Glossary = []Fact{
	{Name: "Forsendelse", Value: "Ett brev til én mottaker, med opplysninger og dokumenter."},
	{Name: "Konto", Value: "Den som sender: en enhet med egen forside, egne regler og eget trykkeri."},
	{Name: "Innlevering", Value: "Forsendelsen slik fagsystemet leverte den, med en nøkkel fagsystemet har valgt."},
	{Name: "Varslet", Value: "Mottakeren har fått beskjed om at det ligger et brev til dem digitalt."},
	{Name: "Frist", Value: "Hvor lenge mottakeren har på seg til å lese før brevet går til papir. Den telles bare på virkedager."},
	{Name: "Virkedag", Value: "Mandag til fredag som ikke er en offentlig fridag."},
	{Name: "Klar for utskrift", Value: "Brevet skal på papir, og blir med i neste kjøring."},
	{Name: "Satt til side", Value: "Brevet blir ikke med i kjøringer før en person frigir det."},
	{Name: "Kjøring", Value: "Det som skjer etter klokken: brev samles, settes i jobber og leveres til trykkeriet."},
	{Name: "Utskriftsjobb", Value: "Det trykkeriet får i én overlevering: utskriftsfiler, følgeseddel og jobbseddel."},
	{Name: "Siste kontroll", Value: "Rett før overlevering leses hvert brev på nytt. De som er lest eller stoppet, faller fra."},
	{Name: "Overlevert", Value: "Trykkeriet har fått klarsignal. Etter dette kan brevet ikke trekkes tilbake herfra."},
	{Name: "Uavklart", Value: "Det kan ikke avgjøres om trykkeriet har jobben. Den sendes aldri på nytt før en person har spurt."},
	{Name: "Kvittering", Value: "Trykkeriets melding om at et brev er postlagt, med sider, ark, vekt og pris."},
	{Name: "Postlagt", Value: "Trykkeriet har levert brevet til posten."},
	{Name: "Omtrykk", Value: "Brev, eller ark av dem, som trykkes en gang til etter bestilling."},
	{Name: "Konteringskode", Value: "Koden som kostnaden føres på."},
	{Name: "Kostnadsvakt", Value: "Tak for hva en dags brev kan koste. Det som går over, venter på godkjenning."},
	{Name: "Avvik", Value: "En forskjell mellom det som ble sendt, og det kvitteringen eller fakturaen sier."},
	{Name: "Innsyn", Value: "Å se hvem et brev er til, eller hva som står i det. Det krever et formål, og logges."},
}
