package builder

import (
	"archive/zip"
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/devloop-cli/devloop/builder/jvm"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/atomicfile"
	"github.com/devloop-cli/devloop/internal/proc"
)

// mavenOpts make a short-lived JVM start faster: no second compiler, one collector
// thread. A build takes a third less by them.
const mavenOpts = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"

// modelClasses are the extension of Maven that tells of a build, modelExtension the
// file by which Maven finds it in a jar.
//
//go:embed model/io/github/devloop_cli/*.class
var modelClasses embed.FS

const modelExtension = "META-INF/sisu/javax.inject.Named"

// maven has Maven run a phase of its lifecycle.
func (p *Project) maven(ctx context.Context, out io.Writer, arguments ...string) error {
	args := slices.Concat(p.Tool.Command, []string{"-B", "-ntp", "-DskipTests"})
	if p.SkipStyle {
		args = append(args, skipStyle()...)
	}
	if module := p.mavenModule(); module != "" {
		args = append(args, "-pl", module, "-am")
	}
	args = append(args, arguments...)
	text, err := proc.Command{Dir: p.root, Args: args, Env: p.mavenEnv()}.Run(ctx, out)
	if ctx.Err() != nil {
		return fmt.Errorf("build with maven: %w", context.Cause(ctx))
	}
	if err != nil {
		return p.mavenError(text, proc.ExitError(args, err))
	}
	return nil
}

// mavenPackage has Maven make the executable archive, and tell of the build.
func (p *Project) mavenPackage(ctx context.Context, out io.Writer) (model, error) {
	extension, told, err := writeModelExtension(p.modelDir())
	if err != nil {
		return model{}, err
	}
	before := p.inputs(nil)
	if err := p.maven(ctx, out, "-Dmaven.ext.class.path="+extension, "-Ddevloop.model="+told, "package"); err != nil {
		return model{}, err
	}
	return p.keepModel(told, before)
}

// writeModelExtension puts the extension's jar into dir, and returns its path and that
// of what it will tell.
func writeModelExtension(dir string) (jar, told string, err error) {
	text, err := extensionJar()
	if err != nil {
		return "", "", err
	}
	version := digest(text)[:16]
	jar, told = filepath.Join(dir, version+".jar"), filepath.Join(dir, version+".told.json")
	if _, err := os.Stat(jar); err == nil {
		return jar, told, nil
	}
	if err := atomicfile.Write(jar, text); err != nil {
		return "", "", fmt.Errorf("write Maven's extension: %w", err)
	}
	return jar, told, nil
}

func extensionJar() ([]byte, error) {
	files, err := fs.Sub(modelClasses, "model")
	if err != nil {
		return nil, err
	}
	var data bytes.Buffer
	jar := zip.NewWriter(&data)
	if err := jar.AddFS(files); err != nil {
		return nil, err
	}
	w, err := jar.Create(modelExtension)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(w, "io.github.devloop_cli.Model\n"); err != nil {
		return nil, err
	}
	err = jar.Close()
	return data.Bytes(), err
}

// mavenModule says which module is built: the one that Options name, or the one in
// which the user stands.
func (p *Project) mavenModule() string {
	if p.module != "" {
		return p.module
	}
	rel, err := filepath.Rel(p.root, p.Dir)
	if err != nil || rel == "." {
		return ""
	}
	return filepath.ToSlash(rel)
}

// mavenEnv adds mavenOpts where the user chose no options for Maven's JVM. A collector
// that he chose for every JVM stays the only one.
func (p *Project) mavenEnv() []string {
	_, config := firstFile(filepath.Join(p.root, ".mvn"), "jvm.config")
	if _, set := os.LookupEnv("MAVEN_OPTS"); set || config {
		return nil
	}
	options := strings.Fields(mavenOpts)
	if jvm.ChoosesCollector(jvm.UserOptions()...) {
		options = jvm.WithoutCollector(options)
	}
	return append(os.Environ(), "MAVEN_OPTS="+strings.Join(options, " "))
}

// executableModule looks for the one module whose target holds an executable archive,
// or that has a main class where none does.
func (p *Project) executableModule(m model) (module, error) {
	var found, plain, broken []module
	for _, dir := range mavenModules(p.root) {
		if !p.wants(dir) {
			continue
		}
		one := m.in(dir)
		if archive := newestExecutable(filepath.Join(dir, "target")); archive != "" {
			one.Archive = archive
			found = append(found, one)
		} else if one.Archive != "" && !errors.Is(openError(one.Archive), springboot.ErrNotExecutable) && filepath.Ext(one.Archive) == ".jar" {
			broken = append(broken, one)
		} else if one.MainClass != "" {
			plain = append(plain, one)
		}
	}
	for _, candidates := range [][]module{found, broken, plain} {
		if len(candidates) == 1 {
			return candidates[0], nil
		}
		if len(candidates) > 1 {
			return module{}, p.ambiguous(p.relativeDirs(candidates))
		}
	}
	return module{}, p.noBootJar(nil)
}

