package image

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/springboot"
)

// TestOldCodeIsRefused has the Dockerfile of Spring's own guide, and what is unpacked beside the jar.
func TestOldCodeIsRefused(t *testing.T) {
	const guide = "FROM eclipse-temurin:17-jre\nARG DEPENDENCY=target/dependency\nCOPY ${DEPENDENCY}/BOOT-INF/lib /app/lib\nCOPY ${DEPENDENCY}/BOOT-INF/classes /app\n"
	jar := []file{{"BOOT-INF/lib/a.jar", "a"}, {"BOOT-INF/classes/App.class", "two"}, {"BOOT-INF/classes/New.class", "new"}}
	for name, test := range map[string]struct {
		dockerfile string
		unpacked   []file
		line       int
	}{
		"the same":             {guide, jar, 0},
		"an older class":       {guide, []file{jar[0], {"BOOT-INF/classes/App.class", "one"}, jar[2]}, 4},
		"an older library":     {guide, []file{{"BOOT-INF/lib/a.jar", "b"}, jar[1], jar[2]}, 3},
		"a class too few":      {guide, jar[:2], 4},
		"a class too many":     {guide, append(jar[:3:3], file{"BOOT-INF/classes/Gone.class", ""}), 4},
		"nothing was unpacked": {guide, nil, 0},
		"all of it":            {"FROM scratch\nCOPY target/dependency /app\n", []file{{"BOOT-INF/classes/App.class", "one"}}, 2},
		"the jar":              {"FROM scratch\nCOPY target/*.jar /app.jar\n", []file{{"BOOT-INF/classes/App.class", "one"}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.MkdirAll(filepath.Join(dir, "target"), 0o755); err != nil {
				t.Fatal(err)
			}
			for _, f := range test.unpacked {
				write(t, dir, "target/dependency/"+f[0], f[1])
			}
			k := &maker{app: springboot.App{Dir: dir, Name: "guide", Dockerfile: write(t, dir, "Dockerfile", test.dockerfile), Jar: jarOf(t, filepath.Join(dir, "target/guide.jar"), jar)}}
			k.file = k.app.ReadDockerfile()
			err := k.staleCopy()
			var e *Error
			switch {
			case test.line == 0 && err != nil:
				t.Error(err)
			case test.line != 0 && (!errors.As(err, &e) || e.Line != test.line || !strings.Contains(strings.Join(e.Hints(), "\n"), "cd target/dependency && jar -xf ../guide.jar")):
				t.Errorf("got %v", err)
			}
		})
	}
}
