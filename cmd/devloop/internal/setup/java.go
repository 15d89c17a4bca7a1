package setup

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/devloop-cli/devloop/builder/jdk"
)

// MinimumJava is the oldest Java that a current Spring Boot runs on
// (https://docs.spring.io/spring-boot/system-requirements.html).
const MinimumJava = 17

// Java checks the JDK in JAVA_HOME, as Gradle and Maven do, else the one on the PATH. It has to be as new as the
// version that the build in dir declares. If the build declares a toolchain, Gradle finds an installed JDK of exactly
// that version itself. As root on Debian and Ubuntu, a JDK can be installed.
func Java(dir string) Step {
	declared := DeclaredJava(dir)
	return Step{ID: "jdk",
		Check: func(ctx context.Context) (string, error) { return checkJava(ctx, declared) },
		Fix: func(error) *Fix {
			if !mayInstall(thisSystem()) {
				return nil
			}
			name := fmt.Sprintf("openjdk-%d-jdk-headless", declared.wanted())
			return &Fix{fmt.Sprintf("install %s", name),
				func(ctx context.Context) error { return aptInstall(ctx, name) }}
		}}
}

func checkJava(ctx context.Context, declared Declared) (string, error) {
	javac, where := "javac", "on the PATH"
	if home := os.Getenv("JAVA_HOME"); home != "" {
		javac, where = filepath.Join(home, "bin", "javac"), "in JAVA_HOME "+home
	}
	missing := func(problem string, args ...any) error {
		advice := []string{javaAdvice(thisSystem(), declared.wanted())}
		if home := homeOf(declared.wanted()); home != "" {
			advice = []string{"use the one that is installed: export JAVA_HOME=" + home}
		}
		return newProblem("tool.missing", advice, problem, args...)
	}
	out, err := exec.CommandContext(ctx, javac, "-version").CombinedOutput()
	if err != nil {
		return "", missing("no JDK found: no javac %s", where)
	}
	version, ok := javaVersion(string(out))
	switch {
	case !ok:
		return "", missing("no JDK found: %q prints no version: %.80s", javac, out)
	case version < MinimumJava:
		return "", missing("Java %d %s is too old: Spring Boot 3 and 4 need %d or later", version, where, MinimumJava)
	case declared.Toolchain && version != declared.Version:
		home := homeOf(declared.Version)
		if home == "" {
			return "", missing("no JDK for the project's toolchain, Java %d: found only Java %d %s",
				declared.Version, version, where)
		}
		return fmt.Sprintf("Java %d %s, and Java %d in %s for the project's toolchain", version, where,
			declared.Version, home), nil
	case version < declared.Version:
		return "", missing("Java %d %s is older than the project's Java %d", version, where, declared.Version)
	case declared.Version > 0:
		return fmt.Sprintf("Java %d %s, for the project's Java %d", version, where, declared.Version), nil
	}
	return fmt.Sprintf("Java %d %s", version, where), nil
}

var javacVersion = regexp.MustCompile(`(?m)^javac (?:1\.)?(\d+)`)

// javaVersion parses the output of `javac -version`: "javac 17.0.15", "javac 1.8.0_402".
func javaVersion(out string) (int, bool) {
	m := javacVersion.FindStringSubmatch(out)
	if m == nil {
		return 0, false
	}
	v, err := strconv.Atoi(m[1])
	return v, err == nil
}

// homeOf returns the directory of an installed JDK of exactly that version, "" for none.
func homeOf(version int) string {
	for _, j := range jdk.Find() {
		if j.Version == version {
			return j.Home
		}
	}
	return ""
}
