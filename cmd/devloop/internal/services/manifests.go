package services

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/internal/paths"
	"github.com/devloop-cli/devloop/runner/manifest"
)

// Manifests says which objects of manifests belong to which service: those in the directory of its module or, if there
// are none, those of the whole build that have its image. An object without an image of a service, such as a database
// or a ConfigMap, belongs to the first service that has some of those.
type Manifests struct {
	// Dir is the directory of the build, and Named are the manifests that the user names instead of those found there.
	Dir   string
	Named []string
	// Services are in their order.
	Services []Module
}

// Module is a service's module.
type Module struct{ Name, Dir string }

// Of returns the objects of a service, a manifest without a file if devloop is to generate one.
func (m Manifests) Of(name string) (manifest.Manifest, error) {
	files, shared, err := m.files(name)
	if err != nil || len(files) == 0 {
		return manifest.Manifest{}, err
	}
	loaded, err := manifest.Load(files...)
	if err != nil || shared == nil {
		return loaded, err
	}
	owners := m.owners(loaded)
	if err := oneOwner(loaded, owners, name); err != nil {
		return manifest.Manifest{}, err
	}
	return loaded.Only(func(i int) bool {
		return len(owners[i]) == 0 && m.first(shared) == name || slices.Contains(owners[i], name)
	}), nil
}

// files returns the manifests in which a service has objects. shared are the whole build's, nil if it has its own.
func (m Manifests) files(name string) (files []string, shared []sharedFile, err error) {
	i := slices.IndexFunc(m.Services, func(s Module) bool { return s.Name == name })
	if own, err := manifest.Find(m.Services[i].Dir); err != nil || len(own) > 0 && len(m.Named) == 0 {
		return own, nil, err
	}
	if shared, err = m.shared(); err != nil {
		return nil, nil, err
	}
	return m.filesOf(name, shared), shared, nil
}

// filesOf returns those of the manifests of the whole build that a service has objects in.
func (m Manifests) filesOf(name string, shared []sharedFile) (files []string) {
	has := func(f sharedFile) bool { return slices.Contains(f.owners, name) }
	if !slices.ContainsFunc(shared, has) {
		return nil
	}
	first := m.first(shared) == name
	for _, f := range shared {
		if has(f) || first && slices.Contains(f.owners, "") {
			files = append(files, f.path)
		}
	}
	return files
}

// sharedFile is a manifest of the whole build, and the services that have objects in it: "" stands for none.
type sharedFile struct {
	path   string
	owners []string
}

// shared returns the manifests of the whole build.
func (m Manifests) shared() (shared []sharedFile, err error) {
	paths := m.Named
	if len(paths) == 0 {
		if paths, err = manifest.Find(m.Dir); err != nil {
			return nil, err
		}
	}
	shared = []sharedFile{}
	for _, path := range paths {
		shared = append(shared, sharedFile{path, m.ownersOf(path)})
	}
	return shared, nil
}

// first returns the first service that has objects in the manifests of the whole build, "" if none has.
func (m Manifests) first(shared []sharedFile) string {
	for _, s := range m.Services {
		if slices.ContainsFunc(shared, func(f sharedFile) bool { return slices.Contains(f.owners, s.Name) }) {
			return s.Name
		}
	}
	return ""
}

// ownersOf returns the services that have objects in a file. Those that a wrong one names report it; others go on.
func (m Manifests) ownersOf(path string) (owners []string) {
	loaded, err := manifest.Load(path)
	if err != nil {
		text, _ := os.ReadFile(path) // a directory has none
		for _, s := range m.Services {
			if names(text, s.Name) {
				owners = append(owners, s.Name)
			}
		}
		if len(owners) == 0 {
			return []string{""}
		}
		return owners
	}
	for _, of := range m.owners(loaded) {
		owners = append(owners, of...)
		if len(of) == 0 {
			owners = append(owners, "")
		}
	}
	return owners
}

// owners returns the services that have their image in each object.
func (m Manifests) owners(loaded manifest.Manifest) [][]string {
	owners := make([][]string, len(loaded.Refs()))
	containers := loaded.Containers()
	for _, s := range m.Services {
		images := loaded.ImagesNamed(s.Name)
		for _, c := range containers {
			if c.Runs(images...) && !slices.Contains(owners[c.Object], s.Name) {
				owners[c.Object] = append(owners[c.Object], s.Name)
			}
		}
	}
	return owners
}

// oneOwner returns an error if an object has the images of two services: neither could be deployed without the other.
func oneOwner(loaded manifest.Manifest, owners [][]string, name string) error {
	for i, ref := range loaded.Refs() {
		if len(owners[i]) > 1 && slices.Contains(owners[i], name) {
			return &fault.Error{Code: "manifest.incompatible",
				Op: fmt.Sprintf("%s in the manifest has the images of several services: %s", ref,
					strings.Join(owners[i], ", ")),
				Hints: []string{"give each service a Pod of its own",
					"or run one of them: devloop run --module " + owners[i][0]}}
		}
	}
	return nil
}

// names reports whether a manifest with a mistake in it has the image of a service, as far as its lines tell.
func names(text []byte, service string) bool {
	return regexp.MustCompile(`(?m)\bimage:\s*["']?(\S*/)?` + regexp.QuoteMeta(service) + `([:@"',}\s]|$)`).Match(text)
}

// concerned returns the services that a manifest may belong to: all, if it is gone or can't be read.
func (m Manifests) concerned(file string) (concerned []string) {
	shared, _ := m.shared() // then none is
	for _, s := range m.Services {
		own, _ := manifest.Find(s.Dir)
		if len(own) == 0 || len(m.Named) > 0 {
			own = m.filesOf(s.Name, shared)
		}
		if slices.ContainsFunc(own, func(path string) bool { return paths.Within(file, paths.Real(path)) }) {
			concerned = append(concerned, s.Name)
		}
	}
	if len(concerned) > 0 {
		return concerned
	}
	return lists.Map(m.Services, func(s Module) string { return s.Name })
}
