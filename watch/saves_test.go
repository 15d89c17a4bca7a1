package watch

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// saves are the ways in which editors replace a file.
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
			r := watching(t, d, Options{quiet: 200 * time.Millisecond}) // a busy machine may halt in a save
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
	r := watching(t, d, Options{quiet: 500 * time.Millisecond})
	save := exec.Command(vim, "-N", "-u", "NONE", "-es", "-c",
		"set backup writebackup backupcopy=no backupskip= undofile", "-c", "normal ofoo", "-c", "wq",
		d.path("src/App.java"))
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
		cmd := exec.Command("git",
			append([]string{"-C", string(d), "-c", "user.name=t", "-c", "user.email=t@localhost"}, args...)...)
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
	r := watching(t, d, Options{quiet: 200 * time.Millisecond})
	git("checkout", "-q", "one")
	r.expect("back to the first commit", want...)
	git("checkout", "-q", "two")
	r.expect("forth to the second", want...)
	r.write("src/main/java/p3/q3/C3.java", "class C {}")
	r.expect("a file of it", "src/main/java/p3/q3/C3.java")
}
