#!/usr/bin/env bash
# Compiles Spare.java and the stub, for Java 17, into the class files beside them that the builder
# carries. Run it when the source has changed.
#
#   builder/spare/compile.sh CLASSPATH
#
# CLASSPATH holds spring-boot, spring-boot-autoconfigure, spring-context, spring-core, spring-web, spring-webmvc,
# spring-data-jpa and its libraries, of Spring Boot 3 or later. Needs: javac of JDK 17 to 25.
set -euo pipefail
classpath=${1:?usage: compile.sh CLASSPATH}
cd "$(dirname "$0")"
mapfile -t sources < <(find io -name '*.java' | LC_ALL=C sort)
javac --release 17 -Xlint:-options -proc:none -g:none -implicit:none -cp "$classpath:../launcher:." -parameters -d . "${sources[@]}"
sha256sum "${sources[@]}" >sources.sha256
