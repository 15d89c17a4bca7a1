package javac

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/internal/must"
)

// play answers requests in the program's place.
func play(t *testing.T, answer func(request [][]string, out io.Writer) error) *Compiler {
	t.Helper()
	requests, in := io.Pipe()
	out, answers := io.Pipe()
	go func() {
		for {
			request, err := receive(requests)
			if err == nil {
				err = answer(request, answers)
			}
			if err != nil {
				_ = answers.CloseWithError(io.EOF)
				_ = requests.CloseWithError(io.ErrClosedPipe)
				return
			}
		}
	}()
	c := New(in, out)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestRequestAndAnswer(t *testing.T) {
	var got [][]string
	c := play(t, func(request [][]string, out io.Writer) error {
		got = request
		return send(out, [][]string{{"failed"}, {"ERROR", "/src/Größe.java", "3", "7", "no\nsuch"},
			{"class", "/src/A.java", "p/A$1.class", "resource", "", "META-INF/x"}})
	})
	r := Request{Options: []string{"-g", ""}, Sources: []string{"/src/Größe.java"}, Hidden: []string{"p.A$1", "p.B"},
		Kotlin: []string{"/kotlin.jar"}}
	a, err := c.Compile(t.Context(), r)
	want := Answer{Diagnostics: []Diagnostic{{"ERROR", "/src/Größe.java", 3, 7, "no\nsuch"}},
		Written: []Written{{"class", "/src/A.java", "p/A$1.class"}, {"resource", "", "META-INF/x"}}}
	if err != nil || !reflect.DeepEqual(a, want) || !a.Diagnostics[0].Error() {
		t.Errorf("got %+v, %v", a, err)
	}
	if !reflect.DeepEqual(got, [][]string{r.Options, r.Sources, r.Hidden, r.Kotlin}) {
		t.Errorf("the program was asked %q", got)
	}
}

func TestWhoLeavesIsAnsweredToNobody(t *testing.T) {
	entered, leave := make(chan string), make(chan struct{})
	c := play(t, func(request [][]string, out io.Writer) error {
		entered <- request[0][0]
		<-leave
		return send(out, [][]string{{"ok"}, {"NOTE", "", "0", "0", request[0][0]}, {}})
	})
	cause := errors.New("a newer save")
	ctx, cancel := context.WithCancelCause(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := c.Compile(ctx, Request{Options: []string{"first"}})
		left <- err
	}()
	<-entered
	cancel(cause)
	if err := <-left; !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
	go func() { leave <- struct{}{}; <-entered; leave <- struct{}{} }()
	a, err := c.Compile(t.Context(), Request{Options: []string{"second"}})
	if err != nil || !a.OK || a.Diagnostics[0].Text != "second" {
		t.Errorf("got the other's answer: %+v, %v", a, err)
	}
}

func TestBroken(t *testing.T) {
	for name, answer := range map[string]func([][]string, io.Writer) error{
		"this Java has no compiler": func(_ [][]string, out io.Writer) error {
			return send(out, [][]string{{"broken", "this Java has no compiler"}, {}, {}})
		},
		"it has ended":        func([][]string, io.Writer) error { return io.EOF },
		"it sent a malformed": func(_ [][]string, out io.Writer) error { return send(out, [][]string{{"ok"}, {"NOTE"}, {}}) },
		"it sent a length of": func(_ [][]string, out io.Writer) error { _, err := out.Write([]byte("hello")); return err },
	} {
		_, err := play(t, answer).Compile(t.Context(), Request{})
		var broken *BrokenError
		if !errors.As(err, &broken) || !strings.Contains(broken.Why, name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestAClosedPipeIsAnEnd reads from a pipe that is closed, as os/exec does with a process's output
// when the process has ended.
func TestAClosedPipeIsAnEnd(t *testing.T) {
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = in.Close()
	_ = out.Close()
	requests, write := io.Pipe()
	go func() { _, _ = io.Copy(io.Discard, requests) }()
	_, err = New(write, out).Compile(t.Context(), Request{})
	var broken *BrokenError
	if !errors.As(err, &broken) || broken.Why != "it has ended" {
		t.Errorf("got %v", err)
	}
}

func TestInstallOnce(t *testing.T) {
	dir := t.TempDir()
	first := must.Get(Install(dir))(t)
	path := filepath.Join(first, programDir, "Javac.class")
	want := must.Get(program.ReadFile(programDir + "/Javac.class"))(t)
	if text, err := os.ReadFile(path); err != nil || !bytes.Equal(text, want) {
		t.Errorf("got %d bytes, %v", len(text), err)
	}
	if err := os.WriteFile(path, want[:10], 0o644); err != nil { // cut by a full disk
		t.Fatal(err)
	}
	must.Get(Install(dir))(t)
	if text, _ := os.ReadFile(path); !bytes.Equal(text, want) {
		t.Error("a damaged file is left")
	}
}
