// Package dockerbuild has an engine build a Dockerfile, with BuildKit or with the classic builder.
//
//	id, err := dockerbuild.Build(ctx, docker, file, map[string]string{"label": "value"}, out)
//	var failed *dockerbuild.StepError // which step, and what it printed
//
// It chooses the builder as the docker command does, and uses that command's credentials. What
// the builder prints goes to out. The caller explains a failed step and its cure.
package dockerbuild

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"strconv"

	"github.com/docker/cli/cli/config"
	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/client"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/dockerfile"
)

// StepError says at which step a build failed.
type StepError struct {
	// Step is the builder's name of the step, "" if unknown.
	Step string
	// Log has the last lines that the step printed.
	Log []string
	// Err is the builder's error.
	Err error
}

func (e *StepError) Error() string { return e.Err.Error() }

// Unwrap returns the builder's error.
func (e *StepError) Unwrap() error { return e.Err }

// Build builds an image with labels, and returns the engine's ID of it. It returns a
// [StepError] if the builder fails; an end of ctx, and of the engine, is returned as it is.
func Build(ctx context.Context, docker client.APIClient, file *dockerfile.File, labels map[string]string,
	out io.Writer) (v1.Hash, error) {
	ping, err := docker.Ping(ctx)
	if err != nil {
		return v1.Hash{}, err
	}
	b := &builder{docker: docker, file: file, labels: labels}
	run := b.classic
	if useBuildKit(string(ping.BuilderVersion)) {
		run = b.buildKit
	}
	p := newProgress(ctx, out)
	if err = run(ctx, p); err != nil && ctx.Err() == nil && lostStep.MatchString(err.Error()) {
		p = newProgress(ctx, out)
		err = run(ctx, p)
	}
	if err != nil {
		if ctx.Err() != nil || client.IsErrConnectionFailed(err) {
			return v1.Hash{}, err
		}
		return v1.Hash{}, &StepError{Step: p.step, Log: p.log, Err: err}
	}
	id, err := v1.NewHash(p.id)
	if err != nil {
		err = fmt.Errorf("the engine named no image: %w", err)
	}
	return id, err
}

// lostStep matches the classic builder's errors when the image of an earlier step is removed while it builds on it. Two
// projects share the images of steps that are the same, and an old image takes those along that no other image needs.
// The next build makes the step again.
var lostStep = regexp.MustCompile(`(?i)(?:unable to find image|no such image:|unknown parent image id) "?sha256:[0-9a-f]{64}`)

// builder builds one Dockerfile.
type builder struct {
	docker client.APIClient
	file   *dockerfile.File
	labels map[string]string
}

// options are the same for both builders. As with the docker command, a build gets the configuration's proxies.
func (b *builder) options() build.ImageBuildOptions {
	args := map[string]*string{}
	for name, value := range b.file.Args() {
		args[name] = &value
	}
	return build.ImageBuildOptions{
		Dockerfile: b.file.Name(),
		Target:     b.file.Target(),
		BuildArgs:  config.LoadDefaultConfigFile(io.Discard).ParseProxyConfig(b.docker.DaemonHost(), args),
		Labels:     b.labels,
		Remove:     true, ForceRemove: true, // intermediate containers, of a failed build too
	}
}

// useBuildKit chooses the builder as the docker command does: by DOCKER_BUILDKIT, else as the engine recommends.
func useBuildKit(recommended string) bool {
	if on, err := strconv.ParseBool(os.Getenv("DOCKER_BUILDKIT")); err == nil {
		return on
	}
	return recommended == "2" && runtime.GOOS != "windows"
}
