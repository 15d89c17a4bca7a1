package loader_test

import (
	"testing"

	"github.com/devloop-cli/devloop/loader/loadertest"
)

func TestMain(m *testing.M) { loadertest.Main(m) }
