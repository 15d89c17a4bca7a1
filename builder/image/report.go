package image

import (
	"github.com/devloop-cli/devloop/builder/cds"
	"github.com/devloop-cli/devloop/builder/optimization"
	"github.com/devloop-cli/devloop/builder/pages"
	"github.com/devloop-cli/devloop/builder/supervisor"
)

// Report says what an image consists of, and why.
type Report struct {
	// Dockerfile is the path of the image's Dockerfile, relative to the project, "" for none. The fields after Java
	// describe composed images. An image of a Dockerfile is composed if it could be rebased: Base is set then.
	Dockerfile string
	// Java is the version that the classes of a Dockerfile's image need.
	Java int
	// Base is the image that this one is based on, and BaseWhy the reason.
	Base, BaseWhy string
	// Layers are the ones above the base, the most stable first.
	Layers []LayerNote
	// Options are the JVM's, without class path and main class.
	Options []optimization.Option
	// ClassPath is in the JVM's search order.
	ClassPath []string
	// MainClass is the application's.
	MainClass string
	// Supervised is true if the application can be changed and restarted in its container.
	Supervised bool
	// ReadOnlyRoot is true if its supervisor writes to volumes only.
	ReadOnlyRoot bool
	// NoSupervisorReason says why it cannot, "" if it was not asked to.
	NoSupervisorReason string
	// Swappable is true if its JVM takes changed methods: it runs the build's classes and accepts a debugger.
	Swappable bool
	// NewMethods is true if its JVM is asked to take new private methods, too.
	NewMethods bool
	// NoSpareReason says why a supervised application restarts in a new JVM and not in a spare one, "" if it does not.
	NoSpareReason string
	// Templates are those of the application's template engines, if it is supervised.
	Templates []pages.Templates
	// Messages are its texts in languages, if it is supervised.
	Messages pages.Messages
	// Archive describes the archive of the dependencies' classes.
	Archive cds.Archive
}

// Volumes are the directories of the image's supervisor that have to be volumes, that of changes first.
func (r Report) Volumes() []string {
	switch {
	case !r.Supervised:
		return nil
	case r.ReadOnlyRoot:
		return supervisor.Dirs
	}
	return supervisor.Dirs[:1]
}

// LayerNote describes a layer.
type LayerNote struct {
	// Name is "dependencies", "archive", "resources", "classes", or a name of the jar's index.
	Name string
	// Size is in bytes, uncompressed.
	Size int64
	// New is true if the layer was not in the cache.
	New bool
}
