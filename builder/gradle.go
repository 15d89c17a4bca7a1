package builder

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/devloop-cli/devloop/internal/proc"
)

//go:embed model.init.gradle
var modelScript string

// The init script's tasks: one makes the executable archive, the other what goes into it.
const (
	archiveTask = "devloopArchive"
	classesTask = "devloopClasses"
)

// gradle has Gradle run a task of the init script, and returns what it tells of the build.
func (p *Project) gradle(ctx context.Context, out io.Writer, task string) (model, error) {
	script, told, err := writeModelScript(p.modelDir())
	if err != nil {
		return model{}, err
	}
	before := p.inputs(nil)
	args := slices.Concat(p.Tool.Command, []string{"--console=plain", "--daemon", "--init-script", script, "-Ddevloop.skipStyle=" + strconv.FormatBool(p.SkipStyle), "-p", p.Dir, p.gradleTask(task)})
	text, err := proc.Command{Dir: p.root, Args: args}.Run(ctx, out)
	if ctx.Err() != nil {
		return model{}, fmt.Errorf("build with gradle: %w", context.Cause(ctx))
	}
	if err != nil {
		return model{}, p.gradleError(text, proc.ExitError(args, err))
	}
	return p.keepModel(told, before)
}

// gradleTask is what a task of the init script is called from the directory that was
// opened; without a module Gradle runs it wherever there is one.
func (p *Project) gradleTask(name string) string {
	if p.module == "" {
		return name
	}
	return ":" + strings.ReplaceAll(strings.Trim(p.module, ":/"), "/", ":") + ":" + name
}

// writeModelScript puts the init script into dir and returns its path, and the path
// of what it will tell. The script stays as it is while that is there: Gradle's
// configuration cache then need not run it again. Without it, and from a new devloop,
// the script gets a new nonce, so that the cache has to.
func writeModelScript(dir string) (script, told string, err error) {
	version := digest([]byte(modelScript))[:16]
	script, told = filepath.Join(dir, version+".init.gradle"), filepath.Join(dir, version+".told.json")
	_, noModel := os.Stat(told)
	_, noScript := os.Stat(script)
	if noModel == nil && noScript == nil {
		return script, told, nil
	}
	path := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(told)
	text := strings.NewReplacer("@MODEL@", path, "@NONCE@", rand.Text()).Replace(modelScript)
	if err = os.MkdirAll(dir, 0o755); err == nil {
		err = os.WriteFile(script, []byte(text), 0o644)
	}
	if err != nil {
		return "", "", fmt.Errorf("write Gradle's init script: %w", err)
	}
	return script, told, nil
}

// only returns the one module that makes an executable archive, or that has a main
// class where none does; else it says what there is.
func (p *Project) only(modules []module) (module, error) {
	asked := slices.DeleteFunc(slices.Clone(modules), func(m module) bool { return !m.Application })
	found := slices.DeleteFunc(slices.Clone(asked), func(m module) bool { return m.Archive == "" })
	if len(found) == 0 {
		found = slices.DeleteFunc(asked, func(m module) bool { return m.MainClass == "" })
	}
	switch len(found) {
	case 0:
		return module{}, p.noBootJar(nil)
	case 1:
		return found[0], nil
	}
	var names []string
	for _, m := range found {
		names = append(names, m.Name)
	}
	return module{}, p.ambiguous(names)
}

// ambiguous lists the modules to choose from.
func (p *Project) ambiguous(modules []string) error {
	e := &ProjectError{Dir: p.Dir, code: "project.ambiguous", evidence: modules,
		Reason: "has several modules with an application: " + strings.Join(modules, ", ")}
	for _, m := range modules {
		e.hints = append(e.hints, "choose one: --module "+m)
	}
	return e
}

// noBootJar says that this is no Spring Boot build as far as the tool knows.
func (p *Project) noBootJar(err error) error {
	e := &ProjectError{Dir: p.Dir, Err: err, code: "project.unsupported",
		Reason: "is not a Spring Boot build, or its plugin is missing: nothing makes an executable jar, and no main class is named"}
	switch {
	case p.Tool.Name == "maven":
		e.hints = []string{"without Spring Boot, name the main class in pom.xml: <properties><exec.mainClass>com.example.Main</exec.mainClass></properties>", "add the plugin to pom.xml: <plugin><groupId>org.springframework.boot</groupId><artifactId>spring-boot-maven-plugin</artifactId></plugin>"}
	case p.module != "":
		e.hints = []string{"look which modules there are: gradle projects"}
	default:
		e.hints = []string{"without Spring Boot, name the main class in build.gradle: plugins { id 'application' }; application { mainClass = 'com.example.Main' }", `add the plugin to build.gradle: plugins { id 'org.springframework.boot' version '3.5.7' }`}
	}
	return e
}

// demandsGradle matches what plugins say of a Gradle that is too old for them.
var demandsGradle = regexp.MustCompile(`requires (?:at least )?Gradle \d`)

// gradleError makes sense of a failed build's output.
func (p *Project) gradleError(text string, err error) error {
	wrong := block(text, "* What went wrong:", "* Try:")
	for _, line := range wrong {
		if strings.Contains(line, archiveTask+"' not found in") || strings.HasPrefix(line, "Project '") && strings.Contains(line, "not found in") {
			return p.noBootJar(errors.New(strings.TrimSpace(line)))
		}
	}
	if e := p.mainClassError(text); e != nil {
		return e
	}
	if why := gradleTooOld(p, p.Tool); why != "" && demandsGradle.MatchString(text) {
		return p.tooOld(p.Tool, why)
	}
	where := block(text, "* Where:", "* What went wrong:")
	problems := findProblems(text, p.Dir)
	e := &CompileError{Tool: "gradle", Problems: problems, Err: err, tail: slices.Concat(where, wrong), hints: p.curesFor(text, problems)}
	if len(e.Problems) == 0 {
		e.Problems = scriptProblem(where, wrong, p.Dir)
	}
	if len(e.tail) == 0 {
		e.tail = tail(text, evidenceLines)
	}
	if len(wrong) > 0 && len(e.Problems) == 0 {
		e.Err = fmt.Errorf("%w: %s", err, strings.TrimSpace(wrong[0]))
	}
	return e
}

// scriptPlace matches where Gradle says that a build script failed.
var scriptPlace = regexp.MustCompile(`^\w+ (?:file|script) '(.+)' line: (\d+)$`)

// scriptProblem makes a problem of a build script that compiles, but fails. The last
// reason that Gradle gives is the deepest.
func scriptProblem(where, wrong []string, dir string) []Problem {
	if len(where) == 0 || len(wrong) == 0 {
		return nil
	}
	m := scriptPlace.FindStringSubmatch(strings.TrimSpace(where[0]))
	if m == nil {
		return nil
	}
	problem := Problem{File: relative(m[1], dir), Text: wrong[0]}
	problem.Line, _ = strconv.Atoi(m[2])
	for _, line := range wrong {
		for _, mark := range []string{"> ", "^ "} { // a reason; a place in a line of a Kotlin script
			if reason, found := strings.CutPrefix(strings.TrimSpace(line), mark); found {
				problem.Text = strings.TrimSpace(reason)
			}
		}
	}
	problem.readSource(dir)
	return []Problem{problem}
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
