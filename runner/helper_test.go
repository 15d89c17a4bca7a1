package runner

import (
	"testing"

	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
)

func newAPI(t *testing.T) (*fakeapi.API, *Runner) {
	t.Helper()
	a, c := fakeapi.New(t)
	return a, newRunner(c)
}
