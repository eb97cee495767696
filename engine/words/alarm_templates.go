package words

// alarmTemplates are the words of alarms, by kind and case. A command that is renamed is renamed here; no archive knows of it.
//
// English is for who sits at the command line or reads mail of the machine, and names commands. Norwegian is for who reads the console,
// and names none: it says what to do there, or that it is for whoever runs the server. The console adds the pages where it is done.
var alarmTemplates = map[string]worded{
	"restored": {
		English:   `nothing is offered to vendor {{.vendor}}: {{if has . "jobs"}}the vendor has {{.jobs}} jobs of ours that this archive does not know, or knows otherwise: {{.first}}{{if has . "highest"}}; {{end}}{{end}}{{if has . "highest"}}jobs up to number {{.highest}} were handed over, and this archive has given out {{.number}}{{end}}. The archive is older than what was handed over, as after a backup was put back, and letters would be printed twice. Run postgang recover --vendor {{.vendor}}`,
		Norwegian: `ingenting blir tilbudt trykkeriet {{.vendor}}: {{if has . "jobs"}}trykkeriet har {{n .jobs "jobb" "jobber"}} fra oss som dette arkivet ikke kjenner, eller kjenner annerledes: {{.first}}{{if has . "highest"}}; {{end}}{{end}}{{if has . "highest"}}jobber til og med nummer {{.highest}} er overlevert, og dette arkivet har bare delt ut {{.number}}{{end}}. Arkivet er eldre enn det som er overlevert, slik det er etter at en sikkerhetskopi er lagt tilbake, og brev ville blitt trykt to ganger. Den som drifter serveren, må gjenopprette arkivet mot trykkeriet; trykkeriet må ikke slette noe imens`,
	},
	"host-key": {
		English:   `vendor {{.vendor}} shows another host key than the pinned one, and nothing is sent. Ask the vendor by telephone whether they have a new key; then pin it. {{.why}}`,
		Norwegian: `trykkeriet {{.vendor}} viser en annen vertsnøkkel enn den som er lagt inn, og ingenting blir sendt. Ring trykkeriet og spør om de har fått ny nøkkel; i så fall må den som drifter serveren, legge den inn. {{.why}}`,
	},
	"recovered": {
		English:   `{{.letters}} letters are set aside, since a vendor may have them already though this archive, put back from a backup, has not handed them over. Ask the vendor. What it has: postgang shipment stop; what it has not: postgang recover release. See postgang shipment list --held`,
		Norwegian: `{{.letters}} brev er satt til side, fordi et trykkeri kan ha dem allerede, selv om dette arkivet, som er lagt tilbake fra en sikkerhetskopi, ikke har overlevert dem. Spør trykkeriet. Stopp brevene som er der, og frigi dem som ikke er der. Er det mange, kan den som drifter serveren, frigi dem samlet`,
	},
	"uncertain": {
		English:   `job {{.job}} ({{.letters}} letters) to vendor {{.vendor}} is uncertain: {{say . "doubt"}}. It will not be sent again. Ask the vendor whether they have it, then postgang job resolve {{.job}}`,
		Norwegian: `det er uvisst om trykkeriet {{.vendor}} har jobben {{.job}} ({{.letters}} brev): {{say . "doubt"}}. Den blir ikke sendt på nytt. Spør trykkeriet om de har den, og avklar så jobben`,
	},
	"clock/back": {
		English:   `the clock has gone back: the archive was worked with at {{clock .latest}}, and at {{clock .noticed}} it was earlier than that. Either it was ahead then or it is behind now: set it (NTP)`,
		Norwegian: `klokken har gått tilbake: arkivet var i bruk {{clock .latest}}, og {{clock .noticed}} var klokken mindre enn det. Enten gikk den for fort da, eller så går den for sent nå. Den som drifter serveren, må stille den (NTP)`,
	},
	"clock/received": {
		English:   `{{.letters}} letters were received at times that lie ahead of the clock, up to {{clock .until}}: it was ahead then, or is behind now. Set it (NTP). Those without a deadline are due now all the same; their times stay in history and reports`,
		Norwegian: `{{.letters}} brev er mottatt på tidspunkter som ligger foran klokken, fram til {{clock .until}}: den gikk for fort da, eller går for sent nå. Den som drifter serveren, må stille den (NTP). Brev uten frist skal på papir nå likevel; tidspunktene blir stående i historikk og rapporter`,
	},
	"reload": {
		English:   `the configuration of node {{.node}} was to be read again and has faults ({{.where}}): the one of before is used. Mend it (postgang doctor), then postgang reload`,
		Norwegian: `oppsettet på maskinen {{.node}} skulle leses på nytt, men har feil ({{.where}}), så det gamle brukes fortsatt. Den som drifter serveren, må rette det`,
	},
	"node/lost": {
		English:   `node {{.node}} has not been heard of since {{clock .since}}; others have taken over what they can. Look at that machine and its network, start postgang serve there, or say postgang node forget {{.node}} when it is gone for good`,
		Norwegian: `maskinen {{.node}} har ikke gitt lyd fra seg siden {{clock .since}}; de andre har overtatt det de kan. Den som drifter serveren, må se på maskinen og nettet dens`,
	},
	"node/role": {
		English:   `no node has the role {{.role}} now, and {{say . "role"}} stands still. Start postgang serve with that role on some machine`,
		Norwegian: `ingen maskin tar seg av {{say . "role"}} nå, så det står stille. Den som drifter serveren, må gi oppgaven ({{.role}}) til en maskin`,
	},
	"node/config": {
		English:   `node {{.node}} is configured otherwise than the others: letters may be treated by two sets of rules. Bring the same postgang.toml to all and restart them; see postgang node list`,
		Norwegian: `maskinen {{.node}} har et annet oppsett enn de andre, så brev kan bli behandlet etter ulike regler. Den som drifter serveren, må gi alle det samme oppsettet`,
	},
	"node/clock": {
		English:   `the clock of node {{.node}} is more than 2 s {{say . "way"}} that of the database. Set it (NTP)`,
		Norwegian: `klokken på maskinen {{.node}} går mer enn 2 sekunder {{say . "way"}} databasens. Den som drifter serveren, må stille den (NTP)`,
	},
	"disk": {
		English:   `less than {{.mb}} MB are free where the documents are kept. Free some, or move [archive] documents`,
		Norwegian: `det er mindre enn {{.mb}} MB ledig der dokumentene ligger. Den som drifter serveren, må frigjøre plass eller flytte dokumentene`,
	},
	"backup/never": {
		English:   `no backup was ever made. See postgang backup --help, and [schedule] backup`,
		Norwegian: `det er aldri tatt noen sikkerhetskopi. Den som drifter serveren, må få det til`,
	},
	"backup/old": {
		English:   `the last backup is of {{clock .made}}, more than {{.hours}} h ago. What came since is lost with the disk. Try postgang backup`,
		Norwegian: `den siste sikkerhetskopien er fra {{clock .made}}, mer enn {{n .hours "time" "timer"}} siden. Det som er kommet etter det, går tapt hvis disken ryker. Den som drifter serveren, må få tatt en ny`,
	},

	"retention/ikke-avgjort": {
		English:   `the content of {{.letters}} letters should be erased, and is kept since they are neither accepted nor refused; the oldest was handed in at {{clock .oldest}}. See postgang shipment list --status MOTTATT; close what nobody mends with postgang shipment stop`,
		Norwegian: `innholdet i {{.letters}} brev skulle vært slettet, og er beholdt fordi brevene verken er tatt imot eller avvist; det eldste ble levert {{clock .oldest}}. Stopp dem som ingen retter`,
	},
	"retention/satt-til-side": {
		English:   `the content of {{.letters}} letters should be erased, and is kept since they are set aside; the oldest was handed in at {{clock .oldest}}. See postgang shipment list --held; release or stop them`,
		Norwegian: `innholdet i {{.letters}} brev skulle vært slettet, og er beholdt fordi brevene er satt til side; det eldste ble levert {{clock .oldest}}. Frigi eller stopp dem`,
	},
	"retention/ikke-sendt": {
		English:   `the content of {{.letters}} letters should be erased, and is kept since they are neither read nor sent to print; the oldest was handed in at {{clock .oldest}}. See postgang retention list; close what shall not go to paper with postgang shipment stop`,
		Norwegian: `innholdet i {{.letters}} brev skulle vært slettet, og er beholdt fordi brevene verken er lest eller sendt til utskrift; det eldste ble levert {{clock .oldest}}. Stopp dem som ikke skal på papir`,
	},
	"retention/mangler-kvittering": {
		English:   `the content of {{.letters}} letters should be erased, and is kept since they are without the vendor's receipt; the oldest was handed in at {{clock .oldest}}. Ask the vendor whether they are posted; book its receipts, or close them with postgang shipment stop`,
		Norwegian: `innholdet i {{.letters}} brev skulle vært slettet, og er beholdt fordi brevene mangler kvittering fra trykkeriet; det eldste ble levert {{clock .oldest}}. Spør trykkeriet om de er postlagt; bokfør kvitteringene, eller stopp brevene`,
	},
	"retention/i-utskriftsjobb": {
		English:   `the content of {{.letters}} letters should be erased, and is kept since they are in a print job that is not handed over; the oldest was handed in at {{clock .oldest}}. See postgang job list; settle or withdraw those jobs`,
		Norwegian: `innholdet i {{.letters}} brev skulle vært slettet, og er beholdt fordi brevene ligger i en utskriftsjobb som ikke er overlevert; det eldste ble levert {{clock .oldest}}. Avklar jobbene eller trekk dem tilbake`,
	},
	"retention/omtvistet": {
		English:   `the content of {{.letters}} letters should be erased, and is kept since they are disputed; the oldest was handed in at {{clock .oldest}}. See postgang deviations list and postgang receipts list --open`,
		Norwegian: `innholdet i {{.letters}} brev skulle vært slettet, og er beholdt fordi brevene er omtvistet; det eldste ble levert {{clock .oldest}}. Avgjør avvikene, og kvitteringene som er i konflikt`,
	},
	"channel": {
		English:   `digital channel {{.channel}} cannot be asked: {{.why}}. Its letters stay as they are, none goes to paper for that, and they are asked about again. "postgang doctor" says what to mend`,
		Norwegian: `den digitale kanalen {{.channel}} kan ikke spørres: {{.why}}. Brevene blir som de er, ingen går til papir av den grunn, og kanalen blir spurt igjen. Blir det ikke bra av seg selv, må den som drifter serveren, se etter hva som er galt`,
	},
	"missed": {
		English:   `the night of {{clock .night}} was missed, the last of {{.nights}}. Is postgang serve running? Its letters go with the next night, or with postgang night`,
		Norwegian: `nattkjøringen {{clock .night}} ble ikke startet, den siste av {{.nights}}. Brevene går med neste nattkjøring, eller når du starter en. Skjer det flere ganger, må den som drifter serveren, se etter om Postgang kjører`,
	},
	"failed": {
		English:   `the night of {{clock .night}} failed{{if ne .times "1"}}, the last of {{.times}} in a row that failed{{end}}: {{.why}}. Its letters go with the next night that succeeds`,
		Norwegian: `nattkjøringen {{clock .night}} mislyktes{{if ne .times "1"}}, den siste av {{.times}} på rad{{end}}: {{.why}}. Brevene går med neste nattkjøring som lykkes`,
	},
	"died": {
		English:   `the night that was begun by hand at {{clock .night}} ended in the middle: its process is gone. Run postgang night again; it finishes what was begun`,
		Norwegian: `nattkjøringen som ble startet for hånd {{clock .night}}, stoppet midt i: prosessen er borte. Start en nattkjøring igjen; da blir det som er påbegynt, gjort ferdig`,
	},
	"schedule/failed": {
		English:   `scheduled run {{.schedule}} of {{clock .slot}} failed: {{.why}}. The next one that succeeds ends this alarm`,
		Norwegian: `planlagt {{say . "schedule"}} {{clock .slot}} mislyktes: {{.why}}. Varselet er over når den neste lykkes`,
	},
	"schedule/report-missed": {
		English:   `the report of {{month .month}} was not made: nothing was running when it was planned, and [schedule] catch_up is off. Make it with "postgang report --month {{.month}} --deliver"`,
		Norwegian: `rapporten for {{month .month}} ble ikke laget: ingenting kjørte da den skulle lages, og Postgang er satt opp til ikke å ta igjen kjøringer som uteblir. Arbeidsboken kan hentes her. Skal rapporten også leveres, må den som drifter serveren, lage den`,
	},
	"schedule/report-failed": {
		English:   `the report of {{month .month}} failed: {{.why}}. Put that right, then make it with "postgang report --month {{.month}} --deliver"`,
		Norwegian: `rapporten for {{month .month}} kunne ikke lages: {{.why}}. Arbeidsboken kan hentes her. Skal rapporten også leveres, må den som drifter serveren, rette feilen og lage den`,
	},
	"password": {
		English:   `integration {{.integration}}: {{.n}} wrong passwords in a minute, from {{.from}}. Further tries from there wait. If it is the sender's own system, give it a new password: postgang integration rotate {{.integration}} --reason WHY; if it is nobody you know, block the address`,
		Norwegian: `integrasjonen {{.integration}}: {{.n}} feil passord på ett minutt, fra {{.from}}. Flere forsøk derfra må vente. Er det avsenderens eget system, så gi det et nytt passord. Er det noen du ikke kjenner, må den som drifter nettverket, sperre adressen`,
	},
	"overdue": {
		English:   `{{.letters}} letters of account {{.account}} should have gone to paper and are in no print job, the first since {{clock .since}}. Do the nights run and succeed? See postgang status, then run postgang night`,
		Norwegian: `{{.letters}} brev fra kontoen {{.account}} skulle ha gått på papir og er ikke i noen utskriftsjobb, det første siden {{clock .since}}. Se om nattkjøringene går og lykkes, og start så en nattkjøring`,
	},
	"failing": {
		English:   `jobs of vendor {{.vendor}} cannot be {{say . "step"}}, and have been tried {{.times}} times or more: {{.jobs}}. See postgang job show {{first .jobs}}`,
		Norwegian: `jobber til trykkeriet {{.vendor}} kan ikke {{say . "step"}}, og er forsøkt {{n .times "gang" "ganger"}} eller mer: {{.jobs}}. Siste feil står på jobben`,
	},
	"rejected": {
		English:   `vendor {{.vendor}} rejected job {{.job}} with its {{.letters}} letters, for {{.reasons}} reasons: postgang job show {{.job}}. Mend the cause, then postgang job release {{.job}}`,
		Norwegian: `trykkeriet {{.vendor}} avviste jobben {{.job}} med {{.letters}} brev, av {{n .reasons "grunn" "grunner"}}, som står på jobben. Rett årsaken, og frigi så brevene`,
	},
	"rejected/reprint": {
		English:   `vendor {{.vendor}} rejected reprint {{.job}} of {{.parent}} with its {{.letters}} letters, for {{.reasons}} reasons: postgang job show {{.job}}. Mend the cause and order it anew (postgang job reprint {{.parent}}); postgang job release {{.job}} ends this alarm`,
		Norwegian: `trykkeriet {{.vendor}} avviste omtrykket {{.job}} av {{.parent}} med {{.letters}} brev, av {{n .reasons "grunn" "grunner"}}, som står på jobben. Rett årsaken, og bestill på nytt det som fortsatt trengs. Frigi så omtrykket; da er varselet over`,
	},
	"reprint": {
		English:   `reprint {{.job}} of {{.parent}} was withdrawn and nothing of it is printed: {{say . "ending"}}. Order anew what is still wanted (postgang job reprint {{.parent}}); postgang job release {{.job}} ends this alarm`,
		Norwegian: `omtrykket {{.job}} av {{.parent}} er trukket tilbake, og ingenting av det er trykt: {{say . "ending"}}. Bestill på nytt det som fortsatt trengs. Frigi så omtrykket; da er varselet over`,
	},
	"no-answer": {
		English:   `job {{.job}} ({{.letters}} letters) was offered to vendor {{.vendor}} at {{clock .offered}}, and there is no answer. Ask the vendor; it is not sent again`,
		Norwegian: `jobben {{.job}} ({{.letters}} brev) ble tilbudt trykkeriet {{.vendor}} {{clock .offered}}, og det har ikke kommet noe svar. Spør trykkeriet; den blir ikke sendt på nytt`,
	},
	// Where, what and advice are those of earlier versions.
	"answer/unread": {
		English:   `vendor {{.vendor}}: {{.where}}: {{.what}}{{if has . "advice"}} ({{.advice}}){{end}}`,
		Norwegian: `trykkeriet {{.vendor}}: {{.where}}: {{.what}}{{if has . "advice"}} ({{.advice}}){{end}}`,
	},
	"answer/name": {
		English:   `vendor {{.vendor}}: {{.where}}: is not the name of an answer (ask the vendor what the file is)`,
		Norwegian: `trykkeriet {{.vendor}}: {{.where}}: filnavnet er ikke navnet på et svar (spør trykkeriet hva filen er)`,
	},
	"answer/unreadable": {
		English:   `vendor {{.vendor}}: {{.where}}: cannot be understood: {{.why}} (the job was handed over; ask the vendor what became of it)`,
		Norwegian: `trykkeriet {{.vendor}}: {{.where}}: svaret er ikke til å forstå: {{.why}} (jobben er overlevert; spør trykkeriet hva det ble av den)`,
	},
	"answer/other-job": {
		English:   `vendor {{.vendor}}: {{.where}}: is of another job or decision than its name (the job was handed over; ask the vendor what became of it)`,
		Norwegian: `trykkeriet {{.vendor}}: {{.where}}: svaret gjelder en annen jobb eller avgjørelse enn filnavnet sier (jobben er overlevert; spør trykkeriet hva det ble av den)`,
	},
	"answer/both": {
		English:   `vendor {{.vendor}}: {{.where}}: refuses a job that is accepted too; the acceptance counts (the job id was handed over twice: find out by whom; the vendor must not have printed it twice)`,
		Norwegian: `trykkeriet {{.vendor}}: {{.where}}: avviser en jobb som også er godtatt; det er godtatt som gjelder (jobb-id-en er overlevert to ganger: finn ut av hvem; trykkeriet må ikke ha trykt den to ganger)`,
	},
	"answer/odd": {
		English:   `answer of vendor {{.vendor}} to job {{.job}}: {{say . "fault"}}`,
		Norwegian: `svaret fra trykkeriet {{.vendor}} på jobben {{.job}}: {{say . "fault"}}`,
	},
	// Where, what and advice are those of earlier versions.
	"receipts/unread": {
		English:   `vendor {{.vendor}}: {{.where}}: {{.what}}{{if has . "advice"}} ({{.advice}}){{end}}`,
		Norwegian: `trykkeriet {{.vendor}}: {{.where}}: {{.what}}{{if has . "advice"}} ({{.advice}}){{end}}`,
	},
	"receipts/name": {
		English:   `vendor {{.vendor}}: {{.where}}: is not a file with a name that is safe to take (ask the vendor to name receipts with letters, digits, dot, hyphen and underscore)`,
		Norwegian: `trykkeriet {{.vendor}}: {{.where}}: er ikke en fil med et navn som er trygt å ta imot (be trykkeriet gi kvitteringer navn med bokstaver, sifre, punktum, bindestrek og understrek)`,
	},
	"receipts/failed": {
		English:   `receipt file {{.file}} of vendor {{.vendor}} cannot be taken: {{.why}}`,
		Norwegian: `kvitteringsfilen {{.file}} fra trykkeriet {{.vendor}} kan ikke tas imot: {{.why}}`,
	},
	"receipts/stopped": {
		English:   `receipt file {{.file}} of vendor {{.vendor}} was stopped, nothing of it was booked: {{.problems}} problems, first: {{.first}}. Have the vendor send it anew`,
		Norwegian: `kvitteringsfilen {{.file}} fra trykkeriet {{.vendor}} ble stoppet, og ingenting av den er bokført: {{.problems}} feil, den første: {{.first}}. Be trykkeriet sende den på nytt`,
	},
	"intake/place": {
		English:   `{{say . "place"}} cannot be used: {{.why}}{{if has . "advice"}}{{say . "advice"}}{{end}}. What is handed in there is not taken`,
		Norwegian: `{{say . "place"}} kan ikke brukes: {{.why}}{{if has . "advice"}}{{say . "advice"}}{{else}}. Varer det, må den som drifter serveren, se på det{{end}}. Det som leveres inn der, blir ikke tatt imot`,
	},
	"intake/stuck": {
		English:   `the scan of the drop folder that began at {{clock .began}} does not come to its end, and nothing is taken. Does its file system answer? Then start postgang serve again`,
		Norwegian: `gjennomgangen av innleveringsmappen som begynte {{clock .began}}, blir ikke ferdig, og ingenting blir tatt imot. Den som drifter serveren, må se etter om filsystemet svarer, og så starte Postgang på nytt`,
	},
	"events/file": {
		English:   `events file {{.file}}: {{.why}}{{if has . "advice"}}{{say . "advice"}}{{end}}. Its events may not be applied, and a letter that was read may be printed. It is tried again`,
		Norwegian: `hendelsesfilen {{.file}}: {{.why}}{{if has . "advice"}}{{say . "advice"}}{{else}}. Varer det, må den som drifter serveren, se på det{{end}}. Hendelsene i den er kanskje ikke tatt i bruk, og et brev som er lest, kan bli trykt. Den blir forsøkt igjen`,
	},
	"events/many": {
		English:   `more than {{.limit}} events files cannot be applied. See the alarms of the first`,
		Norwegian: `mer enn {{.limit}} hendelsesfiler kan ikke tas i bruk. Se varslene om de første; resten må den som drifter serveren, se på`,
	},
	"events/many-lists": {
		English:   `{{.folder}} holds more than {{.limit}} lists of refused events. Deal with them all, and remove each list then`,
		Norwegian: `{{.folder}} har mer enn {{.limit}} lister over avviste hendelser. Den som drifter serveren, må få alle hendelsene levert på nytt, og så fjerne listene`,
	},
	"events/refused": {
		English:   `events file {{.file}}: {{if has . "lines"}}{{.lines}} lines were refused and are not applied (line {{.which}}; {{.codes}}){{else}}lines were refused and are not applied{{end}}. A letter that was read or reserved may be printed. See {{.list}}, hand the events in anew as they should be, and then remove that list`,
		Norwegian: `hendelsesfilen {{.file}}: {{if has . "lines"}}{{n .lines "linje" "linjer"}} ble avvist og er ikke tatt i bruk (linje {{.which}}; {{.codes}}){{else}}noen linjer ble avvist og er ikke tatt i bruk{{end}}. Et brev som er lest eller reservert, kan bli trykt. Den som leverte dem, må levere dem på nytt slik de skal være. Hva som er feil, står i {{.list}} på serveren, som må fjernes etterpå`,
	},
	"expiring/unread": {
		English:   `our certificate for vendor {{.vendor}} cannot be read: {{.why}}`,
		Norwegian: `sertifikatet vårt hos trykkeriet {{.vendor}} kan ikke leses: {{.why}}`,
	},
	"expiring/soon": {
		English:   `our certificate for vendor {{.vendor}} ends at {{clock .ends}}. Ask the vendor for a new one`,
		Norwegian: `sertifikatet vårt hos trykkeriet {{.vendor}} går ut {{clock .ends}}. Be trykkeriet om et nytt`,
	},
	"hand-in/one": {
		English:   `hand-in {{.hand_in}} {{say . "trouble"}}: {{.why}}{{if has . "advice"}}{{say . "advice"}}{{end}}. It stays where it is and is tried again; the others go on`,
		Norwegian: `innleveringen {{.hand_in}} {{say . "trouble"}}: {{.why}}{{if has . "advice"}}{{say . "advice"}}{{else}}. Varer det, må den som drifter serveren, se på det{{end}}. Den blir liggende og blir forsøkt igjen; de andre går videre`,
	},
	"hand-in/many": {
		English:   `more than {{.limit}} hand-ins of account {{.account}} cannot be taken or put away. The first: {{.hand_in}} {{say . "trouble"}}: {{.why}}{{if has . "advice"}}{{say . "advice"}}{{end}}. They are tried again; the others go on`,
		Norwegian: `mer enn {{.limit}} innleveringer fra kontoen {{.account}} kan ikke tas imot eller legges unna. Den første: {{.hand_in}} {{say . "trouble"}}: {{.why}}{{if has . "advice"}}{{say . "advice"}}{{else}}. Varer det, må den som drifter serveren, se på det{{end}}. De blir forsøkt igjen; de andre går videre`,
	},
	"misplaced/loose": {
		English:   `{{.folder}} holds {{strays .}} straight in it, which nobody takes: a hand-in is a folder of its own with forsendelse.json and its documents. Put them into folders, or remove them (docs/drop-folder.md)`,
		Norwegian: `{{.folder}} har {{strays .}} liggende løst, og det tar ingen imot: en innlevering er en egen mappe med forsendelse.json og dokumentene. Den som drifter serveren, må legge dem i mapper eller fjerne dem`,
	},
	"misplaced/strangers": {
		English:   `{{say . "folder"}} holds what nobody takes there: {{strays .}}{{strangers .}}. Hand-ins go to {{.inbox}}/ACCOUNT/KEY, and accounts are those of the configuration (docs/drop-folder.md)`,
		Norwegian: `{{say . "folder"}} har noe ingen tar imot der: {{strays .}}{{strangers .}}. Innleveringer skal til {{.inbox}}/KONTO/NØKKEL, og kontoene er de som står under Konfigurasjon. Den som drifter serveren, må flytte eller fjerne resten`,
	},
	"misplaced/events": {
		English:   `{{.folder}} holds {{strays .}} that are no events files, and nobody reads: digital events go into files named NAME.jsonl, straight in {{.folder}}. Rename them, or remove them (docs/drop-folder.md)`,
		Norwegian: `{{.folder}} har {{strays .}} som ikke er hendelsesfiler, og som ingen leser: digitale hendelser skal i filer som heter NAVN.jsonl, rett i {{.folder}}. Den som drifter serveren, må gi dem nye navn eller fjerne dem`,
	},

	"no-receipt": {
		English:   `vendor {{.vendor}} accepted job {{.job}} at {{clock .accepted}}, and there is no receipt for {{.waiting}} of its {{.letters}} letters. Ask the vendor whether they are posted (postgang job show {{.job}})`,
		Norwegian: `trykkeriet {{.vendor}} godtok jobben {{.job}} {{clock .accepted}}, og det mangler kvittering for {{.waiting}} av {{.letters}} brev. Spør trykkeriet om de er postlagt`,
	},
	"no-receipt/orders": {
		English:   `vendor {{.vendor}} was given {{.orders}} print orders that have no receipt in due time, the first of them {{.first}}. It answers none, so whether they are printed is not known: ask the vendor, and book what it says (postgang receipts import), or close the letters`,
		Norwegian: `trykkeriet {{.vendor}} har fått {{n .orders "printoppdrag" "printoppdrag"}} uten kvittering i rett tid, det første {{.first}}. Det svarer ikke på oppdrag, så om brevene er trykt, er ikke kjent: spør trykkeriet, og les inn en kvitteringsfil med det de sier, eller stopp brevene`,
	},
	"held": {
		English:   `{{.letters}} letters of account {{.account}} are set aside: {{.code}}. See postgang shipment list --account {{.account}} --held-for {{.code}}; mend the cause, then postgang shipment release --account {{.account}} --held-for {{.code}}`,
		Norwegian: `{{.letters}} brev fra kontoen {{.account}} er satt til side: {{.code}}. Rett årsaken, og frigi så brevene`,
	},
	"prepare/new": {
		English:   `{{.letters}} letters cannot be prepared and stay MOTTATT: {{say . "obstacle"}}. Of shipment {{.shipment}}: {{.why}}. They are tried again by themselves; see postgang shipment list --status MOTTATT, and close one that is not to be sent with postgang shipment stop`,
		Norwegian: `{{.letters}} brev kan ikke klargjøres og blir stående som «Mottatt»: {{say . "obstacle"}}. For forsendelsen {{.shipment}} heter det: {{.why}}. Brevene blir forsøkt igjen av seg selv. Skal et av dem ikke sendes, så stopp det`,
	},
	"prepare/again": {
		English:   `{{.letters}} letters must be prepared anew, since the vendor's profile or this program has changed, and cannot be: {{say . "obstacle"}}. Of shipment {{.shipment}}: {{.why}}. They stay due, and each night tries again`,
		Norwegian: `{{.letters}} brev må klargjøres på nytt, fordi trykkeriets profil eller dette programmet er endret, og det går ikke: {{say . "obstacle"}}. For forsendelsen {{.shipment}} heter det: {{.why}}. Brevene venter fortsatt på å bli trykt, og hver nattkjøring forsøker igjen`,
	},
	"unhandled": {
		English:   `{{.letters}} letters of account {{.account}} have been {{.status}} for more than a day: nothing has happened to them, and they are not due. See postgang shipment list --account {{.account}} --status {{.status}}`,
		Norwegian: `{{.letters}} brev fra kontoen {{.account}} har hatt status {{.status}} i mer enn et døgn: ingenting har skjedd med dem, og de skal ikke på papir ennå`,
	},
	"expected/uke": {
		English:   `about {{.letters}} letters of account {{.account}} were expected by {{clock .by}}, as on other {{say . "weekday"}}, and have not come. Ask the sender whether its system has sent them. See postgang integration ways, and postgang alarms list for what keeps hand-ins back`,
		Norwegian: `rundt {{.letters}} brev fra kontoen {{.account}} var ventet innen {{clock .by}}, som andre {{say . "weekday"}}, og har ikke kommet. Spør avsenderen om fagsystemet har sendt dem. Har det det, så se om noe hindrer innleveringen`,
	},
	"expected/maned": {
		English:   `about {{.letters}} letters of account {{.account}} were expected by {{day .last}}, as in other months, and have not come. Ask the sender whether its system has sent them. See postgang integration ways, and postgang alarms list for what keeps hand-ins back`,
		Norwegian: `rundt {{.letters}} brev fra kontoen {{.account}} var ventet innen {{day .last}}, som i andre måneder, og har ikke kommet. Spør avsenderen om fagsystemet har sendt dem. Har det det, så se om noe hindrer innleveringen`,
	},
	"forgotten": {
		English:   `{{.folder}} holds {{.entries}} hidden entries (a leading dot, .part, .tmp) that have not changed for more than an hour: what was begun there was never put in place. Have their sender finish them, or remove them`,
		Norwegian: `{{.folder}} har {{n .entries "skjult oppføring" "skjulte oppføringer"}} (punktum først, .part, .tmp) som ikke er endret på over en time: det som ble påbegynt der, er aldri lagt på plass. Be avsenderen gjøre det ferdig, eller fjern det`,
	},
	"slow/running": {
		English:   `the night of {{clock .night}} has been running since {{clock .began}}, longer than {{duration .limit}}. See postgang status and postgang job list`,
		Norwegian: `nattkjøringen {{clock .night}} har pågått siden {{clock .began}}, lenger enn {{duration .limit}}. Se hvor langt jobbene er kommet`,
	},
	"slow/took": {
		English:   `the night of {{clock .night}} took {{duration .took}}, longer than {{duration .limit}}. The next night that is quicker ends this alarm`,
		Norwegian: `nattkjøringen {{clock .night}} tok {{duration .took}}, lenger enn {{duration .limit}}. Varselet er over når en nattkjøring går raskere`,
	},
	"half": {
		English:   `receipt file {{.file}} of vendor {{.vendor}} is half applied: {{.done}} of {{.rows}} rows are booked, and it takes longer than it should. If nothing is at it, postgang receipts fetch books the rest. Months and invoices wait for it`,
		Norwegian: `kvitteringsfilen {{.file}} fra trykkeriet {{.vendor}} er bare delvis bokført: {{.done}} av {{n .rows "rad" "rader"}}, og det har tatt lengre tid enn det skal. Hent kvitteringer på nytt, så blir resten bokført. Måneder kan ikke lukkes, og fakturaer ikke bokføres, før det er gjort`,
	},
	"conflict": {
		English:   `{{.receipts}} receipts of vendor {{.vendor}} say something else than those that are booked, and are not booked. Decide: postgang receipts list --open, then postgang receipts resolve`,
		Norwegian: `{{n .receipts "kvittering" "kvitteringer"}} fra trykkeriet {{.vendor}} sier noe annet enn det som er bokført, og er ikke bokført. Avgjør hva som gjelder`,
	},
	"invoice": {
		English:   `receipts of vendor {{.vendor}} for letters posted {{period .first .last}} have come or changed since its invoices were booked, and differ from them by kr {{kr .net}} net and kr {{kr .vat}} VAT. If the vendor invoices them later: postgang invoice carry {{quote .number}} --into MONTH, and nobody else is charged or credited. If they are on these invoices: postgang invoice book {{quote .number}} shares the difference out anew`,
		Norwegian: `kvitteringer fra trykkeriet {{.vendor}} for brev postlagt {{period .first .last}} har kommet eller er endret etter at fakturaene ble bokført, og avviker fra dem med kr {{kr .net}} netto og kr {{kr .vat}} mva. Hvis trykkeriet fakturerer dem senere, så overfør dem fra faktura {{.number}} til måneden det skjer; da blir ingen andre belastet eller godskrevet. Hvis de er med på disse fakturaene, så bokfør faktura {{.number}} på nytt; da blir forskjellen fordelt`,
	},
	"deviations": {
		English:   `receipts of vendor {{.vendor}} deviate from what was sent more than {{.limit}} times in {{.days}} days. See postgang deviations list`,
		Norwegian: `kvitteringer fra trykkeriet {{.vendor}} avviker fra det som ble sendt, mer enn {{n .limit "gang" "ganger"}} på {{n .days "dag" "dager"}}. Avgjør avvikene`,
	},
	"prices": {
		English:   `receipts of vendor {{.vendor}} cannot be checked against the price list: {{.why}}. Add the price under [[vendors.{{.vendor}}.prices]]`,
		Norwegian: `kvitteringer fra trykkeriet {{.vendor}} kan ikke kontrolleres mot prislisten: {{.why}}. Den som drifter serveren, må legge inn prisen i oppsettet`,
	},
	"manual": {
		English:   `manual print {{.vendor}}: jobs have waited for {{.days}} days or longer to be printed, or to be confirmed as posted: {{.jobs}}. See postgang manual list`,
		Norwegian: `manuell utskrift {{.vendor}}: jobber har ventet i {{n .days "dag" "dager"}} eller lenger på å bli skrevet ut, eller på å bli bekreftet som postlagt: {{.jobs}}`,
	},
	"guard": {
		English:   `{{.letters}} letters are kept back by the cost guard, and go to paper when somebody approves it. See postgang guard list, then postgang guard approve`,
		Norwegian: `{{.letters}} brev holdes tilbake av kostnadsvakten, og går på papir når noen godkjenner det`,
	},
}

