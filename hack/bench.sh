#!/usr/bin/env bash
# Times the same edit by hand and by devloop on the test cluster, with hack/bench. The
# arguments go to it.
#
#   hack/bench.sh -n 5        or: make bench
#
# Needs: bin/devloop (`make build`), and what hack/prepare.sh provides. The commands that
# only the way by hand needs are made in bin/: kind from devloop's own dependency, and
# kubectl, where there is none, from the cluster's node.
set -euo pipefail
cd "$(dirname "$0")/.."
. hack/lib/cluster.sh

hack/prepare.sh
hack/test-cluster.sh
go build -o bin/kind sigs.k8s.io/kind
command -v kubectl >/dev/null || docker cp "$test_cluster-control-plane:/usr/bin/kubectl" bin/kubectl
KUBECONFIG=$(test_kubeconfig) PATH=$PATH:$PWD/bin exec go run ./hack/bench -kind "$PWD/bin/kind" -cluster "$test_cluster" "$@"
