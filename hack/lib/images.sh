# shellcheck shell=bash
# Inspects and pulls images. To be sourced, after steps.sh.

# Labels of the images that hack/ builds: the name of the image that a stand-in replaces, and the
# hash of its recipe.
export stand_in_label=devloop-cli.github.io/stand-in recipe_label=devloop-cli.github.io/recipe

# image_label IMAGE LABEL prints the label's value, or nothing.
image_label() {
  docker image inspect --format "{{with .Config.Labels}}{{index . \"$2\"}}{{end}}" "$1" 2>/dev/null || true
}

# has_image IMAGE checks whether the engine has the image.
has_image() { docker image inspect "$1" >/dev/null 2>&1; }

# image_id IMAGE prints the image's ID, or nothing if the engine does not have it.
image_id() { docker image inspect --format '{{.Id}}' "$1" 2>/dev/null || true; }

# pull IMAGE pulls an image silently, and fails if the registry does not answer within 20 seconds.
# Docker prints "Pulling from" as soon as it has the manifest; before that, `docker pull` may wait
# for minutes for a registry that cannot be reached. The download itself has no time limit.
pull() {
  local log pid deadline
  log=$(mktemp)
  docker pull "$1" >"$log" 2>&1 &
  pid=$!
  deadline=$(($(now) + 20000))
  while kill -0 "$pid" 2>/dev/null && ! grep -q 'Pulling from' "$log"; do
    if (($(now) > deadline)); then
      kill "$pid" 2>/dev/null || true
      break
    fi
    sleep 0.1
  done
  local status=0
  wait "$pid" 2>/dev/null || status=$?
  rm -f "$log"
  return "$status"
}
