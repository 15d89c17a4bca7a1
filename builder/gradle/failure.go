package gradle

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/diagnostics"
	"github.com/devloop-cli/devloop/internal/fault"
)

var (
	// demandsGradle matches what Gradle prints if a plugin asks for a later one.
	demandsGradle = regexp.MustCompile(`requires (?:at least )?Gradle \d`)
	// scriptFails matches what it prints of a script that has a mistake, or something that this Gradle does not know.
	scriptFails = regexp.MustCompile(`A problem occurred evaluating |Could not compile (?:build|settings) file`)
)

// failure parses the output of a build that ended with err.
func failure(b buildtool.Build, text string, err error) error {
	wrong := block(text, "* What went wrong:", "* Try:")
	for _, line := range wrong {
		if strings.Contains(line, ArchiveTask+"' not found in") ||
			strings.HasPrefix(line, "Project '") && strings.Contains(line, "not found in") {
			return noApplication(b, errors.New(strings.TrimSpace(line)))
		}
	}
	if e := b.MainClassError(text, func(class string) string {
		return fmt.Sprintf("choose it in %s: springBoot { mainClass = %q }", Gradle{}.BuildFile(b.ModuleDir()), class)
	}); e != nil {
		return e
	}
	where := block(text, "* Where:", "* What went wrong:")
	e := b.Failure(text, err, moreMemory)
	e.Output = slices.Concat(where, wrong)
	if len(e.Problems) == 0 {
		e.Problems = scriptProblem(where, wrong, b.Dir)
	}
	if len(e.Output) == 0 {
		e.Output = diagnostics.Tail(text)
	}
	if len(wrong) > 0 && len(e.Problems) == 0 {
		e.Err = fmt.Errorf("%w: %s", err, deepest(wrong))
	}
	return perhapsTooOld(b, text, e)
}

// perhapsTooOld returns an error of a build, or says that the installed Gradle is too old for it. Where that is not
// certain to be the cause, the error goes with it.
func perhapsTooOld(b buildtool.Build, text string, e *diagnostics.CompileError) error {
	doubt, is := errors.AsType[*fault.Error](Gradle{}.Doubt(b))
	switch {
	case is && demandsGradle.MatchString(text):
		return doubt
	case is && scriptFails.MatchString(text):
		doubt.Err, doubt.Evidence = errors.New(e.Error()), e.Evidence()
		return doubt
	}
	return e
}

// scriptPlace matches the place at which a build script failed.
var scriptPlace = regexp.MustCompile(`^\w+ (?:file|script) '(.+)' line: (\d+)$`)

// scriptProblem returns the problem of a build script that compiles but fails.
func scriptProblem(where, wrong []string, dir string) []diagnostics.Problem {
	if len(where) == 0 || len(wrong) == 0 {
		return nil
	}
	m := scriptPlace.FindStringSubmatch(strings.TrimSpace(where[0]))
	if m == nil {
		return nil
	}
	line, _ := strconv.Atoi(m[2])
	return []diagnostics.Problem{diagnostics.New(dir, m[1], line, 0, deepest(wrong))}
}

// deepest returns the last reason that Gradle prints.
func deepest(wrong []string) string {
	text := strings.TrimSpace(wrong[0])
	for _, said := range wrong {
		for _, mark := range []string{"> ", "^ "} { // a reason; a place in a line of a Kotlin script
			if reason, found := strings.CutPrefix(strings.TrimSpace(said), mark); found {
				text = strings.TrimSpace(reason)
			}
		}
	}
	return strings.TrimSuffix(text, " in any of the following sources:")
}

// block returns the lines between the one that begins with from and the one that begins with to.
func block(text, from, to string) []string {
	_, text, found := strings.Cut(text, from+"\n")
	if !found {
		return nil
	}
	text, _, _ = strings.Cut(text, "\n"+to)
	return diagnostics.Tail(text)
}
