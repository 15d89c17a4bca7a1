#!/usr/bin/env bash
# Takes a new colleague from an empty laptop to a running project. Copy it for your team, and
# replace the sample by your own project.
#
#   samples/onboarding.sh [PROJECT]
#
# You can run it again at any time: nothing that exists is replaced. If no container registry can be
# reached, set IMAGES to an archive that `devloop bundle` made elsewhere: IMAGES=images.tar.
# It makes the changes that docs/setup.md lists, without asking.
#
# Needs: devloop, or Go to build it from this clone.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "${1:-$here/spring-server}" && pwd)

# Use devloop from the PATH, or build it.
if ! command -v devloop >/dev/null; then
  make -C "$here/.." --no-print-directory build
  PATH="$here/../bin:$PATH"
fi

cd "$project"

# 1. The machine: engine, cluster, images, limits.
devloop setup --yes ${IMAGES:+--images "$IMAGES"}

# 2. The settings, with an explanation of each.
[ -e devloop.yaml ] || devloop init --quiet

# 3. The first deploy, which shows that everything works.
devloop deploy --quiet

# 4. Next steps.
cat <<'TEXT'

It works. Now:

  devloop run                     # deploys again at every save
  devloop status                  # what runs, and where it is reached
  source <(devloop completion bash)
TEXT
