package builder

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// cure is what to do about a failure that a build tool, or its JVM, tells in words
// which don't say it. The first that fits the output counts.
type cure struct {
	words *regexp.Regexp
	hints func(p *Project, m []string) []string
}

// cures are in the words of javac, Gradle 4 to 9, Maven 3 and 4, and the JVM.
var cures = []cure{
	// javac: release version 21 not supported; invalid source release: 21
	{regexp.MustCompile(`(?:release version|invalid (?:source|target) release:) (\d+)`), newerJDK},
	// Gradle's own demand, and those of plugins for it
	{regexp.MustCompile(`(?:Gradle requires JVM|requires at least JVM runtime version|compatible with Java) (\d+)`), newerJDK},
	// Gradle before 8: No matching toolchains found for requested specification: {languageVersion=21, …
	{regexp.MustCompile(`(?:Cannot find a Java installation|No matching toolchains found)[^{]*\{languageVersion=(\d+)`), toolchain},
	{regexp.MustCompile(`Cannot find matching toolchain definitions`), advise("tell Maven where the JDK is, in ~/.m2/toolchains.xml: https://maven.apache.org/guides/mini/guide-using-toolchains.html")},
	// Groovy, in a Gradle that is older than the JDK
	{regexp.MustCompile(`Unsupported class file major version (\d+)`), olderJDK},
	{regexp.MustCompile(`No compiler is provided in this environment`), advise("a JRE runs here, and javac is needed: " + getJDK(defaultJDK))},
	{regexp.MustCompile(`JAVA_HOME is set to an invalid directory|JAVA_HOME environment variable is not defined correctly`), advise("let JAVA_HOME name a JDK, or leave it out: unset JAVA_HOME")},
	{regexp.MustCompile(`JAVA_HOME is not set and no 'java' command could be found`), advise(getJDK(defaultJDK))},
	{regexp.MustCompile(`error reading (\S+\.jar); `), func(_ *Project, m []string) []string {
		return []string{"the file is damaged, and is fetched again when it is gone: rm " + m[1]}
	}},
	{regexp.MustCompile(`No space left on device`), advise("make room on the disk: df -h")},
	{regexp.MustCompile(`java\.lang\.OutOfMemoryError: Java heap space|GC overhead limit exceeded`), moreMemory},
	{regexp.MustCompile(`UnknownHostException|Could not transfer artifact|Could not GET '|Connection timed out`), advise("check the network: what the build needs is not all on this machine")},
}

func advise(hint string) func(*Project, []string) []string {
	return func(*Project, []string) []string { return []string{hint} }
}

// unknownName matches what compilers say of a class that is not there: perhaps a library is not
// that another version of the tool would find.
var unknownName = regexp.MustCompile(`does not exist|cannot find symbol|(?i)unresolved reference`)

// curesFor returns what to do about a failed build, in whose sources there are problems.
func (p *Project) curesFor(output string, problems []Problem) []string {
	var hints []string
	for _, c := range cures {
		if m := c.words.FindStringSubmatch(output); m != nil {
			hints = c.hints(p, m)
			break
		}
	}
	unclear := len(problems) == 0 || slices.ContainsFunc(problems, func(p Problem) bool { return unknownName.MatchString(p.Text) })
	if p.Tool.substitute && unclear {
		hints = append(hints, fmt.Sprintf("this was not the project's own %s: %s", p.Tool.Name, p.Tool.Why))
	}
	return hints
}

func newerJDK(_ *Project, m []string) []string {
	version, _ := strconv.Atoi(m[1])
	return []string{jdkHint(version)}
}

func toolchain(p *Project, m []string) []string {
	return append(newerJDK(p, m), "or let Gradle fetch it, in settings.gradle: plugins { id 'org.gradle.toolchains.foojay-resolver-convention' version '1.0.0' }")
}

func olderJDK(_ *Project, m []string) []string {
	major, _ := strconv.Atoi(m[1])
	hints := []string{"let the project have a newer Gradle: ./gradlew wrapper --gradle-version latest"}
	for _, jdk := range slices.Backward(findJDKs()) {
		if jdk.version < major-44 {
			return append(hints, fmt.Sprintf("or build with Java %d: export JAVA_HOME=%s", jdk.version, jdk.home))
		}
	}
	return hints
}

func moreMemory(p *Project, _ []string) []string {
	if p.Tool.Name == "maven" {
		return []string{"give Maven more memory: export MAVEN_OPTS=-Xmx2g"}
	}
	return []string{"give Gradle's daemon more memory, in gradle.properties: org.gradle.jvmargs=-Xmx2g"}
}

// mainClasses matches what Boot's plugins say where they find several main classes,
// noMainClass where they find none.
var (
	mainClasses = regexp.MustCompile(`Unable to find a single main class from the following candidates \[(.+?)\]`)
	noMainClass = regexp.MustCompile(`Unable to find main class|Main class name has not been configured and it could not be resolved`)
)

// mainClassError explains a build that failed for its main class, nil where it did not.
func (p *Project) mainClassError(output string) error {
	if m := mainClasses.FindStringSubmatch(output); m != nil {
		found := strings.Split(m[1], ", ")
		e := &ProjectError{Dir: p.Dir, Reason: "has several main classes: " + m[1], code: "project.ambiguous", evidence: found}
		for _, class := range found {
			e.hints = append(e.hints, p.nameMainClass(class))
		}
		return e
	}
	if noMainClass.MatchString(output) {
		return &ProjectError{Dir: p.Dir, Reason: "has no main class", code: "project.unsupported",
			hints: []string{"write one, with: public static void main(String[] args)", "or is this a library? Then choose the module with the application: --module NAME"}}
	}
	return nil
}

func (p *Project) nameMainClass(class string) string {
	if p.Tool.Name == "maven" {
		return fmt.Sprintf("choose it in pom.xml: <properties><start-class>%s</start-class></properties>", class)
	}
	return fmt.Sprintf("choose it in %s: springBoot { mainClass = %q }", p.buildFile(), class)
}
