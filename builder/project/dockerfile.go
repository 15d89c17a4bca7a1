package project

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/dockerfile"
	"github.com/devloop-cli/devloop/internal/paths"
)

// NoDockerfile ignores the project's Dockerfile.
const NoDockerfile = "none"

// namedDockerfile returns the absolute path of the Dockerfile that the user named.
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
		if wrapped, ok := errors.AsType[*fs.PathError](err); ok {
			err = wrapped.Err
		}
		return "", buildtool.ProjectError("project.dockerfile", dir, fmt.Sprintf("can't be built by %q", name), err,
			"name one that is there, or leave it to devloop: --dockerfile none")
	}
	return path, nil
}

// dockerfiles finds the Dockerfile of a module.
type dockerfiles struct {
	dir   string // of the project
	named string // the one that the user named, NoDockerfile, or "" for the one in the directory or of its Compose file

	target string // see dockerfile.Options
	args   map[string]string
}

// arguments returns values, NAME=VALUE, by name.
func arguments(values []string) map[string]string {
	args := map[string]string{}
	for _, v := range values {
		name, value, _ := strings.Cut(v, "=")
		args[name] = value
	}
	return args
}

// of returns the Dockerfile for the module in dir, "" for none, and how to build it. As with docker build, the context
// is the directory of the Dockerfile; for one that the user named it is the module or the project, if that contains it.
func (f dockerfiles) of(dir string) (string, dockerfile.Options) {
	file, context := f.find(dir)
	return file, dockerfile.Options{Context: context, Target: f.target, Args: f.args}
}

func (f dockerfiles) find(dir string) (file, context string) {
	switch f.named {
	case "":
		for _, d := range []string{dir, f.dir} {
			if path, ok := paths.FirstFile(d, "Dockerfile"); ok {
				return path, d
			}
		}
		for _, d := range []string{dir, f.dir} {
			if path := dockerfile.OfCompose(d); path != "" {
				return path, d
			}
		}
		return "", ""
	case NoDockerfile:
		return "", ""
	}
	for _, d := range []string{dir, f.dir} {
		if paths.Within(f.named, d) {
			return f.named, d
		}
	}
	return f.named, filepath.Dir(f.named)
}