// alarmPhrases are the words of arguments that are codes: the argument's name, a stroke and the code. They may use the other arguments. Notes say them too.
var alarmPhrases = map[string]worded{
	"role/intake":   {English: `taking hand-ins`, Norwegian: `innleveringer`},
	"role/prepare":  {English: `preparing documents`, Norwegian: `klargjøring av dokumenter`},
	"role/compose":  {English: `making print files`, Norwegian: `utskriftsfilene`},
	"role/exchange": {English: `what goes to vendors and digital channels`, Norwegian: `det som skal til trykkerier og digitale kanaler`},
	"role/schedule": {English: `what is planned by the clock`, Norwegian: `planlagte kjøringer`},
	"role/console":  {English: `the console`, Norwegian: `forvaltningsweben`},
	"obstacle/space": {
		English:   `a disk is full, or the space of the user that runs postgang is used up. Free some`,
		Norwegian: `en disk er full. Den som drifter serveren, må frigjøre plass`,
	},
	"obstacle/documents": {
		English:   `documents cannot be read or stored. Can their folder or bucket be reached? See postgang doctor`,
		Norwegian: `dokumenter kan ikke leses eller lagres. Den som drifter serveren, må se på lagringen`,
	},
	"obstacle/worker": {
		English:   `the process that prepares does not do it, for want of memory or time or because it cannot be started. See postgang doctor and the log`,
		Norwegian: `prosessen som klargjør, får det ikke til: den mangler minne eller tid, eller kan ikke startes. Den som drifter serveren, må se på det`,
	},
	"obstacle/other": {
		English:   `a fault on our side, see the log`,
		Norwegian: `det er en feil hos oss. Den som drifter serveren, finner mer i loggen`,
	},
	"way/ahead":  {English: `ahead of`, Norwegian: `foran`},
	"way/behind": {English: `behind`, Norwegian: `etter`},

	"weekday/monday":    {English: `Mondays`, Norwegian: `mandager`},
	"weekday/tuesday":   {English: `Tuesdays`, Norwegian: `tirsdager`},
	"weekday/wednesday": {English: `Wednesdays`, Norwegian: `onsdager`},
	"weekday/thursday":  {English: `Thursdays`, Norwegian: `torsdager`},
	"weekday/friday":    {English: `Fridays`, Norwegian: `fredager`},
	"doubt/no-trace": {
		English:   `committed, but neither its files nor a ready file nor an answer are at the vendor`,
		Norwegian: `den er klar til overlevering, men verken filene, klarfilen eller noe svar ligger hos trykkeriet`,
	},
	"doubt/no-order": {
		English:   `uploaded, and its order is at the vendor under neither name`,
		Norwegian: `den er lastet opp, men oppdraget ligger hos trykkeriet under ingen av de to navnene`,
	},
	"doubt/order-gone": {
		English:   `its order was at the vendor under its name, and is gone: {{.why}}`,
		Norwegian: `oppdraget lå hos trykkeriet under navnet sitt, og er borte: {{.why}}`,
	},
	"doubt/other-files": {
		English:   `committed, but the files at the vendor are not ours: {{.why}}`,
		Norwegian: `den er klar til overlevering, men filene hos trykkeriet er ikke våre: {{.why}}`,
	},
	"doubt/unreadable-answer": {
		English:   `the vendor has answered, but the answer cannot be read`,
		Norwegian: `trykkeriet har svart, men svaret kan ikke leses`,
	},
	"doubt/other-ticket": {
		English:   `a hand-over for this job id is at the vendor, but for another ticket`,
		Norwegian: `det ligger en overlevering med denne jobb-id-en hos trykkeriet, men med en annen jobbseddel`,
	},

	"schedule/night":     {English: `night`, Norwegian: `nattkjøring`},
	"schedule/receipts":  {English: `receipts`, Norwegian: `henting av kvitteringer`},
	"schedule/report":    {English: `report`, Norwegian: `månedsrapport`},
	"schedule/morning":   {English: `morning report`, Norwegian: `morgenrapport`},
	"schedule/retention": {English: `retention`, Norwegian: `sletting`},
	"schedule/backup":    {English: `backup`, Norwegian: `sikkerhetskopiering`},

	"step/compose":   {English: `composed`, Norwegian: `settes sammen`},
	"step/hand-over": {English: `handed over`, Norwegian: `overleveres`},

	"ending/profile": {
		English:   `the vendor's profile has changed since planning`,
		Norwegian: `trykkeriets profil er endret siden planleggingen`,
	},
	"ending/window": {
		English:   `not handed over within the print window of {{.days}} days`,
		Norwegian: `ikke overlevert innen utskriftsvinduet på {{n .days "dag" "dager"}}`,
	},
	"ending/gate": {
		English:   `letters closed, deleted or set aside before the last gate: {{.shipments}}{{if has . "more"}} and {{.more}} more{{end}}`,
		Norwegian: `brev ble avsluttet, slettet eller satt til side før siste kontroll: {{.shipments}}{{if has . "more"}} og {{.more}} til{{end}}`,
	},
	"ending/uncomposable": {
		English:   `letters that cannot be composed: {{.shipments}}{{if has . "more"}} and {{.more}} more{{end}}`,
		Norwegian: `brev som ikke kan settes sammen: {{.shipments}}{{if has . "more"}} og {{.more}} til{{end}}`,
	},

	"ending/recovered": {
		English:   `recover: the vendor has its id or its letters already`,
		Norwegian: `gjenoppretting: trykkeriet har allerede id-en eller brevene`,
	},

	"fault/unknown-job":  {English: `no such job of ours`, Norwegian: `vi har ingen slik jobb`},
	"fault/other-vendor": {English: `the job was offered to another vendor`, Norwegian: `jobben ble tilbudt et annet trykkeri`},
	"fault/other-ticket": {English: `it answers another ticket than ours`, Norwegian: `det svarer på en annen jobbseddel enn vår`},
	"fault/letters": {
		English:   `it accepts {{.accepted}} letters, we offered {{.offered}}`,
		Norwegian: `det godtar {{.accepted}} brev, vi tilbød {{.offered}}`,
	},
	"fault/state": {English: `the job is {{.state}}`, Norwegian: `jobben er {{.state}}`},

	"place/drop-folder": {English: `the drop folder`, Norwegian: `innleveringsmappen`},
	"place/folder":      {English: `the folder {{.folder}} of the drop folder`, Norwegian: `mappen {{.folder}} i innleveringsmappen`},
	"place/way": {
		English:   `the way from {{.folder}} to {{.to}} of the drop folder`,
		Norwegian: `veien fra {{.folder}} til {{.to}} i innleveringsmappen`,
	},
	"place/account": {English: `the folders of account {{.account}}`, Norwegian: `mappene til kontoen {{.account}}`},

	"folder/.": {English: `the drop folder`, Norwegian: `innleveringsmappen`},

	"trouble/take":   {English: `cannot be taken`, Norwegian: `kan ikke tas imot`},
	"trouble/look":   {English: `cannot be looked into`, Norwegian: `kan ikke åpnes`},
	"trouble/answer": {English: `cannot be answered`, Norwegian: `kan ikke besvares`},
	"trouble/move": {
		English:   `is answered, and cannot be moved to behandlet`,
		Norwegian: `er besvart og kan ikke flyttes til behandlet`,
	},
	"trouble/rights": {English: `cannot be read and moved`, Norwegian: `kan ikke leses og flyttes`},
	"trouble/file":   {English: `holds a file that cannot be read`, Norwegian: `har en fil som ikke kan leses`},
	"trouble/sticky": {
		English:   `cannot be moved: its parent has the sticky bit`,
		Norwegian: `kan ikke flyttes: mappen over har «sticky bit»`,
	},

	"advice/permission": {
		English:   `{{if has . "whose"}} ({{say . "whose"}} belongs to user {{.user}} and group {{.group}}, mode {{.mode}}){{end}}. Let the user that runs postgang read, write and move it: see "Senders with a login of their own" in docs/drop-folder.md`,
		Norwegian: `{{if has . "whose"}} ({{say . "whose"}} tilhører bruker {{.user}} og gruppe {{.group}}, modus {{.mode}}){{end}}. Den som drifter serveren, må la brukeren som Postgang kjører som, lese, skrive og flytte`,
	},
	"whose/.": {English: `it`, Norwegian: `den`},
	"advice/mount": {
		English:   `. Is its file system mounted? "postgang doctor" makes folders that are missing`,
		Norwegian: `. Den som drifter serveren, må se etter om filsystemet er montert og mappen finnes`,
	},
	"advice/one-file-system": {
		English:   `. All folders of the drop folder must lie on one file system`,
		Norwegian: `. Alle mappene i innleveringsmappen må ligge på ett filsystem på serveren`,
	},
	"advice/space": {English: `. Free some space`, Norwegian: `. Den som drifter serveren, må frigjøre plass`},
}

