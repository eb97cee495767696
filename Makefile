# Every target works on a fresh machine with Go and git; "make test" installs the judges of its tests on Debian.
GO      ?= go
BIN     := bin/postgang
LAB     := bin/postgang-lab
DEMO    ?= demo
# Debian packages of the tools that judge our output, of the real servers that the tests talk to, and of the compiler that
# the race detector needs.
JUDGES  := chromium qpdf mupdf-tools poppler-utils ghostscript openssh-server postgresql libreoffice-calc-nogui libxml2-utils python3-zeep openssl gcc libc6-dev mmdebstrap lintian runc systemd pgbouncer
GOLANGCI_VERSION := v2.15.0

.PHONY: help build package nfpm check demo format test judges bench chaos lint linter fuzz pictures clean

help: ## show the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

build: ## build bin/postgang and bin/postgang-lab, static binaries
	CGO_ENABLED=0 $(GO) build -buildvcs=auto -trimpath -o $(BIN) ./cmd/postgang
	CGO_ENABLED=0 $(GO) build -buildvcs=auto -trimpath -o $(LAB) ./cmd/postgang-lab

# What makes the packages. Newer versions do not resolve everywhere.
NFPM_VERSION := v2.45.2
NFPM          = $(shell $(GO) env GOPATH)/bin/nfpm

package: nfpm ## make bin/package/postgang_VERSION_ARCH.deb and .rpm from what is committed
	GO="$(GO)" NFPM="$(NFPM)" cmd/postgang/packaging/package.sh

nfpm: ## fetch the maker of packages
	@[ -x "$(NFPM)" ] || { echo "installing nfpm $(NFPM_VERSION), which makes the packages"; $(GO) install github.com/goreleaser/nfpm/v2/cmd/nfpm@$(NFPM_VERSION); }

demo: build ## run the whole job once, from hand-in to workbook, into demo/
	$(LAB) demo --dir $(DEMO)

# The tests flush thousands of small files and commits to disk, and need none of them afterwards: where memory is plenty
# they work in it.
IN_MEMORY = free=$$(df -Pk /dev/shm 2>/dev/null | awk 'NR==2 {print $$4}'); \
	tmp=$$(mktemp -d "$$([ "$${free:-0}" -gt 6000000 ] && echo /dev/shm || echo $${TMPDIR:-/tmp})/postgang-test-XXXXXX"); \
	trap 'rm -rf "$$tmp"' EXIT; chmod 755 "$$tmp"; \
	export GOTMPDIR=$${TMPDIR:-/tmp} TMPDIR=$$tmp

check: format ## the inner loop, in five minutes: formatting, vet and the quick tests
	$(PLAIN) vet ./...
	@$(IN_MEMORY); $(PLAIN) test -short -vet=off -timeout 10m ./...

# Packages that compute, share little memory, and are slowed down five times and more by the race detector: their quick tests run
# with it, all of them without it.
COMPUTING := ./engine/forecast ./printjobs/prepare ./printjobs/preview ./printjobs/printfile ./fixtures/letters
# Packages whose tests do one thing after another, but for those whose names say otherwise: only these run with it.
IN_TURN := ./cmd/postgang ./cmd/postgang-lab/... ./engine/console ./engine ./engine/archive ./engine/erase
AT_ONCE := Queue|AtOnce|Together|Processes|Lock|Elsewhere|TestServe$$
# The same flags as those of "make build" and the linters, so that the machine compiles once.
PLAIN := CGO_ENABLED=0 GOFLAGS=-trimpath $(GO)

test: judges ## run all tests, with the race detector except where they only compute, or do one thing after another
	@$(IN_MEMORY); set -e; \
	echo "in $$tmp: go test -race, of $(COMPUTING) only -short, of $(IN_TURN) only $(AT_ONCE); then all of both without it"; \
	$(GO) test -race -vet=off -timeout 20m $$($(GO) list ./... | grep -vxF "$$($(GO) list $(COMPUTING) $(IN_TURN))"); \
	$(GO) test -race -vet=off -short -timeout 10m $(COMPUTING); \
	$(GO) test -race -vet=off -timeout 10m -run '$(AT_ONCE)' $(IN_TURN); \
	POSTGANG_LARGE=1 $(PLAIN) test -vet=off -timeout 25m -parallel 4 $(IN_TURN) $(COMPUTING)

format: ## what gofmt would change is an error
	@found=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$found" ] || { echo "not gofmt'ed:" $$found >&2; exit 1; }

# pdf.js, which needs Node 20, is a judge where Node and npm are there already.
PDFJS_VERSION := 4.10.38
PDFJS_DIR     := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/postgang/pdfjs-$(PDFJS_VERSION)

# The S3 server that documents are kept in by the tests. Debian has none.
VERSITYGW_VERSION := v1.8.0

# So are clients of SvarUt that others wrote, and what judges our answers to them. The folder is named by the hash of what is pinned,
# and is there only when all of it is.
NODE_JUDGES = $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/postgang/node-judges-$$(sha256sum fixtures/judges/node/package.json | cut -c1-12)

