package image

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/cds"
	"github.com/devloop-cli/devloop/builder/jvm"
	"github.com/devloop-cli/devloop/builder/launcher"
	"github.com/devloop-cli/devloop/builder/layercache"
	"github.com/devloop-cli/devloop/builder/layertar"
	"github.com/devloop-cli/devloop/builder/ociimage"
	"github.com/devloop-cli/devloop/builder/optimization"
	"github.com/devloop-cli/devloop/builder/spare"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/builder/supervisor"
	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/lists"
)

// nonRootUser is the default of [Options.User]: a number needs no /etc/passwd, and satisfies a Pod's runAsNonRoot.
const nonRootUser = "1000:1000"

// compose makes an image of a base and the application's layers, and loads it. On is set if a Dockerfile made the base.
func (k *maker) compose(ctx context.Context, base *ociimage.Image, on *dockerfileBase, ref, why string) (Image, error) {
	files, err := k.app.Files()
	if err != nil {
		return Image{}, err
	}
	defer files.Close()
	c := k.composer(base, on)
	if err := c.compose(files); err != nil {
		return Image{}, err
	}
	c.Base, c.BaseWhy = ref, why
	view, err := ociimage.New(c.configure(base.Config.DeepCopy()), slices.Concat(base.Stack, c.layers))
	if err != nil {
		return Image{}, err
	}
	id, err := view.ConfigName()
	if err != nil {
		return Image{}, err
	}
	if err := k.Ensure(ctx, id, view); err != nil {
		return Image{}, err
	}
	made := k.image(id, view)
	made.Report, made.training, made.archive, made.composed = c.Report, c.training, c.archive, c
	return made, nil
}

// composer decides what lies on a base, and how it runs.
type composer struct {
	Report
	begins      beginning
	libraries   map[string]string // their versions by their names
	librariesAt int               // where they begin on the class path
	layers      []ociimage.Layer
	training    *cds.Training
	archive     string // key of the archive's record

	options       Options
	launcher      *launcher.Launcher // nil if the packages need none
	preview       bool               // see springboot.App.UsesPreview
	notChangeable string             // why the image has no supervisor although it was asked for
	environment   []string           // variables of the container that may have options for every JVM
	given         []string           // those, and options for the application's JVM from elsewhere
	app           springboot.App
	base          *ociimage.Image
	on            *dockerfileBase // nil unless a Dockerfile made the base
	cache         *layercache.Cache
	archives      *cds.Store
	out           io.Writer
}

// composer returns one for a base, whose environment may have options for the JVM.
func (k *maker) composer(base *ociimage.Image, on *dockerfileBase) *composer {
	c := &composer{options: k.imager.options, preview: k.preview, app: k.app, base: base, on: on, cache: k.cache,
		archives: k.archives, out: k.Out}
	env := set(base.Config.Config.Env)
	if name, why := jvm.Exclusive(env); name != "" && c.options.Develop {
		c.options.Develop, c.notChangeable = false, "the base image sets "+name+": "+why
	}
	c.environment = slices.Concat(c.options.JVMOptions, env)
	c.given = slices.Clone(c.environment)
	if on != nil {
		c.given = append(c.given, on.java[1:]...)
	}
	return c
}

