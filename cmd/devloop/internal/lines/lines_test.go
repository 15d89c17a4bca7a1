package lines

import (
	"io"
	"reflect"
	"testing"

	"github.com/devloop-cli/devloop/internal/must"
)

func TestLineWriterHandsOverWholeLines(t *testing.T) {
	t.Parallel()
	var got []string
	w, flush := NewWriter(func(s string) { got = append(got, s) })
	for _, piece := range []string{"> Task", " :bootJar\r\n", "\n", "10%\r50%\r100%\n", "no end"} {
		must.Get(io.WriteString(w, piece))(t)
	}
	flush()
	flush()
	if want := []string{"> Task :bootJar", "", "100%", "no end"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
