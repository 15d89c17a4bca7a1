package fault_test

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/devloop-cli/devloop/internal/fault"
)

func TestErrorNamesWhatFailedAndWhy(t *testing.T) {
	t.Parallel()
	cause := errors.New("no such file")
	for want, e := range map[string]*fault.Error{
		"read pom.xml":               {Op: "read pom.xml"},
		"no such file":               {Err: cause},
		"read pom.xml: no such file": {Op: "read pom.xml", Err: cause},
	} {
		if e.Error() != want {
			t.Errorf("got %q, want %q", e.Error(), want)
		}
	}
}

func TestErrorIsFoundInTheChain(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("build: %w", &fault.Error{Code: "image.failed", Err: fs.ErrNotExist})
	found, ok := errors.AsType[*fault.Error](err)
	if !ok || found.Code != "image.failed" || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", found)
	}
}
