package builder

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/internal/atomicfile"
)

// module is what the build tool says of a module that it builds. Gradle's init script
// (model.init.gradle) and Maven's extension (model/…/Model.java) write it, as part of
// a build that runs anyway. All paths are absolute; those of directories may lead
// to ones that are not there.
type module struct {
	// Name is ":app" with Gradle, "com.example:app" with Maven.
	Name      string `json:"name"`
	Directory string `json:"directory"`
	// Application is true where devloop asked Gradle for it. Maven does not know.
	Application bool `json:"application"`
	// Archive is the file that the module packs, "" where it packs none.
	Archive string `json:"archive"`
	// MainClass is the one that the build names, "" where it leaves it to be found.
	MainClass string `json:"mainClass"`
	// Sources are the directories of all languages' sources, generated ones too;
	// ResourceSources those of the resources as they are before they are processed.
	Sources         []string `json:"sources"`
	ResourceSources []string `json:"resourceSources"`
	// Classes and Resources are where the build puts what it makes of them. Maven puts both in one.
	Classes   []string `json:"classes"`
	Resources []string `json:"resources"`
	// Libraries are the jars of the run-time class path, in its order, the module's
	// own left out; Provided those that a container is expected to have.
	Libraries []string `json:"libraries"`
	Provided  []string `json:"provided"`
	// Compilers are those that made Classes, in the order in which they ran.
	Compilers []compiler `json:"compilers"`
	// Goals are those that Maven ran, in their order, each with its phase.
	Goals []goal `json:"goals"`
	// SkippedTasks are the tasks that Gradle was told to leave out.
	SkippedTasks []string `json:"skippedTasks"`
	// BuildFiles are files, and directories of files, of which the model is made, beyond
	// those that every build has.
	BuildFiles []string `json:"buildFiles"`
}

// compiler is how a module's classes are compiled.
type compiler struct {
	// Plugin is "java" or the Maven plugin's artifact, Compiler "javac" where it is that.
	Plugin   string `json:"plugin"`
	Compiler string `json:"compiler"`
	// JavaHome is the JDK whose javac runs. Forked says that the build chose it, or
	// runs it, in a way that is not told here.
	JavaHome string `json:"javaHome"`
	Forked   bool   `json:"forked"`
	// Options are javac's own, without class path, processor path and directories.
	Options []string `json:"options"`
	// ClassPath and ProcessorPath are javac's. A nil ProcessorPath means that Gradle runs
	// no annotation processor, and that Maven looks for them on the class path.
	ClassPath     []string `json:"classPath"`
	ProcessorPath []string `json:"processorPath"`
	// ModuleVersion is the version that javac writes into a module-info.class, "" for none.
	ModuleVersion string `json:"moduleVersion"`
	// Generated is where processors put sources, "" where the build names nothing.
	Generated string `json:"generated"`
}

// goal is a goal of Maven's, "maven-jar-plugin:jar", and the phase in which it ran.
type goal struct {
	Goal  string `json:"goal"`
	Phase string `json:"phase"`
}

// model is what is known of a build: it is asked of the tool when the build files
// have changed, which Inputs, a digest of each, tells.
type model struct {
	Modules []module          `json:"modules"`
	Inputs  map[string]string `json:"inputs"`
}

// modelDir is where what is known of this project's build is kept.
func (p *Project) modelDir() string {
	return filepath.Join(p.cache, "models", digest([]byte(p.Dir), []byte{0}, []byte(p.module))[:16])
}

// model returns what the last build told, false where none did, or where build files
// have changed since.
func (p *Project) model() (model, bool) {
	var m model
	if !atomicfile.ReadJSON(filepath.Join(p.modelDir(), "model.json"), &m) {
		return model{}, false
	}
	return m, maps.Equal(m.Inputs, p.inputs(m.Modules))
}

// in returns the module of a directory, with nothing but that where none is known.
func (m model) in(dir string) module {
	for _, one := range m.Modules {
		if realPath(one.Directory) == realPath(dir) {
			return one
		}
	}
	return module{Directory: dir}
}

// keepModel keeps what the tool wrote into the file told. It holds for the build files
// as they were before the build, which before tells.
func (p *Project) keepModel(told string, before map[string]string) (model, error) {
	var m model
	text, err := os.ReadFile(told)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &m.Modules)
	}
	if err != nil {
		return m, fmt.Errorf("read what %s told of the build: %w", p.Tool.Name, err)
	}
	for i := range m.Modules {
		m.Modules[i].tidy()
	}
	m.Inputs = p.inputs(m.Modules)
	maps.Copy(m.Inputs, before)
	return m, atomicfile.WriteJSON(filepath.Join(p.modelDir(), "model.json"), m)
}

