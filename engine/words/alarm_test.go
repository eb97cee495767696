package words

import (
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// an alarm as it is raised, and what it says in English; the Norwegian words are held against its arguments.
type alarmExample struct {
	key     string
	args    map[string]string
	english string
}

type a = map[string]string

// alarmExamples have each template, each phrase, and each argument that may be missing.
var alarmExamples = []alarmExample{
	{"restored:trykk", a{"vendor": "trykk", "jobs": "2", "first": "DEMA000007 DEMA000008"}, "nothing is offered to vendor trykk: the vendor has 2 jobs of ours that this archive does not know, or knows otherwise: DEMA000007 DEMA000008. The archive is older than what was handed over, as after a backup was put back, and letters would be printed twice. Run postgang recover --vendor trykk"},
	{"restored:trykk", a{"vendor": "trykk", "highest": "9", "number": "5"}, "nothing is offered to vendor trykk: jobs up to number 9 were handed over, and this archive has given out 5. The archive is older than what was handed over, as after a backup was put back, and letters would be printed twice. Run postgang recover --vendor trykk"},
	{"restored:trykk", a{"vendor": "trykk", "jobs": "6", "first": "A B C D E …", "highest": "9", "number": "5"}, "nothing is offered to vendor trykk: the vendor has 6 jobs of ours that this archive does not know, or knows otherwise: A B C D E …; jobs up to number 9 were handed over, and this archive has given out 5. The archive is older than what was handed over, as after a backup was put back, and letters would be printed twice. Run postgang recover --vendor trykk"},
	{"host-key:trykk", a{"vendor": "trykk", "why": "SHA256:x"}, "vendor trykk shows another host key than the pinned one, and nothing is sent. Ask the vendor by telephone whether they have a new key; then pin it. SHA256:x"},
	{"recovered:gjenopprettet", a{"letters": "3"}, "3 letters are set aside, since a vendor may have them already though this archive, put back from a backup, has not handed them over. Ask the vendor. What it has: postgang shipment stop; what it has not: postgang recover release. See postgang shipment list --held"},
	{"password:5c7d5c5e-6a0b-4a8d-9a51-0f0b7c1c2d3e", a{"integration": "acos", "n": "10", "from": "10.0.0.7"}, "integration acos: 10 wrong passwords in a minute, from 10.0.0.7. Further tries from there wait. If it is the sender's own system, give it a new password: postgang integration rotate acos --reason WHY; if it is nobody you know, block the address"},
	{"uncertain:J1", a{"job": "J1", "letters": "3", "vendor": "trykk", "doubt": "no-trace"}, "job J1 (3 letters) to vendor trykk is uncertain: committed, but neither its files nor a ready file nor an answer are at the vendor. It will not be sent again. Ask the vendor whether they have it, then postgang job resolve J1"},
	{"uncertain:J1", a{"job": "J1", "letters": "3", "vendor": "trykk", "doubt": "other-files", "why": "x.pdf"}, "job J1 (3 letters) to vendor trykk is uncertain: committed, but the files at the vendor are not ours: x.pdf. It will not be sent again. Ask the vendor whether they have it, then postgang job resolve J1"},
	{"uncertain:J1", a{"job": "J1", "letters": "3", "vendor": "trykk", "doubt": "unreadable-answer"}, "job J1 (3 letters) to vendor trykk is uncertain: the vendor has answered, but the answer cannot be read. It will not be sent again. Ask the vendor whether they have it, then postgang job resolve J1"},
	{"uncertain:J1", a{"job": "J1", "letters": "3", "vendor": "trykk", "doubt": "other-ticket"}, "job J1 (3 letters) to vendor trykk is uncertain: a hand-over for this job id is at the vendor, but for another ticket. It will not be sent again. Ask the vendor whether they have it, then postgang job resolve J1"},
	{"uncertain:J1", a{"job": "J1", "letters": "3", "vendor": "trykk", "doubt": "no-order"}, "job J1 (3 letters) to vendor trykk is uncertain: uploaded, and its order is at the vendor under neither name. It will not be sent again. Ask the vendor whether they have it, then postgang job resolve J1"},
	{"uncertain:J1", a{"job": "J1", "letters": "3", "vendor": "trykk", "doubt": "order-gone", "why": "x.zip"}, "job J1 (3 letters) to vendor trykk is uncertain: its order was at the vendor under its name, and is gone: x.zip. It will not be sent again. Ask the vendor whether they have it, then postgang job resolve J1"},
	{"clock:back", a{"case": "back", "latest": "2026-11-24T10:05+01:00", "noticed": "2026-11-24T09:00+01:00"}, "the clock has gone back: the archive was worked with at 2026-11-24 10:05, and at 2026-11-24 09:00 it was earlier than that. Either it was ahead then or it is behind now: set it (NTP)"},
	{"clock:received", a{"case": "received", "letters": "2", "until": "2026-07-01T09:00+02:00"}, "2 letters were received at times that lie ahead of the clock, up to 2026-07-01 09:00: it was ahead then, or is behind now. Set it (NTP). Those without a deadline are due now all the same; their times stay in history and reports"},
	{"channel:krr", a{"channel": "krr", "why": "KRR does not answer: 503"}, `digital channel krr cannot be asked: KRR does not answer: 503. Its letters stay as they are, none goes to paper for that, and they are asked about again. "postgang doctor" says what to mend`},
	{"backup:old", a{"case": "never"}, "no backup was ever made. See postgang backup --help, and [schedule] backup"},
	{"backup:old", a{"case": "old", "made": "2026-11-24T20:00+01:00", "hours": "26"}, "the last backup is of 2026-11-24 20:00, more than 26 h ago. What came since is lost with the disk. Try postgang backup"},
	{"disk:documents", a{"mb": "2048"}, "less than 2048 MB are free where the documents are kept. Free some, or move [archive] documents"},
	{"missed:night", a{"night": "2026-11-24T20:00+01:00", "nights": "2"}, "the night of 2026-11-24 20:00 was missed, the last of 2. Is postgang serve running? Its letters go with the next night, or with postgang night"},
	{"failed:night", a{"night": "2026-11-24T20:00+01:00", "times": "1", "why": "disk full"}, "the night of 2026-11-24 20:00 failed: disk full. Its letters go with the next night that succeeds"},
	{"failed:night", a{"night": "2026-11-24T20:00+01:00", "times": "3", "why": "disk full"}, "the night of 2026-11-24 20:00 failed, the last of 3 in a row that failed: disk full. Its letters go with the next night that succeeds"},
	{"died:night", a{"night": "2026-11-24T20:00+01:00"}, "the night that was begun by hand at 2026-11-24 20:00 ended in the middle: its process is gone. Run postgang night again; it finishes what was begun"},
	{"schedule:night", a{"case": "failed", "schedule": "night", "slot": "2026-11-24T20:00+01:00", "why": "no answer"}, "scheduled run night of 2026-11-24 20:00 failed: no answer. The next one that succeeds ends this alarm"},
	{"schedule:receipts", a{"case": "failed", "schedule": "receipts", "slot": "2026-11-24T20:00+01:00", "why": "no answer"}, "scheduled run receipts of 2026-11-24 20:00 failed: no answer. The next one that succeeds ends this alarm"},
	{"schedule:report", a{"case": "failed", "schedule": "report", "slot": "2026-11-24T20:00+01:00", "why": "no answer"}, "scheduled run report of 2026-11-24 20:00 failed: no answer. The next one that succeeds ends this alarm"},
	{"schedule:backup", a{"case": "failed", "schedule": "backup", "slot": "2026-11-24T20:00+01:00", "why": "disk full"}, "scheduled run backup of 2026-11-24 20:00 failed: disk full. The next one that succeeds ends this alarm"},
	{"schedule:retention", a{"case": "failed", "schedule": "retention", "slot": "2026-11-24T20:00+01:00", "why": "no answer"}, "scheduled run retention of 2026-11-24 20:00 failed: no answer. The next one that succeeds ends this alarm"},
	{"schedule:morning", a{"case": "failed", "schedule": "morning", "slot": "2026-11-24T20:00+01:00", "why": "no answer"}, "scheduled run morning of 2026-11-24 20:00 failed: no answer. The next one that succeeds ends this alarm"},
	{"schedule:report:2026-10", a{"case": "report-missed", "month": "2026-10"}, `the report of 2026-10 was not made: nothing was running when it was planned, and [schedule] catch_up is off. Make it with "postgang report --month 2026-10 --deliver"`},
	{"schedule:report:2026-10", a{"case": "report-failed", "month": "2026-10", "why": "disk full"}, `the report of 2026-10 failed: disk full. Put that right, then make it with "postgang report --month 2026-10 --deliver"`},
	{"overdue:skole", a{"letters": "4", "account": "skole", "since": "2026-11-20T08:00+01:00"}, "4 letters of account skole should have gone to paper and are in no print job, the first since 2026-11-20 08:00. Do the nights run and succeed? See postgang status, then run postgang night"},
	{"failing:trykk:composed", a{"vendor": "trykk", "step": "compose", "times": "5", "jobs": "J1 J2"}, "jobs of vendor trykk cannot be composed, and have been tried 5 times or more: J1 J2. See postgang job show J1"},
	{"failing:trykk:handed over", a{"vendor": "trykk", "step": "hand-over", "times": "5", "jobs": "J1"}, "jobs of vendor trykk cannot be handed over, and have been tried 5 times or more: J1. See postgang job show J1"},
	{"rejected:J1", a{"vendor": "trykk", "job": "J1", "letters": "3", "reasons": "2"}, "vendor trykk rejected job J1 with its 3 letters, for 2 reasons: postgang job show J1. Mend the cause, then postgang job release J1"},
	{"rejected:J2", a{"case": "reprint", "vendor": "trykk", "job": "J2", "parent": "J1", "letters": "3", "reasons": "2"}, "vendor trykk rejected reprint J2 of J1 with its 3 letters, for 2 reasons: postgang job show J2. Mend the cause and order it anew (postgang job reprint J1); postgang job release J2 ends this alarm"},
	{"reprint:J2", a{"job": "J2", "parent": "J1", "ending": "profile"}, "reprint J2 of J1 was withdrawn and nothing of it is printed: the vendor's profile has changed since planning. Order anew what is still wanted (postgang job reprint J1); postgang job release J2 ends this alarm"},
	{"reprint:J2", a{"job": "J2", "parent": "J1", "ending": "recovered"}, "reprint J2 of J1 was withdrawn and nothing of it is printed: recover: the vendor has its id or its letters already. Order anew what is still wanted (postgang job reprint J1); postgang job release J2 ends this alarm"},
	{"reprint:J2", a{"job": "J2", "parent": "J1", "ending": "window", "days": "7"}, "reprint J2 of J1 was withdrawn and nothing of it is printed: not handed over within the print window of 7 days. Order anew what is still wanted (postgang job reprint J1); postgang job release J2 ends this alarm"},
	{"reprint:J2", a{"job": "J2", "parent": "J1", "ending": "gate", "shipments": "x, y"}, "reprint J2 of J1 was withdrawn and nothing of it is printed: letters closed, deleted or set aside before the last gate: x, y. Order anew what is still wanted (postgang job reprint J1); postgang job release J2 ends this alarm"},
	{"reprint:J2", a{"job": "J2", "parent": "J1", "ending": "gate", "shipments": "x, y", "more": "3"}, "reprint J2 of J1 was withdrawn and nothing of it is printed: letters closed, deleted or set aside before the last gate: x, y and 3 more. Order anew what is still wanted (postgang job reprint J1); postgang job release J2 ends this alarm"},
	{"reprint:J2", a{"job": "J2", "parent": "J1", "ending": "uncomposable", "shipments": "x, y", "more": "3"}, "reprint J2 of J1 was withdrawn and nothing of it is printed: letters that cannot be composed: x, y and 3 more. Order anew what is still wanted (postgang job reprint J1); postgang job release J2 ends this alarm"},
	{"no-answer:J1", a{"job": "J1", "letters": "3", "vendor": "trykk", "offered": "2026-11-24T20:00+01:00"}, "job J1 (3 letters) was offered to vendor trykk at 2026-11-24 20:00, and there is no answer. Ask the vendor; it is not sent again"},
	{"answer:trykk:svar/x", a{"case": "unread", "vendor": "trykk", "where": "svar/x", "what": "no JSON"}, "vendor trykk: svar/x: no JSON"},
	{"answer:trykk:svar/x", a{"case": "unread", "vendor": "trykk", "where": "svar/x", "what": "no JSON", "advice": "ask"}, "vendor trykk: svar/x: no JSON (ask)"},
	{"answer:trykk:svar/x", a{"case": "name", "vendor": "trykk", "where": "svar/x"}, "vendor trykk: svar/x: is not the name of an answer (ask the vendor what the file is)"},
	{"answer:trykk:svar/x", a{"case": "unreadable", "vendor": "trykk", "where": "svar/x", "why": "no JSON"}, "vendor trykk: svar/x: cannot be understood: no JSON (the job was handed over; ask the vendor what became of it)"},
	{"answer:trykk:svar/x", a{"case": "other-job", "vendor": "trykk", "where": "svar/x"}, "vendor trykk: svar/x: is of another job or decision than its name (the job was handed over; ask the vendor what became of it)"},
	{"answer:trykk:svar/x", a{"case": "both", "vendor": "trykk", "where": "svar/x"}, "vendor trykk: svar/x: refuses a job that is accepted too; the acceptance counts (the job id was handed over twice: find out by whom; the vendor must not have printed it twice)"},
	{"receipts:trykk:x", a{"case": "name", "vendor": "trykk", "where": "x"}, "vendor trykk: x: is not a file with a name that is safe to take (ask the vendor to name receipts with letters, digits, dot, hyphen and underscore)"},
	{"answer:trykk:J1", a{"case": "odd", "vendor": "trykk", "job": "J1", "fault": "unknown-job"}, "answer of vendor trykk to job J1: no such job of ours"},
	{"answer:trykk:J1", a{"case": "odd", "vendor": "trykk", "job": "J1", "fault": "other-vendor"}, "answer of vendor trykk to job J1: the job was offered to another vendor"},
	{"answer:trykk:J1", a{"case": "odd", "vendor": "trykk", "job": "J1", "fault": "other-ticket"}, "answer of vendor trykk to job J1: it answers another ticket than ours"},
	{"answer:trykk:J1", a{"case": "odd", "vendor": "trykk", "job": "J1", "fault": "letters", "accepted": "2", "offered": "3"}, "answer of vendor trykk to job J1: it accepts 2 letters, we offered 3"},
	{"answer:trykk:J1", a{"case": "odd", "vendor": "trykk", "job": "J1", "fault": "state", "state": "WITHDRAWN"}, "answer of vendor trykk to job J1: the job is WITHDRAWN"},
	{"receipts:trykk:x", a{"case": "unread", "vendor": "trykk", "where": "x", "what": "a folder", "advice": "remove it"}, "vendor trykk: x: a folder (remove it)"},
	{"receipts:trykk:x", a{"case": "unread", "vendor": "trykk", "where": "x", "what": "a folder"}, "vendor trykk: x: a folder"},
	{"receipts:trykk:x", a{"case": "failed", "vendor": "trykk", "file": "x.csv", "why": "gone"}, "receipt file x.csv of vendor trykk cannot be taken: gone"},
	{"receipts:trykk:sha", a{"case": "stopped", "vendor": "trykk", "file": "x.csv", "problems": "3", "first": "line 2: no job"}, "receipt file x.csv of vendor trykk was stopped, nothing of it was booked: 3 problems, first: line 2: no job. Have the vendor send it anew"},
	{"intake:inn/skole", a{"case": "place", "place": "folder", "folder": "inn/skole", "why": "permission denied", "advice": "permission"}, `the folder inn/skole of the drop folder cannot be used: permission denied. Let the user that runs postgang read, write and move it: see "Senders with a login of their own" in docs/drop-folder.md. What is handed in there is not taken`},
	{"intake:folder", a{"case": "place", "place": "drop-folder", "why": "no such file", "advice": "mount"}, `the drop folder cannot be used: no such file. Is its file system mounted? "postgang doctor" makes folders that are missing. What is handed in there is not taken`},
	{"intake:inn/skole", a{"case": "place", "place": "way", "folder": "inn/skole", "to": "behandlet/skole", "why": "invalid cross-device link", "advice": "one-file-system"}, "the way from inn/skole to behandlet/skole of the drop folder cannot be used: invalid cross-device link. All folders of the drop folder must lie on one file system. What is handed in there is not taken"},
	{"intake:inn/skole", a{"case": "place", "place": "account", "account": "skole", "why": "disk full", "advice": "space"}, "the folders of account skole cannot be used: disk full. Free some space. What is handed in there is not taken"},
	{"intake:inn/skole", a{"case": "place", "place": "account", "account": "skole", "why": "bad"}, "the folders of account skole cannot be used: bad. What is handed in there is not taken"},
	{"intake:folder", a{"case": "stuck", "began": "2026-11-24T20:00+01:00"}, "the scan of the drop folder that began at 2026-11-24 20:00 does not come to its end, and nothing is taken. Does its file system answer? Then start postgang serve again"},
	{"events:a.jsonl", a{"case": "file", "file": "a.jsonl", "why": "denied", "advice": "permission", "whose": ".", "user": "7", "group": "8", "mode": "0600"}, `events file a.jsonl: denied (it belongs to user 7 and group 8, mode 0600). Let the user that runs postgang read, write and move it: see "Senders with a login of their own" in docs/drop-folder.md. Its events may not be applied, and a letter that was read may be printed. It is tried again`},
	{"events:", a{"case": "many", "limit": "5"}, "more than 5 events files cannot be applied. See the alarms of the first"},
	{"events:avvist", a{"case": "many-lists", "folder": "hendelser/avvist", "limit": "5"}, "hendelser/avvist holds more than 5 lists of refused events. Deal with them all, and remove each list then"},
	{"events:a.jsonl", a{"case": "refused", "file": "a.jsonl", "lines": "3", "which": "2, 3, 4", "codes": "hendelse-ukjent 1, json-feil 2", "list": "hendelser/avvist/a.json"}, "events file a.jsonl: 3 lines were refused and are not applied (line 2, 3, 4; hendelse-ukjent 1, json-feil 2). A letter that was read or reserved may be printed. See hendelser/avvist/a.json, hand the events in anew as they should be, and then remove that list"},
	{"events:a.jsonl", a{"case": "refused", "file": "a.jsonl", "list": "hendelser/avvist/a.json"}, "events file a.jsonl: lines were refused and are not applied. A letter that was read or reserved may be printed. See hendelser/avvist/a.json, hand the events in anew as they should be, and then remove that list"},
	{"expiring:trykk", a{"case": "unread", "vendor": "trykk", "why": "gone"}, "our certificate for vendor trykk cannot be read: gone"},
	{"expiring:trykk", a{"case": "soon", "vendor": "trykk", "ends": "2026-12-24T20:00+01:00"}, "our certificate for vendor trykk ends at 2026-12-24 20:00. Ask the vendor for a new one"},
	{"hand-in:skole/k", a{"case": "one", "hand_in": "skole/k", "trouble": "take", "why": "denied", "advice": "permission", "whose": "inn/skole", "user": "7", "group": "8", "mode": "0700"}, `hand-in skole/k cannot be taken: denied (inn/skole belongs to user 7 and group 8, mode 0700). Let the user that runs postgang read, write and move it: see "Senders with a login of their own" in docs/drop-folder.md. It stays where it is and is tried again; the others go on`},
	{"hand-in:skole/k", a{"case": "one", "hand_in": "skole/k", "trouble": "look", "why": "denied"}, "hand-in skole/k cannot be looked into: denied. It stays where it is and is tried again; the others go on"},
	{"hand-in:skole/k", a{"case": "one", "hand_in": "skole/k", "trouble": "answer", "why": "denied"}, "hand-in skole/k cannot be answered: denied. It stays where it is and is tried again; the others go on"},
	{"hand-in:skole/k", a{"case": "one", "hand_in": "skole/k", "trouble": "move", "why": "denied"}, "hand-in skole/k is answered, and cannot be moved to behandlet: denied. It stays where it is and is tried again; the others go on"},
	{"hand-in:skole/k", a{"case": "one", "hand_in": "skole/k", "trouble": "rights", "why": "denied"}, "hand-in skole/k cannot be read and moved: denied. It stays where it is and is tried again; the others go on"},
	{"hand-in:skole/k", a{"case": "one", "hand_in": "skole/k", "trouble": "file", "why": "denied"}, "hand-in skole/k holds a file that cannot be read: denied. It stays where it is and is tried again; the others go on"},
	{"hand-in:skole/k", a{"case": "one", "hand_in": "skole/k", "trouble": "sticky", "why": "denied"}, "hand-in skole/k cannot be moved: its parent has the sticky bit: denied. It stays where it is and is tried again; the others go on"},
	{"hand-in:skole", a{"case": "many", "limit": "5", "account": "skole", "hand_in": "skole/k", "trouble": "take", "why": "denied"}, "more than 5 hand-ins of account skole cannot be taken or put away. The first: skole/k cannot be taken: denied. They are tried again; the others go on"},
	{"hand-in:skole", a{"case": "many", "limit": "5", "account": "skole", "hand_in": "skole/k", "trouble": "take", "why": "full", "advice": "space"}, "more than 5 hand-ins of account skole cannot be taken or put away. The first: skole/k cannot be taken: full. Free some space. They are tried again; the others go on"},
	{"misplaced:inn/skole", a{"case": "loose", "folder": "inn/skole", "files": "2", "links": "1"}, "inn/skole holds 2 files and 1 links straight in it, which nobody takes: a hand-in is a folder of its own with forsendelse.json and its documents. Put them into folders, or remove them (docs/drop-folder.md)"},
	{"misplaced:folder", a{"case": "strangers", "folder": ".", "inbox": "inn", "files": "1", "folders": "3", "name1": "Inn", "folder1": "inn", "name2": "", "hand_in2": "yes", "name3": "skule", "hand_in3": "yes", "account3": "skole", "more": "4"}, `the drop folder holds what nobody takes there: 1 files and 3 folders: "Inn" ("inn" is meant?), one whose name is not shown (a hand-in, and not in the folder of an account), "skule" (a hand-in, and not in the folder of an account; account "skole" is meant?) and 4 more. Hand-ins go to inn/ACCOUNT/KEY, and accounts are those of the configuration (docs/drop-folder.md)`},
	{"misplaced:inn", a{"case": "strangers", "folder": "inn", "inbox": "inn", "files": "1"}, "inn holds what nobody takes there: 1 files. Hand-ins go to inn/ACCOUNT/KEY, and accounts are those of the configuration (docs/drop-folder.md)"},
	{"misplaced:hendelser", a{"case": "events", "folder": "hendelser", "files": "1", "folders": "2"}, "hendelser holds 1 files and 2 folders that are no events files, and nobody reads: digital events go into files named NAME.jsonl, straight in hendelser. Rename them, or remove them (docs/drop-folder.md)"},
	{"no-receipt:J1", a{"vendor": "trykk", "job": "J1", "accepted": "2026-11-24T20:00+01:00", "waiting": "2", "letters": "3"}, "vendor trykk accepted job J1 at 2026-11-24 20:00, and there is no receipt for 2 of its 3 letters. Ask the vendor whether they are posted (postgang job show J1)"},
	{"no-receipt:nav", a{"case": "orders", "vendor": "nav", "orders": "3", "first": "J1"}, "vendor nav was given 3 print orders that have no receipt in due time, the first of them J1. It answers none, so whether they are printed is not known: ask the vendor, and book what it says (postgang receipts import), or close the letters"},
	{"held:x:oppsett", a{"letters": "20000", "account": "x", "code": "oppsett"}, "20000 letters of account x are set aside: oppsett. See postgang shipment list --account x --held-for oppsett; mend the cause, then postgang shipment release --account x --held-for oppsett"},
	{"reload:p1", a{"node": "p1", "where": "postgang.toml:3 intake.every, postgang.toml:9 vendors.v.port"}, "the configuration of node p1 was to be read again and has faults (postgang.toml:3 intake.every, postgang.toml:9 vendors.v.port): the one of before is used. Mend it (postgang doctor), then postgang reload"},
	{"node:lost:p1", a{"case": "lost", "node": "p1", "since": "2026-11-30T10:00+01:00"}, "node p1 has not been heard of since 2026-11-30 10:00; others have taken over what they can. Look at that machine and its network, start postgang serve there, or say postgang node forget p1 when it is gone for good"},
	{"node:role:intake", a{"case": "role", "role": "intake"}, "no node has the role intake now, and taking hand-ins stands still. Start postgang serve with that role on some machine"},
	{"node:role:prepare", a{"case": "role", "role": "prepare"}, "no node has the role prepare now, and preparing documents stands still. Start postgang serve with that role on some machine"},
	{"node:role:compose", a{"case": "role", "role": "compose"}, "no node has the role compose now, and making print files stands still. Start postgang serve with that role on some machine"},
	{"node:role:exchange", a{"case": "role", "role": "exchange"}, "no node has the role exchange now, and what goes to vendors and digital channels stands still. Start postgang serve with that role on some machine"},
	{"node:role:schedule", a{"case": "role", "role": "schedule"}, "no node has the role schedule now, and what is planned by the clock stands still. Start postgang serve with that role on some machine"},
	{"node:role:console", a{"case": "role", "role": "console"}, "no node has the role console now, and the console stands still. Start postgang serve with that role on some machine"},
	{"node:config:p1", a{"case": "config", "node": "p1"}, "node p1 is configured otherwise than the others: letters may be treated by two sets of rules. Bring the same postgang.toml to all and restart them; see postgang node list"},
	{"node:clock:p1", a{"case": "clock", "node": "p1", "way": "ahead"}, "the clock of node p1 is more than 2 s ahead of that of the database. Set it (NTP)"},
	{"node:clock:p1", a{"case": "clock", "node": "p1", "way": "behind"}, "the clock of node p1 is more than 2 s behind that of the database. Set it (NTP)"},
	{"prepare:space", a{"case": "new", "obstacle": "space", "letters": "20000", "shipment": "x", "why": "no memory"}, "20000 letters cannot be prepared and stay MOTTATT: a disk is full, or the space of the user that runs postgang is used up. Free some. Of shipment x: no memory. They are tried again by themselves; see postgang shipment list --status MOTTATT, and close one that is not to be sent with postgang shipment stop"},
	{"prepare:documents", a{"case": "new", "obstacle": "documents", "letters": "20000", "shipment": "x", "why": "no memory"}, "20000 letters cannot be prepared and stay MOTTATT: documents cannot be read or stored. Can their folder or bucket be reached? See postgang doctor. Of shipment x: no memory. They are tried again by themselves; see postgang shipment list --status MOTTATT, and close one that is not to be sent with postgang shipment stop"},
	{"prepare:worker", a{"case": "new", "obstacle": "worker", "letters": "20000", "shipment": "x", "why": "no memory"}, "20000 letters cannot be prepared and stay MOTTATT: the process that prepares does not do it, for want of memory or time or because it cannot be started. See postgang doctor and the log. Of shipment x: no memory. They are tried again by themselves; see postgang shipment list --status MOTTATT, and close one that is not to be sent with postgang shipment stop"},
	{"prepare:other", a{"case": "new", "obstacle": "other", "letters": "20000", "shipment": "x", "why": "no memory"}, "20000 letters cannot be prepared and stay MOTTATT: a fault on our side, see the log. Of shipment x: no memory. They are tried again by themselves; see postgang shipment list --status MOTTATT, and close one that is not to be sent with postgang shipment stop"},
	{"prepare:worker:again", a{"case": "again", "obstacle": "worker", "letters": "3", "shipment": "x", "why": "no memory"}, "3 letters must be prepared anew, since the vendor's profile or this program has changed, and cannot be: the process that prepares does not do it, for want of memory or time or because it cannot be started. See postgang doctor and the log. Of shipment x: no memory. They stay due, and each night tries again"},
	{"unhandled:skole:VARSLET", a{"letters": "3", "account": "skole", "status": "VARSLET"}, "3 letters of account skole have been VARSLET for more than a day: nothing has happened to them, and they are not due. See postgang shipment list --account skole --status VARSLET"},
	{"expected:skole", a{"case": "uke", "account": "skole", "letters": "240", "by": "2026-11-30T10:00+01:00", "weekday": "monday"}, "about 240 letters of account skole were expected by 2026-11-30 10:00, as on other Mondays, and have not come. Ask the sender whether its system has sent them. See postgang integration ways, and postgang alarms list for what keeps hand-ins back"},
	{"expected:skole", a{"case": "uke", "account": "skole", "letters": "240", "by": "2026-11-30T10:00+01:00", "weekday": "tuesday"}, "about 240 letters of account skole were expected by 2026-11-30 10:00, as on other Tuesdays, and have not come. Ask the sender whether its system has sent them. See postgang integration ways, and postgang alarms list for what keeps hand-ins back"},
	{"expected:skole", a{"case": "uke", "account": "skole", "letters": "240", "by": "2026-11-30T10:00+01:00", "weekday": "wednesday"}, "about 240 letters of account skole were expected by 2026-11-30 10:00, as on other Wednesdays, and have not come. Ask the sender whether its system has sent them. See postgang integration ways, and postgang alarms list for what keeps hand-ins back"},
	{"expected:skole", a{"case": "uke", "account": "skole", "letters": "240", "by": "2026-11-30T10:00+01:00", "weekday": "thursday"}, "about 240 letters of account skole were expected by 2026-11-30 10:00, as on other Thursdays, and have not come. Ask the sender whether its system has sent them. See postgang integration ways, and postgang alarms list for what keeps hand-ins back"},
	{"expected:skole", a{"case": "uke", "account": "skole", "letters": "240", "by": "2026-11-30T10:00+01:00", "weekday": "friday"}, "about 240 letters of account skole were expected by 2026-11-30 10:00, as on other Fridays, and have not come. Ask the sender whether its system has sent them. See postgang integration ways, and postgang alarms list for what keeps hand-ins back"},
	{"expected:skatt", a{"case": "maned", "account": "skatt", "letters": "3000", "last": "2026-11-20"}, "about 3000 letters of account skatt were expected by 2026-11-20, as in other months, and have not come. Ask the sender whether its system has sent them. See postgang integration ways, and postgang alarms list for what keeps hand-ins back"},
	{"forgotten:inn", a{"folder": "inn", "entries": "2"}, "inn holds 2 hidden entries (a leading dot, .part, .tmp) that have not changed for more than an hour: what was begun there was never put in place. Have their sender finish them, or remove them"},
	{"slow:night", a{"case": "running", "night": "2026-11-24T20:00+01:00", "began": "2026-11-24T20:01+01:00", "limit": "6h0m0s"}, "the night of 2026-11-24 20:00 has been running since 2026-11-24 20:01, longer than 6h0m0s. See postgang status and postgang job list"},
	{"slow:night", a{"case": "took", "night": "2026-11-24T20:00+01:00", "took": "7h30m0s", "limit": "6h0m0s"}, "the night of 2026-11-24 20:00 took 7h30m0s, longer than 6h0m0s. The next night that is quicker ends this alarm"},
	{"half:trykk", a{"vendor": "trykk", "file": "x.csv", "done": "1000", "rows": "2500"}, "receipt file x.csv of vendor trykk is half applied: 1000 of 2500 rows are booked, and it takes longer than it should. If nothing is at it, postgang receipts fetch books the rest. Months and invoices wait for it"},
	{"conflict:trykk", a{"receipts": "2", "vendor": "trykk"}, "2 receipts of vendor trykk say something else than those that are booked, and are not booked. Decide: postgang receipts list --open, then postgang receipts resolve"},
	{"invoice:trykk:2026-10-01", a{"vendor": "trykk", "first": "2026-10-01", "last": "2026-10-31", "net": "-123456", "vat": "5", "number": "F-1"}, "receipts of vendor trykk for letters posted 2026-10 have come or changed since its invoices were booked, and differ from them by kr -1\u00a0234,56 net and kr 0,05 VAT. If the vendor invoices them later: postgang invoice carry \"F-1\" --into MONTH, and nobody else is charged or credited. If they are on these invoices: postgang invoice book \"F-1\" shares the difference out anew"},
	{"deviations:trykk", a{"vendor": "trykk", "limit": "50", "days": "30"}, "receipts of vendor trykk deviate from what was sent more than 50 times in 30 days. See postgang deviations list"},
	{"prices:trykk", a{"vendor": "trykk", "why": "no price of A5"}, "receipts of vendor trykk cannot be checked against the price list: no price of A5. Add the price under [[vendors.trykk.prices]]"},
	{"manual:hus", a{"vendor": "hus", "days": "3", "jobs": "J1 J2"}, "manual print hus: jobs have waited for 3 days or longer to be printed, or to be confirmed as posted: J1 J2. See postgang manual list"},
	{"guard:kostnad", a{"letters": "12"}, "12 letters are kept back by the cost guard, and go to paper when somebody approves it. See postgang guard list, then postgang guard approve"},
	{"retention:ikke-avgjort", a{"case": "ikke-avgjort", "letters": "12", "oldest": "2026-08-01T10:05+02:00"}, "the content of 12 letters should be erased, and is kept since they are neither accepted nor refused; the oldest was handed in at 2026-08-01 10:05. See postgang shipment list --status MOTTATT; close what nobody mends with postgang shipment stop"},
	{"retention:satt-til-side", a{"case": "satt-til-side", "letters": "12", "oldest": "2026-08-01T10:05+02:00"}, "the content of 12 letters should be erased, and is kept since they are set aside; the oldest was handed in at 2026-08-01 10:05. See postgang shipment list --held; release or stop them"},
	{"retention:ikke-sendt", a{"case": "ikke-sendt", "letters": "12", "oldest": "2026-08-01T10:05+02:00"}, "the content of 12 letters should be erased, and is kept since they are neither read nor sent to print; the oldest was handed in at 2026-08-01 10:05. See postgang retention list; close what shall not go to paper with postgang shipment stop"},
	{"retention:mangler-kvittering", a{"case": "mangler-kvittering", "letters": "12", "oldest": "2026-08-01T10:05+02:00"}, "the content of 12 letters should be erased, and is kept since they are without the vendor's receipt; the oldest was handed in at 2026-08-01 10:05. Ask the vendor whether they are posted; book its receipts, or close them with postgang shipment stop"},
	{"retention:i-utskriftsjobb", a{"case": "i-utskriftsjobb", "letters": "12", "oldest": "2026-08-01T10:05+02:00"}, "the content of 12 letters should be erased, and is kept since they are in a print job that is not handed over; the oldest was handed in at 2026-08-01 10:05. See postgang job list; settle or withdraw those jobs"},
	{"retention:omtvistet", a{"case": "omtvistet", "letters": "12", "oldest": "2026-08-01T10:05+02:00"}, "the content of 12 letters should be erased, and is kept since they are disputed; the oldest was handed in at 2026-08-01 10:05. See postgang deviations list and postgang receipts list --open"},
}

// alarmKinds are those of docs/alarms.md, which store's table of severities is held against too.
func alarmKinds(t *testing.T) []string {
	t.Helper()
	page, err := os.ReadFile("../../docs/alarms.md")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+):").FindAllStringSubmatch(string(page), -1) {
		kinds[row[1]] = true
	}
	return slices.Sorted(maps.Keys(kinds))
}

