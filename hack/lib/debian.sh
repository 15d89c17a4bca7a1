# shellcheck shell=bash
# Installing on Debian and its relatives, as root; what is there is never replaced.
# To be sourced, after steps.sh.

# can_install tells whether this is a machine on which the scripts may install:
# Debian's package manager, and root.
can_install() { command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; }

# apt_install PACKAGE... installs, with one `apt-get update` for all scripts of a run
# (DEVLOOP_APT_UPDATED). What apt says is shown only where it fails.
apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  if [ -z "${DEVLOOP_APT_UPDATED:-}" ]; then
    apt-get update -qq >/dev/null 2>&1 || true # an outdated list may still do
    export DEVLOOP_APT_UPDATED=1
  fi
  local out
  out=$(apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=600 "$@" 2>&1) || {
    printf '%s\n' "$out" >&2
    return 1
  }
}

# need_tools COMMAND=PACKAGE... installs the packages whose commands are missing.
need_tools() {
  local pair missing=()
  for pair in "$@"; do
    command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  can_install || fail tools "$(now)" "not here: ${missing[*]}" "install them with this system's package manager"
  apt_install "${missing[@]}"
}
