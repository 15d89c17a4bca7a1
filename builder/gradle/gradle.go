// Package gradle runs Gradle 4 to 9, reads what it reports of a build, and parses its failures.
//
//	modules, err := gradle.Gradle{}.Package(ctx, build, out) // builds the executable jar
//	one, err := gradle.Gradle{}.Application(build, modules)
//
// An init script adds two tasks to the build, and has Gradle report its model as the build runs.
// What a build is, and what to do with the model, is in packages buildtool and project.
package gradle

import (
	"context"
	"crypto/rand"
	_ "embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/jvm"
	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/internal/proc"
)

// Gradle is the build tool.
type Gradle struct{}

//go:embed model.init.gradle
var modelScript string

// The init script's tasks: one makes the executable archive, the other what goes into it.
const (
	ArchiveTask = "devloopArchive"
	ClassesTask = "devloopClasses"
)

const moreMemory = "give Gradle's daemon more memory, in gradle.properties: org.gradle.jvmargs=-Xmx2g"

// Package builds the executable archive, and returns the modules of the build.
func (g Gradle) Package(ctx context.Context, b buildtool.Build, out io.Writer) ([]buildtool.Module, error) {
	return g.run(ctx, b, out, ArchiveTask)
}

// Classes builds everything that goes into the archive, but does not pack it.
func (g Gradle) Classes(ctx context.Context, b buildtool.Build, out io.Writer) ([]buildtool.Module, error) {
	return g.run(ctx, b, out, ClassesTask)
}

// run has Gradle run a task of the init script, and returns what it reports of the build.
func (Gradle) run(ctx context.Context, b buildtool.Build, out io.Writer, task string) ([]buildtool.Module, error) {
	script, report, err := writeModelScript(b.StateDir("models"))
	if err != nil {
		return nil, err
	}
	args := slices.Concat(b.Tool.Command, []string{"--console=plain", "--daemon", "--init-script", script,
		"-Ddevloop.onlyApplication=" + strconv.FormatBool(b.OnlyApplication),
		"-Ddevloop.skipFrontend=" + strconv.FormatBool(b.SkipFrontend), "-p", b.Dir})
	for module := range strings.SplitSeq(b.Module, ",") {
		args = append(args, taskPath(module, task))
	}
	for _, dir := range siblings(b.Root) {
		args = append(args, "--include-build", dir)
	}
	// the daemon, which builds, takes its options from gradle.properties
	env := jvm.QuickStart("GRADLE_OPTS", "JAVA_OPTS")
	text, err := proc.Command{Dir: b.Root, Args: args, Env: env}.Run(ctx, out)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("build with gradle: %w", context.Cause(ctx))
	}
	if err != nil {
		return nil, failure(b, text, proc.ExitError(args, err))
	}
	return buildtool.ReadModules(report)
}

// taskPath returns what a task of the init script is called. Without a module Gradle runs it in
// every project that has it.
func taskPath(module, name string) string {
	if module == "" {
		return name
	}
	return strings.TrimSuffix(projectPath(module), ":") + ":" + name // ":" is the root of the build
}

// projectPath returns what Gradle calls a module.
func projectPath(module string) string {
	return ":" + strings.ReplaceAll(strings.Trim(module, ":/"), "/", ":")
}

// writeModelScript writes the init script into dir. It returns the script's path, and that of the file into which the
// script will write the model. While that file exists the script does not change, so that Gradle's configuration cache
// need not run it again; otherwise a new nonce makes the cache run it.
func writeModelScript(dir string) (script, report string, err error) {
	version := buildtool.Digest([]byte(modelScript))[:16]
	script, report = filepath.Join(dir, version+".init.gradle"), filepath.Join(dir, version+".told.json")
	_, noModel := os.Stat(report)
	_, noScript := os.Stat(script)
	if noModel == nil && noScript == nil {
		return script, report, nil
	}
	path := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(report)
	text := strings.NewReplacer("@MODEL@", path, "@NONCE@", rand.Text()).Replace(modelScript)
	if err = os.MkdirAll(dir, 0o700); err == nil {
		err = os.WriteFile(script, []byte(text), 0o600)
	}
	if err != nil {
		return "", "", fmt.Errorf("write Gradle's init script: %w", err)
	}
	return script, report, nil
}

// Application returns the module that makes an executable archive or, if none does, that has a
// main class. It returns an error if there is no such module, or more than one.
func (Gradle) Application(b buildtool.Build, modules []buildtool.Module) (buildtool.Module, error) {
	applications := slices.DeleteFunc(slices.Clone(modules), func(m buildtool.Module) bool { return !m.Application })
	found := slices.DeleteFunc(slices.Clone(applications), func(m buildtool.Module) bool { return m.Archive == "" })
	if len(found) == 0 {
		found = slices.DeleteFunc(applications, func(m buildtool.Module) bool { return m.MainClass == "" })
	}
	if own := slices.IndexFunc(found,
		func(m buildtool.Module) bool { return m.Name == projectPath(b.Module) }); own >= 0 && b.Module != "" {
		return found[own], nil // others were built with it
	}
	switch len(found) {
	case 0:
		return buildtool.Module{}, noApplication(b, nil)
	case 1:
		return found[0], nil
	}
	return buildtool.Module{}, b.Ambiguous(lists.Map(found, func(m buildtool.Module) string { return m.Title() }),
		lists.Map(found, func(m buildtool.Module) string { return m.Name }))
}

// PackagingReason is "": Gradle makes everything that goes into the archive without packing it.
func (Gradle) PackagingReason(buildtool.Module) string { return "" }

// PacksLate is false: Gradle makes the jars of other modules with the classes.
func (Gradle) PacksLate() bool { return false }

// Frontend reports whether a module has tasks that build web pages.
func (Gradle) Frontend(m buildtool.Module) bool { return len(m.Frontend) > 0 }

// Omitted returns the tasks that the init script disabled.
func (Gradle) Omitted(modules []buildtool.Module) (tasks []string) {
	for _, m := range modules {
		tasks = append(tasks, m.Omitted...)
	}
	return tasks
}

// noApplication says that no module makes an application, and what to add to the build.
func noApplication(b buildtool.Build, cause error) error {
	if b.Module != "" {
		return b.NoApplication(cause, "look which modules there are: gradle projects")
	}
	if builds := included(b.Root); len(builds) > 0 {
		return b.NoApplication(cause, lists.Map(builds,
			func(dir string) string { return "open a build that it includes, with the others: devloop run " + dir })...)
	}
	file := Gradle{}.BuildFile(b.ModuleDir()) // both languages take these lines
	return b.NoApplication(cause,
		"without Spring Boot, name the main class in "+file+
			`: plugins { id("application") }; application { mainClass = "com.example.Main" }`,
		"add the plugin to "+file+`: plugins { id("org.springframework.boot") version "3.5.7" }`)
}
