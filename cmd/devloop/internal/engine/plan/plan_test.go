package plan

import (
	"crypto/sha256"
	"errors"
	"maps"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/devloop-cli/devloop/builder/pages"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/filesums"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// files are an application's own: path, text, path, text…
func files(all ...string) map[string][]byte {
	m := map[string][]byte{}
	for i := 0; i < len(all); i += 2 {
		m[all[i]] = []byte(all[i+1])
	}
	return m
}

// libraries is a rest without news.
var libraries = map[Part]string{{"library", "a.jar"}: "1", {Kind: "main-class"}: "A"}

// inMemory returns files that are all kept.
func inMemory(texts map[string][]byte) Files {
	sums := map[string]*filesums.Sum{}
	for path, text := range texts {
		sum := sha256.Sum256(text)
		sums[path] = &sum
	}
	return Files{Texts: texts, Sums: filesums.Set{}.With(sums),
		Read: func(path string) ([]byte, error) { return texts[path], nil }}
}

func state(all ...string) State { return NewState(inMemory(files(all...)), libraries) }

// running is what serves, and takes all that can be taken.
func running(s State) Running { return Running{State: s, Serves: true, Swappable: true} }

var source = Saved{Sources: true}

func TestWhatCannotBeChangedInItsPodNeedsANewOne(t *testing.T) {
	t.Parallel()
	was := state("A.class", "a")
	now := running(was)
	for _, c := range []struct {
		what string
		s    Input
		want Decision
	}{
		{"the first build", Input{Saved: Saved{All: true}}, Decision{Path: Pod}},
		{"asked for", Input{Saved: Saved{All: true}, Image: true, Runs: now, After: was}, Decision{Path: Pod}},
		{"a manifest", Input{Saved: Saved{Manifest: true}, Image: true, Runs: now}, Decision{Path: Manifest}},
		{"a manifest whose objects of this service are as they were", Input{Image: true, Runs: now}, Decision{Path: Nothing, Why: "the objects of the manifest are as they were"}},
		{"a manifest, and what runs is in no image", Input{Saved: Saved{Manifest: true}, Runs: now, After: was}, Decision{Path: Pod, Why: "the manifest changed"}},
		{"a manifest and a source", Input{Saved: Saved{Manifest: true, Sources: true}, Image: true, Runs: now, After: was}, Decision{Path: Pod, Why: "the manifest changed"}},
		{"a Dockerfile", Input{Saved: source, Runs: Running{NotPatchable: "Dockerfile makes its image"}, After: was}, Decision{Path: Pod, Why: "Dockerfile makes its image"}},
		{"the user", Input{Saved: source, Runs: now, After: was, Mode: ModePod}, Decision{Path: Pod, Why: asked}},
	} {
		if got := Decide(c.s); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.what, got, c.want)
		}
	}
}

func TestLibrariesRestartTheApplicationWhereItsPodCanHaveThem(t *testing.T) {
	t.Parallel()
	was := state("A.class", "a")
	after := func(rest map[Part]string) State {
		rest[Part{Kind: "main-class"}] = "A"
		return NewState(inMemory(files("A.class", "b")), rest)
	}
	added := files("../classpath", "a:b")
	restart := func(why string) Decision {
		return Decision{Path: Restart, Why: why, Files: files("A.class", "b"), Libraries: added}
	}
	changed := after(map[Part]string{{"library", "a.jar"}: "2"})
	for _, c := range []struct {
		what  string
		after State
		can   bool
		want  Decision
	}{
		{"changed", changed, true, restart("library a.jar changed")},
		{"new", after(map[Part]string{{"library", "a.jar"}: "1", {"library", "b.jar"}: "1", {Kind: "library-order"}: "b"}), true, restart("library b.jar is new")},
		{"gone", after(map[Part]string{{Kind: "library-order"}: ""}), true, restart("library a.jar is gone")},
		{"in another order", after(map[Part]string{{"library", "a.jar"}: "1", {Kind: "library-order"}: "b"}), true, restart("order of libraries is new")},
		{"where that is not possible", changed, false, Decision{Path: Pod, Why: "library a.jar changed"}},
		{"and more", after(map[Part]string{{"library", "a.jar"}: "2", {Kind: "java"}: "21"}), true, Decision{Path: Pod, Why: "Java version is new"}},
	} {
		got := Decide(Input{Saved: source, Image: true, Runs: running(was), After: c.after,
			WithLibraries: func() (map[string][]byte, bool) { return added, c.can }})
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.what, got, c.want)
		}
	}
}

