package builder

import (
	"errors"
	"testing"

	"github.com/devloop-cli/devloop/builder/compiler"
	"github.com/devloop-cli/devloop/builder/internal/buildtest"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// errStopped is the cause with which tests end a context.
var errStopped = errors.New("a newer change came")

const controller = buildtest.Controller

type testWriter = buildtest.Log

var (
	write  = testfile.Write
	sample = buildtest.Sample
	timed  = buildtest.Timed
)

// compileIncrementally compiles what has changed.
func compileIncrementally(t *testing.T, c *compiler.Compiler, changed []string) springboot.App {
	t.Helper()
	return must.Get(c.Compile(t.Context(), changed, testWriter{T: t}))(t)
}
