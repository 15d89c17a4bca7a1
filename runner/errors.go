package runner

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"syscall"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// UnreachableError says that no cluster could be asked: the kubeconfig names
// none, or its API server does not answer.
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

// Hints says how to get a cluster that answers.
func (e *UnreachableError) Hints() []string {
	return append(e.hints, "make a local cluster, or bring it back: devloop setup")
}

// ForeignError says that an object which devloop did not make stands where one
// of the manifest's is to be.
type ForeignError struct {
	Verb      string // what was to be done: "replace", the default, or "delete"
	Object    Object
	ManagedBy string // who made it, as far as it says
}

func (e *ForeignError) Error() string {
	by := "devloop did not make it"
	if e.ManagedBy != "" {
		by = fmt.Sprintf("%q made it", e.ManagedBy)
	}
	if e.Verb == "delete" {
		return fmt.Sprintf("delete %s in namespace %q: %s", e.Object, e.Object.Namespace, by)
	}
	return fmt.Sprintf("replace %s in namespace %q: it is there already, and %s", e.Object, e.Object.Namespace, by)
}

// Code returns "pod.foreign", for every kind of object.
func (e *ForeignError) Code() string { return "pod.foreign" }

// Hints names the ways out.
func (e *ForeignError) Hints() []string {
	o := e.Object
	if e.Verb == "delete" {
		return []string{"devloop removes only what it made: ask whoever made this"}
	}
	return []string{
		fmt.Sprintf("remove it yourself, if nobody needs it: kubectl delete %s %s -n %s", strings.ToLower(o.Kind), o.Name, o.Namespace),
		"let devloop take it over: devloop deploy --adopt",
		"or give yours another name in the manifest",
	}
}

// DeployError says that the API server did not take, or not remove, an object.
type DeployError struct {
	Verb   string // "create", "apply", "delete", "read" …
	Object Object
	Err    error
	hints  []string
}

func (e *DeployError) Error() string {
	return fmt.Sprintf("%s %s: %v", e.Verb, e.Object, e.Err)
}

// Unwrap returns the API server's answer.
func (e *DeployError) Unwrap() error { return e.Err }

// Code returns "deploy.failed".
func (e *DeployError) Code() string { return "deploy.failed" }

// Hints says what can be done about the answers that are known.
func (e *DeployError) Hints() []string { return e.hints }

// NotReadyError says why a Pod does not come to serve.
type NotReadyError struct {
	Pod Pod
	// Why is a sentence for a person who meets Kubernetes first.
	Why string
	// Image is the one that the node did not get, "" where that is not the reason.
	Image    string
	code     string
	evidence []string
	hints    []string
	err      error
	wentBack bool
	opened   int
}

// Opened is the port at which the application serves although the Pod names another, 0 where that is
// not the reason, or not known.
func (e *NotReadyError) Opened() int { return e.opened }

// WentBack says that the application runs again, as it was before the change that this is about.
func (e *NotReadyError) WentBack() bool { return e.wentBack }

func (e *NotReadyError) Error() string { return fmt.Sprintf("start Pod %q: %s", e.Pod.Name, e.Why) }

// Unwrap returns the context's cause where time ran out, else nil.
func (e *NotReadyError) Unwrap() error { return e.err }

// Code returns one of pod.image, pod.crash, pod.oom, pod.pending, pod.config,
// pod.probe, pod.port, pod.silent, pod.evicted, pod.gone and pod.timeout.
func (e *NotReadyError) Code() string { return e.code }

// Evidence returns what the API server's events and the application's log say.
func (e *NotReadyError) Evidence() []string { return e.evidence }

// Advise puts a hint before the others: what only the caller can know.
func (e *NotReadyError) Advise(hint string) { e.hints = append([]string{hint}, e.hints...) }

// Hints returns what may help, one action each.
func (e *NotReadyError) Hints() []string { return e.hints }

// PortError says that a local port can't be had: another process holds it, or
// the system does not allow it.
type PortError struct {
	Port   int
	Holder string // "java (pid 4711)", "" where unknown
	Err    error
}

func (e *PortError) Error() string {
	switch {
	case e.denied():
		return fmt.Sprintf("listen on local port %d: the system keeps ports below 1024 for root", e.Port)
	case e.Holder != "":
		return fmt.Sprintf("listen on local port %d: %s holds it", e.Port, e.Holder)
	default:
		return fmt.Sprintf("listen on local port %d: %v", e.Port, e.Err)
	}
}

func (e *PortError) denied() bool { return errors.Is(e.Err, syscall.EACCES) }

// Unwrap returns the system's answer.
func (e *PortError) Unwrap() error { return e.Err }

// Code returns "port.busy", or "port.denied" where the system does not allow the port.
func (e *PortError) Code() string {
	if e.denied() {
		return "port.denied"
	}
	return "port.busy"
}

// Hints says how to get the port, or which one can be had.
func (e *PortError) Hints() []string {
	if e.denied() {
		return []string{
			fmt.Sprintf("take port %d instead, which needs no right", e.Port+unprivileged),
			fmt.Sprintf("or allow it until the next start of this machine: sudo sysctl net.ipv4.ip_unprivileged_port_start=%d", e.Port),
		}
	}
	if _, err := exec.LookPath("ss"); err == nil && e.Holder == "" {
		return []string{fmt.Sprintf("see who holds it: sudo ss -ltnp 'sport = :%d'", e.Port), "or take another port"}
	}
	return []string{"end that process, or take another port: --port NUMBER"}
}

// failed turns an API error into one of this package's. When ctx has ended, its
// cause is what counts: a request that is cancelled fails in many disguises.
func (r *Runner) failed(ctx context.Context, verb string, o Object, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s %s: %w", verb, o, context.Cause(ctx))
	}
	if unanswered(err) {
		return &UnreachableError{Context: r.context, Server: r.config.Host, Err: err}
	}
	return &DeployError{Verb: verb, Object: o, Err: err, hints: advice(err)}
}

// unanswered says whether an error came from the way to the API server.
func unanswered(err error) bool {
	if status := apierrors.APIStatus(nil); errors.As(err, &status) {
		return false
	}
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, syscall.ECONNREFUSED) || strings.Contains(err.Error(), "x509:")
}

// advice knows a cure for some of the API server's answers.
func advice(err error) []string {
	switch {
	case apierrors.HasStatusCause(err, "NamespaceTerminating"):
		return []string{"the namespace is being removed: wait until it is gone, then try again"}
	case apierrors.IsUnauthorized(err), apierrors.IsForbidden(err):
		return []string{"your kubeconfig's user may not do this in this cluster: use another context"}
	default:
		return nil
	}
}