func TestFilesTakeTheCheapestPath(t *testing.T) {
	t.Parallel()
	const page, settings = "static/a.css", "application.yml"
	for _, c := range []struct {
		what          string
		before, after State
		how           func(*Input)
		path          Path
		why           string
	}{
		{"nothing", state(page, "a"), state(page, "a"), nil, Nothing, "the classes and resources are as they were"},
		{"a page", state(page, "a"), state(page, "b"), nil, Pages, ""},
		{"the time of the build", state("META-INF/build-info.properties", "#Mon\nbuild.time=1\nbuild.name=a\n"), state("META-INF/build-info.properties", "#Tue\nbuild.time=2\nbuild.name=a\n"), nil, Nothing, "the classes and resources are as they were"},
		{"the time of the build, and a page", state("git.properties", "git.build.time=1\n", page, "a"), state("git.properties", "git.build.time=2\n", page, "b"), nil, Pages, ""},
		{"the first edit after a commit", state("git.properties", "git.commit.id.describe-short=1\ngit.dirty=false\ngit.commit.id=1\n", page, "a"), state("git.properties", "git.commit.id.describe-short=1-dirty\ngit.dirty=true\ngit.commit.id=1\n", page, "b"), nil, Pages, ""},
		{"a commit", state("git.properties", "git.commit.id=1\n"), state("git.properties", "git.commit.id=2\n"), nil, Restart, "git.properties is read at start"},
		{"the version", state("META-INF/build-info.properties", "build.time=1\nbuild.version=1\n"), state("META-INF/build-info.properties", "build.time=2\nbuild.version=2\n"), nil, Restart, "META-INF/build-info.properties is read at start"},
		{"the file of the build's time is gone", state("git.properties", "git.build.time=1\n", page, "a"), state(page, "a"), nil, Restart, "git.properties is read at start"},
		{"a page is new, another gone", state(page, "a"), state("public/b.css", "b"), nil, Pages, ""},
		{"a page, where JVMs take nothing", state(page, "a"), state(page, "b"), func(s *Input) { s.Runs.Swappable = false }, Pages, ""},
		{"a page, and the user wants restarts", state(page, "a"), state(page, "b"), func(s *Input) { s.Mode = ModeRestart }, Restart, asked},
		{"a page, after a failure", state(page, "a"), state(page, "b"), func(s *Input) { s.Runs.Serves = false }, Restart, "it has not answered since the last change"},
		{"taken back after a failure", state(page, "a"), state(page, "a"), func(s *Input) { s.Runs.Serves = false }, Restart, "it has not answered since the last change"},
		{"a welcome page", state(), state("static/index.html", "a"), nil, Restart, "a welcome page is looked for at start"},
		{"the welcome page's text", state("static/index.html", "a"), state("static/index.html", "b"), nil, Pages, ""},
		{"a page in a chain by settings", state(page, "a", settings, "chain: on"), state(page, "b", settings, "chain: on"), nil, Restart,
			"static/a.css may be kept, as application.yml has a resource chain"},
		{"a page in a chain by code", state(page, "a", "Web.class", "…resourceChain…"), state(page, "b", "Web.class", "…resourceChain…"), nil, Restart,
			"static/a.css may be kept, as Web.class has a resource chain"},
		{"settings", state(settings, "a"), state(settings, "b"), nil, Restart, "application.yml is read at start"},
		{"settings and a page", state(settings, "a", page, "a"), state(settings, "b", page, "b"), nil, Restart, "application.yml is read at start"},
		{"a new class", state(), state("com/A.class", "a"), nil, Restart, "com.A is new"},
		{"a class less", state("com/A.class", "a"), state(), nil, Restart, "com.A is gone"},
	} {
		s := Input{Saved: source, Image: true, Runs: running(c.before), After: c.after}
		if c.how != nil {
			c.how(&s)
		}
		if d := Decide(s); d.Path != c.path || d.Why != c.why {
			t.Errorf("%s: got %v, %q", c.what, d.Path, d.Why)
		}
	}
}

