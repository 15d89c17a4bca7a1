package dockerfile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// composeFiles are the names of a Compose file
// (https://docs.docker.com/compose/intro/compose-application-model/#the-compose-file).
var composeFiles = []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"}

// composeArg returns the value that a Compose file in the context gives to a build argument, and
// the name of that file; "" without one, or if its value has variables.
func (f *File) composeArg(name string) (value, where string) {
	for _, where := range composeFiles {
		text, err := os.ReadFile(filepath.Join(f.Context, where))
		if err != nil {
			continue
		}
		var file struct {
			Services map[string]struct{ Build yaml.Node }
		}
		if yaml.Unmarshal(text, &file) != nil {
			return "", ""
		}
		for _, service := range file.Services {
			var build struct{ Args any }
			if service.Build.Kind == yaml.MappingNode && service.Build.Decode(&build) == nil {
				if value := composeValue(build.Args, name); value != "" && !strings.Contains(value, "$") {
					return value, where
				}
			}
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
