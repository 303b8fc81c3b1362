# Docket's chores. `make` alone lists them.

# One binary without a C compiler is a promise, so nothing here may need one.
export CGO_ENABLED = 0

.DEFAULT_GOAL := help

.PHONY: help
help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 10

.PHONY: build
build: ## bin/docket
	go build -o bin/docket ./cmd/docket

.PHONY: demo
demo: ## the demo world with one order through each door, on ports 8080 and 8443
	go run ./cmd/docket demo

.PHONY: fast
fast: ## the inner loop: every Go test but those that need real clients
	go test ./...

# Without flags it renews docs/performance.md and its plots; with BENCH='-short' or others it only prints.
.PHONY: bench
bench: ## measure beside the machine's own references; BENCH='-short' takes three minutes
	go run ./bench $(if $(BENCH),$(BENCH),-results bench/results -docs docs/performance.md)

.PHONY: setup
setup: ## PostgreSQL's programs, and the real clients' virtual environments under .cache/venv
	e2e/setup

.PHONY: lint
lint: ## go vet, and gofmt without rewriting
	go vet ./...
	@unformatted=$$(git ls-files -z '*.go' | xargs -0 gofmt -l); test -z "$$unformatted" || { echo "gofmt these:"; echo "$$unformatted"; exit 1; }

# What stands above the stores runs over each of them. The end-to-end tests come last and alone: they start whole servers,
# and neither their clients' files nor the built binary is a dependency that go test could know of, so their results are
# never taken from its cache.
ABOVE = ./internal/core ./internal/door/... ./internal/fulfil ./internal/app/...
BESIDE = go run ./internal/store/postgres/pgtest/with

.PHONY: test
test: export DOCKET_E2E = 1
test: setup lint ## everything over both stores, end-to-end tests with the real clients and twenty crashes included
	go test $$(go list ./... | grep -v /e2e)
	$(BESIDE) go test $(ABOVE)
	go test -count=1 -timeout 20m -p 1 ./e2e/...
	$(BESIDE) go test -count=1 -timeout 20m -p 1 ./e2e
	$(BESIDE) go test -count=1 ./e2e/history -args -servers 2
	$(BESIDE) go test -count=1 ./e2e/crash -args -servers 2

ROUNDS ?= 100
FLAGS ?=

.PHONY: crash
crash: ## crashes, ROUNDS of them (100), each judged; docs/testing.md says how to repeat one
	DOCKET_E2E=1 go test -count=1 -v -timeout 0 ./e2e/crash -args -rounds $(ROUNDS) $(FLAGS)