// tidy leaves out what is named twice, and what is not set. Maven's classes and
// resources lie together.
func (m *module) tidy() {
	for _, list := range []*[]string{&m.Sources, &m.ResourceSources, &m.Classes, &m.Resources, &m.Libraries, &m.Provided} {
		seen := map[string]bool{}
		*list = slices.DeleteFunc(*list, func(path string) bool {
			twice := path == "" || seen[path]
			seen[path] = true
			return twice
		})
	}
	if len(m.Resources) == 0 {
		m.Resources = m.Classes
	}
}

// inputs returns what says how the build goes, by a digest each: the project's
// files, the user's, those that the model names, and the environment.
func (p *Project) inputs(modules []module) map[string]string {
	found := map[string]string{"environment": environment(), "command": strings.Join(p.Tool.Command, " ")}
	p.addBuildFiles(found, p.root, isBuildFile)
	for _, file := range p.usersBuildFiles() {
		addDigest(found, file)
	}
	anyFile := func(string) bool { return true }
	for _, m := range modules {
		for _, path := range m.BuildFiles {
			p.addBuildFiles(found, path, anyFile)
		}
	}
	return found
}

// environment returns the digest of the variables that the tools heed.
func environment() string {
	var parts [][]byte
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if slices.Contains([]string{"JAVA_HOME", "JAVA_OPTS", "MAVEN_OPTS", "MAVEN_ARGS", "GRADLE_OPTS", "GRADLE_USER_HOME"}, name) || strings.HasPrefix(name, "ORG_GRADLE_PROJECT_") {
			parts = append(parts, []byte(v), []byte{0})
		}
	}
	slices.SortFunc(parts, bytes.Compare)
	return digest(parts...)
}

// usersBuildFiles are those outside of the project that every build of the user reads.
func (p *Project) usersBuildFiles() []string {
	if p.Tool.Name == "maven" {
		return []string{inHome(filepath.Join(".m2", "settings.xml")), inHome(filepath.Join(".m2", "settings-security.xml")), inHome(filepath.Join(".m2", "toolchains.xml")), inHome(".mavenrc")}
	}
	files := []string{filepath.Join(gradleHome(), "gradle.properties"), filepath.Join(gradleHome(), "init.gradle")}
	more, _ := filepath.Glob(filepath.Join(gradleHome(), "init.d", "*"))
	return append(files, more...)
}

// notBuildFiles are directories in which no build file is looked for: what builds
// make, and what other tools fetch. Hidden ones are left out too, but for Maven's .mvn.
var notBuildFiles = []string{"build", "target", "out", "bin", "node_modules"}

// addBuildFiles adds the digests of files at and below path.
func (p *Project) addBuildFiles(found map[string]string, path string, is func(name string) bool) {
	_ = filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // what can't be read is as if it weren't there: the build tells
		}
		if !d.IsDir() {
			if is(d.Name()) || isBuildCode(p.root, file) {
				addDigest(found, file)
			}
			return nil
		}
		hidden := strings.HasPrefix(d.Name(), ".") && d.Name() != ".mvn"
		if file != path && (hidden || slices.Contains(notBuildFiles, d.Name()) || isMainSource(p.root, file)) {
			return filepath.SkipDir
		}
		return nil
	})
}

// isBuildFile tells a build file by its name.
func isBuildFile(name string) bool {
	for _, suffix := range []string{".gradle", ".gradle.kts", ".toml", ".lockfile"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return slices.Contains([]string{"pom.xml", "gradle.properties", "gradle-wrapper.properties", "maven-wrapper.properties",
		"maven.config", "jvm.config", "extensions.xml", "lombok.config"}, name)
}

// isBuildCode says whether a file is one of buildSrc, all of which Gradle compiles into the build.
func isBuildCode(root, file string) bool {
	rel, err := filepath.Rel(root, file)
	return err == nil && strings.HasPrefix(filepath.ToSlash(rel), "buildSrc/")
}

// isMainSource says whether a directory holds sources of a module, among which no build file lies.
func isMainSource(root, dir string) bool {
	return filepath.Base(dir) == "src" && !isBuildCode(root, dir)
}

func addDigest(found map[string]string, file string) {
	if text, err := os.ReadFile(file); err == nil {
		found[file] = digest(text)
	}
}
