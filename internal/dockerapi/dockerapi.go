// Package dockerapi has what everything that talks to a Docker engine needs besides Docker's client: the engine that
// the docker command would use, errors of one that cannot be reached, the stream of progress and failure, loading an
// image from a stream or pulling it, the label of devloop's images, and which of those are old.
//
//	docker, err := dockerapi.Connect(ctx)
//	sent, err := dockerapi.Load(ctx, docker, func(w io.Writer) (int64, error) {
//		return img.WriteDocker(ctx, w, known)
//	})
//
// The archives themselves are written by package imagetar.
package dockerapi

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/client"

	"github.com/devloop-cli/devloop/internal/fault"
)

// ProjectLabel is the label of the images that devloop builds; its value is that of [Project].
// Old images of a project are removed from the engine and from the nodes by it.
const ProjectLabel = "devloop-cli.github.io/project"

// Project returns what tells a project from all others: its name, and twelve digits for its directory, since
// projects of one name, such as two called demo, must not remove each other's images.
func Project(name, dir string) string {
	return fmt.Sprintf("%s-%.6x", name, sha256.Sum256([]byte(dir)))
}

// codeUnreachable is the code of an engine that does not answer.
const codeUnreachable = "docker.unreachable"

// Unreachable is the error of an engine that does not answer to op.
func Unreachable(op string, err error) *fault.Error {
	return &fault.Error{Code: codeUnreachable, Op: op, Err: err, Hints: []string{startHint(err)}}
}

func startHint(err error) string {
	switch {
	case errors.Is(err, fs.ErrPermission), strings.Contains(err.Error(), "permission denied"):
		return "join the group that may use Docker, then log in again: sudo usermod -aG docker $USER"
	case ElsewhereHint() != "":
		return ElsewhereHint()
	case runtime.GOOS == "linux":
		return "start it: sudo systemctl start docker"
	default:
		return "start Docker Desktop, or whichever engine you use"
	}
}

// ElsewhereHint says what to do about an engine that does not answer where DOCKER_HOST or a Docker context leads, ""
// for this machine's own.
func ElsewhereHint() string {
	switch {
	case os.Getenv(client.EnvOverrideHost) != "":
		return "start the engine there, or use this machine's own: unset DOCKER_HOST"
	case ContextHost() != "":
		return "start the engine there, or use this machine's own: docker context use default"
	}
	return ""
}

// IsUnreachable reports whether err is, or wraps, that of [Unreachable].
func IsUnreachable(err error) bool {
	f, ok := errors.AsType[*fault.Error](err)
	return ok && f.Code == codeUnreachable
}

// Error gives an error of Docker's client its context: the cause of ctx if that has ended, [Unreachable] for an engine
// that does not answer, else what the engine said. It returns nil for nil.
func Error(ctx context.Context, op string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", op, context.Cause(ctx))
	case client.IsErrConnectionFailed(err):
		return Unreachable(op, err)
	}
	return fmt.Errorf("%s: %w", op, err)
}

// IsMissing reports whether the engine said that it has no such image, or that none can have such a name.
func IsMissing(err error) bool { return cerrdefs.IsNotFound(err) || cerrdefs.IsInvalidArgument(err) }

// InContainerd reports whether an engine keeps an image in containerd
// (https://docs.docker.com/engine/storage/containerd): the image's ID is then the digest of
// its manifest, as in a registry, and otherwise that of its configuration.
func InContainerd(id string, repoDigests []string) bool {
	return slices.ContainsFunc(repoDigests, func(digest string) bool { return strings.HasSuffix(digest, "@"+id) })
}

// errStopped is the error of writing to an engine that has stopped reading.
var errStopped = errors.New("the engine stopped reading")

// Load makes the engine load the archive that write writes, and returns the count of write. An error
// of write takes precedence over the engine's, unless the engine caused it.
func Load(ctx context.Context, docker client.ImageAPIClient, write func(io.Writer) (int64, error)) (int64, error) {
	reader, writer := io.Pipe()
	written := make(chan error, 1)
	var sent int64
	go func() {
		buffered := bufio.NewWriterSize(writer, 1<<18)
		n, err := write(buffered)
		if err == nil {
			err = buffered.Flush()
		}
		sent = n
		_ = writer.CloseWithError(err)
		written <- err
	}()
	answer, err := docker.ImageLoad(ctx, reader)
	if err == nil {
		err = ReadMessages(answer.Body, nil)
		_ = answer.Body.Close()
	}
	_ = reader.CloseWithError(errStopped)
	if broken := <-written; broken != nil && !errors.Is(broken, errStopped) {
		return sent, broken
	}
	return sent, err
}
