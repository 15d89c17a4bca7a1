//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/devloop-cli/devloop/builder/project"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// laptop is a machine of its own inside of this one, in namespaces of the kernel: with no engine running, no image, no
// cluster, and no network but its loopback. What runs in it ends with the test. Programs and files are this machine's,
// but for those that a Docker engine writes.
type laptop struct {
	*testing.T
	process *exec.Cmd // the first one in it
	pid     int
	home    string
}

// boot makes the laptop. What the script covers is its own: the engine's sockets and images, the logs, and the kernel's
// settings of inotify, since those hold for the whole machine and others work on it.
const boot = `
ip link set lo up
for dir in lib/docker lib/containerd log; do
	if [ -d "/var/$dir" ]; then mkdir -p "$0/$dir"; mount --bind "$0/$dir" "/var/$dir"; fi
done
if [ -n "$1" ]; then mount -t tmpfs -o "size=$1" disk /var/lib/docker; fi
mount -t tmpfs run /run
mkdir -p /run/lock "$0/sysctl.d" && mount --bind "$0/sysctl.d" /etc/sysctl.d
for limit in max_user_watches max_user_instances; do
	cp /proc/sys/fs/inotify/$limit "$0/$limit"
	mount --bind "$0/$limit" /proc/sys/fs/inotify/$limit
done
touch "$0/booted"
while :; do sleep 1; done`

// newLaptop boots one whose disk has that size, as in "300m", or this machine's own for "".
func newLaptop(t *testing.T, disk string) *laptop {
	t.Helper()
	real.Docker(t)
	for _, program := range []string{"unshare", "nsenter", "ip", "dockerd", "service"} {
		if _, err := exec.LookPath(program); err != nil || os.Geteuid() != 0 {
			t.Skipf("a laptop inside of this machine needs root and %s", program)
		}
	}
	root := t.TempDir()
	ctx, end := context.WithTimeout(t.Context(), patience)
	process := exec.CommandContext(ctx, "unshare", "--net", "--mount", "--pid", "--fork", "--kill-child",
		"--mount-proc", "sh", "-ec", boot, root, disk)
	var stderr bytes.Buffer
	process.Stderr = &stderr
	must.Do(t, process.Start())
	l := &laptop{T: t, process: process, home: filepath.Join(root, "home")}
	t.Cleanup(func() {
		end()
		_ = process.Wait()
	})
	defer func() {
		if t.Failed() {
			t.Logf("the laptop said: %s", stderr.String())
		}
	}()
	eventually(t, "the laptop to boot", func() bool {
		children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", process.Process.Pid))
		_, _ = fmt.Sscan(string(children), &l.pid)
		_, err := os.Stat(filepath.Join(root, "booted"))
		return err == nil && l.pid > 0
	})
	must.Do(t, os.MkdirAll(l.home, 0o777))
	return l
}

