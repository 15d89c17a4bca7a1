package cluster

import (
	"context"
	"fmt"

	"github.com/devloop-cli/devloop/runner/kube"
)

// UnreachableError says that no cluster could be asked: the kubeconfig names none, or its API server does not answer.
type UnreachableError struct {
	Context string // kubeconfig context, "" where none was found
	Server  string // URL of the API server, "" where none was found
	Err     error
	hints   []string
}

func (e *UnreachableError) Error() string {
	switch {
	case e.Server != "":
		return fmt.Sprintf("reach cluster %q at %s: %v", e.Context, e.Server, e.Err)
	case e.Context != "":
		return fmt.Sprintf("use cluster %q: %v", e.Context, e.Err)
	default:
		return fmt.Sprintf("find a cluster: %v", e.Err)
	}
}

// Unwrap returns the cause.
func (e *UnreachableError) Unwrap() error { return e.Err }

// Code returns "cluster.unreachable".
func (e *UnreachableError) Code() string { return "cluster.unreachable" }

// SetupHint says how to get a cluster that answers.
const SetupHint = "create or repair a local cluster: devloop setup"

// Hints says how to get a cluster that answers.
func (e *UnreachableError) Hints() []string { return append(e.hints, SetupHint) }

// WrapError turns the error of a request about o into an [*UnreachableError] or a [*kube.APIError].
// When ctx has ended, its cause is what counts: a cancelled request fails in many disguises.
func (c *Client) WrapError(ctx context.Context, verb string, o kube.Ref, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s %s: %w", verb, o, context.Cause(ctx))
	}
	if kube.IsUnanswered(err) {
		return c.Unreachable(err)
	}
	return &kube.APIError{Verb: verb, Object: o, Err: err, Advice: kube.AdviceFor(err, o.Namespace)}
}

// Unreachable says that the API server did not answer.
func (c *Client) Unreachable(err error) *UnreachableError {
	return &UnreachableError{Context: c.context, Server: c.Config.Host, Err: err}
}
