package builder

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// jdk is a Java development kit on this machine.
type jdk struct {
	home    string
	version int
}

// defaultJDK is the version that is advised where any will do.
const defaultJDK = 21

// checkJava compares the JDK that the build will run on with the Java version
// that the build files ask for, as far as they say so in plain words. A build that is
// told of other JDKs, by toolchains, is left to find them.
func (p *Project) checkJava() error {
	here, ok := currentJDK()
	wanted, where := p.wantedJava()
	if !ok || wanted <= here.version {
		return nil
	}
	return &ProjectError{Dir: p.Dir, code: "tool.java", hints: []string{jdkHint(wanted)},
		Reason: fmt.Sprintf("needs Java %d (%s), and the JDK here is Java %d, in %s", wanted, where, here.version, here.home)}
}

// jdkHint says how a JDK of at least a version comes to be used.
func jdkHint(version int) string {
	for _, j := range findJDKs() {
		if j.version >= version {
			return fmt.Sprintf("use Java %d, which is on this machine: export JAVA_HOME=%s", j.version, j.home)
		}
	}
	return getJDK(version)
}

// getJDK says how a JDK is installed.
func getJDK(version int) string {
	switch runtime.GOOS {
	case "darwin":
		return fmt.Sprintf("install a JDK: brew install --cask temurin@%d", version)
	case "windows":
		return fmt.Sprintf("install a JDK: winget install EclipseAdoptium.Temurin.%d.JDK", version)
	}
	return fmt.Sprintf("install a JDK %d or newer: https://adoptium.net", version)
}

// currentJDK returns the JDK that the tools take: the one in JAVA_HOME, else the one
// whose java is on the PATH.
func currentJDK() (jdk, bool) {
	if home := os.Getenv("JAVA_HOME"); home != "" {
		return readJDK(home)
	}
	java, err := exec.LookPath("java")
	if err != nil {
		return jdk{}, false
	}
	return readJDK(filepath.Dir(filepath.Dir(realPath(java))))
}

// releaseVersion matches the version in a JDK's file "release": JAVA_VERSION="17.0.15", or "1.8.0_402".
var releaseVersion = regexp.MustCompile(`(?m)^JAVA_VERSION="(?:1\.)?(\d+)`)

// readJDK returns the JDK in a directory, false where it holds none.
func readJDK(home string) (jdk, bool) {
	text, err := os.ReadFile(filepath.Join(home, "release"))
	if err != nil {
		return jdk{}, false
	}
	m := releaseVersion.FindSubmatch(text)
	if m == nil {
		return jdk{}, false
	}
	version, err := strconv.Atoi(string(m[1]))
	return jdk{home, version}, err == nil
}

// findJDKs returns the JDKs in the places where systems, IDEs, Gradle and SDKMAN put
// them, the oldest version first.
func findJDKs() []jdk {
	var found []jdk
	for _, pattern := range []string{"/usr/lib/jvm/*", "/Library/Java/JavaVirtualMachines/*/Contents/Home",
		inHome(".sdkman/candidates/java/*"), inHome(".jdks/*"), filepath.Join(gradleHome(), "jdks", "*")} {
		homes, _ := filepath.Glob(pattern)
		for _, home := range homes {
			_, err := os.Stat(filepath.Join(home, "bin", program("javac")))
			if j, ok := readJDK(realPath(home)); ok && err == nil && !slices.Contains(found, j) {
				found = append(found, j)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b jdk) int { return a.version - b.version })
	return found
}

// program returns the name of a program's file.
func program(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

// wantedJava returns the Java version that the build files ask for, and where; 0 where
// they don't say, or leave the JDK to toolchains.
func (p *Project) wantedJava() (version int, where string) {
	if p.Tool.Name == "maven" {
		return mavenJava(p.moduleDir())
	}
	return p.gradleJava()
}

// mavenJava reads the properties that Maven's and Spring Boot's conventions know, of the
// module's pom.xml and of its parents' as far as they are files beside it.
func mavenJava(dir string) (version int, where string) {
	properties := map[string]string{}
	boot := ""
	for file := filepath.Join(dir, "pom.xml"); file != ""; {
		text, err := os.ReadFile(file)
		if err != nil || strings.Contains(string(text), "toolchain") {
			return 0, ""
		}
		one, err := parsePom(text)
		if err != nil {
			return 0, ""
		}
		for _, e := range one.Properties.Entries {
			if _, set := properties[e.XMLName.Local]; !set {
				properties[e.XMLName.Local] = strings.TrimSpace(e.Value)
			}
		}
		if strings.TrimSpace(one.Parent.ArtifactID) == "spring-boot-starter-parent" {
			boot = strings.TrimSpace(one.Parent.Version)
		}
		file = one.parentFile(file)
	}
	for _, name := range []string{"maven.compiler.release", "java.version", "maven.compiler.source", "maven.compiler.target"} {
		if n := plainVersion(properties[name]); n > 0 {
			return n, "pom.xml: " + name
		}
	}
	return bootJava(boot)
}

// parentFile returns the pom.xml of the parent, "" where it comes from a repository.
func (p pom) parentFile(file string) string {
	path := "../pom.xml"
	if p.Parent.RelativePath != nil {
		path = strings.TrimSpace(*p.Parent.RelativePath)
	}
	if p.Parent.ArtifactID == "" || path == "" {
		return ""
	}
	path = filepath.Join(filepath.Dir(file), filepath.FromSlash(path))
	if filepath.Ext(path) != ".xml" {
		path = filepath.Join(path, "pom.xml")
	}
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

var (
	// gradleLevel matches sourceCompatibility = '21', = JavaVersion.VERSION_21, options.release = 21
	// and options.release.set(21), outside of comments.
	gradleLevel = regexp.MustCompile(`(?m)^[^/*\n]*\b((?:source|target)Compatibility|options\.release)\s*(?:=|\.set\(|\s)\s*\(?["']?(?:JavaVersion\.VERSION_)?(\d+(?:[._]\d+)?)\b`)
	// gradleBoot matches the plugin's version in both languages.
	gradleBoot = regexp.MustCompile(`org\.springframework\.boot["']\)?\s+version\s*\(?["'](\d[^"']*)`)
)

// gradleJava looks for plain words in the build scripts of the module and the root.
func (p *Project) gradleJava() (version int, where string) {
	boot := ""
	for _, file := range []string{"build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts", "gradle.properties", filepath.Join("gradle", "gradle-daemon-jvm.properties")} {
		for _, dir := range slices.Compact([]string{p.moduleDir(), p.root}) {
			text, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				continue
			}
			if regexp.MustCompile(`oolchain|org\.gradle\.java\.home`).Match(text) {
				return 0, ""
			}
			if m := gradleLevel.FindSubmatch(text); m != nil && version == 0 {
				version, where = plainVersion(strings.ReplaceAll(string(m[2]), "_", ".")), file+": "+string(m[1])
			}
			if m := gradleBoot.FindSubmatch(text); m != nil {
				boot = string(m[1])
			}
		}
	}
	if version > 0 {
		return version, where
	}
	return bootJava(boot)
}

// bootJava returns the Java version that a version of Spring Boot needs.
// https://docs.spring.io/spring-boot/system-requirements.html
func bootJava(boot string) (version int, where string) {
	major, _, _ := strings.Cut(boot, ".")
	if n, err := strconv.Atoi(major); err == nil && n >= 3 {
		return 17, "Spring Boot " + boot
	}
	return 0, ""
}

// plainVersion reads "21" and "1.8"; it returns 0 for anything else.
func plainVersion(text string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(text, "1."))
	if err != nil {
		return 0
	}
	return n
}
