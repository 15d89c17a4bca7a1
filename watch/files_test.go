package watch

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
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
	if !slices.Equal(batch.Paths, []string{appJava}) || batch.Kinds != Source || batch.All {
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

	must(os.Chtimes(r.path(appJava), time.Now(), time.Now()))
	must(os.Chmod(r.path(appJava), 0o600))
	r.expect("a touch")
	r.write(appJava, "class App { int a; }")
	r.expect("a save of the same bytes")
	r.write("tmp", "class App { int a; }")
	r.rename("tmp", appJava)
	r.expect("an atomic save of the same bytes")
	r.write(appJava, "class App { int b; }")
	r.expect("another text of the same length", appJava)
	must(os.Chtimes(r.path(appJava), time.Now(), time.Unix(1, 0)))
	r.write(appJava, "class App { int c; }")
	must(os.Chtimes(r.path(appJava), time.Now(), time.Unix(1, 0)))
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
	must(os.Rename(string(elsewhere), d.path("moved")))
	must(os.Mkdir(string(elsewhere), 0o755)) // for the clean-up
	r.expect("a directory moved in", want...)
	r.write("moved/d3/e/f3", "y")
	r.expect("a file in it", "moved/d3/e/f3")
	must(os.Rename(d.path("moved/d3"), elsewhere.path("out")))
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
	r := watching(t, d, Options{Outputs: []string{"src/main/generated"}, Ignore: []string{"*.md"}})
	r.write("build/libs/app.jar", "new")
	r.write("build/classes/java/main/com/x/App.class", "")
	r.write(".gradle/8.0/fileHashes.bin", "")
	r.write(".git/index", "")
	r.write("src/main/generated/G.java", "")
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
	must(os.Symlink(outside.path("dir"), d.path("linked")))
	must(os.Symlink(outside.path("b.txt"), d.path("b.txt")))
	must(os.Symlink(string(d), d.path("src/loop")))
	r.expect("new links", "b.txt", "linked", "src/loop")
	outside.write("dir/a.txt", "changed")
	outside.write("b.txt", "changed")
	r.expect("changes behind links")
	r.remove("linked")
	must(os.Symlink(outside.path("b.txt"), d.path("linked")))
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
			if fault := (*RootError)(nil); !errors.As(err, &fault) || !errors.Is(err, os.ErrNotExist) {
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
		must(os.Chtimes(d.path(name), time.Time{}, time.Unix(1e9, 0)))
	}
	r := watching(t, d, Options{Root: d.path("p"), Quiet: 300 * time.Millisecond})
	r.dir = dir(d.path("p"))
	d.rename("p", "old")
	d.rename("other", "p")
	r.expect("another directory in the root's place", "a.txt")
	r.write("b.txt", "two")
	r.expect("a file in it", "b.txt")
}

// saves are the ways in which editors replace a file, as seen with strace.
var saves = map[string]func(d dir, text string){
	"vim": func(d dir, text string) {
		d.write("src/.App.java.swp", "swap")
		d.write("src/4913", "")
		d.remove("src/4913")
		d.rename("src/App.java", "src/App.java~")
		d.write("src/App.java", text)
		d.remove("src/App.java~")
	},
	"vim that keeps its backup": func(d dir, text string) {
		d.rename("src/App.java", "src/App.java~")
		d.write("src/App.java", text)
		d.write("src/.App.java.un~", text)
	},
	"emacs": func(d dir, text string) {
		_ = os.Symlink("user@host.1:2", d.path("src/.#App.java"))
		d.write("src/#App.java#", text)
		d.rename("src/App.java", "src/App.java~")
		d.write("src/App.java", text)
		d.remove("src/#App.java#")
		d.remove("src/.#App.java")
	},
	"JetBrains": func(d dir, text string) {
		d.write("src/App.java___jb_tmp___", text)
		d.rename("src/App.java", "src/App.java___jb_old___")
		d.rename("src/App.java___jb_tmp___", "src/App.java")
		d.remove("src/App.java___jb_old___")
	},
	"VS Code": func(d dir, text string) { d.write("src/App.java", text) },
	"kate": func(d dir, text string) {
		d.write("src/.App.java.kate-swp", "swap")
		d.write("src/App.java.aB3xYz", text) // QSaveFile
		d.rename("src/App.java.aB3xYz", "src/App.java")
	},
	"gedit": func(d dir, text string) {
		d.write("src/.goutputstream-X3YZ12", text)
		d.rename("src/.goutputstream-X3YZ12", "src/App.java")
	},
	"sed -i": func(d dir, text string) {
		d.write("src/sedXyZ123", text)
		d.rename("src/sedXyZ123", "src/App.java")
	},
}

