package ui

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

var update = flag.Bool("update", false, "write the golden files anew")

// replay hands every event of a recorded stream to sink.
func replay(t *testing.T, path string, sink event.Sink) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var e event.Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("%s: %v\n%s", path, err, lines.Text())
		}
		sink.Handle(e)
	}
}

// TestPlainDrawsRecordedStreams replays testdata/*.jsonl and compares the lines
// with the golden files beside them. `go test -update` writes them anew.
func TestPlainDrawsRecordedStreams(t *testing.T) {
	streams, err := filepath.Glob("testdata/*.jsonl")
	if err != nil || len(streams) == 0 {
		t.Fatalf("no recorded streams: %v", err)
	}
	for _, stream := range streams {
		name := strings.TrimSuffix(filepath.Base(stream), ".jsonl")
		t.Run(name, func(t *testing.T) {
			var got, colour bytes.Buffer
			replay(t, stream, NewPlain(&got, PlainOptions{}))
			replay(t, stream, NewPlain(&colour, PlainOptions{Style: Style{Colour: true}, Quiet: true}))
			golden(t, filepath.Join("testdata", name+".txt"), got.Bytes())
			golden(t, filepath.Join("testdata", name+".colour.txt"), colour.Bytes())
		})
	}
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s\ngot:\n%s\nwant:\n%s", path, got, want)
	}
}

// TestJSONLWritesTheStreamItself: what was read is written again, byte for byte.
func TestJSONLWritesTheStreamItself(t *testing.T) {
	const path = "testdata/deploy.jsonl"
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	sink := NewJSONL(&got)
	replay(t, path, sink)
	if sink.Err() != nil || !bytes.Equal(got.Bytes(), want) {
		t.Errorf("error %v, got:\n%s\nwant:\n%s", sink.Err(), &got, want)
	}
}

func TestWhatAFailureSaysIsNotShownTwice(t *testing.T) {
	var out strings.Builder
	PrintFailure(&out, Style{}, event.Failure{Message: "compile: A.java:3: ';' expected", Evidence: []string{"A.java:3: ';' expected", "    return 1", "            ^"}})
	if want := "error: compile: A.java:3: ';' expected\n  │     return 1\n  │             ^\n"; out.String() != want {
		t.Errorf("got\n%s", &out)
	}
}
