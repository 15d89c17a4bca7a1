#!/usr/bin/env bash
# Makes the base images of the samples' Dockerfiles and manifests available on the engine.
#
#   hack/base-images.sh
#
# Images that the engine already has are left alone; missing ones are pulled. An image that
# cannot be pulled is replaced by a local stand-in made from Debian packages, with the label
# devloop-cli.github.io/stand-in. Stand-ins are cached in ~/.cache/devloop/base-images by the
# hash of their recipe, so each is built once and restored in seconds.
#
# One Debian image stands in for both Java images. At about 350 MB it is larger than a jlink
# runtime (110 MB). That is intended: the real images have 270 to 470 MB, and devloop has to be
# fast with those.
#
# Needs: a Docker engine; for a stand-in, Debian and root.
set -euo pipefail
cd "$(dirname "$0")"
. lib/steps.sh
. lib/cache.sh
. lib/images.sh
. lib/debian.sh

archives=$(cache_root)/base-images

# make RECIPE IMAGE ARCHIVE builds a stand-in and archives it.
make() {
  need_tools mmdebstrap=mmdebstrap
  work=$(mktemp -d)
  trap 'rm -rf "$work" "$work.log"' EXIT
  base-images/rootfs.sh "$1" "$work/rootfs.tar"
  DOCKER_BUILDKIT=0 docker build --quiet --file "base-images/$1.Dockerfile" --tag "$2" \
    --label "$stand_in_label=$1" "$work" >/dev/null 2>"$work.log" ||
    fail image "$(now)" "$1: $(tail -1 "$work.log")"
  docker save --output "$3.new" "$2"
  mv "$3.new" "$3"
  rm -rf "$work" "$work.log"
}

# forget_older IMAGE removes stand-ins of older recipes that no container uses.
forget_older() {
  docker images --format '{{.Repository}}:{{.Tag}}' --filter "reference=${1%-*}-*" | grep -vFx "$1" |
    xargs -r docker rmi >/dev/null 2>&1 || true
}

# stand_in RECIPE IMAGE NAME... tags the stand-in IMAGE with the names. If the engine does not
# have it, it is loaded from the cache or built.
stand_in() {
  local recipe=$1 image=$2 began name
  shift 2
  local archive=$archives/${image#*:}.tar how="its stand-in is there"
  began=$(now)
  if has_image "$image"; then
    :
  elif [ -s "$archive" ]; then
    docker load --quiet --input "$archive" >/dev/null
    how="its stand-in is loaded from the cache"
  else
    report · image "$began" "$1: a stand-in is made of Debian's packages (about 40 s)"
    make "$recipe" "$image" "$archive"
    how="its stand-in is made"
  fi
  [ ! -e "$archive" ] || touch "$archive"
  forget_older "$image"
  for name in "$@"; do
    docker tag "$image" "$name"
    report + image "$began" "$name: it can't be pulled, $how"
  done
}

# ensure RECIPE NAME... makes the images of one recipe available. The stand-in's own name contains
# the hash of the recipe.
ensure() {
  local recipe=$1 image name began missing=()
  image=devloop/stand-in:$1-$(recipe_hash "$1" base-images/rootfs.sh "base-images/$1".*)
  shift
  for name in "$@"; do
    began=$(now)
    if has_image "$name" && [ -z "$(image_label "$name" "$stand_in_label")" ]; then
      report ✓ image "$began" "$name is there"
    elif pull "$name"; then
      report + image "$began" "$name pulled"
    elif has_image "$image" && [ "$(image_id "$name")" = "$(image_id "$image")" ]; then
      report ✓ image "$began" "$name: it can't be pulled, its stand-in is there"
    else
      missing+=("$name")
    fi
  done
  [ ${#missing[@]} -eq 0 ] || stand_in "$recipe" "$image" "${missing[@]}"
}

mkdir -p "$archives"
lock "$archives/.lock"
rm -f "$archives"/*.new
ensure java openjdk:17-jdk eclipse-temurin:17-jre
ensure nginx nginx:latest
forget_old "$archives"
