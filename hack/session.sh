#!/usr/bin/env bash
# Records the session that README.md shows: a first deploy of samples/spring-maven, an edit of a
# method, a mistake and its repair. The tests of package ui draw it into the READMEs:
#
#   hack/session.sh && go test ./cmd/devloop/internal/ui -update
#
# Needs: bin/devloop (`make build`), mvn, and a cluster; DEVLOOP_KUBECONFIG, DEVLOOP_CONTEXT and
# DEVLOOP_NAMESPACE choose another one than the current.
set -euo pipefail
cd "$(dirname "$0")/.."
. hack/lib/steps.sh

work=$(mktemp -d)
devloop=
clean() {
  [ -z "$devloop" ] || kill "$devloop" 2>/dev/null || true
  rm -rf "$work"
}
trap clean EXIT
began=$(now)
cp -R samples/spring-maven "$work/spring-maven"
rm -rf "$work/spring-maven/target"
source=$work/spring-maven/src/main/java/com/example/AppController.java

# await EVENT COUNT waits until so many events of that kind have been recorded.
await() {
  local deadline=$(($(now) + 180000))
  until [ "$(grep -c "\"event\":\"$1\"" "$work/events")" -ge "$2" ]; do
    if (($(now) > deadline)) || ! kill -0 "$devloop" 2>/dev/null; then
      fail session "$began" "no $1 number $2" "$(cat "$work/errors")"
    fi
    sleep 0.2
  done
}

: >"$work/events"
bin/devloop run --json --cleanup "$work/spring-maven" >"$work/events" 2>"$work/errors" </dev/null &
devloop=$!
await cycle.finished 1
await compiler.ready 1
sleep 2 # what devloop does in idle time is over, as it is when a person edits
sed -i 's/Hello, World"/Hello, again"/' "$source"
await cycle.finished 2
sed -i 's/Hello, again";/Hello, again"/' "$source"
await cycle.finished 3
sed -i 's/Hello, again"/Hello, there";/' "$source"
await cycle.finished 4
kill -INT "$devloop"
wait "$devloop" || true
devloop=

# The end is another matter, and neither the application's log nor this machine's directories are of interest.
grep -v -e '"event":"app.log"' -e '"event":"stage.output"' "$work/events" |
  awk '/"event":"cycle.finished"/ {n++} {print} n == 4 {exit}' |
  sed -e "s|$work|/home/ada|g" -e "s|devloop-test|devloop|g" >cmd/devloop/internal/ui/testdata/readme.jsonl
report + session "$began" cmd/devloop/internal/ui/testdata/readme.jsonl
