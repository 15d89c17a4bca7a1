package springboot_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/builder/internal/jartest"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/filesums"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// copied is an application in copies of a build's directories, to which only the test writes.
type copied struct {
	dir    string
	built  springboot.App
	copies map[string]string
	wrote  *springboot.Written
}

func newCopied(t testing.TB, files map[string]string) *copied {
	t.Helper()
	c := &copied{dir: t.TempDir(), copies: map[string]string{}, wrote: &springboot.Written{}}
	for _, name := range []string{"classes", "resources"} {
		testfile.Write(t, c.dir, name+"/Main.class", jartest.Class(17))
		testfile.Write(t, c.dir, "copies/"+name+"/Main.class", jartest.Class(17))
		c.copies[filepath.Join(c.dir, name)] = filepath.Join(c.dir, "copies", name)
	}
	for name, text := range files {
		c.write(t, name, text)
	}
	e := springboot.Exploded{MainClass: "Main", Only: map[string][]byte{"META-INF/MANIFEST.MF": nil}}
	c.built, _ = e.App(springboot.BuildFiles{Classes: []string{filepath.Join(c.dir, "classes")},
		Resources: []string{filepath.Join(c.dir, "resources")}}, nil, nil)
	return c
}

// write writes a copy, such as "resources/a.txt", or removes it if text is "".
func (c *copied) write(t testing.TB, name, text string) {
	t.Helper()
	path := filepath.Join(c.dir, "copies", filepath.FromSlash(name))
	if _ = os.Remove(path); text != "" {
		testfile.Write(t, c.dir, "copies/"+name, text)
	}
	c.wrote = c.wrote.Then([]string{path})
}

func (c *copied) app() springboot.App { return c.built.CopiedTo(c.copies, c.wrote) }

func contentsAfter(t testing.TB, app springboot.App, before springboot.Contents) springboot.Contents {
	t.Helper()
	return must.Get(app.ContentsAfter(before, func(path string) bool { return filepath.Ext(path) != ".txt" }))(t)
}

// TestContentsFollowFromWhatWasWritten makes random changes, and asks for the contents after one or more of them.
func TestContentsFollowFromWhatWasWritten(t *testing.T) {
	t.Parallel()
	c, names := newCopied(t, nil),
		[]string{"a.txt", "b/c.txt", "D.class", "META-INF/services/x.Y", "META-INF/MANIFEST.MF", "module-info.class"}
	last := contentsAfter(t, c.app(), springboot.Contents{})
	for i := range 300 {
		name, text := names[rand.IntN(len(names))], fmt.Sprint("text ", rand.IntN(4))
		if rand.IntN(3) == 0 {
			text = ""
		}
		c.write(t, []string{"classes/", "resources/"}[rand.IntN(2)]+name, text)
		if rand.IntN(3) == 0 {
			continue
		}
		next, want := contentsAfter(t, c.app(), last), contentsAfter(t, c.app(), springboot.Contents{})
		if next.Sums.ID() != want.Sums.ID() || !reflect.DeepEqual(next.Own, want.Own) ||
			!maps.Equal(next.Rest, want.Rest) {
			t.Fatalf("change %d, of %s: they differ in %v", i, name, filesums.Diff(next.Sums, want.Sums))
		}
		for _, path := range filesums.Diff(last.Sums, next.Sums) {
			if sum, there := next.Sums.Of(path); there {
				if got, err := next.Read(path); err != nil || sha256.Sum256(got) != sum {
					t.Fatalf("%s is read as %q, %v", path, got, err)
				}
			}
		}
		last = next
	}
}

// TestOnlyWhatWasWrittenIsLookedAt: and all is, where that is not known.
func TestOnlyWhatWasWrittenIsLookedAt(t *testing.T) {
	t.Parallel()
	c := newCopied(t, map[string]string{"resources/a.txt": "one"})
	first := contentsAfter(t, c.app(), springboot.Contents{})
	known := c.wrote
	c.write(t, "resources/a.txt", "two")
	differ := func(app springboot.App) bool {
		return len(filesums.Diff(first.Sums, contentsAfter(t, app, first).Sums)) > 0
	}
	long, steps := c.wrote, 0
	for range 2500 {
		long = long.Then(nil)
	}
	for step := long; step != nil; step = step.Before {
		steps++
	}
	if steps > 1001 {
		t.Errorf("%d steps are kept", steps)
	}
	elsewhere := c.built
	elsewhere.Modules = []string{t.TempDir()} // which is no copy
	for _, app := range []springboot.App{c.app(), c.built.CopiedTo(c.copies, nil), c.built.CopiedTo(c.copies,
		&springboot.Written{}), c.built.CopiedTo(c.copies, long), elsewhere.CopiedTo(c.copies, known)} {
		if !differ(app) {
			t.Errorf("%+v: the change is not found", app)
		}
	}
	if differ(c.built.CopiedTo(c.copies, known)) {
		t.Error("a file is looked at that was not written")
	}
}

// TestAFileIsReadAsItWasLookedAt although it has changed again.
func TestAFileIsReadAsItWasLookedAt(t *testing.T) {
	t.Parallel()
	c := newCopied(t, map[string]string{"resources/a.txt": "one"})
	first := contentsAfter(t, c.built.CopiedTo(c.copies, nil), springboot.Contents{})
	c.write(t, "resources/a.txt", "two")
	for _, app := range []springboot.App{c.app(), c.built.CopiedTo(c.copies, nil)} {
		c.write(t, "resources/a.txt", "two")
		next := contentsAfter(t, app, first)
		c.write(t, "resources/a.txt", "three")
		if text, err := next.Read("a.txt"); string(text) != "two" || err != nil {
			t.Errorf("it is %q, %v", text, err)
		}
	}
}

// BenchmarkContentsAfter looks for one changed class among 30,000 resources: as the compiler knows what it wrote, and
// where that is not known.
func BenchmarkContentsAfter(b *testing.B) {
	files := map[string]string{}
	for i := range 30_000 {
		files[fmt.Sprintf("resources/static/d%d/f%d.txt", i/100, i)] = string(bytes.Repeat([]byte{byte(i)}, 5000))
	}
	c := newCopied(b, files)
	old := time.Now().Add(-time.Hour)
	for name := range files {
		must.Do(b, os.Chtimes(filepath.Join(c.dir, "copies", name), old, old))
	}
	for name, known := range map[string]bool{"known": true, "unknown": false} {
		b.Run(name, func(b *testing.B) {
			last := contentsAfter(b, c.app(), springboot.Contents{})
			for i := 0; b.Loop(); i++ {
				c.write(b, "classes/A.class", fmt.Sprint(i))
				app := c.app()
				if !known {
					app = c.built.CopiedTo(c.copies, nil)
				}
				next := contentsAfter(b, app, last)
				if len(filesums.Diff(last.Sums, next.Sums)) != 1 {
					b.Fatal("the change is not found")
				}
				last = next
			}
		})
	}
}
