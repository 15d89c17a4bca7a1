package dockerfile

import (
	"fmt"
	"slices"
	"strings"
)

// Unbuildable returns why the file cannot be built as it is asked for, nil if nothing is known to
// be wrong: there is no stage with the target's name, or a COPY needs a build argument
// that has no value. Builders copy the whole context for a source that is empty.
func (f *File) Unbuildable(jar string) *Failure {
	if f.options.Target != "" && len(f.stages) > 0 && f.target() < 0 {
		return &Failure{Reason: fmt.Errorf("it has no stage %q", f.options.Target), Hints: f.targetHints()}
	}
	for _, c := range f.Copies() {
		for i, source := range c.unset {
			if strings.Trim(source, "./") != "" && len(f.glob(source)) > 0 {
				continue
			}
			names := f.unset[c.Line]
			return &Failure{Line: c.Line, Instruction: c.Text,
				Reason: fmt.Errorf("no value for the build argument %s", strings.Join(names, " and ")),
				Hints: append(f.argumentHints(c.words[i], names, jar),
					"or let devloop make the image: --dockerfile none")}
		}
	}
	return nil
}

func (f *File) targetHints() []string {
	var names []string
	for _, s := range f.stages {
		if s.name != "" {
			names = append(names, s.name)
		}
	}
	if names == nil {
		return []string{"no stage has a name: leave out --target"}
	}
	return []string{"name one of its stages: --target " + strings.Join(names, ", ")}
}

// argumentHints says how to give values to arguments: a Compose file's, or the one with which the word names the jar.
func (f *File) argumentHints(word string, names []string, jar string) []string {
	var hints []string
	for _, name := range names {
		value := "VALUE"
		if before, after, found := cutReference(word, name); found && len(names) == 1 {
			file, begins := strings.CutPrefix(f.inContext(jar), strings.TrimPrefix(before, "./"))
			if file, ends := strings.CutSuffix(file, after); begins && ends && strings.HasSuffix(jar, ".jar") {
				value = file
			}
		}
		if given, where := f.composeArg(name); given != "" {
			value = given
			hints = append(hints, fmt.Sprintf("give it the value of %s: --build-arg %s=%s", where, name, value))
			continue
		}
		hints = append(hints, fmt.Sprintf("give it one: --build-arg %s=%s", name, value))
	}
	return slices.Compact(hints)
}

// cutReference splits a word at the use of a variable, if it uses no other one.
func cutReference(word, name string) (before, after string, found bool) {
	for _, use := range []string{"${" + name + "}", "$" + name} {
		if before, after, found = strings.Cut(word, use); found {
			return before, after, !strings.Contains(before+after, "$")
		}
	}
	return "", "", false
}
