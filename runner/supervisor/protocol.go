package supervisor

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/devloop-cli/devloop/runner/tunnel"
)

// Change is what happens to a running application, by the supervisor that its image begins with.
type Change struct {
	// State names what the application consists of after the change, and must not be "".
	State string
	// Restart restarts the application with it: in the spare JVM if one is ready, see [Supervisor.Spare],
	// and with NewJVM in a new one.
	Restart, NewJVM bool
	// NotTaken says of a restart that its files were sent before, and that the running application has not taken them:
	// if it ends now, it runs as it did before that.
	NotTaken bool
	// Files are the contents by path, below the application's classes and with slashes;
	// nil removes one.
	Files map[string][]byte
	// Summary says in a few words in what the application differs from its image then.
	Summary string

	asks byte // a question instead, see Supervise.java
}

// how is what the supervisor does with the change, see Supervise.java.
func (c Change) how() byte {
	how := byte(0)
	switch {
	case c.asks != 0:
		return c.asks
	case c.NewJVM:
		how = 2
	case c.Restart:
		how = 1
	}
	if c.NotTaken {
		how += 2
	}
	return how
}

// exchange sends a change and reads the answer.
func exchange(s tunnel.Stream, c Change) (string, error) {
	if err := c.write(s); err != nil {
		return "", err
	}
	return readUTF(s)
}

// frame is how many bytes are written at once: a port-forward makes one frame of them, which has less
// than 16 MB in SPDY.
const frame = 64 << 10

// write sends the change in the form of java.io.DataOutput, see Supervise.java. It keeps no copy of the
// files: one of them may have many megabytes.
func (c Change) write(to io.Writer) error {
	w := bufio.NewWriterSize(to, frame)
	if err := writeUTF(w, c.State); err != nil {
		return err
	}
	_ = w.WriteByte(c.how()) // Flush returns errors
	_ = binary.Write(w, binary.BigEndian, int32(len(c.Files)))
	for _, path := range slices.Sorted(maps.Keys(c.Files)) {
		if err := writeUTF(w, path); err != nil {
			return err
		}
		content, length := c.Files[path], int32(-1)
		if content != nil {
			length = int32(len(content))
		}
		_ = binary.Write(w, binary.BigEndian, length)
		for chunk := range slices.Chunk(content, frame) {
			_, _ = w.Write(chunk)
		}
	}
	return w.Flush()
}

// writeUTF writes a text as DataOutput.writeUTF does, except for the characters that this
// encodes in its own way: no name that javac makes has them.
func writeUTF(to *bufio.Writer, text string) error {
	if len(text) > 1<<16-1 {
		return fmt.Errorf("the name %.40q… is too long", text)
	}
	_ = binary.Write(to, binary.BigEndian, uint16(len(text)))
	_, err := to.WriteString(text)
	return err
}

func readUTF(from io.Reader) (string, error) {
	var length uint16
	if err := binary.Read(from, binary.BigEndian, &length); err != nil {
		return "", err
	}
	text := make([]byte, length)
	_, err := io.ReadFull(from, text)
	return string(text), err
}
