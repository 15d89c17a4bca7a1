#!/usr/bin/env bash
# Demonstrates devloop from an empty machine: prepares the machine, builds devloop, creates the
# cluster, deploys samples/spring-server, and fetches `Hello, World` from localhost through
# devloop's port-forward. Prints how long each step took.
#
#   hack/demo.sh        or: make demo
#
# A second run takes seconds, since it uses what the first one made. The cluster "devloop" and its
# Pod stay. No process stays, however the script ends.
#
# Needs: bash, Go, make; hack/prepare.sh installs the rest.
set -euo pipefail
cd "$(dirname "$0")/.."
. hack/lib/steps.sh
. hack/lib/debian.sh

work=$(mktemp -d)
devloop=  # its process ID while it runs
times=()  # the summary, one line per step

# timed NAME COMMAND... runs a step and records how long it took.
timed() {
  local name=$1 began
  shift
  began=$(now)
  printf '\n== %s\n' "$name"
  "$@" || fail "$name" "$began" "failed: $*"
  times+=("$(report + "$name" "$began" "")")
}

# interrupt stops devloop as Ctrl+C does, and kills it after ten seconds. devloop leads a process
# group, so its children end too.
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

# start runs `devloop deploy --forward` with its output on descriptor 3. Job control gives it a
# process group and lets it receive SIGINT, which the shell otherwise ignores in background
# processes.
start() {
  mkfifo "$work/lines"
  set -m
  bin/devloop deploy --forward samples/spring-server >"$work/lines" 2>&1 &
  devloop=$!
  set +m
  exec 3<"$work/lines"
}

# follow prints devloop's output up to the line with the address of the running application, and
# stores that address in url. devloop prints the address once before, while requests wait.
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
