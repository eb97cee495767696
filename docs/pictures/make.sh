#!/bin/sh
# Remakes the pictures of the README from what "postgang-lab demo" left in a folder:
#
#   docs/pictures/make.sh DEMO_DIR
#
#   cover.png     the forside of a letter, as it stands in the vendor's print file
#   sheet.png     the front and the back of a duplex sheet of the same letter
#   press.png     the front of a press sheet with two finished sheets of another
#   workbook.png  the sheets Sammendrag and Per konteringskode of the workbook
#   invoice.png   the sheets Kvittering mot faktura and Budsjett
#   benefit.png   the sheets Kost-nytte and Kost-nytte per kode
#   console.png   the console's overview
#   letter.png    a letter in the console, in the dark, beside its statistics on the screen of a phone
#
# The console is that of bin/postgang-lab, and Go draws it in Chromium.
# All data of the demonstration is made up, so the pictures show nobody.
set -eu
# LC_ALL keeps awk's decimal sign a point.
export LC_ALL=C.UTF-8

fail() { echo "make.sh: $*" >&2; exit 1; }

[ $# -eq 1 ] && [ -d "$1" ] || fail "want one argument, the folder of a finished \"postgang-lab demo --dir DEMO_DIR\""
demo=$1
here=$(cd "$(dirname "$0")" && pwd)

missing=""
while read -r tool package; do
	command -v "$tool" >/dev/null || missing="$missing $tool (Debian package $package),"
done <<TOOLS
pdftoppm poppler-utils
pdftotext poppler-utils
mutool mupdf-tools
soffice libreoffice-calc-nogui
chromium chromium
TOOLS
[ -z "$missing" ] || fail "missing:${missing%,}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# page FILE PAGE WIDTH HEIGHT OUT: one page as a PNG of exactly that many pixels.
page() { pdftoppm -png -singlefile -f "$2" -l "$2" -scale-to-x "$3" -scale-to-y "$4" "$1" "$5"; }

# Pictures are laid side by side or one above the other on a grey ground by a
# page whose unit is the pixel, so that nothing is scaled again.
# begin WIDTH HEIGHT; put PNG X Y WIDTH HEIGHT (Y from the top); draw OUT
begin() {
	height=$2
	printf '%%%%MediaBox 0 0 %d %d\n' "$1" "$2" >"$work/head"
	printf '0.87 g 0 0 %d %d re f\n' "$1" "$2" >"$work/body"
	n=0
}
put() {
	n=$((n + 1))
	printf '%%%%Image I%d %s\n' "$n" "$1" >>"$work/head"
	printf 'q %d 0 0 %d %d %d cm /I%d Do Q\n' "$4" "$5" "$2" $((height - $3 - $5)) "$n" >>"$work/body"
}
draw() {
	cat "$work/head" "$work/body" >"$work/page.txt"
	mutool create -o "$work/picture.pdf" "$work/page.txt"
	mutool draw -q -N -r 72 -c rgb -o "$work/picture.png" "$work/picture.pdf" 1
	size=$(wc -c <"$work/picture.png")
	[ "$size" -lt 250000 ] || fail "$1 would have $size bytes, more than a README should load"
	mv "$work/picture.png" "$here/$1"
	echo "$here/$1: $size bytes"
}

# The letter: the first of three sides or more in a duplex job with colour, so
# that front and back of its second sheet are both printed.
printed=$demo/trykkeri/sftp/.vendor/printed
[ -d "$printed" ] || fail "$printed is missing: let \"postgang-lab demo\" finish first"
file="" first=""
for ticket in "$printed"/*/*_jobb_*.json; do
	[ -f "$ticket" ] || continue # no job at all
	grep -q '"duplex": true' "$ticket" && grep -q '"colour": true' "$ticket" && grep -q '"giro": false' "$ticket" || continue
	job=$(dirname "$ticket")
	row=$(awk -F';' 'NR > 1 && $10 >= 3 && $19 == "ja" { print $5 ";" $7; exit }' "$job"/*_manifest_*.csv)
	[ -n "$row" ] || continue
	file=$job/${row%;*} first=${row#*;}
	break
done
[ -n "$file" ] || fail "no duplex letter with colour and three sides among the vendor's jobs in $printed"

w=744 h=1052 edge=10 # A4 at 90 dpi
page "$file" "$first" $w $h "$work/cover"
begin $((w + 2 * edge)) $((h + 2 * edge))
put "$work/cover.png" $edge $edge $w $h
draw cover.png

w=620 h=877 gap=6 # A4 at 75 dpi
page "$file" $((first + 2)) $w $h "$work/front"
page "$file" $((first + 3)) $w $h "$work/back"
begin $((2 * w + gap + 2 * edge)) $((h + 2 * edge))
put "$work/front.png" $edge $edge $w $h
put "$work/back.png" $((edge + w + gap)) $edge $w $h
draw sheet.png

# A press sheet: of the file with most pages at the vendor with a press.
file=$(ls -S "$demo"/trykkeri/sftp/a3/.vendor/printed/*/*.pdf | head -1)
[ -n "$file" ] || fail "no print file at the vendor with a press"
w=900 h=640 # SRA3
page "$file" 3 $w $h "$work/press"
begin $((w + 2 * edge)) $((h + 2 * edge))
put "$work/press.png" $edge $edge $w $h
draw press.png

