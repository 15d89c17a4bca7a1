#!/usr/bin/env bash
# Compiles Launch.java and Train.java, for Java 8, into the class files beside them that
# the builder carries. Run it when one of the two has changed.
#
#   builder/cds/compile.sh CLASSPATH
#
# CLASSPATH holds spring-beans, spring-boot, spring-boot-autoconfigure, spring-context,
# spring-core and spring-web, of any version. Needs: javac of JDK 9 to 25.
set -euo pipefail
classpath=${1:?usage: compile.sh CLASSPATH}
cd "$(dirname "$0")"
javac --release 8 -Xlint:-options -proc:none -g:none -cp "$classpath" -d . io/github/devloop_cli/*.java
sha256sum io/github/devloop_cli/*.java >sources.sha256
