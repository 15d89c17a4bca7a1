package incremental

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/classfile"
	"github.com/devloop-cli/devloop/builder/javac"
	"github.com/devloop-cli/devloop/builder/javac/javactest"
	"github.com/devloop-cli/devloop/internal/mirror"
	"github.com/devloop-cli/devloop/internal/must"
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
	p.module = New(Model{Sources: []string{p.src()}, Classes: built, Options: options}, compiler,
		filepath.Join(p.dir, "kept"))
	state := must.Get(Sources(Model{Sources: []string{p.src()}}))(t)
	if err := bootstrap(t, p.module, state); err != nil {
		t.Fatalf("prove: %v", err)
	}
	return p
}

// bootstrap proves a module with the build's classes.
func bootstrap(t *testing.T, m *Module, built State) error {
	t.Helper()
	must.Do(t, mirror.Make(m.model.Classes, m.Classes()))
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
	return must.Get(p.clean())(p.t)
}

// clean is built for sources that may not compile. Sources in Kotlin are Java's by another name, and their classes say
// of which source they are.
func (p *project) clean() (string, error) {
	p.t.Helper()
	state, err := Sources(Model{Sources: []string{p.src()}})
	if err != nil {
		return "", err
	}
	dir, foreign := p.t.TempDir(), p.t.TempDir()
	var sources []string
	for path := range state {
		if name, found := strings.CutSuffix(filepath.Base(path), kotlin); found {
			text, err := os.ReadFile(path)
			if err != nil {
				return "", err
			}
			path = filepath.Join(foreign, name+java)
			if err := os.WriteFile(path, text, 0o644); err != nil {
				return "", err
			}
		}
		sources = append(sources, path)
	}
	slices.Sort(sources)
	options := slices.Concat([]string{"-d", dir, "-classpath", filepath.Join(foreign, "nothing"), "-s", p.t.TempDir()},
		p.javac())
	answer, err := javactest.Shared(p.t).Compile(p.t.Context(), javac.Request{Options: options, Sources: sources})
	if err == nil && !answer.OK {
		err = errors.New(firstError(answer))
	}
	if err == nil {
		err = nameForeign(dir, foreign)
	}
	return dir, err
}

// nameForeign has the classes in dir that were made of sources in another directory name sources in Kotlin.
func nameForeign(dir, sources string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".class" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		c, err := classfile.Parse(data)
		if err != nil {
			return err
		}
		if _, err := os.Stat(filepath.Join(sources, c.Source)); err != nil {
			return nil
		}
		utf8 := func(s string) []byte { return append([]byte{1, 0, byte(len(s))}, s...) }
		data = bytes.ReplaceAll(data, utf8(c.Source), utf8(strings.TrimSuffix(c.Source, java)+kotlin))
		return os.WriteFile(path, data, 0o644)
	})
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
