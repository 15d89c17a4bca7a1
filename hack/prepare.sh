#!/usr/bin/env bash
# Prepares this machine for `make demo` and `make test`: a JDK, Gradle, Maven, a C compiler for the
# race detector, a Docker engine, a kind node image, and the base images of the samples.
#
#   hack/prepare.sh           what the demo needs
#   hack/prepare.sh short     and what `make test` needs: another Gradle
#   hack/prepare.sh long      and what `make test-long` needs: two of them, and Chromium
#
# Nothing that exists is replaced. Images are pulled if Docker and its registry can be reached. On
# Debian, as root, the script installs what is missing: programs with apt, an engine with
# engine.sh, the node image with node-image/build.sh, base images with base-images.sh. On other
# machines it says what is missing and how to get it; tests that need it are skipped. The script
# fails at the end if something is missing that DEVLOOP_REQUIRE names (docker, kind, gradle, maven,
# gradle-7.6.4, gradle-8.5, chromium).
#
# If nothing is missing, it takes about two seconds and changes nothing.
#
# Needs: bash and Go.
set -euo pipefail
cd "$(dirname "$0")"
. lib/steps.sh
. lib/images.sh
. lib/debian.sh

absent=()

# lack NAME SINCE TEXT HINT reports something that is missing and cannot be installed here.
lack() {
  report ✗ "$1" "$2" "$3"
  printf '    hint: %s\n' "$4"
  absent+=("$1")
}

# java_major prints the major version of the JDK on the PATH, or nothing if there is no JDK.
java_major() {
  command -v javac >/dev/null || return 0
  java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p'
}

check_jdk() {
  local began major
  began=$(now)
  major=$(java_major)
  if [ "${major:-0}" -ge 17 ]; then
    report ✓ jdk "$began" "Java $major"
  elif [ -z "$major" ] && can_install && apt_install openjdk-17-jdk-headless; then
    report + jdk "$began" "Java $(java_major), Debian's"
  else
    lack jdk "$began" "${major:+Java $major, }a JDK from 17 on is needed" "install one: https://adoptium.net"
  fi
}

# check_gradle is satisfied by the samples' wrapper if that can download its Gradle.
check_gradle() {
  local began
  began=$(now)
  if command -v gradle >/dev/null; then
    report ✓ gradle "$began" "$(command -v gradle)"
  elif (cd ../samples/spring-server && bounded 300 ./gradlew --quiet --version >/dev/null 2>&1); then
    report ✓ gradle "$began" "the samples' wrapper"
  elif can_install && apt_install gradle; then
    report + gradle "$began" "Debian's, as the wrapper can't fetch its own"
  else
    lack gradle "$began" "not on the PATH, and the samples' wrapper can't fetch its own" "install it: https://gradle.org/install"
  fi
}

# other_gradles VERSION... makes Gradles beside the machine's own.
other_gradles() {
  local version
  for version in "$@"; do
    ./gradle.sh "$version" || absent+=("gradle-$version") # it reports its own failures
  done
}

# check_program NAME COMMAND PACKAGE HINT checks for a program of any version.
check_program() {
  local began
  began=$(now)
  if command -v "$2" >/dev/null; then
    report ✓ "$1" "$began" "$(command -v "$2")"
  elif can_install && apt_install "$3"; then
    report + "$1" "$began" "Debian's"
  else
    lack "$1" "$began" "$2 is not on the PATH" "$4"
  fi
}

# default_node_image prints the default node image of the kind library.
default_node_image() {
  (
    cd ..
    go mod download sigs.k8s.io/kind
    sed -n 's/^const Image = "\(.*\)"/\1/p' "$(go list -m -f '{{.Dir}}' sigs.k8s.io/kind)/pkg/apis/config/defaults/image.go"
  )
}

node_image() {
  local began image
  began=$(now)
  image=$(default_node_image)
  if has_image "$image"; then
    report ✓ kind "$began" "${image%@*} is there"
  elif pull "$image"; then
    report + kind "$began" "${image%@*} pulled"
  elif can_install; then
    node-image/build.sh || absent+=(kind)
  else
    lack kind "$began" "${image%@*} can't be pulled" "docker pull ${image%@*}"
  fi
}

engine_and_images() {
  if ! ./engine.sh; then
    absent+=(docker kind)
    return
  fi
  node_image
  ./base-images.sh || true # it reports its own failures
}

# required fails if something is missing that DEVLOOP_REQUIRE names.
required() {
  local name
  for name in ${absent[@]+"${absent[@]}"}; do
    case ",${DEVLOOP_REQUIRE:-}," in
      *",$name,"*) fail prepare "$1" "DEVLOOP_REQUIRE names $name, which is not here" ;;
    esac
  done
}

started=$(now)
check_jdk
check_gradle
check_program maven mvn maven "install it: https://maven.apache.org/install.html"
check_program compiler cc gcc "install gcc or clang: go test -race needs it"
case ${1:-} in
  short) other_gradles 8.5 ;;
  long)
    other_gradles 7.6.4 8.5
    check_program chromium chromedriver chromium-driver "install Chromium and its driver: https://www.chromium.org" # the page is tested in it
    ;;
esac
engine_and_images
required "$started"
report '=' prepare "$started" "done${absent[*]:+, without ${absent[*]}}"