// command prepares a command that runs in the laptop, in dir. Its first words may be assignments.
func (l *laptop) command(dir string, words ...string) *exec.Cmd {
	args := append([]string{"--target", fmt.Sprint(l.pid), "--net", "--mount", "--pid", "env", "-u", "DOCKER_HOST",
		"-u", "XDG_STATE_HOME", "HOME=" + l.home, "KUBECONFIG=" + l.home + "/kubeconfig", "XDG_CACHE_HOME=" + l.home + "/.cache", "NO_COLOR=1",
		"sh", "-c", `cd "$0" && exec env "$@"`, dir}, words...)
	cmd := exec.CommandContext(l.Context(), "nsenter", args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	return cmd
}

// run runs a command in the laptop and returns what it said, and its exit code.
func (l *laptop) run(dir string, words ...string) (string, int) {
	l.Helper()
	out, err := l.command(dir, words...).CombinedOutput()
	exit, ended := errors.AsType[*exec.ExitError](err)
	if err != nil && !ended {
		l.Fatalf("%v: %v", words, err)
	}
	if ended {
		return string(out), exit.ExitCode()
	}
	return string(out), 0
}

// must wants success.
func (l *laptop) must(dir string, words ...string) string {
	l.Helper()
	out, code := l.run(dir, words...)
	if code != 0 {
		l.Fatalf("%v ended with %d:\n%s", words, code, out)
	}
	return out
}

// shows compares what commands say, one after the other, with a golden file. Each is a line of words.
func (l *laptop) shows(golden, dir string, commands ...string) {
	l.Helper()
	var text strings.Builder
	for _, line := range commands {
		out, code := l.run(dir, strings.Fields(line)...)
		fmt.Fprintf(&text, "$ %s\n%s[exit code %d]\n", line, out, code)
	}
	compareFault(l.T, golden, strings.ReplaceAll(text.String(), l.home, "HOME"))
}

// unsteady are the parts of a line that differ from run to run.
var unsteady = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`(?m)^  · .*\n`), ""},
	{regexp.MustCompile(` +\d+\.\d\d s `), " 0.00 s "},
	{regexp.MustCompile(`engine \S+ answers`), "engine VERSION answers"},
	{regexp.MustCompile(`images in \w+`), "images in STORE"},
	{regexp.MustCompile(`kindest/node:v[\d.]+`), "kindest/node:VERSION"},
	{regexp.MustCompile(`/tmp/\S+?/(images\.tar|fake)`), "TMP/$1"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "127.0.0.1:PORT"},
	{regexp.MustCompile(`(port|--port|✓ ports +0\.00 s ) \d+`), "$1 PORT"},
	{regexp.MustCompile(`\S+ \(pid \d+\)`), "PROGRAM (pid PID)"},
	{regexp.MustCompile(`, docker\.io is not reachable \([^)]*\)`), ""},
	{regexp.MustCompile(`(use the one that is installed: export JAVA_HOME=|install one: ).*`), "HOW TO GET ONE"},
	{regexp.MustCompile(`[\d.]+MB free`), "SOME free"},
}

// compareFault compares with testdata/faults/NAME.txt.
func compareFault(t *testing.T, name, got string) {
	t.Helper()
	for _, u := range unsteady {
		got = u.pattern.ReplaceAllString(got, u.instead)
	}
	path := filepath.Join("testdata", "faults", name+".txt")
	if *update {
		testfile.Write(t, "", path, got)
	}
	want, err := os.ReadFile(path)
	if err != nil || got != string(want) {
		t.Errorf("%s (-update rewrites it): %v\ngot:\n%s\nwant:\n%s", path, err, got, want)
	}
}

