package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Groups of processes.
const (
	devloops = iota
	children // of devloop, such as its compiler
	supervisors
	applications // JVMs of applications and their spares
	groups
)

// usage is what a group of processes holds. Memory is in MB: rss counts a page that processes share once for each of
// them, pss divides it among them.
type usage struct {
	processes, rss, pss, descriptors, threads float64
	pid                                       int
}

// usage sums what devloop, its children and the Pods of a namespace hold. It needs Linux, an engine on this machine,
// whose processes have entries in its /proc, and root.
func (b *bench) usage(ctx context.Context, o *opened) (used [groups]usage, err error) {
	var uids strings.Builder
	err = b.command(ctx, ".", &uids, "kubectl", "get", "pods", "--namespace", o.namespace, "--output",
		"jsonpath={.items[*].metadata.uid}")
	if err != nil {
		return used, err
	}
	self := fmt.Sprint(o.session.(*run).command.Process.Pid)
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range all {
		status, cgroup := read(dir, "status"), read(dir, "cgroup")
		group := -1
		switch {
		case filepath.Base(dir) == self:
			group = devloops
		case field(status, "PPid:") == self:
			group = children
		case field(status, "Name:") == "java" && ofPod(cgroup, strings.Fields(uids.String())):
			group = applications
			if ids := strings.Fields(line(status, "NSpid:")); ids[len(ids)-1] == "1" {
				group = supervisors
			}
		}
		if group >= 0 {
			used[group].add(dir, status)
		}
	}
	if used[supervisors].pid == 0 {
		return used, fmt.Errorf("no supervisor is visible: -soak and -services need root on the machine of the engine")
	}
	return used, nil
}

// add adds a process.
func (u *usage) add(dir, status string) {
	memory := read(dir, "smaps_rollup")
	descriptors, _ := os.ReadDir(filepath.Join(dir, "fd"))
	u.processes++
	u.rss += number(field(memory, "Rss:")) / 1e3
	u.pss += number(field(memory, "Pss:")) / 1e3
	u.descriptors += float64(len(descriptors))
	u.threads += number(field(status, "Threads:"))
	u.pid, _ = strconv.Atoi(filepath.Base(dir))
}

// ofPod says whether a process belongs to one of the Pods. systemd's names of control groups have no "-".
func ofPod(cgroup string, uids []string) bool {
	for _, uid := range uids {
		if strings.Contains(strings.ReplaceAll(cgroup, "_", "-"), "pod"+uid) {
			return true
		}
	}
	return false
}

// read returns a file of a process, "" where that has ended.
func read(dir, name string) string {
	data, _ := os.ReadFile(filepath.Join(dir, name))
	return string(data)
}

// line returns what follows a name, field its first word.
func line(text, name string) string {
	_, after, _ := strings.Cut("\n"+text, "\n"+name)
	first, _, _ := strings.Cut(after, "\n")
	return first
}

func field(text, name string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(line(text, name)), " ")
	return word
}

func number(text string) float64 {
	value, _ := strconv.ParseFloat(text, 64)
	return value
}