func TestTemplatesAreReadAtTheRequestUnlessSomethingKeepsThem(t *testing.T) {
	t.Parallel()
	const page = "templates/a.html"
	thymeleaf := pages.Templates{Engine: "Thymeleaf", Suffix: ".html", Package: "org/thymeleaf/"}
	kept := thymeleaf
	kept.Kept = "application.yml sets spring.thymeleaf.cache"
	for _, c := range []struct {
		what          string
		before, after State
		templates     []pages.Templates
		path          Path
		why           string
	}{
		{"a template", state(page, "a"), state(page, "b"), []pages.Templates{thymeleaf}, Pages, ""},
		{"a new one", state(), state(page, "b"), []pages.Templates{thymeleaf}, Pages, ""},
		{"a template and a page", state(page, "a"), state(page, "b", "static/b.css", "b"), []pages.Templates{thymeleaf}, Pages, ""},
		{"without an engine", state(page, "a"), state(page, "b"), nil, Restart, "templates/a.html is read at start"},
		{"another engine's", state("templates/a.jte", "a"), state("templates/a.jte", "b"), []pages.Templates{thymeleaf}, Restart, "templates/a.jte is read at start"},
		{"elsewhere", state("mails/a.html", "a"), state("mails/a.html", "b"), []pages.Templates{thymeleaf}, Restart, "mails/a.html is read at start"},
		{"kept by settings", state(page, "a"), state(page, "b"), []pages.Templates{kept}, Restart, "templates/a.html is read only once: application.yml sets spring.thymeleaf.cache"},
		{"kept by code", state(page, "a", "com/Mail.class", "…org/thymeleaf/…"), state(page, "b", "com/Mail.class", "…org/thymeleaf/…"), []pages.Templates{thymeleaf}, Restart,
			"templates/a.html may be kept, as com.Mail works with Thymeleaf"},
		{"the welcome page", state(), state("templates/index.html", "a"), []pages.Templates{thymeleaf}, Restart, "a welcome page is looked for at start"},
		{"texts", state("messages.properties", "a"), state("messages.properties", "b"), []pages.Templates{thymeleaf}, Restart, "messages.properties is read at start"},
	} {
		runs := running(c.before)
		runs.Templates = c.templates
		if d := Decide(Input{Saved: source, Image: true, Runs: runs, After: c.after}); d.Path != c.path ||
			d.Why != c.why {
			t.Errorf("%s: got %v, %q", c.what, d.Path, d.Why)
		}
	}
}

func TestTextsAreReadAtTheRequestUnlessSomethingKeepsThem(t *testing.T) {
	t.Parallel()
	inHandler := compiled(t, `java.util.ResourceBundle texts; String hello() { return texts.getString("hello"); }`)
	atStart := compiled(t, `String hello = java.util.ResourceBundle.getBundle("texts").getString("hello");`)
	names := compiled(t, `String file() { return "texts/web.properties"; }`)
	messages := pages.Messages{Bases: []string{"texts/web", "messages"}}
	const file, german = "texts/web.properties", "texts/web_de.properties"
	for _, c := range []struct {
		what          string
		before, after State
		messages      pages.Messages
		path          Path
		why           string
	}{
		{"a text", state(file, "a"), state(file, "b"), messages, Pages, ""},
		{"of another base", state("messages.properties", "a"), state("messages.properties", "b"), messages, Pages, ""},
		{"of a language", state(german, "a"), state(german, "b"), messages, Pages, ""},
		{"a new language", state(), state(german, "b"), messages, Pages, ""},
		{"a language less", state(german, "b"), state(), messages, Restart, "the JVM keeps the texts of texts/web_de.properties, which is gone"},
		{"another name", state("texts/website.properties", "a"), state("texts/website.properties", "b"), messages, Restart, "texts/website.properties is read at start"},
		{"no message source", state(file, "a"), state(file, "b"), pages.Messages{}, Restart, "texts/web.properties is read at start"},
		{"kept by settings", state(file, "a"), state(file, "b"), pages.Messages{Bases: messages.Bases, Kept: "application.yml sets spring.messages.cache-duration"}, Restart,
			"texts/web.properties is read only once: application.yml sets spring.messages.cache-duration"},
		{"read by a handler", state(file, "a", "A.class", string(inHandler)), state(file, "b", "A.class", string(inHandler)), messages, Pages, ""},
		{"read at start", state(file, "a", "A.class", string(atStart)), state(file, "b", "A.class", string(atStart)), messages, Restart,
			"texts/web.properties may be kept: A.<init>: constructors run at start"},
		{"named", state(german, "a", "A.class", string(names)), state(german, "b", "A.class", string(names)), messages, Restart,
			"texts/web_de.properties may be kept: A names texts/web.properties"},
	} {
		runs := running(c.before)
		runs.Messages = c.messages
		if d := Decide(Input{Saved: source, Image: true, Runs: runs, After: c.after}); d.Path != c.path ||
			d.Why != c.why {
			t.Errorf("%s: got %v, %q", c.what, d.Path, d.Why)
		}
	}
}

