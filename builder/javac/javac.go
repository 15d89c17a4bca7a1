// Package javac compiles Java with a compiler that keeps running.
//
// A compiler that starts at each save spends most of its time warming up. This package embeds a small Java program,
// io/github/devloop_cli/Javac.java, that answers one request after another: the first takes a second or two, each later
// one a tenth of that. It calls the JDK's own compiler through javax.tools and runs on Java 8 and later. Kotlinc.java
// beside it does the same for Kotlin, with the compiler of the project's build.
//
//	dir, err := javac.Install(cache)
//	cmd := exec.Command(java, javac.Arguments(dir)...)
//	…
//	compiler := javac.New(stdin, stdout)
//	answer, err := compiler.Compile(ctx, javac.Request{Options: options, Sources: sources})
//
// The caller decides what to compile and where the classes go. It also starts the process, which
// exits when its stdin is closed.
package javac

import (
	"bufio"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

//go:embed io/github/devloop_cli/*.class
var program embed.FS

const programDir = "io/github/devloop_cli"

// Install writes the program below dir unless it is already there, and returns its class path.
func Install(dir string) (string, error) {
	files, err := program.ReadDir(programDir)
	texts, sum := map[string][]byte{}, sha256.New()
	for _, file := range files {
		if err == nil {
			texts[file.Name()], err = program.ReadFile(programDir + "/" + file.Name())
		}
		_, _ = sum.Write(texts[file.Name()])
	}
	dir = filepath.Join(dir, hex.EncodeToString(sum.Sum(nil)[:8]))
	for name, text := range texts {
		path := filepath.Join(dir, filepath.FromSlash(programDir), name)
		if info, missing := os.Stat(path); err == nil && (missing != nil || info.Size() != int64(len(text))) {
			err = errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, text, 0o600))
		}
	}
	if err != nil {
		return "", fmt.Errorf("install the incremental compiler: %w", err)
	}
	return dir, nil
}

// Arguments returns java's arguments. The options make a JVM that compiles little and often
// warm up sooner and use less memory while idle.
func Arguments(classPath string) []string {
	return []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xss4m", "-cp", classPath,
		"io.github.devloop_cli.Javac"}
}

// Request says what to compile.
type Request struct {
	// Options are the compiler's.
	Options []string
	// Sources are the files to compile.
	Sources []string
	// Hidden are names of classes, such as com.example.App$Inner, that the compiler must not find
	// on the class path although their files are there.
	Hidden []string
	// Kotlin are the jars of Kotlin's compiler, if that has to compile instead of javac.
	Kotlin []string

	// Key is the same for requests that make the same classes, in whatever directory Out. Who shares a compiler process
	// can share these. The compiler does not read either of them; they may be empty.
	Key, Out string
}

// Answer is the result of a compilation.
type Answer struct {
	// OK reports that there was no error.
	OK bool
	// Diagnostics are the compiler's messages.
	Diagnostics []Diagnostic
	// Written are the files that the compiler wrote, even with errors, and resources that a processor only asked for.
	Written []Written
}

// Diagnostic is one message of the compiler.
type Diagnostic struct {
	// Kind is ERROR, WARNING, MANDATORY_WARNING, NOTE or OTHER.
	Kind string
	// File is the source file, "" if the message is about none.
	File string
	// Line and Column count from one, in characters; 0 without a position.
	Line, Column int
	// Text may have several lines.
	Text string
}

// Error reports whether the diagnostic is an error.
func (d Diagnostic) Error() bool { return d.Kind == "ERROR" }

// Written is a file that the compiler wrote.
type Written struct {
	// Kind is "class", "source" or "resource": processors write the latter two.
	Kind string
	// Source is the file that it was compiled from, "" if unknown.
	Source string
	// Path is relative to the directory that javac's options name, with slashes.
	Path string
}

// Compiler is the client of a running program. Its methods may be called from several goroutines;
// it compiles one request at a time.
type Compiler struct {
	in   io.WriteCloser
	out  *bufio.Reader
	turn chan struct{} // holds one value while no compilation runs
}

// New returns a client of the program with this stdin and stdout.
func New(stdin io.WriteCloser, stdout io.Reader) *Compiler {
	c := &Compiler{in: stdin, out: bufio.NewReader(stdout), turn: make(chan struct{}, 1)}
	c.turn <- struct{}{}
	return c
}

