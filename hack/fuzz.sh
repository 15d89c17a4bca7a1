#!/usr/bin/env bash
# Runs each fuzz target for a while, one after the other. A finding is written to testdata/fuzz beside its test,
# and fails every later `go test` until it is mended.
#
#   hack/fuzz.sh [TIME]        10s by default
#
# Needs: Go.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-10s}
targets=$(grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9]*' . | sed 's|/[^/]*_test.go:func | |')
while read -r package target; do
  printf '== %s %s\n' "$package" "$target"
  go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 1s "$package" # not a minute for each new input
done <<<"$targets"
