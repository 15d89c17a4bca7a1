#!/usr/bin/env bash
# Installs a Debian package of devloop in a clean container, uses it, and removes it. Fails where the program, its manual
# page or a completion is missing, or where a file stays.
#
#   hack/try-deb.sh dist/devloop_1.2.0_linux_amd64.deb [IMAGE]
#
# IMAGE is a Debian with dpkg (default: debian:stable).
#
# Needs: Docker, with an engine on this machine.
set -euo pipefail
package=$(realpath "$1")

docker run --rm --network none --volume "$package:/devloop.deb:ro" "${2:-debian:stable}" sh -euc '
  files() { find / -xdev \( -path /tmp -o -path /var/lib/dpkg -o -path /var/cache -o -path /var/log \) -prune -o -print | sort; }
  files >/tmp/before
  dpkg --install /devloop.deb
  dpkg --listfiles devloop
  devloop version
  devloop explain Pod
  devloop __complete de
  for file in share/man/man1/devloop.1 share/bash-completion/completions/devloop share/zsh/vendor-completions/_devloop \
    share/fish/vendor_completions.d/devloop.fish share/doc/devloop/copyright; do
    dpkg --listfiles devloop | grep -q "^/usr/$file" || { echo "the package lacks /usr/$file"; exit 1; }
  done
  dpkg --purge devloop
  files >/tmp/after
  diff /tmp/before /tmp/after && echo "nothing is left"'
