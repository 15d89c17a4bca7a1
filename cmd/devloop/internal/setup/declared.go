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
var declarations = []*regexp.Regexp{
	regexp.MustCompile(`JavaLanguageVersion\.of\(\s*["']?(\d+)`),
	regexp.MustCompile(`jvmToolchain\(\s*(\d+)`),
	regexp.MustCompile(`(?:options\.release|sourceCompatibility)(?:\.set\(|\s*=)\s*(?:JavaVersion\.VERSION_)?["']?(?:1[._])?(\d+)`),
	regexp.MustCompile(`<(?:java\.version|maven\.compiler\.release|maven\.compiler\.source|release)>\s*(?:1\.)?(\d+)\s*<`),
}

// DeclaredJava returns the Java version that the build file in dir names, 0 where it
// names none: the text is looked at, the build is not asked.
func DeclaredJava(dir string) int {
	for _, name := range []string{"build.gradle", "build.gradle.kts", "pom.xml"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		for _, d := range declarations {
			if m := d.FindSubmatch(text); m != nil {
				version, _ := strconv.Atoi(string(m[1])) // digits
				return version
			}
		}
	}
	return 0
}
