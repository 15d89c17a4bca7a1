package loader

import (
	"context"
	"fmt"

	"github.com/docker/docker/client"
)

// NotLocalError says that a Kubernetes context does not lead to a cluster of this
// machine's Docker engine that devloop can load images into.
type NotLocalError struct {
	// Context is the kube context's name, Server its API server's URL.
	Context, Server string
	// Why says what was looked for and not found.
	Why string
}

func (e *NotLocalError) Error() string {
	return fmt.Sprintf("find the local cluster of context %q (%s): %s", e.Context, e.Server, e.Why)
}

// Code returns "cluster.foreign".
func (e *NotLocalError) Code() string { return "cluster.foreign" }

// Hints says how to get a local cluster, and how to use this one all the same.
func (e *NotLocalError) Hints() []string {
	return []string{
		"make a local cluster, or start the one that devloop made: devloop setup",
		fmt.Sprintf("if the cluster can pull the image by itself, allow its context: --allow-context %s", e.Context),
	}
}

// NodeError says that a node did not take an image.
type NodeError struct {
	// Node is the node's name; where it is a container, that is the container's too.
	Node string
	// Command is what was run, in short: "ctr images import", "docker load".
	Command string
	// Output is what the command wrote, its last lines.
	Output []string
	// Advice are actions that may help, each with its command.
	Advice []string
	Err    error
}

func (e *NodeError) Error() string { return fmt.Sprintf("load image into node %q: %v", e.Node, e.Err) }

func (e *NodeError) Unwrap() error { return e.Err }

// Code returns "load.failed".
func (e *NodeError) Code() string { return "load.failed" }

// Hints returns Advice.
func (e *NodeError) Hints() []string { return e.Advice }

// Evidence returns the command's output.
func (e *NodeError) Evidence() []string { return e.Output }

// DockerError says that the Docker engine did not answer.
type DockerError struct {
	// Doing is what was asked of it, as a verb phrase.
	Doing string
	Err   error
}

func (e *DockerError) Error() string { return fmt.Sprintf("%s: %v", e.Doing, e.Err) }

func (e *DockerError) Unwrap() error { return e.Err }

// Code returns "docker.unreachable".
func (e *DockerError) Code() string { return "docker.unreachable" }

// Hints says how to see whether the engine is there.
func (e *DockerError) Hints() []string {
	return []string{"start Docker, then see whether it answers: docker version"}
}

// ClusterError says that a kind cluster is not what is needed of it.
type ClusterError struct {
	// Name is the cluster's name, Problem what is the matter with it.
	Name, Problem string
	// Word is the second half of the code: "missing", "stopped", "broken", "failed", "unsupported".
	Word string
	// Lines are the decisive lines of the cluster's own logs.
	Lines []string
	// Advice are actions that may help, each with its command.
	Advice []string
	Err    error
}

func (e *ClusterError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %v", e.Problem, e.Err)
	}
	return e.Problem
}

func (e *ClusterError) Unwrap() error { return e.Err }

// Code returns "cluster." and Word.
func (e *ClusterError) Code() string { return "cluster." + e.Word }

// Hints returns Advice.
func (e *ClusterError) Hints() []string { return e.Advice }

// Evidence returns Lines.
func (e *ClusterError) Evidence() []string { return e.Lines }

// engineError gives an error of the Docker client its place: the end of ctx, an
// engine that does not answer, or what the engine said.
func engineError(ctx context.Context, doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", doing, context.Cause(ctx))
	case client.IsErrConnectionFailed(err):
		return &DockerError{Doing: doing, Err: err}
	}
	return fmt.Errorf("%s: %w", doing, err)
}
