package builder

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestMainClasses(t *testing.T) {
	p := openPlayed(t, "fail", "")
	t.Setenv("PLAY_OUTPUT", "* What went wrong:\nExecution failed for task ':bootJar'.\n> Unable to find a single main class from the following candidates [com.example.Other, com.example.App]\n\n* Try:\n")
	_, err := p.Compile(t.Context(), io.Discard)
	var e *ProjectError
	if !errors.As(err, &e) || e.Code() != "project.ambiguous" || !strings.HasSuffix(e.Error(), "has several main classes: com.example.Other, com.example.App") ||
		e.Hints()[1] != `choose it in build.gradle: springBoot { mainClass = "com.example.App" }` {
		t.Errorf("got %v", err)
	}
	t.Setenv("PLAY_OUTPUT", "> Main class name has not been configured and it could not be resolved\n")
	if _, err := p.Compile(t.Context(), io.Discard); codeOf(err) != "project.unsupported" || !strings.HasSuffix(err.Error(), "has no main class") {
		t.Errorf("got %v", err)
	}
}

func TestCures(t *testing.T) {
	noJDKs(t)
	gradle, maven := &Project{Tool: Tool{Name: "gradle"}}, &Project{Tool: Tool{Name: "maven"}}
	for output, want := range map[string]string{
		"[ERROR] Fatal error compiling: error: release version 21 not supported":                                    "install a JDK 21",
		"error: invalid source release: 25":                                                                         "install a JDK 25",
		"Gradle requires JVM 17 or later to run":                                                                    "install a JDK 17",
		"Cannot find a Java installation on your machine (Linux) matching: {languageVersion=21, vendor=any vendor}": "install a JDK 21",
		"> BUG! Unsupported class file major version 69":                                                            "./gradlew wrapper --gradle-version latest",
		"[ERROR] No compiler is provided in this environment":                                                       "a JRE runs here",
		"ERROR: JAVA_HOME is set to an invalid directory: /nowhere":                                                 "unset JAVA_HOME",
		"error: error reading /m2/a-1.jar; zip END header not found":                                                "rm /m2/a-1.jar",
		"java.io.IOException: No space left on device":                                                              "df -h",
		"Could not transfer artifact a:b:jar:1 from/to central":                                                     "check the network",
		"Could not resolve a:b:1.\n> Could not GET 'https://example.com/a.pom'":                                     "check the network",
	} {
		for _, p := range []*Project{gradle, maven} {
			if got := strings.Join(p.curesFor(output, nil), "|"); !strings.Contains(got, want) {
				t.Errorf("%s: got %q", output, got)
			}
		}
	}
	if got := gradle.curesFor("> Compilation failed", nil); got != nil {
		t.Errorf("got %q", got)
	}
	gradle.Tool = Tool{Name: "gradle", Why: "the wrapper could not fetch gradle-9: using gradle 4.4.1", substitute: true}
	if got := gradle.curesFor("java.lang.OutOfMemoryError: Java heap space", nil); len(got) != 2 || !strings.HasSuffix(got[1], "using gradle 4.4.1") {
		t.Errorf("got %q", got)
	}
	if got := gradle.curesFor("error: ';' expected", []Problem{{Text: "';' expected"}}); got != nil {
		t.Errorf("a slip in a source has nothing to do with the tool: %q", got)
	}
	if got := gradle.curesFor("error", []Problem{{Text: "';' expected"}, {Text: "package jakarta.inject does not exist"}}); len(got) != 1 {
		t.Errorf("a library may be missing by the tool: %q", got)
	}
}

// noJDKs hides the machine's JDKs, but for the system's.
func noJDKs(t *testing.T) {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	t.Setenv("GRADLE_USER_HOME", t.TempDir())
	if found := findJDKs(); len(found) > 0 && found[len(found)-1].version > 17 {
		t.Skipf("the system has %v", found)
	}
}

