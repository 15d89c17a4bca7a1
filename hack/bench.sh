#!/usr/bin/env bash
# Times the same edits by hand and with devloop on the test cluster, and with Skaffold where it is on the PATH. Arguments
# are passed to hack/bench, whose comment explains them.
#
#   hack/bench.sh                              or: make bench      about 25 minutes on two cores
#   hack/bench.sh -n 20 -hand 5 -sample samples/clinic
#   hack/bench.sh -waits -n 20
#   hack/bench.sh -soak 1000 -sample samples/spring-server
#   hack/bench.sh -services 10 -n 3
#
# Needs: bin/devloop (`make build`), and what hack/prepare.sh provides. The manual way also needs
# kind, which is built from devloop's own dependency, and kubectl, which is copied from the
# cluster's node if it is not on the PATH. Both go to bin/.
set -euo pipefail
cd "$(dirname "$0")/.."
. hack/lib/cluster.sh

hack/prepare.sh
hack/test-cluster.sh
go build -o bin/kind sigs.k8s.io/kind
command -v kubectl >/dev/null || docker cp "$test_cluster-control-plane:/usr/bin/kubectl" bin/kubectl
KUBECONFIG=$(test_kubeconfig) PATH=$PATH:$PWD/bin exec go run ./hack/bench -kind "$PWD/bin/kind" -cluster "$test_cluster" "$@"
