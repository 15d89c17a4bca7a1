package watch

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/devloop-cli/devloop/internal/fault"
)

const appJava = "src/main/java/com/x/App.java"

// project is a directory with one source and a build file.
func project(t testing.TB) dir {
	d := newDir(t)
	d.write("build.gradle", "plugins {}")
	d.write(appJava, "class App {}")
	return d
}

func TestChangesOfFiles(t *testing.T) {
	r := watching(t, project(t), Options{})
	r.write(appJava, "class App { int a; }")
	batch := r.next()
	if !slices.Equal(batch.Paths, []string{appJava}) || batch.All {
		t.Errorf("got %+v", batch)
	}
	r.write("src/main/resources/new/dir/a.txt", "new")
	r.expect("a new file in new directories", "src/main/resources/new/dir/a.txt")
	r.rename(appJava, "src/main/java/com/x/Main.java")
	r.expect("a renamed file", appJava, "src/main/java/com/x/Main.java")
	r.remove("src/main/java/com/x/Main.java")
	r.expect("a deleted file", "src/main/java/com/x/Main.java")
}

func TestEqualContentStartsNothing(t *testing.T) {
	r := watching(t, project(t), Options{})
	r.write(appJava, "class App { int a; }") // from now on its content is known
	r.expect("a change", appJava)

	check(os.Chtimes(r.path(appJava), time.Now(), time.Now()))
	check(os.Chmod(r.path(appJava), 0o600))
	r.expect("a touch")
	r.write(appJava, "class App { int a; }")
	r.expect("a save of the same bytes")
	r.write("tmp", "class App { int a; }")
	r.rename("tmp", appJava)
	r.expect("an atomic save of the same bytes")
	r.write(appJava, "class App { int b; }")
	r.expect("another text of the same length", appJava)
	check(os.Chtimes(r.path(appJava), time.Now(), time.Unix(1, 0)))
	r.write(appJava, "class App { int c; }")
	check(os.Chtimes(r.path(appJava), time.Now(), time.Unix(1, 0)))
	r.expect("a change that keeps size and time", appJava)
}

func TestDirectories(t *testing.T) {
	r := watching(t, project(t), Options{})
	r.mkdir("a/b/c/d/e")
	r.expect("directories without files")
	r.write("a/b/c/d/e/f.txt", "")
	r.expect("a file in them", "a/b/c/d/e/f.txt")
	r.rename("a/b", "a/x")
	r.expect("a renamed directory", "a/b/c/d/e/f.txt", "a/x/c/d/e/f.txt")
	r.write("a/x/c/d/e/f.txt", "changed")
	r.expect("a file in the renamed directory", "a/x/c/d/e/f.txt")
	r.mkdir("new")
	r.rename("a/x/c", "new/deep") // watched under the new name before the old one's end is told
	r.expect("a directory moved into a new one", "a/x/c/d/e/f.txt", "new/deep/d/e/f.txt")
	r.write("new/deep/d/e/f.txt", "again")
	r.write("new/deep/d/g.txt", "")
	r.expect("files in it", "new/deep/d/e/f.txt", "new/deep/d/g.txt")
	r.remove("new")
	r.write("new/deep/d/g.txt", "other")
	r.expect("a directory deleted and made again", "new/deep/d/e/f.txt", "new/deep/d/g.txt")
	r.write("new/deep/d/g.txt", "third")
	r.expect("a file in it", "new/deep/d/g.txt")
	r.remove("new")
	r.write("new", "a file now")
	r.expect("a directory that became a file", "new", "new/deep/d/g.txt")
	r.remove("new")
	r.write("new/file", "")
	r.expect("a file that became a directory", "new", "new/file")
}

func TestDirectoriesThatArriveFilled(t *testing.T) {
	d := project(t)
	elsewhere := newDir(t)
	var want []string
	for i := range 200 {
		name := fmt.Sprintf("d%d/e/f%d", i%10, i)
		elsewhere.write(name, "x")
		want = append(want, "moved/"+name)
	}
	r := watching(t, d, Options{})
	check(os.Rename(string(elsewhere), d.path("moved")))
	check(os.Mkdir(string(elsewhere), 0o755)) // for the clean-up
	r.expect("a directory moved in", want...)
	r.write("moved/d3/e/f3", "y")
	r.expect("a file in it", "moved/d3/e/f3")
	check(os.Rename(d.path("moved/d3"), elsewhere.path("out")))
	want = want[:0]
	for i := 3; i < 200; i += 10 {
		want = append(want, fmt.Sprintf("moved/d3/e/f%d", i))
	}
	r.expect("a directory moved out", want...)
	elsewhere.write("out/e/f3", "z")
	r.expect("a file in it")
}

