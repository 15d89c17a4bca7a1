#!/usr/bin/env bash
# Writes a root file system for a stand-in: a minimal Debian with the packages that
# RECIPE.packages names, without manuals. hack/base-images.sh calls it.
#
#   rootfs.sh RECIPE OUT.tar
#
# Needs mmdebstrap and root.
set -euo pipefail
cd "$(dirname "$0")"

# The hooks run in the host's shell and know the new root as $1:
# - the JRE's installation links into man1, which the lean system lacks;
# - java-17 is a name for the JRE's home on every architecture;
# - nginx logs to where `docker logs` and `kubectl logs` look.
# shellcheck disable=SC2016
exec mmdebstrap --quiet --variant=minbase --include="$(paste -sd, "$1.packages")" \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --setup-hook='mkdir -p "$1/usr/share/man/man1"' \
  --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1"/etc/apt/sources.list.d/*' \
  --customize-hook='for home in "$1"/usr/lib/jvm/java-17-openjdk-*; do [ ! -d "$home" ] || ln -sfn "${home##*/}" "$1/usr/lib/jvm/java-17"; done' \
  --customize-hook='[ ! -d "$1/var/log/nginx" ] || { ln -sf /dev/stdout "$1/var/log/nginx/access.log"; ln -sf /dev/stderr "$1/var/log/nginx/error.log"; }' \
  bookworm "$2"
