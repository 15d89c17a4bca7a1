# shellcheck shell=bash
# Prints the progress of the scripts in hack/: one line per check or step, with its time and the
# signs of `devloop setup`. To be sourced.
#
#   ✓ already there      + just made      · in progress      ✗ failed

# now prints the time in milliseconds, or in full seconds with the bash 3 of macOS.
now() {
  if [ -n "${EPOCHREALTIME:-}" ]; then
    local micros=${EPOCHREALTIME/[.,]/}
    printf '%s' "$((micros / 1000))"
  else
    printf '%s000' "$(date +%s)"
  fi
}

# seconds_since MILLISECONDS prints the seconds since then, as in "12.34".
seconds_since() {
  local ms=$(($(now) - $1))
  printf '%d.%02d' "$((ms / 1000))" "$((ms % 1000 / 10))"
}

# report SIGN NAME START-MILLISECONDS TEXT prints one line.
report() {
  printf '%s %-14s %8s s  %s\n' "$1" "$2" "$(seconds_since "$3")" "$4"
}

# fail NAME START-MILLISECONDS TEXT [HINT...] reports an error with one line per hint, and exits.
fail() {
  report ✗ "$1" "$2" "$3" >&2
  shift 3
  local hint
  for hint in "$@"; do printf '    hint: %s\n' "$hint" >&2; done
  exit 1
}

# bounded SECONDS COMMAND... runs a command with a time limit, if `timeout` exists (not on macOS).
bounded() {
  local limit=$1
  shift
  if command -v timeout >/dev/null; then timeout -k 2 "$limit" "$@"; else "$@"; fi
}