func TestOutputsNeverTrigger(t *testing.T) {
	d := project(t)
	d.write("build/libs/app.jar", "")
	r := watching(t, d, Options{Ignore: []string{"*.md"}})
	r.write("build/libs/app.jar", "new")
	r.write("build/classes/java/main/com/x/App.class", "")
	r.write(".gradle/8.0/fileHashes.bin", "")
	r.write(".git/index", "")
	r.write("README.md", "")
	r.expect("outputs")
	r.remove("build")
	r.write("build/libs/app.jar", "")
	r.expect("outputs that were deleted and made again")
	r.write("src/main/java/com/x/build/B.java", "class B {}")
	r.write("src/main/java/com/x/target/T.java", "class T {}")
	r.expect("packages that are called so", "src/main/java/com/x/build/B.java", "src/main/java/com/x/target/T.java")
}

func TestABuildFileMakesAnOutputOfItsNeighbour(t *testing.T) {
	d := newDir(t)
	d.write("lib/target/a.txt", "")
	r := watching(t, d, Options{})
	r.write("lib/target/a.txt", "1")
	r.expect("no output yet", "lib/target/a.txt")
	r.write("lib/pom.xml", "<project/>")
	r.expect("only the build file", "lib/pom.xml")
	r.write("lib/target/a.txt", "2")
	r.write("lib/target/classes/A.class", "")
	r.expect("an output now")
	r.remove("lib/pom.xml")
	r.expect("no output any more", "lib/pom.xml", "lib/target/a.txt", "lib/target/classes/A.class")
	r.write("lib/target/classes/A.class", "2")
	r.expect("watched again", "lib/target/classes/A.class")
}

func TestLinksAreNotFollowed(t *testing.T) {
	d, outside := project(t), newDir(t)
	outside.write("dir/a.txt", "")
	outside.write("b.txt", "")
	r := watching(t, d, Options{})
	check(os.Symlink(outside.path("dir"), d.path("linked")))
	check(os.Symlink(outside.path("b.txt"), d.path("b.txt")))
	check(os.Symlink(string(d), d.path("src/loop")))
	r.expect("new links", "b.txt", "linked", "src/loop")
	outside.write("dir/a.txt", "changed")
	outside.write("b.txt", "changed")
	r.expect("changes behind links")
	r.remove("linked")
	check(os.Symlink(outside.path("b.txt"), d.path("linked")))
	r.expect("a link to elsewhere", "linked")
}

func TestModulesOutsideTheRoot(t *testing.T) {
	d := newDir(t)
	d.write("app/pom.xml", "<project/>")
	d.write("lib/src/main/java/L.java", "class L {}")
	r := watching(t, d, Options{Root: d.path("app"), Dirs: []string{"../lib", "../late"}})
	r.dir = dir(d.path("app"))
	d.write("lib/src/main/java/L.java", "class L { }")
	r.expect("a file of another module", "../lib/src/main/java/L.java")
	d.remove("lib")
	r.expect("the module deleted", "../lib/src/main/java/L.java")
	d.write("lib/src/main/java/L.java", "class L {}")
	d.write("late/src/main/java/L.java", "class L {}")
	r.expect("modules that come back or come late", "../late/src/main/java/L.java", "../lib/src/main/java/L.java")
	d.write("late/src/main/java/L.java", "class M {}")
	r.expect("a file in one", "../late/src/main/java/L.java")
}

func TestOnlySomeNamesOfADirectoryCount(t *testing.T) {
	d := newDir(t)
	d.write("home/app/pom.xml", "<project/>")
	d.write("home/k8s/pod.yaml", "a: 1")
	d.write("home/pod.yaml", "a: 1")
	w := watching(t, d, Options{Root: d.path("home"),
		Only: []string{"pod.yaml", "sentinel-1", "sentinel-2", "sentinel-3"}, Base: d.path("home/app")})
	w.dir, w.prefix = dir(d.path("home")), "../"
	d.write("home/pod.yaml", "a: 2")
	d.write("home/other.yaml", "a: 1")
	d.write("home/k8s/pod.yaml", "a: 2")
	d.write("home/later/pod.yaml", "a: 1")
	w.expect("the file, beside others and below", "../pod.yaml")
	d.write("home/fresh", "a: 3")
	d.rename("home/fresh", "home/pod.yaml")
	w.expect("an atomic save", "../pod.yaml")
	d.remove("home/pod.yaml")
	w.expect("the file deleted", "../pod.yaml")
}

func TestRootDeleted(t *testing.T) {
	d := newDir(t)
	d.write("p/a.txt", "")
	for name, end := range map[string]func(){
		"deleted": func() { d.remove("p") },
		"moved":   func() { d.rename("p", "q") },
	} {
		t.Run(name, func(t *testing.T) {
			d.write("p/a.txt", "")
			r := watching(t, d, Options{Root: d.path("p")})
			end()
			err := <-r.done
			r.done <- err
			if fault.Of(err).Code != "watch.root" || !errors.Is(err, os.ErrNotExist) {
				t.Errorf("got error %v", err)
			}
		})
	}
}

