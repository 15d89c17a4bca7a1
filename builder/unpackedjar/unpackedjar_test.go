package unpackedjar

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/dockerfile"
	"github.com/devloop-cli/devloop/builder/internal/jartest"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// guide is the Dockerfile of Spring's own guide.
const guide = "FROM eclipse-temurin:17-jre\nARG DEPENDENCY=target/dependency\nCOPY ${DEPENDENCY}/BOOT-INF/lib /app/lib\nCOPY ${DEPENDENCY}/BOOT-INF/classes /app\n"

var packed = []jartest.File{{"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n"}, {"BOOT-INF/lib/a.jar", "a"},
	{"BOOT-INF/classes/App.class", "two"}, {"BOOT-INF/classes/New.class", "new"}}

// project has a jar in target, a Dockerfile, and files in target/dependency.
func project(t *testing.T, text string, unpacked []jartest.File) (file *dockerfile.File, dir, jar string) {
	t.Helper()
	dir = t.TempDir()
	for _, f := range unpacked {
		testfile.Write(t, dir, "target/dependency/"+f[0], f[1])
	}
	must.Do(t, os.MkdirAll(filepath.Join(dir, "target"), 0o755))
	return dockerfile.Read(testfile.Write(t, dir, "Dockerfile", text), dockerfile.Options{Context: dir}), dir,
		jartest.Write(t, filepath.Join(dir, "target/guide.jar"), packed)
}

func TestOldCodeIsRefused(t *testing.T) {
	t.Parallel()
	jar := packed[1:]
	for name, test := range map[string]struct {
		dockerfile string
		unpacked   []jartest.File
		line       int
	}{
		"the same":             {guide, jar, 0},
		"an older class":       {guide, []jartest.File{jar[0], {"BOOT-INF/classes/App.class", "one"}, jar[2]}, 4},
		"an older library":     {guide, []jartest.File{{"BOOT-INF/lib/a.jar", "b"}, jar[1], jar[2]}, 3},
		"a class too few":      {guide, jar[:2], 4},
		"a class too many":     {guide, append(jar[:3:3], jartest.File{"BOOT-INF/classes/Gone.class", ""}), 4},
		"nothing was unpacked": {guide, nil, 0},
		"all of it":            {"FROM scratch\nCOPY target/dependency /app\n", []jartest.File{{"BOOT-INF/classes/App.class", "one"}}, 2},
		"the jar":              {"FROM scratch\nCOPY target/*.jar /app.jar\n", []jartest.File{{"BOOT-INF/classes/App.class", "one"}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, dir, jar := project(t, test.dockerfile, test.unpacked)
			stale, err := Stale(file, dir, jar)
			switch {
			case err != nil || (stale == nil) != (test.line == 0):
				t.Errorf("got %+v, %v", stale, err)
			case stale != nil && (stale.Line != test.line ||
				!strings.Contains(strings.Join(stale.Hints, "\n"), "cd target/dependency && jar -xf ../guide.jar")):
				t.Errorf("got %+v", stale)
			}
		})
	}
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	old := []jartest.File{{"BOOT-INF/classes/App.class", "one"}, {"BOOT-INF/classes/Gone.class", ""}, packed[1]}
	for name, test := range map[string]struct {
		dockerfile string
		unpacked   []jartest.File
		refreshed  bool
	}{
		"nothing was unpacked":     {guide, nil, true},
		"an older jar":             {guide, old, true},
		"layers":                   {"FROM scratch\nCOPY target/dependency/application/ ./\n", old, false},
		"outside of the output":    {strings.ReplaceAll(guide, "target/dependency", "dependency"), old, false},
		"the directory of the jar": {strings.ReplaceAll(guide, "target/dependency", "target"), old, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, dir, jar := project(t, test.dockerfile, test.unpacked)
			library := filepath.Join(dir, "target/dependency/BOOT-INF/lib/a.jar")
			before, _ := os.Stat(library)
			dirs, err := Refresh(file, dir, jar)
			if err != nil || (len(dirs) == 1) != test.refreshed {
				t.Fatalf("got %v, %v", dirs, err)
			}
			if stale, err := Stale(file, dir, jar); err != nil || test.refreshed && stale != nil {
				t.Errorf("it is stale: %+v, %v", stale, err)
			}
			if text, _ := os.ReadFile(filepath.Join(dir,
				"target/dependency/BOOT-INF/classes/App.class")); test.refreshed != (string(text) == "two") {
				t.Errorf("the class is %q", text)
			}
			for _, path := range []string{"BOOT-INF", "BOOT-INF/classes", "BOOT-INF/classes/New.class"} {
				// another user runs the image
				if info, err := os.Stat(filepath.Join(dir, "target/dependency", path)); test.refreshed && (err != nil || info.Mode().Perm()&0o044 != 0o044) {
					t.Errorf("%s: %v, %v", path, info.Mode(), err)
				}
			}
			if after, err := os.Stat(library); before != nil && (err != nil || !after.ModTime().Equal(before.ModTime())) {
				t.Errorf("a library that is the same was written again: %v", err)
			}
		})
	}
}
