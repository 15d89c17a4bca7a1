package compiler

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/javac/pool"
)

// server has the directory of a Compiler's files, and the process that compiles for it.
type server struct {
	path    string // of the directory, without the number that makes it devloop's own
	dir     string // "" until it is needed
	release func() // lets another devloop have dir
	pool    *pool.Pool
	process *pool.Member // nil while none is used
	// libraries is the state of the jars that the process has opened, by path.
	libraries map[string]string
}

// start has a process of the JDK in javaHome compile, unless one does with the same libraries.
func (s *server) start(javaHome string, libraries map[string]string) (err error) {
	if s.process != nil && s.process.JavaHome() == javaHome && maps.Equal(s.libraries, libraries) {
		return nil
	}
	s.stop()
	if err := s.open(); err != nil {
		return err
	}
	s.process, err = s.pool.Join(javaHome, libraries)
	s.libraries = libraries
	return err
}

// open takes a directory.
func (s *server) open() (err error) {
	if s.dir == "" {
		s.dir, s.release, err = buildtool.OwnDir(s.path)
	}
	return err
}

// stop leaves the process, which ends unless others use it.
func (s *server) stop() {
	if s.process != nil {
		s.process.Leave()
	}
	s.process = nil
}

// kill ends a process that has failed. If others use it, it starts again for them.
func (s *server) kill() {
	if s.process != nil {
		s.process.Kill()
	}
	s.stop()
}

func (s *server) remove() error {
	if s.dir == "" {
		return nil
	}
	err := os.RemoveAll(s.dir)
	s.release()
	s.dir = ""
	return err
}

// moduleDir is the directory of our copies of the i-th module, resourcesDir of those of its resources.
func (s *server) moduleDir(i int) string {
	return filepath.Join(s.dir, fmt.Sprintf("module%d", i))
}

func (s *server) resourcesDir(i int) string {
	return filepath.Join(s.dir, fmt.Sprintf("resources%d", i))
}

// stateOf changes with the versions of files, and of all files in directories.
func stateOf(paths []string) string {
	var state []byte
	for _, path := range paths {
		_ = filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil // javac ignores missing entries
			}
			if info, err := d.Info(); err == nil {
				state = fmt.Appendf(state, "%s %d %d\n", file, info.Size(), info.ModTime().UnixNano())
			}
			return nil
		})
	}
	return buildtool.Digest(state)
}
