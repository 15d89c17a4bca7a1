package dockerfile

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/internal/paths"
)

// Application says how a Dockerfile brings an application into its image: as the jar of the build, as a jar that an
// earlier stage compiles, or unpacked, in directories of libraries and of classes.
type Application struct {
	// Without is the Dockerfile without what brings the application: the last stage lacks those COPYs, and earlier
	// stages that only they need are gone. Its lines have the same numbers.
	Without *File
	// Compiles is the line of the command that compiles the application in the image, 0 if none does.
	Compiles int

	jars, dirs []Copy
}

// Application looks for what brings the application of jar into the image. The reason is a clause that says why it
// can't be told from the rest of the image, "" if it can.
func (f *File) Application(jar string) (a Application, reason string) {
	if len(f.stages) == 0 {
		return a, "it has no stages"
	}
	last, has := f.stages[len(f.stages)-1], f.haveApplication(jar)
	if i := f.stages.earlier(last.uses[0], len(f.stages)-1); i >= 0 && has[i] {
		return a, "its last stage is based on one that has the application"
	}
	f.findCopied(&a, last, jar)
	if reason = f.findTaken(&a, last, has, jar); reason != "" {
		return a, reason
	}
	brought := slices.Concat(a.jars, a.dirs)
	if len(brought) == 0 {
		return a, "it does not copy the jar as a file"
	}
	first := slices.MinFunc(brought, func(x, y Copy) int { return x.Line - y.Line }).Line
	if slices.ContainsFunc(last.runs, func(c command) bool { return c.line > first }) {
		return a, "a command after the application's COPY may read it"
	}
	if a.Compiles, reason = f.stages.compiled(brought, has); reason != "" {
		return a, reason
	}
	if a.Without, reason = f.without(brought); reason != "" {
		return a, reason
	}
	return a, a.Without.reads(jar)
}

// haveApplication says of each stage whether it has the application: it can read the jar, compiles, or is made of such
// a stage.
func (f *File) haveApplication(jar string) []bool {
	has := make([]bool, len(f.stages))
	reads := func(pattern string) bool { return f.use(pattern, nil, jar) != jarUnused }
	for i, s := range f.stages {
		has[i] = s.compiles || slices.ContainsFunc(s.mounts, reads) ||
			slices.ContainsFunc(s.copies, func(c Copy) bool { return slices.ContainsFunc(c.Sources, reads) }) ||
			slices.ContainsFunc(s.uses,
				func(name string) bool { n := f.stages.earlier(name, i); return n >= 0 && has[n] })
	}
	return has
}

// earlier returns the index of the stage before stage i that a FROM or a COPY names, -1 if it names an image.
func (all stages) earlier(name string, i int) int {
	if n, err := strconv.Atoi(name); err == nil && n < i {
		return n
	}
	return slices.IndexFunc(all[:i], func(s stage) bool { return s.name != "" && strings.EqualFold(s.name, name) })
}

// findCopied notes what the last stage copies from the build context: the jar, or directories that were unpacked of it.
func (f *File) findCopied(a *Application, last stage, jar string) {
	var unpacked []string // where
	for _, c := range last.copies {
		if len(c.Sources) != 1 {
			continue
		}
		if f.use(c.Sources[0], c.exclude, jar) == jarCopied && len(f.matches(c.Sources[0], c.exclude)) == 1 {
			a.jars = append(a.jars, c)
		} else if dir, _, found := strings.Cut(c.Sources[0], "BOOT-INF"); found {
			unpacked, a.dirs = append(unpacked, dir), append(a.dirs, c)
		}
	}
	for _, c := range last.copies {
		for _, source := range c.Sources {
			dir, found := strings.CutSuffix(strings.TrimSuffix(source, "/"), "META-INF")
			if found && slices.Contains(unpacked, dir) {
				a.dirs = append(a.dirs, c)
			}
		}
	}
}

// findTaken notes what the last stage takes from those that have the application.
func (f *File) findTaken(a *Application, last stage, has []bool, jar string) (reason string) {
	for _, c := range last.takes {
		i := f.stages.earlier(c.from, len(f.stages)-1)
		switch {
		case i < 0 || !has[i]:
		case len(c.Sources) == 1 && isJarNamed(c.Sources[0], f.inContext(jar)):
			a.jars = append(a.jars, c)
		case f.stages.unpacks(i) && !slices.Contains(c.Sources, "."):
			a.dirs = append(a.dirs, c)
		default:
			return fmt.Sprintf("line %d takes more than the application from a stage that has it", c.Line)
		}
	}
	return ""
}

