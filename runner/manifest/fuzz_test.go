package manifest

import (
	"path/filepath"
	"testing"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
	"github.com/devloop-cli/devloop/internal/yamlfile"
)

// FuzzCheck reads manifests of strangers, and asks what they say.
func FuzzCheck(f *testing.F) {
	for _, dir := range []string{"valid", "broken"} {
		paths := must.Get(filepath.Glob("testdata/" + dir + "/*.yaml"))(f)
		for _, path := range paths {
			text := testfile.Read(f, path)
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file := yamlfile.New("fuzz.yaml", text)
		objects, problems := check(file)
		for _, p := range problems {
			_ = p.String()
		}
		m := Manifest{objects: objects, sources: []source{{File: file}}}
		m.Endpoints("default", "shop")
		m.ContainerStrings("shop")
		m.Environment([]string{"web"}, "JAVA_TOOL_OPTIONS")
		m.WithEnv([]string{"A=b"}, "shop")
		m.ProjectImages("", "shop")
		m.NotPatchable("shop")
		duplicates(objects)
	})
}
