// Package dockerfile answers questions about a Dockerfile without building it.
//
//	f := dockerfile.Read("/shop/Dockerfile", "/shop")
//	f.Bases()                      // the images that it pulls
//	f.RunsJar("/shop/target/a.jar") // does the image run the jar that the build made?
//	f.Failed(step, message)        // which line did the builder complain about, and what helps?
//
// The file is parsed once, with BuildKit's own parser. A file that cannot be parsed has
// no instructions: saying what is wrong with it is the builder's job.
//
// The package looks at files of the build context, but never talks to an engine.
package dockerfile

import (
	"bytes"
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"

	"github.com/devloop-cli/devloop/builder/internal/paths"
)

// File is a parsed Dockerfile and its build context.
type File struct {
	// Path is absolute.
	Path string
	// Context is the absolute directory whose files COPY can name.
	Context string

	text   []byte
	nodes  []*parser.Node
	stages []stage
}

// stage is the part of a Dockerfile from one FROM to the next.
type stage struct {
	name     string // in lower case, as BuildKit has it
	base     string // "" if it depends on a variable that only the builder knows
	line     int
	uses     []string // names and numbers of the stages that it takes files from
	copies   []Copy
	mounts   []string // files of the context that its commands can read
	compiles bool     // it makes classes itself
}

// Copy is a COPY or ADD from the build context.
type Copy struct {
	// Line is where the instruction begins, counted from one, and Text its source.
	Line int
	Text string
	// Sources are patterns relative to the context. A pattern with an unknown variable
	// becomes ".", since it may name any file.
	Sources []string
	// To is the destination.
	To string

	exclude []string
	adds    bool // ADD, which unpacks archives
}

// Read parses the Dockerfile at path. An empty context means the directory of the file.
func Read(path, context string) *File {
	f := &File{Path: path, Context: cmp.Or(context, filepath.Dir(path))}
	f.text, _ = os.ReadFile(path)
	parsed, err := parser.Parse(bytes.NewReader(f.text))
	if err != nil {
		return f
	}
	f.nodes = parsed.AST.Children
	r := reader{lex: shell.NewLex(parsed.EscapeToken), global: variables{}}
	for _, n := range f.nodes {
		r.read(n)
	}
	f.stages = r.stages
	return f
}

// Name is the path of the Dockerfile in its context, with slashes.
func (f *File) Name() string { return filepath.ToSlash(paths.Relative(f.Path, f.Context)) }

// Bases returns the images that the stages begin with, without other stages of the file and
// without those that depend on the arguments of a build.
func (f *File) Bases() []string {
	var bases []string
	for i, s := range f.stages {
		isStage := slices.ContainsFunc(f.stages[:i], func(earlier stage) bool { return earlier.name != "" && strings.EqualFold(earlier.name, s.base) })
		if s.base != "" && s.base != "scratch" && !isStage && !slices.Contains(bases, s.base) {
			bases = append(bases, s.base)
		}
	}
	return bases
}

// Copies returns every COPY and ADD from the context, in all stages.
func (f *File) Copies() []Copy {
	var all []Copy
	for _, s := range f.stages {
		all = append(all, s.copies...)
	}
	return all
}

// variables are the ARGs and ENVs that are known at an instruction. It implements shell.EnvGetter.
type variables map[string]string

// Get implements shell.EnvGetter.
func (v variables) Get(name string) (string, bool) {
	value, ok := v[name]
	return value, ok
}

// Keys implements shell.EnvGetter.
func (v variables) Keys() []string { return slices.Collect(maps.Keys(v)) }

// reader turns instructions into stages.
type reader struct {
	lex    *shell.Lex
	global variables // ARGs before the first FROM
	local  variables // those of the present stage
	stages []stage
}

// compilers matches programs that make classes.
var compilers = regexp.MustCompile(`(?i)\b(gradlew?|mvnw?|javac|kotlinc|ant|sbt|bazel)\b`)