# The workbook, in a LibreOffice of its own that writes numbers as in Norway.
set -- "$demo"/kostnytte-*.xlsx
[ -f "$1" ] || fail "no workbook kostnytte-*.xlsx in $demo: let \"postgang-lab demo\" finish first"
mkdir -p "$work/office/user"
cat >"$work/office/user/registrymodifications.xcu" <<'XCU'
<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Setup/L10N"><prop oor:name="ooSetupSystemLocale" oor:op="fuse"><value>nb-NO</value></prop></item>
</oor:items>
XCU
soffice -env:UserInstallation="file://$work/office" --headless --convert-to pdf --outdir "$work" "$1" >/dev/null 2>&1 ||
	fail "soffice could not convert $1"
book=$work/$(basename "$1" .xlsx).pdf
[ -f "$book" ] || fail "soffice wrote no PDF of $1"

# first_page SHEET: the first page of a sheet, which names itself in the footer.
first_page() {
	i=1
	while text=$(pdftotext -layout -f $i -l $i "$book" - 2>/dev/null) && [ -n "$text" ]; do
		if echo "$text" | grep -q "^Rapport .* $1  *Side $i av "; then
			echo $i
			return
		fi
		i=$((i + 1))
	done
	fail "the workbook has no page of the sheet $1"
}

# extent PAGE: y in pt of the first and the last line between header and footer, and the page's size.
extent() {
	pdftotext -bbox -f "$1" -l "$1" "$book" - | awk '
		function value(name) { match($0, name "=\"[0-9.]+"); return substr($0, RSTART + length(name) + 2, RLENGTH - length(name) - 2) + 0 }
		/<page / { w = value("width"); h = value("height") }
		/<word / { y = value("yMax"); top = value("yMin"); if (top > 0.08 * h || first == "" && top > 0.06 * h) { if (first == "" || top < first) first = top }; if (y < 0.92 * h && y > last) last = y }
		END { printf "%d %d %d %d\n", first, last, w, h }'
}

# crop SHEET OUT: what is printed on the sheet's first page, 1280 pixels wide; sets rows.
wide=1280
crop() {
	p=$(first_page "$1")
	set -- "$2" $(extent "$p")
	high=$((wide * $5 / $4))
	top=$(($2 * wide / $4 - 14)) rows=$((($3 - $2) * wide / $4 + 28))
	pdftoppm -png -singlefile -f "$p" -l "$p" -scale-to-x $wide -scale-to-y $high -x 0 -y $top -W $wide -H $rows "$book" "$1"
}
crop Sammendrag "$work/summary"
rows1=$rows
crop "Per konteringskode" "$work/codes"
begin $((wide + 2 * edge)) $((rows1 + rows + gap + 2 * edge))
put "$work/summary.png" $edge $edge $wide $rows1
put "$work/codes.png" $edge $((edge + rows1 + gap)) $wide $rows
draw workbook.png

# pair OUT SHEET SHEET: two sheets of the workbook, one above the other.
pair() {
	crop "$2" "$work/one"
	rows1=$rows
	crop "$3" "$work/two"
	begin $((wide + 2 * edge)) $((rows1 + rows + gap + 2 * edge))
	put "$work/one.png" $edge $edge $wide $rows1
	put "$work/two.png" $edge $((edge + rows1 + gap)) $wide $rows
	draw "$1"
}
pair invoice.png "Kvittering mot faktura" "Budsjett"
pair benefit.png "Kost-nytte" "Kost-nytte per kode"

# The console, on a copy of the demo: looking at it leaves sessions and look-ups in the archive.
lab=$here/../../bin/postgang-lab
[ -x "$lab" ] || fail "bin/postgang-lab is missing: make build"
cp -R "$demo" "$work/demo"
"$lab" console --dir "$work/demo" --listen 127.0.0.1:8446 --listen-login 127.0.0.1:8447 >"$work/console.out" 2>"$work/console.log" &
console=$!
trap 'kill $console 2>/dev/null; rm -rf "$work"' EXIT
i=0
until grep -q "is open at" "$work/console.out"; do
	i=$((i + 1))
	[ $i -lt 60 ] && kill -0 $console 2>/dev/null || fail "the console did not open: $(cat "$work/console.log")"
	sleep 1
done
(cd "$here/../../engine/console" && POSTGANG_CONSOLE=http://127.0.0.1:8446 POSTGANG_PICTURES="$work" go test -count=1 -run TestBrowserPictures . >"$work/test.log" 2>&1) ||
	fail "the console could not be drawn: $(cat "$work/test.log")"
w=1280 h=860
begin $((w + 2 * edge)) $((h + 2 * edge))
put "$work/oversikt.png" $edge $edge $w $h
draw console.png
phone=390
begin $((w + phone + gap + 2 * edge)) $((h + 2 * edge))
put "$work/forsendelse.png" $edge $edge $w $h
put "$work/statistikk.png" $((edge + w + gap)) $edge $phone $h
draw letter.png
