package builder

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/devloop-cli/devloop/builder/dockerbuild"
	"github.com/devloop-cli/devloop/builder/dockerfile"
	"github.com/devloop-cli/devloop/builder/ociimage"
)

// build has the engine build the Dockerfile.
func (j *job) build(ctx context.Context) (Image, error) {
	if err := errors.Join(j.ambiguousJar(), j.unpackedBefore()); err != nil {
		return Image{}, err
	}
	id, err := dockerbuild.Build(ctx, j.docker, j.file, map[string]string{ProjectLabel: j.app.Name}, j.out)
	if step := (*dockerbuild.StepError)(nil); errors.As(err, &step) {
		return Image{}, j.explain(step)
	}
	if err != nil {
		return Image{}, err
	}
	if err := j.tag(ctx, id); err != nil {
		return Image{}, err
	}
	found, _, err := j.inspect(ctx, id.String())
	if err != nil {
		return Image{}, err
	}
	view, err := ociimage.FromEngine(ctx, j.docker, j.cache, found)
	if err != nil {
		return Image{}, err
	}
	made := j.image(id, view)
	made.Advice = j.advise()
	made.Explanation.Dockerfile, made.Explanation.Java = relative(j.app.Dockerfile, j.app.Dir), j.app.Java
	made.Explanation.Swappable = j.swap && j.swappable() && j.file.RunsJar(j.app.Jar)
	return made, nil
}

// failure reports an instruction that cannot be built.
func (j *job) failure(f dockerfile.Failure, err error) *ImageError {
	switch {
	case err == nil:
		err = f.Reason
	case f.Reason != nil:
		err = fmt.Errorf("%w: %w", f.Reason, err)
	}
	return &ImageError{Name: j.app.Name, Err: err, Dockerfile: relative(j.app.Dockerfile, j.app.Dir),
		Line: f.Line, Instruction: f.Instruction, hints: f.Hints, evidence: f.Evidence}
}

// explain says which instruction failed.
func (j *job) explain(step *dockerbuild.StepError) error {
	f := j.file.Failed(step.Step, step.Error(), j.app.Jar)
	f.Evidence = slices.Concat(step.Log, f.Evidence)
	return j.failure(f, step.Err)
}

// ambiguousJar refuses a COPY of several files to one jar.
func (j *job) ambiguousJar() error {
	if f := j.file.AmbiguousJar(j.app.Jar); f != nil {
		return j.failure(*f, nil)
	}
	return nil
}

// Advice is a way to make a Dockerfile's image faster.
type Advice struct {
	// Text says what costs time and begins with the place: "Dockerfile:3: …".
	Text string
	// Hint is what to write instead.
	Hint string
}

// advise is about the executable jar as one layer, which each edit changes as a whole.
func (j *job) advise() []Advice {
	info, err := os.Stat(j.app.Jar)
	if err != nil || j.app.Boot == "" {
		return nil
	}
	line := j.file.JarLine(j.app.Jar)
	if line == 0 {
		return nil
	}
	return []Advice{{fmt.Sprintf("%s:%d: the whole jar is one layer: each edit changes %d MB, where a class has some kB", relative(j.app.Dockerfile, j.app.Dir), line, info.Size()/1_000_000),
		"copy it in layers, or let devloop do that: it needs no Dockerfile (https://docs.spring.io/spring-boot/reference/packaging/container-images/dockerfiles.html)"}}
}
