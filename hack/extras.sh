#!/usr/bin/env bash
# Writes what a package of devloop has besides the program: the manual page and the
# completion of each shell.
#
#   hack/extras.sh DIR
#
# Needs: Go.
set -euo pipefail
mkdir -p "$1"
dir=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
devloop=$(mktemp)
trap 'rm -f "$devloop"' EXIT
GOOS='' GOARCH='' go build -o "$devloop" ./cmd/devloop
"$devloop" man >"$dir/devloop.1"
for shell in bash zsh fish powershell; do "$devloop" completion "$shell" >"$dir/devloop.$shell"; done
