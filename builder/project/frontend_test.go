package project

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/internal/jartest"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// TestFrontendIsLeftOut: a build of web pages runs if files have changed that it may read, or if its output is gone.
func TestFrontendIsLeftOut(t *testing.T) {
	p, m := unpackedProject(t, jartest.BootFiles())
	m.Frontend = []string{"npmBuild"}
	tell(t, m)
	p.OnlyApplication = true
	for _, step := range []struct {
		what, file string
		leftOut    bool
	}{
		{"no package.json", "src/main/java/A.java", false},
		{"the first build", "package.json", false},
		{"nothing changed", "", true},
		{"a source in Java", "src/main/java/A.java", true},
		{"a test", "src/test/js/a.spec.ts", true},
		{"settings", "src/main/resources/application.yml", true},
		{"a script", "src/main/webapp/application.js", false},
		{"a page", "src/main/webapp/index.html", false},
		{"nothing changed again", "", true},
		{"a specification", "src/main/resources/api.yaml", false},
		{"what npm installed", "node_modules/x/index.js", true},
		{"a Node.js of the build", "web/node/node", false},
		{"its npm", "web/node/node_modules/npm/package.json", false},
		{"more of it", "web/node/npx", true},
		{"the build script", "build.gradle", false},
		{"mvn clean", "build/" + frontendMark, false},
	} {
		switch {
		case strings.HasSuffix(step.file, frontendMark):
			must.Do(t, os.Remove(filepath.Join(p.Dir, step.file)))
		case step.file != "":
			testfile.Write(t, p.Dir, step.file, "// "+step.what)
		}
		var out bytes.Buffer
		must.Get(p.Compile(t.Context(), &out))(t)
		if leftOut := strings.Contains(out.String(), "-Ddevloop.skipFrontend=true"); leftOut != step.leftOut {
			t.Errorf("%s: left out: %v", step.what, leftOut)
		}
	}
	p.OnlyApplication = false
	var out bytes.Buffer
	if _, err := p.Compile(t.Context(), &out); err != nil ||
		strings.Contains(out.String(), "-Ddevloop.skipFrontend=true") {
		t.Errorf("a whole build leaves the frontend out: %v", err)
	}
}