// isJarNamed reports whether a pattern in another stage is for the application's jar, which lies at the path jar in the
// build context. It may have been renamed in that stage; but it is not the jar of another module.
func isJarNamed(pattern, jar string) bool {
	name := path.Base(pattern)
	matched, err := path.Match(name, path.Base(jar))
	named := err == nil && matched || name == "app.jar" || name == "application.jar"
	module, ofModule := outputDir.FindStringSubmatch(jar), outputDir.MatchString(pattern)
	return named && (module == nil || !ofModule || strings.Contains("/"+pattern, "/"+module[1]))
}

// outputDir matches the path of a jar in a module's output, and the module's directory with a slash.
var outputDir = regexp.MustCompile(`^(.*/|)(?:target|build/libs)/[^/]*$`)

// unpacking matches commands that unpack a jar: Spring Boot's own, and general ones.
var unpacking = regexp.MustCompile(`-Djarmode=(tools|layertools)\b.*\bextract\b|\bjar\s+-?xf\b|\bunzip\b`)

// unpacks reports whether a stage, or one that it is made of, unpacks a jar.
func (all stages) unpacks(i int) bool {
	ofUnpacked := func(name string) bool { n := all.earlier(name, i); return n >= 0 && all.unpacks(n) }
	return slices.ContainsFunc(all[i].uses, ofUnpacked) ||
		slices.ContainsFunc(all[i].runs, func(c command) bool { return unpacking.MatchString(c.text) })
}

// compiled returns the line that compiles what is brought, 0 if nothing does, and why that may make something else than
// a build beside the Dockerfile.
func (all stages) compiled(brought []Copy, has []bool) (line int, reason string) {
	needed := all.needed(lists.Map(brought, func(c Copy) string { return c.from }))
	for i, s := range all {
		if !needed[i] || !s.compiles {
			continue
		}
		line = cmp.Or(line, s.compileLine())
		for _, name := range s.uses[1:] {
			if n := all.earlier(name, i); n < 0 || !has[n] {
				return 0, fmt.Sprintf("the stage that compiles takes files from %q", name)
			}
		}
		for _, c := range s.runs {
			if option := decisive(c.text); option != "" {
				return 0, "it compiles with " + option
			}
		}
	}
	return line, ""
}

// CompileLine returns the first line with a command that compiles classes, 0 if there is none.
func (f *File) CompileLine() (line int) {
	for _, s := range f.stages {
		line = cmp.Or(line, s.compileLine())
	}
	return line
}

// compileLine returns the first line of the stage with a command that compiles classes, 0 if there is none.
func (s stage) compileLine() int {
	for _, c := range s.runs {
		if compilers.MatchString(c.text) {
			return c.line
		}
	}
	return 0
}

// indecisive matches options of builds that do not change the classes.
var indecisive = regexp.MustCompile(
	`^-D(skipTests|maven\.(test|javadoc|repo|artifact|wagon)|org\.gradle\.|jarmode|style\.color|checkstyle\.skip)`)

// decisive returns an option of a build that may change what it makes, such as a profile, "" for none.
func decisive(command string) string {
	for _, word := range strings.Fields(command) {
		property := strings.HasPrefix(word, "-D") && !indecisive.MatchString(word)
		if property || strings.HasPrefix(word, "-P") || word == "--activate-profiles" {
			return word
		}
	}
	return ""
}

// needed says of each stage whether those that the last one names are made of it.
func (all stages) needed(names []string) []bool {
	last := len(all) - 1
	needed := make([]bool, last+1)
	for i := last; i >= 0; i-- {
		if i < last {
			names = all[i].uses
		}
		for _, name := range names {
			if n := all.earlier(name, i); n >= 0 && (needed[i] || i == last) {
				needed[n] = true
			}
		}
	}
	return needed
}

