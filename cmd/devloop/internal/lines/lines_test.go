package lines

import (
	"io"
	"reflect"
	"testing"
)

func TestLineWriterHandsOverWholeLines(t *testing.T) {
	t.Parallel()
	var got []string
	w, flush := NewWriter(func(s string) { got = append(got, s) })
	for _, piece := range []string{"> Task", " :bootJar\r\n", "\n", "10%\r50%\r100%\n", "no end"} {
		if _, err := io.WriteString(w, piece); err != nil {
			t.Fatal(err)
		}
	}
	flush()
	flush()
	if want := []string{"> Task :bootJar", "", "100%", "no end"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
