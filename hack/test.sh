#!/usr/bin/env bash
# Runs the tests, and lists the ten slowest.
#
#   hack/test.sh          or: make test        the hermetic tests with the race detector, then those that need real tools, of the short tier
#   hack/test.sh long     or: make test-long   the tests of which the short tier leaves out all or a part, and one scenario with a race-detecting devloop
#
# A test whose tool is missing is skipped, or fails if DEVLOOP_REQUIRE names the tool.
# CONTRIBUTING.md describes the tiers. The long one fails where it takes longer than DEVLOOP_LONG_LIMIT seconds, 2400
# unless that is set: a tier that grows is run less and less.
#
# Needs: what hack/prepare.sh and hack/test-cluster.sh provide, and bin/devloop (`make build`).
set -euo pipefail
cd "$(dirname "$0")/.."
. hack/lib/steps.sh

gotestsum=gotest.tools/gotestsum@v1.13.0
limit=${DEVLOOP_LONG_LIMIT:-2400}
results=$(mktemp -d)
status=0
trap 'rm -rf "$results"' EXIT

# By default, the race detector makes each process sleep for a second when it exits.
export GORACE=atexit_sleep_ms=0
export DEVLOOP_BIN=$PWD/bin/devloop

# The result of a real test is never taken from the cache: engine and cluster are no input that Go knows. Two
# packages are tested at a time: with three, two processors are so busy that waits end. Those that take longest come first.
longest=(./cmd/devloop ./builder ./loader/containerd ./builder/incremental ./builder/compiler ./runner)

# skipped prints the tests that the hermetic run skipped, or skipped a part of, as a pattern for -run. The others
# have passed with the race detector: a second run without it proves nothing more.
skipped() {
  sed -n 's/.*"Action":"skip".*"Test":"\([^"/]*\).*/\1/p' "$results/hermetic.json" | sort -u | paste -sd'|' | sed 's/.*/^(&)$/'
}

# real_packages prints the packages whose tests need more than -short, that is, import hack/real.
real_packages() {
  go list -test -f '{{.ForTest}} {{join .Deps " "}}' ./... | awk '/ github.com\/devloop-cli\/devloop\/hack\/real / && $1 ~ /^github/ { print $1 }' | sort -u
}

# long prints the tests that ask for the long tier, each with its file: those that call real.Long, real.Tier or
# real.LongTier.
long() {
  local files
  mapfile -t files < <(git ls-files '*_test.go')
  awk '
    /^func / { split($2, name, "("); test = name[1] }
    /real\.(Long|Tier|LongTier)\(/ && test ~ /^Test/ { print test, FILENAME }' "${files[@]}" | sort -u
}

# tests NAME ARGUMENT... runs go test with the arguments. After a failure, the script continues. With -trimpath, packages
# that were compiled for bin/devloop, or in another clone, are taken from Go's cache.
tests() {
  local name=$1
  shift
  printf '\n== %s\n' "$name"
  go run "$gotestsum" --format pkgname --hide-summary skipped --jsonfile "$results/$name.json" -- -trimpath "$@" || status=1
}

slowest() {
  printf '\n== the ten slowest tests\n'
  cat "$results"/*.json | go run "$gotestsum" tool slowest --num 10
}

began=$(now)
mapfile -t packages < <(real_packages)
[ ${#packages[@]} -gt 0 ] || fail test "$began" "no package imports hack/real" "go list -test ./..."
case ${1:-short} in
  short)
    tests hermetic -race -short ./...
    tests real -count=1 -timeout 30m -run "$(skipped)" "${longest[@]}" "${packages[@]}"
    ;;
  long)
    export DEVLOOP_LONG=1
    pattern=$(long | cut -d' ' -f1 | paste -sd'|')
    mapfile -t packages < <(long | cut -d' ' -f2 | xargs -n1 dirname | sed 's|^|./|' | sort -u)
    tests long -count=1 -timeout 60m -run "^($pattern)\$" "${longest[@]}" "${packages[@]}"
    unset DEVLOOP_BIN
    tests race -race -count=1 -timeout 10m -run '^TestScenarioASaveReachesLocalhost' ./cmd/devloop
    ;;
  *) fail test "$began" "there is no tier $1" "hack/test.sh, or hack/test.sh long" ;;
esac
slowest
if [ "${1:-short}" = long ] && (($(now) - began > limit * 1000)); then
  report ✗ time "$began" "the long tier took longer than $limit s (DEVLOOP_LONG_LIMIT); above are the tests to make faster"
  status=1
fi
report '=' tests "$began" "$([ $status = 0 ] && echo passed || echo failed)"
exit $status
