package containerd_test

import (
	"testing"

	"github.com/devloop-cli/devloop/loader/internal/loadertest"
)

func TestMain(m *testing.M) { loadertest.Main(m) }
