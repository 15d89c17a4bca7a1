#!/usr/bin/env bash
# Looks the sources over: formatting, go vet (outside of CI for three systems), staticcheck, shellcheck, and known
# vulnerabilities in what devloop calls. Does all of it, then fails if anything was found.
#
#   hack/lint.sh        or: make lint
#
# The linters run at the versions named here, built apart from go.mod. Where the
# vulnerability database can't be reached, and only then, that check is skipped and says so.
#
# Needs: Go, git; for the scripts shellcheck, which it installs on Debian as root.
set -euo pipefail
cd "$(dirname "$0")/.."
. hack/lib/steps.sh
. hack/lib/debian.sh

staticcheck=honnef.co/go/tools/cmd/staticcheck@v0.8.2
govulncheck=golang.org/x/vuln/cmd/govulncheck@v1.9.0

failed=()

# lint NAME COMMAND... runs one check and shows what it says only where it finds something.
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

# ours prints the bash scripts of the repository; the samples' gradlew is Gradle's.
ours() {
  local file
  git ls-files -- .ci hack samples | while IFS= read -r file; do
    case "$(head -n 1 "$file" 2>/dev/null)" in '#!/usr/bin/env bash' | '# shellcheck shell=bash') printf '%s\n' "$file" ;; esac
  done
}

scripts() {
  if ! command -v shellcheck >/dev/null && ! { can_install && apt_install shellcheck; }; then
    echo "skipped: shellcheck is not on the PATH"
    return
  fi
  ours | xargs shellcheck
}

# vulnerabilities tells findings (status 3) and failures from a database that can't be
# reached, which says nothing about the sources.
vulnerabilities() {
  local out status=0
  out=$(go run "$govulncheck" ./... 2>&1) || status=$?
  case "$status:$out" in
    0:*) printf '%s\n' "$out" ;;
    *"fetching vulnerabilities: Get "*) echo "NOT CHECKED: the database vuln.go.dev can't be reached from here" ;;
    *) printf '%s\n' "$out"; return 1 ;;
  esac
}

# systems type-checks all, the tests too, as the other systems see it.
systems() {
  GOOS=darwin GOARCH=arm64 go vet ./... && GOOS=windows GOARCH=amd64 go vet ./...
}

lint gofmt format
lint vet go vet ./...
[ "${CI:-}" = true ] || lint systems systems # the workflow of that name tests on them
lint staticcheck go run "$staticcheck" ./...
lint shellcheck scripts
lint vulnerabilities vulnerabilities
[ ${#failed[@]} -eq 0 ]
