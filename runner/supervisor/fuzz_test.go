package supervisor

import (
	"bufio"
	"bytes"
	"testing"
)

// FuzzAnswer reads what the supervisor may answer, or whatever else listens on its port, and writes it again.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte("\x00\x02ok"))
	f.Add([]byte("\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		text, err := readUTF(bytes.NewReader(data))
		if err != nil {
			return
		}
		var again bytes.Buffer
		w := bufio.NewWriter(&again)
		if err := writeUTF(w, text); err != nil || w.Flush() != nil || !bytes.HasPrefix(data, again.Bytes()) {
			t.Errorf("%q became %q, %v", data, again.Bytes(), err)
		}
	})
}
