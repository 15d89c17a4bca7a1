package compiler

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/javac"
	"github.com/devloop-cli/devloop/builder/jvm"
	"github.com/devloop-cli/devloop/internal/proc"
)

// server has the directory of a Compiler's files, and the process that compiles for it.
type server struct {
	path      string // of the directory, without the number that makes it devloop's own
	dir       string // "" until it is needed
	release   func() // lets another devloop have dir
	processes *Processes
	process   *process // nil while none is used
	// libraries is the state of the jars that the process has opened, by path.
	libraries map[string]string
}

// start has a process of the JDK in javaHome compile, unless one does with the same libraries.
func (s *server) start(javaHome string, libraries map[string]string) (err error) {
	if s.process != nil && s.process.javaHome == javaHome && maps.Equal(s.libraries, libraries) {
		return nil
	}
	s.stop()
	if err := s.open(); err != nil {
		return err
	}
	s.process, err = s.processes.join(s, javaHome, libraries)
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
		s.processes.leave(s, s.process)
	}
	s.process = nil
}

// kill ends a process that has failed. If others use it, it starts again for them.
func (s *server) kill() {
	if s.process != nil {
		s.process.kill()
	}
	s.stop()
}

// remove removes the directory.
func (s *server) remove() error {
	if s.dir == "" {
		return nil
	}
	err := os.RemoveAll(s.dir)
	s.release()
	s.dir = ""
	s.processes.removeUnused()
	return err
}

// Processes are the compiler processes, one for each JDK, that one or several Compilers use: see [Compiler.Share].
type Processes struct {
	path string // of the directory of their program, without the number that makes it devloop's own

	mu      sync.Mutex
	dir     string // "" until it is needed
	release func() // lets another devloop have dir
	byJDK   map[string]*process
}

// NewProcesses returns processes whose program goes into a directory beside path.
func NewProcesses(path string) *Processes {
	return &Processes{path: path, byJDK: map[string]*process{}}
}

// join returns the process of a JDK, which runs. If it may have opened a library in another state than now, it starts
// again.
func (p *Processes) join(s *server, javaHome string, libraries map[string]string) (one *process, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dir == "" {
		if p.dir, p.release, err = buildtool.OwnDir(p.path); err != nil {
			return nil, err
		}
	}
	if one = p.byJDK[javaHome]; one == nil {
		one = &process{javaHome: javaHome, program: p.dir, users: map[*server]bool{}, opened: map[string]string{}}
	}
	for path, state := range libraries {
		if before, opened := one.opened[path]; opened && before != state {
			one.stop()
			clear(one.opened)
			break
		}
	}
	if err := one.start(); err != nil {
		return nil, err
	}
	maps.Copy(one.opened, libraries)
	one.users[s], p.byJDK[javaHome] = true, one
	return one, nil
}

// leave ends a process that no one uses any more.
func (p *Processes) leave(s *server, one *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(one.users, s)
	if len(one.users) == 0 {
		one.stop()
		delete(p.byJDK, one.javaHome)
	}
}

// removeUnused removes the program if there is no process. What can't be removed is replaced the next time.
func (p *Processes) removeUnused() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.byJDK) > 0 || p.dir == "" {
		return
	}
	_ = os.RemoveAll(p.dir)
	p.release()
	p.dir = ""
}

// process is a compiler process. It starts again when it is used after it was killed.
type process struct {
	javaHome, program string
	users             map[*server]bool  // the mutex of Processes guards it
	opened            map[string]string // the state of each library that it may have opened; guarded likewise

	mu       sync.RWMutex // locked for reading while it compiles
	compiler *javac.Compiler
	running  *proc.Process // nil while it does not run
}

// Compile implements [incremental.Compiler].
func (p *process) Compile(ctx context.Context, r javac.Request) (javac.Answer, error) {
	for {
		p.mu.RLock()
		if p.running != nil {
			defer p.mu.RUnlock()
			return p.compiler.Compile(ctx, r)
		}
		p.mu.RUnlock()
		if err := p.start(); err != nil {
			return javac.Answer{}, err
		}
	}
}

func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running != nil {
		return nil
	}
	cmd, err := command(p.javaHome, p.program)
	if err != nil {
		return err
	}
	p.compiler, p.running, err = launch(cmd)
	return err
}

// stop waits for the compilation in progress, and ends the process.
func (p *process) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running != nil {
		_ = p.compiler.Close()
		p.running.Stop()
	}
	p.compiler, p.running = nil, nil
}

// kill ends the process at once: it may be busy for ever.
func (p *process) kill() {
	p.mu.RLock()
	if p.running != nil {
		_ = p.running.Kill() // it may have ended
	}
	p.mu.RUnlock()
	p.stop()
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
