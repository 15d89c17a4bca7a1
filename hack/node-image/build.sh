#!/usr/bin/env bash
# Builds a kind node image from package registries alone: Kubernetes, containerd and
# etcd from their Go modules, kind's node files from the sigs.k8s.io/kind module that
# devloop uses, the rest from Debian. No container registry is asked for anything.
#
#   hack/node-image/build.sh
#
# Does nothing where the engine has the image of this very recipe: the image's label
# devloop-cli.github.io/recipe holds the recipe's hash. The finished image is kept as an
# archive in ~/.cache/devloop/node-image/HASH, from which an engine that lost it gets it
# back in seconds. The first build compiles Kubernetes, about 12 minutes on 2 cores; as
# Go keeps what it compiled, a changed recipe takes about a minute. An interrupted build
# goes on where it was.
#
# The node's network is a static one (label devloop-cli.github.io/cni=static): clusters
# need disableDefaultCNI, and have no kube-proxy and no DNS.
#
# Needs: a Docker engine, Go, Debian and root.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/steps.sh
. ../lib/cache.sh
. ../lib/images.sh
. ../lib/debian.sh

kubernetes=v1.37.2 containerd=2.3.7 etcd=3.7.0-0 pause=3.10.2
image=devloop/node:$kubernetes
kind=$(cd ../.. && go list -m -f '{{.Version}}' sigs.k8s.io/kind)
hash=$(recipe_hash "kind $kind" .)
cache=$(cache_root)/node-image/$hash
container=devloop-node-build
began=$(now)

step() { report · node-image "$began" "$1"; }

# watched LOG WHAT COMMAND... runs a long command and says every half minute that it is
# still at work, with the last line of its log. The sleep is short so that the end of
# the command is the end of the step. Job control gives the command a process group, so
# that an interrupted run takes all of it along.
watched() {
  local log=$1 what=$2 next
  shift 2
  next=$(($(now) + 30000))
  set -m
  "$@" >"$log" 2>&1 9>&- &
  worker=$!
  set +m
  while kill -0 "$worker" 2>/dev/null; do
    sleep 0.3
    (($(now) < next)) || {
      step "    still $what, $(wc -l <"$log") lines of output so far. $(tail -1 "$log")"
      next=$((next + 30000))
    }
  done
  wait "$worker" || fail node-image "$began" "$what failed" "see its output: $(tail -5 "$log")"
  worker=
}

# build_kubernetes stamps the version into the programs as Kubernetes' own build does.
build_kubernetes() {
  local minor=${kubernetes#v1.} version=k8s.io/component-base/version
  cd kubernetes
  go build -v -trimpath \
    -ldflags "-s -w -X $version.gitVersion=$kubernetes -X $version.gitMajor=1 -X $version.gitMinor=${minor%%.*} -X $version.gitTreeState=clean -X k8s.io/client-go/pkg/version.gitVersion=$kubernetes" \
    -o "$1/" k8s.io/kubernetes/cmd/{kubelet,kubeadm,kubectl,kube-apiserver,kube-controller-manager,kube-scheduler}
}

# build_runtime makes what Kubernetes runs on.
build_runtime() {
  cd runtime
  go build -v -trimpath -tags "no_aufs no_zfs no_btrfs no_devmapper" \
    -ldflags "-s -w -X github.com/containerd/containerd/v2/version.Version=$containerd" -o "$1/" \
    ./etcd ./pause github.com/containerd/containerd/v2/cmd/{containerd,containerd-shim-runc-v2,ctr}
}

# once TARGET WHAT COMMAND... makes TARGET (a file or a directory) by `COMMAND TEMPORARY`
# unless an earlier run has finished it. Only what is complete gets the name.
once() {
  local target=$1 what=$2
  shift 2
  [ ! -e "$target" ] || return 0
  watched "$work/log" "$what" "$@" "$work/${target##*/}"
  mv "$work/${target##*/}" "$target"
}

root_file_system() {
  mmdebstrap --format=tar --variant=minbase --include="$(paste -sd, packages)" \
    --aptopt='Apt::Install-Recommends "false"' --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    bookworm "$1"
}

# node_files DIRECTORY lays out kind's own files and the programs, as they lie in the node.
node_files() {
  local source
  source=$(cd ../.. && go mod download sigs.k8s.io/kind && go list -m -f '{{.Dir}}' sigs.k8s.io/kind)
  cp -r --no-preserve=mode "$source/images/base/files" "$1"
  chmod 0755 "$1"/usr/local/bin/* "$1"/kind/bin/*
  mkdir -p "$1"/{usr/bin,opt/cni/bin,etc/cni/net.d,etc/kubernetes/manifests,kind/manifests}
  cp "$cache"/kubernetes/{kubelet,kubeadm,kubectl} "$1/usr/bin/"
  cp "$cache"/runtime/{containerd,containerd-shim-runc-v2,ctr} "$1/usr/local/bin/"
  cp 10-node.conflist "$1/etc/cni/net.d/"
  install -m 0755 install.sh "$1/install.sh"
  printf %s "$kubernetes" >"$1/kind/version"
  without_sys_resource "$1"
}

# without_sys_resource makes the node work where the host withholds CAP_SYS_RESOURCE, as
# sandboxes do: no lowering of OOM scores, no raising of limits.
without_sys_resource() {
  sed -i "s/restrict_oom_score_adj = false/restrict_oom_score_adj = true/; s#pause:3.10\"#pause:$pause\"#" "$1/etc/containerd/config.toml"
  sed -i '/^OOMScoreAdjust/d; /^Limit.*=infinity$/d' "$1/etc/systemd/system/containerd.service"
  "$cache/runtime/ctr" oci spec |
    jq '.hooks.createContainer += [{"path": "/kind/bin/mount-product-files.sh"}] | del(.process.rlimits)' >"$1/etc/containerd/cri-base.json"
}

# from_scratch BINARY makes devloop/node-build:NAME, an image of one static program.
from_scratch() {
  local name=${1##*/} root=$work/scratch
  rm -rf "$root"
  install -D -m 0755 "$1" "$root/usr/local/bin/$name"
  ln -s "usr/local/bin/$name" "$root/$name"
  tar -C "$root" -c . | docker import --change 'ENV PATH=/usr/local/bin' --change "ENTRYPOINT [\"/usr/local/bin/$name\"]" - "devloop/node-build:$name" >/dev/null
}

