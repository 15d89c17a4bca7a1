package builder

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strconv"
	"sync/atomic"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/cds"
	"github.com/devloop-cli/devloop/builder/dockerfile"
	"github.com/devloop-cli/devloop/builder/layercache"
	"github.com/devloop-cli/devloop/builder/ociimage"
	"github.com/devloop-cli/devloop/builder/supervisor"
)

// ProjectLabel marks the images that devloop built. Its value is the project's name.
const ProjectLabel = "devloop-cli.github.io/project"

// ImagerOptions say how images are made.
type ImagerOptions struct {
	// CacheDir is devloop's own cache directory; empty means "devloop" in the user's.
	CacheDir string
	// Base is what an image without a Dockerfile is based on; empty means
	// eclipse-temurin:N-jre, N being the Java version with long-term support that
	// runs the application.
	Base string
	// Without names the [Levers] that are not used.
	Without []string
	// JVMOptions are variables, NAME=VALUE, with options for every JVM that the Pod is given. Options of
	// composed images that contradict them are left out.
	JVMOptions []string
	// Develop makes images that can be changed while they run: without a Dockerfile, or of one
	// that only copies the jar and starts it (the project has [Project.Develop] set, too).
	Develop bool
	// Swap says that the JVM in the Pod of any other image of a Dockerfile will be told to let a
	// debugger in, so that it takes changed methods where it runs what the build has made.
	Swap bool
	// Debug lets a debugger into the JVM of such an image, even without [LeverSwap]; Suspend
	// has the JVM wait at each start until one has come.
	Debug, Suspend bool
}

// Imager makes images in one Docker engine.
type Imager struct {
	docker  client.APIClient
	base    string
	cache   string
	without []string
	given   []string
	develop bool
	swap    bool
	debug   supervisor.Debug
	// last is what the Dockerfile made last, without the jar. It serves images of one project.
	last *atomic.Pointer[surroundings]
}

// Image is an image in the engine.
type Image struct {
	// Ref names this content and no other: "spring-server:devloop-0f3c9a51b2de", by the
	// first digits of ID.
	Ref string
	// Name is what the user calls it: "spring-server:latest". It moves on with each build.
	Name string
	// ID is the engine's name for the content: the digest of its configuration.
	ID v1.Hash
	// Content is the image for whoever sends it on: uncompressed layers, each with its
	// diff ID as its digest. Of an image that the engine built from a Dockerfile, the
	// engine exports layers when they are first read; the context given to
	// [Imager.Image] ends that.
	Content v1.Image
	// Port is the application's where the image exposes it, or exposes none, as most Dockerfiles have
	// it; else the lowest TCP port that it exposes; 0 where it is no server.
	Port int
	// Explanation says what is in it and why.
	Explanation Explanation
	// Advice is what in the Dockerfile costs time, empty for an image without one.
	Advice []Advice

	training *cds.Training // what an archive is made of, nil if none is wanted
	archive  string        // key of the one that it has, "" if it has none
}

// NewImager returns an Imager that uses docker. Nothing is asked of the engine yet.
func NewImager(docker client.APIClient, o ImagerOptions) *Imager {
	return &Imager{docker: docker, base: o.Base, cache: o.CacheDir, without: o.Without, given: o.JVMOptions, develop: o.Develop, swap: o.Swap, debug: supervisor.Debug{On: o.Debug || o.Suspend, Suspend: o.Suspend}, last: new(atomic.Pointer[surroundings])}
}

// Image makes the image of app: by its Dockerfile if it has one, else composed of
// the jar's layers. Unchanged input gives an image with the same ID. Earlier images
// of the project are removed but for the last two, and those in use. What
// the builder prints goes to out.
//
// It returns an error with the code docker.unreachable where no engine answers and an [ImageError] when the
// image can't be made.
func (m *Imager) Image(ctx context.Context, app App, out io.Writer) (Image, error) {
	cache, err := cacheDir(m.cache)
	if err != nil {
		return Image{}, err
	}
	layers := layercache.Open(cache)
	j := &job{docker: m.docker, cache: layers, archives: cds.Open(cache, layers), without: m.without, given: m.given, develop: m.develop, swap: m.swap, debug: m.debug, last: m.last, app: app, out: out}
	img, err := j.run(ctx, m.base)
	if err != nil {
		return Image{}, imageError(ctx, app.Name, m.docker.DaemonHost(), err)
	}
	if err := j.prune(ctx, img.ID); err != nil {
		_, _ = fmt.Fprintf(out, "earlier images stay: %v\n", err)
	}
	return img, nil
}

