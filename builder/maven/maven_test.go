package maven

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/diagnostics"
	"github.com/devloop-cli/devloop/builder/internal/jartest"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

func TestMavenOptionsAreTheUsers(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("MAVEN_OPTS", "")
	if err := os.Unsetenv("MAVEN_OPTS"); err != nil { // Setenv puts it back
		t.Fatal(err)
	}
	if env := environment(dir); env == nil {
		t.Error("Maven's JVM gets no options")
	}
	testfile.Write(t, dir, ".mvn/jvm.config", "-XX:+UseG1GC")
	if env := environment(dir); env != nil {
		t.Errorf("got %v beside jvm.config", env)
	}
}

// TestStyleFailuresAreTold uses what Maven 3.9 says.
func TestStyleFailuresAreTold(t *testing.T) {
	b := buildtool.Build{Tool: buildtool.Tool{Name: "maven", Command: []string{"./mvnw"}}}
	output := "[ERROR] Failed to execute goal io.spring.javaformat:spring-javaformat-maven-plugin:0.0.47:validate (default) on project spring-petclinic: Formatting violations found in the following files:"
	hints := strings.Join(styleHints(b, output), "\n")
	if !strings.Contains(hints, "which devloop run leaves out") ||
		!strings.Contains(hints, "./mvnw spring-javaformat:apply") {
		t.Errorf("got %q", hints)
	}
	output = "[ERROR] Failed to execute goal org.apache.maven.plugins:maven-compiler-plugin:3.15.0:compile (default-compile) on project shop: Compilation failure"
	if got := styleHints(b, output); got != nil {
		t.Errorf("of a compile error: %v", got)
	}
}

func TestMavenIsToldWhatToLeaveOut(t *testing.T) {
	t.Parallel()
	for only, want := range map[bool]string{false: "jib-maven-plugin",
		true: "jib-maven-plugin maven-checkstyle-plugin jacoco-maven-plugin devloop.omitTests"} {
		all := strings.Join(omissions(buildtool.Build{OnlyApplication: only}), " ")
		for word := range strings.FieldsSeq("jib-maven-plugin maven-checkstyle-plugin jacoco-maven-plugin devloop.omitTests") {
			if strings.Contains(all, word) != strings.Contains(want, word) {
				t.Errorf("only the application %v: %s", only, all)
			}
		}
	}
}

// TestFrontend: one that a later phase makes is not reached by a build of the classes.
func TestFrontend(t *testing.T) {
	t.Parallel()
	npm := func(phase string) []buildtool.Goal {
		return []buildtool.Goal{{Goal: "frontend-maven-plugin:npm", Phase: phase}}
	}
	for _, c := range []struct {
		module buildtool.Module
		want   bool
	}{
		{buildtool.Module{Goals: npm("generate-resources")}, true},
		{buildtool.Module{Omitted: []string{"frontend-maven-plugin:npm"}}, true},
		{buildtool.Module{Goals: npm("prepare-package")}, false},
		{buildtool.Module{Goals: []buildtool.Goal{{Goal: "maven-compiler-plugin:compile", Phase: "compile"}}}, false},
	} {
		if got := (Maven{}).Frontend(c.module); got != c.want {
			t.Errorf("%+v: got %v", c.module, got)
		}
	}
}

// TestOldMavenIsNotToldNtp: it ends with "Unrecognized option: -ntp".
func TestOldMavenIsNotToldNtp(t *testing.T) {
	t.Parallel()
	for dist, want := range map[string]bool{"apache-maven-3.5.4-bin.zip": false, "apache-maven-3.6.0-bin.zip": false,
		"apache-maven-3.6.1-bin.zip": true, "apache-maven-3.9.12-bin.zip": true, "tools.zip": true} {
		root := t.TempDir()
		testfile.Write(t, root, ".mvn/wrapper/maven-wrapper.properties",
			"distributionUrl=https://repo.maven.apache.org/maven2/"+dist)
		if got := slices.Contains(quiet(buildtool.Build{Root: root, Tool: buildtool.Tool{Wrapped: true}}),
			"-ntp"); got != want {
			t.Errorf("%s: -ntp is %v", dist, got)
		}
	}
}

