#!/usr/bin/env bash
# Writes the manual page and the shell completions, for a package of devloop.
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