// manyAlarms are what several alarms of a kind are, after their number.
var manyAlarms = map[string]worded{
	"restored":  {"vendors know of jobs that the archive does not", "trykkerier kjenner jobber som arkivet ikke kjenner"},
	"host-key":  {"vendors show another host key than the pinned one", "trykkerier viser en annen vertsnøkkel enn den som er lagt inn"},
	"recovered": {"vendors have letters that a person must decide about after a restore", "trykkerier har brev som noen må ta stilling til etter en gjenoppretting"},
	"uncertain": {"jobs may or may not be with the vendor", "jobber er kanskje hos trykkeriet, kanskje ikke"},
	"clock":     {"faults of the clock", "feil med klokken"},
	"disk":      {"disks are nearly full", "disker er nesten fulle"},
	"reload":    {"configurations were not taken", "oppsett er ikke tatt i bruk"},
	"node":      {"faults among the machines", "feil ved maskinene"},
	"backup":    {"backups are too old", "sikkerhetskopier er for gamle"},

	"missed":    {"schedules were missed", "planlagte kjøringer ble ikke startet"},
	"failed":    {"nights failed", "nattkjøringer mislyktes"},
	"died":      {"nights ended in the middle", "nattkjøringer stoppet midt i"},
	"schedule":  {"planned runs failed", "planlagte kjøringer mislyktes"},
	"overdue":   {"accounts have letters that should have gone", "kontoer har brev som skulle ha gått"},
	"password":  {"integrations had many wrong passwords", "integrasjoner har fått mange feil passord"},
	"failing":   {"steps of jobs fail again and again", "trinn i jobber mislykkes gang på gang"},
	"rejected":  {"jobs were refused by the vendor", "jobber ble avvist av trykkeriet"},
	"reprint":   {"reprints were withdrawn", "omtrykk er trukket tilbake"},
	"no-answer": {"offers have no answer", "tilbudte jobber har ikke fått svar"},
	"answer":    {"answers cannot be read or do not fit", "svar kan ikke leses eller passer ikke"},
	"receipts":  {"receipt files cannot be taken", "kvitteringsfiler kan ikke tas imot"},
	"intake":    {"folders of the drop folder cannot be used", "mapper i innleveringsmappen kan ikke brukes"},
	"events":    {"files of digital events have lines that are not applied", "hendelsesfiler har linjer som ikke er tatt i bruk"},
	"expiring":  {"certificates are about to end", "sertifikater går snart ut"},
	"channel":   {"digital channels cannot be asked", "digitale kanaler kan ikke spørres"},
	"hand-in":   {"hand-ins cannot be taken or put away", "innleveringer kan ikke tas imot eller legges unna"},
	"misplaced": {"folders hold what nobody takes there", "mapper har noe ingen tar imot der"},

	"no-receipt": {"accepted jobs lack receipts", "godtatte jobber mangler kvitteringer"},
	"held":       {"accounts have letters that are set aside", "kontoer har brev som er satt til side"},
	"prepare":    {"letters cannot be prepared", "brev kan ikke klargjøres"},
	"expected":   {"accounts have not handed in what they usually do", "kontoer har ikke levert det de pleier"},
	"unhandled":  {"accounts have letters to which nothing happens", "kontoer har brev det ikke skjer noe med"},
	"retention":  {"reasons keep content that should be erased", "årsaker gjør at innhold som skulle vært slettet, er beholdt"},
	"forgotten":  {"folders hold what was begun and left", "mapper har noe som er påbegynt og forlatt"},
	"slow":       {"schedules are slow", "kjøringer går sent"},
	"half":       {"receipt files are half applied", "kvitteringsfiler er delvis bokført"},
	"conflict":   {"vendors have receipts in conflict", "trykkerier har kvitteringer i konflikt"},
	"invoice":    {"invoices do not fit their receipts any more", "fakturaer stemmer ikke lenger med kvitteringene"},
	"deviations": {"vendors deviate too often", "trykkerier har for mange avvik"},
	"prices":     {"price lists lack a price", "prislister mangler en pris"},
	"manual":     {"manual print waits", "manuelle utskrifter venter"},
	"guard":      {"caps keep letters back", "kostnadsgrenser holder brev tilbake"},
}
