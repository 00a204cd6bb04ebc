# Everything that is done with this repository. `make help` lists it.

GO       ?= go
PREFIX   ?= /usr/local
DESTDIR  ?=
FUZZTIME ?= 30s
# Of `make test`: for example TESTFLAGS=-count=1.
TESTFLAGS ?=
# Of `make bench`: for example BENCH=peak. `bin/gantry bench --list` knows them.
BENCH ?=

VERSION  := 0.1.0
REVISION := $(shell git describe --always --dirty --abbrev=12 --exclude='*' 2>/dev/null)
LDFLAGS  := -s -w -X main.version=$(VERSION) -X main.revision=$(REVISION)

# The newest release that knows the Go version of go.mod.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

# Nothing of ours needs C; without it the binary is static. The race detector does.
export CGO_ENABLED := 0

.DEFAULT_GOAL := build
.PHONY: build
build: ## build bin/gantry, one static binary
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/gantry ./tools/gantry

.PHONY: test
test: ## run all tests: needs Go and nothing else, no root
	@$(GO) test -json $(TESTFLAGS) ./... | $(GO) run ./tools/testsum

# Of `make simulate`.
SEEDS ?= 10000

.PHONY: simulate
simulate: ## run the simulation of the store over SEEDS (10000) seeds; `make test` runs 500
	GANTRY_SIMULATION_SEEDS=$(SEEDS) $(GO) test -count=1 -timeout 60m -run '^TestSimulation$$' ./confd/store

.PHONY: race
race: ## run all tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race $(TESTFLAGS) ./...

.PHONY: check
check: check-format check-vet check-staticcheck check-layers check-modules check-tests ## look at the code without running it

.PHONY: check-format
check-format:
	@files=$$(gofmt -l .) && if [ -n "$$files" ]; then echo "not formatted, run gofmt -w:"; echo "$$files"; exit 1; fi

.PHONY: check-vet
check-vet:
	$(GO) vet ./...
	GOOS=darwin $(GO) vet ./...
	GOOS=freebsd $(GO) vet ./...

.PHONY: check-staticcheck
check-staticcheck:
	$(GO) run $(STATICCHECK) ./...

.PHONY: check-layers
check-layers:
	$(GO) run ./tools/layers

.PHONY: check-modules
check-modules:
	$(GO) mod tidy -diff
	$(GO) mod verify

# A test that may be skipped, or that waits by the clock, shows nothing.
.PHONY: check-tests
check-tests:
	@if grep -rnE --include='*_test.go' '\b[tbf]\.Skip|\btime\.Sleep\(' .; then echo "tests must not skip or sleep"; exit 1; fi

.PHONY: interop
interop: ## compare with the real Ganeti on this machine (Debian 12, root; installs its packages)
	$(GO) run ./tools/interop

.PHONY: interop-long
interop-long: ## the same with ten times as many queries
	$(GO) run ./tools/interop --long

.PHONY: fuzz
fuzz: ## fuzz everything that reads from outside, FUZZTIME (30s) for each target
	@set -e; for package in $$($(GO) list ./...); do \
		listed=$$($(GO) test -list '^Fuzz' $$package); \
		for target in $$(echo "$$listed" | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x $$package; \
		done; \
	done

.PHONY: bench
bench: build ## measure it beside its peers, into BENCHMARKS.md and bench/plots (about 22 minutes; BENCH names scenarios)
	bin/gantry bench --report BENCHMARKS.md --plots bench/plots $(BENCH)

.PHONY: bench-quick
bench-quick: build ## the same with short runs, without what takes long, into out/bench (2 minutes)
	bin/gantry bench --quick --report out/bench/quick.md --plots out/bench/plots $(BENCH)

.PHONY: bench-go
bench-go: ## run the packages' own benchmarks
	$(GO) test -run '^$$' -bench . ./...

.PHONY: demo
demo: build ## show what it does: a made-up cluster, every query, a change under load (10 s, no root)
	bin/gantry demo

.PHONY: install
install: build ## install binary, manual pages, completions and service file below PREFIX (/usr/local)
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/lib/gantry' '$(DESTDIR)$(PREFIX)/share/bash-completion/completions' \
		'$(DESTDIR)$(PREFIX)/share/zsh/site-functions' '$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d'
	install -m 755 bin/gantry '$(DESTDIR)$(PREFIX)/bin/gantry'
	ln -sfn ../../bin/gantry '$(DESTDIR)$(PREFIX)/lib/gantry/ganeti-confd'
	bin/gantry man --output '$(DESTDIR)$(PREFIX)/share/man/man1'
	bin/gantry completion bash >'$(DESTDIR)$(PREFIX)/share/bash-completion/completions/gantry'
	bin/gantry completion zsh >'$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_gantry'
	bin/gantry completion fish >'$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/gantry.fish'
	install -d '$(DESTDIR)$(PREFIX)/lib/systemd/system'
	sed 's|/usr/local/|$(PREFIX)/|' contrib/gantry-confd.service >'$(DESTDIR)$(PREFIX)/lib/systemd/system/gantry-confd.service'

.PHONY: docs
docs: ## write the generated pages anew: docs/metrics.md
	$(GO) run ./tools/gantry metrics-page --output docs/metrics.md

.PHONY: clean
clean: ## remove what was built
	rm -rf bin out

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
