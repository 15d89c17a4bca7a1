package setup

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// declarations are where builds name their Java version, in the order in which they
// count: Gradle's toolchain, then what is compiled for
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

// Declared is the Java version that a build asks for.
type Declared struct {
	// Version is 0 where it names none.
	Version int
	// Toolchain says that a JDK of that very version is needed, not of one as new.
	Toolchain bool
}

// wanted is the version of the JDK to install.
func (d Declared) wanted() int { return max(d.Version, MinimumJava) }

// DeclaredJava returns the Java version that the build file in dir names: the text is
// looked at, the build is not asked.
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
