package setup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/client"
	"github.com/docker/go-units"
	"github.com/shirou/gopsutil/v4/disk"

	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/pause"
)

// Dial reaches the Docker engine that the docker command would use.
type Dial func(ctx context.Context) (*client.Client, error)

// What an engine has to provide.
const (
	// minimumAPI is the API of Docker 20.10, the oldest version that kind is tested with.
	minimumAPI = "1.41"
	// minimumMemory is enough for a kind node, which takes a gigabyte, and two Pods.
	minimumMemory = 3 << 30
	// diskForCluster is enough for an unpacked node image and some project images; diskForWork for a day of builds.
	diskForCluster, diskForWork = 6_000_000_000, 1_000_000_000
)

// startTimeout is how long an engine may take to answer after its start.
const startTimeout = time.Minute

// Engine checks that a Docker engine answers and that kind can use it. As root it starts an installed engine, and on
// Debian and Ubuntu installs one, unless DOCKER_HOST or a Docker context points elsewhere.
func Engine(dial Dial, elsewhere bool) Step {
	return Step{ID: "docker",
		Check: func(ctx context.Context) (string, error) { return checkEngine(ctx, dial) },
		Fix: func(problem error) *Fix {
			if code := fault.Of(problem).Code; code != "" && code != "docker.unreachable" {
				return nil
			}
			return fixEngine(dial, elsewhere)
		}}
}

func checkEngine(ctx context.Context, dial Dial) (string, error) {
	docker, err := dial(ctx)
	if errors.Is(err, fs.ErrPermission) {
		return "", newProblem("docker.denied",
			[]string{"join the group that may use Docker, then log in again: sudo usermod -aG docker $USER",
				"until then, in this shell: newgrp docker"},
			"cannot reach the Docker engine: user %s may not use its socket", userName())
	}
	if err != nil {
		return "", unreachable(err)
	}
	defer func() { _ = docker.Close() }()
	info, err := docker.Info(ctx)
	if err != nil {
		return "", unreachable(err)
	}
	return judgeEngine(docker, info)
}

func judgeEngine(docker *client.Client, info system.Info) (string, error) {
	rootless := slices.ContainsFunc(info.SecurityOptions,
		func(s string) bool { return strings.Contains(s, "name=rootless") })
	version := docker.ClientVersion()
	switch {
	case versions.LessThan(version, minimumAPI):
		return "", newProblem("docker.old", engineAdvice(thisSystem()),
			"Docker engine %s is too old: kind needs 20.10 or later", info.ServerVersion)
	case rootless && info.CgroupVersion != "2":
		return "", newProblem("docker.rootless",
			[]string{"switch to cgroup v2, see https://kind.sigs.k8s.io/docs/user/rootless"},
			"a rootless Docker engine needs cgroup v2, this machine has v%s", info.CgroupVersion)
	}
	if _, err := exec.LookPath("docker"); err != nil {
		return "", newProblem("tool.missing",
			[]string{"install the Docker CLI: https://docs.docker.com/engine/install"},
			"no docker command found: kind creates clusters with it")
	}
	words := []string{fmt.Sprintf("engine %s answers at %s", info.ServerVersion, docker.DaemonHost()), store(info)}
	if rootless {
		words = append(words, "rootless")
	}
	return strings.Join(words, ", "), nil
}

// store describes the image store: Docker 29 uses containerd's by default.
func store(info system.Info) string {
	for _, pair := range info.DriverStatus {
		if pair[0] == "driver-type" && strings.HasPrefix(pair[1], "io.containerd.snapshotter") {
			return "images in containerd's store"
		}
	}
	return "images in " + info.Driver
}

func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return fmt.Sprintf("user %d", os.Getuid())
}

// unreachable adds advice for this machine to an error of the client.
func unreachable(err error) error {
	advice := engineAdvice(thisSystem())
	if elsewhere := dockerapi.ElsewhereHint(); elsewhere != "" {
		advice = []string{elsewhere}
	} else if installed("dockerd") || installed("docker") {
		advice = []string{startAdvice(thisSystem())}
	}
	return newProblem("docker.unreachable", advice, "%v", err)
}

