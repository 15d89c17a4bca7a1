package real

import (
	"bufio"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// jdbPatience bounds one answer of jdb.
const jdbPatience = 60 * time.Second

// JDB is the JDK's own debugger at work. It is built on JDI, as those of the IDEs are, and stands
// for them in tests.
type JDB struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.Writer
	out chan byte
}

// StartJDB attaches jdb to an address, such as "localhost:5005". It ends with the test.
func StartJDB(t *testing.T, address string) *JDB {
	t.Helper()
	j := &JDB{t: t, cmd: exec.Command("jdb", "-attach", address), out: make(chan byte, 1<<16)}
	in, err := j.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := j.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	j.cmd.Stderr = j.cmd.Stdout
	j.in = in
	if err := j.cmd.Start(); err != nil {
		t.Fatal(err)
	}
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

// Say types a command, where there is one, and reads on until jdb has said want. It returns all
// that was read.
func (j *JDB) Say(command, want string) string {
	j.t.Helper()
	if command != "" {
		if _, err := io.WriteString(j.in, command+"\n"); err != nil {
			j.t.Fatal(err)
		}
	}
	var text []byte
	for deadline := time.After(jdbPatience); !strings.Contains(string(text), want); {
		select {
		case c, open := <-j.out:
			if !open {
				j.t.Fatalf("jdb: %s: it ended, and %q is not in %q", command, want, text)
			}
			text = append(text, c)
		case <-deadline:
			j.t.Fatalf("jdb: %s: %q is not in %q", command, want, text)
		}
	}
	return string(text)
}

// Ended waits until jdb has ended by itself, as it does when its JVM has.
func (j *JDB) Ended() {
	j.t.Helper()
	for deadline := time.After(jdbPatience); ; {
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

// Kill ends jdb as a crash would.
func (j *JDB) Kill() { _ = j.cmd.Process.Kill(); _ = j.cmd.Wait() }
