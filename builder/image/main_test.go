package image

import (
	"errors"

	"github.com/devloop-cli/devloop/builder/internal/jartest"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// The jars of tests.
type file = jartest.File

var (
	write     = testfile.Write
	jarOf     = jartest.Write
	bootFiles = jartest.BootFiles
	class     = jartest.Class
	without   = jartest.Without
)

// errTest is the cause with which tests end a context.
var errTest = errors.New("a newer change came")

func codeOf(err error) string { return fault.Of(err).Code }
