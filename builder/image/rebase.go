package image

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/dockerfile"
	"github.com/devloop-cli/devloop/builder/jvm"
	"github.com/devloop-cli/devloop/builder/layertar"
	"github.com/devloop-cli/devloop/builder/ociimage"
	"github.com/devloop-cli/devloop/builder/optimization"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/builder/supervisor"
	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/internal/paths"
)

// Most Dockerfiles do two things with an application: they bring it into the image, as a jar or unpacked, and they
// start it. Such an image can be rebased: the Dockerfile is built without what brings the application, which comes in
// layers of classes and libraries instead, and the command starts the same JVM, with the same options and arguments,
// from a class path. The result can be changed while it runs, like every composed image.
//
// The engine builds the Dockerfile again when it, its base or a file that it copies has changed. If anything is
// uncertain, such as a command that may have read the jar, the image is made as the Dockerfile says; [Report] says why.

// dockerfileBase is a Dockerfile's image without the application.
type dockerfileBase struct {
	key     string          // of what it is made of
	bases   []string        // the IDs of the images that it is based on, nil where the engine does not know them
	jar     string          // the jar that was copied
	base    *ociimage.Image // the image without the application
	wrapper []string        // what prepares the container, and runs its arguments
	java    []string        // the JVM and its options
	args    []string        // the application's
	// cmd is true if the command is the image's CMD, false for its ENTRYPOINT.
	cmd bool
}

// serves reports whether the Dockerfile would make the same again.
func (s *dockerfileBase) serves(app springboot.App, now dockerfileBase) bool {
	return s != nil && s.key == now.key && s.jar == now.jar && notExploded(app) == "" &&
		len(now.bases) > 0 && slices.Equal(s.bases, now.bases)
}

// rebase composes the application on what the Dockerfile makes without it. From says what that is made of. If it is
// impossible, why says so.
func (k *maker) rebase(
	ctx context.Context, a dockerfile.Application, from dockerfileBase,
) (made Image, why string, err error) {
	if why := notExploded(k.app); why != "" {
		return Image{}, why, nil
	}
	if err := k.refuse(); err != nil {
		return Image{}, "", err
	}
	id, view, err := k.buildFile(ctx, a.Without)
	if err != nil {
		return Image{}, "", err
	}
	s, why := k.findBase(a, view)
	if why != "" {
		return Image{}, why, nil
	}
	if err := k.Docker.ImageTag(ctx, id.String(), k.byDockerfile()); err != nil {
		return Image{}, "", fmt.Errorf("tag image %q: %w", k.byDockerfile(), err)
	}
	s.key, s.bases, s.jar = from.key, from.bases, from.jar
	made, err = k.composeOnDockerfile(ctx, s)
	if err != nil {
		return Image{}, "", err
	}
	if made.Advice = k.adviseTarget(); a.Compiles > 0 {
		made.Advice = append(made.Advice, Advice{
			fmt.Sprintf("%s:%d compiles the project in the image: devloop takes what your own build compiles instead, so that a save is there at once", made.Report.Dockerfile, a.Compiles),
			"have all of it built as the Dockerfile says: --path pod"})
	}
	k.imager.last.Store(s)
	return made, "", nil
}

// byDockerfile names the Dockerfile's image: the tag keeps the build cache alive, of which composed images use layers.
func (k *maker) byDockerfile() string { return k.app.Name + ":dockerfile" }

// composeOnDockerfile composes an image on a Dockerfile's image without the application.
func (k *maker) composeOnDockerfile(ctx context.Context, s *dockerfileBase) (Image, error) {
	var err error
	if k.preview, err = k.app.UsesPreview(); err != nil {
		return Image{}, err
	}
	made, err := k.compose(ctx, s.base, s, k.byDockerfile(), "the application in layers of its own")
	made.Report.Dockerfile = paths.Relative(k.app.Dockerfile, k.app.Dir)
	return made, err
}

// findBase returns what the Dockerfile makes without the application, or why devloop's layers can't stand for that.
func (k *maker) findBase(a dockerfile.Application, view *ociimage.Image) (s *dockerfileBase, why string) {
	config, workDir := view.Config.Config, view.Config.Config.WorkingDir
	s, c, why := k.imager.options.parseCommand(config)
	switch {
	case why != "":
		return nil, why
	case !a.Starts(c.jar, c.classPath, workDir) || c.class != "" && c.class != k.app.MainClass:
		return nil, "its last stage does not copy the application that it starts"
	case slices.ContainsFunc(a.Without.Places(workDir), overlapsApp):
		return nil, "it copies to where devloop puts the classes"
	}
	s.base = view
	return s, ""
}

