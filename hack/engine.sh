#!/usr/bin/env bash
# Makes sure that a Docker engine answers.
#
#   hack/engine.sh
#
# Does nothing if one already answers. On Debian, as root, it installs docker.io if there is no
# engine, cleans up after an engine that was killed, and starts the engine: with systemd if that
# is running, otherwise detached, so that it outlives this script. On other systems it prints the
# commands to run.
#
# Images, containers and networks are kept. A kind cluster comes back with its engine.
set -euo pipefail
cd "$(dirname "$0")"
. lib/steps.sh
. lib/cache.sh
. lib/debian.sh

log=/var/log/dockerd.log
began=$(now)

# engine prints the version of the engine, and fails if none answers.
engine() { bounded 10 docker version --format '{{.Server.Version}}' 2>/dev/null; }

# is_ours PID NAME checks whether the process is NAME. The process ID of a killed engine may belong
# to another program by now, or to a zombie.
is_ours() {
  [ -r "/proc/$1/status" ] || return 1
  [ "$(awk '/^Name:/ {print $2}' "/proc/$1/status")" = "$2" ] && [ "$(awk '/^State:/ {print $2}' "/proc/$1/status")" != Z ]
}

# pid_in FILE prints the process ID in FILE, or nothing.
pid_in() { [ ! -s "$1" ] || cat "$1"; }

# advise fails with instructions, on a machine where this script cannot start an engine.
advise() {
  if [ -n "${DOCKER_HOST:-}" ]; then
    fail docker "$began" "no engine answers at DOCKER_HOST=$DOCKER_HOST" "unset DOCKER_HOST    # to use this machine's own"
  fi
  if [ "$(uname -s)" = Darwin ]; then
    fail docker "$began" "no Docker engine answers" "open -a Docker    # after: brew install --cask docker"
  fi
  if [ -S /var/run/docker.sock ] && [ ! -w /var/run/docker.sock ]; then
    fail docker "$began" "$(id -un) may not use the Docker engine" "sudo usermod -aG docker $(id -un) && newgrp docker"
  fi
  if command -v dockerd >/dev/null; then
    fail docker "$began" "no Docker engine answers" "sudo systemctl start docker"
  fi
  if command -v apt-get >/dev/null; then
    fail docker "$began" "no Docker engine here" "sudo apt-get install docker.io && sudo usermod -aG docker $(id -un) && newgrp docker"
  fi
  fail docker "$began" "no Docker engine here" "install one: https://docs.docker.com/engine/install/"
}

install_engine() {
  report · docker "$began" "installing Debian's docker.io"
  # docker.io only recommends iptables and cgroupfs-mount; the runtime below needs jq.
  apt_install docker.io containerd runc iptables cgroupfs-mount jq
}

# use_lean_runtime installs a runtime that works without CAP_SYS_RESOURCE (number 24 in
# capability.h), if this machine withholds that. It does not change an existing daemon.json.
use_lean_runtime() {
  local bounding
  bounding=$(awk '/^CapBnd:/ {print $2}' /proc/self/status)
  (((0x$bounding >> 24 & 1) == 0)) || return 0
  install -D -m 0755 runc-without-sys-resource /usr/local/bin/runc-without-sys-resource
  [ ! -e /etc/docker/daemon.json ] || return 0
  mkdir -p /etc/docker
  cat >/etc/docker/daemon.json <<'JSON'
{
  "runtimes": {"runc-without-sys-resource": {"path": "/usr/local/bin/runc-without-sys-resource"}},
  "default-runtime": "runc-without-sys-resource"
}
JSON
}

# clear_away removes what a killed engine left and what would confuse a new one: its pid files, the
# sockets of its containerd, and that containerd itself if it runs but does not answer.
clear_away() {
  local state=/var/run/docker/containerd pid
  is_ours "$(pid_in /var/run/docker.pid)" dockerd || rm -f /var/run/docker.pid
  pid=$(pid_in $state/containerd.pid)
  if [ -n "$pid" ] && is_ours "$pid" containerd; then
    bounded 5 ctr --address $state/containerd.sock version >/dev/null 2>&1 && return
    kill -KILL "$pid"
  fi
  rm -f $state/containerd.pid $state/*.sock $state/*.sock.ttrpc
}

# mount_hierarchies mounts the cgroup v1 hierarchies that the kernel uses and that are not mounted
# here. A kubelet needs a cgroup in each of them, and refuses to start if one is missing. That
# happens after an engine in a container has used more of them, in its own mount namespace.
mount_hierarchies() {
  local controller hierarchy enabled
  mountpoint -q /sys/fs/cgroup/memory || return 0 # cgroup v2
  while read -r controller hierarchy _ enabled; do
    { [ "$enabled" = 1 ] && [ "$hierarchy" != 0 ]; } || continue
    grep -qE " - cgroup .*\b$controller\b" /proc/self/mountinfo && continue
    mkdir -p "/sys/fs/cgroup/$controller"
    mount -t cgroup -o "$controller" cgroup "/sys/fs/cgroup/$controller" || true
  done < <(grep -v '^#' /proc/cgroups)
}

# start_engine starts the engine without systemd, in its own session and without our lock, and
# stores its process ID in daemon.
start_engine() {
  cgroupfs-mount 2>/dev/null || true # does nothing if cgroups are mounted
  mount_hierarchies
  setsid dockerd >>"$log" 2>&1 </dev/null 9>&- &
  daemon=$!
}

# wait_for_engine waits until the engine answers. It fails if the engine exits, or after a minute.
wait_for_engine() {
  local deadline=$(($(now) + 60000))
  until version=$(engine); do
    if [ -n "${daemon:-}" ] && ! kill -0 "$daemon" 2>/dev/null; then
      fail docker "$began" "the engine ended: $(grep -v level=info "$log" | tail -1)" "read its log: less $log"
    fi
    (($(now) < deadline)) || fail docker "$began" "the engine does not answer after a minute" "read its log: less $log"
    sleep 0.1
  done
}

make_engine() {
  command -v dockerd >/dev/null || install_engine
  if [ -d /run/systemd/system ]; then
    systemctl start docker
  elif is_ours "$(pid_in /var/run/docker.pid)" dockerd; then
    report · docker "$began" "an engine is starting"
  else
    use_lean_runtime
    clear_away
    start_engine
  fi
  wait_for_engine
}

if version=$(engine); then
  report ✓ docker "$began" "engine $version answers"
  exit
fi
{ [ -z "${DOCKER_HOST:-}" ] && can_install; } || advise
lock /run/lock/devloop-engine.lock
if version=$(engine); then # another run has made it meanwhile
  report ✓ docker "$began" "engine $version answers"
  exit
fi
make_engine
report + docker "$began" "engine $version started"
