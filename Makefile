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

.PHONY: setup
setup: ## the virtual environments of the real clients, under .cache/venv
	e2e/setup

.PHONY: lint
lint: ## go vet, and gofmt without rewriting
	go vet ./...
	@unformatted=$$(git ls-files -z '*.go' | xargs -0 gofmt -l); test -z "$$unformatted" || { echo "gofmt these:"; echo "$$unformatted"; exit 1; }

# The end-to-end tests come last and alone: they start whole servers, and neither their clients' files nor
# the built binary is a dependency that go test could know of, so their results are never taken from its cache.
.PHONY: test
test: setup lint ## everything, end-to-end tests with the real clients and twenty crashes included
	go test $$(go list ./... | grep -v /e2e)
	DOCKET_E2E=1 go test -count=1 -timeout 20m -p 1 ./e2e/...

ROUNDS ?= 100
FLAGS ?=

.PHONY: crash
crash: ## crashes, ROUNDS of them (100), each judged; docs/testing.md says how to repeat one
	DOCKET_E2E=1 go test -count=1 -v -timeout 0 ./e2e/crash -args -rounds $(ROUNDS) $(FLAGS)
