package project

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/diagnostics"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/paths"
)

// Applications returns the modules of which each makes an application, as [Options.Module] takes them, if there are
// several and Options name none. Where sources suggest that, it asks the build, which may have to run.
func (p *Project) Applications(ctx context.Context, out io.Writer) ([]string, error) {
	declared := p.tool.DeclaredModules(p.build.Root)
	likely := slices.DeleteFunc(slices.Clone(declared),
		func(module string) bool { return !startsSpring(p.moduleDir(module)) })
	if p.build.Module != "" || p.build.Dir != p.build.Root || len(likely) < 2 {
		return nil, nil
	}
	err := p.ambiguous(ctx, out)
	found := fault.Of(err)
	switch {
	case ctx.Err() != nil:
		return nil, err
	case found.Code == "project.ambiguous" && !slices.ContainsFunc(found.Evidence,
		func(module string) bool { return !slices.Contains(declared, module) }):
		return found.Evidence, nil
	}
	if failed, _ := errors.AsType[*diagnostics.CompileError](err); failed != nil {
		return likely, nil // the build does not get far enough to tell
	}
	return nil, nil
}

// ambiguous returns the error of a build that makes several applications, or of one that fails.
func (p *Project) ambiguous(ctx context.Context, out io.Writer) error {
	if m, fresh := p.records().model(); fresh {
		_, err := p.tool.Application(p.request(), m.Modules)
		return err
	}
	_, err := p.Compile(ctx, out)
	return err
}

// mainFile matches the names that files with a main class have.
var mainFile = regexp.MustCompile(`(App|Main|Boot|Serv|Launch|Start|Run)\w*\.(java|kt|groovy)$`)

// startsSpring reports whether a main class in a module's sources starts Spring Boot.
func startsSpring(dir string) (found bool) {
	_ = filepath.WalkDir(filepath.Join(dir, "src", "main"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !mainFile.MatchString(d.Name()) {
			return nil // what can't be read starts nothing
		}
		text, _ := os.ReadFile(path)
		if found = bytes.Contains(text, []byte("SpringBootApplication")) ||
			bytes.Contains(text, []byte("SpringApplication")); found {
			return filepath.SkipAll
		}
		return nil
	})
	return found
}

// moduleDir returns the directory of a module that the build files name.
func (p *Project) moduleDir(module string) string {
	return buildtool.Build{Dir: p.build.Root, Module: module}.ModuleDir()
}

// ModuleDir returns the directory of the module with the application, as far as its name tells.
func (p *Project) ModuleDir() string { return p.build.ModuleDir() }

// ModuleDirs returns the directories of the modules that the application in dir uses, and of the others that the build
// files name, none before the first build. An empty dir stands for the module that the last build found.
func (p *Project) ModuleDirs(dir string) (used, others []string) {
	m, dir := p.records().lastModelOf(dir)
	if !slices.ContainsFunc(m.Modules,
		func(one buildtool.Module) bool { return paths.Real(one.Directory) == paths.Real(dir) }) {
		return nil, nil
	}
	for _, one := range m.used(m.in(dir)) {
		used = append(used, paths.Real(one.Directory))
	}
	for _, module := range p.tool.DeclaredModules(p.build.Root) {
		if other := paths.Real(p.moduleDir(module)); other != paths.Real(p.build.Root) &&
			!slices.Contains(used, other) {
			others = append(others, other)
		}
	}
	return used, others
}