// TestEveryAlarmHasWords: each kind in both languages, alone and as many, and nothing that is no kind.
func TestEveryAlarmHasWords(t *testing.T) {
	t.Parallel()
	kinds := alarmKinds(t)
	have := map[string]bool{}
	for name := range alarmTemplates {
		kind, _, _ := strings.Cut(name, "/")
		have[kind] = true
	}
	if got := slices.Sorted(maps.Keys(have)); !slices.Equal(got, kinds) {
		t.Errorf("templates of %v, documented are %v", got, kinds)
	}
	if got := slices.Sorted(maps.Keys(manyAlarms)); !slices.Equal(got, kinds) {
		t.Errorf("words for several of %v, documented are %v", got, kinds)
	}
	for _, table := range []map[string]worded{alarmTemplates, alarmPhrases, manyAlarms} {
		for name, w := range table {
			for _, lang := range Languages {
				if w[lang] == "" {
					t.Errorf("%s has no words in %s", name, lang)
				}
			}
		}
	}
}

// TestAlarmsInEnglish: word for word what they said while they were stored as sentences; each template and phrase has an example.
func TestAlarmsInEnglish(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, e := range alarmExamples {
		if got := Alarm(e.key, e.args, English); got != e.english {
			t.Errorf("%s says\n%s\nwant\n%s", e.key, got, e.english)
		}
		kind, _, _ := strings.Cut(e.key, ":")
		seen[AlarmCase(kind, e.args)] = true
		for arg, value := range e.args {
			seen[arg+"/"+value] = true
		}
	}
	for _, table := range []map[string]worded{alarmTemplates, alarmPhrases} {
		for name := range table {
			if !seen[name] {
				t.Errorf("%s has no example", name)
			}
		}
	}
}