// fakeJDK makes what tells a JDK.
func fakeJDK(t *testing.T, dir, version string) string {
	t.Helper()
	write(t, dir, "release", "IMPLEMENTOR=\"Nobody\"\nJAVA_VERSION=\""+version+"\"\n")
	write(t, dir, filepath.Join("bin", program("javac")), "")
	return dir
}

func TestJavaIsCheckedFirst(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	old := fakeJDK(t, t.TempDir(), "11.0.2")
	t.Setenv("JAVA_HOME", old)
	newer := fakeJDK(t, filepath.Join(home, ".jdks", "future"), "99.0.1")
	for name, c := range map[string]struct{ file, text, want string }{
		"release":           {"build.gradle", "tasks.withType(JavaCompile).configureEach {\n  options.release = 98\n}", "needs Java 98 (build.gradle: options.release)"},
		"level":             {"build.gradle", "java {\n  sourceCompatibility = JavaVersion.VERSION_98\n}", "needs Java 98 (build.gradle: sourceCompatibility)"},
		"kotlin":            {"build.gradle.kts", "tasks.compileJava { options.release.set(98) }", "needs Java 98 (build.gradle.kts: options.release)"},
		"boot":              {"build.gradle", "plugins {\n  id 'org.springframework.boot' version '4.1.2'\n}", "needs Java 17 (Spring Boot 4.1.2)"},
		"boot in kotlin":    {"build.gradle.kts", `plugins { id("org.springframework.boot") version "3.5.7" }`, "needs Java 17 (Spring Boot 3.5.7)"},
		"comment":           {"build.gradle", "// sourceCompatibility = 98", ""},
		"toolchain":         {"build.gradle", "java { toolchain { languageVersion = JavaLanguageVersion.of(98) } }\nsourceCompatibility = 98", ""},
		"old enough":        {"build.gradle", "sourceCompatibility = 1.8", ""},
		"pom":               {"pom.xml", "<project><properties><java.version>98</java.version></properties></project>", "needs Java 98 (pom.xml: java.version)"},
		"pom with a parent": {"pom.xml", "<project><parent><artifactId>spring-boot-starter-parent</artifactId><version>3.5.7</version><relativePath/></parent></project>", "needs Java 17 (Spring Boot 3.5.7)"},
		"pom of a variable": {"pom.xml", "<project><properties><java.version>${jdk}</java.version></properties></project>", ""},
	} {
		dir := t.TempDir()
		write(t, dir, c.file, c.text)
		p := &Project{Dir: dir, root: dir, Tool: Tool{Name: "gradle"}}
		if c.file == "pom.xml" {
			p.Tool.Name = "maven"
		}
		err := p.checkJava()
		if c.want == "" && err == nil {
			continue
		}
		var e *ProjectError
		if !errors.As(err, &e) || e.Code() != "tool.java" || !strings.HasSuffix(e.Error(), c.want+", and the JDK here is Java 11, in "+old) {
			t.Errorf("%s: got %v", name, err)
		} else if c.want == "needs Java 98" && !slices.Equal(e.Hints(), []string{"use Java 99, which is on this machine: export JAVA_HOME=" + newer}) {
			t.Errorf("%s: got %q", name, e.Hints())
		}
	}
}

func TestPropertiesOfParentPoms(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "pom.xml", "<project><properties><java.version>21</java.version></properties></project>")
	write(t, dir, "web/pom.xml", "<project><parent><artifactId>shop</artifactId></parent></project>")
	if version, where := mavenJava(filepath.Join(dir, "web")); version != 21 || where != "pom.xml: java.version" {
		t.Errorf("got %d, %s", version, where)
	}
	_ = os.Remove(filepath.Join(dir, "pom.xml"))
	if version, _ := mavenJava(filepath.Join(dir, "web")); version != 0 {
		t.Errorf("got %d", version)
	}
}

