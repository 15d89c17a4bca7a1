package image

import (
	"github.com/devloop-cli/devloop/builder/cds"
	"github.com/devloop-cli/devloop/builder/springboot"
)

// Explanation says what an image is made of, and why. It holds all that a display
// needs to tell it.
type Explanation struct {
	// Dockerfile is the path of the one that the image was built by, relative to the
	// project, "" for none. The fields after it speak of composed images, which one that was
	// built by a Dockerfile is where it could be taken apart: Base is set then.
	Dockerfile string
	// Java is the version that the classes of an image by a Dockerfile need.
	Java int
	// Base is the image that this one is based on, and BaseWhy the reason.
	Base, BaseWhy string
	// Layers are those above the base, the one that changes least first.
	Layers []LayerNote
	// Options are what the JVM is told, class path and main class apart.
	Options []Option
	// ClassPath is in the order in which the JVM looks.
	ClassPath []string
	// MainClass is the application's.
	MainClass string
	// Supervised is true where the application can be changed and started again in its
	// container.
	Supervised bool
	// Unsupervised is the reason where it can't, "" where nobody asked for it.
	Unsupervised string
	// Swappable is true where its JVM takes changed methods while it runs: of a Dockerfile, where
	// it runs what the build has made, and if the JVM is told to let a debugger in.
	Swappable bool
	// Templates are the files of the template engines that Spring Boot sets up, where the
	// application can be changed in its container.
	Templates []springboot.Templates
	// Archive tells of the archive of the dependencies' classes.
	Archive cds.Archive
}

// LayerNote tells of a layer.
type LayerNote struct {
	// Name is "dependencies", "archive", "resources", "classes" or what the jar's index says.
	Name string
	// Size is in bytes, uncompressed.
	Size int64
	// New is true where the layer was not in the cache.
	New bool
}

// Option is an option of the JVM.
type Option struct {
	// Lever is the name by which [ImagerOptions] leave it out, "" where they can't.
	Lever string
	// Text is the option itself.
	Text string
	// Why is a clause that says what it is for.
	Why string
}
