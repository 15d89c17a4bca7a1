# shellcheck shell=bash
# The cache of what hack/ builds. It is outside the clone and keyed by the hash of the recipe, so
# nothing is built again after `git clean`, in a second clone, or when an engine has lost its images.
# To be sourced.

# cache_root prints the directory of the cache.
cache_root() { printf '%s/devloop' "${XDG_CACHE_HOME:-$HOME/.cache}"; }

# recipe_hash TEXT PATH... prints 12 hex digits of a hash over TEXT, the machine's architecture, and
# the names and contents of all files below the paths. Call it from a fixed directory: the names
# count as given.
recipe_hash() {
  {
    uname -m
    printf '%s\n' "$1"
    shift
    find "$@" -type f -print | LC_ALL=C sort | while IFS= read -r file; do sha256sum "$file"; done
  } | sha256sum | cut -c1-12
}

# lock FILE waits for the lock on FILE and holds it until this process ends. It uses descriptor 9;
# a process that outlives the script must close that (9>&-).
lock() {
  mkdir -p "$(dirname "$1")"
  exec 9>"$1"
  flock -n 9 || {
    echo "waiting for another run of this script" >&2
    flock 9
  }
}

# forget_old DIRECTORY removes entries that no run has touched for two weeks.
forget_old() {
  find "$1" -mindepth 1 -maxdepth 1 ! -name '.*' -mtime +14 -exec rm -rf {} +
}
