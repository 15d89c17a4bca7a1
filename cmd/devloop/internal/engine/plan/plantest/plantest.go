// Package plantest makes states of applications for the tests of other packages.
package plantest

import (
	"crypto/sha256"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/internal/filesums"
)

// State returns the state of an application of these files and nothing else.
func State(own map[string][]byte) plan.State {
	sums := map[string]*filesums.Sum{}
	for path, text := range own {
		sum := sha256.Sum256(text)
		sums[path] = &sum
	}
	return plan.NewState(plan.Files{Texts: own, Sums: filesums.Set{}.With(sums),
		Read: func(path string) ([]byte, error) { return own[path], nil }}, nil)
}
