package compiler

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/javac"
	"github.com/devloop-cli/devloop/builder/javac/pool"
)

// TestMain lets the test binary play other programs: PLAY names the role.
func TestMain(m *testing.M) {
	roles := map[string]func() int{"": m.Run, "devloop": playDevloop, "javac": playJavac}
	os.Exit(roles[os.Getenv("PLAY")]())
}

// playDevloop is a devloop that starts a compiler, and is to be killed itself.
func playDevloop() int {
	cmd, err := pool.Command(os.Getenv("PLAY_JAVA_HOME"), os.Getenv("PLAY_DIR"))
	if err != nil {
		return 1
	}
	cmd.Stderr = os.Stderr
	compiler, process, err := pool.Launch(cmd)
	if err != nil {
		return 1
	}
	if _, err := compiler.Compile(context.Background(), javac.Request{}); err != nil {
		// it runs, and has nothing to say
		fmt.Println(err)
	}
	fmt.Println("started")
	_ = process.Wait()
	return 1
}

// playJavac speaks the protocol of javac/io/github/devloop_cli/Javac.java. It compiles a source into a
// class as classOf does; one with the word "mistake" does not compile, and at "crash" it exits.
func playJavac() int {
	in, out := bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout)
	for {
		request, err := readLists(in)
		if err != nil {
			return 0
		}
		dir := request[0][slices.Index(request[0], "-d")+1]
		how, said, written := "ok", []string{}, []string{}
		for _, source := range request[1] {
			text, err := os.ReadFile(source)
			switch {
			case err != nil || strings.Contains(string(text), "crash") ||
				filepath.Ext(source) == ".kt" && len(request[3]) == 0:
				return 1
			case strings.Contains(string(text), "mistake"):
				how, said = "failed", append(said, "ERROR", source, "1", "2", "a mistake")
				continue
			}
			name := className(source)
			if err := os.WriteFile(filepath.Join(dir, name), classOf(source, text), 0o644); err != nil {
				return 1
			}
			written = append(written, "class", source, name)
		}
		writeLists(out, [][]string{{how}, said, written})
		if out.Flush() != nil {
			return 1
		}
	}
}

func className(source string) string {
	return strings.TrimSuffix(filepath.Base(source), filepath.Ext(source)) + ".class"
}

// classOf returns a class file of a source. Its bytes change with the text. It has a public field for each
// word that begins with "field", and a native method if there is the word "native".
func classOf(source string, text []byte) []byte {
	var pool [][]byte
	add := func(entry ...byte) uint16 { pool = append(pool, entry); return uint16(len(pool)) }
	utf8 := func(s string) uint16 {
		return add(append(binary.BigEndian.AppendUint16([]byte{1}, uint16(len(s))), s...)...)
	}
	class := func(name string) uint16 { return add(binary.BigEndian.AppendUint16([]byte{7}, utf8(name))...) }
	this, super := class(strings.TrimSuffix(className(source), ".class")), class("java/lang/Object")
	utf8(string(text))
	sourceFile, name := utf8("SourceFile"), utf8(filepath.Base(source))
	var members [2][]byte // fields, methods
	var counts [2]uint16
	member := func(kind int, access uint16, name, descriptor string) {
		counts[kind]++
		for _, v := range []uint16{access, utf8(name), utf8(descriptor), 0} {
			members[kind] = binary.BigEndian.AppendUint16(members[kind], v)
		}
	}
	for _, word := range strings.Fields(string(text)) {
		switch {
		case strings.HasPrefix(word, "field"):
			member(0, 1, word, "I")
		case word == "native":
			member(1, 0x101, "m", "()V")
		}
	}
	data := []byte{0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 61}
	data = binary.BigEndian.AppendUint16(data, uint16(len(pool)+1))
	data = append(data, slices.Concat(pool...)...)
	for _, v := range []uint16{0x21, this, super, 0, counts[0]} { // access, this, super, interfaces, fields
		data = binary.BigEndian.AppendUint16(data, v)
	}
	data = append(data, members[0]...)
	data = append(binary.BigEndian.AppendUint16(data, counts[1]), members[1]...)
	for _, v := range []uint16{1, sourceFile, 0, 2, name} { // attributes
		data = binary.BigEndian.AppendUint16(data, v)
	}
	return data
}

func readLists(r io.Reader) (lists [][]string, err error) {
	number := func() (n uint32) {
		if err == nil {
			err = binary.Read(r, binary.BigEndian, &n)
		}
		return n
	}
	for range number() {
		list := []string{}
		for range number() {
			text := make([]byte, number())
			if err == nil {
				_, err = io.ReadFull(r, text)
			}
			list = append(list, string(text))
		}
		lists = append(lists, list)
	}
	return lists, err
}

func writeLists(w io.Writer, lists [][]string) {
	data := binary.BigEndian.AppendUint32(nil, uint32(len(lists)))
	for _, list := range lists {
		data = binary.BigEndian.AppendUint32(data, uint32(len(list)))
		for _, s := range list {
			data = append(binary.BigEndian.AppendUint32(data, uint32(len(s))), s...)
		}
	}
	_, _ = w.Write(data) // Flush reports the error
}
