package maven

import (
	"bytes"
	"context"
	"encoding/xml"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/internal/paths"
)

// Name returns "maven".
func (Maven) Name() string { return "maven" }

// Detect reports whether a directory has a Maven build.
func (Maven) Detect(dir string) bool {
	_, found := paths.FirstFile(dir, "pom.xml")
	return found
}

// Find returns the command that runs Maven: the project's wrapper if it works, else the one on the PATH.
func (Maven) Find(ctx context.Context, b buildtool.Build, out io.Writer) (buildtool.Tool, error) {
	home := os.Getenv("MAVEN_USER_HOME")
	if home == "" {
		home = paths.InHome(".m2")
	}
	w := buildtool.Wrapper{Tool: "Maven", Script: buildtool.Script(b.Root, "mvnw", "mvnw.cmd"), Path: "mvn",
		Properties: wrapperProperties(b.Root),
		Dists:      filepath.Join(home, "wrapper", "dists"), Marker: []string{"*/bin/mvn", "*/*/bin/mvn"},
		Site: "https://maven.apache.org/install.html"}
	return w.Choose(ctx, b, out)
}

// Doubt says why the installed Maven cannot build a project for Maven 4, nil if it can.
func (Maven) Doubt(b buildtool.Build) error {
	p, err := readPom(b.Root)
	if v := toolVersion(b); err != nil || b.Tool.Wrapped || v == nil || v[0] > 3 ||
		!strings.HasPrefix(p.ModelVersion, "4.1") {
		return nil
	}
	return buildtool.ProjectError("tool.missing", b.Dir,
		"needs Maven 4, as its pom.xml has the model version "+p.ModelVersion+" ("+b.Tool.Why+")", nil,
		"install Maven 4: https://maven.apache.org/install.html, or give the project a wrapper that can be downloaded")
}

// BuildFile returns "pom.xml".
func (Maven) BuildFile(string) string { return "pom.xml" }

// OnlyOwnModule reports whether a build file says nothing about other modules than its own: a pom.xml that
// is no parent, no bill of materials and no plugin.
func (Maven) OnlyOwnModule(file string) bool {
	p, err := readPom(filepath.Dir(file))
	return err == nil && filepath.Base(file) == "pom.xml" && slices.Contains([]string{"", "jar", "war"},
		strings.TrimSpace(p.Packaging))
}

// UserFiles returns the files outside of the project that every build of the user reads.
func (Maven) UserFiles() []string {
	return []string{paths.InHome(filepath.Join(".m2", "settings.xml")),
		paths.InHome(filepath.Join(".m2", "settings-security.xml")),
		paths.InHome(filepath.Join(".m2", "toolchains.xml")), paths.InHome(".mavenrc")}
}

// pom is the part of a pom.xml that is read before Maven runs, without what Maven would inherit.
type pom struct {
	ModelVersion string   `xml:"modelVersion"`
	ArtifactID   string   `xml:"artifactId"`
	Packaging    string   `xml:"packaging"`
	Modules      []string `xml:"modules>module"`
	Plugins      []string `xml:"build>plugins>plugin>artifactId"`
	Profiles     []struct {
		Modules []string `xml:"modules>module"`
		Plugins []string `xml:"build>plugins>plugin>artifactId"`
	} `xml:"profiles>profile"`
}

// modules returns all modules, also those of profiles: only Maven knows which are active.
func (p pom) modules() []string {
	modules := p.Modules
	for _, profile := range p.Profiles {
		modules = append(modules, profile.Modules...)
	}
	return modules
}

// plugins returns the artifacts of all plugins, also those of profiles.
func (p pom) plugins() []string {
	plugins := p.Plugins
	for _, profile := range p.Profiles {
		plugins = append(plugins, profile.Plugins...)
	}
	return plugins
}

func readPom(dir string) (pom, error) {
	text, err := os.ReadFile(filepath.Join(dir, "pom.xml"))
	if err != nil {
		return pom{}, err
	}
	var p pom
	decoder := xml.NewDecoder(bytes.NewReader(text))
	decoder.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	return p, decoder.Decode(&p)
}

// ProjectName returns the artifact of the pom.xml in dir.
func (Maven) ProjectName(dir string) string {
	p, err := readPom(dir)
	if err != nil || strings.Contains(p.ArtifactID, "${") {
		return ""
	}
	return strings.TrimSpace(p.ArtifactID)
}

// Root goes upwards as long as a pom.xml above names the directory as a module, and to the directory
// beside it if that has such a pom.xml.
func (Maven) Root(dir string) string {
	seen := map[string]bool{}
	for above := parent(dir); above != "" && !seen[above]; above = parent(dir) { // pom.xml files may name each other
		seen[dir], dir = true, above
	}
	return dir
}

// parent returns the directory whose pom.xml names dir as a module, "" for none.
func parent(dir string) string {
	for above := filepath.Dir(dir); above != filepath.Dir(above); above = filepath.Dir(above) {
		if hasModule(above, dir) {
			return above
		}
	}
	beside, _ := fs.Glob(os.DirFS(filepath.Dir(dir)), "*/pom.xml") // the path may have brackets
	for _, file := range beside {
		if beside := filepath.Join(filepath.Dir(dir), filepath.Dir(file)); beside != dir && hasModule(beside, dir) {
			return beside
		}
	}
	return ""
}

// DeclaredModules returns the modules that the pom.xml files of the build name, as paths below its root.
func (t Maven) DeclaredModules(dir string) []string {
	root := t.Root(dir)
	var modules []string
	seen := map[string]bool{}
	var visit func(at string)
	visit = func(at string) {
		p, err := readPom(filepath.Join(root, at))
		if err != nil || seen[at] {
			return
		}
		seen[at] = true
		for _, m := range p.modules() {
			path := filepath.Join(at, strings.TrimSuffix(filepath.FromSlash(strings.TrimSpace(m)), "pom.xml"))
			if filepath.IsLocal(path) && !seen[path] {
				modules = append(modules, filepath.ToSlash(path))
				visit(path)
			}
		}
	}
	visit(".")
	return modules
}

// toolVersion returns the version of Maven that the build runs, nil if it is not known.
func toolVersion(b buildtool.Build) []int {
	name := ""
	if b.Tool.Wrapped {
		text, _ := os.ReadFile(wrapperProperties(b.Root))
		name = buildtool.Distribution(text)
	} else if len(b.Tool.Command) > 0 {
		name = strings.ReplaceAll(buildtool.Version(b.Tool.Command[0], "Maven"), "mvn ", "maven-")
	}
	m := buildtool.VersionInPath.FindStringSubmatch(name)
	if m == nil {
		return nil
	}
	var version []int
	for part := range strings.SplitSeq(m[1], ".") {
		n, _ := strconv.Atoi(part)
		version = append(version, n)
	}
	return version
}

func wrapperProperties(root string) string {
	return filepath.Join(root, ".mvn", "wrapper", "maven-wrapper.properties")
}

// hasModule reports whether the pom.xml of a directory names another one as a module.
func hasModule(parent, dir string) bool {
	p, err := readPom(parent)
	return err == nil && slices.ContainsFunc(p.modules(), func(m string) bool {
		path := filepath.Join(parent, filepath.FromSlash(m))
		return path == dir || path == filepath.Join(dir, "pom.xml")
	})
}
