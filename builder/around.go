package builder

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/internal/paths"
	"github.com/devloop-cli/devloop/builder/jvm"
	"github.com/devloop-cli/devloop/builder/layertar"
	"github.com/devloop-cli/devloop/builder/ociimage"
	"github.com/devloop-cli/devloop/builder/supervisor"
)

// Most Dockerfiles do two things with an application: they copy its jar, and they start it.
// An image of such a one can be made anew without the Dockerfile as long as nothing else
// that it is made of changes: the layer with the jar goes, the application's own layers take its
// place, and the command starts the same JVM with the same options and arguments, from a class
// path. It can then be changed while it runs, as any composed image.
//
// The Dockerfile's own image is made first, and again whenever the Dockerfile or another file
// that it copies has changed. Whatever is not certain, such as a command that may have read the
// jar, leaves the image as the Dockerfile makes it; [Explanation] says why.

// surroundings are what a Dockerfile puts around the jar.
type surroundings struct {
	key  string          // of what they are made of
	base *ociimage.Image // the image without the layer of the jar
	java []string        // the command up to -jar: a JVM and its options
	args []string        // what follows the jar
	// cmd says that the command is the image's CMD, not its ENTRYPOINT.
	cmd bool
}

// NeedsJar reports whether the image of an application needs its jar: its Dockerfile has to be
// built, or was not yet built with what it copies now.
func (m *Imager) NeedsJar(app App) bool {
	if app.Dockerfile == "" {
		return false
	}
	key, _ := app.DockerfileKey()
	last := m.last.Load()
	return last == nil || last.key != key
}

// apart takes the image that the Dockerfile made apart, and composes it anew. Where why, or the
// image, speaks against that it returns the image itself, with the reason.
func (j *job) apart(ctx context.Context, made Image, key, why string) (Image, error) {
	var s *surroundings
	if why == "" {
		var err error
		if s, why, err = j.surround(ctx, made); err != nil {
			return Image{}, err
		}
	}
	if why != "" {
		made.Explanation.Unsupervised = made.Explanation.Dockerfile + " makes its image: " + why
		return made, nil
	}
	if err := j.docker.ImageTag(ctx, made.ID.String(), j.byDockerfile()); err != nil {
		return Image{}, fmt.Errorf("tag image %q: %w", j.byDockerfile(), err)
	}
	s.key = key
	made, err := j.composeAround(ctx, s)
	if err != nil {
		return Image{}, err
	}
	j.last.Store(s)
	return made, nil
}

// byDockerfile names the image that the Dockerfile made. The name keeps the engine from forgetting
// its steps, of which composed images hold the layers only.
func (j *job) byDockerfile() string { return j.app.Name + ":dockerfile" }

// errNoSurroundings says that the image has to be made by the Dockerfile once more.
var errNoSurroundings = errors.New("what the Dockerfile makes is not known any more")

// composeAround composes an image in surroundings.
func (j *job) composeAround(ctx context.Context, s *surroundings) (Image, error) {
	if s == nil {
		return Image{}, errNoSurroundings
	}
	j.given = slices.Concat(j.given, s.java[1:])
	j.in = s
	made, err := j.compose(ctx, s.base, j.byDockerfile(), "its jar in layers of its own")
	made.Explanation.Dockerfile = relative(j.app.Dockerfile, j.app.Dir)
	return made, err
}

// surround returns what is around the jar in an image, or why that can't be told.
func (j *job) surround(ctx context.Context, made Image) (s *surroundings, why string, err error) {
	if s, why = j.launched(made.Content); why != "" {
		return nil, why, nil
	}
	view := made.Content.(*ociimage.Image)
	history, err := j.docker.ImageHistory(ctx, made.ID.String())
	if err != nil {
		return nil, "", err
	}
	places := ociimage.CopyDestinations(history, view.Config.Config.WorkingDir)
	jar := slices.IndexFunc(places, func(place string) bool { return j.isJar(s, place, view.Config.Config.WorkingDir) })
	switch {
	case jar < 0 || len(places) > len(view.Stack):
		return nil, "its last steps do not copy the jar that it starts", nil
	case slices.ContainsFunc(slices.Delete(slices.Clone(places), jar, jar+1), reserved):
		return nil, "it copies to where devloop puts the classes", nil
	}
	layers := slices.Clone(view.Stack)
	n := len(layers) - len(places) + jar
	s.base, err = ociimage.New(view.Config.DeepCopy(), slices.Delete(layers, n, n+1))
	return s, "", err
}

// isJar says whether a COPY to place has put the jar where the command finds it.
func (j *job) isJar(s *surroundings, place, workDir string) bool {
	jar := s.args[0]
	if !path.IsAbs(jar) {
		jar = path.Join("/", workDir, jar)
	}
	return jar == place || jar == path.Join(place, filepath.Base(j.app.Jar))
}

// reserved says whether something that was copied to place may lie among the application's files.
func reserved(place string) bool {
	return place == "/"+layertar.AppDir || slices.ContainsFunc([]string{layertar.ClassesDir, layertar.LibDir, supervisor.Dir}, func(own string) bool { return paths.Within(place, "/"+own) })
}

// launched reads the command of an image: java, options, -jar, the jar, arguments.
func (j *job) launched(img v1.Image) (s *surroundings, why string) {
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err.Error()
	}
	command, cmd := config.Config.Entrypoint, false
	if len(command) == 0 {
		command, cmd = config.Config.Cmd, true
	}
	at := slices.Index(command, "-jar")
	switch {
	case j.app.Exploded == nil:
		return nil, "not all in the jar lies on the disk too"
	case j.app.Exploded.Webapp != "":
		return nil, "it starts a war"
	case at < 1 || at+1 == len(command) || path.Base(command[0]) != "java":
		return nil, "its command is not java -jar"
	case slices.ContainsFunc(command[:at], func(o string) bool { return strings.Contains(o, "jdwp") }):
		return nil, "it opens a debug port itself"
	}
	if name := jvm.OptionVariable(config.Config.Env); name != "" {
		return nil, "it sets " + name
	}
	return &surroundings{java: command[:at], args: command[at+1:], cmd: cmd}, ""
}

// options are those that the Dockerfile gives to the JVM.
func (s *surroundings) options() []Option {
	var options []Option
	for _, text := range s.java[1:] {
		options = append(options, Option{Text: text, Why: "the Dockerfile says so"})
	}
	return options
}

// start puts a command in the place of the one that started the jar.
func (s *surroundings) start(c *v1.Config, command []string) {
	command = append(command, s.args[1:]...)
	if s.cmd {
		c.Cmd = command
	} else {
		c.Entrypoint = command
	}
}
