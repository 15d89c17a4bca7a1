package engine

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/debugport"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/filekind"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/watch"
)

// Target is what a session deploys.
type Target struct {
	// Name is the project's name, Dir its directory. Image is what the user says that manifests call
	// its image, "" for nothing, see [manifest.Manifest.ProjectImages].
	Name, Dir, Image string
	// Env are variables for the application, NAME=VALUE, over those of its manifest.
	Env []string
	// Namespace is where objects go that name none.
	Namespace string
	// Manifests are the files and directories that the user names. Where there are none,
	// those count that are found in Dir, and where it has none a Pod is generated.
	Manifests []string
	// Port is where the application listens, as far as its sources say, and its image once there is
	// one; 0 where it is no server.
	Port int
	// Adopt allows to replace objects of the same name, whoever made them.
	Adopt bool
	// MayReplace is asked before an object goes that devloop made for another directory; its
	// error refuses it. With nil it goes.
	MayReplace func(dir string) error
	// Keep are parts of the development patch to leave out, see render.Patches.
	Keep []string
	// Ports are the local ports that the user asked for, by container port.
	// Key 0 holds the local port for the first container port.
	Ports map[int]int
	// Follow shows the applications' logs until Close.
	Follow bool
	// KeepServing has Pods serve until their successors do, where the manifest allows it.
	KeepServing bool
	// Path says which paths a save may take to what runs, and NotPatchable why none but a new Pod
	// will do, as a clause; "" where the image decides that.
	Path         plan.Mode
	NotPatchable string
	// JVMOptions are variables with options for every JVM that the manifest, or the user, gives.
	JVMOptions []string
	// NotChangeable says that no image may be changed while it runs, see [manifest.Manifest.NotPatchable].
	NotChangeable bool
	// NotPatchableReason returns what a manifest makes of NotPatchable. One that would begin to do so while images
	// are made that can be changed is refused. May be nil.
	NotPatchableReason func(manifest.Manifest) string
	// Debug says how a debugger is let in.
	Debug debugport.Options
	// ReadyTimeout bounds the wait for the Pods to be ready; 0 means for ever.
	ReadyTimeout time.Duration
}

// concerns reports whether a batch can change what runs. Tests cannot.
func concerns(changed watch.Batch) bool {
	return changed.All || changed.Unnamed || slices.ContainsFunc(changed.Paths, func(path string) bool { return filekind.Of(path) != filekind.Test })
}

// saved says what a batch means for the path. A manifest, before the batch or now, is not
// part of the image; any other file may be, if only through the Dockerfile, and then the
// build finds out quickly that nothing came of it.
func (t Target) saved(changed watch.Batch, before, now manifest.Manifest) plan.Saved {
	saved := plan.Saved{All: changed.All, Manifest: changed.All || filekind.Any(changed.Paths, filekind.Manifest), Sources: changed.Unnamed}
	for _, path := range changed.Paths {
		file, kind := filepath.Join(t.Dir, filepath.FromSlash(path)), filekind.Of(path)
		read := (kind == filekind.Manifest || kind == filekind.Other) && (before.DependsOn(file) || now.DependsOn(file))
		saved.Manifest, saved.Sources = saved.Manifest || read, saved.Sources || !read
	}
	return saved
}

// Images are what a manifest calls the project's image.
func (t Target) Images(m manifest.Manifest) []string {
	if m.Generated() {
		return []string{t.Name}
	}
	found, _ := m.ProjectImages(t.Image, t.Name, filepath.Base(t.Dir))
	return append([]string{cmp.Or(t.Image, t.Name)}, found...)
}

// Own returns the manifest that goes for the target: a generated one if there is none, and with
// the variables that the user gives.
func (t Target) Own(m manifest.Manifest) manifest.Manifest {
	if m.Generated() {
		m = manifest.Generate(t.Name, t.Port)
	}
	return m.WithEnv(t.Env, t.Images(m)...)
}

// readManifest returns what the user wrote, else what devloop generates. Until there is an image,
// the generated one has the port that the sources name.
func (s *Session) readManifest() (manifest.Manifest, error) {
	files := s.Target.Manifests
	if len(files) == 0 {
		var err error
		if files, err = manifest.Find(s.Target.Dir); err != nil {
			return manifest.Manifest{}, err
		}
	}
	m, err := manifest.Load(files...)
	return s.Target.Own(m), err
}

// noteGuessedImage says which image is taken for the project's although it has another name.
func (c *cycle) noteGuessedImage() {
	if c.manifest.Generated() {
		return
	}
	if images, guessed := c.manifest.ProjectImages(c.Target.Image, c.Target.Name, filepath.Base(c.Target.Dir)); guessed {
		c.informOnce(fmt.Sprintf("the manifest's image `%s` is taken for this project's: no other image of it fits as well", images[0]), "name another image: --image-name IMAGE")
	}
}

// IncompatibleManifestError says that a manifest came to be not for the images that a session makes, which can be
// changed while they run.
type IncompatibleManifestError struct {
	// Why is a clause.
	Why string
}

func (e *IncompatibleManifestError) Error() string {
	return e.Why + ", which the images of this session are not made for"
}

// Code returns "manifest.incompatible".
func (e *IncompatibleManifestError) Code() string { return "manifest.incompatible" }

// Hints says how to get others.
func (e *IncompatibleManifestError) Hints() []string {
	return []string{"start devloop run again, it makes others then"}
}

// fits returns an [*IncompatibleManifestError] where images that can be changed don't go with a manifest.
func (t Target) fits(m manifest.Manifest) error {
	if t.NotPatchable != "" || t.NotPatchableReason == nil {
		return nil
	}
	if why := t.NotPatchableReason(m); why != "" {
		return &IncompatibleManifestError{why}
	}
	return nil
}
