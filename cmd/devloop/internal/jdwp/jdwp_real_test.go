package jdwp

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/hack/real"
)

const source = `
public class App {
    static String word() { return "old"; }
    public static void main(String[] args) throws Exception {
        for (int line; (line = System.in.read()) != -1;) if (line == '\n') System.out.println(word());
    }
}
class Later { static String word() { return "old"; } }`

// compiled compiles the program after an edit into dir and returns a class file.
func compiled(t *testing.T, dir, class, from, to string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "App.java")
	if err := os.WriteFile(file, []byte(strings.Replace(source, from, to, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("javac", "-g", "-d", dir, file).CombinedOutput(); err != nil {
		t.Fatalf("javac: %v\n%s", err, out)
	}
	data, err := os.ReadFile(filepath.Join(dir, class+".class"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestRedefineInARunningJVM(t *testing.T) {
	real.Java(t)
	dir := t.TempDir()
	compiled(t, dir, "App", "", "")
	port, say := running(t, dir)
	if got := say(); got != "old" {
		t.Fatalf("it says %q", got)
	}

	edited := t.TempDir()
	for range 2 { // one debugger after the other
		vm := attached(t, port)
		loaded, err := vm.Redefine(t.Context(), map[string][]byte{
			"App": compiled(t, edited, "App", `"old"`, `"new"`), "Later": compiled(t, edited, "Later", "", "")}, false)
		if err != nil || loaded != 1 {
			t.Errorf("loaded %d, %v", loaded, err)
		}
		if got := say(); got != "new" {
			t.Errorf("it says %q", got)
		}
		if err := vm.Close(); err != nil {
			t.Error(err)
		}
	}

	vm := attached(t, port)
	for to, want := range map[string]string{
		"static String word() { return more(); } static String more() { return \"more\"; }": "a method was added",
		"static int field; static String word() { return \"newer\"; }":                      "fields changed",
	} {
		_, err := vm.Redefine(t.Context(), map[string][]byte{"App": compiled(t, edited, "App", `static String word() { return "old"; }`, to)}, false)
		var refusal Refusal
		if !errors.As(err, &refusal) || refusal.Error() != want {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := vm.Redefine(t.Context(), map[string][]byte{"App": []byte("no class")}, false); err == nil {
		t.Error("it took what is no class")
	}
	if got := say(); got != "new" {
		t.Errorf("after refusals it says %q", got)
	}
	if err := vm.Close(); err != nil {
		t.Error(err)
	}
}

func attached(t *testing.T, port string) *VM {
	t.Helper()
	conn, err := net.Dial("tcp", port)
	for deadline := time.Now().Add(10 * time.Second); err != nil; conn, err = net.Dial("tcp", port) { // it listens again a moment later
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	vm, err := Attach(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	return vm
}

// running starts the program and returns its debug port, and how it is asked for its word.
func running(t *testing.T, dir string) (port string, say func() string) {
	t.Helper()
	port, ask, answer := started(t, dir, "n")
	return port, func() string { ask(); return answer() }
}

// started starts the program, suspended or not, and returns its debug port, what asks it for
// its word, and what waits for the answer.
func started(t *testing.T, dir, suspended string) (port string, ask func(), answer func() string) {
	t.Helper()
	port, tell, answer := launched(t, dir, "App", suspended)
	return port, func() { tell("") }, answer
}

// launched starts a class that answers each line with a line.
func launched(t *testing.T, dir, class, suspended string) (port string, tell func(line string), answer func() string) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port = free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("java", "-agentlib:jdwp=transport=dt_socket,server=y,suspend="+suspended+",quiet=y,address="+port, "-cp", dir, class)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := make(chan string, 100)
	go func() {
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	tell = func(line string) {
		if _, err := io.WriteString(in, line+"\n"); err != nil {
			t.Error(err)
		}
	}
	answer = func() string {
		t.Helper()
		select {
		case line := <-lines:
			return line
		case <-time.After(20 * time.Second):
			t.Fatal("the program does not answer")
			return ""
		}
	}
	return port, tell, answer
}

// scripted is a JVM that says what a test wants.
type scripted struct {
	io.Reader
	io.Writer
}

func (scripted) Close() error { return nil }

func TestWhatIsNoJVMIsAnError(t *testing.T) {
	for _, said := range []string{"", "HTTP/1.1 400 Bad Request\r\n", handshake, handshake + "\x00\x00\x00\x0b\x00\x00\x00\x01\x80\x00\x00", handshake + "\xff\xff\xff\xff0000000"} {
		if _, err := Attach(t.Context(), scripted{strings.NewReader(said), io.Discard}); err == nil {
			t.Errorf("%q was taken for a JVM", said)
		}
	}
}
