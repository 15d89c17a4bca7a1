package project

import (
	"context"
	"io"

	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine"
)

// modules is a compiler that says, after each compilation, where the application has parts outside of the
// project's directory: other modules of the build, and build files above.
type modules struct {
	engine.Compiler
	elsewhere func(dir string) (dirs, files []string)
	found     func(dirs, files []string) // may be nil
}

func (m *modules) Compile(ctx context.Context, changed []string, out io.Writer) (springboot.App, error) {
	app, err := m.Compiler.Compile(ctx, changed, out)
	if err == nil && m.found != nil {
		m.found(m.elsewhere(app.Dir))
	}
	return app, err
}
