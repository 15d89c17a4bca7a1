package loadertest

import (
	"bytes"
	"context"
	"fmt"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"
)

// Container is a node that is a container of a Docker engine, as kind's are.
type Container struct {
	Docker client.APIClient
	// ID is the container's ID or name.
	ID string
}

// Name returns the container's name.
func (c Container) Name() string { return c.ID }

// Restart implements [Breakable].
func (c Container) Restart(ctx context.Context) error {
	return c.Docker.ContainerRestart(ctx, c.ID, container.StopOptions{})
}

// Shell runs a script in the container.
func (c Container) Shell(ctx context.Context, script string, args ...string) (string, error) {
	created, err := c.Docker.ContainerExecCreate(ctx, c.ID, container.ExecOptions{
		Cmd: append([]string{"sh", "-c", script, "sh"}, args...), AttachStdout: true, AttachStderr: true,
	})
	if err != nil {
		return "", err
	}
	conn, err := c.Docker.ContainerExecAttach(ctx, created.ID, container.ExecAttachOptions{})
	if err != nil {
		return "", err
	}
	defer conn.Close()
	var out, errs bytes.Buffer
	if _, err := stdcopy.StdCopy(&out, &errs, conn.Reader); err != nil {
		return "", err
	}
	state, err := c.Docker.ContainerExecInspect(ctx, created.ID)
	if err == nil && state.ExitCode != 0 {
		err = fmt.Errorf("script exited with status %d: %s", state.ExitCode, errs.String())
	}
	return out.String(), err
}
