#!/usr/bin/env bash
# Checks the sources: formatting, the length of lines, go vet (outside of CI for three operating systems), staticcheck,
# ShellCheck, and known vulnerabilities in the code that devloop calls. Runs all checks, and fails
# at the end if one found something.
#
#   hack/lint.sh        or: make lint
#
# The linters have the versions named here, independent of go.mod. The vulnerability check is
# skipped, with a message, if its database cannot be reached.
#
# Needs: Go, git, and shellcheck, which it installs on Debian as root.
set -euo pipefail
cd "$(dirname "$0")/.."
. hack/lib/steps.sh
. hack/lib/debian.sh

staticcheck=honnef.co/go/tools/cmd/staticcheck@v0.8.2
govulncheck=golang.org/x/vuln/cmd/govulncheck@v1.9.0

failed=()

# lint NAME COMMAND... runs one check, and prints its output only if it fails.
lint() {
  local name=$1 began out
  shift
  began=$(now)
  if out=$("$@" 2>&1); then
    report ✓ "$name" "$began" "${out##*$'\n'}"
  else
    printf '%s\n' "$out"
    report ✗ "$name" "$began" "see above"
    failed+=("$name")
  fi
}

format() {
  local files
  files=$(gofmt -l .)
  [ -z "$files" ] || { printf 'not formatted (gofmt -w .):\n%s\n' "$files"; return 1; }
}

# long fails for lines of code beyond 120 columns that hold no long text, expression or URL. Tabs count four. Tests
# may have rows of tables and sources of other languages that are longer.
long() {
  local found tabs pattern=
  for tabs in {0..9}; do pattern+="|^$(printf '\t'){$tabs}[^$(printf '\t')].{$((120 - 4 * tabs)),}"; done
  # shellcheck disable=SC2016 # the backtick begins a text in Go
  found=$(git ls-files '*.go' | grep -v -e _test.go -e testdata/ | LC_ALL=C.UTF-8 xargs grep -nE "${pattern#|}" |
    grep -vE 'https?://|"([^"\\]|\\.){60,}"|`[^`]{60,}' || true)
  [ -z "$found" ] || { printf 'longer than 120 columns:\n%s\n' "$found"; return 1; }
}

# ours lists the bash scripts of the repository, without Gradle's gradlew.
ours() {
  local file
  git ls-files -- .ci hack samples | while IFS= read -r file; do
    case "$(head -n 1 "$file" 2>/dev/null | tr -d '\0')" in '#!/usr/bin/env bash' | '# shellcheck shell=bash') printf '%s\n' "$file" ;; esac
  done
}

scripts() {
  if ! command -v shellcheck >/dev/null && ! { can_install && apt_install shellcheck; }; then
    echo "skipped: shellcheck is not on the PATH"
    return
  fi
  ours | xargs shellcheck
}

# vulnerabilities fails for findings (status 3) and errors, but not if the database cannot be
# reached.
vulnerabilities() {
  local out status=0
  out=$(go run "$govulncheck" ./... 2>&1) || status=$?
  case "$status:$out" in
    0:*) printf '%s\n' "$out" ;;
    *"fetching vulnerabilities: Get "*) echo "NOT CHECKED: the database vuln.go.dev can't be reached from here" ;;
    *) printf '%s\n' "$out"; return 1 ;;
  esac
}

# systems vets the code and its tests for the other operating systems.
systems() {
  GOOS=darwin GOARCH=arm64 go vet ./... && GOOS=windows GOARCH=amd64 go vet ./...
}

lint gofmt format
lint long long
lint vet go vet ./...
[ "${CI:-}" = true ] || lint systems systems # in CI, the workflow "systems" runs the tests there
lint staticcheck go run "$staticcheck" ./...
lint shellcheck scripts
lint vulnerabilities vulnerabilities
[ ${#failed[@]} -eq 0 ]
