// Package golden compares what users read with files, for tests.
//
//	golden.Compare(t, "testdata/broken/tab.golden", golden.Report(err))
//
// go test -update writes the files.
package golden

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/internal/must"
)

var update = flag.Bool("update", false, "write the golden files")

// Report renders an error as a display would: its code and message, its evidence, its hints.
func Report(e interface {
	error
	Code() string
	Evidence() []string
	Hints() []string
}) string {
	var b strings.Builder
	b.WriteString(e.Code() + ": " + e.Error() + "\n")
	for _, line := range e.Evidence() {
		b.WriteString("  " + line + "\n")
	}
	for _, hint := range e.Hints() {
		b.WriteString("hint: " + hint + "\n")
	}
	return b.String()
}

// Compare compares got with the content of the file at path.
func Compare(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		must.Do(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want := must.Get(os.ReadFile(path))(t)
	if got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
