package springboot_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/internal/jartest"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

func TestJoinModule(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		packed, disk, own, library []jartest.File
		want, joined               string
	}{
		"the same files":             {packed: []jartest.File{{"a/A.class", "A"}, {"META-INF/maven/pom.properties", "x"}}, disk: []jartest.File{{"a/A.class", "A"}}},
		"another class":              {packed: []jartest.File{{"A.class", "A"}}, disk: []jartest.File{{"A.class", "B"}}, want: "A.class is another file than"},
		"a class that is not packed": {packed: []jartest.File{{"A.class", "A"}}, disk: []jartest.File{{"A.class", "A"}, {"B.class", "B"}}, want: "B.class is not in it"},
		"a resource of both":         {packed: []jartest.File{{"a.txt", "A"}}, disk: []jartest.File{{"a.txt", "A"}}, own: []jartest.File{{"a.txt", "own"}}, want: "a.txt is on the class path twice"},
		"a list of services":         {packed: []jartest.File{{"META-INF/services/a.B", "its.B"}}, disk: []jartest.File{{"META-INF/services/a.B", "its.B"}}, own: []jartest.File{{"META-INF/services/a.B", "own.B"}}, joined: "own.B\nits.B"},
		"a class of both":            {packed: []jartest.File{{"A.class", "A"}}, disk: []jartest.File{{"A.class", "A"}}, own: []jartest.File{{"A.class", "own"}}},
		"a class of a library":       {packed: []jartest.File{{"A.class", "A"}}, disk: []jartest.File{{"A.class", "A"}}, library: []jartest.File{{"A.class", "its"}}, want: "A.class is on the class path twice"},
		"a list of every library":    {packed: []jartest.File{{"META-INF/LICENSE", "A"}}, disk: []jartest.File{{"META-INF/LICENSE", "A"}}, library: []jartest.File{{"META-INF/LICENSE", "its"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, own := t.TempDir(), t.TempDir()
			jar := jartest.Write(t, filepath.Join(t.TempDir(), "lib.jar"),
				append([]jartest.File{{"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n"}}, test.packed...))
			library := jartest.Write(t, filepath.Join(t.TempDir(), "other.jar"), test.library)
			main := append([]jartest.File{{"Main.class", jartest.Class(17)}}, test.own...)
			for where, files := range map[string][]jartest.File{dir: test.disk, own: main} {
				for _, f := range files {
					testfile.Write(t, where, f[0], f[1])
				}
			}
			e := springboot.Exploded{MainClass: "Main",
				Only: map[string][]byte{}, Libraries: []springboot.ExplodedLibrary{{File: library, Name: "other.jar"},
					{File: jar, Name: "lib.jar"}}}
			why, err := e.JoinModule(jar, springboot.ExplodedModule{Name: "g:lib", Dirs: []string{dir}}, []string{own})
			if err != nil || !strings.Contains(why, test.want) || (why == "") != (test.want == "") {
				t.Fatalf("got %q, %v", why, err)
			}
			app, found := e.App(springboot.BuildFiles{Classes: []string{own}}, nil, nil)
			if libraries := len(app.Libraries); !found || (libraries == 1) != (why == "") {
				t.Fatalf("found %v, with %d libraries", found, libraries)
			}
			contents := must.Get(app.Contents())(t)
			if got := string(contents.Own["META-INF/services/a.B"]); got != test.joined {
				t.Errorf("the list of services is %q", got)
			}
			for _, f := range test.packed {
				if _, there := contents.Own[f[0]]; there != (why == "") && len(test.own) == 0 {
					t.Errorf("%s is there: %v", f[0], there)
				}
			}
		})
	}
}
