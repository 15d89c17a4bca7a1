package builder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"github.com/docker/cli/cli/config"
	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/client"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/moby/go-archive"

	"github.com/devloop-cli/devloop/builder/dockerfile"
	"github.com/devloop-cli/devloop/builder/ociimage"
	"github.com/devloop-cli/devloop/internal/dockerapi"
)

// build has the engine build the Dockerfile.
func (j *job) build(ctx context.Context) (Image, error) {
	if err := errors.Join(j.ambiguousJar(), j.unpackedBefore()); err != nil {
		return Image{}, err
	}
	ping, err := j.docker.Ping(ctx)
	if err != nil {
		return Image{}, err
	}
	builder := j.classic
	if buildKit(string(ping.BuilderVersion)) {
		builder = j.buildKit
	}
	report := &report{out: j.out}
	if err := builder(ctx, report); err != nil {
		if ctx.Err() != nil || client.IsErrConnectionFailed(err) {
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

// options are what both builders are told.
func (j *job) options() build.ImageBuildOptions {
	return build.ImageBuildOptions{
		Dockerfile: j.file.Name(),
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
	return dockerapi.ReadMessages(answer.Body, r.take)
}

// contextTar packs the context without what .dockerignore leaves out. Files belong
// to root, so that the builder's cache holds whoever builds.
func (j *job) contextTar() (io.ReadCloser, error) {
	excludes, err := j.file.Ignored()
	if err != nil {
		return nil, err
	}
	return archive.TarWithOptions(j.file.Context, &archive.TarOptions{
		ExcludePatterns: excludes, ChownOpts: &archive.ChownOpts{UID: 0, GID: 0}})
}

// credentials returns the docker command's credentials for the registries of the base images, by
// registry. Without them, the pull says what is missing.
func (j *job) credentials() map[string]registry.AuthConfig {
	found := map[string]registry.AuthConfig{}
	file := config.LoadDefaultConfigFile(io.Discard)
	for _, base := range j.file.Bases() {
		named, err := reference.ParseNormalizedNamed(base)
		if err != nil {
			continue
		}
		host := reference.Domain(named)
		if host == "docker.io" {
			host = "https://index.docker.io/v1/" // as config.json has it
		}
		if auth, err := file.GetAuthConfig(host); err == nil && (auth.Username != "" || auth.IdentityToken != "" || auth.RegistryToken != "") {
			found[host] = registry.AuthConfig{Username: auth.Username, Password: auth.Password, Auth: auth.Auth,
				ServerAddress: auth.ServerAddress, IdentityToken: auth.IdentityToken, RegistryToken: auth.RegistryToken}
		}
	}
	return found
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
func (j *job) explain(err error, r *report) error {
	f := j.file.Failed(r.step, err.Error(), j.app.Jar)
	f.Evidence = slices.Concat(r.log, f.Evidence)
	return j.failure(f, err)
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
func (r *report) take(m dockerapi.Message) error {
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
func (r *report) result(m dockerapi.Message) error {
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
