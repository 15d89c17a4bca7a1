#!/usr/bin/env bash
# Starts a real minikube with containerd on a machine that cannot pull minikube's images. minikube
# and crictl are built from their Go modules; Kubernetes and the base image come from the node
# image that node-image/build.sh makes.
#
#   hack/minikube.sh start     its profile and context are called devloop-minikube
#   hack/minikube.sh delete
#
# Home and kubeconfig of this minikube are in ~/.cache/devloop/minikube; the script prints the two
# variables to set. The cluster has no kube-proxy and no DNS. The first run compiles for about 5
# minutes on 2 cores.
#
# Needs: Go, jq, an engine that has the node image, and root.
set -euo pipefail
cd "$(dirname "$0")"
. lib/steps.sh
. lib/cache.sh

# The last minikube that is published as a Go module. It configures a proxy that etcd 3.7 no longer has.
minikube=v1.36.0 crictl=v1.34.0 kubernetes=v1.37.2 profile=devloop-minikube
root=$(cache_root)/minikube
base=devloop/minikube-base:$minikube
began=$(now)
export MINIKUBE_HOME=$root KUBECONFIG=$root/kubeconfig

# source_of MODULE VERSION prints the path of a writable copy of the module's source.
source_of() {
  local copy
  copy=$(mktemp -d)
  cp -r --no-preserve=mode "$(go mod download -json "$1@$2" | jq -r .Dir)/." "$copy"
  printf %s "$copy"
}

# compile MODULE VERSION PACKAGE TARGET builds a program unless it exists.
compile() {
  local source
  [ ! -x "$4" ] || return 0
  report · minikube "$began" "$1 $2 from its Go module"
  source=$(source_of "$1" "$2")
  [ "$1" != k8s.io/minikube ] || sed -i '/proxy-refresh-interval/,+1d' "$source/pkg/minikube/bootstrapper/bsutil/ktmpl/v1beta4.go"
  (cd "$source" && CGO_ENABLED=0 go build -mod=mod -trimpath -o "$4" "$3")
  rm -rf "$source"
}

# base_image builds the base image, and copies the Kubernetes programs to where minikube caches its
# downloads.
base_image() {
  local work container program
  work=$(mktemp -d)
  cp minikube/* "$root/crictl" "$work/"
  chmod 0755 "$work/runc"
  DOCKER_BUILDKIT=0 docker build --quiet --network host --tag "$base" "$work" >/dev/null 2>&1
  rm -rf "$work"
  mkdir -p "$root/.minikube/cache/linux/amd64/$kubernetes"
  container=$(docker create "$base" none)
  for program in kubelet kubeadm kubectl; do docker cp --quiet "$container:/usr/bin/$program" "$root/.minikube/cache/linux/amd64/$kubernetes/"; done
  docker rm "$container" >/dev/null
}

start() {
  mkdir -p "$root"
  compile k8s.io/minikube "$minikube" ./cmd/minikube "$root/minikube"
  compile sigs.k8s.io/cri-tools "$crictl" ./cmd/crictl "$root/crictl"
  base_image
  "$root/minikube" start --profile "$profile" --driver=docker --force --interactive=false --container-runtime=containerd --base-image="$base" \
    --kubernetes-version="$kubernetes" --preload=false --cache-images=false --install-addons=false --cni=false --wait=none --memory=2000 --cpus=2 \
    --extra-config=kubelet.fail-cgroupv1=false --extra-config=kubelet.feature-gates=KubeletInUserNamespace=true \
    --extra-config=kubeadm.ignore-preflight-errors=ImagePull >"$root/start.log" 2>&1 ||
    fail minikube "$began" "it did not start" "read its log: less $root/start.log"
  report + minikube "$began" "$minikube started, Kubernetes $kubernetes on containerd"
  printf 'export MINIKUBE_HOME=%q KUBECONFIG=%q\n' "$MINIKUBE_HOME" "$KUBECONFIG"
}

case "${1:-}" in
  start) start ;;
  delete) "$root/minikube" delete --profile "$profile" ;;
  *) fail minikube "$began" "start or delete?" "hack/minikube.sh start" ;;
esac
