package supervisor

import (
	"bytes"
	"os"
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
	got, err := Change{State: "état-1", Files: map[string][]byte{"a/B.class": {0xca, 0xfe, 0xba, 0xbe}, "empty.txt": {}, "gone.txt": nil}}.encode()
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("got  %q, %v\nwant %q", got, err, want)
	}
	if _, err := (Change{State: strings.Repeat("x", 1<<16)}).encode(); err == nil {
		t.Error("a name that is too long was encoded")
	}
}
