package image

import (
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/builder/layertar"
	"github.com/devloop-cli/devloop/builder/springboot"
)

// part is the name and the files of a layer.
type part struct {
	name    string
	entries []springboot.Entry
}

// split sorts an application's files into layers, the most stable first: libraries as the index of the
// archive has them, and as own a war's pages, resources and classes. Empty layers are left out.
// The class path is that of the libraries.
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
