#!/usr/bin/env bash
# Compiles Javac.java and Kotlinc.java, for Java 8, into the class files beside them that the builder
# carries. Run it when one has changed. Needs: javac of JDK 9 to 25.
set -euo pipefail
cd "$(dirname "$0")"
javac --release 8 -Xlint:-options -proc:none -g:none -d . io/github/devloop_cli/*.java
sha256sum io/github/devloop_cli/*.java >sources.sha256