// without returns the Dockerfile without copies of its last stage, and without the stages that nothing needs then.
func (f *File) without(copies []Copy) (rest *File, reason string) {
	rest = f
	for _, c := range copies {
		rest = rest.blank(c.Line, c.end)
	}
	rest.options.Target = ""
	stages, begins := rest.stages, rest.stageLines()
	last := len(stages) - 1
	needed := append(stages.needed(stages[last].uses)[:last], true)
	for i := range begins[:len(begins)-1] {
		if i > last || !needed[i] {
			rest = rest.blank(begins[i], begins[i+1]-1)
		} else if slices.Contains(needed[:i], false) && slices.ContainsFunc(stages[i].uses, isNumber) {
			return nil, "it names stages by numbers"
		}
	}
	return rest, ""
}

func isNumber(name string) bool {
	_, err := strconv.Atoi(name)
	return err == nil
}

// stageLines returns the lines at which stages begin, those after the target included, and the one after the last line.
func (f *File) stageLines() (lines []int) {
	for _, n := range f.nodes {
		if strings.EqualFold(n.Value, "from") {
			lines = append(lines, n.StartLine)
		}
	}
	return append(lines, strings.Count(string(f.text), "\n")+2)
}

// blank returns the Dockerfile without the text of some lines.
func (f *File) blank(first, last int) *File {
	lines := strings.Split(string(f.text), "\n")
	for i := first; i <= min(last, len(lines)); i++ {
		lines[i-1] = ""
	}
	made := &File{Context: f.Context, options: f.options, text: []byte(strings.Join(lines, "\n")),
		unset: map[int][]string{}}
	made.parse()
	return made
}

// reads says what in a Dockerfile without its application still depends on it, "" for nothing.
func (f *File) reads(jar string) (reason string) {
	for _, s := range f.stages {
		if s.compiles {
			return "it compiles in its last stage, or in one that this needs"
		}
		for _, c := range s.copies {
			if slices.ContainsFunc(c.Sources,
				func(source string) bool { return f.use(source, c.exclude, jar) != jarUnused }) {
				return "it copies a directory that contains the jar"
			}
		}
		if slices.ContainsFunc(s.mounts, func(m string) bool { return f.use(m, nil, jar) != jarUnused }) {
			return "a RUN command can read the jar"
		}
	}
	return ""
}

// use says how much of the jar a source of the context has.
func (f *File) use(pattern string, exclude []string, jar string) jarUse {
	name := f.inContext(jar)
	if !f.sent()(name) || !noneOf(exclude)(name) {
		return jarUnused
	}
	found := f.glob(pattern)
	switch {
	case slices.Contains(found, name):
		return jarCopied
	case slices.ContainsFunc(found, func(dir string) bool { return paths.Within(name, dir) }):
		return jarInDir
	}
	return jarUnused
}

// Starts reports whether the application is what a command starts, from a jar or from the directories of a class path.
// The image's working directory is workDir.
func (a Application) Starts(jar string, classPath []string, workDir string) bool {
	inDirs := func(place string) bool {
		place = absolute(place, workDir)
		return slices.ContainsFunc(a.dirs, func(c Copy) bool { return paths.Within(place, c.place(workDir)) })
	}
	if jar == "" {
		outside := func(entry string) bool { return !inDirs(strings.TrimSuffix(entry, "/*")) }
		return len(classPath) > 0 && !slices.ContainsFunc(classPath, outside)
	}
	started := absolute(jar, workDir)
	return inDirs(path.Dir(started)) || slices.ContainsFunc(a.jars, func(c Copy) bool {
		within, _ := path.Match(path.Join(c.place(workDir), path.Base(c.Sources[0])), started)
		return within || started == c.place(workDir)
	})
}

// Places returns where the last stage copies to, but for the application.
func (f *File) Places(workDir string) (places []string) {
	if len(f.stages) == 0 {
		return nil
	}
	last := f.stages[len(f.stages)-1]
	return lists.Map(slices.Concat(last.copies, last.takes), func(c Copy) string { return c.place(workDir) })
}

// place returns where the files are copied to, in an image with a working directory.
func (c Copy) place(workDir string) string { return absolute(c.To, cmp.Or(c.dir, workDir)) }

// absolute returns the path of a place in a directory of an image, where "" is the root.
func absolute(place, dir string) string {
	if !path.IsAbs(place) {
		place = path.Join("/", dir, place)
	}
	return path.Clean(place)
}
