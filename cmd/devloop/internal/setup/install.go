package setup

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/proc"
)

// platform decides how programs are installed.
type platform string

const (
	debian  platform = "debian" // and Ubuntu
	fedora  platform = "fedora"
	mac     platform = "mac"
	windows platform = "windows"
	other   platform = "other"
)

// thisSystem returns the platform that devloop runs on. WSL2 counts as Linux.
func thisSystem() platform {
	switch {
	case runtime.GOOS == "darwin":
		return mac
	case runtime.GOOS == "windows":
		return windows
	case installed("apt-get"):
		return debian
	case installed("dnf"):
		return fedora
	default:
		return other
	}
}

func installed(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

// mayInstall reports whether devloop may install packages: as root on Debian and Ubuntu.
func mayInstall(s platform) bool { return s == debian && os.Geteuid() == 0 }

func javaAdvice(s platform, version int) string {
	switch s {
	case mac:
		return fmt.Sprintf("install one: brew install --cask temurin@%d", version)
	case windows:
		return fmt.Sprintf("install one: winget install EclipseAdoptium.Temurin.%d.JDK", version)
	case debian:
		return fmt.Sprintf("install one: sudo apt-get install -y openjdk-%d-jdk-headless", version)
	case fedora:
		return fmt.Sprintf("install one: sudo dnf install -y java-%d-openjdk-devel", version)
	default:
		return "install one: https://adoptium.net/installation"
	}
}

func engineAdvice(s platform) []string {
	switch s {
	case mac:
		return []string{"install Docker Desktop: brew install --cask docker-desktop",
			"or Colima, without a licence: brew install colima docker && colima start --memory 6"}
	case windows:
		return []string{"install WSL2: wsl --install", "then Docker Desktop: winget install Docker.DockerDesktop",
			"and keep the project inside WSL2: watching Windows files from there is slow"}
	case debian:
		return []string{"install it: sudo apt-get install -y docker.io",
			"then join its group and log in again: sudo usermod -aG docker $USER"}
	case fedora:
		return []string{"install it: sudo dnf install -y moby-engine docker-cli",
			"start it: sudo systemctl enable --now docker",
			"then join its group and log in again: sudo usermod -aG docker $USER"}
	default:
		return []string{"install it: https://docs.docker.com/engine/install"}
	}
}

func startAdvice(s platform) string {
	switch s {
	case mac:
		return "start it: open -a Docker, or: colima start"
	case windows:
		return "start Docker Desktop from the start menu"
	}
	if !hasSystemd() {
		return "start it: sudo service docker start"
	}
	return "start it: sudo systemctl start docker"
}

// hasSystemd reports whether systemd is running, as sd_booted(3) does.
func hasSystemd() bool {
	_, err := os.Stat("/run/systemd/system")
	return err == nil
}

// aptInstall installs Debian packages. If that fails, it updates the package lists, which may be old, and tries again.
func aptInstall(ctx context.Context, packages ...string) error {
	install := append([]string{"apt-get", "install", "-y", "--no-install-recommends"}, packages...)
	if command(ctx, install...) == nil {
		return nil
	}
	if err := command(ctx, "apt-get", "update"); err != nil {
		return err
	}
	return command(ctx, install...)
}

// command runs a program without input. Its error contains the last line of output.
func command(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return &fault.Error{Code: "machine.command", Op: fmt.Sprintf("%q failed: %v: %s", strings.Join(args, " "), err,
			strings.Join(proc.LastLines(string(out), 1), "")),
			Hints: []string{"see the whole output: sudo " + strings.Join(args, " ")}}
	}
	return nil
}
