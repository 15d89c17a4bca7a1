package real

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/internal/must"
)

// answerTimeout bounds one answer of a program.
const answerTimeout = time.Minute

// CompileJava compiles a source, whose first class is public, with its debug information into dir. It returns the file
// of one of its classes.
func CompileJava(t *testing.T, dir, source, public, class string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), public+".java")
	must.Do(t, os.WriteFile(file, []byte(source), 0o644))
	if out, err := exec.Command("javac", "-g", "-cp", dir, "-d", dir, file).CombinedOutput(); err != nil {
		t.Fatalf("javac: %v\n%s", err, out)
	}
	return must.Get(os.ReadFile(filepath.Join(dir, class+".class")))(t)
}

// JVM is a running Java program that answers each line with a line.
type JVM struct {
	t       *testing.T
	in      io.Writer
	answers chan string
	// Port is where a debugger reaches it.
	Port string
}

// StartJVM starts the class of that name in dir. With suspend it waits for a debugger. It is killed when the test ends.
func StartJVM(t *testing.T, dir, class string, suspend bool) *JVM {
	t.Helper()
	j := &JVM{t: t, answers: make(chan string, 100), Port: "127.0.0.1:" + FreePort(t)}
	wait := map[bool]string{true: "y", false: "n"}[suspend]
	cmd := exec.Command("java", "-agentlib:jdwp=transport=dt_socket,server=y,suspend="+wait+",quiet=y,address="+j.Port,
		"-cp", dir, class)
	in := must.Get(cmd.StdinPipe())(t)
	out := must.Get(cmd.StdoutPipe())(t)
	j.in = in
	must.Do(t, cmd.Start())
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Process.Kill(); _ = cmd.Wait() })
	go func() {
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			j.answers <- scanner.Text()
		}
	}()
	return j
}

// Tell sends the program a line.
func (j *JVM) Tell(line string) {
	if _, err := io.WriteString(j.in, line+"\n"); err != nil {
		j.t.Error(err)
	}
}

// Answer waits for the next line of the program.
func (j *JVM) Answer() string {
	j.t.Helper()
	select {
	case line := <-j.answers:
		return line
	case <-time.After(answerTimeout):
		j.t.Fatal("the program does not answer")
		return ""
	}
}

// Ask sends a line and returns the answer.
func (j *JVM) Ask(line string) string {
	j.t.Helper()
	j.Tell(line)
	return j.Answer()
}
