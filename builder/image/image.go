package image

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/cds"
	"github.com/devloop-cli/devloop/builder/dockerfile"
	"github.com/devloop-cli/devloop/builder/layercache"
	"github.com/devloop-cli/devloop/builder/ociimage"
	"github.com/devloop-cli/devloop/builder/repository"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/debugoption"
)

// Image is an image in the engine.
type Image struct {
	// Ref names exactly this content, by the first digits of ID: "spring-server:devloop-0f3c9a51b2de".
	Ref string
	// Name is what users call it: "spring-server:latest". It moves with each build.
	Name string
	// ID is the engine's name for the content: the digest of its configuration.
	ID v1.Hash
	// Content is the image for whoever sends it on: uncompressed layers, whose digests are their diff IDs. The engine
	// exports layers that it built when they are first read, until the context of [Imager.Image] ends.
	Content v1.Image
	// Port is the application's if the image exposes it or none, else the lowest exposed TCP port for requests, or 0.
	Port int
	// Report says what it consists of, and why.
	Report Report
	// Advice says what in the Dockerfile costs time.
	Advice []Advice

	training *cds.Training // of the archive that it wants, nil for none
	archive  string        // key of the archive that it has, "" for none
	composed *composer     // what made it, nil for an image of a Dockerfile
}

// maker makes one image.
type maker struct {
	imager *Imager
	repository.Repository
	dir      string // devloop's cache directory
	cache    *layercache.Cache
	archives *cds.Store
	app      springboot.App
	preview  bool             // the application uses preview features
	file     *dockerfile.File // nil for an image without one
}

func (k *maker) make(ctx context.Context) (Image, error) {
	if k.app.Dockerfile != "" {
		k.file = k.app.ReadDockerfile()
		return k.fromDockerfile(ctx)
	}
	var err error
	if k.preview, err = k.app.UsesPreview(); err != nil {
		return Image{}, err
	}
	ref, why := k.imager.options.Base, "chosen by the user"
	switch {
	case ref != "":
	case k.preview:
		ref, why = jre(k.app.Java), fmt.Sprintf("the classes use preview features of Java %d", k.app.Java)
	default:
		ref, why = DefaultBase(k.app.Java), fmt.Sprintf("the classes need Java %d", k.app.Java)
	}
	base, err := k.baseImage(ctx, ref)
	if err != nil {
		return Image{}, err
	}
	return k.compose(ctx, base, nil, ref, why)
}

func (k *maker) image(id v1.Hash, view *ociimage.Image) Image {
	exposed := view.Config.Config.ExposedPorts
	port := cmp.Or(lowestPort(view.Config.Config), k.app.Port)
	if _, own := exposed[strconv.Itoa(k.app.Port)+"/tcp"]; own {
		port = k.app.Port
	}
	return Image{Ref: k.Ref(id), Name: k.Name(), ID: id, Content: view, Port: port}
}

// lowestPort returns the lowest TCP port of an EXPOSE, such as "8080/tcp", that is not for debuggers.
func lowestPort(c v1.Config) int {
	debug, lowest := debugoption.Port(slices.Concat(c.Env, c.Entrypoint, c.Cmd)...), 0
	for port := range c.ExposedPorts {
		var n int
		protocol := "tcp"
		k, _ := fmt.Sscanf(port, "%d/%s", &n, &protocol)
		lower := lowest == 0 || lowest == debugoption.Usual || n < lowest && n != debugoption.Usual
		if k > 0 && protocol == "tcp" && n != debug && lower {
			lowest = n
		}
	}
	return lowest
}

// longTerm are the Java versions with long-term support, which have an eclipse-temurin image each.
var longTerm = []int{8, 11, 17, 21, 25}

// DefaultBase returns the JRE image of the first version that runs java's classes.
func DefaultBase(java int) string {
	for _, version := range longTerm {
		if java <= version {
			java = version
			break
		}
	}
	return jre(java)
}

// Bases returns the images that an image is made from: the Dockerfile's, else base, else the Java version's default.
func Bases(file string, o dockerfile.Options, base string, java int) []string {
	switch {
	case file != "":
		return dockerfile.Read(file, o).Bases()
	case base != "":
		return []string{base}
	default:
		return []string{DefaultBase(java)}
	}
}

func jre(java int) string { return "eclipse-temurin:" + strconv.Itoa(java) + "-jre" }
