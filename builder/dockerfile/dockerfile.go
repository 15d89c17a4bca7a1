// Package dockerfile answers questions about a Dockerfile without building it.
//
//	f := dockerfile.Read("/shop/Dockerfile", dockerfile.Options{Context: "/shop"})
//	f.Bases()                      // the images that it pulls
//	f.RunsJar("/shop/target/a.jar") // does the image run the jar that the build made?
//	f.Application(jar)              // how does the application get into the image, and what is it without?
//	f.Failed(step, message, jar)   // which line did the builder complain about, and what helps?
//
// BuildKit's own parser reads the file. One that cannot be parsed has no instructions: the builder says what is wrong.
//
// The package looks at files of the build context, but never talks to an engine.
package dockerfile

import (
	"bytes"
	"cmp"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"

	"github.com/devloop-cli/devloop/internal/lists"
)

// File is a parsed Dockerfile and its build context.
type File struct {
	Context

	options Options
	text    []byte
	nodes   []*parser.Node
	stages  stages           // up to the target
	unset   map[int][]string // build arguments without a value, by the line of the instruction that uses them
}

// Options say how a Dockerfile is built.
type Options struct {
	// Context is the directory whose files COPY can name; empty means the directory of the file.
	Context string
	// Target is the stage to build, "" for the last one.
	Target string
	// Args are the values of build arguments.
	Args map[string]string
}

// stages are those of a Dockerfile, in its order.
type stages []stage

// stage is the part of a Dockerfile from one FROM to the next.
type stage struct {
	name     string // in lower case, as BuildKit has it
	base     string // "" if it depends on a variable that only the builder knows
	line     int
	dir      string // of its last WORKDIR, "" for that of its base
	env      variables
	uses     []string // names and numbers of the stages that it is based on or takes files from
	copies   []Copy   // from the context
	takes    []Copy   // from stages and images
	mounts   []string // files of the context that its commands can read
	runs     []command
	compiles bool // it makes classes itself

	entrypoint, cmd []string // as the image has them; nil for those of its base
}

// command is a RUN.
type command struct {
	line int
	text string
}

// Copy is a COPY or ADD from the build context.
type Copy struct {
	// Line is where the instruction begins, counted from one, and Text its source.
	Line int
	Text string
	// Sources are patterns relative to the context, "." for one with an unknown variable, since it may name any file.
	Sources []string
	// To is the destination.
	To string

	from    string // the stage or the image, in lower case, "" for the context
	dir     string // the directory from which To counts, "" for that of the stage's base
	end     int    // its last line
	exclude []string
	adds    bool     // ADD, which unpacks archives
	unset   []string // sources that need a build argument without a value, as the builder expands them
	words   []string // these sources as written
}

// Read parses the Dockerfile at path.
func Read(path string, o Options) *File {
	f := &File{Context: Context{Dir: cmp.Or(o.Context, filepath.Dir(path)), Dockerfile: path}, options: o,
		unset: map[int][]string{}}
	f.text, _ = os.ReadFile(path)
	f.parse()
	return f
}

// parse reads the instructions of the text.
func (f *File) parse() {
	parsed, err := parser.Parse(bytes.NewReader(f.text))
	if err != nil {
		return
	}
	f.nodes = parsed.AST.Children
	r := reader{lex: shell.NewLex(parsed.EscapeToken), given: f.options.Args, global: variables{},
		unset: map[string]bool{}}
	for _, n := range f.nodes {
		r.read(n)
		if used := r.unsetIn(n); used != nil {
			f.unset[n.StartLine] = used
		}
	}
	f.stages = r.stages
	if i := f.target(); i >= 0 {
		f.stages = f.stages[:i+1]
	}
}

// target returns the index of the stage to build, -1 if no stage has that name.
func (f *File) target() int {
	if f.options.Target == "" {
		return len(f.stages) - 1
	}
	if i, err := strconv.Atoi(f.options.Target); err == nil && i < len(f.stages) {
		return i
	}
	return slices.IndexFunc(f.stages,
		func(s stage) bool { return s.name != "" && strings.EqualFold(s.name, f.options.Target) })
}

