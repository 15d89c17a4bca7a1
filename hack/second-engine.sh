#!/usr/bin/env bash
# Starts a second Docker engine, version 28 from its Go module, next to the machine's own. It is for
# testing with both kinds of image store that users have.
#
#   hack/second-engine.sh graph         the default store up to Docker 28
#   hack/second-engine.sh containerd    the default store since Docker 29
#   hack/second-engine.sh stop
#
# Prints the engine's address for DOCKER_HOST on stdout, and messages on stderr. The engine has its
# own socket, data, network and processes, and does not touch the machine's engine. Only one of the
# two stores runs at a time; each keeps its images. An engine that is already running is reused.
#
# The first build takes about 4 minutes on 2 cores; the result is cached in ~/.cache/devloop/engine.
# containerd comes from the node image (node-image/build.sh), runc from the system.
#
# Needs: Linux, root, Go, jq, ip, runc, and an engine that has the node image.
set -euo pipefail
cd "$(dirname "$0")"
. lib/steps.sh
. lib/cache.sh

store=${1:?graph, containerd or stop}
version=v28.5.2+incompatible
node_image=devloop/node:v1.37.2
state=/run/devloop-engine data=/var/lib/devloop-engine
began=$(now)
bin=$(cache_root)/engine/${version%+*}

# build builds dockerd and docker-proxy. Docker lists its dependencies in vendor.mod; that becomes
# the go.mod of a module which imports the two programs. Go compiles a module without go.mod as Go
# 1.16, where loops share their variables, so -lang sets the version.
build() {
  local work source
  work=$(mktemp -d)
  report · engine "$began" "Docker Engine $version from its Go module: about 4 minutes on 2 cores"
  (
    cd "$work"
    source=$(go mod download -json "github.com/docker/docker@$version" | jq -r .Dir)
    { sed 's#^module .*#module devloop.test/engine#' "$source/vendor.mod"; echo "require github.com/docker/docker $version"; } >go.mod
    cp "$source/vendor.sum" go.sum
    chmod u+w go.mod go.sum
    printf 'package tools\n\nimport (\n\t_ "github.com/docker/docker/cmd/docker-proxy"\n\t_ "github.com/docker/docker/cmd/dockerd"\n)\n' >tools.go
    sed -i '1i //go:build tools\n' tools.go
    GOFLAGS=-mod=mod go build -trimpath -ldflags "-X github.com/docker/docker/dockerversion.Version=${version%+*}" -tags exclude_graphdriver_btrfs -gcflags="github.com/docker/docker/...=-lang=go1.23" \
      -o "$work/bin/" github.com/docker/docker/cmd/dockerd github.com/docker/docker/cmd/docker-proxy
  )
  containerd_into "$work/bin"
  mkdir -p "$(dirname "$bin")"
  rm -rf "$bin"
  mv "$work/bin" "$bin"
  rm -rf "$work"
}

# containerd_into DIRECTORY copies containerd's programs from the node image.
containerd_into() {
  local container program
  container=$(docker create "$node_image" none)
  for program in containerd containerd-shim-runc-v2 ctr; do docker cp --quiet "$container:/usr/local/bin/$program" "$1/"; done
  docker rm "$container" >/dev/null
}

# stop stops the engine of an earlier run, if the process in the pid file is ours.
stop() {
  local pid
  pid=$(cat "$state/docker.pid" 2>/dev/null || true)
  if [ -n "$pid" ] && grep -qs devloop-engine "/proc/$pid/cmdline"; then
    kill "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
  fi
}

# make_bridge creates the network of the engine's containers. An engine without a bridge of its own
# would remove docker0, and one with iptables would flush the other engine's chains. So this one has
# its own bridge and no iptables, and its containers reach only this machine.
make_bridge() {
  ip link show devloop0 >/dev/null 2>&1 && return
  ip link add name devloop0 type bridge
  ip addr add 172.31.240.1/24 dev devloop0
  ip link set devloop0 up
}

# start starts the engine detached, so that it outlives this script, and waits until it answers.
start() {
  local snapshotter=false deadline
  [ "$store" = graph ] || snapshotter=true
  mkdir -p "$state" "$data"
  make_bridge
  printf '{"features": {"containerd-snapshotter": %s}}\n' "$snapshotter" >"$state/daemon.json"
  echo "$store" >"$state/store"
  PATH=$bin:$PATH setsid "$bin/dockerd" --config-file "$state/daemon.json" --host "unix://$state/docker.sock" --bridge devloop0 --iptables=false --ip6tables=false --ip-masq=false \
    --data-root "$data" --exec-root "$state/exec" --pidfile "$state/docker.pid" >>/var/log/devloop-engine.log 2>&1 </dev/null 9>&- &
  deadline=$(($(now) + 60000))
  until answers; do
    (($(now) < deadline)) || fail engine "$began" "the second engine does not answer after a minute" "read its log: less /var/log/devloop-engine.log" >&2
    sleep 0.1
  done
}

answers() { bounded 5 docker --host "unix://$state/docker.sock" version >/dev/null 2>&1; }

main() {
  if [ "$store" = stop ]; then
    stop
    return
  fi
  [[ $store = graph || $store = containerd ]] || fail engine "$began" "no store is called \"$store\"" "hack/second-engine.sh graph"
  lock "$(cache_root)/engine/.lock"
  [ -x "$bin/ctr" ] || build >&2
  if [ "$(cat "$state/store" 2>/dev/null)" != "$store" ] || ! answers; then
    stop
    start
    report + engine "$began" "engine ${version%+*} started, image store: $store" >&2
  else
    report ✓ engine "$began" "engine ${version%+*} answers, image store: $store" >&2
  fi
  echo "unix://$state/docker.sock"
}

main
