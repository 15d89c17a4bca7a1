package engine

import (
	"io"
	"reflect"
	"testing"
)

func TestLineWriterHandsOverWholeLines(t *testing.T) {
	var got []string
	w := &lineWriter{line: func(s string) { got = append(got, s) }}
	for _, piece := range []string{"> Task", " :bootJar\r\n", "\n", "10%\r50%\r100%\n", "no end"} {
		if _, err := io.WriteString(w, piece); err != nil {
			t.Fatal(err)
		}
	}
	w.flush()
	w.flush()
	if want := []string{"> Task :bootJar", "", "100%", "no end"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSizeReadsWell(t *testing.T) {
	for bytes, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1500: "1.5 kB", 20_014: "20 kB", 999_600: "1.0 MB", 20_014_080: "20 MB", 344_000_000: "344 MB", 1_250_000_000: "1.2 GB",
	} {
		if got := size(bytes); got != want {
			t.Errorf("%d: got %q, want %q", bytes, got, want)
		}
	}
}
