package diagnostics

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/internal/testfile"
)

// FuzzParse reads whatever a build tool prints.
func FuzzParse(f *testing.F) {
	recorded, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(recorded) == 0 {
		f.Fatalf("no recorded output: %v", err)
	}
	for _, path := range recorded {
		text := testfile.Read(f, path)
		f.Add(strings.ReplaceAll(string(text), "@DIR@", "/shop"))
	}
	f.Add("/shop/A.java:99999999999999999999: error: x\n e: file:///shop/A.kt:0:0 \n[ERROR] /shop/A.java:[1,1] \n")
	f.Fuzz(func(t *testing.T, output string) {
		for _, p := range Parse(output, "/shop") {
			if p.Line < 0 || p.Column < 0 || len(p.excerpt()) == 0 {
				t.Errorf("got %+v", p)
			}
		}
		Hints(output, "more memory")
		Tail(output)
	})
}
