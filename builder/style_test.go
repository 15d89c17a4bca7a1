package builder

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/springboot"
)

func TestSkippedChecksAreNamedOnce(t *testing.T) {
	m := model{Modules: []module{
		{Goals: []goal{{"maven-checkstyle-plugin:check", "validate"}, {"maven-compiler-plugin:compile", "compile"}}},
		{Goals: []goal{{"maven-checkstyle-plugin:check", "validate"}, {"spring-javaformat-maven-plugin:validate", "validate"}}, SkippedTasks: []string{"checkstyleMain"}},
	}}
	if got := (&Project{}).skippedChecks(m); got != nil {
		t.Errorf("a build as it is leaves out %v", got)
	}
	want := []string{"maven-checkstyle-plugin", "checkstyleMain", "spring-javaformat-maven-plugin"}
	if got := (&Project{SkipStyle: true}).skippedChecks(m); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestStyleFailuresAreTold uses what Maven 3.9 says.
func TestStyleFailuresAreTold(t *testing.T) {
	p := &Project{Tool: Tool{Name: "maven", Command: []string{"./mvnw"}}}
	output := "[ERROR] Failed to execute goal io.spring.javaformat:spring-javaformat-maven-plugin:0.0.47:validate (default) on project spring-petclinic: Formatting violations found in the following files:"
	hints := strings.Join(p.styleHints(output), "\n")
	if !strings.Contains(hints, "devloop run leaves such checks out") || !strings.Contains(hints, "./mvnw spring-javaformat:apply") {
		t.Errorf("got %q", hints)
	}
	output = "[ERROR] Failed to execute goal org.apache.maven.plugins:maven-compiler-plugin:3.15.0:compile (default-compile) on project shop: Compilation failure"
	if got := p.styleHints(output); got != nil {
		t.Errorf("of a compile error: %v", got)
	}
}

func TestMavenGetsOneCollector(t *testing.T) {
	t.Setenv("MAVEN_OPTS", "")
	if err := os.Unsetenv("MAVEN_OPTS"); err != nil { // Setenv puts it back
		t.Fatal(err)
	}
	t.Setenv("JAVA_TOOL_OPTIONS", "-XX:+UseG1GC")
	p := &Project{root: t.TempDir()}
	if env := p.mavenEnv(); !slices.Contains(env, "MAVEN_OPTS=-XX:TieredStopAtLevel=1") || slices.ContainsFunc(env, func(v string) bool { return strings.HasPrefix(v, "MAVEN_OPTS=") && strings.Contains(v, "SerialGC") }) {
		t.Errorf("Maven is told two collectors")
	}
}

func TestOptionsOfTheUserComeFirst(t *testing.T) {
	const serial, quick, fresh = "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dspring.web.resources.cache.use-last-modified=false"
	for _, c := range []struct {
		given string
		left  []string
	}{
		{"", []string{quick, serial, fresh}},
		{"PATH=/usr/bin", []string{quick, serial, fresh}},
		{"GREETING=-XX:+UseG1GC", []string{quick, serial, fresh}},
		{"JAVA_TOOL_OPTIONS=-XX:+UseG1GC -XX:MaxRAMPercentage=75", []string{quick, fresh}},
		{"JDK_JAVA_OPTIONS=-XX:-UseSerialGC", []string{quick, fresh}},
		{"JAVA_TOOL_OPTIONS=", []string{quick, fresh}},
		{"_JAVA_OPTIONS=-XX:TieredStopAtLevel=4", []string{serial, fresh}},
		{"JAVA_TOOL_OPTIONS=-XX:-TieredCompilation", []string{serial, fresh}},
		{"JAVA_TOOL_OPTIONS=-Dspring.web.resources.cache.use-last-modified=true", []string{quick, serial}},
		{"-XX:+UseParallelGC", []string{quick, fresh}},
	} {
		j := &job{given: []string{c.given}}
		if got := optionTexts(j.jvmOptions(&springboot.Files{})); !slices.Equal(got, c.left) {
			t.Errorf("%q: got %v, want %v", c.given, got, c.left)
		}
	}
}
