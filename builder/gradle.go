package builder

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Compile builds the project's executable jar, without its tests, and looks into
// it. The tool's output goes to out, line by line.
//
// It returns a [CompileError] when the build fails, a [ProjectError] with code
// "project.ambiguous" when several modules make such a jar and Options name none,
// and one with "project.unsupported" when none does. When ctx ends, the build is
// stopped, none of its processes is left but Gradle's daemon, which stays fit for the
// next build, and the error wraps ctx's cause.
func (p *Project) Compile(ctx context.Context, out io.Writer) (App, error) {
	build := p.gradle
	if p.Tool.Name == "maven" {
		build = p.maven
	}
	jar, dir, err := build(ctx, out)
	if err != nil {
		return App{}, err
	}
	app, err := openApp(jar)
	if err != nil {
		return App{}, &ProjectError{Dir: dir, Reason: "makes no executable jar", Err: err, code: "project.unsupported",
			hints: []string{"delete " + jar + " and build again"}}
	}
	app.Dir, app.Name = dir, p.Name
	app.Dockerfile = findDockerfile(dir, p.Dir)
	return app, nil
}

//go:embed model.init.gradle
var modelScript string

// bootJar is what the init script tells about a task.
type bootJar struct {
	Module, Directory, Name, Jar string
}

// gradle has Gradle make the boot jar and returns its path and its module's directory.
func (p *Project) gradle(ctx context.Context, out io.Writer) (jar, dir string, err error) {
	files := filepath.Join(p.cache, "gradle", digest([]byte(p.Dir), []byte{0}, []byte(p.module))[:16])
	script, model, err := writeModelScript(files)
	if err != nil {
		return "", "", err
	}
	args := slices.Concat(p.Tool.Command, []string{"--console=plain", "--daemon", "--init-script", script, "-p", p.Dir, p.bootJarTask()})
	text, err := command{dir: p.root, args: args}.run(ctx, out)
	if ctx.Err() != nil {
		return "", "", fmt.Errorf("build with gradle: %w", context.Cause(ctx))
	}
	if err != nil {
		return "", "", p.gradleError(text, ending(args, err))
	}
	found, err := readModel(model)
	if err != nil {
		return "", "", err
	}
	one, err := p.only(found)
	return one.Jar, one.Directory, err
}

// bootJarTask is the task that Boot's plugin adds; without a module Gradle runs it
// wherever there is one.
func (p *Project) bootJarTask() string {
	if p.module == "" {
		return "bootJar"
	}
	return ":" + strings.ReplaceAll(strings.Trim(p.module, ":/"), "/", ":") + ":bootJar"
}

// writeModelScript puts the init script into dir and returns its path, and the path
// of the model that it will write. The script stays as it is while there is a
// model: Gradle's configuration cache then need not run it again. Without a model
// it gets a new nonce, so that the cache has to.
func writeModelScript(dir string) (script, model string, err error) {
	script, model = filepath.Join(dir, "model.init.gradle"), filepath.Join(dir, "model.json")
	_, noModel := os.Stat(model)
	_, noScript := os.Stat(script)
	if noModel == nil && noScript == nil {
		return script, model, nil
	}
	path := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(model)
	text := strings.NewReplacer("@MODEL@", path, "@NONCE@", rand.Text()).Replace(modelScript)
	if err = os.MkdirAll(dir, 0o755); err == nil {
		err = os.WriteFile(script, []byte(text), 0o644)
	}
	if err != nil {
		return "", "", fmt.Errorf("write Gradle's init script: %w", err)
	}
	return script, model, nil
}

func readModel(path string) ([]bootJar, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var found []bootJar
	if err == nil {
		err = json.Unmarshal(text, &found)
	}
	if err != nil {
		return nil, fmt.Errorf("read what Gradle told of the build: %w", err)
	}
	return found, nil
}

// only returns the one boot jar, or says what else there is.
func (p *Project) only(found []bootJar) (bootJar, error) {
	switch len(found) {
	case 0:
		return bootJar{}, p.noBootJar(nil)
	case 1:
		return found[0], nil
	}
	var modules []string
	for _, b := range found {
		modules = append(modules, b.Module)
	}
	return bootJar{}, p.ambiguous(modules)
}

// ambiguous lists the modules to choose from.
func (p *Project) ambiguous(modules []string) error {
	e := &ProjectError{Dir: p.Dir, code: "project.ambiguous", evidence: modules,
		Reason: "has several modules that make an executable jar: " + strings.Join(modules, ", ")}
	for _, m := range modules {
		e.hints = append(e.hints, "choose one: --module "+m)
	}
	return e
}

// noBootJar says that this is no Spring Boot build as far as the tool knows.
func (p *Project) noBootJar(err error) error {
	e := &ProjectError{Dir: p.Dir, Err: err, code: "project.unsupported",
		Reason: "is not a Spring Boot build, or its plugin is missing: nothing makes an executable jar"}
	switch {
	case p.Tool.Name == "maven":
		e.hints = []string{"add the plugin to pom.xml: <plugin><groupId>org.springframework.boot</groupId><artifactId>spring-boot-maven-plugin</artifactId></plugin>"}
	case p.module != "":
		e.hints = []string{"look which modules there are: gradle projects"}
	default:
		e.hints = []string{`add the plugin to build.gradle: plugins { id 'org.springframework.boot' version '3.5.7' }`}
	}
	return e
}

// gradleError makes sense of a failed build's output.
func (p *Project) gradleError(text string, err error) error {
	wrong := block(text, "* What went wrong:", "* Try:")
	for _, line := range wrong {
		if strings.Contains(line, "bootJar' not found in") || strings.HasPrefix(line, "Project '") && strings.Contains(line, "not found in") {
			return p.noBootJar(errors.New(strings.TrimSpace(line)))
		}
	}
	where := block(text, "* Where:", "* What went wrong:")
	e := &CompileError{Tool: "gradle", Problems: findProblems(text, p.Dir), Err: err, tail: append(where, wrong...)}
	if len(e.tail) == 0 {
		e.tail = tail(text, evidenceLines)
	}
	if len(wrong) > 0 && len(e.Problems) == 0 {
		e.Err = fmt.Errorf("%w: %s", err, strings.TrimSpace(wrong[0]))
	}
	return e
}

// block returns the lines after the one that begins with from, until the one that
// begins with to, without empty ones at the end.
func block(text, from, to string) []string {
	_, text, found := strings.Cut(text, from+"\n")
	if !found {
		return nil
	}
	text, _, _ = strings.Cut(text, "\n"+to)
	return tail(text, evidenceLines)
}
