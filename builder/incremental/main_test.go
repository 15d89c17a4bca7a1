package incremental

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/javac/javactest"
)

// project is a directory with sources, and what is kept of them.
type project struct {
	t      *testing.T
	dir    string
	module *Module
	// options are javac's, if they are not those of most tests.
	options []string
}

var options = []string{"-g", "-parameters", "-proc:none", "-encoding", "UTF-8"}

// newProject compiles files, as a build would, and proves a module of them.
func newProject(t *testing.T, files map[string]string) *project {
	t.Helper()
	compiler := javactest.Shared(t)
	p := &project{t: t, dir: t.TempDir()}
	for name, text := range files {
		p.write(name, text)
	}
	built := p.built()
	p.module = New(Model{Sources: []string{p.src()}, Classes: built, Options: options}, compiler, filepath.Join(p.dir, "kept"))
	state, err := Sources(Model{Sources: []string{p.src()}})
	if err != nil {
		t.Fatal(err)
	}
	if err := bootstrap(t, p.module, state); err != nil {
		t.Fatalf("prove: %v", err)
	}
	return p
}

// bootstrap proves a module with the build's classes.
func bootstrap(t *testing.T, m *Module, built State) error {
	t.Helper()
	if err := Mirror(m.model.Classes, m.Classes()); err != nil {
		t.Fatal(err)
	}
	return m.Bootstrap(t.Context(), built)
}

func (p *project) src() string { return filepath.Join(p.dir, "src") }

// write writes a file; without text it removes the file.
func (p *project) write(name, text string) {
	p.t.Helper()
	path := filepath.Join(p.src(), filepath.FromSlash(name))
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	switch {
	case err != nil:
	case text == "":
		err = os.Remove(path)
	default:
		err = os.WriteFile(path, []byte(text), 0o644)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// built has all sources compiled into a new directory, as a build would.
func (p *project) built() string {
	p.t.Helper()
	dir := p.t.TempDir()
	state, err := Sources(Model{Sources: []string{p.src()}})
	if err != nil {
		p.t.Fatal(err)
	}
	sources := p.t.TempDir() // what processors write: builds keep it apart
	javactest.Compile(p.t, dir, append(slices.Clone(p.javac()), "-s", sources), slices.Sorted(keys(state)))
	return dir
}

func (p *project) javac() []string {
	if p.options != nil {
		return p.options
	}
	return options
}

// same compares what the module has with what a clean build makes.
func (p *project) same() {
	p.t.Helper()
	want, got := tree(p.t, p.built()), tree(p.t, p.module.Classes())
	for name, text := range want {
		if other, there := got[name]; !there {
			p.t.Errorf("%s is missing", name)
		} else if !bytes.Equal(text, other) {
			p.t.Errorf("%s is another than the build makes", name)
		}
	}
	for name := range got {
		if _, there := want[name]; !there {
			p.t.Errorf("%s should be gone", name)
		}
	}
}

// tree returns the files below dir.
func tree(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files[strings.TrimPrefix(path, dir)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// class writes a source in package p.
func class(format string, a ...any) string { return "package p;\n" + fmt.Sprintf(format, a...) + "\n" }
