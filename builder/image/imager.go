// Package image makes container images of Spring Boot applications, for development.
//
//	imager := image.New(docker, image.Options{CacheDir: dir})
//	img, err := imager.Image(ctx, app, out)
//	img.Ref     // "shop:devloop-0f3c9a51b2de": this content, and no other
//	img.Content // its layers, for whoever sends them on
//
// There are three ways to an image:
//
//   - compose: without a Dockerfile, a base image and layers for libraries, resources and classes.
//     An edit makes one small layer new.
//   - build: with a Dockerfile, the engine builds it.
//   - rebase: if the Dockerfile brings the application as a jar or unpacked, from this machine or from a stage that
//     compiles it, and starts it, the engine builds it without the application, as the base of a composed image. Edits
//     need neither the jar nor the engine's builder.
//
// A composed image may have a supervisor (package supervisor), which changes the application while it runs, and an
// archive of classes (package cds). The image ends in the engine; getting it to a cluster's nodes is up to others.
package image

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/docker/docker/client"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/cds"
	"github.com/devloop-cli/devloop/builder/layercache"
	"github.com/devloop-cli/devloop/builder/ociimage"
	"github.com/devloop-cli/devloop/builder/repository"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/paths"
)

// Options say how images are made.
type Options struct {
	// CacheDir is devloop's own cache directory; empty means "devloop" in the user's.
	CacheDir string
	// Base is what an image without a Dockerfile is based on; empty means eclipse-temurin:N-jre, N being the Java
	// version with long-term support that runs the application.
	Base string
	// Without names the [optimization.Names] that are not used.
	Without []string
	// JVMOptions are variables, NAME=VALUE, with options for every JVM that the Pod is given, and
	// LOADER_PATH. Options of composed images that contradict them are left out.
	JVMOptions []string
	// Arguments says that the Pod gives the container arguments. They take the place of an image's CMD.
	Arguments bool
	// User runs an image without a Dockerfile; empty means 1000:1000, which satisfies runAsNonRoot.
	User string
	// Develop makes images that can be changed while they run: without a Dockerfile, or of one that only brings the
	// application and starts it (the project has [Project.Develop] set, too).
	Develop bool
	// ReadOnlyRoot says that the containers may not write to their root file system: what changes is in volumes.
	ReadOnlyRoot bool
	// Swap says that the JVM in the Pod of any other image of a Dockerfile will be told to let a
	// debugger in, so that it takes changed methods where it runs what the build has made.
	Swap bool
	// Debug lets a debugger into the JVM, even without [optimization.Swap]; Suspend has each start wait for one.
	Debug, Suspend bool
}

// Imager makes images in one Docker engine.
type Imager struct {
	docker  client.APIClient
	options Options
	// last is what the Dockerfile made last, without the application. It serves images of one project.
	last atomic.Pointer[dockerfileBase]
	// whole is the key of a Dockerfile of which only its building showed that the application can't be told from the
	// rest.
	whole    atomic.Value
	registry ociimage.Registry
}

// New returns an Imager that uses docker. It asks the engine nothing yet.
func New(docker client.APIClient, o Options) *Imager { return &Imager{docker: docker, options: o} }

// keptImages is how many images of a project stay besides the current one, which has a name more: the one before, whose
// layers a build may share.
const keptImages = 1

// Image makes the image of app: by its Dockerfile if it has one, else composed. Unchanged input gives an image with the
// same ID. Of the project's earlier images the last two stay, and those in use.
//
// The error has the code docker.unreachable if no engine answers, and is an [Error] if the image cannot be made.
func (m *Imager) Image(ctx context.Context, app springboot.App, out io.Writer) (Image, error) {
	dir, err := paths.Cache(m.options.CacheDir)
	if err != nil {
		return Image{}, err
	}
	cache := layercache.Open(dir)
	k := &maker{imager: m, Repository: repository.Repository{Docker: m.docker, Out: out, Project: app.Name}, dir: dir,
		cache: cache, archives: cds.Open(dir, cache), app: app}
	img, err := k.make(ctx)
	if err != nil {
		return Image{}, imageError(ctx, app.Name, m.docker.DaemonHost(), err)
	}
	if err := dockerapi.RemoveOld(ctx, m.docker, dockerapi.Project(app.Name, app.Dir), keptImages); err != nil {
		_, _ = fmt.Fprintf(out, "earlier images stay: %v\n", err)
	}
	return img, nil
}

// Train makes the archive that img could have, if it wants one; see [cds.Training.Run]. [Imager.Image] then puts it
// into every image of the same libraries. It takes seconds, best while the application runs already.
func (m *Imager) Train(ctx context.Context, img Image, out io.Writer) (cds.Archive, error) {
	if img.training == nil {
		return img.Report.Archive, nil
	}
	made, err := img.training.Run(ctx, m.docker, img.Ref, out)
	if err != nil {
		err = imageError(ctx, img.training.Project, m.docker.DaemonHost(), err)
	}
	return made, err
}

// RejectArchive notes that a JVM did not use the archive of img; see [cds.Store.Reject].
func (m *Imager) RejectArchive(img Image, why string) (again bool, err error) {
	cache, err := paths.Cache(m.options.CacheDir)
	if err != nil || img.archive == "" {
		return false, err
	}
	return cds.Open(cache, nil).Reject(img.archive, why)
}

// NeedsJar reports whether an image needs its jar: its Dockerfile does more than bring the application and start it, as
// far as that is known before it is built. What it needs that first brings [ErrNeedsJar].
func (m *Imager) NeedsJar(app springboot.App) bool {
	if app.Dockerfile == "" {
		return false
	}
	key := app.DockerfileKey()
	if last := m.last.Load(); last != nil && last.key == key {
		return false
	}
	file := app.ReadDockerfile()
	if _, reason := file.Application(app.Archive); reason != "" || m.whole.Load() == key {
		return true
	}
	entrypoint, cmd := file.Command()
	_, _, why := m.options.parseCommand(v1.Config{Entrypoint: entrypoint, Cmd: cmd})
	return why != ""
}
