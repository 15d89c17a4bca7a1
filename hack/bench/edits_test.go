package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/internal/must"
)

// TestEdits makes each edit of the samples three times, in turns: each round has to match what the other edits left.
func TestEdits(t *testing.T) {
	for _, s := range samples {
		dir := t.TempDir()
		must.Do(t, os.CopyFS(dir, os.DirFS(filepath.Join("../..", s.dir))))
		for name, text := range s.more {
			must.Do(t, write(filepath.Join(dir, name), text))
		}
		for round := range 3 {
			for _, e := range s.edits {
				if err := e.make(dir, round); err != nil {
					t.Fatalf("%s, round %d: %v", e.name, round, err)
				}
				last := e.changes[len(e.changes)-1].file
				if got, _ := os.ReadFile(filepath.Join(dir, last)); strings.Count(string(got), e.text(round)) != 1 {
					t.Errorf("%s, round %d makes of %s\n%s", e.name, round, last, got)
				}
			}
		}
	}
}
