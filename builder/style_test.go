package builder

import (
	"os"
	"slices"
	"strings"
	"testing"
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