# control_plane prints, for each image of the control plane, its name in the node and
# the name under which it is built here: NAME=SOURCE.
control_plane() {
  local program
  for program in kube-apiserver kube-controller-manager kube-scheduler; do
    echo "registry.k8s.io/$program:$kubernetes=devloop/node-build:$program"
  done
  echo "registry.k8s.io/etcd:$etcd=devloop/node-build:etcd"
  echo "registry.k8s.io/pause:$pause=devloop/node-build:pause"
}

# assemble starts a container from the root file system, installs into it, and makes
# the image of it. `docker commit` can't set a stop signal, and systemd needs its own,
# so that a build on top of the commit sets it, and the labels.
assemble() {
  local program images
  mapfile -t images < <(control_plane)
  for program in "$cache"/kubernetes/kube-{apiserver,controller-manager,scheduler} "$cache"/runtime/{etcd,pause}; do from_scratch "$program"; done
  docker save --output "$work/node/control-plane.tar" "${images[@]#*=}"
  docker import "$cache/rootfs.tar" devloop/node-build:base >/dev/null
  docker run --detach --privileged --name "$container" --label devloop-cli.github.io/build=node-image --entrypoint sleep devloop/node-build:base infinity >/dev/null
  tar -C "$work/node" -c --owner=0 --group=0 . | docker cp - "$container:/"
  docker exec "$container" /install.sh "${images[@]}" >"$work/log" 2>&1 ||
    fail node-image "$began" "installing in the build container failed" "see its output: $(tail -5 "$work/log")"
  docker commit --change 'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]' "$container" devloop/node-build:commit >/dev/null
  DOCKER_BUILDKIT=0 docker build --quiet --tag "$image" --label "$stand_in_label=kindest/node" --label devloop-cli.github.io/cni=static \
    --label "$recipe_label=$hash" --label devloop-cli.github.io/build=done - >/dev/null 2>&1 <<'DOCKERFILE'
FROM devloop/node-build:commit
ENV container=docker
STOPSIGNAL SIGRTMIN+3
DOCKERFILE
}

# end_group PID ends a process group and waits until all of it is gone, half a minute at
# most: mmdebstrap takes its time to tidy up.
end_group() {
  local deadline=$(($(now) + 30000))
  kill -- "-$1" 2>/dev/null || true
  while kill -0 -- "-$1" 2>/dev/null && (($(now) < deadline)); do sleep 0.1; done
}

# clean removes what a run leaves, this one's or that of an earlier one that was killed.
# The container needs both our name and our label to be taken for ours.
clean() {
  [ -z "${worker:-}" ] || end_group "$worker"
  docker ps --all --quiet --filter "name=^$container\$" --filter label=devloop-cli.github.io/build=node-image | xargs -r docker rm --force --volumes >/dev/null 2>&1 || true
  docker images --quiet --filter 'reference=devloop/node-build:*' --format '{{.Repository}}:{{.Tag}}' | xargs -r docker rmi >/dev/null 2>&1 || true
  rm -rf "$cache"/work
}

# build does what the head of this file says, and leaves the archive in the cache.
build() {
  need_tools mmdebstrap=mmdebstrap jq=jq
  export CGO_ENABLED=0
  step "1/5 Kubernetes $kubernetes from its Go module: about 10 minutes on 2 cores, unless Go has compiled it before"
  once "$cache/kubernetes" "compiling Kubernetes" build_kubernetes
  step "2/5 containerd $containerd, etcd and pause from theirs"
  once "$cache/runtime" "compiling containerd and etcd" build_runtime
  step "3/5 Debian's root file system"
  once "$cache/rootfs.tar" "installing Debian's packages" root_file_system
  step "4/5 the image"
  node_files "$work/node"
  assemble
  step "5/5 its archive"
  docker save --output "$work/image.tar" "$image"
  mv "$work/image.tar" "$cache/image.tar"
  rm -rf "$cache"/{kubernetes,runtime,rootfs.tar}
}

is_current() { [ "$(image_label "$image" "$recipe_label")" = "$hash" ]; }

main() {
  if is_current; then
    report ✓ node-image "$began" "$image is there"
    return
  fi
  lock "$(cache_root)/node-image/.lock"
  mkdir -p "$cache"
  touch "$cache"
  work=$cache/work
  clean
  trap clean EXIT
  trap 'exit 130' INT TERM
  mkdir "$work"
  if is_current; then # another run has made it meanwhile
    report ✓ node-image "$began" "$image is there"
  elif [ -s "$cache/image.tar" ]; then
    docker load --quiet --input "$cache/image.tar" >/dev/null
    report + node-image "$began" "$image loaded from the cache"
  else
    build
    report + node-image "$began" "$image built"
  fi
  forget_old "$(cache_root)/node-image"
}

main
