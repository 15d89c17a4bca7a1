package builder

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/hack/real"
)

const style = "src/main/resources/static/app.css"

// sameParts compares the application's own files with what the build makes of the same sources.
func sameParts(t *testing.T, c *Compiler, got App) {
	t.Helper()
	now, err := got.Contents()
	if err != nil {
		t.Fatal(err)
	}
	want, err := compileReal(t, c.project, "the same by the build").Contents()
	if err != nil {
		t.Fatal(err)
	}
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
			need(t)
			dir := sample(t, name)
			_ = os.Remove(filepath.Join(dir, "Dockerfile"))
			write(t, dir, style, "p { color: green }\n")
			write(t, dir, "src/main/resources/application.properties", "word=one\n")
			c, _ := keptDir(t, dir)

			write(t, dir, style, "p { color: blue }\n@media print { }\n")
			app := keptCompile(t, c, []string{style})
			if app.How != "1 resource copied" {
				t.Errorf("a style: %s", app.How)
			}
			sameParts(t, c, app)

			write(t, dir, "src/main/resources/application.properties", "word=two\n")
			change(t, dir, controller, "Hello, World", "Hello, again")
			app = keptCompile(t, c, []string{controller, "src/main/resources/application.properties"})
			if app.How != "by the kept compiler, 1 source, and 1 resource copied" {
				t.Errorf("both: %s", app.How)
			}
			sameParts(t, c, app)
			if said := c.verify(t.Context()); said != "" || c.used {
				t.Errorf("the same by the build: %q", said)
			}

			for _, text := range []string{"p { width: @project.artifactId@ }\n", "p { width: ${name} }\n", ""} {
				write(t, dir, style, text)
				if text == "" {
					if err := os.Remove(filepath.Join(dir, style)); err != nil {
						t.Fatal(err)
					}
				}
				if app := keptCompile(t, c, []string{style}); !strings.Contains(app.How, "as "+style+" changed") {
					t.Errorf("%q: %s", text, app.How)
				}
				write(t, dir, style, "p { }\n")
				keptCompile(t, c, nil)
				if why := c.Rest(t.Context()); why != "" {
					t.Fatal(why)
				}
			}
		})
	}
}

// TestRealResourcesAreCheckedByTheBuild has a build with placeholders that nothing but the build itself
// could know.
func TestRealResourcesAreCheckedByTheBuild(t *testing.T) {
	t.Parallel()
	real.Maven(t)
	dir := sample(t, "spring-maven")
	write(t, dir, style, "p { color: green }\n")
	change(t, dir, "pom.xml", "<java.version>", "<color>blue</color>\n    <java.version>")
	change(t, dir, "pom.xml", "<plugins>", `<resources><resource><directory>src/main/resources</directory><filtering>true</filtering></resource></resources>
    <plugins>
      <plugin>
        <groupId>org.apache.maven.plugins</groupId>
        <artifactId>maven-resources-plugin</artifactId>
        <configuration><delimiters><delimiter>[[*]]</delimiter></delimiters></configuration>
      </plugin>`)
	c, _ := keptDir(t, dir)

	write(t, dir, style, "p { color: [[color]] }\n")
	if app := keptCompile(t, c, []string{style}); app.How != "1 resource copied" {
		t.Errorf("a style: %s", app.How)
	}
	said := c.verify(t.Context())
	if !strings.Contains(said, "the build does not copy app.css as it is") || c.off == "" {
		t.Errorf("the check says %q", said)
	}
	t.Log(said)
	app := keptCompile(t, c, []string{style})
	if text := contents(t, app).Own["static/app.css"]; string(text) != "p { color: blue }\n" {
		t.Errorf("given up for good: %q", text)
	}
}
