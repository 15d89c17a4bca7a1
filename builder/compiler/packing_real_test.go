package compiler

import (
	"testing"

	"github.com/devloop-cli/devloop/builder/internal/buildtest"
	"github.com/devloop-cli/devloop/builder/project"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// TestRealClassifier: the executable archive is not the module's main one, and a Dockerfile copies it. No save packs
// it.
func TestRealClassifier(t *testing.T) {
	t.Parallel()
	real.Maven(t)
	dir := buildtest.Sample(t, "spring-maven")
	buildtest.Change(t, dir, "pom.xml", "<artifactId>spring-boot-maven-plugin</artifactId>",
		"<artifactId>spring-boot-maven-plugin</artifactId><configuration><classifier>exec</classifier></configuration>")
	testfile.Write(t, dir, "Dockerfile",
		"FROM eclipse-temurin:17-jre\nCOPY target/*-exec.jar /app.jar\nENTRYPOINT [\"java\", \"-jar\", \"/app.jar\"]\n")
	p := must.Get(project.Open(t.Context(), dir, project.Options{CacheDir: t.TempDir(), Out: buildtest.Log{T: t}}))(t)
	p.NeedsJar = func(app springboot.App) bool { // as for an image whose rest is known
		_, reason := app.ReadDockerfile().Application(app.Archive)
		return reason != ""
	}
	c := New(p, true)
	t.Cleanup(func() { _ = c.Close() })
	compile(t, c, nil)
	for _, to := range []string{"Hello, again", "Hello, once more"} {
		buildtest.Change(t, dir, buildtest.Controller,
			"Hello, "+map[string]string{"Hello, again": "World", "Hello, once more": "again"}[to], to)
		if app := compile(t, c, []string{buildtest.Controller}); app.CompiledBy != incrementally+"1 source" ||
			app.Jar != "" {
			t.Errorf("%q, packed %q", app.CompiledBy, app.Jar)
		}
	}
	if app := buildReal(t, c, "by maven"); app.Jar != "" {
		t.Errorf("the build packs %s", app.Jar)
	}
}
