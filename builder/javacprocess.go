package builder

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/devloop-cli/devloop/builder/javac"
	"github.com/devloop-cli/devloop/builder/jvm"
	"github.com/devloop-cli/devloop/internal/proc"
)

// javacProcess is a running compiler.
type javacProcess struct {
	*javac.Compiler
	process *proc.Process
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
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	process, err := proc.Start(cmd)
	if err != nil {
		return nil, fmt.Errorf("start the kept compiler: %w", err)
	}
	return &javacProcess{Compiler: javac.New(in, out), process: process}, nil
}

// stop ends the process, whatever it does.
func (p *javacProcess) stop() {
	_ = p.Close()
	p.process.Stop()
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
