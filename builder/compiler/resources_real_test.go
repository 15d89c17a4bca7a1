package compiler

import (
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/internal/buildtest"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

const style = "src/main/resources/static/app.css"

// sameParts compares the application's own files with what the build makes of the same sources.
func sameParts(t *testing.T, c *Compiler, got springboot.App) {
	t.Helper()
	now := must.Get(got.Contents())(t)
	want := must.Get(buildReal(t, c, "the same by the build").Contents())(t)
	paths := maps.Clone(want.Own)
	maps.Copy(paths, now.Own)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if string(now.Own[path]) != string(want.Own[path]) {
			t.Errorf("%s is %q, want %q", path, now.Own[path], want.Own[path])
		}
	}
}

func TestRealResourcesAreCopied(t *testing.T) {
	t.Parallel()
	for name, need := range map[string]func(testing.TB){"spring-maven": real.Maven, "spring-server": real.Gradle} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			real.Tier(t, name == "spring-server") // what is copied is the same, whatever built it
			need(t)
			dir := buildtest.Sample(t, name)
			_ = os.Remove(filepath.Join(dir, "Dockerfile"))
			testfile.Write(t, dir, style, "p { color: green }\n")
			c, _ := ready(t, dir)

			testfile.Write(t, dir, "src/main/resources/application.properties", "word=one\n")
			if app := compile(t, c, []string{"src/main/resources/application.properties"}); app.CompiledBy != "1 resource copied" {
				t.Errorf("the first settings: %s", app.CompiledBy)
			}
			testfile.Write(t, dir, style, "p { color: blue }\n@media print { }\n")
			if app := compile(t, c, []string{style}); app.CompiledBy != "1 resource copied" {
				t.Errorf("a style: %s", app.CompiledBy)
			}
			testfile.Write(t, dir, "src/main/resources/application.properties", "word=two\n")
			buildtest.Change(t, dir, buildtest.Controller, "Hello, World", "Hello, again")
			app := compile(t, c, []string{buildtest.Controller, "src/main/resources/application.properties"})
			if app.CompiledBy != "by the incremental compiler, 1 source, and 1 resource copied" {
				t.Errorf("both: %s", app.CompiledBy)
			}
			if said := c.verify(t.Context()); said != "" || c.dirty.Load() {
				t.Errorf("the same by the build: %q", said)
			}
			sameParts(t, c, app)

			must.Do(t, os.Remove(filepath.Join(dir, style)))
			app = compile(t, c, []string{style})
			if _, there := contents(t, app).Own["static/app.css"]; there || app.CompiledBy != "1 resource copied" {
				t.Errorf("its copy is there: %v, %s", there, app.CompiledBy)
			}

			const settings = "src/main/resources/application.properties"
			testfile.Write(t, dir, settings, "word=caf\xe9\n") // Spring Boot's parent of Maven has it read as UTF-8
			_, err := c.Compile(t.Context(), []string{settings}, io.Discard)
			fails := name == "spring-maven"
			if (err != nil) != fails || fails && !strings.Contains(err.Error(), "MalformedInputException") {
				t.Errorf("settings that are not UTF-8: %v", err)
			}
		})
	}
}

// TestRealResourcesAreCheckedByTheBuild has a build with placeholders that nothing but the build itself
// could know.
func TestRealResourcesAreCheckedByTheBuild(t *testing.T) {
	t.Parallel()
	real.Maven(t)
	dir := buildtest.Sample(t, "spring-maven")
	testfile.Write(t, dir, style, "p { color: green }\n")
	buildtest.Change(t, dir, "pom.xml", "<java.version>", "<color>blue</color>\n    <java.version>")
	buildtest.Change(t, dir, "pom.xml", "<plugins>", `<resources><resource><directory>src/main/resources</directory><filtering>true</filtering></resource></resources>
    <plugins>
      <plugin>
        <groupId>org.apache.maven.plugins</groupId>
        <artifactId>maven-resources-plugin</artifactId>
        <configuration><delimiters><delimiter>[[*]]</delimiter></delimiters></configuration>
      </plugin>`)
	c, _ := ready(t, dir)

	testfile.Write(t, dir, style, "p { color: [[color]] }\n")
	if app := compile(t, c, []string{style}); app.CompiledBy != "1 resource copied" {
		t.Errorf("a style: %s", app.CompiledBy)
	}
	said := c.verify(t.Context())
	if !strings.Contains(said, "the build does not copy app.css as it is") || c.disabled == "" {
		t.Errorf("the check says %q", said)
	}
	t.Log(said)
	app := compile(t, c, []string{style})
	if text := contents(t, app).Own["static/app.css"]; string(text) != "p { color: blue }\n" {
		t.Errorf("given up for good: %q", text)
	}
}