// Target is the stage to build, "" for the last one.
func (f *File) Target() string { return f.options.Target }

// Text is what the builder gets: the content of the file, or what is left of it; see [Application].
func (f *File) Text() []byte { return f.text }

// Args are the values of build arguments.
func (f *File) Args() map[string]string { return f.options.Args }

// Command returns the last stage's ENTRYPOINT and CMD as the image has them, nil for those of its base image.
func (f *File) Command() (entrypoint, cmd []string) {
	if len(f.stages) == 0 {
		return nil, nil
	}
	last := f.stages[len(f.stages)-1]
	return last.entrypoint, last.cmd
}

// Bases returns the images that stages begin with, but for other stages and what depends on a build's arguments.
func (f *File) Bases() []string {
	var bases []string
	for i, s := range f.stages {
		isStage := slices.ContainsFunc(f.stages[:i],
			func(earlier stage) bool { return earlier.name != "" && strings.EqualFold(earlier.name, s.base) })
		if s.base != "" && s.base != "scratch" && !isStage && !slices.Contains(bases, s.base) {
			bases = append(bases, s.base)
		}
	}
	return bases
}

// Copies returns every COPY and ADD from the context, in all stages.
func (f *File) Copies() []Copy {
	return slices.Concat(lists.Map(f.stages, func(s stage) []Copy { return s.copies })...)
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
	given  map[string]string // build arguments
	global variables         // ARGs before the first FROM
	local  variables         // those of the present stage, with its ENVs
	unset  map[string]bool   // ARGs without a value
	stages stages
}

// compilers matches programs that make classes.
var compilers = regexp.MustCompile(`(?i)\b(gradlew?|mvnw?|javac|kotlinc|ant|sbt|bazel)\b`)

// read adds an instruction. One that this version of BuildKit does not know may do anything.
func (r *reader) read(n *parser.Node) {
	command, err := instructions.ParseInstruction(n)
	if from, ok := command.(*instructions.Stage); ok {
		r.from(n, from)
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
				r.local[pair.Key], s.env[pair.Key] = value, value
			}
		}
	case *instructions.EntrypointCommand:
		s.entrypoint = words(c.ShellDependantCmdLine)
	case *instructions.CmdCommand:
		s.cmd = words(c.ShellDependantCmdLine)
	default:
		r.readFiles(s, n, command)
	}
}

// readFiles adds an instruction that may change files.
func (r *reader) readFiles(s *stage, n *parser.Node, command any) {
	switch c := command.(type) {
	case *instructions.RunCommand:
		r.run(s, n, c)
	case *instructions.WorkdirCommand:
		s.dir = r.workDir(s.dir, c.Path)
	case *instructions.AddCommand:
		s.copies = append(s.copies, r.copy(n, c.SourcesAndDest, c.ExcludePatterns, true))
	case *instructions.CopyCommand:
		made := r.copy(n, c.SourcesAndDest, c.ExcludePatterns, false)
		if made.from = strings.ToLower(c.From); made.from == "" {
			s.copies = append(s.copies, made)
			return
		}
		s.uses, s.takes = append(s.uses, made.from), append(s.takes, made)
	}
}

// from begins a stage. It has the variables of the stage that it is based on.
func (r *reader) from(n *parser.Node, from *instructions.Stage) {
	base, _ := r.expand(from.BaseName, r.global)
	made := stage{name: from.Name, base: base, line: n.StartLine, env: variables{},
		uses: []string{strings.ToLower(base)}}
	for _, earlier := range r.stages {
		if earlier.name != "" && strings.EqualFold(earlier.name, base) {
			made.env, made.dir = maps.Clone(earlier.env), earlier.dir
			made.entrypoint, made.cmd = earlier.entrypoint, earlier.cmd
		}
	}
	r.local = maps.Clone(made.env)
	r.stages = append(r.stages, made)
}

