package real

import (
	"bufio"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/internal/must"
)

// jdbTimeout bounds one answer of jdb.
const jdbTimeout = 60 * time.Second

// JDB is a running jdb, the JDK's debugger. Like the debuggers of the IDEs it uses JDI, so tests use it in their place.
type JDB struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.Writer
	out chan byte
}

// StartJDB attaches jdb to an address, such as "localhost:5005". jdb is killed when the test ends.
func StartJDB(t *testing.T, address string) *JDB {
	t.Helper()
	j := &JDB{t: t, cmd: exec.Command("jdb", "-attach", address), out: make(chan byte, 1<<16)}
	in := must.Get(j.cmd.StdinPipe())(t)
	out := must.Get(j.cmd.StdoutPipe())(t)
	j.cmd.Stderr = j.cmd.Stdout
	j.in = in
	must.Do(t, j.cmd.Start())
	t.Cleanup(j.Kill)
	go func() {
		defer close(j.out)
		for from := bufio.NewReader(out); ; {
			c, err := from.ReadByte()
			if err != nil {
				return
			}
			j.out <- c
		}
	}()
	return j
}

// Say sends a command, unless it is empty, and waits until jdb prints want. It returns the output.
func (j *JDB) Say(command, want string) string {
	j.t.Helper()
	if command != "" {
		must.Get(io.WriteString(j.in, command+"\n"))(j.t)
	}
	var text []byte
	for deadline := time.After(jdbTimeout); !strings.Contains(string(text), want); {
		select {
		case c, open := <-j.out:
			if !open {
				j.t.Fatalf("jdb: %s: it exited; %q is not in %q", command, want, text)
			}
			text = append(text, c)
		case <-deadline:
			j.t.Fatalf("jdb: %s: %q is not in %q", command, want, text)
		}
	}
	return string(text)
}

// Ended waits until jdb exits, as it does when its JVM has exited.
func (j *JDB) Ended() {
	j.t.Helper()
	for deadline := time.After(jdbTimeout); ; {
		select {
		case _, open := <-j.out:
			if !open {
				return
			}
		case <-deadline:
			j.t.Fatal("jdb is still attached")
		}
	}
}

// Kill kills jdb.
func (j *JDB) Kill() { _ = j.cmd.Process.Kill(); _ = j.cmd.Wait() }
