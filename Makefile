# `make help` lists the targets.
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

extras: ## write the manual page and shell completions to dist-extras
	@hack/extras.sh dist-extras

snapshot: ## build the archives of a release without publishing them (needs goreleaser and syft)
	goreleaser release --snapshot --clean

demo: ## set up engine and cluster, and deploy a sample to localhost
	@hack/demo.sh

##@ Check

.PHONY: test test-long test-short lint bench
test: test-machine ## prepare the machine and run the tests, including those with real tools
	@hack/test.sh

test-long: test-machine ## run the tests that `make test` leaves out: before a release, and nightly
	@hack/test.sh long

test: tier = short
test-long: tier = long

.PHONY: test-machine
test-machine:
	@hack/prepare.sh $(tier)
	@$(MAKE) --no-print-directory build
	@hack/test-cluster.sh

test-short: ## run only the hermetic tests: no Docker, no cluster
	go test -short -race ./...

lint: ## check formatting, vet, staticcheck, shellcheck, known vulnerabilities
	@hack/lint.sh

bench: build ## time edits of two samples by hand, with devloop, and with Skaffold where it is on the PATH
	@hack/bench.sh

##@ Tidy

.PHONY: clean help
clean: ## remove build output
	rm -rf bin dist dist-extras coverage.out

help: ## show this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile
