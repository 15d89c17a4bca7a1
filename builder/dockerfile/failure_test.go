package dockerfile

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestFailed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		dockerfile, step, message string
		line                      int
		hint                      string
	}{
		"no match":            {"FROM jre\nCOPY build/*SNAPSHOT.jar app.jar\n", "[2/2] COPY build/*SNAPSHOT.jar app.jar", "not found", 2, "write: COPY app.jar app.jar"},
		"two match":           {"FROM jre\nARG JAR=*.jar\nCOPY ${JAR} app.jar\n", "[2/2] COPY *.jar app.jar", "", 3, "2 files match"},
		"ignored":             {"FROM jre\nCOPY config/a /a\n", "COPY config/a /a", "", 2, "!config/a"},
		"a command":           {"FROM jre\n# comment\nRUN ls \\\n  /nowhere\n", "[2/2] RUN ls   /nowhere", "exit code: 2", 3, ""},
		"no such instruction": {"FROM jre\nCOPPY a b\n", "", "dockerfile parse error on line 2: unknown instruction: COPPY", 2, ""},
		"a base":              {"ARG R=example.com\nFROM ${R}/jre:17\n", "[internal] load metadata for example.com/jre:17", "no such host", 2, "docker pull example.com/jre:17"},
		"a base, classic":     {"FROM openjdk:17\nFROM jre\n", "", "manifest for openjdk:17 not found", 1, "eclipse-temurin:17"},
		"unknown":             {"FROM jre\n", "exporting layers", "disk full", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, jar := withDockerfile(t, test.dockerfile)
			write(t, dir, "other.jar", "")
			write(t, dir, ".dockerignore", "config")
			f := Read(filepath.Join(dir, "Dockerfile"), Options{}).Failed(test.step, test.message, jar)
			if f.Line != test.line || (test.line > 0) != (f.Instruction != "") {
				t.Errorf("line %d %q, want %d", f.Line, f.Instruction, test.line)
			}
			if got := strings.Join(f.Hints, "\n"); test.hint == "" && got != "" || !strings.Contains(got, test.hint) {
				t.Errorf("hints %q, want %q", got, test.hint)
			}
		})
	}
}

func TestAmbiguousJar(t *testing.T) {
	t.Parallel()
	for dockerfile, want := range map[string]int{
		"FROM jre\nCOPY app.jar app.jar\n":                     0,
		"FROM jre\nCOPY *.jar app.jar\n":                       2,
		"FROM jre\nCOPY *.jar /libs/\n":                        0,
		"FROM jre\nCOPY --exclude=*-plain.jar *.jar app.jar\n": 0,
	} {
		dir, jar := withDockerfile(t, dockerfile)
		write(t, dir, "app-plain.jar", "")
		write(t, dir, "app-old.jar", "")
		write(t, dir, ".dockerignore", "*-old.jar\n")
		f := Read(filepath.Join(dir, "Dockerfile"), Options{}).AmbiguousJar(jar)
		if got := f != nil; got != (want > 0) || got && f.Line != want {
			t.Errorf("got %+v for\n%s", f, dockerfile)
		}
	}
}

func TestJarLine(t *testing.T) {
	t.Parallel()
	for dockerfile, want := range map[string]int{
		"FROM jre AS a\nCOPY app.jar x\nFROM jre\nCOPY --from=a /x .\n": 0,
		"FROM jre\nCOPY *.jar app.jar\n":                                2,
		"no Dockerfile":                                                 0,
	} {
		dir, jar := withDockerfile(t, dockerfile)
		if got := Read(filepath.Join(dir, "Dockerfile"), Options{}).JarLine(jar); got != want {
			t.Errorf("got %d for\n%s", got, dockerfile)
		}
	}
}
