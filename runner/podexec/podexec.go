// Package podexec runs commands in containers, as kubectl exec does.
//
//	code, err := podexec.Run(ctx, client, pod, podexec.Command{Args: []string{"env"}, Out: os.Stdout})
package podexec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/remotecommand"
	utilexec "k8s.io/client-go/util/exec"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/kube"
)

// Command is a program to run in a container.
type Command struct {
	Container string   // "": the Pod's first
	Args      []string // the program and its arguments; no shell reads them
	In        io.Reader
	Out, Err  io.Writer
	// Terminal runs the program in a terminal: In are the keys, and everything that it writes
	// comes through Out. Sizes, which may be nil, has the first size and each new one.
	Terminal bool
	Sizes    <-chan Size
}

// Size is that of a terminal, in characters.
type Size struct{ Width, Height uint16 }

// Run runs a command in a container of the Pod and returns its exit code. The error has the code "exec.failed" if the
// command could not be run. When ctx ends Run returns ctx's cause; the command may go on.
func Run(ctx context.Context, client *cluster.Client, p kube.Pod, c Command) (int, error) {
	executor, err := newExecutor(client, p, c)
	if err != nil {
		return 0, failed(p, c.Args, err)
	}
	options := remotecommand.StreamOptions{Stdin: c.In, Stdout: c.Out, Stderr: c.Err, Tty: c.Terminal}
	if c.Terminal {
		options.Stderr = nil // a terminal has one way out
	}
	if c.Sizes != nil {
		options.TerminalSizeQueue = sizeQueue{ctx, c.Sizes}
	}
	err = executor.StreamWithContext(ctx, options)
	var ended utilexec.CodeExitError
	switch {
	case err == nil:
		return 0, nil
	case ctx.Err() != nil:
		return 0, fmt.Errorf("run %q in pod %q: %w", c.Args[0], p.Name, context.Cause(ctx))
	case errors.As(err, &ended):
		return ended.Code, nil
	case kube.IsUnanswered(err):
		return 0, client.Unreachable(err)
	default:
		return 0, failed(p, c.Args, err)
	}
}

// newExecutor speaks websocket, as Kubernetes does since 1.31, and SPDY with API servers that refuse that.
func newExecutor(client *cluster.Client, p kube.Pod, c Command) (remotecommand.Executor, error) {
	container := c.Container
	if container == "" && len(p.Containers) > 0 {
		container = p.Containers[0]
	}
	request := client.Stream.CoreV1().RESTClient().Post().
		Resource("pods").Namespace(p.Namespace).Name(p.Name).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{
			Container: container, Command: c.Args,
			Stdin: c.In != nil, Stdout: c.Out != nil, Stderr: c.Err != nil && !c.Terminal, TTY: c.Terminal,
		}, scheme.ParameterCodec)
	old, err := remotecommand.NewSPDYExecutor(client.Config, http.MethodPost, request.URL())
	if err != nil {
		return nil, err
	}
	modern, err := remotecommand.NewWebSocketExecutor(client.Config, http.MethodGet, request.URL().String())
	if err != nil {
		return nil, err
	}
	return remotecommand.NewFallbackExecutor(modern, old, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	})
}

// sizeQueue hands a terminal's sizes on. Its context is that of one Run.
type sizeQueue struct {
	ctx   context.Context
	sizes <-chan Size
}

// Next implements [remotecommand.TerminalSizeQueue].
func (q sizeQueue) Next() *remotecommand.TerminalSize {
	select {
	case s, open := <-q.sizes:
		if !open {
			return nil
		}
		return &remotecommand.TerminalSize{Width: s.Width, Height: s.Height}
	case <-q.ctx.Done():
		return nil
	}
}

// failed explains why a command could not be run.
func failed(p kube.Pod, args []string, err error) error {
	op := fmt.Sprintf("run %q in pod %q", args[0], p.Name)
	if !strings.Contains(err.Error(), "executable file not found") && !strings.Contains(err.Error(),
		"no such file or directory") {
		return &fault.Error{Code: "exec.failed", Op: op, Err: err,
			Hints: []string{"see how the Pod is: devloop describe " + p.Name + " -n " + p.Namespace}}
	}
	hint := "an image has only the programs that its Dockerfile installs"
	if args[0] == "bash" {
		hint = fmt.Sprintf("try the smaller shell: devloop exec %s -n %s -- sh", p.Name, p.Namespace)
	}
	return &fault.Error{Code: "exec.failed", Op: op + ": its image has no such program", Hints: []string{hint}}
}
