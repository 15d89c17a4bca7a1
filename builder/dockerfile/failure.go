package dockerfile

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// Failure is an instruction that cannot be built.
type Failure struct {
	// Line is where the instruction begins, counted from one and 0 if that is unknown; Instruction is its text.
	Line        int
	Instruction string
	// Reason is why, nil if the builder's message says all that is known.
	Reason error
	// Hints are actions that help, Evidence the files that a source matches.
	Hints, Evidence []string
}

// parseError matches a parser's complaint: "Dockerfile parse error line 3: …", "… parse error on line 3: …".
var parseError = regexp.MustCompile(`(?i)parse error (?:on )?line (\d+)`)

// Failed returns the instruction that a builder failed at, by its name of the step and its error. jar is the build's.
func (f *File) Failed(step, message, jar string) Failure {
	if m := parseError.FindStringSubmatch(message); m != nil {
		line, _ := strconv.Atoi(m[1])
		return Failure{Line: line, Instruction: f.line(line)}
	}
	node := f.find(step, message)
	if node == nil {
		return Failure{}
	}
	failure := Failure{Line: node.StartLine, Instruction: oneLine(node.Original)}
	for _, name := range f.unset[node.StartLine] {
		failure.Hints = append(failure.Hints,
			fmt.Sprintf("the build argument %s has no value, give it one: --build-arg %s=VALUE", name, name))
	}
	for _, s := range f.stages {
		if s.line == node.StartLine && s.base != "" {
			failure.Reason, failure.Hints = fmt.Errorf("the engine does not have base image %q and cannot pull it",
				s.base), append(failure.Hints, baseHints(s.base)...)
		}
		for _, c := range s.copies {
			if c.Line == node.StartLine {
				for _, source := range c.Sources {
					hints, matches := f.sourceHints(c, source, jar)
					failure.Hints, failure.Evidence = append(failure.Hints, hints...),
						append(failure.Evidence, matches...)
				}
			}
		}
	}
	return failure
}

func (f *File) line(number int) string {
	lines := strings.Split(string(f.text), "\n")
	if number < 1 || number > len(lines) {
		return ""
	}
	return strings.TrimSpace(lines[number-1])
}

// find returns the instruction that a step is about: the one with its text, or the only one
// of its kind if the builder has replaced variables. BuildKit calls a step "[stage 2/3] COPY a b",
// or "[internal] load metadata for IMAGE" for a FROM. The classic builder pulls a base image
// before it announces the step, so a FROM is also found by an image in the message.
func (f *File) find(step, message string) *parser.Node {
	text := step
	if _, after, found := strings.Cut(step, "] "); found && strings.HasPrefix(step, "[") {
		text = after
	}
	text = oneLine(text)
	var kin []*parser.Node
	for _, n := range f.nodes {
		if oneLine(n.Original) == text {
			return n
		}
		if word, _, _ := strings.Cut(text, " "); strings.EqualFold(word, n.Value) {
			kin = append(kin, n)
		}
	}
	if len(kin) == 1 {
		return kin[0]
	}
	for _, s := range f.stages {
		if s.base != "" && strings.Contains(step+" "+message, path.Base(s.base)) {
			i := slices.IndexFunc(f.nodes, func(n *parser.Node) bool { return n.StartLine == s.line })
			return f.nodes[i]
		}
	}
	return nil
}

func baseHints(base string) []string {
	hints := []string{"check the network and the name: docker pull " + base}
	if name, tag, _ := strings.Cut(base, ":"); name == "openjdk" {
		hints = append(hints, "the openjdk images are no longer maintained, write: FROM eclipse-temurin:"+tag)
	}
	return append(hints, "or use an image that the engine has: docker image ls")
}

var errAmbiguous = errors.New("several files match, but the destination is a single file")

// AmbiguousJar returns a COPY of several files to one jar, nil if no line has one. Builders
// refuse it, but the BuildKit of older engines makes a directory, which no JVM opens.
func (f *File) AmbiguousJar(jar string) *Failure {
	for _, c := range f.Copies() {
		if c.adds || len(c.Sources) != 1 || !strings.HasSuffix(c.To, ".jar") ||
			len(f.matches(c.Sources[0], c.exclude)) < 2 {
			continue
		}
		failure := &Failure{Line: c.Line, Instruction: c.Text, Reason: errAmbiguous}
		failure.Hints, failure.Evidence = f.sourceHints(c, c.Sources[0], jar)
		return failure
	}
	return nil
}

// sourceHints says what is wrong with a source of a COPY. The builders' messages do not say what a pattern matches.
func (f *File) sourceHints(c Copy, source, jar string) (hints, matches []string) {
	found := f.matches(source, c.exclude)
	write := ""
	if strings.HasSuffix(source, ".jar") {
		write = fmt.Sprintf(", write: COPY %s %s", f.inContext(jar), c.To)
	}
	switch {
	case len(found) > 1 && !strings.HasSuffix(c.To, "/"):
		return []string{fmt.Sprintf("%d files match %q%s", len(found), source, write)}, found
	case len(found) > 0:
		return nil, nil
	case len(f.glob(source)) > 0:
		return []string{".dockerignore excludes it, add this line at its end: !" + source}, f.glob(source)
	case write != "":
		return []string{fmt.Sprintf("no file matches %q%s", source, write)}, f.glob(path.Dir(source) + "/*.jar")
	}
	return []string{fmt.Sprintf("no file in the build context matches %q", source)}, nil
}