func (p *Project) relativeDirs(modules []module) []string {
	names := make([]string, len(modules))
	for i, m := range modules {
		names[i] = relative(m.Directory, p.root)
	}
	return names
}

// wants says whether a module's directory is one that was asked for.
func (p *Project) wants(dir string) bool {
	module := p.mavenModule()
	if module == "" || dir == filepath.Join(p.root, filepath.FromSlash(module)) {
		return true
	}
	if !strings.Contains(module, ":") {
		return false
	}
	pom, err := readPom(dir)
	return err == nil && strings.TrimSpace(pom.ArtifactID) == module[strings.LastIndex(module, ":")+1:]
}

// mavenModules returns the directory root and those of all modules below it.
func mavenModules(root string) []string {
	dirs := []string{root}
	pom, err := readPom(root)
	if err != nil {
		return dirs
	}
	seen := map[string]bool{root: true}
	for _, m := range pom.modules() {
		dir := strings.TrimSuffix(filepath.Join(root, filepath.FromSlash(m)), string(filepath.Separator)+"pom.xml")
		if !seen[dir] && strings.HasPrefix(dir, root) {
			seen[dir] = true
			dirs = append(dirs, mavenModules(dir)...)
		}
	}
	return dirs
}

// newestExecutable returns the executable jar that the last build left in target:
// the one that maven-archiver names, since older versions' jars stay there, else
// the youngest.
func newestExecutable(target string) string {
	named := archived(target)
	jars, _ := filepath.Glob(filepath.Join(target, "*.[jw]ar"))
	var best string
	var bestInfo fs.FileInfo
	for _, jar := range jars {
		info, err := os.Stat(jar)
		if err != nil || openError(jar) != nil {
			continue
		}
		mine := named != "" && strings.HasPrefix(filepath.Base(jar), named)
		its := named != "" && strings.HasPrefix(filepath.Base(best), named)
		if best == "" || mine && !its || mine == its && info.ModTime().After(bestInfo.ModTime()) {
			best, bestInfo = jar, info
		}
	}
	return best
}

// archived returns "artifact-version" of what maven-jar-plugin packed last.
func archived(target string) string {
	text, err := os.ReadFile(filepath.Join(target, "maven-archiver", "pom.properties"))
	if err != nil {
		return ""
	}
	values := springboot.ParseProperties(text)
	return values["artifactId"] + "-" + values["version"]
}

// mavenError makes sense of a failed build's output.
func (p *Project) mavenError(text string, err error) error {
	if e := p.mainClassError(text); e != nil {
		return e
	}
	problems := findProblems(text, p.Dir)
	e := &CompileError{Tool: "maven", Problems: problems, Err: err, hints: append(p.styleHints(text), p.curesFor(text, problems)...)}
	if len(e.Problems) == 0 {
		e.Problems = pomProblems(text, p.Dir)
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "[ERROR]" || !strings.HasPrefix(line, "[ERROR]") || strings.Contains(line, "re-run Maven") {
			continue
		}
		e.tail = append(e.tail, line)
	}
	if len(e.tail) == 0 {
		e.tail = tail(text, evidenceLines)
	}
	e.tail = e.tail[:min(len(e.tail), evidenceLines)]
	if len(e.Problems) == 0 && len(e.tail) > 0 {
		e.Err = fmt.Errorf("%w: %s", err, strings.TrimSpace(strings.TrimPrefix(e.tail[0], "[ERROR]")))
	}
	return e
}

var (
	// pomMistake matches what Maven says of a mistake in a pom.xml that can be read, pomName
	// the line after it that names the file.
	pomMistake = regexp.MustCompile(`^\[(?:ERROR|FATAL)\] +('.+?) @ (?:.+, )?line (\d+), column (\d+)`)
	pomName    = regexp.MustCompile(`(?m)^\[ERROR\] +The project .*\((.+)\) has \d+ errors?`)
)

// pomProblems returns the mistakes in a pom.xml.
func pomProblems(text, dir string) []Problem {
	name := pomName.FindStringSubmatch(text)
	if name == nil {
		return nil
	}
	var found []Problem
	for line := range strings.Lines(text) {
		m := pomMistake.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil || slices.ContainsFunc(found, func(p Problem) bool { return p.Text == m[1] }) {
			continue
		}
		problem := Problem{File: relative(name[1], dir), Text: m[1]}
		problem.Line, _ = strconv.Atoi(m[2])
		problem.Column, _ = strconv.Atoi(m[3])
		problem.readSource(dir)
		found = append(found, problem)
	}
	return found
}