func fixEngine(dial Dial, elsewhere bool) *Fix {
	if elsewhere || os.Geteuid() != 0 {
		return nil
	}
	started := func(ctx context.Context) error {
		if err := startEngine(ctx); err != nil {
			return err
		}
		return waitForEngine(ctx, dial)
	}
	if installed("dockerd") {
		return &Fix{"start the Docker engine", started}
	}
	if !mayInstall(thisSystem()) {
		return nil
	}
	return &Fix{"install and start the distribution's Docker engine (docker.io)", func(ctx context.Context) error {
		// iptables and cgroupfs-mount: docker.io only recommends them.
		if err := aptInstall(ctx, "docker.io", "iptables", "cgroupfs-mount"); err != nil {
			return err
		}
		return started(ctx)
	}}
}

// engineLog is the log of an engine that we start directly.
const engineLog = "/var/log/dockerd.log"

// startEngine starts the engine by systemd, else, as in WSL2 and containers, by Debian's init script or directly.
func startEngine(ctx context.Context) error {
	if hasSystemd() {
		return command(ctx, "systemctl", "start", "docker")
	}
	if command(ctx, "service", "docker", "start") == nil {
		return nil
	}
	if err := detached(engineLog, "dockerd"); err != nil {
		return fmt.Errorf("start the Docker engine: %w", err)
	}
	return nil
}

func waitForEngine(ctx context.Context, dial Dial) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout,
		fmt.Errorf("the Docker engine did not answer within %s, see %s", startTimeout, engineLog))
	defer cancel()
	for {
		docker, err := dial(ctx)
		if err == nil {
			return docker.Close()
		}
		if !pause.For(ctx, 200*time.Millisecond) {
			return context.Cause(ctx)
		}
	}
}

// Memory checks the memory of the engine's machine, which with Docker Desktop and Colima has less than the host.
func Memory(dial Dial) Step {
	return Step{ID: "memory", Needs: []string{"docker"}, Check: func(ctx context.Context) (string, error) {
		info, err := ask(ctx, dial)
		if err != nil {
			return "", err
		}
		if info.MemTotal < minimumMemory {
			return "", newProblem("machine.memory", []string{"give it more: Docker Desktop, Settings, Resources; or: colima stop && colima start --memory 6"},
				"not enough memory for a cluster: the engine has %s, %s are needed",
				units.BytesSize(float64(info.MemTotal)), units.BytesSize(minimumMemory))
		}
		return fmt.Sprintf("%s, %d processors", units.BytesSize(float64(info.MemTotal)), info.NCPU), nil
	}}
}

// Disk checks the free space where the engine stores images. It asks for less if the cluster exists.
func Disk(dial Dial, clusterIsThere func(context.Context) bool) Step {
	return Step{ID: "disk", Needs: []string{"docker"}, Check: func(ctx context.Context) (string, error) {
		info, err := ask(ctx, dial)
		if err != nil {
			return "", err
		}
		disk, err := disk.UsageWithContext(ctx, info.DockerRootDir)
		if err != nil {
			return "",
				&NotApplicable{fmt.Sprintf("%s is on another machine or in a virtual machine", info.DockerRootDir)}
		}
		need := int64(diskForCluster)
		if clusterIsThere(ctx) {
			need = diskForWork
		}
		free := int64(disk.Free)
		if free < need {
			return "", newProblem("machine.disk", []string{"see what takes the space: docker system df",
				"remove what no container uses: docker image prune; docker builder prune"},
				"not enough disk space for images: %s free in %s, %s are needed", units.HumanSize(float64(free)),
				info.DockerRootDir, units.HumanSize(float64(need)))
		}
		return fmt.Sprintf("%s free in %s", units.HumanSize(float64(free)), info.DockerRootDir), nil
	}}
}

func ask(ctx context.Context, dial Dial) (system.Info, error) {
	docker, err := dial(ctx)
	if err != nil {
		return system.Info{}, err
	}
	defer func() { _ = docker.Close() }()
	info, err := docker.Info(ctx)
	if err != nil {
		return info, fmt.Errorf("ask the engine about its machine: %w", err)
	}
	return info, nil
}