// compiled returns a class of which a method says text.
func compiled(t *testing.T, members string) []byte {
	t.Helper()
	dir := t.TempDir()
	file := testfile.Write(t, dir, "A.java", "class A { "+members+" }")
	if out, err := exec.Command("javac", "-d", dir, file).CombinedOutput(); err != nil {
		t.Fatalf("javac: %v\n%s", err, out)
	}
	data := testfile.Read(t, filepath.Join(dir, "A.class"))
	return data
}

func TestWithoutASupervisorOnlyLoadedClassesChange(t *testing.T) {
	t.Parallel()
	real.Java(t)
	classes := func(members string) State {
		return state("A.class", string(compiled(t, members)), "static/a.css", "a", "application.yml", "a")
	}
	is, body, shape := classes(`String a() { return "a"; }`), classes(`String a() { return "b"; }`),
		classes(`String a() { return "a"; } void more() {}`)
	page, settings := state("A.class", string(is.files["A.class"]), "static/a.css", "b", "application.yml", "a"),
		state("A.class", string(is.files["A.class"]), "static/a.css", "a", "application.yml", "b")
	runs := running(is)
	runs.HotSwapOnly = true
	for _, c := range []struct {
		what  string
		after State
		path  Path
		why   string
	}{
		{"a body", body, Swap, ""},
		{"a shape", shape, Pod, "A: method more added"},
		{"a page", page, Pod, "static/a.css lies in the image"},
		{"settings", settings, Pod, "application.yml is read at start"},
		{"nothing", is, Nothing, "the classes and resources are as they were"},
	} {
		if d := Decide(Input{Saved: source, Image: true, Runs: runs, After: c.after}); d.Path != c.path ||
			d.Why != c.why {
			t.Errorf("%s: got %v, %q", c.what, d.Path, d.Why)
		}
	}
}

func TestWhatADebuggerPutIntoTheJVMIsReplaced(t *testing.T) {
	t.Parallel()
	real.Java(t)
	is := state("A.class", string(compiled(t, `String a() { return "a"; }`)))
	runs := running(is)
	runs.RedefinedByDebugger = []string{"A.class", "Gone.class"}
	want := Decision{Path: Swap, Files: files("A.class", string(is.files["A.class"]))}
	if got := Decide(Input{Saved: source, Runs: runs, After: is}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %q", got.Path, got.Why)
	}
}

func TestClassesAreSwappedWhereOnlyRequestsCallThem(t *testing.T) {
	t.Parallel()
	real.Java(t)
	classes := func(members string) State { return state("A.class", string(compiled(t, members))) }
	body, other := classes(`String a() { return "a"; }`), classes(`String a() { return "b"; }`)
	kept, made := classes(`String a; A() { a = a(); } String a() { return "a"; }`),
		classes(`String a; A() { a = a(); } String a() { return "b"; }`)
	fixed := running(body)
	fixed.Swappable = false
	for _, c := range []struct {
		what  string
		runs  Running
		after State
		rule  Mode
		path  Path
		why   string
	}{
		{"a body", running(body), other, ModeAuto, Swap, ""},
		{"a body, and the user wants restarts", running(body), other, ModeRestart, Restart, asked},
		{"a body, where the JVM takes none", fixed, other, ModeAuto, Restart, "its JVM takes no changed methods"},
		{"a method more", running(body), classes(`String a() { return "a"; } void b() {}`), ModeAuto, Restart, "A: method b added"},
		{"a method more, and the user wants swaps", running(body), classes(`String a() { return "a"; } void b() {}`), ModeSwap, Restart, "A: method b added"},
		{"a body that ran", running(kept), made, ModeAuto, Restart, "A.a: constructors run at start"},
		{"a body that ran, and the user wants swaps", running(kept), made, ModeSwap, Swap, ""},
	} {
		d := Decide(Input{Saved: source, Image: true, Runs: c.runs, After: c.after, Mode: c.rule})
		if d.Path != c.path || d.Why != c.why {
			t.Errorf("%s: got %v, %q", c.what, d.Path, d.Why)
		}
	}
}