func TestPackingByMaven(t *testing.T) {
	t.Parallel()
	for want, one := range map[string]buildtool.Module{
		"": {Goals: []buildtool.Goal{{Goal: "maven-compiler-plugin:compile", Phase: "compile"}, {Goal: "maven-jar-plugin:jar", Phase: "package"}}},
		"proguard-maven-plugin:proguard runs for it in the phase package": {Goals: []buildtool.Goal{{Goal: "proguard-maven-plugin:proguard", Phase: "package"}}},
	} {
		if got := (Maven{}).PackagingReason(one); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestBrokenPoms(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	testfile.Write(t, dir, "pom.xml", "<project>\n  <dependenci>\n</project>")
	for output, want := range map[string]string{
		"[ERROR] [ERROR] Some problems were encountered while processing the POMs:\n[FATAL] Non-parseable POM DIR/pom.xml: Unrecognised tag: 'dependenci' (position: START_TAG seen ...<dependenci>... @2:3)  @ line 2, column 3\n":               "pom.xml:2: Unrecognised tag: 'dependenci'",
		"[ERROR] 'dependencies.dependency.version' for a:b:jar is missing. @ line 2, column 3\n[ERROR]   The project c:d:1 (DIR/pom.xml) has 1 error\n[ERROR]     'dependencies.dependency.version' for a:b:jar is missing. @ line 2, column 3\n": "pom.xml:2: 'dependencies.dependency.version' for a:b:jar is missing.",
	} {
		err := failure(buildtool.Build{Dir: dir, Root: dir, Tool: buildtool.Tool{Name: "maven"}},
			strings.ReplaceAll(output, "DIR", dir), errors.New("failed"))
		if got := err.Error(); got != "compile: "+want {
			t.Errorf("got %q, want %q", got, want)
		}
		var e *diagnostics.CompileError
		if errors.As(err, &e) && e.Problems[0].Column != 3 {
			t.Errorf("got %+v", e.Problems)
		}
	}
}

// TestMissingDependency uses what Maven 3.9 says the first time and the second time, and Maven 3.8.
func TestMissingDependency(t *testing.T) {
	t.Parallel()
	const begin = "[ERROR] Failed to execute goal on project shop: Could not resolve dependencies for project c:d:jar:1"
	const end = "\n[ERROR] \n[ERROR] To see the full stack trace of the errors, re-run Maven with the -e switch.\n[ERROR] Re-run Maven using the -X switch to enable full debug logging.\n" +
		"[ERROR] \n[ERROR] For more information about the errors and possible solutions, please read the following articles:\n[ERROR] [Help 1] http://cwiki.apache.org/x\n"
	for output, lines := range map[string]int{
		begin + "\n[ERROR] dependency: a:b:jar:4 (compile)\n[ERROR] \tCould not find artifact a:b:jar:4 in central (https://example.com)\n[ERROR] -> [Help 1]":                                                                                          3,
		begin + "\n[ERROR] dependency: a:b:jar:4 (compile)\n[ERROR] \ta:b:jar:4 was not found in https://example.com during a previous attempt. This failure was cached in the local repository and resolution is not reattempted\n[ERROR] -> [Help 1]": 3,
		begin + ": Could not find artifact a:b:jar:4 in central (https://example.com) -> [Help 1]":                                                                                                                                                      1,
	} {
		err := failure(buildtool.Build{Dir: t.TempDir(), Tool: buildtool.Tool{Name: "maven"}}, output+end,
			errors.New("it failed"))
		said := fault.Of(err)
		if got := err.Error(); got != "build with maven: it failed: a:b:jar:4 is in no repository of the build" {
			t.Errorf("got %q", got)
		}
		if len(said.Evidence) != lines || strings.Contains(strings.Join(said.Evidence, "\n"), "[Help") ||
			len(said.Hints) != 1 {
			t.Errorf("got %q, %q", said.Evidence, said.Hints)
		}
	}
}

// TestMissingImport: versions are missing where a list of them is, whose name has to be told.
func TestMissingImport(t *testing.T) {
	t.Parallel()
	const output = "[ERROR] [ERROR] Some problems were encountered while processing the POMs:\n" +
		"[ERROR] Non-resolvable import POM: The following artifacts could not be resolved: a:b:pom:4 (absent): " +
		"a:b:pom:4 was not found in https://example.com during a previous attempt. @ line 41, column 25\n" +
		"[ERROR] 'dependencies.dependency.version' for a:c:jar is missing. @ line 87, column 21\n @ \n" +
		"[ERROR] The build could not read 1 project -> [Help 1]\n[ERROR]   \n" +
		"[ERROR]   The project e:f:1.0 (/shop/pom.xml) has 2 errors\n" +
		"[ERROR]     'dependencies.dependency.version' for a:c:jar is missing. @ line 87, column 21\n"
	err := failure(buildtool.Build{Dir: t.TempDir(), Tool: buildtool.Tool{Name: "maven"}}, output, errors.New("it failed"))
	if got := err.Error(); got != "build with maven: it failed: a:b:pom:4 is in no repository of the build" {
		t.Errorf("got %q", got)
	}
}

func TestUnknownModule(t *testing.T) {
	t.Parallel()
	const output = "[ERROR] [ERROR] Could not find the selected project in the reactor: wep @ \n[ERROR] Could not find the selected project in the reactor: wep -> [Help 1]\n"
	for pom, hint := range map[string]string{
		"<project><modules><module>web</module></modules></project>": "choose one: --module web",
		"<project/>": "it has only one: leave out --module",
	} {
		dir := t.TempDir()
		testfile.Write(t, dir, "pom.xml", pom)
		testfile.Write(t, dir, "web/pom.xml", "<project/>")
		err := failure(buildtool.Build{Dir: dir, Root: dir, Module: "wep"}, output, errors.New("it failed"))
		if f := fault.Of(err); f.Code != "project.unsupported" ||
			!strings.HasSuffix(err.Error(), `has no module "wep"`) || !slices.Equal(f.Hints, []string{hint}) {
			t.Errorf("%s: got %v, %q", pom, err, f.Hints)
		}
	}
}

func TestMavenNamesACorruptJar(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	testfile.Write(t, dir, "pom.xml", "<project><artifactId>shop</artifactId></project>")
	jar := testfile.Write(t, dir, "target/shop-1.jar", "PK\x03\x04 cut")
	one := must.Get((Maven{}).Application(buildtool.Build{Dir: dir, Root: dir},
		[]buildtool.Module{{Directory: dir, Archive: jar}}))(t)
	if one.Archive != jar {
		t.Errorf("got %+v", one)
	}
}

func TestOmittedPluginsAreNamed(t *testing.T) {
	t.Parallel()
	omitted := []string{"maven-checkstyle-plugin:check", "jacoco-maven-plugin:report", "maven-surefire-plugin:test",
		"maven-compiler-plugin:testCompile", "spring-boot-maven-plugin:build-image"}
	if got := (Maven{}).Omitted([]buildtool.Module{{Omitted: omitted}}); !slices.Equal(got,
		[]string{"checkstyle", "jacoco", "spring-boot:build-image"}) {
		t.Errorf("got %v", got)
	}
}

// TestApplicationIsTheSelectedModule selects by directory and by artifact, also in a flat layout and in a
// directory with brackets.
func TestApplicationIsTheSelectedModule(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "[work]", "shop")
	web, admin := filepath.Join(root, "..", "web"), filepath.Join(root, "admin")
	modules := []buildtool.Module{{Name: "g:shop", Directory: root}, {Name: "g:web", Directory: web},
		{Name: "g:admin", Directory: admin}}
	for _, dir := range []string{web, admin} {
		jartest.Write(t, filepath.Join(dir, "target", "app-1.jar"), jartest.BootFiles())
	}
	for module, want := range map[string]string{"../web": web, ":web": web, "g:admin": admin, "admin": admin} {
		one, err := Maven{}.Application(buildtool.Build{Dir: root, Root: root, Module: module}, modules)
		if err != nil || one.Directory != want || one.Archive != filepath.Join(want, "target", "app-1.jar") {
			t.Errorf("%s: got %+v, %v", module, one, err)
		}
	}
	if _, err := (Maven{}).Application(buildtool.Build{Dir: root, Root: root},
		modules); fault.Of(err).Code != "project.ambiguous" {
		t.Errorf("two applications: %v", err)
	}
	if _, err := (Maven{}).Application(buildtool.Build{Dir: root, Root: root, Module: "none"},
		modules); fault.Of(err).Code != "project.unsupported" {
		t.Errorf("no application: %v", err)
	}
}

// TestModelIsOfThisBuild: .mvn/maven.config may name another extension, and then devloop's reports nothing.
func TestModelIsOfThisBuild(t *testing.T) {
	t.Parallel()
	b := buildtool.Build{Dir: t.TempDir(), CacheDir: t.TempDir(),
		Tool: buildtool.Tool{Name: "maven", Command: []string{"true"}}}
	b.Root = b.Dir
	_, report, err := writeModelExtension(b.StateDir("models"))
	if err != nil {
		t.Fatal(err)
	}
	testfile.Write(t, filepath.Dir(report), filepath.Base(report), `[{"name": "g:shop"}]`) // by an earlier build
	if modules, err := (Maven{}).Package(t.Context(), b, io.Discard); err != nil || modules != nil {
		t.Errorf("got %+v, %v", modules, err)
	}
}
