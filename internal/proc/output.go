package proc

import (
	"bytes"
	"io"
	"regexp"
	"strings"
)

// colors are the sequences that color text (ECMA-48, section 8.3.117). Tools write them into pipes too: Maven's console
// library resets what it never set, and a user's settings may ask for colors everywhere.
var colors = regexp.MustCompile("\x1b\\[[0-9;:]*m")

// lineWriter passes on whole lines, without colors.
type lineWriter struct {
	to   io.Writer
	rest []byte
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.rest = append(w.rest, p...)
	end := bytes.LastIndexByte(w.rest, '\n') + 1
	if end == 0 {
		return len(p), nil
	}
	_, err := w.to.Write(colors.ReplaceAll(w.rest[:end], nil))
	w.rest = append(w.rest[:0], w.rest[end:]...)
	return len(p), err
}

// flush passes on a last line without a line end.
func (w *lineWriter) flush() error {
	last := colors.ReplaceAll(w.rest, nil)
	w.rest = nil
	if len(last) == 0 {
		return nil
	}
	_, err := w.to.Write(append(last, '\n'))
	return err
}

// maxOutput is how much a [HeadTail] keeps, in bytes.
const maxOutput = 1 << 20

// HeadTail keeps the beginning and the end of what is written to it, half a megabyte each.
// A build tool's output begins with the compiler's problems and ends with the verdict.
type HeadTail struct {
	head, tail []byte
	dropped    bool
}

// Write implements [io.Writer]. It does not fail.
func (k *HeadTail) Write(p []byte) (int, error) {
	n := len(p)
	if room := maxOutput/2 - len(k.head); room > 0 {
		room = min(room, len(p))
		k.head, p = append(k.head, p[:room]...), p[room:]
	}
	k.tail = append(k.tail, p...)
	if len(k.tail) > maxOutput { // twice what is kept, so that not every short write moves it
		k.cut()
	}
	return n, nil
}

// cut drops the beginning of a tail that is longer than what is kept.
func (k *HeadTail) cut() {
	if over := len(k.tail) - maxOutput/2; over > 0 {
		k.tail, k.dropped = append(k.tail[:0], k.tail[over:]...), true
	}
}

// String returns what was kept, with line ends as on Unix.
func (k *HeadTail) String() string {
	k.cut()
	gap := ""
	if k.dropped {
		gap = "\n…\n"
	}
	return strings.ReplaceAll(string(k.head)+gap+string(k.tail), "\r\n", "\n")
}

// LastLines returns the last max lines of s that are not empty.
func LastLines(s string, max int) []string {
	var lines []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	if over := len(lines) - max; over > 0 {
		lines = lines[over:]
	}
	return lines
}
