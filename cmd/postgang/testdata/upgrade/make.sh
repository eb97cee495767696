#!/bin/sh
# Made the archives of before in this folder, with programs of before: make.sh POSTGANG LETTER.pdf NAME [postgres://…] (an empty
# database) leaves NAME.tar.gz here: configuration, archive, the vendor's side and, of PostgreSQL, dump.sql. All in it is made up.
#
# One letter is printed and its receipts are booked (a), one was refused (b), one was handed over and its receipts wait at the vendor (c), one is
# due (d), one waits to be read digitally (e).
set -eu
program=$(realpath "$1") pdf=$(realpath "$2") to=$(realpath "$(dirname "$0")")/$3.tar.gz database=${4:-}
dir=$(mktemp -d)
cd "$dir"
p() { "$program" "$@" || [ $? = 3 ]; }
p init --simulator --address 127.0.0.1:22221
if [ -n "$database" ]; then
	sed -i 's|^database .*|database = "postgres://postgang@localhost/postgang"|' postgang.toml
	export POSTGANG_DATABASE="$database"
fi
"$program" vendor-sim --listen 127.0.0.1:22221 >sim.log 2>&1 &
sim=$!
sleep 1
letter() { # KEY DOCUMENT [more fields]
	mkdir -p "brev/$1"
	cp "$pdf" "brev/$1/vedtak.pdf"
	cat >"brev/$1/forsendelse.json" <<J
{ "tittel": "Vedtak $1", "mottaker": { "navn": "Testperson Én", "adresselinje1": "Prøvegata 1", "postnummer": "5003", "poststed": "Bergen"${3:-} },
  "konteringskode": "4100-skole", "dokumenter": [ { "filnavn": "$2", "mimeType": "application/pdf" } ] }
J
	p submit --account kommune "brev/$1"
}
letter a vedtak.pdf
letter b borte.pdf
p night
sleep 4
p receipts fetch
letter c vedtak.pdf
p night
sleep 4
letter d vedtak.pdf
letter e vedtak.pdf ', "digitalId": "02013299997"'
p status
kill $sim
rm -rf brev sim.log trykkeri/sftp/.vendor/printed # what the vendor printed, the archive has too
[ -z "$database" ] || pg_dump --no-owner --no-privileges --dbname "$database" >dump.sql
tar --sort=name --owner=0 --group=0 --numeric-owner -czf "$to" .
rm -rf "$dir"
ls -l "$to"
