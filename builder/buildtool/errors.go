package buildtool

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/devloop-cli/devloop/builder/diagnostics"
	"github.com/devloop-cli/devloop/internal/fault"
)

// ProjectError says why a directory cannot be built. The reason is a clause that follows the
// directory: "holds no Gradle or Maven project".
func ProjectError(code, dir, reason string, cause error, hints ...string) *fault.Error {
	return &fault.Error{Code: code, Op: fmt.Sprintf("%q %s", dir, reason), Err: cause, Hints: hints}
}

// Ambiguous lists the modules to choose from, by what messages call them and by what the tool does.
func (b Build) Ambiguous(titles, modules []string) error {
	e := ProjectError("project.ambiguous", b.Dir,
		"has several modules with an application: "+strings.Join(titles, ", "), nil)
	e.Evidence = modules
	for _, m := range modules {
		e.Hints = append(e.Hints, "choose one: --module "+m)
	}
	return e
}

// Not a Spring Boot build: the tool says what to add to the build file.
const noApplication = "is not a Spring Boot build, or its plugin is missing: nothing makes an executable jar, and no main class is named"

// NoApplication says that nothing in the build makes an application.
func (b Build) NoApplication(cause error, hints ...string) error {
	return ProjectError("project.unsupported", b.Dir, noApplication, cause, hints...)
}

var (
	// severalMains matches what Spring Boot's plugins say if they find several main classes, noMain if they find none.
	severalMains = regexp.MustCompile(`Unable to find a single main class from the following candidates \[(.+?)\]`)
	noMain       = regexp.MustCompile(`Unable to find main class|Main class name has not been configured and it could not be resolved`)
)

// MainClassError explains a build that failed because of its main class, nil if it did not. The
// hint says how to choose a class.
func (b Build) MainClassError(output string, hint func(class string) string) error {
	if m := severalMains.FindStringSubmatch(output); m != nil {
		e := ProjectError("project.ambiguous", b.Dir, "has several main classes: "+m[1], nil)
		e.Evidence = strings.Split(m[1], ", ")
		for _, class := range e.Evidence {
			e.Hints = append(e.Hints, hint(class))
		}
		return e
	}
	if noMain.MatchString(output) {
		return ProjectError("project.unsupported", b.Dir, "has no main class", nil,
			"write one, with: public static void main(String[] args)",
			"or is this a library? Then choose the module with the application: --module NAME")
	}
	return nil
}

// Failure parses the output of a build that ended with err. moreMemory says how to give the tool more memory.
func (b Build) Failure(output string, err error, moreMemory string) *diagnostics.CompileError {
	e := &diagnostics.CompileError{Tool: b.Tool.Name, Problems: diagnostics.Parse(output, b.Dir), Err: err,
		Advice: diagnostics.Hints(output, moreMemory)}
	if b.Tool.Substitute && diagnostics.MayBeTheTool(e.Problems) {
		e.Advice = append(e.Advice,
			fmt.Sprintf("this build did not use the project's own %s: %s", b.Tool.Name, b.Tool.Why))
	}
	return e
}
