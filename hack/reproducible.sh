#!/usr/bin/env bash
# Checks that a build is reproducible: builds devloop from two copies of the last commit, in
# different directories, and compares the bytes.
#
#   hack/reproducible.sh
#
# Needs: Go and git.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for copy in one two/deeper; do
  git clone --quiet --no-hardlinks . "$work/$copy"
  (cd "$work/$copy" && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$work/${copy%%/*}.bin" ./cmd/devloop)
done
sha256sum "$work/one.bin" "$work/two.bin"
cmp "$work/one.bin" "$work/two.bin"
