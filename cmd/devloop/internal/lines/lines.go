// Package lines cuts a stream into lines.
//
//	out, flush := lines.NewWriter(func(line string) { fmt.Println("»", line) })
//	defer flush() // a last line without an end
package lines

import (
	"bytes"
	"io"
)

// NewWriter returns a writer that hands whole lines to tell, and a function that hands over a last line without an end.
func NewWriter(tell func(line string)) (out io.Writer, flush func()) {
	w := &lineWriter{line: tell}
	return w, w.flush
}

// lineWriter hands whole lines to a function, without their line ends. Of a line
// that a tool redrew with carriage returns it hands over the last drawing.
type lineWriter struct {
	line func(string)
	rest []byte
}

// Write implements [io.Writer]; it never fails.
func (w *lineWriter) Write(p []byte) (int, error) {
	w.rest = append(w.rest, p...)
	for {
		line, rest, found := bytes.Cut(w.rest, []byte("\n"))
		if !found {
			return len(p), nil
		}
		w.line(lastDrawing(line))
		w.rest = rest
	}
}

// flush hands over a last line that had no end.
func (w *lineWriter) flush() {
	if len(w.rest) > 0 {
		w.line(lastDrawing(w.rest))
		w.rest = nil
	}
}

func lastDrawing(line []byte) string {
	line = bytes.TrimRight(line, "\r")
	return string(line[bytes.LastIndexByte(line, '\r')+1:])
}