func TestSavesOfEditors(t *testing.T) {
	for name, save := range saves {
		t.Run(name, func(t *testing.T) {
			d := newDir(t)
			d.write("src/App.java", "class App {}")
			r := watching(t, d, Options{Quiet: 200 * time.Millisecond}) // a busy machine may halt in a save
			save(d, "class App { int a; }")
			if batch := r.next(); !slices.Equal(batch.Paths, []string{"src/App.java"}) {
				t.Errorf("got %q", batch.Paths)
			}
			r.expect("nothing more")
			save(d, "class App { int a; }")
			r.expect("the same once more")
		})
	}
}

func TestSaveOfRealVim(t *testing.T) {
	vim, err := exec.LookPath("vim")
	if err != nil {
		t.Skip(err)
	}
	d := newDir(t)
	d.write("src/App.java", "class App {}\n")
	r := watching(t, d, Options{Quiet: 500 * time.Millisecond})
	save := exec.Command(vim, "-N", "-u", "NONE", "-es", "-c", "set backup writebackup backupcopy=no backupskip= undofile",
		"-c", "normal ofoo", "-c", "wq", d.path("src/App.java"))
	if out, err := save.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	r.expect("one file", "src/App.java")
	if entries, _ := filepath.Glob(d.path("src/App.java~")); entries == nil {
		t.Error("vim kept no backup, so this test proves less than it says")
	}
}

func TestGitCheckout(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip(err)
	}
	d := newDir(t)
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", string(d), "-c", "user.name=t", "-c", "user.email=t@localhost"}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v: %s", strings.Join(args, " "), err, out)
		}
	}
	git("init", "-q")
	d.write("same.txt", "same")
	d.write("old/a/b.txt", "old")
	d.write("file-or-dir", "file")
	git("add", ".")
	git("commit", "-qm", "one")
	git("branch", "one")
	want := []string{"old/a/b.txt", "file-or-dir", "file-or-dir/x.txt"}
	git("rm", "-rq", "old", "file-or-dir")
	d.write("file-or-dir/x.txt", "dir")
	for i := range 1000 {
		name := fmt.Sprintf("src/main/java/p%d/q%d/C%d.java", i%7, i%31, i)
		d.write(name, fmt.Sprint("class C", i, " {}"))
		want = append(want, name)
	}
	git("add", ".")
	git("commit", "-qm", "two")
	git("branch", "two")
	r := watching(t, d, Options{Quiet: 200 * time.Millisecond})
	git("checkout", "-q", "one")
	r.expect("back to the first commit", want...)
	git("checkout", "-q", "two")
	r.expect("forth to the second", want...)
	r.write("src/main/java/p3/q3/C3.java", "class C {}")
	r.expect("a file of it", "src/main/java/p3/q3/C3.java")
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
	r := watching(t, d, Options{}, func(w *Watcher) { w.open = overflowing(release) })
	for i := range queue/2 + 3000 { // an event each for creation and deletion; some thousand are read ahead
		name := d.path(fmt.Sprint("src/f", i%2))
		file, err := os.Create(name)
		must(err)
		must(file.Close())
		must(os.Remove(name))
	}
	r.write("late/new/file.txt", "its events were dropped")
	r.write(appJava, "class App { int a; }")
	r.remove("src/b.txt")
	close(release)
	r.expect("what really differs", "late/new/file.txt", "src/b.txt", appJava)
	r.write("late/new/file.txt", "watched all the same")
	r.expect("a file of which no event had come", "late/new/file.txt")
}

// overflowing returns real events, of which the first source holds back all until
// release is closed.
func overflowing(release <-chan bool) func() (*source, error) {
	first := true
	return func() (*source, error) {
		real, err := openEvents()
		if err != nil || !first {
			return real, err
		}
		first = false
		gated := *real
		errs, stop, stopped := make(chan error), make(chan bool), make(chan bool)
		gated.errors, gated.events = errs, nil
		gated.close = func() error { close(stop); <-stopped; return real.close() }
		go func() {
			defer close(stopped)
			select {
			case <-release:
			case <-stop:
				return
			}
			for {
				select {
				case <-real.events: // as good as lost
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
		}()
		return &gated, nil
	}
}
