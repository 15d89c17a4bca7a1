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
	"github.com/docker/docker/client"
)

// Dial reaches the Docker engine that the docker command would use.
type Dial func(ctx context.Context) (*client.Client, error)

// What an engine has to offer.
const (
	// minimumAPI is that of Docker 20.10, the oldest that kind is tested with.
	minimumAPI = "1.41"
	// minimumMemory holds a kind node, which takes a gigabyte, and two Pods.
	minimumMemory = 3 << 30
	// diskForCluster is a node image, unpacked, with some images of a project; diskForWork
	// is what a day's builds take.
	diskForCluster, diskForWork = 6 << 30, 1 << 30
)

// startPatience is how long an engine that was started may take to answer.
const startPatience = time.Minute

// Engine looks whether a Docker engine answers, one that kind can use. As root it
// starts one that is installed, and on Debian and Ubuntu installs one; but only where
// neither DOCKER_HOST nor a context leads elsewhere.
func Engine(dial Dial, elsewhere bool) Step {
	return Step{ID: "docker",
		Look: func(ctx context.Context) (string, error) { return lookForEngine(ctx, dial) },
		Mend: func(amiss error) *Mending {
			if f, ours := errors.AsType[*Fault](amiss); ours && f.Word != "docker.unreachable" {
				return nil
			}
			return mendEngine(dial, elsewhere)
		}}
}

func lookForEngine(ctx context.Context, dial Dial) (string, error) {
	docker, err := dial(ctx)
	if errors.Is(err, fs.ErrPermission) {
		return "", fault("docker.denied", []string{"join the group that may use Docker, then log in again: sudo usermod -aG docker $USER", "until then, in this shell: newgrp docker"},
			"reach the Docker engine: %s may not use its socket", userName())
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

// judgeEngine says whether kind can use the engine.
func judgeEngine(docker *client.Client, info system.Info) (string, error) {
	rootless := slices.ContainsFunc(info.SecurityOptions, func(s string) bool { return strings.Contains(s, "name=rootless") })
	version := docker.ClientVersion()
	switch {
	case older(version, minimumAPI):
		return "", fault("docker.old", engineAdvice(thisSystem()), "use the Docker engine: version %s is older than 20.10", info.ServerVersion)
	case rootless && info.CgroupVersion != "2":
		return "", fault("docker.rootless", []string{"switch to cgroup v2, see https://kind.sigs.k8s.io/docs/user/rootless"}, "use the Docker engine: a rootless one needs cgroup v2, and this machine has v%s", info.CgroupVersion)
	}
	if _, err := exec.LookPath("docker"); err != nil {
		return "", fault("tool.missing", []string{"install the Docker CLI: https://docs.docker.com/engine/install"}, "find the docker command: kind's library makes clusters with it")
	}
	words := []string{fmt.Sprintf("engine %s answers at %s", info.ServerVersion, docker.DaemonHost()), store(info)}
	if rootless {
		words = append(words, "rootless")
	}
	return strings.Join(words, ", "), nil
}

// older compares two versions of the form 1.41.
func older(a, b string) bool {
	var major, minor, needMajor, need int
	_, _ = fmt.Sscanf(a, "%d.%d", &major, &minor)
	_, _ = fmt.Sscanf(b, "%d.%d", &needMajor, &need)
	return major < needMajor || major == needMajor && minor < need
}

// store names the image store: Docker 29's default is containerd's.
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

// unreachable gives an error of the client the advice for this machine.
func unreachable(err error) error {
	advice := engineAdvice(thisSystem())
	if installed("dockerd") || installed("docker") {
		advice = []string{startAdvice(thisSystem())}
	}
	return fault("docker.unreachable", advice, "%v", err)
}

func mendEngine(dial Dial, elsewhere bool) *Mending {
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
		return &Mending{"start the Docker engine?", started}
	}
	if !mayInstall(thisSystem()) {
		return nil
	}
	return &Mending{"install docker.io, the distribution's Docker engine, and start it?", func(ctx context.Context) error {
		// iptables and cgroupfs-mount: docker.io only recommends them.
		if err := aptInstall(ctx, "docker.io", "iptables", "cgroupfs-mount"); err != nil {
			return err
		}
		return started(ctx)
	}}
}

// engineLog has what an engine says that was started by hand.
const engineLog = "/var/log/dockerd.log"

// startEngine has systemd start it, where that runs; else, as in WSL2 without systemd
// and in containers, the script of Debian's package, or the program itself.
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
	ctx, cancel := context.WithTimeoutCause(ctx, startPatience, fmt.Errorf("wait for the Docker engine: it did not answer within %s, see %s", startPatience, engineLog))
	defer cancel()
	for {
		docker, err := dial(ctx)
		if err == nil {
			return docker.Close()
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// Memory looks whether the engine's machine has room for a cluster. Docker Desktop and
// Colima run in one of their own, with less than yours.
func Memory(dial Dial) Step {
	return Step{ID: "memory", Needs: []string{"docker"}, Look: func(ctx context.Context) (string, error) {
		info, err := ask(ctx, dial)
		if err != nil {
			return "", err
		}
		if info.MemTotal < minimumMemory {
			return "", fault("machine.memory", []string{"give it more: Docker Desktop, Settings, Resources; or: colima stop && colima start --memory 6"},
				"find room for a cluster: the engine has %s of memory, %s are needed", size(info.MemTotal), size(minimumMemory))
		}
		return fmt.Sprintf("%s, on %d processors", size(info.MemTotal), info.NCPU), nil
	}}
}

// Disk looks whether there is room where the engine keeps its images; less will do
// where the cluster is there.
func Disk(dial Dial, clusterIsThere func(context.Context) bool) Step {
	return Step{ID: "disk", Needs: []string{"docker"}, Look: func(ctx context.Context) (string, error) {
		info, err := ask(ctx, dial)
		if err != nil {
			return "", err
		}
		free, err := freeBytes(info.DockerRootDir)
		if err != nil {
			return "", &NotHere{fmt.Sprintf("%s is on another machine, or in a virtual one", info.DockerRootDir)}
		}
		need := int64(diskForCluster)
		if clusterIsThere(ctx) {
			need = diskForWork
		}
		if free < need {
			return "", fault("machine.disk", []string{"see what takes the room: docker system df", "remove what no container uses: docker image prune; docker builder prune"},
				"find room for images: %s are free in %s, %s are needed", size(free), info.DockerRootDir, size(need))
		}
		return fmt.Sprintf("%s free in %s", size(free), info.DockerRootDir), nil
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

// size writes a number of bytes as people do.
func size(bytes int64) string {
	if bytes < 1<<30 {
		return fmt.Sprintf("%d MB", bytes>>20)
	}
	return fmt.Sprintf("%.0f GB", float64(bytes)/(1<<30))
}
