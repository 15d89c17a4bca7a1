package builder

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/patternmatcher"
)

// Advice is what in a Dockerfile costs its user time. Nothing is changed by itself.
type Advice struct {
	// Text says what it is and what it costs, and begins with the place: "Dockerfile:3: …".
	Text string
	// Hint is what to write instead.
	Hint string
}

// advise looks the Dockerfile over. Only the engine's first builder, classic, is sent the
// whole context.
func (j *job) advise(classic bool) []Advice {
	last := lastStage(instructions(j.app.Dockerfile))
	advice := slices.Concat(j.adviseBase(last), j.adviseJar(last), j.adviseShell(last))
	if classic {
		advice = append(advice, j.adviseContext(last)...)
	}
	return advice
}

// lastStage returns the instructions of the stage that becomes the image.
func lastStage(nodes []*parser.Node) []*parser.Node {
	for i, n := range slices.Backward(nodes) {
		if strings.EqualFold(n.Value, "FROM") {
			return nodes[i:]
		}
	}
	return nil
}

// place begins an advice about an instruction.
func (j *job) place(n *parser.Node) string {
	return fmt.Sprintf("%s:%d: ", relative(j.app.Dockerfile, j.app.Dir), n.StartLine)
}

// leadingVersion matches the Java version that a tag begins with: 17-jdk-slim.
var leadingVersion = regexp.MustCompile(`^\d+`)

// adviseBase is about images that nobody maintains: the official openjdk images got no
// fix since July 2022 (https://hub.docker.com/_/openjdk, "deprecation notice").
func (j *job) adviseBase(stage []*parser.Node) []Advice {
	if len(stage) == 0 {
		return nil
	}
	name, tag, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(baseOf(stage[0]), "docker.io/"), "library/"), ":")
	if name != "openjdk" {
		return nil
	}
	version := leadingVersion.FindString(tag)
	if version == "" {
		version = fmt.Sprint(max(j.app.Java, 17))
	}
	return []Advice{{j.place(stage[0]) + "the openjdk images are no longer maintained, and get no security fixes", "write: FROM eclipse-temurin:" + version + "-jre"}}
}

// adviseJar is about the executable jar as one layer, which each edit changes as a whole.
func (j *job) adviseJar(stage []*parser.Node) []Advice {
	jar := filepath.ToSlash(relative(j.app.Jar, j.contextDir()))
	info, err := os.Stat(j.app.Jar)
	if err != nil || j.app.Boot == "" {
		return nil
	}
	for _, n := range stage {
		if word := strings.ToUpper(n.Value); word != "COPY" && word != "ADD" {
			continue
		}
		from, _ := copied(n, variables(stage))
		if slices.ContainsFunc(from, func(f string) bool { return slices.Contains(j.matches(f), jar) }) {
			return []Advice{{fmt.Sprintf("%sthe whole jar is one layer: each edit changes %d MB, where a class has some kB", j.place(n), info.Size()/1_000_000),
				"copy it in layers, or let devloop do that: it needs no Dockerfile (https://docs.spring.io/spring-boot/reference/packaging/container-images/dockerfiles.html)"}}
		}
	}
	return nil
}

// adviseShell is about an ENTRYPOINT, or a CMD where there is none, that is a line for
// a shell: the shell gets the signal to end, and few pass it on.
func (j *job) adviseShell(stage []*parser.Node) []Advice {
	var start *parser.Node
	for _, word := range []string{"CMD", "ENTRYPOINT"} {
		for _, n := range stage {
			if strings.EqualFold(n.Value, word) {
				start = n
			}
		}
	}
	if start == nil || start.Attributes["json"] || start.Next == nil || strings.HasPrefix(start.Next.Value, "exec ") {
		return nil
	}
	line := start.Next.Value
	hint := "write: " + strings.ToUpper(start.Value) + " exec " + line
	if !strings.ContainsAny(line, "$`\"'|&;<>*\\") {
		hint = fmt.Sprintf("write: %s [%q]", strings.ToUpper(start.Value), strings.Fields(line))
		hint = strings.NewReplacer("[[", "[", "]]", "]", `" "`, `", "`).Replace(hint)
	}
	return []Advice{{j.place(start) + "a shell runs the JVM, which may not hear that it is to end: the Pod then stays for its whole grace period", hint}}
}

// largeContext is what a context may have, in bytes, before its transfer is felt.
const largeContext = 10_000_000

// adviseContext is about what is sent to the engine at each build, though no
// instruction names it.
func (j *job) adviseContext(stage []*parser.Node) []Advice {
	if _, err := os.Stat(j.ignoreFile()); err == nil {
		return nil
	}
	var sources []string
	for _, n := range stage {
		if word := strings.ToUpper(n.Value); word == "COPY" || word == "ADD" {
			from, _ := copied(n, variables(stage))
			sources = append(sources, from...)
		}
	}
	size := j.unusedBytes(sources)
	if size < largeContext {
		return nil
	}
	return []Advice{{fmt.Sprintf("there is no .dockerignore: each build sends %d MB to the engine that no COPY names", size/1_000_000),
		fmt.Sprintf(`write one: printf '%%s\n' '*' %s > .dockerignore`, "'!"+strings.Join(sources, "' '!")+"'")}}
}

// unusedBytes sums the files of the context which are not among sources.
func (j *job) unusedBytes(sources []string) (sum int64) {
	used, err := patternmatcher.New(sources)
	if err != nil {
		return 0
	}
	_ = filepath.WalkDir(j.contextDir(), func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		info, err := d.Info()
		if match, matchErr := used.MatchesOrParentMatches(relative(file, j.contextDir())); err == nil && matchErr == nil && !match {
			sum += info.Size()
		}
		return nil
	})
	return sum
}