// arg notes the value of a build argument: the one that the user gives, else its default. In a stage, one without a
// default has that of the same argument before the first FROM. An ENV of the same name takes precedence.
func (r *reader) arg(c *instructions.ArgCommand) {
	scope, env := r.local, variables{}
	if len(r.stages) == 0 {
		scope = r.global
	} else {
		env = r.stages[len(r.stages)-1].env
	}
	for _, a := range c.Args {
		value, known := r.given[a.Key]
		if !known {
			value, known = r.global[a.Key]
			if a.Value != nil {
				value, known = r.expand(*a.Value, scope)
			}
		}
		_, fixed := env[a.Key]
		r.unset[a.Key] = !known && !fixed && a.Value == nil && !predefined.MatchString(a.Key)
		if known && !fixed {
			scope[a.Key] = value
		}
	}
}

// predefined matches the arguments that a builder or its client gives a value
// (https://docs.docker.com/reference/dockerfile/#predefined-args).
var predefined = regexp.MustCompile(`(?i)^((TARGET|BUILD)(PLATFORM|OS|OSVERSION|ARCH|VARIANT|STAGE)|BUILDKIT_\w+|SOURCE_DATE_EPOCH|(HTTP|HTTPS|FTP|NO|ALL)_PROXY)$`)

// reference matches the use of a variable.
var reference = regexp.MustCompile(`\$\{?(\w+)`)

// unsetIn returns the build arguments without a value that an instruction uses.
func (r *reader) unsetIn(n *parser.Node) (names []string) {
	for _, m := range reference.FindAllStringSubmatch(n.Original, -1) {
		if r.unset[m[1]] && !slices.Contains(names, m[1]) {
			names = append(names, m[1])
		}
	}
	return names
}

// words returns a command as an image has it.
func words(line instructions.ShellDependantCmdLine) []string {
	if line.PrependShell {
		return append([]string{"/bin/sh", "-c"}, line.CmdLine...)
	}
	return line.CmdLine
}

// workDir returns the directory after a WORKDIR, "" if it depends on what only the builder knows.
func (r *reader) workDir(before, named string) string {
	expanded, known := r.expand(named, r.local)
	switch {
	case !known || before == "" && !path.IsAbs(expanded):
		return ""
	case path.IsAbs(expanded):
		return path.Clean(expanded)
	}
	return path.Join(before, expanded)
}

// run notes what a command does, and which files of the context it can read by --mount
// (https://docs.docker.com/reference/dockerfile/#run---mount).
func (r *reader) run(s *stage, n *parser.Node, c *instructions.RunCommand) {
	text := n.Original
	for _, f := range c.Files {
		text += "\n" + f.Data
	}
	s.runs = append(s.runs, command{n.StartLine, text})
	s.compiles = s.compiles || compilers.MatchString(text)
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
	made := Copy{Line: n.StartLine, Text: oneLine(n.Original), end: n.EndLine, exclude: exclude, adds: adds}
	made.dir = r.stages[len(r.stages)-1].dir
	for _, source := range c.SourcePaths {
		made.Sources = append(made.Sources, r.source(source))
		if empty, known := r.expandUnset(source); known {
			made.unset, made.words = append(made.unset, empty), append(made.words, source)
		}
	}
	made.To, _ = r.expand(c.DestPath, r.local)
	return made
}

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

// expandUnset expands a word as a builder does, to which an argument without a value is empty. It
// reports false if the word has no such argument, or other variables that are unknown.
func (r *reader) expandUnset(word string) (expanded string, unset bool) {
	with := maps.Clone(r.local)
	for name := range r.unset {
		if _, known := with[name]; !known && r.unset[name] {
			with[name] = ""
		}
	}
	if _, known := r.expand(word, r.local); known {
		return "", false
	}
	return r.expand(word, with)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
