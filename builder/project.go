package builder

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/devloop-cli/devloop/builder/internal/paths"
	"github.com/devloop-cli/devloop/builder/springboot"
)

// Options say how a project is opened.
type Options struct {
	// Module names the module of a multi-module build that holds the application, in
	// the build tool's words: ":app" for Gradle, "app" or ":artifact" for Maven.
	// Empty: the only one that makes an executable jar.
	Module string
	// BuildTool is "gradle" or "maven", for a directory that has both builds; "" leaves it to Open.
	BuildTool string
	// Dockerfile names the one to build by, absolute or relative to the working directory, instead
	// of that in the directory; [NoDockerfile] leaves that out.
	Dockerfile string
	// Env are variables, NAME=VALUE, that the application is given when it runs.
	Env []string
	// CacheDir is devloop's own cache directory; empty means "devloop" in the user's.
	CacheDir string
	// Out receives what a wrapper prints while it downloads its tool; nil discards it.
	Out io.Writer
}

// Project is a directory with a Gradle or Maven build.
type Project struct {
	// Dir is the absolute directory that was opened: the whole build or one module.
	Dir string
	// Name is what image and application are called, fit for an image reference.
	Name string
	// Tool builds it.
	Tool Tool
	// Dockerfile is the absolute path of the project's own, "" if there is none.
	Dockerfile string

	// NeedsJar reports whether the image of an application with a Dockerfile needs the jar; nil
	// means that it always does. See [Imager.NeedsJar].
	NeedsJar func(App) bool
	// SkipStyle has the build leave out checks of style, such as checkstyle: in the middle of an
	// edit they fail for nothing that matters to what runs.
	SkipStyle bool

	named  string // the Dockerfile that Options name, NoDockerfile or "" for that of a directory
	root   string // the outermost directory of the build, which holds Dir
	module string
	cache  string
	env    []string
}

// Open finds out what kind of project dir holds and which command builds it. Of two
// builds in a directory it takes the one that can be built here, see [Options.BuildTool].
//
// It returns a [ProjectError] with code "project.none" where there is no build, and
// with "tool.missing" where nothing can run it. It runs a wrapper once to see
// whether it works, if its distribution has not been downloaded yet.
func Open(ctx context.Context, dir string, o Options) (*Project, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open project %q: %w", dir, err)
	}
	if o.CacheDir, err = paths.Cache(o.CacheDir); err != nil {
		return nil, err
	}
	p := &Project{Dir: dir, module: o.Module, cache: o.CacheDir, env: o.Env}
	if p.named, err = namedDockerfile(dir, o.Dockerfile); err != nil {
		return nil, err
	}
	best, err := choose(ctx, p, o.BuildTool, o.Out)
	if err != nil {
		return nil, err
	}
	p.Tool, p.Name = best.tool, p.name(best.kind)
	p.Dockerfile, _ = p.dockerfile(p.moduleDir())
	return p, nil
}

// kind is a build tool as Open needs it.
type kind struct {
	tool  string // its name
	files string // what holds its build
	find  func(ctx context.Context, p *Project, out io.Writer) (Tool, error)
	root  func(dir string) string
	name  func(dir string) string
}

var (
	gradleKind = kind{tool: "gradle", files: "Gradle build", find: gradleTool, root: gradleRoot, name: gradleName}
	mavenKind  = kind{tool: "maven", files: "pom.xml", find: mavenTool, root: mavenRoot, name: mavenName}
)

// gradleFiles are the files that make a directory a Gradle build.
var gradleFiles = []string{"build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"}

// detect returns the kinds of builds in a directory, only the one that is asked for where there is
// such a word.
func detect(dir, asked string) (kinds []kind, err error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, noProject(dir, "is not a directory", err)
	}
	if _, ok := firstFile(dir, gradleFiles...); ok && asked != "maven" {
		kinds = append(kinds, gradleKind)
	}
	if _, ok := firstFile(dir, "pom.xml"); ok && asked != "gradle" {
		kinds = append(kinds, mavenKind)
	}
	switch {
	case len(kinds) > 0:
		return kinds, nil
	case asked != "":
		return nil, noProject(dir, fmt.Sprintf("holds no %s project, which --build-tool asks for", asked), nil)
	}
	return nil, noProject(dir, "holds no Gradle or Maven project: no build.gradle, build.gradle.kts or pom.xml", nil)
}

// buildFile returns the name of the file that says how the project is built.
func (p *Project) buildFile() string {
	name := "pom.xml"
	if p.Tool.Name == "gradle" {
		name = "build.gradle"
		if _, kotlin := firstFile(p.moduleDir(), "build.gradle.kts"); kotlin {
			name += ".kts"
		}
	}
	return name
}

func noProject(dir, reason string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		reason, err = "does not exist", nil
	}
	return &ProjectError{Dir: dir, Reason: reason, Err: err, code: "project.none",
		hints: []string{"go to the directory that holds build.gradle or pom.xml, or name it as the argument"}}
}

// name says what the application is called: what the build calls the module.
func (p *Project) name(k kind) string {
	dir := p.moduleDir()
	name := filepath.Base(dir)
	if given := k.name(dir); given != "" {
		name = given
	}
	if p.module != "" {
		name = p.module[strings.LastIndexAny(p.module, ":/\\")+1:]
	}
	return imageName(name)
}

// moduleDir returns the directory of the module that Options name, where it is the
// one that its path suggests; else Dir.
func (p *Project) moduleDir() string {
	path := strings.ReplaceAll(strings.Trim(p.module, ":"), ":", "/")
	dir := filepath.Join(p.Dir, filepath.FromSlash(path))
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return dir
	}
	return p.Dir
}

