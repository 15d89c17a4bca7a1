// Package pool runs compiler processes that several users share.
//
//	p := pool.New("/cache/incremental/process", true)
//	m, err := p.Join(javaHome, libraries) // the process of that JDK, which runs
//	answer, err := m.Compile(ctx, request) // those who ask for the same at a time get one compilation
//	m.Leave()                             // the last one ends the process
//
// javac keeps the jars open that it has read. So a process starts again when somebody joins with another state of a
// jar than it may have read. The others notice nothing: they compile with the new process.
package pool

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/javac"
	"github.com/devloop-cli/devloop/builder/jvm"
	"github.com/devloop-cli/devloop/internal/proc"
)

// Pool has a compiler process for each JDK that has users.
type Pool struct {
	path string // of the directory of their program, without the number that makes it devloop's own

	shared bool

	mu      sync.Mutex
	dir     string // "" while there is no process
	release func() // lets another devloop have dir
	byJDK   map[string]*process
}

// New returns a pool whose program goes into a directory beside path. It is shared if several users may ask for the
// same classes.
func New(path string, shared bool) *Pool {
	return &Pool{path: path, shared: shared, byJDK: map[string]*process{}}
}

// Member is a user of a process.
type Member struct {
	pool *Pool
	*process
}

// Join returns a member of the process of a JDK, which runs. libraries are the states of the jars and directories that
// it will read, by path.
func (p *Pool) Join(javaHome string, libraries map[string]string) (m *Member, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dir == "" {
		if p.dir, p.release, err = buildtool.OwnDir(p.path); err != nil {
			return nil, err
		}
	}
	one := p.byJDK[javaHome]
	if one == nil {
		one = &process{javaHome: javaHome, program: p.dir, users: map[*Member]bool{}, opened: map[string]string{}}
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
	m = &Member{p, one}
	one.users[m], p.byJDK[javaHome] = true, one
	return m, nil
}

// Leave ends the process if no one else uses it, and removes its program if there is no other process. What can't be
// removed is replaced the next time.
func (m *Member) Leave() {
	p := m.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(m.users, m)
	if len(m.users) > 0 {
		return
	}
	m.stop()
	delete(p.byJDK, m.javaHome)
	if len(p.byJDK) == 0 && p.dir != "" {
		_ = os.RemoveAll(p.dir)
		p.release()
		p.dir = ""
	}
}

// Compile compiles, see [javac.Compiler]. What a request with the same key has made is not compiled again.
func (m *Member) Compile(ctx context.Context, r javac.Request) (javac.Answer, error) {
	if r.Key == "" || !m.pool.shared {
		return m.process.Compile(ctx, r)
	}
	return m.results.once(ctx, r, m.process.Compile)
}

// JavaHome is the JDK of the process.
func (m *Member) JavaHome() string { return m.javaHome }

// Running returns the process that runs, nil if none does.
func (m *Member) Running() *proc.Process {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.running
}

// Compiled returns how often the process has compiled since it started, for whomever.
func (m *Member) Compiled() int { return int(m.compiled.Load()) }

// Kill ends a process that has failed, at once: it may be busy for ever. If others use it, it starts again for them.
func (m *Member) Kill() {
	if running := m.Running(); running != nil {
		_ = running.Kill() // it may have ended
	}
	m.stop()
}

// process is a compiler process. It starts again when it is used after it was killed.
type process struct {
	javaHome, program string
	users             map[*Member]bool  // the mutex of the pool guards it
	opened            map[string]string // the state of each library that it may have opened; guarded likewise
	results           results

	mu       sync.RWMutex // locked for reading while it compiles
	compiler *javac.Compiler
	running  *proc.Process // nil while it does not run
	compiled atomic.Int32  // how often it has compiled since it started
}

// Compile compiles, see [javac.Compiler].
func (p *process) Compile(ctx context.Context, r javac.Request) (javac.Answer, error) {
	for {
		p.mu.RLock()
		if p.running != nil {
			defer p.mu.RUnlock()
			p.compiled.Add(1)
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
	cmd, err := Command(p.javaHome, p.program)
	if err != nil {
		return err
	}
	p.compiled.Store(0)
	p.compiler, p.running, err = Launch(cmd)
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

// Command returns how to start a compiler with the JDK in javaHome. Its program goes into dir.
func Command(javaHome, dir string) (*exec.Cmd, error) {
	program, err := javac.Install(dir)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(filepath.Join(javaHome, "bin", "java"), javac.Arguments(program)...)
	cmd.Env = jvm.WithoutOptions(os.Environ())
	return cmd, nil
}

// Launch starts a compiler. It ends with devloop.
func Launch(cmd *exec.Cmd) (*javac.Compiler, *proc.Process, error) {
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
