package builder

import (
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// An image of a Dockerfile can be known to run what the build has made, if the Dockerfile takes the
// archive from the context as it is. One that compiles by itself can't: what runs may differ.

// compiles recognises what makes classes, in an instruction.
var compiles = regexp.MustCompile(`(?i)\b(gradlew?|mvnw?|javac|kotlinc|ant|sbt|bazel)\b`)

// stage is a part of a Dockerfile, from a FROM to the next.
type stage struct {
	name     string
	compiles bool     // it makes classes by itself
	from     []string // the stages that it takes files of
	copied   []string // patterns of the files that it copies from the context
	mounted  []string // files of the context that its commands can read while they run
}

// carriesArchive says whether the last stage has the application's archive, or what was taken
// out of it, and nothing in the Dockerfile makes classes.
func (j *job) carriesArchive() bool {
	stages := j.stages()
	if len(stages) == 0 || slices.ContainsFunc(stages, func(s stage) bool { return s.compiles }) {
		return false
	}
	last := stages[len(stages)-1]
	for i, s := range stages {
		taken := s.name != "" && slices.Contains(last.from, s.name) || slices.Contains(last.from, strconv.Itoa(i))
		if (taken || i == len(stages)-1) && slices.ContainsFunc(slices.Concat(s.copied, s.mounted), j.isArchive) {
			return true
		}
	}
	return false
}

// stages reads those of the Dockerfile.
func (j *job) stages() (stages []stage) {
	nodes := instructions(j.app.Dockerfile)
	values := variables(nodes)
	for _, n := range nodes {
		word := strings.ToUpper(n.Value)
		if word == "FROM" {
			s := stage{from: []string{baseOf(n)}} // a stage may begin with another one
			if n.Next != nil && n.Next.Next != nil && n.Next.Next.Next != nil {
				s.name = n.Next.Next.Next.Value // FROM base AS name
			}
			stages = append(stages, s)
		}
		if len(stages) == 0 {
			continue
		}
		s := &stages[len(stages)-1]
		switch word {
		case "RUN":
			s.compiles = s.compiles || compiles.MatchString(n.Original)
			s.mount(n)
		case "COPY", "ADD":
			from, _ := copied(n, values)
			s.copied = append(s.copied, from...)
			for _, flag := range n.Flags {
				if name, found := strings.CutPrefix(flag, "--from="); found {
					s.from = append(s.from, name)
				}
			}
		}
	}
	return stages
}

// mount notes what a RUN lets its command read, by --mount: bind is the type without a word
// (https://docs.docker.com/reference/dockerfile/#run---mount), and all of the context its source.
func (s *stage) mount(n *parser.Node) {
	for _, flag := range n.Flags {
		text, found := strings.CutPrefix(flag, "--mount=")
		if !found {
			continue
		}
		kind, source, from := "bind", ".", ""
		for _, field := range strings.Split(text, ",") {
			switch name, value, _ := strings.Cut(field, "="); strings.ToLower(name) {
			case "type":
				kind = value
			case "source", "src":
				source = value
			case "from":
				from = value
			}
		}
		switch {
		case from != "":
			s.from = append(s.from, from)
		case kind == "bind":
			s.mounted = append(s.mounted, source)
		}
	}
}

// isArchive says whether the source of a COPY is the archive that the build has made.
func (j *job) isArchive(pattern string) bool {
	found := j.matches(pattern)
	return len(found) == 1 && found[0] == filepath.ToSlash(relative(j.app.Jar, j.contextDir()))
}
