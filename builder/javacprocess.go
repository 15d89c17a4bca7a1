package builder

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/devloop-cli/devloop/builder/javac"
	"github.com/devloop-cli/devloop/builder/jvm"
)

// javacProcess is a running compiler.
type javacProcess struct {
	*javac.Compiler
	cmd   *exec.Cmd
	ended chan struct{}
	// libraries is the state of what it has on its class path, and keeps open.
	libraries string
}

// javacCommand returns how a compiler is started with the JDK in javaHome. Its program
// is put below dir.
func javacCommand(javaHome, dir string) (*exec.Cmd, error) {
	program, err := javac.Install(dir)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(filepath.Join(javaHome, "bin", "java"), javac.Arguments(program)...)
	cmd.Env = jvm.WithoutOptions(os.Environ())
	return cmd, nil
}

// startJavac starts a compiler. It ends with devloop, however that ends.
func startJavac(cmd *exec.Cmd) (*javacProcess, error) {
	p := &javacProcess{cmd: cmd, ended: make(chan struct{})}
	isolate(cmd)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
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

// stateOf tells versions of jars, and of all files in directories, apart.
func stateOf(paths []string) string {
	var state []byte
	for _, path := range paths {
		_ = filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil // what is not there is not compiled against
			}
			if info, err := d.Info(); err == nil {
				state = fmt.Appendf(state, "%s %d %d\n", file, info.Size(), info.ModTime().UnixNano())
			}
			return nil
		})
	}
	return digest(state)
}
