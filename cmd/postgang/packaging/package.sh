#!/bin/sh
# Makes the packages from what is committed: bin/package/postgang_VERSION_ARCH.deb, .rpm and .oci.tar. "make package" runs it. The same commit
# gives the same bytes. Taken from the environment: GO, NFPM, GOARCH, VERSION, MAINTAINER, PACKAGERS, OUT.
set -eu
cd "$(dirname "$0")/../../.."
GO=${GO:-go}
GOARCH=${GOARCH:-$("$GO" env GOARCH)}
MAINTAINER=${MAINTAINER:-Postgang <postgang@example.org>}
out=${OUT:-bin/package}
stage=$out/stage-$GOARCH

commit=$(git rev-parse HEAD)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
date=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
export SOURCE_DATE_EPOCH
# v1.2.3 is 1.2.3; what comes between releases sorts by time, and before the first of them.
if [ -z "${VERSION:-}" ]; then
	tag=$(git describe --tags --exact-match --match 'v[0-9]*' 2>/dev/null) || tag=
	VERSION=${tag#v}
	[ -n "$VERSION" ] || VERSION=0~$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d.%H%M%S).$(git rev-parse --short=10 HEAD)
fi
[ -z "$(git status --porcelain --untracked-files=no)" ] || commit=$commit-dirty
x=postgang/cmd/cli
told="-X $x.buildVersion=$VERSION -X $x.buildCommit=$commit -X $x.buildDate=$date"

rm -rf "$stage"
mkdir -p "$stage"
CGO_ENABLED=0 GOARCH=$GOARCH "$GO" build -buildvcs=false -trimpath -ldflags "-s -w $told" -o "$stage/postgang" ./cmd/postgang
# What describes the program is made on this machine, whatever machine the package is for.
CGO_ENABLED=0 GOARCH= "$GO" build -buildvcs=false -trimpath -tags packaging -ldflags "-s -w $told" -o "$out/describe" ./cmd/postgang
"$out/describe" package-files "$stage" --maintainer "$MAINTAINER"
rm "$out/describe"
cp cmd/postgang/packaging/copyright "$stage/doc/copyright"
cp cmd/postgang/packaging/lintian-overrides "$stage/lintian-overrides"
find "$stage" -type d -exec chmod 0755 {} +
find "$stage" -type f ! -name postgang -exec chmod 0644 {} +
sed -e "s|@GOARCH@|$GOARCH|g; s|@VERSION@|$VERSION|g; s|@MAINTAINER@|$MAINTAINER|g; s|@STAGE@|$stage|g; s|@MTIME@|$date|g" \
	cmd/postgang/packaging/nfpm.yaml >"$stage/nfpm.yaml"
for packager in ${PACKAGERS:-deb rpm oci}; do
	if [ "$packager" = oci ]; then
		GOARCH= "$GO" run -trimpath ./cmd/postgang/packaging -binary "$stage/postgang" -config "$stage/postgang.toml" -arch "$GOARCH" \
			-version "$VERSION" -commit "$commit" -created "$date" -o "$out/postgang_${VERSION}_$GOARCH.oci.tar"
	else
		"${NFPM:-nfpm}" package --config "$stage/nfpm.yaml" --packager "$packager" --target "$out/"
	fi
done