func TestRootReplaced(t *testing.T) {
	d := newDir(t)
	d.write("p/a.txt", "one")
	d.write("p/b.txt", "one")
	d.write("other/a.txt", "two")
	d.write("other/b.txt", "one")
	for _, name := range []string{"p/b.txt", "other/b.txt"} { // what has size and time of the old is the old
		check(os.Chtimes(d.path(name), time.Time{}, time.Unix(1e9, 0)))
	}
	r := watching(t, d, Options{Root: d.path("p"), quiet: 300 * time.Millisecond})
	r.dir = dir(d.path("p"))
	d.rename("p", "old")
	d.rename("other", "p")
	r.expect("another directory in the root's place", "a.txt")
	r.write("b.txt", "two")
	r.expect("a file in it", "b.txt")
}

func TestRealOverflow(t *testing.T) {
	limit, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events")
	if err != nil {
		t.Skip("no inotify here")
	}
	var queue int
	if _, err := fmt.Sscan(string(limit), &queue); err != nil || queue > 1<<17 {
		t.Skipf("the queue of %s events is too long to be filled", limit)
	}
	d := project(t)
	d.write("src/b.txt", "b")
	release := make(chan bool)
	r := watching(t, d, Options{}, func(w *Watcher) { w.open = heldBack(release, false) })
	for i := range queue/2 + 3000 { // an event each for creation and deletion; some thousand are read ahead
		name := d.path(fmt.Sprint("src/f", i%2))
		file, err := os.Create(name)
		check(err)
		check(file.Close())
		check(os.Remove(name))
	}
	r.write("late/new/file.txt", "its events were dropped")
	r.write(appJava, "class App { int a; }")
	r.remove("src/b.txt")
	close(release)
	r.expect("what really differs", "late/new/file.txt", "src/b.txt", appJava)
	r.write("late/new/file.txt", "watched all the same")
	r.expect("a file of which no event had come", "late/new/file.txt")
}

// heldBack returns real events, of which the first source holds back all until
// release is closed; then it passes on errors, and events or not.
func heldBack(release <-chan bool, pass bool) func() (*source, error) {
	first := true
	return func() (*source, error) {
		real, err := openEvents()
		if err != nil || !first {
			return real, err
		}
		first = false
		events, errs := make(chan fsnotify.Event), make(chan error)
		stop, stopped := make(chan bool), make(chan bool)
		go func() {
			defer close(stopped)
			select {
			case <-release:
			case <-stop:
			}
			forward(real, events, errs, stop, pass)
		}()
		gated := *real
		gated.events, gated.errors = events, errs
		gated.close = func() error { close(stop); <-stopped; return real.close() }
		return &gated, nil
	}
}

func forward(real *source, events chan<- fsnotify.Event, errs chan<- error, stop <-chan bool, pass bool) {
	for {
		select {
		case event := <-real.events:
			if !pass {
				continue // as good as lost
			}
			select {
			case events <- event:
			case <-stop:
				return
			}
		case err := <-real.errors:
			select {
			case errs <- err:
			case <-stop:
				return
			}
		case <-stop:
			return
		}
	}
}

// A directory is moved into a new one, and watched there before the news that it
// left its old place, which ends that very watch.
func TestWatchOfAMovedDirectoryOutlivesItsOldName(t *testing.T) {
	d := project(t)
	d.write("old/sub/a.txt", "")
	release := make(chan bool)
	r := watching(t, d, Options{}, func(w *Watcher) { w.open = heldBack(release, true) })
	r.mkdir("new")
	r.rename("old", "new/deep")
	close(release)
	r.expect("the move", "new/deep/sub/a.txt", "old/sub/a.txt")
	r.write("new/deep/sub/a.txt", "changed")
	r.write("new/deep/b.txt", "")
	r.expect("files in it", "new/deep/b.txt", "new/deep/sub/a.txt")
}

// Two watched directories take each other's place while the watcher looks at them. fsnotify then has two paths for one
// watch, and panics when both are removed (its issue 652).
func TestDirectoriesTakeEachOthersPlace(t *testing.T) {
	d := project(t)
	d.write("one/sub/a.txt", "")
	d.write("two/sub/b.txt", "")
	r := watching(t, d, Options{quiet: time.Millisecond, quietIfComplete: time.Millisecond})
	for range 50 {
		for range 10 {
			r.rename("one", "old")
			r.rename("two", "one")
			r.rename("old", "two")
			time.Sleep(time.Duration(rand.IntN(int(2 * time.Millisecond)))) // anywhere in a look of the watcher
		}
		r.settled()
		r.write("one/sub/c.txt", "")
		r.expect("a new file", "one/sub/c.txt")
		r.remove("one/sub/c.txt")
	}
}
