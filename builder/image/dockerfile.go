package image

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/dockerbuild"
	"github.com/devloop-cli/devloop/builder/dockerfile"
	"github.com/devloop-cli/devloop/builder/ociimage"
	"github.com/devloop-cli/devloop/builder/unpackedjar"
	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/paths"
)

// ErrNeedsJar says that a Dockerfile turned out to need the jar, which was not packed: [Imager.NeedsJar] knows now.
var ErrNeedsJar = errors.New("the Dockerfile needs the jar")

// fromDockerfile makes the image as the Dockerfile says, and rebases it if it has to be changeable and can be.
func (k *maker) fromDockerfile(ctx context.Context) (Image, error) {
	if !k.imager.options.supervised() {
		return k.build(ctx)
	}
	from := dockerfileBase{key: k.app.DockerfileKey(), jar: k.jar()} // of what is built: a later save has another
	a, reason := k.file.Application(k.jar())
	if reason == "" {
		made, why, err := k.baseAndRebase(ctx, a, from)
		if err != nil || why == "" {
			return made, err
		}
		reason = why
		k.imager.whole.Store(from.key)
	}
	if k.app.Jar == "" {
		return Image{}, ErrNeedsJar
	}
	made, err := k.build(ctx)
	if err != nil {
		return Image{}, err
	}
	made.Report.NoSupervisorReason = made.Report.Dockerfile + " makes its image: " + reason
	if line := k.file.CompileLine(); line > 0 {
		made.Advice = append(made.Advice, Advice{
			fmt.Sprintf("%s:%d compiles the project in the image once more, at each save: %s",
				made.Report.Dockerfile, line, reason),
			"let devloop make the image, for saves in a fraction of a second: --dockerfile none"})
	}
	return made, nil
}

// jar is the path of the application's jar, whether it was packed or not.
func (k *maker) jar() string { return cmp.Or(k.app.Jar, k.app.Archive) }

// baseAndRebase composes on what the Dockerfile made last, or makes that anew.
func (k *maker) baseAndRebase(
	ctx context.Context, a dockerfile.Application, from dockerfileBase,
) (made Image, why string, err error) {
	if from.bases, err = k.baseIDs(ctx, a.Without); err != nil {
		return Image{}, "", err
	}
	if last := k.imager.last.Load(); last.serves(k.app, from) {
		made, err = k.composeOnDockerfile(ctx, last)
		return made, "", err
	}
	return k.rebase(ctx, a, from)
}

// baseIDs returns the IDs of the images that the file is based on, nil if the engine does not have one of them: its
// builder may have a newer one.
func (k *maker) baseIDs(ctx context.Context, file *dockerfile.File) ([]string, error) {
	var ids []string
	for _, ref := range file.Bases() {
		found, ok, err := k.Inspect(ctx, ref)
		if err != nil || !ok {
			return nil, err
		}
		ids = append(ids, found.ID)
	}
	return ids, nil
}

// build makes the image as the Dockerfile says.
func (k *maker) build(ctx context.Context) (Image, error) {
	if err := k.refuse(); err != nil {
		return Image{}, err
	}
	if err := k.unpackJar(); err != nil {
		return Image{}, err
	}
	id, view, err := k.buildFile(ctx, k.file)
	if err != nil {
		return Image{}, err
	}
	if err := k.Tag(ctx, id); err != nil {
		return Image{}, err
	}
	made := k.image(id, view)
	made.Advice = slices.Concat(k.adviseTarget(), k.adviseLayers())
	made.Report.Dockerfile, made.Report.Java = paths.Relative(k.app.Dockerfile, k.app.Dir), k.app.Java
	made.Report.Swappable = k.imager.options.Swap && k.imager.options.swappable() && k.file.RunsJar(k.app.Jar)
	return made, nil
}

// buildFile has the engine build the Dockerfile, or what is left of it without the application.
func (k *maker) buildFile(ctx context.Context, file *dockerfile.File) (id v1.Hash, view *ociimage.Image, err error) {
	labels := map[string]string{dockerapi.ProjectLabel: dockerapi.Project(k.app.Name, k.app.Dir)}
	id, err = dockerbuild.Build(ctx, k.Docker, file, labels, k.Out)
	if step, failed := errors.AsType[*dockerbuild.StepError](err); failed {
		err = k.explain(step)
	}
	if err != nil {
		return id, nil, err
	}
	found, _, err := k.Inspect(ctx, id.String())
	if err != nil {
		return id, nil, err
	}
	view, err = ociimage.FromEngine(ctx, k.Docker, k.cache, found)
	return id, view, err
}

// refuse says what is wrong with the Dockerfile as far as that shows without building it.
func (k *maker) refuse() error {
	for _, refused := range []func(jar string) *dockerfile.Failure{k.file.Unbuildable, k.file.AmbiguousJar} {
		if f := refused(k.jar()); f != nil {
			return k.failure(*f, nil)
		}
	}
	return nil
}

// failure reports an instruction that cannot be built.
func (k *maker) failure(f dockerfile.Failure, err error) *Error {
	switch {
	case err == nil:
		err = f.Reason
	case f.Reason != nil:
		err = fmt.Errorf("%w: %w", f.Reason, err)
	}
	return &Error{Name: k.app.Name, Err: err, Dockerfile: paths.Relative(k.app.Dockerfile, k.app.Dir),
		Line: f.Line, Instruction: f.Instruction, hints: f.Hints, evidence: f.Evidence}
}

func (k *maker) explain(step *dockerbuild.StepError) error {
	f := k.file.Failed(step.Step, step.Error(), k.app.Jar)
	f.Evidence = slices.Concat(step.Log, f.Evidence)
	return k.failure(f, step.Err)
}

// unpackJar unpacks the jar where the Dockerfile copies what was unpacked of it, and refuses old code.
func (k *maker) unpackJar() error {
	dirs, err := unpackedjar.Refresh(k.file, k.app.Dir, k.app.Jar)
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		_, _ = fmt.Fprintf(k.Out, "unpacked the jar in %s, from where the Dockerfile copies it\n",
			paths.Relative(dir, k.app.Dir))
	}
	stale, err := unpackedjar.Stale(k.file, k.app.Dir, k.app.Jar)
	if err == nil && stale != nil {
		err = k.failure(*stale, nil)
	}
	return err
}

// Advice is a way to make a Dockerfile's image faster.
type Advice struct {
	// Text says what costs time and begins with the place: "Dockerfile:3: …".
	Text string
	// Hint is what to write instead.
	Hint string
}

// adviseTarget is about a stage that others build.
func (k *maker) adviseTarget() []Advice {
	target, where := k.file.ComposeTarget()
	if target == "" {
		return nil
	}
	return []Advice{{fmt.Sprintf("%s builds the stage %q of the Dockerfile, and devloop the last one", where, target),
		"build that stage: --target " + target}}
}

// adviseLayers is about the executable jar as one layer, which each edit changes as a whole.
func (k *maker) adviseLayers() []Advice {
	info, err := os.Stat(k.app.Jar)
	line := k.file.JarLine(k.app.Jar)
	if err != nil || k.app.Boot == "" || line == 0 {
		return nil
	}
	return []Advice{{fmt.Sprintf("%s:%d: the whole jar is one layer: each edit changes %d MB, where a class has some kB", paths.Relative(k.app.Dockerfile, k.app.Dir), line, info.Size()/1_000_000),
		"copy it in layers, or let devloop do that: it needs no Dockerfile (https://docs.spring.io/spring-boot/reference/packaging/container-images/dockerfiles.html)"}}
}
