package builder

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/devloop-cli/devloop/builder/internal/javac"
)

// javacProcess is a running compiler.
type javacProcess struct {
	*javac.Compiler
	cmd   *exec.Cmd
	said  *keeper
	ended chan struct{}
}

// startJavac starts a compiler with the JDK in javaHome. Its program is put below dir.
func startJavac(javaHome, dir string) (*javacProcess, error) {
	program, err := javac.Install(dir)
	if err != nil {
		return nil, err
	}
	p := &javacProcess{said: &keeper{}, ended: make(chan struct{}),
		cmd: exec.Command(filepath.Join(javaHome, "bin", "java"), javac.Arguments(program)...)}
	p.cmd.Stderr = p.said
	p.cmd.WaitDelay = termGrace
	isolate(p.cmd)
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.start(); err != nil {
		return nil, fmt.Errorf("start the kept compiler: %w", err)
	}
	p.Compiler = javac.New(in, out)
	return p, nil
}

// start starts the process from an operating system thread that lives as long as it;
// see runLocked.
func (p *javacProcess) start() error {
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait()
		}
		close(p.ended)
	}()
	return <-started
}

// stop ends the process, whatever it does.
func (p *javacProcess) stop() {
	_ = p.Close()
	_ = terminate(p.cmd.Process)
	select {
	case <-p.ended:
	case <-time.After(termGrace):
		killGroup(p.cmd.Process)
		<-p.ended
	}
}
