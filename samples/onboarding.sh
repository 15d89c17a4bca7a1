#!/usr/bin/env bash
# Gets a new colleague from an empty laptop to a running project: what a company puts
# into its handbook. Copy it, and put your own project in place of the sample.
#
#   samples/onboarding.sh [PROJECT]
#
# Run it as often as you like: what is there stays. Where no container registry can be
# reached, name an archive that `devloop bundle` made elsewhere: IMAGES=images.tar.
# It changes what docs/setup.md says, without asking.
#
# Needs: devloop, or Go to build it from this clone.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "${1:-$here/spring-server}" && pwd)

# devloop from the PATH, else from this clone.
if ! command -v devloop >/dev/null; then
  make -C "$here/.." --no-print-directory build
  PATH="$here/../bin:$PATH"
fi

cd "$project"

# 1. The machine: engine, cluster, images, limits.
devloop setup --yes ${IMAGES:+--images "$IMAGES"}

# 2. The settings, every key explained, for who wants to change one.
[ -e devloop.yaml ] || devloop init --quiet

# 3. The first deploy, which proves that all of it works.
devloop deploy --quiet

# 4. What comes next.
cat <<'TEXT'

It works. Now:

  devloop run                     # deploys again at every save
  devloop status                  # what runs, and where it is reached
  source <(devloop completion bash)
TEXT
