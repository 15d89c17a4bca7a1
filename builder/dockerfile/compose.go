package dockerfile

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// composeFiles are the names of a Compose file
// (https://docs.docker.com/compose/intro/compose-application-model/#the-compose-file).
var composeFiles = []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"}

// composeBuild is how a Compose file builds an image.
type composeBuild struct {
	Context, Dockerfile, Target string
	Args                        any

	where string // the name of the Compose file
}

// composeBuilds returns the builds of the first Compose file in dir.
func composeBuilds(dir string) (builds []composeBuild) {
	for _, where := range composeFiles {
		text, err := os.ReadFile(filepath.Join(dir, where))
		if err != nil {
			continue
		}
		var file struct {
			Services map[string]struct{ Build yaml.Node }
		}
		if yaml.Unmarshal(text, &file) != nil {
			return nil
		}
		for _, name := range slices.Sorted(maps.Keys(file.Services)) {
			build, node := composeBuild{where: where}, file.Services[name].Build
			if node.Kind == yaml.MappingNode && node.Decode(&build) == nil {
				builds = append(builds, build)
			}
		}
		return builds
	}
	return nil
}

func (b composeBuild) path(dir string) string {
	return filepath.Join(dir, filepath.FromSlash(b.Context), filepath.FromSlash(cmp.Or(b.Dockerfile, "Dockerfile")))
}

// runsJava matches what a Dockerfile of a Java application has.
var runsJava = regexp.MustCompile(`(?i)\bjava\b|\.[jw]ar\b`)

// OfCompose returns the Dockerfile by which a Compose file in dir builds dir as a Java application; "" unless just one.
func OfCompose(dir string) (path string) {
	for _, build := range composeBuilds(dir) {
		next := build.path(dir)
		text, err := os.ReadFile(next)
		if err != nil || filepath.Join(dir, filepath.FromSlash(build.Context)) != filepath.Clean(dir) ||
			!runsJava.Match(text) || next == path {
			continue
		}
		if path != "" {
			return ""
		}
		path = next
	}
	return path
}

// composeArg returns the value that a Compose file in the context gives to a build argument, and the file's name.
func (f *File) composeArg(name string) (value, where string) {
	for _, build := range composeBuilds(f.Dir) {
		if value := composeValue(build.Args, name); value != "" && !strings.Contains(value, "$") {
			return value, build.where
		}
	}
	return "", ""
}

// ComposeTarget returns the stage that a Compose file in the context builds of this Dockerfile, and the name of that
// file; "" if it is the last one, or if the user has chosen one.
func (f *File) ComposeTarget() (target, where string) {
	for _, build := range composeBuilds(f.Dir) {
		own := build.path(f.Dir) == f.Dockerfile
		i := slices.IndexFunc(f.stages,
			func(s stage) bool { return s.name != "" && strings.EqualFold(s.name, build.Target) })
		if own && f.options.Target == "" && i >= 0 && i < len(f.stages)-1 {
			return build.Target, build.where
		}
	}
	return "", ""
}

// composeValue returns a value of a mapping, or of a list of NAME=VALUE.
func composeValue(args any, name string) string {
	switch args := args.(type) {
	case map[string]any:
		if value, given := args[name]; given && value != nil {
			return fmt.Sprint(value)
		}
	case []any:
		for _, item := range args {
			if key, value, _ := strings.Cut(fmt.Sprint(item), "="); key == name {
				return value
			}
		}
	}
	return ""
}
