package builder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/cds"
	"github.com/devloop-cli/devloop/builder/jvm"
	"github.com/devloop-cli/devloop/builder/layertar"
	"github.com/devloop-cli/devloop/builder/ociimage"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/builder/supervisor"
)

// nobodyInParticular is the user that a composed image runs as. It needs no entry
// in /etc/passwd, and a Pod with runAsNonRoot accepts it since it is a number.
const nobodyInParticular = "1000:1000"

// compose makes an image of a base and the application's layers, and brings it to the engine.
func (j *job) compose(ctx context.Context, base *ociimage.Image, ref, why string) (Image, error) {
	files, err := j.app.Files()
	if err != nil {
		return Image{}, err
	}
	defer files.Close()
	if name := jvm.OptionVariable(base.Config.Config.Env); name != "" && j.develop {
		j.develop, j.undeveloped = false, "the base image sets "+name
	}
	j.given = slices.Concat(j.given, base.Config.Config.Env)
	c, err := j.composition(base, files)
	if err != nil {
		return Image{}, err
	}
	c.Base, c.BaseWhy = ref, why
	view, err := ociimage.New(j.configure(base.Config.DeepCopy(), c.Explanation), slices.Concat(base.Stack, c.layers))
	if err != nil {
		return Image{}, err
	}
	id, err := view.ConfigName()
	if err != nil {
		return Image{}, err
	}
	if err := j.bring(ctx, id, view); err != nil {
		return Image{}, err
	}
	made := j.image(id, view)
	made.Explanation, made.training, made.archive = c.Explanation, c.training, c.archive
	return made, nil
}

// composition is what lies on the base, and how it runs.
type composition struct {
	Explanation
	layers   []ociimage.Layer
	training *cds.Training
	archive  string // key of the archive's record
}

// composition makes the layers: libraries, their archive where there is one, and
// what is the application's own.
func (j *job) composition(base *ociimage.Image, files *springboot.Files) (*composition, error) {
	libs, own, classPath := split(files)
	c := &composition{Explanation: Explanation{Options: j.jvmOptions(files), MainClass: j.app.MainClass}}
	if j.supervised() {
		all, options, err := j.templates(base, files)
		if err != nil {
			return nil, err
		}
		c.Templates, c.Options = all, append(c.Options, options...)
	}
	if err := j.add(c, libs); err != nil {
		return nil, err
	}
	if j.in != nil {
		c.Options = append(c.Options, j.in.options()...)
	}
	t := j.archives.Training(j.app.Name, slices.Concat(base.Stack, c.layers), classPath, optionTexts(c.Options))
	first := "/" + layertar.ClassesDir
	if j.archived(c, t, files) {
		first = cds.ClassPathEntry
	}
	c.ClassPath = append([]string{first}, classPath...)
	if c.Supervised = j.supervised(); c.Supervised {
		c.Swappable = j.swappable()
		own = append([]part{{"supervisor", supervisor.Files()}}, own...)
	} else if c.Unsupervised = j.undeveloped; j.develop {
		c.Unsupervised = "asked for by --without " + LeverRestart
	}
	return c, j.add(c, own)
}

// add makes a layer of each part.
func (j *job) add(c *composition, parts []part) error {
	for _, p := range parts {
		l, note, err := j.layer(p)
		if err != nil {
			return fmt.Errorf("make layer %q: %w", p.name, err)
		}
		c.layers, c.Layers = append(c.layers, l), append(c.Layers, note)
	}
	return nil
}

// layer makes a layer of p. One that is in the cache is not written again.
func (j *job) layer(p part) (ociimage.Layer, LayerNote, error) {
	reader, writer := io.Pipe()
	go func() { _ = writer.CloseWithError(layertar.Write(writer, p.entries, layertar.Mode(j.supervised()))) }()
	diffID, size, err := v1.SHA256(reader)
	if err != nil {
		return ociimage.Layer{}, LayerNote{}, err
	}
	made, note := ociimage.Cached(j.cache, diffID), LayerNote{Name: p.name, Size: size}
	if j.cache.Has(diffID) {
		_, _ = fmt.Fprintf(j.out, "layer %s: unchanged, %d bytes\n", p.name, size)
		return made, note, nil
	}
	note.New = true
	_, _ = fmt.Fprintf(j.out, "layer %s: new, %d bytes\n", p.name, size)
	w, err := j.cache.Create()
	if err != nil {
		return ociimage.Layer{}, LayerNote{}, err
	}
	defer w.Discard()
	if err := layertar.Write(w, p.entries, layertar.Mode(j.supervised())); err != nil {
		return ociimage.Layer{}, LayerNote{}, err
	}
	found, err := w.Commit()
	if err == nil && found != diffID {
		err = errors.New("a file changed while it was read")
	}
	return made, note, err
}

// configure says how the image runs. Everything in it follows from base, files and
// archive, so that the same input has the same digest: the time is the base's.
func (j *job) configure(config *v1.ConfigFile, x Explanation) *v1.ConfigFile {
	c := &config.Config
	command := slices.Concat([]string{j.java()}, optionTexts(x.Options), []string{"-cp", strings.Join(x.ClassPath, ":"), x.MainClass})
	if x.Supervised {
		command = supervisor.Command(j.java(), command, supervisor.Debug{On: j.debug.On || j.swappable(), Suspend: j.debug.Suspend})
	}
	if j.in != nil {
		j.in.start(c, command)
	} else {
		c.User, c.WorkingDir, c.Entrypoint, c.Cmd = nobodyInParticular, "/"+layertar.AppDir, command, nil
		c.ExposedPorts = nil
		if j.app.Port > 0 {
			c.ExposedPorts = map[string]struct{}{strconv.Itoa(j.app.Port) + "/tcp": {}}
		}
	}
	if c.Labels == nil {
		c.Labels = map[string]string{}
	}
	// https://github.com/opencontainers/image-spec/blob/main/annotations.md
	c.Labels["org.opencontainers.image.title"] = j.app.Name
	c.Labels["org.opencontainers.image.base.name"] = x.Base
	c.Labels[ProjectLabel] = j.app.Name
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

// java is the JVM's command.
func (j *job) java() string {
	if j.in != nil {
		return j.in.java[0]
	}
	return "java"
}

// supervised reports whether images have a supervisor.
func (j *job) supervised() bool { return j.develop && !slices.Contains(j.without, LeverRestart) }

// swappable reports whether the JVM takes changed methods.
func (j *job) swappable() bool { return !slices.Contains(j.without, LeverSwap) }

// archived adds the layer of the archive that fits, if there is one, and notes how things stand.
func (j *job) archived(c *composition, t *cds.Training, files *springboot.Files) bool {
	if slices.Contains(j.without, LeverArchive) {
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
	c.layers, c.Layers = append(c.layers, found.Layer), append(c.Layers, LayerNote{Name: LeverArchive, Size: found.LayerSize})
	c.Options = append(c.Options, Option{Lever: LeverArchive, Text: found.Option, Why: "maps the dependencies' classes instead of reading them"})
	_, _ = fmt.Fprintf(j.out, "layer %s: unchanged, %d bytes\n", LeverArchive, found.LayerSize)
	return true
}