func TestChangeIsWhatDiffers(t *testing.T) {
	t.Parallel()
	before := state("A.class", "a", "B.class", "b", "static/a.css", "a", "empty.txt", "")
	after := state("A.class", "a2", "C.class", "c", "static/a.css", "a", "empty.txt", "")
	want := files("A.class", "a2", "C.class", "c")
	want["B.class"] = nil
	if got, err := Changes(before, after); !reflect.DeepEqual(got, want) || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if again := NewState(inMemory(maps.Clone(before.files)),
		maps.Clone(before.dependencies)); before.Name == after.Name || before.Name != again.Name {
		t.Error("the states are not told apart by their content")
	}
	if other := NewState(inMemory(before.files), nil); other.Name == before.Name {
		t.Error("the rest does not count")
	}
	none := State{dependencies: map[Part]string{{"library", "a.jar"}: "2", {"library", "b.jar"}: "1",
		{Kind: "library-order"}: "a"}}
	for want, after := range map[string]State{
		"":                                    NewState(inMemory(nil), none.dependencies),
		"1 class":                             NewState(inMemory(files("A.class", "")), none.dependencies),
		"2 classes and 1 resource":            NewState(inMemory(files("A.class", "", "B.class", "", "a.css", "")), none.dependencies),
		"1 class, 1 resource and 2 libraries": state("A.class", "", "a.css", ""),
		"2 resources and 2 libraries":         state("a.css", "", "b.css", ""),
	} {
		if got := Summary(none, after); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestOnlyWhatCannotBeInAnImageSavesItsMaking(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		saved                     Saved
		compiles, replacesTheSame bool
	}{
		{Saved{Manifest: true}, false, true},
		{Saved{Sources: true}, true, false},
		{Saved{Manifest: true, Sources: true}, true, true},
		{Saved{All: true}, true, true},
	} {
		if c.saved.Compiles(true) != c.compiles || !c.saved.Compiles(false) {
			t.Errorf("%+v: it compiles %v", c.saved, c.saved.Compiles(true))
		}
		if c.saved.Replaces(true) != c.replacesTheSame || !c.saved.Replaces(false) {
			t.Errorf("%+v: it replaces %v", c.saved, c.saved.Replaces(true))
		}
	}
}

// TestFilesThatNoDecisionLooksIntoAreReadWhenTheyDiffer has states without the contents of images.
func TestFilesThatNoDecisionLooksIntoAreReadWhenTheyDiffer(t *testing.T) {
	t.Parallel()
	unkept := func(text string, failure error) State {
		f := inMemory(files("static/a.png", text))
		f.Texts, f.Read = nil, func(path string) ([]byte, error) { return []byte(text + " of " + path), failure }
		return NewState(f, libraries)
	}
	decide := func(after State) Decision {
		return Decide(
			Input{Saved: source, Image: true, Runs: Running{State: unkept("old", nil), Serves: true}, After: after})
	}
	if d := decide(unkept("old", errors.New("not to be read"))); d.Path != Nothing {
		t.Errorf("got %+v", d)
	}
	if d := decide(unkept("new", nil)); d.Path != Pages || string(d.Files["static/a.png"]) != "new of static/a.png" {
		t.Errorf("got %+v", d)
	}
	if d := decide(unkept("new", errors.New("it changes"))); d.Path != Pod || d.Why != "it changes" {
		t.Errorf("got %+v", d)
	}
}