// TestArgumentsSayWhatIsSaid: in each language, other arguments are other words. So two alarms say the same when their arguments are
// the same, and only then.
func TestArgumentsSayWhatIsSaid(t *testing.T) {
	t.Parallel()
	for _, e := range alarmExamples {
		for _, lang := range Languages {
			said := Alarm(e.key, e.args, lang)
			if said == plain(e.key, e.args) || strings.Contains(said, "no value") {
				t.Errorf("%s has no words in %s: %s", e.key, lang, said)
			}
			if lang == Norwegian && said == e.english && e.args["case"] != "unread" {
				t.Errorf("%s is not in Norwegian: %s", e.key, said)
			}
			for name := range e.args {
				less := maps.Clone(e.args)
				delete(less, name)
				if Alarm(e.key, less, lang) == said {
					t.Errorf("%s in %s does not use %s: %s", e.key, lang, name, said)
				}
				other := maps.Clone(e.args)
				other[name] += "7"
				if Alarm(e.key, other, lang) == said && !strings.HasPrefix(name, "hand_in") {
					t.Errorf("%s in %s does not tell another %s: %s", e.key, lang, name, said)
				}
			}
		}
	}
}

// TestAlarmsInNorwegian shows what Norwegian does otherwise: times, durations, months, one and several.
func TestAlarmsInNorwegian(t *testing.T) {
	t.Parallel()
	for _, e := range []alarmExample{
		{"slow:night", a{"case": "took", "night": "2026-11-24T20:00+01:00", "took": "7h31m0s", "limit": "1h0m0s"}, "nattkjøringen 24.11.2026 kl. 20.00 tok 7 timer og 31 minutter, lenger enn 1 time. Varselet er over når en nattkjøring går raskere"},
		{"schedule:receipts", a{"case": "failed", "schedule": "receipts", "slot": "2026-11-24T20:00+01:00", "why": "x"}, "planlagt henting av kvitteringer 24.11.2026 kl. 20.00 mislyktes: x. Varselet er over når den neste lykkes"},
		{"conflict:trykk", a{"receipts": "1", "vendor": "trykk"}, "1 kvittering fra trykkeriet trykk sier noe annet enn det som er bokført, og er ikke bokført. Avgjør hva som gjelder"},
		{"schedule:report:2026-10", a{"case": "report-failed", "month": "2026-10", "why": "disken er full"}, "rapporten for oktober 2026 kunne ikke lages: disken er full. Arbeidsboken kan hentes her. Skal rapporten også leveres, må den som drifter serveren, rette feilen og lage den"},
		{"misplaced:inn/skole", a{"case": "loose", "folder": "inn/skole", "files": "1", "links": "2"}, "inn/skole har 1 fil og 2 lenker liggende løst, og det tar ingen imot: en innlevering er en egen mappe med forsendelse.json og dokumentene. Den som drifter serveren, må legge dem i mapper eller fjerne dem"},
	} {
		if got := Alarm(e.key, e.args, Norwegian); got != e.english {
			t.Errorf("%s says\n%s\nwant\n%s", e.key, got, e.english)
		}
	}
	for d, want := range map[string]string{"30s": "30 sekunder", "1m1s": "1 minutt og 1 sekund", "0s": "0 sekunder", "72h0m0s": "72 timer", "soon": "soon"} {
		if got := duration(d, Norwegian); got != want {
			t.Errorf("duration %s is %q, want %q", d, got, want)
		}
	}
	if got := period("2026-10-01", "2026-11-15", Norwegian); got != "01.10.2026–15.11.2026" {
		t.Errorf("period %s", got)
	}
	if got := AlarmsOf("held", Norwegian); got != "kontoer har brev som er satt til side" {
		t.Errorf("several are %s", got)
	}
}

