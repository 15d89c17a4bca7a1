package project

import (
	"context"
	"io"

	"github.com/devloop-cli/devloop/builder/project"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine"
)

// modules is a compiler that says, after each build, where the application has its parts.
type modules struct {
	engine.Compiler
	project *project.Project
	found   func(dir string) // the application's; may be nil
}

func (m *modules) Compile(ctx context.Context, changed []string, out io.Writer) (springboot.App, error) {
	app, err := m.Compiler.Compile(ctx, changed, out)
	if err == nil && m.found != nil && app.Built() { // only a build reports them
		m.found(app.Dir)
	}
	return app, err
}
