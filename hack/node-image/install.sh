#!/usr/bin/env bash
# Runs inside the build container, once its files are in place: makes Debian's systemd
# fit for a container, as kind's own image does, and puts the control plane's images
# into containerd's store. build.sh calls it.
#
#   install.sh NAME=SOURCE...      each image SOURCE of /control-plane.tar gets NAME
set -euo pipefail

# units keeps of systemd's what a node needs. The rest waits for devices, mounts and
# consoles that a container doesn't have.
units() {
  ln -sf /usr/lib/systemd/systemd /sbin/init
  rm -f /lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service \
    /lib/systemd/system/multi-user.target.wants/* /etc/systemd/system/*.wants/* \
    /lib/systemd/system/local-fs.target.wants/* /lib/systemd/system/basic.target.wants/* \
    /lib/systemd/system/sockets.target.wants/*{udev,initctl}*
  echo ReadKMsg=no >>/etc/systemd/journald.conf
  systemctl -q enable kubelet containerd undo-mount-hacks
  systemctl -q mask systemd-binfmt
}

# images imports the archive into a containerd that lives as long as that takes.
images() {
  containerd >/tmp/containerd.log 2>&1 &
  local daemon=$! pair
  timeout 60 bash -c 'until ctr version >/dev/null 2>&1; do sleep 0.2; done' || { cat /tmp/containerd.log; exit 1; }
  ctr -n k8s.io images import --all-platforms --no-unpack /control-plane.tar >/dev/null
  for pair in "$@"; do
    ctr -n k8s.io images tag "docker.io/${pair#*=}" "${pair%%=*}" >/dev/null
    ctr -n k8s.io images rm "docker.io/${pair#*=}" >/dev/null
  done
  kill "$daemon"
  wait "$daemon" || true
}

units
cp /usr/lib/cni/{ptp,host-local,portmap,loopback} /opt/cni/bin/
images "$@"
rm -rf /control-plane.tar /install.sh /tmp/*
