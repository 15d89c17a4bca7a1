package compiler

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/javac"
	"github.com/devloop-cli/devloop/builder/jvm"
	"github.com/devloop-cli/devloop/internal/proc"
)

// server is the compiler process, with a directory of its own.
type server struct {
	path     string // of the directory, without the number that makes it devloop's own
	dir      string // "" until it is needed
	release  func() // lets another devloop have dir
	compiler *javac.Compiler
	process  *proc.Process // nil while none runs
	// libraries is the state of the jars that the process has opened.
	libraries string
}

// start starts a process, unless there is one with the same libraries.
func (s *server) start(javaHome, libraries string) (err error) {
	if s.process != nil && s.libraries == libraries {
		return nil
	}
	s.stop()
	if s.dir == "" {
		if s.dir, s.release, err = buildtool.OwnDir(s.path); err != nil {
			return err
		}
	}
	cmd, err := command(javaHome, filepath.Join(s.dir, "program"))
	if err != nil {
		return err
	}
	s.compiler, s.process, err = launch(cmd)
	s.libraries = libraries
	return err
}

// stop ends the process.
func (s *server) stop() {
	if s.process != nil {
		_ = s.compiler.Close()
		s.process.Stop()
	}
	s.compiler, s.process = nil, nil
}

// remove removes the directory.
func (s *server) remove() error {
	if s.dir == "" {
		return nil
	}
	err := os.RemoveAll(s.dir)
	s.release()
	s.dir = ""
	return err
}

// command returns how to start a compiler with the JDK in javaHome. Its program goes into dir.
func command(javaHome, dir string) (*exec.Cmd, error) {
	program, err := javac.Install(dir)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(filepath.Join(javaHome, "bin", "java"), javac.Arguments(program)...)
	cmd.Env = jvm.WithoutOptions(os.Environ())
	return cmd, nil
}

// launch starts a compiler. It ends with devloop.
func launch(cmd *exec.Cmd) (*javac.Compiler, *proc.Process, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	process, err := proc.Start(cmd)
	if err != nil {
		return nil, nil, fmt.Errorf("start the incremental compiler: %w", err)
	}
	return javac.New(in, out), process, nil
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
