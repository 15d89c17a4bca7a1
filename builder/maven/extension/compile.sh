#!/usr/bin/env bash
# Compiles Model.java, Kotlin.java and Omit.java, for Java 8, into the class files beside them that the
# builder carries. Run it when one has changed.
#
#   builder/maven/extension/compile.sh MAVEN_HOME
#
# MAVEN_HOME is an installation of Maven 3, such as /usr/share/maven. Needs: javac of
# JDK 9 to 25.
set -euo pipefail
maven=${1:?usage: compile.sh MAVEN_HOME}
cd "$(dirname "$0")"
javac --release 8 -Xlint:-options -proc:none -g:none -cp "$maven/lib/*" -d . io/github/devloop_cli/*.java
sha256sum io/github/devloop_cli/*.java >sources.sha256
