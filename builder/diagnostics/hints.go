package diagnostics

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/devloop-cli/devloop/builder/jdk"
)

// rule maps a failure that a tool or its JVM explains badly to a hint.
type rule struct {
	pattern *regexp.Regexp
	hints   func(m []string) []string
}

// rules are tried in order. The first that matches the output counts.
var rules = []rule{
	// javac: release version 21 not supported; invalid source release: 21
	{regexp.MustCompile(`(?:release version|invalid (?:source|target) release:) (\d+)`), newerJDK},
	// Gradle's own demand, and those of plugins for it
	{regexp.MustCompile(`(?:Gradle requires JVM|requires at least JVM runtime version|compatible with Java) (\d+)`),
		newerJDK},
	// javac of a library, and a JVM of a plugin, that was compiled for a later Java, as Spring Boot's
	{regexp.MustCompile(`class file has wrong version (\d+)|more recent version of the Java Runtime \(class file version (\d+)`), newerThanClass},
	// Gradle before 8: No matching toolchains found for requested specification: {languageVersion=21, …
	{regexp.MustCompile(`(?:Cannot find a Java installation|No matching toolchains found)[^{]*\{languageVersion=(\d+)`),
		toolchain},
	{regexp.MustCompile(`Cannot find matching toolchain definitions`),
		advise("tell Maven where the JDK is, in ~/.m2/toolchains.xml: https://maven.apache.org/guides/mini/guide-using-toolchains.html")},
	// Groovy, in a Gradle that is older than the JDK
	{regexp.MustCompile(`Unsupported class file major version (\d+)`), olderJDK},
	{regexp.MustCompile(`No compiler is provided in this environment`),
		advise("a JRE runs here, and javac is needed: " + jdk.InstallHint(jdk.Default))},
	{regexp.MustCompile(`JAVA_HOME is set to an invalid directory|JAVA_HOME environment variable is not defined correctly`), advise("let JAVA_HOME name a JDK, or leave it out: unset JAVA_HOME")},
	{regexp.MustCompile(`JAVA_HOME is not set and no 'java' command could be found`),
		advise(jdk.InstallHint(jdk.Default))},
	{regexp.MustCompile(`error reading (\S+\.jar); `), func(m []string) []string {
		return []string{"the file is damaged, and is fetched again when it is gone: rm " + m[1]}
	}},
	{regexp.MustCompile(`No space left on device`), advise("make room on the disk: df -h")},
	{regexp.MustCompile(`UnknownHostException|Could not transfer artifact|Could not GET '|Connection timed out`),
		advise("check the network: what the build needs is not all on this machine")},
	// Maven the first time, Maven later, Gradle
	{regexp.MustCompile(`Could not find artifact |was not found in \S+ during a previous attempt|Could not find \S+:\S*:\S*\.`), advise("check its name and version, and the repositories, where the build names them")},
}

func advise(hint string) func([]string) []string {
	return func([]string) []string { return []string{hint} }
}

var outOfMemory = regexp.MustCompile(`java\.lang\.OutOfMemoryError: Java heap space|GC overhead limit exceeded`)

// Hints returns the hints for a failed build. moreMemory is the hint that gives the tool's JVM more memory.
func Hints(output, moreMemory string) []string {
	for _, r := range rules {
		if m := r.pattern.FindStringSubmatch(output); m != nil {
			return r.hints(m)
		}
	}
	if outOfMemory.MatchString(output) {
		return []string{moreMemory}
	}
	return nil
}

// unknownName matches complaints about a missing class: perhaps a library that another version of the tool would find.
var unknownName = regexp.MustCompile(`does not exist|cannot find symbol|(?i)unresolved reference`)

// MayBeTheTool reports whether another build tool might build the project: no source fails, or a library is missing.
func MayBeTheTool(problems []Problem) bool {
	return len(problems) == 0 || slices.ContainsFunc(problems,
		func(p Problem) bool { return unknownName.MatchString(p.Text) })
}

func newerJDK(m []string) []string {
	version, _ := strconv.Atoi(m[1])
	return []string{jdk.Hint(version)}
}

func newerThanClass(m []string) []string {
	major, _ := strconv.Atoi(m[1] + m[2])
	return []string{jdk.Hint(major - 44)}
}

func toolchain(m []string) []string {
	return append(newerJDK(m), "or let Gradle fetch it, in settings.gradle: plugins { id 'org.gradle.toolchains.foojay-resolver-convention' version '1.0.0' }")
}

func olderJDK(m []string) []string {
	major, _ := strconv.Atoi(m[1])
	hints := []string{"let the project have a newer Gradle: ./gradlew wrapper --gradle-version latest"}
	for _, j := range slices.Backward(jdk.Find()) {
		if j.Version < major-44 {
			return append(hints, fmt.Sprintf("or build with Java %d: export JAVA_HOME=%s", j.Version, j.Home))
		}
	}
	return hints
}
