package springboot_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/builder/internal/jartest"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/filesums"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

func TestContents(t *testing.T) {
	t.Parallel()
	app, err := springboot.Open(jartest.Write(t, filepath.Join(t.TempDir(), "app.jar"),
		append(jartest.BootFiles(), jartest.File{"module-info.class", "m"})))
	if err != nil {
		t.Fatal(err)
	}
	if app.MainClass != "com.example.App" || app.Java != 17 || app.Port != 9090 || app.Boot != "3.5.7" {
		t.Errorf("got %+v", app)
	}
	c := must.Get(app.Contents())(t)
	if string(c.Own["static/index.html"]) != "<p>hello" || c.Own["module-info.class"] != nil ||
		len(c.Own["com/example/App.class"]) == 0 {
		t.Errorf("own files %q", c.Own)
	}
	for part, want := range map[springboot.Part]string{
		{Kind: springboot.KindMainClass}: "com.example.App", {Kind: springboot.KindPort}: "9090",
		{Kind: springboot.KindLibraryOrder}:                  "b-1.0.jar\na-1.0.jar\nc-1.0-SNAPSHOT.jar\n",
		{Kind: springboot.KindManifest, Name: "Start-Class"}: "com.example.App",
	} {
		if got := c.Rest[part]; got != want {
			t.Errorf("%v: got %q, want %q", part, got, want)
		}
	}
	if c.Rest[springboot.Part{Kind: springboot.KindLibrary, Name: "a-1.0.jar"}] == "" {
		t.Error("a library is missing")
	}
}

func TestOpenRefusesOtherJars(t *testing.T) {
	t.Parallel()
	for name, files := range map[string][]jartest.File{
		"no manifest":    {{"a", "a"}},
		"no start class": {{"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n\n"}},
	} {
		if _, err := springboot.Open(jartest.Write(t, filepath.Join(t.TempDir(), "app.jar"), files)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestContentsShareMemory: a large file that is as it was is neither read nor held twice; one that changed is read.
func TestContentsShareMemory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	large := strings.Repeat("x", 1<<20)
	files := map[string]string{"Main.class": jartest.Class(17), "small.txt": "small", "large.bin": large,
		"image.png": large}
	written := func(name, text string, at time.Time) {
		must.Do(t, os.Chtimes(testfile.Write(t, dir, name, text), at, at))
	}
	old := time.Now().Add(-time.Hour)
	for name, text := range files {
		written(name, text, old)
	}
	e := springboot.Exploded{MainClass: "Main", Only: map[string][]byte{}}
	app, _ := e.App(springboot.BuildFiles{Classes: []string{dir}}, nil, nil)
	read := func(before springboot.Contents) springboot.Contents {
		return must.Get(app.ContentsAfter(before, func(path string) bool { return path != "image.png" }))(t)
	}
	one := read(springboot.Contents{})
	two := read(one)
	for name := range files {
		if name != "image.png" && &one.Own[name][0] != &two.Own[name][0] {
			t.Errorf("%s is held twice", name)
		}
	}
	imageSum, _ := two.Sums.Of("image.png")
	largeSum, _ := one.Sums.Of("large.bin")
	if text, err := two.Read("image.png"); two.Own["image.png"] != nil || imageSum != largeSum ||
		string(text) != large || err != nil {
		t.Errorf("the file that is not kept: %d bytes in memory, %v", len(two.Own["image.png"]), err)
	}
	written("image.png", strings.Repeat("y", 1<<20), old.Add(time.Minute))
	if _, err := two.Read("image.png"); err == nil {
		t.Error("it is read as it was, although it has changed")
	}
	if text, err := read(two).Read("image.png"); err != nil || text[0] != 'y' {
		t.Errorf("then it is read as %.1q, %v", text, err)
	}
	written("small.txt", "SMALL", old) // the same size and time
	if got := string(read(two).Own["small.txt"]); got != "SMALL" {
		t.Errorf("the small file is %q", got)
	}
	written("large.bin", strings.Repeat("y", 1<<20), old.Add(time.Minute))
	three := read(two)
	written("large.bin", strings.Repeat("z", 1<<20), time.Now())
	four := read(three)
	written("large.bin", strings.Repeat("a", 1<<20), time.Now()) // perhaps within a tick of the clock
	five := read(four)
	for c, want := range map[*springboot.Contents]byte{&two: 'x', &three: 'y', &four: 'z', &five: 'a'} {
		if got := c.Own["large.bin"][0]; got != want {
			t.Errorf("the large file begins with %c, want %c", got, want)
		}
	}
}

// TestServerInALibrary: the classes of a library count, and not its name.
func TestServerInALibrary(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{"org/eclipse/jetty/server/Server.class": 8080,
		"org/eclipse/jetty/client/HttpClient.class": 0} {
		dir := t.TempDir()
		library := jartest.Write(t, filepath.Join(dir, "everything-1.0.jar"),
			[]jartest.File{{name, ""}, {"jakarta/servlet/Servlet.class", ""},
				{"org/springframework/web/context/ConfigurableWebApplicationContext.class", ""},
				{"org/springframework/boot/web/embedded/jetty/JettyServletWebServerFactory.class", ""}})
		files := append(jartest.Without(jartest.BootFiles(), ".jar", ".idx", "application.properties",
			"application.yml"), jartest.File{"BOOT-INF/lib/everything-1.0.jar", jartest.Read(t, library)})
		app := must.Get(springboot.Open(jartest.Write(t, filepath.Join(dir, "app.jar"), files)))(t)
		testfile.Write(t, dir, "classes/Main.class", jartest.Class(17))
		e := springboot.Exploded{MainClass: "Main", Boot: "3.5.7", Only: map[string][]byte{},
			Libraries: []springboot.ExplodedLibrary{{File: library, Name: "everything-1.0.jar"}}}
		exploded, _ := e.App(springboot.BuildFiles{Classes: []string{filepath.Join(dir, "classes")}}, nil, nil)
		if app.Port != want || exploded.Port != want {
			t.Errorf("%s: got port %d of the jar, %d of the directories, want %d", name, app.Port, exploded.Port, want)
		}
	}
}

func TestClassesOfSources(t *testing.T) {
	t.Parallel()
	var c springboot.Contents
	c.Sums = c.Sums.With(map[string]*filesums.Sum{"com/shop/Home.class": {}, "Loose.class": {}, "static/a.css": {}})
	got := c.ClassesOf([]string{"web/src/main/java/com/shop/Home.java", "src/main/kotlin/Loose.kt",
		"web/com/shop/New.java", "a.css"})
	if !slices.Equal(got, []string{"com/shop/Home", "Loose"}) {
		t.Errorf("the sources are of the classes %q", got)
	}
}