// Close lets the program end.
func (c *Compiler) Close() error { return c.in.Close() }

// BrokenError means that the compiler or the connection to it failed, not the sources.
type BrokenError struct{ Why string }

func (e *BrokenError) Error() string { return "ask the compiler process: " + e.Why }

// Compile compiles r. When ctx ends, it returns ctx's cause at once; the program finishes that request before it takes
// the next. Any other error is a [BrokenError], after which the program can't be used again.
func (c *Compiler) Compile(ctx context.Context, r Request) (Answer, error) {
	select {
	case <-c.turn:
	case <-ctx.Done():
		return Answer{}, context.Cause(ctx)
	}
	type result struct {
		answer Answer
		err    error
	}
	done := make(chan result, 1)
	go func() {
		a, err := c.exchange(r)
		c.turn <- struct{}{}
		done <- result{a, err}
	}()
	select {
	case r := <-done:
		return r.answer, r.err
	case <-ctx.Done():
		return Answer{}, context.Cause(ctx)
	}
}

func (c *Compiler) exchange(r Request) (Answer, error) {
	if err := send(c.in, [][]string{r.Options, r.Sources, r.Hidden, r.Kotlin}); err != nil {
		return Answer{}, &BrokenError{"it has ended"}
	}
	lists, err := receive(c.out)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, os.ErrClosed) {
		return Answer{}, &BrokenError{"it has ended"}
	}
	if err != nil {
		return Answer{}, &BrokenError{err.Error()}
	}
	return answerOf(lists)
}

// answerOf reads an answer: the outcome, five strings for each diagnostic, three for each file.
func answerOf(lists [][]string) (Answer, error) {
	if len(lists) != 3 || len(lists[0]) == 0 || len(lists[1])%5 != 0 || len(lists[2])%3 != 0 {
		return Answer{}, &BrokenError{"it sent a malformed answer"}
	}
	if how := lists[0]; how[0] == "broken" {
		return Answer{}, &BrokenError{how[len(how)-1]}
	}
	a := Answer{OK: lists[0][0] == "ok"}
	for d := lists[1]; len(d) > 0; d = d[5:] {
		line, _ := strconv.Atoi(d[2])
		column, _ := strconv.Atoi(d[3])
		a.Diagnostics = append(a.Diagnostics,
			Diagnostic{Kind: d[0], File: d[1], Line: line, Column: column, Text: d[4]})
	}
	for w := lists[2]; len(w) > 0; w = w[3:] {
		a.Written = append(a.Written, Written{Kind: w[0], Source: w[1], Path: w[2]})
	}
	return a, nil
}

// send writes lists of strings. A list is its length, big-endian in four bytes, and its elements;
// a string is its length in bytes, and the bytes.
func send(w io.Writer, lists [][]string) error {
	text := binary.BigEndian.AppendUint32(nil, uint32(len(lists)))
	for _, list := range lists {
		text = binary.BigEndian.AppendUint32(text, uint32(len(list)))
		for _, s := range list {
			text = append(binary.BigEndian.AppendUint32(text, uint32(len(s))), s...)
		}
	}
	_, err := w.Write(text)
	return err
}

// longest is the largest length that is accepted from the program.
const longest = 1 << 26

func receive(r io.Reader) ([][]string, error) {
	n, err := length(r)
	lists := make([][]string, 0, min(n, 3))
	for ; n > 0 && err == nil; n-- {
		var list []string
		if list, err = receiveList(r); err == nil {
			lists = append(lists, list)
		}
	}
	return lists, err
}

func receiveList(r io.Reader) ([]string, error) {
	n, err := length(r)
	var list []string
	for ; n > 0 && err == nil; n-- {
		var size int
		if size, err = length(r); err != nil {
			break
		}
		text := make([]byte, size)
		if _, err = io.ReadFull(r, text); err == nil {
			list = append(list, string(text))
		}
	}
	return list, err
}

func length(r io.Reader) (int, error) {
	var text [4]byte
	if _, err := io.ReadFull(r, text[:]); err != nil {
		return 0, err
	}
	n := binary.BigEndian.Uint32(text[:])
	if n > longest {
		return 0, fmt.Errorf("it sent a length of %d", n)
	}
	return int(n), nil
}