// TestScenarioANewLaptopWithoutANetworkIsMadeReady goes from nothing to an answer, with
// no registry in reach, and breaks on the way what can break.
func TestScenarioANewLaptopWithoutANetworkIsMadeReady(t *testing.T) {
	real.Long(t)
	real.Maven(t)
	l := newLaptop(t, "")
	dir := filepath.Join(l.home, "spring-maven")
	real.CopySources(t, "../../samples/spring-maven", dir)
	compileOnce(t, dir)
	images := filepath.Join(t.TempDir(), "images.tar")
	// on this machine, which has images
	bundle := exec.CommandContext(t.Context(), "devloop", "bundle", "--output", images, dir)
	if out, err := bundle.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	t.Log("the engine is not running: it is started")
	l.shows("daemon-stopped", dir, "devloop doctor --only docker", "devloop setup --only docker",
		"devloop setup --only docker --yes", "devloop setup --only docker --yes")

	t.Log("its socket is not everybody's")
	l.shows("socket-denied", "/", "setpriv --reuid 65534 --regid 65534 --clear-groups devloop doctor --only docker")

	t.Log("no registry is in reach, and no image is here: they come from the archive")
	l.shows("registry-unreachable", dir, "devloop doctor --only registry --only node-image --only base-images",
		"devloop setup --yes --only registry --only node-image --only base-images",
		"devloop setup --yes --only registry --only archive --only node-image --only base-images --images "+images)

	t.Log("setup is killed in the middle of a cluster: the next one goes on")
	killed := l.command(dir, "devloop", "setup", "--yes")
	must.Do(t, killed.Start())
	eventually(t, "a node", func() bool { out, _ := l.run("/", "docker", "ps", "-q"); return out != "" })
	l.must("/", "pkill", "-KILL", "-x", "-f", "devloop setup --yes") // the laptop's processes are its own
	_ = killed.Wait()
	l.must("/", "sh", "-c", "docker kill $(docker ps -q)")
	l.shows("cluster-incomplete", dir, "devloop doctor --only cluster", "devloop setup --only cluster --yes",
		"devloop setup --only cluster --yes")

	t.Log("the context is gone: it is written again")
	must.Do(t, os.Remove(filepath.Join(l.home, "kubeconfig")))
	l.shows("context-missing", dir, "devloop doctor --only context", "devloop setup --only context --yes",
		"devloop setup --only context --yes")

	t.Log("the limits of inotify are low: they are raised")
	l.must("/", "sh", "-c",
		"echo 8 >/proc/sys/fs/inotify/max_user_watches; echo 8 >/proc/sys/fs/inotify/max_user_instances")
	l.shows("inotify-low", dir, "devloop doctor --only inotify", "devloop setup --only inotify --yes",
		"cat /etc/sysctl.d/60-devloop.conf", "devloop setup --only inotify --yes")

	t.Log("a proxy that no node reaches")
	l.shows("proxy-on-loopback", dir, "HTTPS_PROXY=http://127.0.0.1:3128 devloop doctor --only proxy",
		"HTTPS_PROXY=http://10.0.0.1:3128 devloop doctor --only proxy")

	t.Log("all is well, and a second run changes nothing")
	all := l.must(dir, "devloop", "setup", "--yes")
	if strings.Contains("\n"+all, "\n+ ") {
		t.Errorf("it is not done:\n%s", all)
	}

	t.Log("deploy works")
	if out := l.must(dir, "devloop", "deploy"); !strings.Contains(out, "answers 200: Hello, World") {
		t.Errorf("no answer:\n%s", out)
	}
}

// compileOnce lets Maven fetch, where there is a network, what the project needs.
func compileOnce(t *testing.T, dir string) {
	t.Helper()
	project := must.Get(project.Open(t.Context(), dir, project.Options{}))(t)
	must.Get(project.Compile(t.Context(), io.Discard))(t)
}

// TestScenarioAFullDiskIsTold gives the engine a disk of 300 MB.
func TestScenarioAFullDiskIsTold(t *testing.T) {
	real.Long(t)
	l := newLaptop(t, "300m")
	l.must("/", "devloop", "setup", "--only", "docker", "--yes")
	l.shows("disk-full", l.home, "devloop setup --yes --only disk")
}

// TestScenarioFaultsThatNeedNoLaptop are seen from this machine, which they don't harm.
func TestScenarioFaultsThatNeedNoLaptop(t *testing.T) {
	real.Docker(t)
	say := func(golden string, environment []string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "devloop", args...)
		cmd.Dir, cmd.Env = t.TempDir(), append(os.Environ(), append(environment, "NO_COLOR=1")...)
		testfile.Write(t, cmd.Dir, "build.gradle", "")
		testfile.Write(t, cmd.Dir, "gradlew", "")
		out, _ := cmd.CombinedOutput()
		compareFault(t, golden,
			fmt.Sprintf("$ devloop %s\n%s[exit code %d]\n", strings.Join(args, " "), out, cmd.ProcessState.ExitCode()))
	}

	t.Log("a JDK that is too old, played: none is to be had any more")
	fake := filepath.Join(t.TempDir(), "fake")
	must.Do(t, os.MkdirAll(filepath.Join(fake, "bin"), 0o755))
	testfile.Write(t, fake, "bin/javac", "#!/bin/sh\necho javac 11.0.22\n")
	say("jdk-old", []string{"JAVA_HOME=" + fake}, "doctor", "--only", "jdk")

	t.Log("a port that is taken")
	taken := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer func() { _ = taken.Close() }()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	say("port-taken", nil, "doctor", "--only", "ports", "--port", port)

	t.Log("a registry that takes the connection and never answers")
	say("registry-silent", nil, "doctor", "--only", "registry", "--base-image", taken.Addr().String()+"/base:1")
}