// job is the making of one image.
type job struct {
	docker   client.APIClient
	cache    *layercache.Cache
	archives *cds.Store
	without  []string
	given    []string // the user's options for the JVM, or variables with some
	develop  bool
	swap     bool
	debug    supervisor.Debug
	// undeveloped says why not, where it was asked for.
	undeveloped string
	last        *atomic.Pointer[surroundings]
	app         App
	file        *dockerfile.File // nil for an image without one
	out         io.Writer
	// in are the surroundings of an image that a Dockerfile made, nil for others.
	in *surroundings
}

func (j *job) run(ctx context.Context, base string) (Image, error) {
	if j.app.Dockerfile != "" {
		j.file = j.app.ReadDockerfile()
		return j.byItsDockerfile(ctx)
	}
	why := "chosen by the user"
	if base == "" {
		base, why = defaultBase(j.app.Java), fmt.Sprintf("the classes need Java %d", j.app.Java)
	}
	found, err := j.baseImage(ctx, base)
	if err != nil {
		return Image{}, err
	}
	return j.compose(ctx, found, base, why)
}

// byItsDockerfile makes the image as the Dockerfile says. One that shall be changed while it runs
// is taken apart, where that is possible.
func (j *job) byItsDockerfile(ctx context.Context) (Image, error) {
	takeApart := j.supervised()
	if takeApart && j.app.Jar == "" {
		return j.composeAround(ctx, j.last.Load())
	}
	if !takeApart {
		return j.build(ctx)
	}
	key, why := j.app.DockerfileKey() // of what is built: a later save has another
	made, err := j.build(ctx)
	if err != nil {
		return made, err
	}
	return j.apart(ctx, made, key, why)
}

// ref returns the name that belongs to one content alone.
func (j *job) ref(id v1.Hash) string { return j.app.Name + ":devloop-" + id.Hex[:12] }

// name returns the name that the user knows.
func (j *job) name() string { return j.app.Name + ":latest" }

// image returns the value for an image in the engine.
func (j *job) image(id v1.Hash, view *ociimage.Image) Image {
	exposed := view.Config.Config.ExposedPorts
	port := cmp.Or(lowestPort(exposed), j.app.Port)
	if _, own := exposed[strconv.Itoa(j.app.Port)+"/tcp"]; own {
		port = j.app.Port
	}
	return Image{Ref: j.ref(id), Name: j.name(), ID: id, Content: view, Port: port}
}

// lowestPort returns the lowest TCP port of an EXPOSE, such as "8080/tcp".
func lowestPort(exposed map[string]struct{}) int {
	lowest := 0
	for port := range exposed {
		var n int
		protocol := "tcp"
		if k, _ := fmt.Sscanf(port, "%d/%s", &n, &protocol); k > 0 && protocol == "tcp" && (lowest == 0 || n < lowest) {
			lowest = n
		}
	}
	return lowest
}

// inspect returns what the engine knows of an image, found false if it has none.
func (j *job) inspect(ctx context.Context, ref string) (found image.InspectResponse, ok bool, err error) {
	found, err = j.docker.ImageInspect(ctx, ref)
	if cerrdefs.IsNotFound(err) {
		return found, false, nil
	}
	return found, err == nil, err
}

// tag gives an image both its names, as far as it doesn't have them.
func (j *job) tag(ctx context.Context, id v1.Hash) error {
	for _, name := range []string{j.ref(id), j.name()} {
		found, ok, err := j.inspect(ctx, name)
		if err == nil && (!ok || found.ID != id.String()) {
			err = j.docker.ImageTag(ctx, id.String(), name)
		}
		if err != nil {
			return fmt.Errorf("tag image %q: %w", name, err)
		}
	}
	return nil
}

// longTerm are the Java versions with long-term support, which have a
// eclipse-temurin image each.
var longTerm = []int{8, 11, 17, 21, 25}

// defaultBase returns the JRE image of the first version that runs java's classes.
func defaultBase(java int) string {
	for _, version := range longTerm {
		if java <= version {
			java = version
			break
		}
	}
	return "eclipse-temurin:" + strconv.Itoa(java) + "-jre"
}

// Train makes the archive that img could have, if it wants one; see [cds.Training.Run]. From then on
// [Imager.Image] puts it into every image of the same libraries. That takes some seconds, so it is
// best done when the application runs already.
func (m *Imager) Train(ctx context.Context, img Image, out io.Writer) (cds.Archive, error) {
	if img.training == nil {
		return img.Explanation.Archive, nil
	}
	made, err := img.training.Run(ctx, m.docker, img.Ref, out)
	if err != nil {
		err = imageError(ctx, img.training.Project, m.docker.DaemonHost(), err)
	}
	return made, err
}

// Refuse notes that a JVM did not use the archive of img; see [cds.Store.Reject].
func (m *Imager) Refuse(img Image, why string) (again bool, err error) {
	cache, err := cacheDir(m.cache)
	if err != nil || img.archive == "" {
		return false, err
	}
	return cds.Open(cache, nil).Reject(img.archive, why)
}
