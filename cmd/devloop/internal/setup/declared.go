package setup

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// declarations lists how builds declare their Java version, by precedence: Gradle's toolchain, then
// the target version
// (https://docs.gradle.org/current/userguide/toolchains.html), and Maven's properties
// (https://docs.spring.io/spring-boot/maven-plugin/using.html).
var declarations = []struct {
	toolchain bool
	text      *regexp.Regexp
}{
	{true, regexp.MustCompile(`JavaLanguageVersion\.of\(\s*["']?(\d+)`)},
	{true, regexp.MustCompile(`jvmToolchain\(\s*(\d+)`)},
	{false, regexp.MustCompile(`(?:options\.release|sourceCompatibility)(?:\.set\(|\s*=)\s*(?:JavaVersion\.VERSION_)?["']?(?:1[._])?(\d+)`)},
	{false, regexp.MustCompile(`<(?:java\.version|maven\.compiler\.release|maven\.compiler\.source|release)>\s*(?:1\.)?(\d+)\s*<`)},
}

// Declared is the Java version that a build declares.
type Declared struct {
	// Version is 0 if the build declares none.
	Version int
	// Toolchain means that exactly this version is needed. Otherwise a later one will do.
	Toolchain bool
}

func (d Declared) wanted() int { return max(d.Version, MinimumJava) }

// DeclaredJava returns the Java version that the build file in dir declares, by its text: the build does not run.
func DeclaredJava(dir string) Declared {
	for _, name := range []string{"build.gradle", "build.gradle.kts", "pom.xml"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		for _, d := range declarations {
			if m := d.text.FindSubmatch(text); m != nil {
				version, _ := strconv.Atoi(string(m[1])) // digits
				return Declared{version, d.toolchain}
			}
		}
	}
	return Declared{}
}