judges: ## install the tools that the tests need (Debian, as root), or name what is missing
	@if [ ! -d "$(PDFJS_DIR)/node_modules/pdfjs-dist" ] && command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)'; then \
		echo "installing pdf.js $(PDFJS_VERSION), a judge of the tests"; \
		npm install --prefix "$(PDFJS_DIR)" --no-audit --no-fund --ignore-scripts --omit=optional --silent pdfjs-dist@$(PDFJS_VERSION) || \
			{ rm -rf "$(PDFJS_DIR)"; echo "pdf.js could not be fetched: its test is skipped"; }; \
	fi
	@if [ ! -d "$(NODE_JUDGES)" ] && command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)'; then \
		echo "installing the clients of SvarUt that node runs, judges of the tests"; \
		new="$(NODE_JUDGES).new"; rm -rf "$$new"; mkdir -p "$$new" && cp fixtures/judges/node/package.json "$$new" && \
		npm install --prefix "$$new" --no-audit --no-fund --ignore-scripts --silent && mv "$$new" "$(NODE_JUDGES)" || \
			{ rm -rf "$$new"; echo "they could not be fetched: their tests are skipped"; }; \
	fi
	@{ [ -x "$$($(GO) env GOPATH)/bin/versitygw" ] || command -v versitygw >/dev/null; } || \
		{ echo "installing versitygw $(VERSITYGW_VERSION), the S3 server of the tests"; $(GO) install github.com/versity/versitygw/cmd/versitygw@$(VERSITYGW_VERSION); } || \
		echo "versitygw could not be fetched: its tests are skipped, or fail in CI"
	@$(MAKE) --no-print-directory nfpm || echo "nfpm could not be fetched: the test of the packages is skipped, or fails in CI"
	@missing=""; \
	for t in chromium qpdf mutool pdftoppm gs soffice xmllint openssl gcc mmdebstrap lintian runc systemd-analyze; do command -v $$t >/dev/null || missing="$$missing $$t"; done; \
	for t in sshd pgbouncer; do [ -x /usr/sbin/$$t ] || missing="$$missing $$t"; done; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$$missing postgresql"; \
	/usr/bin/python3 -c 'import zeep' 2>/dev/null || missing="$$missing python3-zeep"; \
	[ -z "$$missing" ] && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing the judges of the tests:$$missing"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(JUDGES) >/dev/null; \
	else \
		echo "missing:$$missing. Their tests are skipped; on Debian: apt-get install $(JUDGES)"; \
	fi

# The letters that are measured: a folder with letters/*.pdf, as POSTGANG_CORPUS says, or ../shared/corpus when it is there.
BENCH_CORPUS  ?= $(or $(POSTGANG_CORPUS),$(wildcard ../shared/corpus))
BENCH_LETTERS ?= 5000
# The month of receipts that is booked in SQLite and reported; takes some ten minutes.
BENCH_RECEIPTS ?= 1000000
bench: build ## measure; figures go to docs/performance.md
	$(GO) build -o bin/pdfcpu github.com/pdfcpu/pdfcpu/cmd/pdfcpu
	$(GO) test -run '^$$' -bench . -benchmem ./printjobs/... ./reports/... ./billing/... ./engine/...
	POSTGANG_LETTERS=$(BENCH_RECEIPTS) $(GO) test -run '^$$' -bench 'BookReceipts|BenchmarkReport' -benchtime 1x -timeout 0 ./engine
	@if [ -d "$(BENCH_CORPUS)/letters" ]; then \
		PATH="$$PWD/bin:$$PATH" $(LAB) bench print-file --from "$(BENCH_CORPUS)/letters" --letters $(BENCH_LETTERS) --peers && \
		$(LAB) bench print-file --from "$(BENCH_CORPUS)/letters" --letters $$((10 * $(BENCH_LETTERS))) --prepare-once; \
	else \
		echo "no folder of letters: set POSTGANG_CORPUS, or run $(LAB) bench print-file --from FOLDER"; \
	fi

# The pinned version, even where another is installed: what one finds another may not.
GOLANGCI = $(shell $(GO) env GOPATH)/bin/golangci-lint
lint: format linter ## golangci-lint, fetched at its pinned version
	$(GO) mod tidy -diff
	$(GO) mod verify
	CGO_ENABLED=0 GOFLAGS=-trimpath $(GOLANGCI) run ./...

linter: ## fetch golangci-lint, which takes some minutes
	@$(GOLANGCI) version --short 2>/dev/null | grep -qx '$(patsubst v%,%,$(GOLANGCI_VERSION))' || \
		$(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

# Nights that are killed and disturbed for hours; figures as JSON in CHAOS_OUT, rewritten as it goes on.
CHAOS_FOR  ?= 2h
CHAOS_SEED ?= 1
CHAOS_OUT  ?= bin/chaos.json
chaos: judges ## kill and disturb nights for CHAOS_FOR (2h): nothing may be lost or doubled
	$(GO) test -c -o bin/chaos.test ./cmd/postgang
	cd cmd/postgang && POSTGANG_CHAOS_FOR=$(CHAOS_FOR) POSTGANG_CHAOS_SEED=$(CHAOS_SEED) POSTGANG_CHAOS_OUT=$(abspath $(CHAOS_OUT)) \
		$(abspath bin/chaos.test) -test.parallel 4 -test.timeout 0 -test.run 'TestChaos'

FUZZTIME ?= 30s
fuzz: ## run every fuzz target for FUZZTIME (30s)
	@for p in $$($(GO) list ./...); do \
		for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
			echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x $$p || exit 1; \
		done; \
	done

pictures: demo ## remake the pictures of the README from the demo's output
	docs/pictures/make.sh $(DEMO)

clean: ## remove what make made
	rm -rf bin demo
