package setup

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// platform is a kind of machine, as far as installing is concerned.
type platform string

const (
	debian  platform = "debian" // Ubuntu, too
	fedora  platform = "fedora"
	mac     platform = "mac"
	windows platform = "windows"
	other   platform = "other"
)

// thisSystem is where devloop runs. WSL2 is the Linux that it shows.
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

// mayInstall says whether devloop may install packages: on Debian and Ubuntu as root.
func mayInstall(s platform) bool { return s == debian && os.Geteuid() == 0 }

// javaAdvice is the command that installs a JDK.
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

// engineAdvice are the commands that install a Docker engine, step by step.
func engineAdvice(s platform) []string {
	switch s {
	case mac:
		return []string{"install Docker Desktop: brew install --cask docker-desktop", "or Colima, without a licence: brew install colima docker && colima start --memory 6"}
	case windows:
		return []string{"install WSL2: wsl --install", "then Docker Desktop: winget install Docker.DockerDesktop", "and work inside of WSL2: the files of Windows are slow to watch from there"}
	case debian:
		return []string{"install it: sudo apt-get install -y docker.io", "then let yourself use it, and log in again: sudo usermod -aG docker $USER"}
	case fedora:
		return []string{"install it: sudo dnf install -y moby-engine docker-cli", "start it: sudo systemctl enable --now docker", "then let yourself use it, and log in again: sudo usermod -aG docker $USER"}
	default:
		return []string{"install it: https://docs.docker.com/engine/install"}
	}
}

// startAdvice is the command that starts an engine that is installed.
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

// hasSystemd says whether systemd runs here: as in sd_booted(3).
func hasSystemd() bool {
	_, err := os.Stat("/run/systemd/system")
	return err == nil
}

// aptInstall installs Debian packages. The lists of packages may be missing or old:
// then they are fetched, and it is tried again.
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

// command runs a program that asks nothing; its error has the last line that it wrote.
func command(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return &Fault{Word: "machine.command", Problem: fmt.Sprintf("run %q: %v: %s", strings.Join(args, " "), err, lastLine(out)),
			Advice: []string{"see all that it says: sudo " + strings.Join(args, " ")}}
	}
	return nil
}

func lastLine(out []byte) string {
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	return string(lines[len(lines)-1])
}
