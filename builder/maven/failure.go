package maven

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/diagnostics"
	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/internal/paths"
)

// severalApplications matches what the extension says of a build that would make more than one; see
// extension/…/Omit.java.
var severalApplications = regexp.MustCompile(`(?m)^\[ERROR\] several applications: (.+?)(?: -> \[Help \d+\])?\s*$`)

// noModule matches what Maven says of a module that the build does not have.
var noModule = regexp.MustCompile(`Could not find the selected project in the reactor: (\S+)`)

// failure parses the output of a build that ended with err.
func failure(b buildtool.Build, text string, err error) error {
	if e := b.MainClassError(text, func(class string) string {
		return fmt.Sprintf("choose it in pom.xml: <properties><start-class>%s</start-class></properties>", class)
	}); e != nil {
		return e
	}
	if e := moduleError(b, text); e != nil {
		return e
	}
	e := b.Failure(text, err, moreMemory)
	e.Advice = append(styleHints(b, text), e.Advice...)
	m := missing.FindStringSubmatch(text)
	if len(e.Problems) == 0 && !(m != nil && strings.Contains(text, "Non-resolvable ")) { // the others come of that
		e.Problems = pomProblems(text, b.Dir)
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(furtherReading.ReplaceAllString(line, ""))
		if line != "[ERROR]" && strings.HasPrefix(line, "[ERROR]") {
			e.Output = append(e.Output, line)
		}
	}
	if len(e.Output) == 0 {
		e.Output = diagnostics.Tail(text)
	}
	e.Output = e.Output[:min(len(e.Output), diagnostics.MaxLines)]
	if len(e.Problems) == 0 && m != nil {
		e.Err = fmt.Errorf("%w: %s is in no repository of the build", err, m[1]+m[2])
	} else if len(e.Problems) == 0 && len(e.Output) > 0 {
		e.Err = fmt.Errorf("%w: %s", err, strings.TrimSpace(strings.TrimPrefix(e.Output[0], "[ERROR]")))
	}
	return e
}

// moduleError says that a build has several applications to choose from, or not the module that was chosen.
func moduleError(b buildtool.Build, text string) error {
	if m := severalApplications.FindStringSubmatch(text); m != nil {
		dirs := lists.Map(strings.Split(m[1], "|"),
			func(dir string) string { return paths.Relative(dir, b.Root) })
		return b.Ambiguous(dirs, dirs)
	}
	m := noModule.FindStringSubmatch(text)
	if m == nil {
		return nil
	}
	hints := lists.Map(Maven{}.DeclaredModules(b.Root),
		func(name string) string { return "choose one: --module " + name })
	if len(hints) == 0 {
		hints = []string{"it has only one: leave out --module"}
	}
	return buildtool.ProjectError("project.unsupported", b.Dir, fmt.Sprintf("has no module %q", m[1]), nil, hints...)
}

var (
	// furtherReading matches what Maven says below every failure, and its mark in the lines before.
	furtherReading = regexp.MustCompile(`(?: -> |^\[ERROR\] )\[Help \d+\].*|^\[ERROR\] -> |.*(?:[Rr]e-run Maven|For more information about the errors).*`)
	// missing matches a dependency or plugin that no repository has, the first time and later ones.
	missing = regexp.MustCompile(`Could not find artifact (\S+)|(\S+:\S+) was not found in \S+ during a previous attempt`)
	// pomMistake matches a mistake in a pom.xml that Maven can read, pomName the line after it that names the file.
	pomMistake = regexp.MustCompile(`^\[(?:ERROR|FATAL)\] +('.+?) @ (?:.+, )?line (\d+), column (\d+)`)
	pomName    = regexp.MustCompile(`(?m)^\[ERROR\] +The project .*\((.+)\) has \d+ errors?`)
)

// pomProblems returns the mistakes in a pom.xml.
func pomProblems(text, dir string) []diagnostics.Problem {
	name := pomName.FindStringSubmatch(text)
	if name == nil {
		return nil
	}
	var found []diagnostics.Problem
	for line := range strings.Lines(text) {
		m := pomMistake.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil || slices.ContainsFunc(found, func(p diagnostics.Problem) bool { return p.Text == m[1] }) {
			continue
		}
		line, _ := strconv.Atoi(m[2])
		column, _ := strconv.Atoi(m[3])
		found = append(found, diagnostics.New(dir, name[1], line, column, m[1]))
	}
	return found
}
