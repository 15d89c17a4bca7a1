package dockerfile

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// FuzzRead reads the Dockerfiles of strangers, and asks what they say. Every answer is about the file and its context.
func FuzzRead(f *testing.F) {
	f.Add("ARG J=app.jar\nFROM jre AS a\nARG B\nCOPY --exclude=*.txt ${J} $B/ /\nFROM a\nCOPY --from=a /x /y\nRUN --mount=type=bind,source=config,target=/c ls\n", "*.jar\n!app.jar\n", "[2/2] COPY ${J} app.jar", "not found", "a")
	f.Add("# escape=`\nFROM x\nADD [\"a b\", \"c\"] d`\n e\nENV A=${B:-${C}}\nRUN <<E\njavac\nE\n", "!\n**", "",
		"parse error on line 99: x", "99")
	f.Add("FROM\nCOPY\nCOPY ../../etc /\nCOPY [ /\nFROM ${A\n", "[", "[internal] load metadata for x", "", "-1")
	f.Fuzz(func(t *testing.T, text, ignored, step, message, target string) {
		dir, jar := withDockerfile(t, text)
		write(t, dir, ".dockerignore", ignored)
		file := Read(filepath.Join(dir, "Dockerfile"), Options{Target: target, Args: map[string]string{"B": "config"}})
		lines := strings.Count(text, "\n") + 1
		file.RunsJar(jar)
		file.ComposeTarget()
		if file.Fingerprint(jar) == "" {
			t.Error("no fingerprint")
		}
		if a, reason := file.Application(jar); reason == "" && (strings.Count(string(a.Without.Text()), "\n") != lines-1 || a.Compiles > lines) {
			t.Errorf("without its application it is %q", a.Without.Text())
		}
		if failed := file.Failed(step, message, jar); failed.Instruction != "" && (failed.Line < 1 || failed.Line > lines) {
			t.Errorf("line %d of %d: %q", failed.Line, lines, failed.Instruction)
		}
		for _, found := range []*Failure{file.Unbuildable(jar), file.AmbiguousJar(jar)} {
			if found != nil && (found.Reason == nil || len(found.Hints) == 0) {
				t.Errorf("neither reason nor hint: %+v", found)
			}
		}
		for _, c := range file.Copies() {
			for _, source := range c.Sources {
				if slices.ContainsFunc(file.Roots(source),
					func(path string) bool { return !strings.HasPrefix(path, dir) }) {
					t.Errorf("COPY %s leaves the context: %q", source, file.Roots(source))
				}
			}
		}
	})
}