// NoDockerfile stands for none, whether or not there is one.
const NoDockerfile = "none"

// namedDockerfile returns the absolute path of a Dockerfile that the user names.
func namedDockerfile(dir, name string) (string, error) {
	if name == "" || name == NoDockerfile {
		return name, nil
	}
	path, err := filepath.Abs(name)
	if err == nil {
		var info fs.FileInfo
		if info, err = os.Stat(path); err == nil && !info.Mode().IsRegular() {
			err = errors.New("not a file")
		}
	}
	if err != nil {
		if wrapped := (*fs.PathError)(nil); errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return "", &ProjectError{Dir: dir, Reason: fmt.Sprintf("can't be built by %q", name), Err: err, code: "project.dockerfile",
			hints: []string{"name one that is there, or leave it to devloop: --dockerfile none"}}
	}
	return path, nil
}

// dockerfile returns the Dockerfile by which the image of the module in dir is built, "" for none,
// and the directory whose files its COPYs name: as with docker build, that is the directory where a
// Dockerfile is found, and for one that is named the module's or the project's, where it
// lies in them.
func (p *Project) dockerfile(dir string) (file, context string) {
	switch p.named {
	case "":
		for _, d := range []string{dir, p.Dir} {
			if path, ok := firstFile(d, "Dockerfile"); ok {
				return path, d
			}
		}
		return "", ""
	case NoDockerfile:
		return "", ""
	}
	for _, d := range []string{dir, p.Dir} {
		if paths.Within(p.named, d) {
			return p.named, d
		}
	}
	return p.named, filepath.Dir(p.named)
}

func firstFile(dir string, names ...string) (string, bool) {
	for _, name := range names {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path, true
		}
	}
	return "", false
}

var notInName = regexp.MustCompile(`[^a-z0-9]+`)

// imageName makes name a path component of an image reference: lower case letters
// and digits, separated by single dashes (github.com/distribution/reference).
func imageName(name string) string {
	name = strings.Trim(notInName.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if name == "" {
		return "application"
	}
	return name
}

// rootProjectName matches the assignment in settings.gradle and settings.gradle.kts.
var rootProjectName = regexp.MustCompile(`(?m)^\s*rootProject\.name\s*=\s*["']([^"'$]+)["']`)

// gradleName returns the name that the settings give to the build, "" for a module
// of another build, which Gradle calls like its directory.
func gradleName(dir string) string {
	path, ok := firstFile(dir, "settings.gradle", "settings.gradle.kts")
	if !ok {
		return ""
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	if m := rootProjectName.FindSubmatch(text); m != nil {
		return string(m[1])
	}
	return ""
}

// gradleRoot returns the nearest directory upward that has settings, as Gradle
// looks for it.
func gradleRoot(dir string) string {
	for d := dir; ; d = filepath.Dir(d) {
		if _, ok := firstFile(d, "settings.gradle", "settings.gradle.kts"); ok {
			return d
		}
		if d == filepath.Dir(d) {
			return dir
		}
	}
}

// pom is what is read of a pom.xml. What Maven would inherit is not looked for.
type pom struct {
	GroupID    string `xml:"groupId"`
	ArtifactID string `xml:"artifactId"`
	Parent     struct {
		ArtifactID   string  `xml:"artifactId"`
		Version      string  `xml:"version"`
		RelativePath *string `xml:"relativePath"`
	} `xml:"parent"`
	Properties struct {
		Entries []struct {
			XMLName xml.Name
			Value   string `xml:",chardata"`
		} `xml:",any"`
	} `xml:"properties"`
	Modules  []string `xml:"modules>module"`
	Profiles []struct {
		Modules []string `xml:"modules>module"`
	} `xml:"profiles>profile"`
}

// modules returns the modules of all profiles too: which are active, only Maven knows.
func (p pom) modules() []string {
	modules := p.Modules
	for _, profile := range p.Profiles {
		modules = append(modules, profile.Modules...)
	}
	return modules
}

// readPom reads the pom.xml of dir.
func readPom(dir string) (pom, error) {
	text, err := os.ReadFile(filepath.Join(dir, "pom.xml"))
	if err != nil {
		return pom{}, err
	}
	return parsePom(text)
}

func parsePom(text []byte) (pom, error) {
	var p pom
	decoder := xml.NewDecoder(bytes.NewReader(text))
	decoder.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	return p, decoder.Decode(&p)
}

func mavenName(dir string) string {
	p, err := readPom(dir)
	if err != nil || strings.Contains(p.ArtifactID, "${") {
		return ""
	}
	return strings.TrimSpace(p.ArtifactID)
}

// mavenRoot goes up as long as the pom above names the directory as a module.
func mavenRoot(dir string) string {
	for above := filepath.Dir(dir); above != filepath.Dir(above); above = filepath.Dir(above) {
		p, err := readPom(above)
		if err != nil {
			continue
		}
		for _, m := range p.modules() {
			if path := filepath.Join(above, filepath.FromSlash(m)); path == dir || path == filepath.Join(dir, "pom.xml") {
				return mavenRoot(above)
			}
		}
	}
	return dir
}

// Port returns the port that the application will listen on, as far as its sources and the
// variables that it is given tell before it is built; 0 if they say that it is no server.
func (p *Project) Port() int {
	resources := filepath.Join(p.moduleDir(), "src", "main", "resources")
	port, _ := springboot.Port(func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(resources, name)) }, nil, p.env)
	return port
}
