package setup

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
)

// MinimumJava is the oldest Java that a current Spring Boot runs on
// (https://docs.spring.io/spring-boot/system-requirements.html).
const MinimumJava = 17

// Java checks for a JDK: the one in JAVA_HOME, as Gradle and Maven do, else the
// one on the PATH.
func Java() Check {
	return Check{ID: "jdk", Do: func(ctx context.Context) (State, string, error) {
		javac := "javac"
		where := "on the PATH"
		if home := os.Getenv("JAVA_HOME"); home != "" {
			javac, where = filepath.Join(home, "bin", "javac"), "in JAVA_HOME "+home
		}
		out, err := exec.CommandContext(ctx, javac, "-version").CombinedOutput()
		if err != nil {
			return Failed, "", &MissingError{"a JDK", fmt.Sprintf("no javac %s", where), javaCure()}
		}
		version, ok := javaVersion(string(out))
		if !ok {
			return Failed, "", &MissingError{"a JDK", fmt.Sprintf("%q says no version: %.80s", javac, out), javaCure()}
		}
		if version < MinimumJava {
			return Failed, "", &MissingError{"a JDK", fmt.Sprintf("Java %d %s is older than %d, which Spring Boot 3 and 4 need", version, where, MinimumJava), javaCure()}
		}
		return OK, fmt.Sprintf("Java %d %s", version, where), nil
	}}
}

var javacVersion = regexp.MustCompile(`(?m)^javac (?:1\.)?(\d+)`)

// javaVersion reads what `javac -version` prints: "javac 17.0.15", "javac 1.8.0_402".
func javaVersion(out string) (int, bool) {
	m := javacVersion.FindStringSubmatch(out)
	if m == nil {
		return 0, false
	}
	v, err := strconv.Atoi(m[1])
	return v, err == nil
}

// javaCure is the command that installs a JDK on this kind of system.
func javaCure() string {
	switch {
	case runtime.GOOS == "darwin":
		return "brew install --cask temurin@21"
	case runtime.GOOS == "windows":
		return "winget install EclipseAdoptium.Temurin.21.JDK"
	case installed("apt-get"):
		return "sudo apt-get install -y openjdk-17-jdk-headless"
	case installed("dnf"):
		return "sudo dnf install -y java-21-openjdk-devel"
	default:
		return "install a JDK, as from https://adoptium.net"
	}
}

func installed(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}
