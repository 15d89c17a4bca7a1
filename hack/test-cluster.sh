#!/usr/bin/env bash
# Creates or restarts the kind cluster of the tests, with devloop itself.
#
#   hack/test-cluster.sh
#
# Does nothing if the cluster answers. The cluster has its own kubeconfig, where hack/real expects
# it: DEVLOOP_TEST_KUBECONFIG, or devloop/test.kubeconfig in the user's cache directory.
# ~/.kube/config is neither read nor written.
#
# Without a Docker engine the script does nothing and the tests are skipped, unless DEVLOOP_REQUIRE
# names kind: then it fails.
#
# Needs: bin/devloop (`make build`), and what hack/prepare.sh provides.
set -euo pipefail
cd "$(dirname "$0")/.."
. hack/lib/steps.sh
. hack/lib/cluster.sh

began=$(now)

if ! bounded 10 docker version >/dev/null 2>&1; then
  case ",${DEVLOOP_REQUIRE:-}," in
    *,kind,*) fail cluster "$began" "DEVLOOP_REQUIRE names kind, and no Docker engine answers" "hack/prepare.sh" ;;
  esac
  report - cluster "$began" "no Docker engine answers: tests that need $test_cluster skip"
  exit
fi

kubeconfig=$(test_kubeconfig)
mkdir -p "$(dirname "$kubeconfig")"
bin/devloop setup --yes --cluster "$test_cluster" --kubeconfig "$kubeconfig"
