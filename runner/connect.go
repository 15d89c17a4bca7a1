package runner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/klog/v2"
)

const (
	// dialTimeout bounds the connect to the API server. It is on this machine.
	dialTimeout = 5 * time.Second
	// askTimeout bounds a request that is answered at once: all but watches and logs.
	askTimeout = 20 * time.Second
)

// ConnectOptions says which cluster to use. Its zero value is kubectl's choice.
type ConnectOptions struct {
	Kubeconfig string // path; "": $KUBECONFIG, then ~/.kube/config
	Context    string // "": the kubeconfig's current context
	Namespace  string // "": the context's, then "default"
}

// Runner speaks with one cluster. It is safe for concurrent use.
type Runner struct {
	config             *rest.Config
	context, namespace string

	core    kubernetes.Interface // requests that are answered at once
	stream  kubernetes.Interface // watches and logs, which last
	dynamic dynamic.Interface
	mapper  meta.ResettableRESTMapper
	dial    dialer
}

// Connect finds the cluster as kubectl does. It asks the cluster nothing yet: see
// [Runner.Ping]. Its error is an [*UnreachableError].
func Connect(o ConnectOptions) (*Runner, error) {
	quietClient()
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = o.Kubeconfig
	raw, err := rules.Load()
	if err != nil {
		return nil, &UnreachableError{Err: fmt.Errorf("read kubeconfig: %w", err)}
	}
	name, err := chooseContext(raw, o.Context)
	if err != nil {
		return nil, err
	}
	overrides := &clientcmd.ConfigOverrides{Context: clientcmdapi.Context{Namespace: o.Namespace}}
	client := clientcmd.NewNonInteractiveClientConfig(*raw, name, overrides, rules)
	config, err := client.ClientConfig()
	if err != nil {
		return nil, &UnreachableError{Context: name, Err: err}
	}
	namespace, _, err := client.Namespace()
	if err != nil {
		return nil, &UnreachableError{Context: name, Err: err}
	}
	return newRunner(config, name, namespace)
}

// quietClient keeps client-go from writing to stderr: it logs, among others, every
// watch that the server ends, and our own errors say what matters.
var quietClient = sync.OnceFunc(func() { klog.SetLogger(logr.Discard()) })

// chooseContext returns the context to use, or says which ones there are.
func chooseContext(raw *clientcmdapi.Config, asked string) (string, error) {
	contexts := slices.Sorted(maps.Keys(raw.Contexts))
	if len(contexts) == 0 {
		return "", &UnreachableError{Err: errors.New("there is no kubeconfig, or it names no cluster")}
	}
	name := asked
	if name == "" {
		name = raw.CurrentContext
	}
	hints := []string{"use one of the kubeconfig's contexts: " + strings.Join(contexts, ", ")}
	if name == "" {
		return "", &UnreachableError{Err: errors.New("the kubeconfig has no current context"), hints: hints}
	}
	if raw.Contexts[name] == nil {
		return "", &UnreachableError{Context: name, Err: errors.New("the kubeconfig has no such context"), hints: hints}
	}
	return name, nil
}

func newRunner(config *rest.Config, name, namespace string) (*Runner, error) {
	config = rest.CopyConfig(config)
	config.QPS = -1 // the server is one user's own, and has its own fairness
	config.UserAgent = FieldManager
	config.WarningHandler = rest.NoWarnings{}
	config.Dial = (&net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}).DialContext
	r := &Runner{config: config, context: name, namespace: namespace}
	if err := r.clients(); err != nil {
		return nil, &UnreachableError{Context: name, Server: config.Host, Err: err}
	}
	return r, nil
}

// clients makes the clients: requests that are answered at once have a deadline,
// watches and logs have none. All wait out a short outage; what is upgraded, such as
// the way to a Pod, has its own ways to begin again.
func (r *Runner) clients() error {
	long, answered, failed := rest.CopyConfig(r.config), &atomic.Bool{}, &atomic.Int64{}
	long.Wrap(func(next http.RoundTripper) http.RoundTripper { return steady{next, answered, failed} })
	short := rest.CopyConfig(long)
	short.Timeout = askTimeout
	core, err := kubernetes.NewForConfig(short)
	if err != nil {
		return err
	}
	stream, err := kubernetes.NewForConfig(long)
	if err != nil {
		return err
	}
	objects, err := dynamic.NewForConfig(short)
	if err != nil {
		return err
	}
	r.core, r.stream, r.dynamic = core, stream, objects
	r.mapper = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(core.Discovery()))
	r.dial = apiDialer(r.config)
	return nil
}

// Ping asks the API server for its version, to learn whether it answers. Its
// error is an [*UnreachableError].
func (r *Runner) Ping(ctx context.Context) error {
	_, err := r.core.Discovery().RESTClient().Get().AbsPath("/version").DoRaw(ctx)
	if ctx.Err() != nil {
		return fmt.Errorf("ask cluster %q: %w", r.context, context.Cause(ctx))
	}
	if err != nil {
		return &UnreachableError{Context: r.context, Server: r.config.Host, Err: err}
	}
	return nil
}

// Context returns the name of the kubeconfig context in use.
func (r *Runner) Context() string { return r.context }

// Server returns the URL of the API server.
func (r *Runner) Server() string { return r.config.Host }

// Namespace returns the namespace of objects that name none.
func (r *Runner) Namespace() string { return r.namespace }
