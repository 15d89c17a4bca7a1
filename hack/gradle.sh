#!/usr/bin/env bash
# Makes Gradles of other versions for the tests, where one may not be downloaded as a distribution: each is put together
# from artifacts that Maven can get.
#
#   hack/gradle.sh 7.6.4 8.5
#
# The Gradle of a version is then at ~/.cache/devloop/gradle/VERSION/bin/gradle. It stays there until the recipe changes.
# Its daemons know each other there and not in ~/.gradle: one of another Gradle of the same version, or of an older
# recipe, has other classes. A version takes about 20 s and 200 MB. It runs the real plugins of Spring Boot and Kotlin,
# but not the Kotlin DSL, and its Java compiler compiles all sources each time. 7.6.4 and 8.5 work; from 8.8 on,
# gradle-api no longer has all classes.
#
# Needs: a JDK and Maven.
set -euo pipefail
cd "$(dirname "$0")"
. lib/steps.sh
. lib/cache.sh

gradles=$(cache_root)/gradle

# fetch COORDINATES DIRECTORY copies an artifact to the directory, within five minutes.
fetch() {
  local log=$work/maven.log
  if ! bounded 300 mvn --quiet --batch-mode dependency:get "-Dartifact=$1" -Dtransitive=false >"$log" 2>&1 ||
    ! bounded 60 mvn --quiet --batch-mode --offline dependency:copy "-Dartifact=$1" "-DoutputDirectory=$2" >>"$log" 2>&1; then
    fail gradle "$began" "Maven can't get $1: $(grep -m 1 ERROR "$log" || tail -1 "$log")" "check the network, and the mirrors in ~/.m2/settings.xml"
  fi
}

# libraries copies the libraries whose file names are read from the standard input to a directory.
libraries() {
  local file name
  while IFS= read -r file; do
    name=${file%.jar}
    case $file in
      groovy*) fetch "org.codehaus.groovy:${name%-*}:${name##*-}" "$1" ;;
      *) fetch "org.jetbrains.kotlin:${name%-*}:${name##*-}" "$1" ;;
    esac
  done
}

# assemble VERSION DIRECTORY makes a distribution.
assemble() {
  mkdir -p "$2/lib/plugins" "$2/lib/agents" "$2/bin" "$2/init.d" "$work/classes"
  fetch "dev.gradleplugins:gradle-api:$1" "$2/lib"
  javac -nowarn -d "$work/classes" gradle/IncrementalCompileTask.java
  java gradle/Assemble.java "$1" "$2/lib" "$work/classes" >"$work/libraries"
  libraries "$2/lib" <"$work/libraries"
  cp gradle/gradle "$2/bin/"
  cp gradle/central.gradle "$2/init.d/"
  printf '%s\n' org.gradle.internal.instrumentation.agent=false "org.gradle.daemon.registry.base=$gradles/$1/daemon" >"$2/gradle.properties"
  bounded 60 "$2/bin/gradle" --version >"$work/version" 2>&1 || fail gradle "$began" "the assembled $1 does not run: $(tail -1 "$work/version")"
}

# ensure VERSION makes a Gradle, unless the recipe's is there.
ensure() {
  local began recipe
  began=$(now)
  recipe=$(recipe_hash "$1" gradle.sh gradle)
  if [ "$(cat "$gradles/$1/recipe" 2>/dev/null)" = "$recipe" ]; then
    report ✓ gradle "$began" "$1 is there"
    return
  fi
  report · gradle "$began" "$1 is put together from Maven artifacts (about 20 s)"
  work=$(mktemp -d "$gradles/.new-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  assemble "$1" "$work/gradle"
  echo "$recipe" >"$work/gradle/recipe"
  [ ! -e "$gradles/$1" ] || mv "$gradles/$1" "$work/old"
  mv "$work/gradle" "$gradles/$1"
  rm -rf "$work"
  report + gradle "$began" "$1, in ${gradles/#$HOME/\~}"
}

[ $# -gt 0 ] || fail gradle "$(now)" "no version given" "hack/gradle.sh 7.6.4 8.5"
mkdir -p "$gradles"
lock "$gradles/.lock"
for version in "$@"; do ensure "$version"; done
