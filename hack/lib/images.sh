# shellcheck shell=bash
# Images: is it on the engine, can it be pulled, is a stand-in of ours current.
# To be sourced, after steps.sh.

# Labels on the images that hack/ makes. A stand-in names what it stands for; the
# recipe's hash tells whether it is current.
export stand_in_label=devloop-cli.github.io/stand-in recipe_label=devloop-cli.github.io/recipe

# image_label IMAGE LABEL prints the label's value; nothing where either is missing.
image_label() {
  docker image inspect --format "{{with .Config.Labels}}{{index . \"$2\"}}{{end}}" "$1" 2>/dev/null || true
}

# has_image IMAGE tells whether the engine has it.
has_image() { docker image inspect "$1" >/dev/null 2>&1; }

# image_id IMAGE prints its ID; nothing where the engine lacks it.
image_id() { docker image inspect --format '{{.Id}}' "$1" 2>/dev/null || true; }

# pull IMAGE pulls it if its registry answers within 20 seconds, and takes the time
# that it needs from there on. It is silent, and fails where there is no registry.
# Docker says "Pulling from" as soon as it has the manifest: a registry that is cut
# off keeps `docker pull` waiting for minutes before that line.
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
