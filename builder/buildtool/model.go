package buildtool

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/internal/paths"
)

// Module is what the build tool reports of a module that it builds. Gradle's init script
// (gradle/model.init.gradle) and Maven's extension (maven/extension/…/Model.java) write it during a
// build that runs anyway. All paths are absolute; directories need not exist.
type Module struct {
	// Name is ":app" with Gradle, "com.example:app" with Maven.
	Name string `json:"name"`
	// RootName is what Gradle's settings call the root of the build, whose name is ":". Other modules have none.
	RootName  string `json:"rootName"`
	Directory string `json:"directory"`
	// Application is true if Gradle was asked to build it. Maven does not report this.
	Application bool `json:"application"`
	// Archive is the file that the module packs, "" for none.
	Archive string `json:"archive"`
	// MainClass is the one that the build names, "" if it names none.
	MainClass string `json:"mainClass"`
	// Sources are the directories with sources of all languages, generated ones included;
	// ResourceSources those with unprocessed resources.
	Sources         []string `json:"sources"`
	ResourceSources []string `json:"resourceSources"`
	// Classes and Resources are the directories that the build writes. With Maven they are one.
	Classes   []string `json:"classes"`
	Resources []string `json:"resources"`
	// Libraries are the jars of the run-time class path in its order, without the module's own;
	// Provided those that a container is expected to have.
	Libraries []string `json:"libraries"`
	Provided  []string `json:"provided"`
	// Compilers are those that wrote Classes, in the order in which they ran.
	Compilers []Compiler `json:"compilers"`
	// Frontend are the tasks of Gradle that build web pages with Node.js, whether or not they ran.
	Frontend []string `json:"frontend"`
	// Goals are those that Maven ran, in their order.
	Goals []Goal `json:"goals"`
	// Omitted are the goals or tasks that the tool was told to leave out.
	Omitted []string `json:"omitted"`
	// BuildFiles are files, and directories with files, that the model depends on, beyond those of every build.
	BuildFiles []string `json:"buildFiles"`
}

// Compiler is how the classes of a module are compiled.
type Compiler struct {
	// Plugin is "java" or the artifact of the Maven plugin. Compiler is "javac" or "kotlinc" if it is that
	// and the model describes how it is called.
	Plugin   string `json:"plugin"`
	Compiler string `json:"compiler"`
	// JavaHome is the JDK whose javac runs. Forked means that the build chooses or runs it in a way
	// that the model does not describe.
	JavaHome string `json:"javaHome"`
	Forked   bool   `json:"forked"`
	// Options are the compiler's, without class path, processor path and directories.
	Options []string `json:"options"`
	// ClassPath and ProcessorPath are javac's. If ProcessorPath is nil, Gradle runs no annotation
	// processors, and Maven looks for them on the class path.
	ClassPath     []string `json:"classPath"`
	ProcessorPath []string `json:"processorPath"`
	// ModuleVersion is the version that javac writes into module-info.class, "" for none.
	ModuleVersion string `json:"moduleVersion"`
	// Program are the jars of Kotlin's compiler.
	Program []string `json:"program"`
	// Generated is where processors write sources, and Classes where the compiler writes classes; "" if the build does
	// not say.
	Generated string `json:"generated"`
	Classes   string `json:"classes"`
}

// Goal is a goal of Maven, "maven-jar-plugin:jar", and the phase in which it ran.
type Goal struct {
	Goal  string `json:"goal"`
	Phase string `json:"phase"`
}

// ReadModules reads what a tool reported into file, nil if it reported nothing.
func ReadModules(file string) ([]Module, error) {
	var modules []Module
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &modules)
	}
	if err != nil {
		return nil, fmt.Errorf("read the model of the build: %w", err)
	}
	for i := range modules {
		modules[i].normalize()
	}
	return modules, nil
}

// Title returns what messages call the module.
func (m *Module) Title() string { return cmp.Or(m.RootName, m.Name) }

// Uses reports whether a library of the module is from a directory, such as that of another build.
func (m *Module) Uses(dir string) bool {
	return slices.ContainsFunc(m.Libraries, func(file string) bool { return paths.Within(file, dir) })
}

// Output returns the directory into which the build of the module writes, below the module's own.
func (m *Module) Output() string {
	for _, classes := range m.Classes {
		if rel := paths.Relative(classes, m.Directory); rel != "." && filepath.IsLocal(rel) {
			first, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
			return filepath.Join(m.Directory, first)
		}
	}
	return filepath.Join(m.Directory, "target")
}

// normalize removes duplicates and empty paths. With Maven, classes and resources are in one directory.
func (m *Module) normalize() {
	for _, list := range []*[]string{&m.Sources, &m.ResourceSources, &m.Classes, &m.Resources,
		&m.Libraries, &m.Provided} {
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
