//go:build unix

package keyboard

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"github.com/devloop-cli/devloop/internal/must"
)

// The tests run their own binary as a command that names each key, on a real terminal: by
// itself, and as a job of a shell.

const asCommand = "DEVLOOP_KEYS_TEST"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		nameKeys()
		return
	}
	os.Exit(m.Run())
}

// nameKeys names each key until q or Ctrl+C, and says that it has been continued.
func nameKeys() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	continued := make(chan os.Signal, 1)
	signal.Notify(continued, syscall.SIGCONT)
	go func() {
		for range continued {
			fmt.Println("goes on")
		}
	}()
	release := Listen(ctx, os.Stdin, func(key string) {
		fmt.Printf("<%q>\n", key)
		if key == "q" {
			stop()
		}
	})
	fmt.Println("listens")
	<-ctx.Done()
	release()
	fmt.Println("ended")
}

// terminal is a real one, and what it shows.
type terminal struct {
	*testing.T
	*os.File
	shown chan string
	text  string
}

// on starts a command on a terminal of its own.
func on(t *testing.T, name string, args ...string) *terminal {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "PS1=prompt> ", "ENV=", "TERM=dumb")
	file := must.Get(pty.Start(cmd))(t)
	s := &terminal{T: t, File: file, shown: make(chan string, 64)}
	go func() {
		defer close(s.shown)
		for buffer := make([]byte, 4096); ; {
			n, err := file.Read(buffer)
			s.shown <- string(buffer[:n])
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = file.Close()
		_ = cmd.Wait()
	})
	return s
}

func (s *terminal) types(text string) {
	s.Helper()
	must.Get(io.WriteString(s, text))(s)
}

// shows waits until text is there, and returns what stood before it.
func (s *terminal) shows(text string) (before string) {
	s.Helper()
	for deadline := time.After(20 * time.Second); ; {
		if before, rest, found := strings.Cut(s.text, text); found {
			s.text = rest
			return before
		}
		select {
		case more, open := <-s.shown:
			if !open {
				s.Fatalf("the terminal was closed, want %q in %q", text, s.text)
			}
			s.text += more
		case <-deadline:
			s.Fatalf("want %q in %q", text, s.text)
		}
	}
}

// cooked says whether the terminal waits for lines and echoes them.
func (s *terminal) cooked() bool {
	s.Helper()
	modes := must.Get(unix.IoctlGetTermios(int(s.Fd()), getModes))(s)
	return modes.Lflag&unix.ICANON != 0 && modes.Lflag&unix.ECHO != 0
}

// grabbed waits until the keys go to the command one by one.
func (s *terminal) grabbed() {
	s.Helper()
	for deadline := time.Now().Add(20 * time.Second); s.cooked(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatal("the terminal still waits for lines")
		}
	}
}

func TestAKeyActsAtOnceAndTheTerminalIsGivenBack(t *testing.T) {
	t.Setenv(asCommand, "1")
	for _, end := range []struct{ typed, last string }{{"q", `<"q">`}, {"\x03", "ended"}} { // Ctrl+C
		s := on(t, os.Args[0])
		s.shows("listens")
		s.grabbed()
		s.types("r")
		if echo := s.shows(`<"r">`); strings.TrimSpace(echo) != "" {
			t.Errorf("what was typed is shown: %q", echo)
		}
		s.types("\x1b[A") // an arrow is no A
		s.types("\r")
		if before := s.shows(`<"\n">`); strings.Contains(before, "A") {
			t.Errorf("the arrow came as %q", before)
		}
		s.types("\x1a") // Ctrl+Z, with no shell to continue: it goes on
		s.types("x")
		s.shows(`<"x">`)
		s.types(end.typed)
		s.shows(end.last)
		if end.last != "ended" {
			s.shows("ended")
		}
		if !s.cooked() {
			t.Errorf("after %q the terminal does not wait for lines", end.typed)
		}
	}
}

func TestAStoppedCommandLeavesTheKeyboardToTheShell(t *testing.T) {
	s := on(t, "sh", "-i") // where it is dash, it sets no modes of its own
	s.shows("prompt> ")
	s.types(asCommand + "=1 " + os.Args[0] + "\n")
	s.shows("listens")
	s.grabbed()

	t.Log("Ctrl+Z stops it, and the shell's lines are lines again")
	s.types("\x1a")
	s.shows("prompt> ")
	s.types("stty -a\n")
	if modes := s.shows("prompt> "); !strings.Contains(modes, " icanon") || !strings.Contains(modes, " echo ") {
		t.Errorf("the shell's terminal is %s", modes)
	}

	t.Log("in the background it goes on, and reads nothing of the shell's")
	s.types("bg\n")
	s.shows("goes on")
	s.types("echo no one else reads th''is\n")
	s.shows("no one else reads this")

	t.Log("in the foreground the keys are its own again")
	s.types("fg\n")
	s.grabbed()
	s.types("q")
	s.shows(`<"q">`)
	s.shows("ended")
	s.types("jobs; echo n''one\n")
	if left := s.shows("none"); strings.Contains(left, "Stopped") {
		t.Errorf("left are %s", left)
	}
}