func TestBrokenBuildScripts(t *testing.T) {
	dir := t.TempDir()
	p := &Project{Dir: dir, root: dir, Tool: Tool{Name: "gradle"}}
	write(t, dir, "build.gradle", "\nimplementatio 'x:y:1'\n")
	write(t, dir, "pom.xml", "<project>\n  <dependenci>\n</project>")
	for output, want := range map[string]string{
		"* Where:\nBuild file 'DIR/build.gradle' line: 2\n\n* What went wrong:\nA problem occurred evaluating root project 'two'.\n> Could not find method implementatio() for arguments [x:y:1]\n\n* Try:\n":                "build.gradle:2: Could not find method implementatio() for arguments [x:y:1]",
		"* Where:\nBuild file 'DIR/build.gradle.kts' line: 2\n\n* What went wrong:\nScript compilation error:\n\n  Line 2: implementatio(\"x:y:1\")\n          ^ Unresolved reference: implementatio\n\n1 error\n\n* Try:\n": "build.gradle.kts:2: Unresolved reference: implementatio",
		"* What went wrong:\nCould not compile build file 'DIR/build.gradle'.\n> startup failed:\n  build file 'DIR/build.gradle': 2: unexpected token: } @ line 2, column 16.\n\n* Try:\n":                                  "build.gradle:2: unexpected token: }",
	} {
		err := p.gradleError(strings.ReplaceAll(output, "DIR", dir), errors.New("failed"))
		if got := err.Error(); got != "compile: "+want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	p.Tool.Name = "maven"
	for output, want := range map[string]string{
		"[ERROR] [ERROR] Some problems were encountered while processing the POMs:\n[FATAL] Non-parseable POM DIR/pom.xml: Unrecognised tag: 'dependenci' (position: START_TAG seen ...<dependenci>... @2:3)  @ line 2, column 3\n":               "pom.xml:2: Unrecognised tag: 'dependenci'",
		"[ERROR] 'dependencies.dependency.version' for a:b:jar is missing. @ line 2, column 3\n[ERROR]   The project c:d:1 (DIR/pom.xml) has 1 error\n[ERROR]     'dependencies.dependency.version' for a:b:jar is missing. @ line 2, column 3\n": "pom.xml:2: 'dependencies.dependency.version' for a:b:jar is missing.",
	} {
		err := p.mavenError(strings.ReplaceAll(output, "DIR", dir), errors.New("failed"))
		if got := err.Error(); got != "compile: "+want {
			t.Errorf("got %q, want %q", got, want)
		}
		var e *CompileError
		if errors.As(err, &e) && e.Problems[0].Column != 3 {
			t.Errorf("got %+v", e.Problems)
		}
	}
}

// What is kept of a build may be damaged; then it is asked again.
func TestDamagedKnowledge(t *testing.T) {
	for _, name := range []string{"model.json", "packing.json"} {
		p, _ := unpackedProject(t, bootFiles())
		compilePlayed(t, p)
		write(t, p.modelDir(), name, "{\"Inputs\": cut")
		if app, task := compilePlayed(t, p); task != archiveTask || app.Exploded == nil {
			t.Errorf("%s: got %s", name, task)
		}
		if _, task := compilePlayed(t, p); task != classesTask {
			t.Errorf("%s: then %s", name, task)
		}
	}
}

func TestMavenNamesACorruptJar(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "pom.xml", "<project><artifactId>shop</artifactId></project>")
	jar := write(t, dir, "target/shop-1.jar", "PK\x03\x04 cut")
	p := &Project{Dir: dir, root: dir, Tool: Tool{Name: "maven"}}
	one, err := p.executableModule(model{Modules: []module{{Directory: dir, Archive: jar}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := noArchive(one, openError(jar)); codeOf(err) != "project.unsupported" || !strings.Contains(err.Error(), "has a jar that can't be read") {
		t.Errorf("got %v", err)
	}
}
