package jdwp

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp/wire"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
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
	return real.CompileJava(t, dir, strings.Replace(source, from, to, 1), "App", class)
}

func TestRedefineInARunningJVM(t *testing.T) {
	real.Java(t)
	dir := t.TempDir()
	compiled(t, dir, "App", "", "")
	app := real.StartJVM(t, dir, "App", false)
	if got := app.Ask(""); got != "old" {
		t.Fatalf("it says %q", got)
	}

	edited := t.TempDir()
	for range 2 { // one debugger after the other
		vm := attached(t, app.Port)
		loaded, err := vm.Redefine(t.Context(), map[string][]byte{
			"App": compiled(t, edited, "App", `"old"`, `"new"`), "Later": compiled(t, edited, "Later", "", "")}, false)
		if err != nil || loaded != 1 {
			t.Errorf("loaded %d, %v", loaded, err)
		}
		if got := app.Ask(""); got != "new" {
			t.Errorf("it says %q", got)
		}
		if err := vm.Close(); err != nil {
			t.Error(err)
		}
	}

	vm := attached(t, app.Port)
	for to, want := range map[string]string{
		"static String word() { return more(); } static String more() { return \"more\"; }": "a method was added",
		"static int field; static String word() { return \"newer\"; }":                      "fields changed",
	} {
		_, err := vm.Redefine(t.Context(),
			map[string][]byte{"App": compiled(t, edited, "App", `static String word() { return "old"; }`, to)}, false)
		var refusal Refusal
		if !errors.As(err, &refusal) || refusal.Error() != want {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := vm.Redefine(t.Context(), map[string][]byte{"App": []byte("no class")}, false); err == nil {
		t.Error("it took what is no class")
	}
	if got := app.Ask(""); got != "new" {
		t.Errorf("after refusals it says %q", got)
	}
	if err := vm.Close(); err != nil {
		t.Error(err)
	}
}

// patience bounds each wait for a JVM, which takes tens of seconds to start where many do.
const patience = time.Minute

func attached(t *testing.T, port string) *VM {
	t.Helper()
	conn, err := net.Dial("tcp", port)
	for deadline := time.Now().Add(patience); err != nil; conn, err = net.Dial("tcp", port) {
		// it listens again a moment later
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return must.Get(Attach(t.Context(), conn))(t)
}

// scripted is a JVM that says what a test wants.
type scripted struct {
	io.Reader
	io.Writer
}

func (scripted) Close() error { return nil }

func TestWhatIsNoJVMIsAnError(t *testing.T) {
	for _, said := range []string{"", "HTTP/1.1 400 Bad Request\r\n", wire.Handshake,
		wire.Handshake + "\x00\x00\x00\x0b\x00\x00\x00\x01\x80\x00\x00", wire.Handshake + "\xff\xff\xff\xff0000000"} {
		if _, err := Attach(t.Context(), scripted{strings.NewReader(said), io.Discard}); err == nil {
			t.Errorf("%q was taken for a JVM", said)
		}
	}
}
