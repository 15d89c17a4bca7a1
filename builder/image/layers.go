package image

import (
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/builder/layertar"
	"github.com/devloop-cli/devloop/builder/springboot"
)

// part is a layer to be: its name and files.
type part struct {
	name    string
	entries []springboot.Entry
}

// split sorts an application's files into layers, the one that changes least first:
// libraries as the archive's index has them, then, as own, the application's resources
// and its classes. Empty ones are left out. The class path is that of the libraries.
func split(f *springboot.Files) (libs, own []part, classPath []string) {
	byLayer := map[string][]springboot.Entry{}
	for _, l := range f.Libraries {
		name := layertar.LibDir + "/" + l.Name
		byLayer[l.Layer] = append(byLayer[l.Layer], springboot.Entry{Path: name, File: l.File})
		classPath = append(classPath, "/"+name)
	}
	for _, layer := range f.Layers {
		libs = append(libs, part{layer, byLayer[layer]})
	}
	var resources, classes []springboot.Entry
	for _, e := range f.Own {
		placed := springboot.Entry{Path: layertar.ClassesDir + "/" + e.Path, File: e.File}
		if strings.HasSuffix(e.Path, ".class") {
			classes = append(classes, placed)
		} else {
			resources = append(resources, placed)
		}
	}
	var webapp []springboot.Entry
	for _, e := range f.Webapp {
		webapp = append(webapp, springboot.Entry{Path: layertar.WebappDir + "/" + e.Path, File: e.File})
	}
	own = []part{{"webapp", webapp}, {"resources", resources}, {"classes", classes}}
	empty := func(p part) bool { return len(p.entries) == 0 }
	return slices.DeleteFunc(libs, empty), slices.DeleteFunc(own, empty), classPath
}
