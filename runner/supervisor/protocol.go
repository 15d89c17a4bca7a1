package supervisor

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/devloop-cli/devloop/runner/tunnel"
)

// Change is what happens to a running application, by the supervisor that its image
// begins with.
type Change struct {
	// State names what the application consists of after the change, and must not be "".
	State string
	// Restart starts the application again with it.
	Restart bool
	// Files are the contents by path, below the application's classes and with slashes;
	// nil removes one.
	Files map[string][]byte
	// Summary says in a few words in what the application differs from its image then.
	Summary string
}

// exchange sends a change and reads the answer.
func exchange(s tunnel.Stream, c Change) (string, error) {
	text, err := c.encode()
	if err != nil {
		return "", err
	}
	if _, err := s.Write(text); err != nil {
		return "", err
	}
	return readUTF(s)
}

// encode writes the change in the form of java.io.DataOutput, see Supervise.java.
func (c Change) encode() ([]byte, error) {
	var b bytes.Buffer
	if err := writeUTF(&b, c.State); err != nil {
		return nil, err
	}
	_ = binary.Write(&b, binary.BigEndian, c.Restart) // a buffer takes all
	_ = binary.Write(&b, binary.BigEndian, int32(len(c.Files)))
	for _, path := range slices.Sorted(maps.Keys(c.Files)) {
		if err := writeUTF(&b, path); err != nil {
			return nil, err
		}
		content, length := c.Files[path], int32(-1)
		if content != nil {
			length = int32(len(content))
		}
		_ = binary.Write(&b, binary.BigEndian, length)
		b.Write(content)
	}
	return b.Bytes(), nil
}

// writeUTF writes a text as DataOutput.writeUTF does, but for the characters that this
// has its own form for: they stand in no name that javac makes.
func writeUTF(to *bytes.Buffer, text string) error {
	if len(text) > 1<<16-1 {
		return fmt.Errorf("the name %.40q… is too long", text)
	}
	_ = binary.Write(to, binary.BigEndian, uint16(len(text)))
	to.WriteString(text)
	return nil
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
