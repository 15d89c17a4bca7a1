package builder

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker/client"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/internal/enginetest"
	"github.com/devloop-cli/devloop/builder/project"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
)

// unpackProject writes a project of testdata/projects to a directory of this test's own.
func unpackProject(t *testing.T, name string) string {
	t.Helper()
	archive := must.Get(txtar.ParseFile(filepath.Join("testdata", "projects", name+".txtar")))(t)
	dir := filepath.Join(t.TempDir(), name)
	for _, f := range archive.Files {
		write(t, dir, f.Name, string(f.Data))
	}
	return dir
}

// TestRealProjects takes projects of all kinds to an answer after an edit, whose image is the same whether the archive
// was packed or not.
func TestRealProjects(t *testing.T) {
	t.Parallel()
	docker := real.Docker(t)
	base(t, docker, "eclipse-temurin:17-jre")
	for _, project := range []struct {
		name, edited string
		packs        string // why the archive is packed each time
		page         string // another path, and what is there
		unlayered    bool   // Boot before 2.3 does not tell modules from dependencies
		long         bool   // another stands for it in the short tier
	}{
		{name: "maven-modules", edited: "greetings/src/main/java/com/example/greetings/Greeting.java", packs: "the module com.example:greetings stays a jar, as it is one in the archive"},
		{name: "maven-kotlin", edited: "src/main/kotlin/com/example/Application.kt", long: true},
		{name: "maven-war", edited: "src/main/java/com/example/Application.java", page: "/page.txt a page of the war", long: true},
		{name: "maven-plain", edited: "src/main/java/com/example/Server.java"},
		{name: "gradle-modules", edited: "greetings/src/main/java/com/example/greetings/Greeting.java", unlayered: true, long: true},
		{name: "gradle-war", edited: "src/main/java/com/example/Application.java", page: "/page.txt a page of the war", long: true},
		{name: "gradle-plain", edited: "src/main/java/com/example/Server.java", long: true},
	} {
		t.Run(project.name, func(t *testing.T) {
			t.Parallel()
			real.Tier(t, project.long)
			if strings.HasPrefix(project.name, "gradle") {
				real.Gradle(t)
			} else {
				real.Maven(t)
			}
			dir := unpackProject(t, project.name)
			p := openReal(t, dir)
			m := image.New(docker, image.Options{CacheDir: cacheOf(p), Base: "eclipse-temurin:17-jre"})
			first := imageReal(t, m, docker, compileReal(t, p, "first"), "first image")
			replaceIn(t, filepath.Join(dir, project.edited), "Hello, World", "Hello, again")
			app, printed := compiledReal(t, p, "one line changed")
			if packed := app.Jar != ""; app.Exploded == nil || packed != (project.packs != "") ||
				!strings.Contains(printed, project.packs) {
				k, _ := os.ReadFile(filepath.Join(p.StateDir("models"), "packing.json"))
				t.Errorf("packed: %v, want %q: %s\n%s", packed, project.packs, k, printed)
			}
			second := imageReal(t, m, docker, app, "second image")
			enginetest.CheckImage(t, second.Content)
			if changed := newBytes(t, first.Content, second.Content); changed > 100_000 && !project.unlayered {
				t.Errorf("one edited class changed %d bytes", changed)
			}
			c := run(t, docker, second.Ref)
			if path, text, found := strings.Cut(project.page, " "); found {
				c.answers(t, path, text+"\n")
			}
			c.answers(t, "/", "Hello, again")
			c.end()
			if !strings.HasSuffix(project.name, "-plain") { // which have no archive that could be run
				samePacked(t, p, m, docker, app, second)
			}
		})
	}
}

// samePacked compares an image with the one of the packed archive.
func samePacked(t *testing.T, p *project.Project, m *image.Imager, docker *client.Client, app springboot.App,
	made image.Image) {
	t.Helper()
	if app.Jar == "" {
		var out bytes.Buffer
		var err error
		if app, err = p.Package(t.Context(), &out); err != nil {
			t.Fatalf("%v\n%s", err, &out)
		}
	}
	app.Exploded = nil
	if img := imageReal(t, m, docker, app, "image of the archive"); img.ID != made.ID {
		t.Errorf("the image of the archive is %+v\nthat of the classes %+v", img.Report, made.Report)
	}
}

func replaceIn(t *testing.T, file, from, to string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), from) {
		t.Fatalf("no %q to edit: %v", from, err)
	}
	write(t, filepath.Dir(file), filepath.Base(file), strings.Replace(string(text), from, to, 1))
}

// TestRealMistakes makes the mistakes of beginners and looks at what is said.
func TestRealMistakes(t *testing.T) {
	t.Parallel()
	other := "package com.example;\n@org.springframework.boot.autoconfigure.SpringBootApplication\npublic class Other { public static void main(String[] a) {} }\n"
	for _, mistake := range []struct{ project, file, from, to, want, hint string }{
		{"maven-war", "src/main/java/com/example/Other.java", "", other, "has several main classes: com.example.Application, com.example.Other", "<start-class>com.example.Application<"},
		{"maven-plain", "pom.xml", "17</maven.compiler.source", "99</maven.compiler.source", "99", "JDK"},
		{"maven-plain", "pom.xml", "<dependencies>", "<dependencies><dependenci/>", "compile: pom.xml:11: Unrecognised tag: 'dependenci'", ""},
		{"maven-plain", "pom.xml", "<version>2.0.17</version>", "", "compile: pom.xml:12: 'dependencies.dependency.version' for org.slf4j:slf4j-api:jar is missing.", ""},
		{"maven-plain", "pom.xml", "example.Server<", "example.Sever<", `names the main class "com.example.Sever", which is not among its classes`, "in pom.xml"},
		{"gradle-war", "src/main/java/com/example/Other.java", "", other, "has several main classes: com.example.", "springBoot { mainClass ="},
		{"gradle-plain", "build.gradle", "compile '", "compil '", "compile: build.gradle:9: Could not find method compil()", ""},
		{"gradle-plain", "build.gradle", "dependencies {", "dependencies { }}", "compile: build.gradle:8: expecting EOF, found '}'", ""},
	} {
		t.Run(mistake.project+" "+mistake.want, func(t *testing.T) {
			t.Parallel()
			// that one stands for them in the short tier
			real.Tier(t, strings.HasPrefix(mistake.project, "gradle") && !strings.Contains(mistake.want, "compil()"))
			if strings.HasPrefix(mistake.project, "gradle") {
				real.Gradle(t)
			} else {
				real.Maven(t)
			}
			dir := unpackProject(t, mistake.project)
			if mistake.from == "" {
				write(t, dir, mistake.file, mistake.to)
			} else {
				replaceIn(t, filepath.Join(dir, mistake.file), mistake.from, mistake.to)
			}
			_, err := openReal(t, dir).Compile(t.Context(), testWriter{T: t})
			if err == nil || !strings.Contains(err.Error(), mistake.want) {
				t.Fatalf("got %v", err)
			}
			hints := strings.Join(fault.Of(err).Hints, "\n")
			if !strings.Contains(hints, mistake.hint) || mistake.hint == "" && hints != "" {
				t.Errorf("got %q", hints)
			}
		})
	}
}
