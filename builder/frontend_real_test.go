package builder

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
)

// frontendPlugin runs "npm run build" with the Node.js of this machine: the plugin finds it where it would install it.
const frontendPlugin = `<plugin><groupId>com.github.eirslett</groupId><artifactId>frontend-maven-plugin</artifactId><version>1.15.1</version>
<executions>
  <execution><id>install</id><goals><goal>install-node-and-npm</goal></goals></execution>
  <execution><id>build</id><goals><goal>npm</goal></goals><configuration><arguments>run build</arguments></configuration></execution>
</executions><configuration><nodeVersion>VERSION</nodeVersion><npmVersion>provided</npmVersion></configuration></plugin>
`

// TestRealFrontend: the build of web pages by Node.js is left out while none of its files has changed, and its pages
// stay.
func TestRealFrontend(t *testing.T) {
	t.Parallel()
	real.Long(t)
	real.Maven(t)
	dir := unpackProject(t, "maven-plain")
	version := installNode(t, dir)
	replaceIn(t, filepath.Join(dir, "pom.xml"), "<plugins>",
		"<plugins>\n"+strings.Replace(frontendPlugin, "VERSION", version, 1))
	write(t, dir, "package.json", `{"name": "pages", "scripts": {"build": "node build.js"}}`)
	write(t, dir, "build.js", `const fs = require('fs')
fs.mkdirSync('target/classes/static', {recursive: true})
fs.writeFileSync('target/classes/static/app.js', fs.readFileSync('src/main/frontend/app.js') + '// built\n')
fs.appendFileSync('target/runs.log', 'x')
`)
	page := filepath.Join(dir, "src/main/frontend/app.js")
	write(t, filepath.Dir(page), "app.js", "one\n")
	p := openReal(t, dir)
	p.OnlyApplication = true
	for _, step := range []struct{ what, file, from, to, page, runs string }{
		{"the first build", "", "", "", "one", "x"},
		{"nothing changed", "", "", "", "one", "x"},
		{"a source in Java", filepath.Join(dir, "src/main/java/com/example/Server.java"), "Hello", "Good day", "one", "x"},
		{"a script", page, "one", "two", "two", "xx"},
		{"a source in Java again", filepath.Join(dir, "src/main/java/com/example/Server.java"), "Good day", "Hello", "two", "xx"},
	} {
		if step.file != "" {
			replaceIn(t, step.file, step.from, step.to)
		}
		app := compileReal(t, p, step.what)
		if got := staticFile(t, app, "app.js"); got != step.page+"\n// built\n" {
			t.Errorf("%s: the page is %q", step.what, got)
		}
		if got, _ := os.ReadFile(filepath.Join(dir, "target/runs.log")); string(got) != step.runs {
			t.Errorf("%s: Node.js ran %d times, want %d", step.what, len(got), len(step.runs))
		}
	}
}

// staticFile returns a page of an application.
func staticFile(t *testing.T, app springboot.App, name string) string {
	t.Helper()
	for _, dir := range append(app.Classes, app.Resources...) {
		if text, err := os.ReadFile(filepath.Join(dir, "static", name)); err == nil {
			return string(text)
		}
	}
	t.Fatalf("no page %s in %v", name, app.Classes)
	return ""
}

// installNode puts Node.js and npm where the plugin installs them, and returns the version. Links would lead
// programs to files beside the real one.
func installNode(t *testing.T, dir string) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no Node.js here")
	}
	npm, err := exec.LookPath("npm")
	if err == nil {
		npm, err = filepath.EvalSymlinks(npm) // …/npm/bin/npm-cli.js
	}
	if err != nil || filepath.Base(npm) != "npm-cli.js" {
		t.Skip("no npm here")
	}
	version := must.Get(exec.Command(node, "--version").Output())(t)
	modules := filepath.Join(dir, "node", "node_modules")
	must.Do(t, os.MkdirAll(modules, 0o755))
	for from, to := range map[string]string{node: filepath.Join(dir, "node", "node"),
		filepath.Dir(filepath.Dir(npm)): filepath.Join(modules, "npm")} {
		must.Do(t, os.Symlink(from, to))
	}
	return strings.TrimSpace(string(version))
}
