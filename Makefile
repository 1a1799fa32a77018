# Everything a developer or a machine runs here. `make` alone lists it.
# Set GO to use another go command, PKG to work on one package.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO       ?= go
PKG      ?= ./...
FUZZTIME ?= 30s
BENCH    ?= .
BENCHTIME ?= 1s
TESTFLAGS ?=
# The packages whose tests all run under the race detector.
CONCURRENT := app/gh|git|sim
# The tests of app and store that make test runs under the race detector: together they go through all that runs at once.
AT_ONCE  := TestFaults|TestManyDeliveries|TestSlowSenders|TestDeliveriesThat|TestOperators|TestARevokedToken|TestTheWorseVerdict|TestATrespass|TestManyLanes|TestNothingIsLost|TestNothingComesBetween|TestEqualWork|TestTwo|TestALostSession|TestAVanishedJob|TestAnEffect
# SQLite is C that was translated to Go, and calls nothing but itself: instrumented, it takes twice as long and finds nothing.
RACE     := -race -gcflags=modernc.org/sqlite/lib=-race=false

, := ,
# Format, vet, lint, architecture and build run without cgo, so that they share
# one set of compiled packages; the race detector needs a second one, with cgo.
step = @printf '\n==> %s\n' "$(1)"
# Packages with a test file that matches a pattern, as arguments for go test.
packages = $$(git grep -lE --untracked '$(1)' -- '*_test.go' ':!testdata' | xargs -r -n1 dirname | sort -u | sed 's|^|./|')

.PHONY: help test setup fmt vet lint architecture race cases build demo bench fuzz soak long mutants simulate octokit generate clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

# Compilers, linter and tests are short-lived: collecting garbage as often as Go does by itself takes a fifth of their time.
test: ## everything CI runs: installs what it needs, then format, vet, lint, architecture, tests, build
	@start=$$SECONDS; export GOGC=$${GOGC:-400}; .ci/lint --fetch & \
	for step in setup fmt vet lint architecture build cases race; do $(MAKE) --no-print-directory $$step; done; \
	printf '\nPASS  make test: setup, gofmt, go vet, golangci-lint, architecture, static build, all tests, those of what runs at once with the race detector, in %s s\n' $$((SECONDS - start))

setup: ## install what the tests need and this machine lacks (Debian packages; says which)
	$(call step,setup: what the tests need)
	@.ci/setup

fmt: ## fail on files that gofmt would change
	$(call step,gofmt)
	@files=$$(git ls-files -co --exclude-standard '*.go' | xargs -r gofmt -l); \
	if [ -n "$$files" ]; then printf 'gofmt would change:\n%s\n' "$$files"; exit 1; fi; echo "    every file is formatted"

vet: ## go vet
	$(call step,go vet)
	@CGO_ENABLED=0 $(GO) vet $(PKG) && echo "    nothing to report"

lint: ## golangci-lint, at the version in .ci/lint
	$(call step,golangci-lint)
	@CGO_ENABLED=0 .ci/lint $(PKG)

architecture: ## the rules on folders, imports, sizes and words
	$(call step,architecture: folders$(,) imports$(,) sizes$(,) words)
	@CGO_ENABLED=0 $(GO) test -count 1 .

build: ## every package builds without cgo
	$(call step,go build without cgo)
	@CGO_ENABLED=0 $(GO) build ./... && echo "    builds"

race: ## go test -race; with PKG all tests of it, else of git, simulator and client, and of app and store what runs at once
	$(call step,go test -race)
	@if [ '$(PKG)' != ./... ]; then .ci/gotest $(RACE) -timeout 30m $(TESTFLAGS) $(PKG); exit; fi; \
	.ci/gotest $(RACE) -timeout 18m $(TESTFLAGS) $$($(GO) list ./... | grep -E '/($(CONCURRENT))$$'); \
	.ci/gotest $(RACE) -timeout 18m -run '^($(AT_ONCE))' $(TESTFLAGS) ./app ./store

cases: ## all other tests, without the race detector: rules, random worlds of the queue, the App on the simulator, faults, kills, parity, the demo
	$(call step,all cases: rules$(,) random worlds of the queue$(,) the App on the simulator$(,) faults$(,) kills$(,) parity$(,) the demo)
	@CGO_ENABLED=0 AGENTPLANE_WORLDS=$${AGENTPLANE_WORLDS:-3000} .ci/gotest -count 1 -timeout 18m -parallel 3 \
		$$($(GO) list ./... | grep -vE '/($(CONCURRENT)|agentplane)$$') ./cmd/agentplane

demo: ## the story of three agents, on a simulated GitHub in this process
	@$(GO) run ./cmd/agentplane demo

bench: ## all benchmarks (PKG, BENCH, BENCHTIME)
	@$(GO) test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -benchmem -timeout 60m \
		$(if $(filter ./...,$(PKG)),$(call packages,^func Benchmark),$(PKG))

fuzz: ## every fuzz target for FUZZTIME each (default 30s)
	@git grep -oE --untracked '^func Fuzz[A-Za-z0-9_]+' -- '*_test.go' | while IFS=: read -r file func; do \
		name=$${func#func }; printf '\n==> %s %s for %s\n' "$$(dirname "$$file")" "$$name" '$(FUZZTIME)'; \
		$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime '$(FUZZTIME)' "./$$(dirname "$$file")" </dev/null; \
	done

soak: ## 2,300 fault schedules, 1,000 of them of the lane, and other long runs, without the race detector (AGENTPLANE_LONG=1; two hours)
	@AGENTPLANE_LONG=1 .ci/gotest -count 1 -timeout 120m $(TESTFLAGS) $(PKG)

long: ## all tests with more seeds, under the race detector (AGENTPLANE_LONG=1; an hour and more)
	@AGENTPLANE_LONG=1 .ci/gotest $(RACE) -count 1 -timeout 120m $(TESTFLAGS) $(PKG)

mutants: ## change the merge queue's code in small wrong ways, and fail when its tests do not notice (4 minutes)
	@AGENTPLANE_MUTANTS=all $(GO) test -count 1 -timeout 90m -run '^TestMutants$$' -v ./queue

simulate: ## compare the merge queue with other strategies, and write docs/queue-performance.md (2 minutes)
	@AGENTPLANE_SIMULATE=1 $(GO) test -count 1 -timeout 60m -run '^TestSimulation$$' -v ./queue

octokit: ## GitHub's JavaScript client against the simulator (needs node, npm and the network)
	@$(GO) test -count 1 -tags octokit -run TestOctokit -v ./sim

generate: ## rewrite every golden file and generated document from the code; read the diff
	@for package in $(call packages,flag\.Bool."update"); do \
		echo "==> go test $$package -update"; $(GO) test "$$package" -count 1 -update; done

clean: ## remove what builds and tools left behind
	rm -rf .tools dist agentplane
