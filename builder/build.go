package builder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/docker/docker/api/types/build"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/moby/go-archive"
	"github.com/moby/patternmatcher/ignorefile"
)

// build has the engine build the Dockerfile.
func (j *job) build(ctx context.Context) (Image, error) {
	if err := errors.Join(j.severalInOne(), j.unpackedBefore()); err != nil {
		return Image{}, err
	}
	ping, err := j.docker.Ping(ctx)
	if err != nil {
		return Image{}, err
	}
	builder, classic := j.classic, true
	if buildKit(string(ping.BuilderVersion)) {
		builder, classic = j.buildKit, false
	}
	report := &report{out: j.out}
	if err := builder(ctx, report); err != nil {
		if ctx.Err() != nil || isConnectionFailure(err) {
			return Image{}, err
		}
		return Image{}, j.explain(err, report)
	}
	id, err := v1.NewHash(report.id)
	if err != nil {
		return Image{}, fmt.Errorf("the engine named no image: %w", err)
	}
	if err := j.tag(ctx, id); err != nil {
		return Image{}, err
	}
	found, _, err := j.inspect(ctx, id.String())
	if err != nil {
		return Image{}, err
	}
	view, err := engineContent(ctx, j.docker, j.cache, found)
	if err != nil {
		return Image{}, err
	}
	made := j.image(id, view)
	made.Advice = j.advise(classic)
	made.Explanation.Dockerfile, made.Explanation.Java = relative(j.app.Dockerfile, j.app.Dir), j.app.Java
	made.Explanation.Swappable = j.swap && j.swappable() && j.carriesArchive()
	return made, nil
}

// options are what both builders are told.
func (j *job) options() build.ImageBuildOptions {
	return build.ImageBuildOptions{
		Dockerfile: j.inContext(),
		Labels:     map[string]string{ProjectLabel: j.app.Name},
		Remove:     true, ForceRemove: true, // intermediate containers, of a failed build too
	}
}

// classic builds with the engine's first builder, to which the whole context is sent.
func (j *job) classic(ctx context.Context, r *report) error {
	files, err := j.contextTar()
	if err != nil {
		return err
	}
	defer func() { _ = files.Close() }()
	options := j.options()
	options.Version, options.AuthConfigs = build.BuilderV1, j.credentials()
	answer, err := j.docker.ImageBuild(ctx, files, options)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	return readMessages(answer.Body, r.take)
}

// contextTar packs the context without what .dockerignore leaves out. Files belong
// to root, so that the builder's cache holds whoever builds.
func (j *job) contextTar() (io.ReadCloser, error) {
	excludes, err := j.ignored()
	if err != nil {
		return nil, err
	}
	return archive.TarWithOptions(j.contextDir(), &archive.TarOptions{
		ExcludePatterns: excludes, ChownOpts: &archive.ChownOpts{UID: 0, GID: 0}})
}

// ignored returns the patterns of .dockerignore, or of the Dockerfile's own. The builder
// needs that file and the Dockerfile even where they are among them.
func (j *job) ignored() ([]string, error) {
	file, err := os.Open(j.ignoreFile())
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	patterns, err := ignorefile.ReadAll(file)
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", file.Name(), err)
	}
	return append(patterns, "!"+filepath.ToSlash(relative(file.Name(), j.contextDir())), "!"+j.inContext()), nil
}

// report takes the engine's messages: it prints what the builder says and remembers
// the image that came out, and which step came last with what it printed.
type report struct {
	out   io.Writer
	id    string
	step  string
	log   []string
	trace trace
}

// take handles one message of either builder.
func (r *report) take(m message) error {
	if err := m.failure(); err != nil {
		return err
	}
	switch {
	case m.ID == traceID:
		return r.trace.take(m.Aux, r)
	case len(m.Aux) > 0:
		return r.result(m)
	case m.Stream != "":
		r.print(m.Stream)
	case m.Status != "" && m.ID == "":
		r.print(m.Status + "\n")
	}
	return nil
}

// result takes the image ID, which classic sends without an id of its own.
func (r *report) result(m message) error {
	var image struct{ ID string }
	if m.ID != "" && m.ID != imageIDMessage {
		return nil
	}
	if err := json.Unmarshal(m.Aux, &image); err != nil {
		return fmt.Errorf("read the engine's answer: %w", err)
	}
	r.id = image.ID
	return nil
}

// print passes on what the classic builder says. "Step 2/3 : COPY a b" begins a step.
func (r *report) print(text string) {
	_, _ = io.WriteString(r.out, text)
	if step, found := strings.CutPrefix(text, "Step "); found {
		_, r.step, _ = strings.Cut(strings.TrimSpace(step), " : ")
		r.log = nil
		return
	}
	r.logged(text)
}

// logged keeps the last lines of a step.
func (r *report) logged(text string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			r.log = append(r.log, line)
		}
	}
	r.log = r.log[max(0, len(r.log)-evidenceLines):]
}
