package image

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/jvm"
	"github.com/devloop-cli/devloop/builder/layertar"
	"github.com/devloop-cli/devloop/builder/ociimage"
	"github.com/devloop-cli/devloop/builder/optimization"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/builder/supervisor"
	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/internal/paths"
)

// Most Dockerfiles do two things with an application: they copy its jar, and they start it. Such an
// image can be rebased: the layer with the jar is replaced by layers of classes and libraries, and the
// command starts the same JVM, with the same options and arguments, from a class path. The
// result can be changed while it runs, like every composed image.
//
// The engine builds the Dockerfile first, and again when it, its base or a file that it copies has changed. If anything
// is uncertain, such as a command that may have read the jar, the image stays as it is; [Report] says why.

// dockerfileBase is a Dockerfile's image without the jar.
type dockerfileBase struct {
	key   string          // of what it is made of
	bases []string        // the IDs of the images that it is based on, nil where the engine does not know them
	jar   string          // the jar that was copied
	base  *ociimage.Image // the image without the layer of the jar
	java  []string        // the command up to -jar: a JVM and its options
	args  []string        // what follows the jar
	// cmd is true if the command is the image's CMD, false for its ENTRYPOINT.
	cmd bool
}

// serves reports whether the Dockerfile would make the same again, but for what is in the jar.
func (s *dockerfileBase) serves(app springboot.App, key string, bases []string) bool {
	return s != nil && s.key == key && s.jar == app.Jar && len(bases) > 0 && slices.Equal(s.bases, bases) &&
		notExploded(app) == ""
}

// rebase composes the application on the Dockerfile's image without the jar, which is made of from. If that is
// impossible, for the reason why or for another one, it returns the image itself with the reason.
func (k *maker) rebase(ctx context.Context, made Image, from dockerfileBase, why string) (Image, error) {
	var s *dockerfileBase
	if why == "" {
		var err error
		if s, why, err = k.findBase(ctx, made); err != nil {
			return Image{}, err
		}
	}
	if why != "" {
		made.Report.NoSupervisorReason = made.Report.Dockerfile + " makes its image: " + why
		return made, nil
	}
	if err := k.Docker.ImageTag(ctx, made.ID.String(), k.byDockerfile()); err != nil {
		return Image{}, fmt.Errorf("tag image %q: %w", k.byDockerfile(), err)
	}
	s.key, s.bases, s.jar = from.key, from.bases, from.jar
	made, err := k.composeOnDockerfile(ctx, s)
	if err != nil {
		return Image{}, err
	}
	k.imager.last.Store(s)
	return made, nil
}

// byDockerfile names the Dockerfile's image: the tag keeps the build cache alive, of which composed images use layers.
func (k *maker) byDockerfile() string { return k.app.Name + ":dockerfile" }

var errNoDockerfileBase = errors.New("what the Dockerfile makes is not known any more")

// composeOnDockerfile composes an image on a Dockerfile's image without the jar.
func (k *maker) composeOnDockerfile(ctx context.Context, s *dockerfileBase) (Image, error) {
	if s == nil {
		return Image{}, errNoDockerfileBase
	}
	var err error
	if k.preview, err = k.app.UsesPreview(); err != nil {
		return Image{}, err
	}
	made, err := k.compose(ctx, s.base, s, k.byDockerfile(), "its jar in layers of its own")
	made.Report.Dockerfile = paths.Relative(k.app.Dockerfile, k.app.Dir)
	return made, err
}

// findBase returns an image without its jar, or why the jar cannot be removed.
func (k *maker) findBase(ctx context.Context, made Image) (s *dockerfileBase, why string, err error) {
	if s, why = k.parseCommand(made.Content); why != "" {
		return nil, why, nil
	}
	view := made.Content.(*ociimage.Image)
	history, err := k.Docker.ImageHistory(ctx, made.ID.String())
	if err != nil {
		return nil, "", err
	}
	places := ociimage.CopyDestinations(history, view.Config.Config.WorkingDir)
	jar := slices.IndexFunc(places, func(place string) bool { return k.isJar(s, place, view.Config.Config.WorkingDir) })
	switch {
	case jar < 0 || len(places) > len(view.Stack):
		return nil, "its last steps do not copy the jar that it starts", nil
	case slices.ContainsFunc(slices.Delete(slices.Clone(places), jar, jar+1), overlapsApp):
		return nil, "it copies to where devloop puts the classes", nil
	}
	layers := slices.Clone(view.Stack)
	n := len(layers) - len(places) + jar
	s.base, err = ociimage.New(view.Config.DeepCopy(), slices.Delete(layers, n, n+1))
	return s, "", err
}

// isJar reports whether a COPY to place put the jar where the command expects it.
func (k *maker) isJar(s *dockerfileBase, place, workDir string) bool {
	jar := s.args[0]
	if !path.IsAbs(jar) {
		jar = path.Join("/", workDir, jar)
	}
	return jar == place || jar == path.Join(place, filepath.Base(k.app.Jar))
}

// overlapsApp reports whether a copy to place may lie among the application's files.
func overlapsApp(place string) bool {
	return place == "/"+layertar.AppDir || slices.ContainsFunc([]string{layertar.ClassesDir,
		layertar.OriginalDir, layertar.LibDir, supervisor.AddedDir, supervisor.Dir},
		func(own string) bool { return paths.Within(place, "/"+own) })
}

// parseCommand splits an image's command: java, options, -jar, the jar, arguments. Why says what prevents a rebase.
func (k *maker) parseCommand(img v1.Image) (s *dockerfileBase, why string) {
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err.Error()
	}
	command, cmd := config.Config.Entrypoint, false
	if len(command) == 0 {
		command, cmd = config.Config.Cmd, true
	}
	if why := notExploded(k.app); why != "" {
		return nil, why
	}
	at := slices.Index(command, "-jar")
	switch {
	case at < 1 || at+1 == len(command) || path.Base(command[0]) != "java":
		return nil, "its command is not java -jar"
	case slices.ContainsFunc(command[:at], func(o string) bool { return strings.Contains(o, "jdwp") }):
		return nil, "it opens a debug port itself"
	}
	if name, why := jvm.Exclusive(set(config.Config.Env)); name != "" {
		return nil, "it sets " + name + ": " + why
	}
	return &dockerfileBase{java: command[:at], args: command[at+1:], cmd: cmd}, ""
}

// notExploded says why the files of a jar can't stand for it, "" if they can.
func notExploded(app springboot.App) string {
	switch {
	case app.Exploded == nil:
		return "not all in the jar lies on the disk too"
	case app.Exploded.Webapp != "":
		return "it starts a war"
	}
	return ""
}

// options returns the JVM options of the Dockerfile.
func (s *dockerfileBase) options() []optimization.Option {
	return lists.Map(s.java[1:], func(text string) optimization.Option {
		return optimization.Option{Text: text, Why: "the Dockerfile says so"}
	})
}

// start replaces the command that started the jar.
func (s *dockerfileBase) start(c *v1.Config, command []string) {
	command = append(command, s.args[1:]...)
	if s.cmd {
		c.Cmd = command
	} else {
		c.Entrypoint = command
	}
}
