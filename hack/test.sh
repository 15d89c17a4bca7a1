#!/usr/bin/env bash
# Runs the tests, and ends with the ten slowest and their seconds.
#
#   hack/test.sh          or: make test        the hermetic tests with the race detector, then all of the short tier
#   hack/test.sh long     or: make test-long   all, and a scenario of which devloop itself has the race detector
#
# A test whose tool is not here is skipped, unless DEVLOOP_REQUIRE names it: then it fails.
# CONTRIBUTING.md says which tier proves what.
#
# Needs: what hack/prepare.sh and hack/test-cluster.sh provide, and bin/devloop (`make build`).
set -euo pipefail
cd "$(dirname "$0")/.."
. hack/lib/steps.sh

gotestsum=gotest.tools/gotestsum@v1.13.0
results=$(mktemp -d)
status=0
trap 'rm -rf "$results"' EXIT

# Else the race detector has each process sleep for a second at its end.
export GORACE=atexit_sleep_ms=0
export DEVLOOP_BIN=$PWD/bin/devloop

# The packages that take longest come first, as two packages are tested at a time.
longest=(./cmd/devloop ./builder)

# tests NAME ARGUMENT... runs go test with the arguments. One that fails does not keep the next
# ones from running.
tests() {
  local name=$1
  shift
  printf '\n== %s\n' "$name"
  go run "$gotestsum" --format pkgname --hide-summary skipped --jsonfile "$results/$name.json" -- "$@" || status=1
}

# slowest lists the ten tests that took longest.
slowest() {
  printf '\n== the ten slowest tests\n'
  cat "$results"/*.json | go run "$gotestsum" tool slowest --num 10
}

began=$(now)
case ${1:-short} in
  short)
    tests hermetic -race -short ./...
    tests real -timeout 30m "${longest[@]}" ./...
    ;;
  long)
    export DEVLOOP_LONG=1
    tests everything -timeout 60m "${longest[@]}" ./...
    unset DEVLOOP_BIN
    tests race -race -timeout 10m -run '^TestScenarioASaveReachesLocalhost' ./cmd/devloop
    ;;
  *) fail test "$began" "there is no tier $1" "hack/test.sh, or hack/test.sh long" ;;
esac
slowest
report '=' tests "$began" "$([ $status = 0 ] && echo passed || echo failed)"
exit $status