// read adds an instruction. One that this version of BuildKit does not know may do anything.
func (r *reader) read(n *parser.Node) {
	command, err := instructions.ParseInstruction(n)
	if from, ok := command.(*instructions.Stage); ok {
		base, _ := r.expand(from.BaseName, r.global)
		r.local = variables{}
		r.stages = append(r.stages, stage{name: from.Name, base: base, line: n.StartLine, uses: []string{strings.ToLower(base)}})
		return
	}
	if arg, ok := command.(*instructions.ArgCommand); ok {
		r.arg(arg)
		return
	}
	if len(r.stages) == 0 {
		return
	}
	s := &r.stages[len(r.stages)-1]
	if err != nil {
		s.compiles = true
		return
	}
	switch c := command.(type) {
	case *instructions.EnvCommand:
		for _, pair := range c.Env {
			if value, known := r.expand(pair.Value, r.local); known {
				r.local[pair.Key] = value
			}
		}
	case *instructions.RunCommand:
		r.run(s, n, c)
	case *instructions.AddCommand:
		s.copies = append(s.copies, r.copy(n, c.SourcesAndDest, c.ExcludePatterns, true))
	case *instructions.CopyCommand:
		if c.From != "" {
			s.uses = append(s.uses, strings.ToLower(c.From))
			return
		}
		s.copies = append(s.copies, r.copy(n, c.SourcesAndDest, c.ExcludePatterns, false))
	}
}

// arg notes the default of a build argument. In a stage, one without a default has that of
// the same argument before the first FROM.
func (r *reader) arg(c *instructions.ArgCommand) {
	scope := r.local
	if len(r.stages) == 0 {
		scope = r.global
	}
	for _, a := range c.Args {
		if a.Value != nil {
			if value, known := r.expand(*a.Value, scope); known {
				scope[a.Key] = value
			}
		} else if value, known := r.global[a.Key]; known {
			scope[a.Key] = value
		}
	}
}

// run notes what a command does, and which files of the context it can read by --mount
// (https://docs.docker.com/reference/dockerfile/#run---mount).
func (r *reader) run(s *stage, n *parser.Node, c *instructions.RunCommand) {
	s.compiles = s.compiles || compilers.MatchString(n.Original)
	for _, f := range c.Files {
		s.compiles = s.compiles || compilers.MatchString(f.Data)
	}
	if err := c.Expand(func(word string) (string, error) { return r.source(word), nil }); err != nil {
		s.mounts = append(s.mounts, ".")
	}
	for _, m := range instructions.GetMounts(c) {
		switch {
		case m.From != "":
			s.uses = append(s.uses, strings.ToLower(m.From))
		case m.Type == instructions.MountTypeBind:
			s.mounts = append(s.mounts, cmp.Or(m.Source, "."))
		}
	}
}

func (r *reader) copy(n *parser.Node, c instructions.SourcesAndDest, exclude []string, adds bool) Copy {
	made := Copy{Line: n.StartLine, Text: oneLine(n.Original), exclude: exclude, adds: adds}
	for _, source := range c.SourcePaths {
		made.Sources = append(made.Sources, r.source(source))
	}
	made.To, _ = r.expand(c.DestPath, r.local)
	return made
}

// source expands a pattern of the context.
func (r *reader) source(pattern string) string {
	if expanded, known := r.expand(pattern, r.local); known {
		return expanded
	}
	return "."
}

// withDefault matches the beginning of ${NAME:-default} and ${NAME:+other}.
var withDefault = regexp.MustCompile(`\$\{\w+:?[-+]`)

// expand replaces variables in a word, known false and "" if it depends on an unknown one.
func (r *reader) expand(word string, in variables) (expanded string, known bool) {
	expanded, unmatched, err := r.lex.ProcessWord(word, in)
	plain := withDefault.ReplaceAllString(word, "")
	for name := range unmatched {
		if strings.Contains(plain, "$"+name) || strings.Contains(plain, "${"+name) {
			return "", false
		}
	}
	return expanded, err == nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
