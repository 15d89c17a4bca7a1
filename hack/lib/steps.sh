# shellcheck shell=bash
# What the scripts in hack/ say, and when: one line a check or a step, with its
# time, in the words and signs of `devloop setup`. To be sourced.
#
#   ✓ is there already      + was made just now      · is being made      ✗ failed

# now prints the time in milliseconds; bash 3, which macOS has, knows only seconds.
now() {
  if [ -n "${EPOCHREALTIME:-}" ]; then
    local micros=${EPOCHREALTIME/[.,]/}
    printf '%s' "$((micros / 1000))"
  else
    printf '%s000' "$(date +%s)"
  fi
}

# seconds_since MILLISECONDS prints the time since then, as in "12.34".
seconds_since() {
  local ms=$(($(now) - $1))
  printf '%d.%02d' "$((ms / 1000))" "$((ms % 1000 / 10))"
}

# report SIGN NAME MILLISECONDS-OF-THE-START TEXT prints one line.
report() {
  printf '%s %-14s %8s s  %s\n' "$1" "$2" "$(seconds_since "$3")" "$4"
}

# fail NAME MILLISECONDS-OF-THE-START TEXT [HINT...] reports why it can't go on, with a
# line for each thing that one can do about it, and ends the script.
fail() {
  report ✗ "$1" "$2" "$3" >&2
  shift 3
  local hint
  for hint in "$@"; do printf '    hint: %s\n' "$hint" >&2; done
  exit 1
}

# bounded SECONDS COMMAND... ends the command when it takes longer. Where there is
# no `timeout`, as on macOS, it runs unbounded.
bounded() {
  local limit=$1
  shift
  if command -v timeout >/dev/null; then timeout -k 2 "$limit" "$@"; else "$@"; fi
}
