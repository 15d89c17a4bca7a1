# shellcheck shell=bash
# Installs packages on Debian and its derivatives, as root. To be sourced, after steps.sh.

# can_install checks whether the scripts may install packages: apt-get exists, and we are root.
can_install() { command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; }

# apt_install PACKAGE... installs packages. `apt-get update` runs once for all scripts of a run
# (DEVLOOP_APT_UPDATED). The output of apt is shown only if it fails.
apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  if [ -z "${DEVLOOP_APT_UPDATED:-}" ]; then
    apt-get update -qq >/dev/null 2>&1 || true # the old list may be good enough
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