// overlapsApp reports whether a copy to place may lie among the application's files.
func overlapsApp(place string) bool {
	return place == "/"+layertar.AppDir || slices.ContainsFunc([]string{layertar.ClassesDir,
		layertar.OriginalDir, layertar.LibDir, supervisor.AddedDir, supervisor.Dir},
		func(own string) bool { return paths.Within(place, "/"+own) })
}

// starts is what a command starts: a jar, or a class from a class path. Of Boot's own launcher, class is "".
type starts struct {
	jar       string
	classPath []string
	class     string
}

// jarLauncher matches the class that starts an unpacked jar in its directory.
var jarLauncher = regexp.MustCompile(`^org\.springframework\.boot\.loader\.(launch\.)?JarLauncher$`)

// shell matches programs that run the text after -c.
var shell = regexp.MustCompile(`^(/usr)?(/bin/)?(ba|da)?sh$`)

// plainText matches a shell's text that is one command of plain words, which need no shell.
var plainText = regexp.MustCompile(`^\s*(exec\s+)?[\w./:=,@%+\-\s]+$`)

// commandOf returns an image's command, and whether it is the image's CMD. A program of its ENTRYPOINT that prepares
// the container stands before it, and shells that are not needed are gone. A shell in the ENTRYPOINT hides arguments
// from the application, so it stays where there are some.
func (o Options) commandOf(config v1.Config) (wrapper, command []string, cmd bool) {
	command, cmd = config.Entrypoint, false
	if len(command) == 0 || runsArguments(command) && len(config.Cmd) > 0 {
		command, cmd = config.Cmd, true
	}
	hides := !cmd && (o.Arguments || len(config.Cmd) > 0)
	if len(command) == 3 && !hides && shell.MatchString(command[0]) && command[1] == "-c" &&
		plainText.MatchString(command[2]) {
		command = strings.Fields(strings.TrimPrefix(strings.TrimSpace(command[2]), "exec "))
	}
	at := slices.IndexFunc(command, func(word string) bool { return path.Base(word) == "java" })
	if at > 0 && runsArguments(command) {
		return command[:at], command[at:], cmd
	}
	return nil, command, cmd
}

// parseCommand splits an image's command: java, options, what it starts, arguments. Why says what prevents a rebase.
func (o Options) parseCommand(config v1.Config) (s *dockerfileBase, c starts, why string) {
	wrapper, command, cmd := o.commandOf(config)
	isClassPath := func(o string) bool { return o == "-cp" || o == "-classpath" || o == "--class-path" }
	options, args := len(command), len(command)
	if at := slices.Index(command, "-jar"); at > 0 && at+1 < len(command) {
		options, args, c.jar = at, at+2, command[at+1]
	} else if at := slices.IndexFunc(command, isClassPath); at > 0 && at+2 < len(command) &&
		!strings.HasPrefix(command[at+2], "-") {
		options, args, c.classPath, c.class = at, at+3, strings.Split(command[at+1], ":"), command[at+2]
	} else if at := slices.IndexFunc(command, jarLauncher.MatchString); at > 0 {
		options, args, c.classPath = at, at+1, []string{"."}
	}
	if jarLauncher.MatchString(c.class) {
		c.class = ""
	}
	switch {
	case options == len(command) || path.Base(command[0]) != "java":
		return nil, c, "its command does not start java with the jar or its classes"
	case cmd && o.Arguments:
		return nil, c, "the Pod's arguments take the place of its CMD"
	case slices.ContainsFunc(command[:options], func(o string) bool { return strings.Contains(o, "jdwp") }):
		return nil, c, "it opens a debug port itself"
	}
	if name, why := jvm.Exclusive(set(config.Env)); name != "" {
		return nil, c, "it sets " + name + ": " + why
	}
	return &dockerfileBase{wrapper: wrapper, java: command[:options], args: command[args:], cmd: cmd}, c, ""
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

// start replaces the command that started the application.
func (s *dockerfileBase) start(c *v1.Config, command []string) {
	command = slices.Concat(s.wrapper, command, s.args)
	if s.cmd {
		c.Cmd = command
	} else {
		c.Entrypoint = command
	}
}