// TestAnAlarmThatSaysSeveralThings has the arguments of the second under 2.
func TestAnAlarmThatSaysSeveralThings(t *testing.T) {
	t.Parallel()
	args := a{"case": "many", "limit": "5", "2.case": "file", "2.file": "a.jsonl", "2.why": "denied"}
	if got, want := Alarm("events:", args, English), "more than 5 events files cannot be applied. See the alarms of the first. Also: events file a.jsonl: denied. Its events may not be applied, and a letter that was read may be printed. It is tried again"; got != want {
		t.Errorf("says\n%s\nwant\n%s", got, want)
	}
	if got := Alarm("events:", args, Norwegian); !strings.Contains(got, "Se varslene om de første; resten må den som drifter serveren, se på. Dessuten: hendelsesfilen a.jsonl: denied.") {
		t.Errorf("says %s", got)
	}
}

// TestWhatHasNoWordsIsShown: a sentence of an earlier version as it stands; else key and arguments, and nothing is lost or panics.
func TestWhatHasNoWordsIsShown(t *testing.T) {
	t.Parallel()
	for _, lang := range Languages {
		for _, e := range []alarmExample{
			{"held:x", a{"text": "shipment x is set aside: old"}, "shipment x is set aside: old"},
			{"never:x", a{"text": "of old"}, "of old"},
			{"held:x", a{"text": ""}, ""},
			{"never:x", a{"b": "2", "a": "1"}, "never:x (a: 1, b: 2)"},
			{"held:x", a{"shipment": "x"}, "held:x (shipment: x)"},
			{"receipts:t:x", a{"case": "ny", "why": "z"}, "receipts:t:x (case: ny, why: z)"},
			{"held:x", nil, "held:x"},
			{"doubt:x", a{"case": "no-trace"}, "doubt:x (case: no-trace)"},
			{"", nil, ""},
		} {
			if got := Alarm(e.key, e.args, lang); got != e.english {
				t.Errorf("%q in %s says %q, want %q", e.key, lang, got, e.english)
			}
		}
	}
	if got := AlarmsOf("never", English); got != "alarms of the kind never" {
		t.Errorf("several are %s", got)
	}
}

// TestNoArgumentsPanic words what no version raises: any arguments under any kind.
func TestNoArgumentsPanic(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	values := []string{"", "1", "-", "2026-11-24T20:00+01:00", "2026-10", "{{.x}}", "\xff", "99999999999999999999", "-9223372036854775808", "no-trace", "2"}
	var names []string
	for _, e := range alarmExamples {
		names = append(names, slices.Collect(maps.Keys(e.args))...)
	}
	names = append(names, "2.case", "3.case", "2.why", "2.text", "name1", "name2")
	for range 20_000 {
		e := alarmExamples[r.IntN(len(alarmExamples))]
		args := maps.Clone(e.args)
		for range r.IntN(4) {
			args[names[r.IntN(len(names))]] = values[r.IntN(len(values))]
		}
		for _, lang := range Languages {
			if Alarm(e.key, args, lang) == "" && len(args) != 1 {
				t.Fatalf("%s with %v says nothing in %s", e.key, args, lang)
			}
		}
	}
}