// compose makes the layers: libraries, their archive if there is one, and the application's own.
func (c *composer) compose(files *springboot.Files) error {
	libs, own, classPath := split(files, c.classesDir())
	begins, err := c.beginning(files)
	if err != nil {
		return err
	}
	c.begins, c.libraries, c.MainClass = begins, versions(files.Libraries), c.app.MainClass
	c.Options, c.Templates, c.Messages = slices.Clone(begins.options), begins.templates, begins.messages
	if c.launcher = launcher.New(files); c.launcher != nil {
		own = append([]part{{"manifest", c.launcher.Files()}}, own...)
	}
	if err := c.add(libs); err != nil {
		return err
	}
	if c.on != nil {
		c.Options = append(c.Options, c.on.options()...)
	}
	before := files.LoaderPath("/"+layertar.AppDir, c.given)
	t := c.archives.Training(c.app.Name, slices.Concat(c.base.Stack, c.layers), c.java(), classPath,
		optionTexts(c.Options))
	first := "/" + layertar.ClassesDir
	if before != nil {
		c.Archive.Why = "loader.path comes first on the class path"
	} else if c.archived(t, files) {
		first = cds.ClassPathEntry
	}
	c.ClassPath, c.librariesAt = slices.Concat(before, []string{first}, classPath), len(before)+1
	if c.launcher != nil {
		c.ClassPath = append(c.ClassPath, "/"+launcher.Jar)
	}
	if c.Supervised = c.options.supervised(); c.Supervised {
		c.ReadOnlyRoot = c.options.ReadOnlyRoot
		own = append([]part{{"supervisor", c.supervise()}}, own...)
	} else if c.NoSupervisorReason = c.notChangeable; c.options.Develop {
		c.NoSupervisorReason = "asked for by --without " + optimization.Restart
	}
	return c.add(own)
}

// supervise returns the files of the supervisor, and records what it can do with the application.
func (c *composer) supervise() []springboot.Entry {
	c.Swappable = c.options.swappable()
	c.NewMethods = slices.ContainsFunc(c.Options,
		func(o optimization.Option) bool { return o.Text == optimization.AddMethods })
	started := supervisor.Files()
	if c.NoSpareReason = c.begins.noSpare; c.NoSpareReason == "" {
		started = append(started, spare.Files()...)
	}
	return started
}

func (c *composer) add(parts []part) error {
	for _, p := range parts {
		l, note, err := c.layer(p)
		if err != nil {
			return fmt.Errorf("make layer %q: %w", p.name, err)
		}
		c.layers, c.Layers = append(c.layers, l), append(c.Layers, note)
	}
	return nil
}

// layer makes a layer of p, unless the cache has it.
func (c *composer) layer(p part) (ociimage.Layer, LayerNote, error) {
	write := func(to io.Writer) error {
		return layertar.Write(to, p.entries, layertar.Mode(c.options.supervised()))
	}
	reader, writer := io.Pipe()
	go func() { _ = writer.CloseWithError(write(writer)) }()
	diffID, size, err := v1.SHA256(reader)
	if err != nil {
		return ociimage.Layer{}, LayerNote{}, err
	}
	made, note := ociimage.Cached(c.cache, diffID), LayerNote{Name: p.name, Size: size}
	if c.cache.Has(diffID) {
		_, _ = fmt.Fprintf(c.out, "layer %s: unchanged, %d bytes\n", p.name, size)
		return made, note, nil
	}
	note.New = true
	_, _ = fmt.Fprintf(c.out, "layer %s: new, %d bytes\n", p.name, size)
	found, err := c.cache.Keep(map[v1.Hash]bool{diffID: true}, write)
	if err == nil && found != diffID {
		err = errors.New("a file changed while it was read")
	}
	return made, note, err
}

// configure says how the image runs, by base, files and archive alone: the same input gives the same digest.
func (x *composer) configure(config *v1.ConfigFile) *v1.ConfigFile {
	c := &config.Config
	run := []string{x.MainClass}
	if x.launcher != nil {
		run = x.launcher.Command(x.MainClass)
	}
	command := slices.Concat([]string{x.java()}, optionTexts(x.Options),
		[]string{"-cp", strings.Join(x.ClassPath, ":")}, run)
	if x.Supervised {
		command = supervisor.Command(x.java(), command, x.options.debugger(),
			slices.Concat(x.environment, x.options.leftOut()))
	}
	if x.on != nil {
		x.on.start(c, command)
	} else {
		x.start(c, command)
	}
	if c.Labels == nil {
		c.Labels = map[string]string{}
	}
	// https://github.com/opencontainers/image-spec/blob/main/annotations.md
	c.Labels["org.opencontainers.image.title"] = x.app.Name
	c.Labels["org.opencontainers.image.base.name"] = x.Base
	c.Labels[dockerapi.ProjectLabel] = dockerapi.Project(x.app.Name, x.app.Dir)
	config.Author, config.Container = "", ""
	config.History = nil
	for range config.RootFS.DiffIDs {
		config.History = append(config.History, v1.History{CreatedBy: x.Base})
	}
	for _, l := range x.Layers {
		config.History = append(config.History, v1.History{CreatedBy: "devloop: " + l.Name})
	}
	return config
}

