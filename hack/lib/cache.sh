# shellcheck shell=bash
# What hack/ makes is kept outside the clone, under the hash of the recipe that
# made it, so that a `git clean`, a second clone or an engine that lost its images
# costs no second build. To be sourced.

# cache_root prints where everything is kept.
cache_root() { printf '%s/devloop' "${XDG_CACHE_HOME:-$HOME/.cache}"; }

# recipe_hash ALSO PATH... prints 12 hex digits of the content of all files below the
# paths, their names, the machine's architecture, and ALSO, which is any text. Call it
# from a fixed directory: names are taken as given.
recipe_hash() {
  {
    uname -m
    printf '%s\n' "$1"
    shift
    find "$@" -type f -print | LC_ALL=C sort | while IFS= read -r file; do sha256sum "$file"; done
  } | sha256sum | cut -c1-12
}

# lock FILE waits until no other run holds FILE, then holds it until this process
# ends. The descriptor is 9: what must outlive the script has to close it (9>&-).
lock() {
  mkdir -p "$(dirname "$1")"
  exec 9>"$1"
  flock -n 9 || {
    echo "another run of this script is at work: waiting for it" >&2
    flock 9
  }
}

# forget_old DIRECTORY removes the entries of DIRECTORY that no run has used for two
# weeks; a run marks what it uses with `touch`.
forget_old() {
  find "$1" -mindepth 1 -maxdepth 1 ! -name '.*' -mtime +14 -exec rm -rf {} +
}
