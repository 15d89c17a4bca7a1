# make help lists what there is.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS := -s -w -X github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring.version=$(VERSION)

##@ Use

.PHONY: build install extras snapshot demo
build: ## build bin/devloop
	@mkdir -p bin
	go build -trimpath -ldflags "$(LDFLAGS)" -o bin/devloop ./cmd/devloop

install: ## install devloop where `go install` puts it
	go install -trimpath -ldflags "$(LDFLAGS)" ./cmd/devloop

extras: ## write manual page and completions into dist-extras
	@hack/extras.sh dist-extras

snapshot: ## the archives of a release, without publishing (needs goreleaser and syft)
	goreleaser release --snapshot --clean

demo: ## from nothing to Hello, World on localhost: engine, cluster, deploy
	@hack/demo.sh

##@ Check

.PHONY: test test-long test-short lint bench
test: test-machine ## the tests, the real ones included; prepares the machine
	@hack/test.sh

test-long: test-machine ## all tests, those that take long too: before a release, and every night
	@hack/test.sh long

.PHONY: test-machine
test-machine:
	@hack/prepare.sh
	@$(MAKE) --no-print-directory build
	@hack/test-cluster.sh

test-short: ## the hermetic tests only: no Docker, no cluster
	go test -short -race ./...

lint: ## formatting, vet, staticcheck, shellcheck, known vulnerabilities
	@hack/lint.sh

bench: build ## edits of a body, a shape, a dependency by hand and by devloop, timed in one run
	@hack/bench.sh
	go run ./hack/bench -starts -n 3 -sample samples/spring-maven

##@ Tidy

.PHONY: clean help
clean: ## remove what make built
	rm -rf bin dist dist-extras coverage.out

help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile
