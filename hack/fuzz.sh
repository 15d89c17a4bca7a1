#!/usr/bin/env bash
# Runs each fuzz target with some inputs, one after the other. A finding is written to testdata/fuzz beside its test,
# and fails every later `go test` until it is mended.
#
#   hack/fuzz.sh [INPUTS]      10000 by default
#
# It counts inputs: a time that ends while Go makes one smaller is a failure, "context deadline exceeded".
#
# Needs: Go.
set -euo pipefail
cd "$(dirname "$0")/.."
inputs=${1:-10000}
targets=$(grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9]*' . | sed 's|/[^/]*_test.go:func | |')
while read -r package target; do
  printf '== %s %s\n' "$package" "$target"
  go test -run '^$' -fuzz "^$target\$" -fuzztime "${inputs}x" -fuzzminimizetime 1s "$package" # not a minute for each new input
done <<<"$targets"
