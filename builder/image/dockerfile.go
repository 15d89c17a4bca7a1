package image

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/devloop-cli/devloop/builder/dockerbuild"
	"github.com/devloop-cli/devloop/builder/dockerfile"
	"github.com/devloop-cli/devloop/builder/ociimage"
	"github.com/devloop-cli/devloop/builder/unpackedjar"
	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/paths"
)

func (k *maker) build(ctx context.Context) (Image, error) {
	for _, refused := range []func(jar string) *dockerfile.Failure{k.file.Unbuildable, k.file.AmbiguousJar} {
		if f := refused(k.app.Jar); f != nil {
			return Image{}, k.failure(*f, nil)
		}
	}
	if err := k.unpackJar(); err != nil {
		return Image{}, err
	}
	id, err := dockerbuild.Build(ctx, k.Docker, k.file,
		map[string]string{dockerapi.ProjectLabel: dockerapi.Project(k.app.Name, k.app.Dir)}, k.Out)
	if step, failed := errors.AsType[*dockerbuild.StepError](err); failed {
		return Image{}, k.explain(step)
	}
	if err != nil {
		return Image{}, err
	}
	if err := k.Tag(ctx, id); err != nil {
		return Image{}, err
	}
	found, _, err := k.Inspect(ctx, id.String())
	if err != nil {
		return Image{}, err
	}
	view, err := ociimage.FromEngine(ctx, k.Docker, k.cache, found)
	if err != nil {
		return Image{}, err
	}
	made := k.image(id, view)
	made.Advice = k.advise()
	made.Report.Dockerfile, made.Report.Java = paths.Relative(k.app.Dockerfile, k.app.Dir), k.app.Java
	made.Report.Swappable = k.imager.options.Swap && k.imager.options.swappable() && k.file.RunsJar(k.app.Jar)
	return made, nil
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

// advise is about the executable jar as one layer, which each edit changes as a whole, and about a stage that others
// build.
func (k *maker) advise() (all []Advice) {
	if target, where := k.file.ComposeTarget(); target != "" {
		all = append(all, Advice{fmt.Sprintf("%s builds the stage %q of the Dockerfile, and devloop the last one",
			where, target), "build that stage: --target " + target})
	}
	info, err := os.Stat(k.app.Jar)
	line := k.file.JarLine(k.app.Jar)
	if err != nil || k.app.Boot == "" || line == 0 {
		return all
	}
	return append(all,
		Advice{fmt.Sprintf("%s:%d: the whole jar is one layer: each edit changes %d MB, where a class has some kB",
			paths.Relative(k.app.Dockerfile, k.app.Dir), line, info.Size()/1_000_000),
			"copy it in layers, or let devloop do that: it needs no Dockerfile (https://docs.spring.io/spring-boot/reference/packaging/container-images/dockerfiles.html)"})
}
