package image

import (
	"io"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/optimization"
	"github.com/devloop-cli/devloop/builder/supervisor"
	"github.com/devloop-cli/devloop/internal/must"
)

// TestLibrariesInARunningApplication looks at the class path that the application of an image with an archive starts
// with when its libraries change.
func TestLibrariesInARunningApplication(t *testing.T) {
	t.Parallel()
	v := &fakeJVM{version: java17, said: "Started Train\ndevloop: trained\n", archive: "jsa"}
	m := New(v.play(baseEngine(t)), Options{CacheDir: t.TempDir(), Develop: true})
	lib := func(name string, has ...string) file { return file{"BOOT-INF/lib/" + name, nested(t, has...)} }
	base := trainableFiles(t)
	boot, files := base[len(base)-1], base[:len(base)-1]
	a, z := lib("a-1.jar", "a/A.class"), lib("z-1.jar", "z/Z.class", "META-INF/LICENSE")
	with := func(libs ...file) []file { return append(append([]file{}, files...), libs...) }
	app := appOf(t, with(a, boot, z))
	img, err := m.Image(t.Context(), app, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	must.Get(m.Train(t.Context(), img, io.Discard))(t)
	if img, err = m.Image(t.Context(), app, io.Discard); err != nil || !img.Report.Archive.Used {
		t.Fatalf("%+v, %v", img.Report.Archive, err)
	}
	const own, in, added = "/app/classpath.jar:/app/lib/a-1.jar:/app/lib/spring-boot-autoconfigure-4.1.2.jar:/app/lib/z-1.jar", "/app/lib/", "/app/added/"
	const after = in + "spring-boot-autoconfigure-4.1.2.jar"
	fresh := lib("n-1.jar", "n/N.class", "META-INF/LICENSE", "META-INF/MANIFEST.MF")
	for _, c := range []struct {
		what  string
		libs  []file
		path  string // "" for the image's
		sends []file
		not   bool
	}{
		{"the same", []file{a, boot, z}, "", nil, false},
		{"a new one", []file{a, fresh, boot, z}, own + ":" + added + "n-1.jar", []file{fresh}, false},
		{"a new one with a name that one behind it has", []file{a, lib("n-1.jar", "z/Z.class"), boot, z}, "/app/classpath.jar:" + in + "a-1.jar:" + added + "n-1.jar:" + after + ":" + in + "z-1.jar", []file{lib("n-1.jar", "z/Z.class")}, false},
		{"a new one with a name that one before it has", []file{a, boot, lib("n-1.jar", "a/A.class"), z}, own + ":" + added + "n-1.jar", []file{lib("n-1.jar", "a/A.class")}, false},
		{"another version", []file{lib("a-2.jar", "a/A.class"), boot, z}, "/app/classpath.jar:" + added + "a-2.jar:" + after + ":" + in + "z-1.jar", []file{lib("a-2.jar", "a/A.class")}, false},
		{"other content", []file{a, boot, lib("z-1.jar", "z/Y.class")}, "/app/classpath.jar:" + in + "a-1.jar:" + after + ":" + added + "z-1.jar", []file{lib("z-1.jar", "z/Y.class")}, false},
		{"one less", []file{a, boot}, "/app/classpath.jar:" + in + "a-1.jar:" + after, nil, false},
		{"another order", []file{z, a, boot}, "/app/classpath.jar:" + in + "z-1.jar:" + in + "a-1.jar:" + after, nil, false},
		{"one with options of its own", []file{a, boot, z, lib("spring-boot-devtools-4.1.2.jar", "D.class")}, "", nil, true},
		{"a template engine", []file{a, boot, z, lib("thymeleaf-spring6-3.1.2.jar", "T.class")}, "", nil, true},
		{"one that can't be read", []file{a, {"BOOT-INF/lib/b-1.jar", "no zip"}, boot, z}, "", nil, true},
	} {
		change, possible := img.WithLibraries(edited(t, app, with(c.libs...)))
		if possible == c.not {
			t.Errorf("%s: possible %v", c.what, possible)
		}
		if c.not {
			continue
		}
		if got := string(change[supervisor.ClassPathFile]); got != c.path || len(change) != len(c.sends)+1 {
			t.Errorf("%s: the class path is %s, with %d files", c.what, got, len(change)-1)
		}
		for _, f := range c.sends {
			if got := string(change["../added/"+strings.TrimPrefix(f[0], "BOOT-INF/lib/")]); got != f[1] {
				t.Errorf("%s: %s has %q", c.what, f[0], got)
			}
		}
	}
	m.options.Without = []string{optimization.Restart}
	if img, err = m.Image(t.Context(), app, io.Discard); err != nil {
		t.Fatal(err)
	}
	if _, possible := img.WithLibraries(app); possible {
		t.Error("a supervisor that is not there takes libraries")
	}
}
