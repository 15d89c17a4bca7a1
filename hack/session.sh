#!/usr/bin/env bash
# Records a real session, which the tests of package ui draw:
#
#   hack/session.sh readme    the one that README.md shows, of samples/spring-maven: a first deploy, an edit of a method,
#                             a mistake and its repair
#   hack/session.sh footer    another one, of samples/spring-server, with all that the footer sees: also a new method, and
#                             what the build tool and the application write
#   go test ./cmd/devloop/internal/ui -update
#
# Needs: bin/devloop (`make build`), mvn or gradle, and a cluster; DEVLOOP_KUBECONFIG, DEVLOOP_CONTEXT and
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
cycles=0

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

# start SAMPLE deploys a copy of a sample, and waits until devloop has nothing to do, as when a person edits.
start() {
  cp -R "samples/$1" "$work/$1"
  rm -rf "$work/$1/target" "$work/$1/build" "$work/$1/.gradle"
  source=$work/$1/src/main/java/com/example/AppController.java
  : >"$work/events"
  bin/devloop run --json --cleanup "$work/$1" >"$work/events" 2>"$work/errors" </dev/null &
  devloop=$!
  cycles=1
  await cycle.finished 1
  await compiler.ready 1
  sleep 2
}

# edit SCRIPT changes the controller with sed, and waits for the end of the cycle.
edit() {
  sed -i "$1" "$source"
  cycles=$((cycles + 1))
  await cycle.finished "$cycles"
}

# save NAME PATTERN keeps the events up to the end of the last cycle that do not match. Directories and names of this machine are replaced.
save() {
  kill -INT "$devloop"
  wait "$devloop" || true
  devloop=
  awk -v last="$cycles" '{print} /"event":"cycle.finished"/ && ++n == last {exit}' "$work/events" |
    grep -Ev "$2" |
    sed -e "s|$work|/home/ada|g" -e "s|$HOME|/home/ada|g" -e "s|devloop-test|devloop|g" -e 's|"pid":[0-9]*|"pid":4711|' >"cmd/devloop/internal/ui/testdata/$1.jsonl"
  report + session "$began" "cmd/devloop/internal/ui/testdata/$1.jsonl"
}

case ${1:-} in
  readme)
    start spring-maven
    edit 's/Hello, World"/Hello, again"/'
    edit 's/Hello, again";/Hello, again"/'
    edit 's/Hello, again"/Hello, there";/'
    save readme '"event":"(app.log|stage.output)"'
    ;;
  footer)
    start spring-server
    edit 's/Hello, World"/Hello, again"/'
    edit 's|^}$|    public String more() {\n        return "more";\n    }\n}|'
    edit 's/"more";/"more"/'
    edit 's/"more"/"other";/'
    save footer '"line":"(Download|Malformed jar)'
    ;;
  *) fail session "$began" "which session?" "hack/session.sh readme, or hack/session.sh footer" ;;
esac