// start has an image without a Dockerfile run a command.
func (x *composer) start(c *v1.Config, command []string) {
	wrapper := c.Entrypoint
	if !runsArguments(wrapper) {
		wrapper = nil
	}
	c.User, c.WorkingDir, c.Entrypoint, c.Cmd = x.user(), "/"+layertar.AppDir, slices.Concat(wrapper, command), nil
	if !slices.ContainsFunc(c.Env, locale.MatchString) {
		c.Env = append(c.Env, "LANG=C.UTF-8") // as on the developer's machine; the JVM would write ? for ü
	}
	c.ExposedPorts = nil
	if x.app.Port > 0 {
		c.ExposedPorts = map[string]struct{}{strconv.Itoa(x.app.Port) + "/tcp": {}}
	}
}

// locale matches a variable that chooses the encoding of what a program prints.
var locale = regexp.MustCompile(`^(LANG|LC_ALL|LC_CTYPE)=`)

// entrypointName matches programs that prepare a container and run their arguments, as /__cacert_entrypoint.sh does.
var entrypointName = regexp.MustCompile(`(?i)entrypoint|^(tini|dumb-init|catatonit)(-static)?$`)

// runsArguments reports whether a base image's ENTRYPOINT runs the command that follows it.
func runsArguments(entrypoint []string) bool {
	return len(entrypoint) > 0 && entrypointName.MatchString(path.Base(entrypoint[0]))
}

func (x *composer) user() string { return cmp.Or(x.options.User, nonRootUser) }

func (c *composer) java() string {
	if c.on != nil {
		return c.on.java[0]
	}
	return "java"
}

// archived adds the layer of the archive that fits, if there is one, and notes how things stand.
func (c *composer) archived(t *cds.Training, files *springboot.Files) bool {
	if slices.Contains(c.options.Without, optimization.Archive) {
		c.Archive.Why = "turned off"
		return false
	}
	found := t.Lookup(files)
	c.Archive = found.Archive
	if found.Wanted {
		c.training = t
	}
	if !found.Used {
		return false
	}
	c.archive = t.Key
	c.layers, c.Layers = append(c.layers, found.Layer),
		append(c.Layers, LayerNote{Name: optimization.Archive, Size: found.LayerSize})
	c.Options = append(c.Options, optimization.Option{Optimization: optimization.Archive, Text: found.Option,
		Why: "maps the dependencies' classes instead of reading them"})
	_, _ = fmt.Fprintf(c.out, "layer %s: unchanged, %d bytes\n", optimization.Archive, found.LayerSize)
	return true
}

// classesDir is where the image has the application's own files.
func (c *composer) classesDir() string {
	if c.options.supervised() && c.options.ReadOnlyRoot {
		return layertar.OriginalDir
	}
	return layertar.ClassesDir
}

// part is the name and the files of a layer.
type part struct {
	name    string
	entries []springboot.Entry
}

// split sorts an application's files into layers, the most stable first: libraries as the archive's index has them,
// then a war's pages, and in classesDir resources, classes. None is empty. The class path is that of the libraries.
func split(f *springboot.Files, classesDir string) (libs, own []part, classPath []string) {
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
		placed := springboot.Entry{Path: classesDir + "/" + e.Path, File: e.File}
		if strings.HasSuffix(e.Path, ".class") {
			classes = append(classes, placed)
		} else {
			resources = append(resources, placed)
		}
	}
	webapp := lists.Map(f.Webapp, func(e springboot.Entry) springboot.Entry {
		return springboot.Entry{Path: layertar.WebappDir + "/" + e.Path, File: e.File}
	})
	own = []part{{"webapp", webapp}, {"resources", resources}, {"classes", classes}}
	empty := func(p part) bool { return len(p.entries) == 0 }
	return slices.DeleteFunc(libs, empty), slices.DeleteFunc(own, empty), classPath
}
