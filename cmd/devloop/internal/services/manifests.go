package services

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/paths"
	"github.com/devloop-cli/devloop/runner/manifest"
)

// Manifests says which manifests belong to which service: those in the directory of its module or, if there are none,
// those of the whole build that have its image. A manifest without an image of a service, such as a database's, belongs
// to the first service that has one of those.
type Manifests struct {
	// Dir is the directory of the build, and Named are the manifests that the user names instead of those found there.
	Dir   string
	Named []string
	// Services are in their order.
	Services []Module
}

// Module is a service's module.
type Module struct{ Name, Dir string }

// Of returns the manifests of a service, none if devloop is to generate one.
func (m Manifests) Of(name string) ([]string, error) {
	i := slices.IndexFunc(m.Services, func(s Module) bool { return s.Name == name })
	if own, err := manifest.Find(m.Services[i].Dir); err != nil || len(own) > 0 && len(m.Named) == 0 {
		return own, err
	}
	owners, err := m.owners()
	if err != nil || len(owners[name]) == 0 {
		return nil, err
	}
	own := owners[name]
	if first := slices.IndexFunc(m.Services, func(s Module) bool { return len(owners[s.Name]) > 0 }); first == i {
		own = append(own, owners[""]...)
	}
	return own, nil
}

// owners returns the manifests of the whole build by the service that they belong to, "" for none.
func (m Manifests) owners() (map[string][]string, error) {
	files, err := m.shared()
	if err != nil {
		return nil, err
	}
	owners := map[string][]string{}
	for _, file := range files {
		owner, err := m.owner(file)
		if err != nil {
			return nil, err
		}
		owners[owner] = append(owners[owner], file)
	}
	return owners, nil
}

// shared returns the manifests of the whole build.
func (m Manifests) shared() ([]string, error) {
	if len(m.Named) > 0 {
		return m.Named, nil
	}
	return manifest.Find(m.Dir)
}

// owner returns the service that a manifest has the image of, "" for none. A manifest with those of two could be
// deployed by neither without the other. Mistakes in a manifest are its owner's to report: the other services go on.
func (m Manifests) owner(file string) (owner string, err error) {
	loaded, err := manifest.Load(file)
	text, _ := os.ReadFile(file) // a directory has none
	var owners []string
	for _, s := range m.Services {
		if len(loaded.ImagesNamed(s.Name)) > 0 || err != nil && names(text, s.Name) {
			owners = append(owners, s.Name)
		}
	}
	if len(owners) > 1 {
		return "", &fault.Error{Code: "manifest.incompatible", Op: fmt.Sprintf("%q has the images of several services: %s", file, strings.Join(owners, ", ")),
			Hints: []string{"give each service a manifest of its own", "or run one of them: devloop run --module " + owners[0]}}
	}
	return strings.Join(owners, ""), nil
}

// names reports whether a manifest with a mistake in it has the image of a service, as far as its lines tell.
func names(text []byte, service string) bool {
	return regexp.MustCompile(`(?m)\bimage:\s*["']?(\S*/)?` + regexp.QuoteMeta(service) + `([:@"',}\s]|$)`).Match(text)
}

// concern reports whether a manifest may belong to a service. One that is gone, or can't be read, may.
func (m Manifests) concern(name, file string) bool {
	if m.has(name, file) {
		return true
	}
	return !slices.ContainsFunc(m.Services, func(s Module) bool { return s.Name != name && m.has(s.Name, file) })
}

// has reports whether a file is one of a service's manifests, or lies in a directory that is one.
func (m Manifests) has(name, file string) bool {
	files, err := m.Of(name)
	return err == nil && slices.ContainsFunc(files, func(own string) bool { return paths.Within(file, paths.Real(own)) })
}
