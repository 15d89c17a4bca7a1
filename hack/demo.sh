#!/usr/bin/env bash
# Shows devloop from nothing to an answer: prepares the machine, builds devloop, makes
# the cluster, deploys samples/spring-server, and fetches `Hello, World` from localhost
# through devloop's own port-forward. Prints how long each step took.
#
#   hack/demo.sh        or: make demo
#
# What is there already is used: a second run takes seconds. Leaves the cluster
# "devloop" and the Pod in it, and no process of its own, however it ends.
#
# Needs: bash, Go, make; the rest is hack/prepare.sh's.
set -euo pipefail
cd "$(dirname "$0")/.."
. hack/lib/steps.sh
. hack/lib/debian.sh

work=$(mktemp -d)
devloop=  # its process number while it runs
times=()  # one line a step, for the summary

# timed NAME COMMAND... runs a step, and remembers how long it took.
timed() {
  local name=$1 began
  shift
  began=$(now)
  printf '\n== %s\n' "$name"
  "$@" || fail "$name" "$began" "failed: $*"
  times+=("$(report + "$name" "$began" "")")
}

# interrupt ends devloop as Ctrl+C does; after ten seconds, for good. devloop leads a
# process group, so that what it started goes with it.
interrupt() {
  [ -n "$devloop" ] || return 0
  local pid=$devloop deadline
  devloop=
  kill -INT "$pid" 2>/dev/null || true
  deadline=$(($(now) + 10000))
  while kill -0 "$pid" 2>/dev/null && (($(now) < deadline)); do sleep 0.05; done
  kill -KILL -- "-$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
}

clean() {
  interrupt
  rm -rf "$work"
}

# start runs `devloop deploy --forward`; its lines come through the descriptor 3. Job
# control gives it a process group, and keeps Ctrl+C's signal from being ignored, as it
# is by default for what a script starts in the background.
start() {
  mkfifo "$work/lines"
  set -m
  bin/devloop deploy --forward samples/spring-server >"$work/lines" 2>&1 &
  devloop=$!
  set +m
  exec 3<"$work/lines"
}

# follow shows devloop's lines up to the one that says where the application answers,
# and leaves that address in url. The address is told before, too, while it waits.
follow() {
  local line
  url=
  while [ -z "$url" ] && IFS= read -r line <&3; do
    printf '%s\n' "$line"
    url=$(printf '%s' "$line" | sed -n 's|^forward .*\(http://localhost:[0-9]*\) → .*|\1|p')
  done
  [ -n "$url" ]
}

deploy() {
  start
  follow
}

fetch() {
  local answer
  answer=$(curl --fail --silent --show-error --max-time 10 "$url/")
  printf '$ curl %s/\n%s\n' "$url" "$answer"
  [ "$answer" = "Hello, World" ]
}

stop() {
  interrupt
  cat <&3
}

trap clean EXIT
trap 'exit 130' INT TERM
started=$(now)
need_tools curl=curl
timed prepare hack/prepare.sh
timed build make --no-print-directory build
timed setup bin/devloop setup --yes
timed deploy deploy
timed fetch fetch
timed stop stop
printf '\n'
printf '%s\n' "${times[@]}"
report '=' demo "$started" "$url answered: Hello, World"
