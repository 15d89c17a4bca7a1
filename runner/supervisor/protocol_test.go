package supervisor

import (
	"bytes"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
)

// TestEncode compares with the change that the supervisor's own test sends it.
func TestEncode(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("../../builder/supervisor/testdata/change.bin")
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	err = Change{State: "état-1",
		Files: map[string][]byte{"a/B.class": {0xca, 0xfe, 0xba, 0xbe}, "empty.txt": {}, "gone.txt": nil}}.write(&got)
	if err != nil || !bytes.Equal(got.Bytes(), want) {
		t.Errorf("got  %q, %v\nwant %q", got.Bytes(), err, want)
	}
	if err := (Change{State: strings.Repeat("x", 1<<16)}).write(io.Discard); err == nil {
		t.Error("a name that is too long was encoded")
	}
}

// largest counts the bytes of the largest write.
type largest int

func (l *largest) Write(text []byte) (int, error) {
	*l = max(*l, largest(len(text)))
	return len(text), nil
}

// TestLargeChangeIsNotCopied sends a file of which a copy would be seen, and a frame would be too large.
func TestLargeChangeIsNotCopied(t *testing.T) {
	large := make([]byte, 60<<20)
	var to largest
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := (Change{State: "a", Files: map[string][]byte{"static/video.mp4": large}}).write(&to); err != nil ||
		to > frame {
		t.Errorf("%v, with a frame of %d bytes", err, to)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
		t.Errorf("sending 60 MB allocated %d bytes", took)
	}
}
