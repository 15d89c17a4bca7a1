package gradle

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/testfile"
)

func TestBrokenBuildScripts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	testfile.Write(t, dir, "build.gradle", "\nimplementatio 'x:y:1'\n")
	for output, want := range map[string]string{
		"* Where:\nBuild file 'DIR/build.gradle' line: 2\n\n* What went wrong:\nA problem occurred evaluating root project 'two'.\n> Could not find method implementatio() for arguments [x:y:1]\n\n* Try:\n":                "build.gradle:2: Could not find method implementatio() for arguments [x:y:1]",
		"* Where:\nBuild file 'DIR/build.gradle.kts' line: 2\n\n* What went wrong:\nScript compilation error:\n\n  Line 2: implementatio(\"x:y:1\")\n          ^ Unresolved reference: implementatio\n\n1 error\n\n* Try:\n": "build.gradle.kts:2: Unresolved reference: implementatio",
		"* Where:\nBuild file 'DIR/build.gradle' line: 2\n\n* What went wrong:\nPlugin [id: 'a', version: '1'] was not found in any of the following sources:\n\n- Gradle Core Plugins (it is not there)\n\n* Try:\n":        "build.gradle:2: Plugin [id: 'a', version: '1'] was not found",
		"* What went wrong:\nCould not compile build file 'DIR/build.gradle'.\n> startup failed:\n  build file 'DIR/build.gradle': 2: unexpected token: } @ line 2, column 16.\n\n* Try:\n":                                  "build.gradle:2: unexpected token: }",
	} {
		err := failure(buildtool.Build{Dir: dir, Root: dir, Tool: buildtool.Tool{Name: "gradle"}}, strings.ReplaceAll(output, "DIR", dir), errors.New("failed"))
		if got := err.Error(); got != "compile: "+want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestTheDeepestReasonIsTold(t *testing.T) {
	t.Parallel()
	const output = "* What went wrong:\nExecution failed for task ':compileJava'.\n> Could not resolve all files for configuration ':compileClasspath'.\n   > Could not find org.example:nonsense:.\n     Required by:\n         root project :\n\n* Try:\n"
	err := failure(buildtool.Build{Dir: t.TempDir(), Tool: buildtool.Tool{Name: "gradle"}}, output, errors.New("it failed"))
	if got := err.Error(); got != "build with gradle: it failed: Could not find org.example:nonsense:." {
		t.Errorf("got %q", got)
	}
}

func TestGradleThatIsTooOld(t *testing.T) {
	t.Parallel()
	const output = "* What went wrong:\nA problem occurred evaluating root project 'both'.\n> Failed to apply plugin.\n   > Spring Boot plugin requires Gradle 8.x (8.14 or later) or 9.x. The current version is Gradle 4.4.1\n\n* Try:\n"
	dir := t.TempDir()
	testfile.Write(t, dir, "build.gradle", "plugins {\n  id 'org.springframework.boot' version '4.0.3'\n}\n")
	installed := testfile.Write(t, t.TempDir(), "gradle-4.4.1/bin/gradle", "")
	b := buildtool.Build{Dir: dir, Root: dir, Tool: buildtool.Tool{Name: "gradle", Command: []string{installed}}}
	err := failure(b, output, errors.New("it failed"))
	if fault.Of(err).Code != "tool.missing" || !strings.Contains(err.Error(), "needs Gradle 8.14 or later for Spring Boot 4.0, and the installed one is 4.4.1") {
		t.Errorf("got %v", err)
	}
	if strings.Contains(err.Error(), "current version") || len(fault.Of(err).Evidence) > 0 {
		t.Errorf("a certain cause is told twice: %v", err)
	}
	const mistake = "* Where:\nBuild file 'DIR/build.gradle' line: 2\n\n* What went wrong:\n" +
		"A problem occurred evaluating root project 'both'.\n> Could not find method implementatio()\n\n* Try:\n"
	err = failure(b, strings.ReplaceAll(mistake, "DIR", dir), errors.New("it failed"))
	const told = ": compile: build.gradle:2: Could not find method implementatio()"
	if e := fault.Of(err); e.Code != "tool.missing" || !strings.HasSuffix(err.Error(), told) || len(e.Evidence) == 0 {
		t.Errorf("what may be a mistake in the script is not told: %v", err)
	}
	const alias = "* What went wrong:\nA problem occurred evaluating root project 'both'.\n> Could not find method alias() for arguments\n\n* Try:\n"
	testfile.Write(t, dir, "build.gradle", "plugins { alias(libs.plugins.boot) }\n")
	for _, catalog := range []string{
		"[versions]\nspring = \"6.2.0\"\nspring-boot = \"4.0.3\"\n[plugins]\nboot = { id = \"org.springframework.boot\", version.ref = \"spring-boot\" }\n",
		"[plugins]\nboot = { id = \"org.springframework.boot\", version = \"4.0.3\" }\n",
		"[plugins]\nboot = \"org.springframework.boot:4.0.3\"\n",
	} {
		testfile.Write(t, dir, "gradle/libs.versions.toml", catalog)
		if err := failure(b, alias, errors.New("it failed")); !strings.Contains(err.Error(), "needs Gradle 8.14 or later for Spring Boot 4.0") {
			t.Errorf("with the catalog %q: got %v", catalog, err)
		}
	}
	b.Tool.Wrapped = true
	if err := failure(b, output, errors.New("it failed")); fault.Of(err).Code != "compile.failed" {
		t.Errorf("a wrapper's version is the project's own choice: %v", err)
	}
}

// TestInitScriptGetsANonce: Gradle's configuration cache has to run the script again once the model is gone.
func TestInitScriptGetsANonce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	texts := make([]string, 0, 3)
	for _, prepare := range []func(report string){func(string) {}, func(report string) { testfile.Write(t, filepath.Dir(report), filepath.Base(report), "[]") }, func(report string) { _ = os.Remove(report) }} {
		_, report, err := writeModelScript(dir)
		if err != nil {
			t.Fatal(err)
		}
		prepare(report)
		script, _, err := writeModelScript(dir)
		if err != nil {
			t.Fatal(err)
		}
		text := testfile.Read(t, script)
		texts = append(texts, string(text))
	}
	if texts[0] == texts[1] || texts[1] == texts[2] {
		t.Error("the script is the same without the model")
	}
}
