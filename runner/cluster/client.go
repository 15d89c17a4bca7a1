// Package cluster asks one Kubernetes cluster.
//
//	c, err := cluster.Connect(cluster.Options{})             // the kubeconfig's current context, as kubectl does
//	err = c.Ping(ctx)                                        // does it answer?
//	pods, err := c.Core.CoreV1().Pods(ns).List(ctx, options)
//	err = c.WatchPods(ctx, cluster.PodWatch{Namespace: ns, See: see})
//
// Requests outlive short outages of the API server, see retryTransport, and a [PodWatch] the end of every watch.
//
// What the answers mean is left to the packages that ask.
package cluster

import (
	"cmp"
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

	"github.com/devloop-cli/devloop/runner/kube"
)

const (
	// dialTimeout bounds the connect to the API server. It is on this machine.
	dialTimeout = 5 * time.Second
	// askTimeout bounds a request that is answered at once: all but watches and logs.
	askTimeout = 20 * time.Second
)

// Options says which cluster to use. The zero value chooses as kubectl does.
type Options struct {
	Kubeconfig string // path; "": $KUBECONFIG, then ~/.kube/config
	Context    string // "": the kubeconfig's current context
	Namespace  string // "": the context's, then "default"
}

// Client talks to one cluster. It is safe for concurrent use.
type Client struct {
	Core    kubernetes.Interface // for requests that are answered at once
	Stream  kubernetes.Interface // for watches and logs, which have no deadline
	Dynamic dynamic.Interface    // for objects of any kind
	Mapper  meta.ResettableRESTMapper
	Config  *rest.Config // for connections that are upgraded, such as port forwards

	context, namespace string
	clock              *clock
}

// Connect finds the cluster as kubectl does, or returns an [*UnreachableError]. It sends nothing: see [Client.Ping].
func Connect(o Options) (*Client, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = o.Kubeconfig
	raw, err := rules.Load()
	if err != nil {
		return nil, &UnreachableError{Err: fmt.Errorf("read kubeconfig: %w", err)}
	}
	name, err := chooseContext(raw, o.Context, rules.GetLoadingPrecedence())
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
	return New(config, name, namespace)
}

// silenceLogs keeps client-go from writing to stderr: it logs every watch that ends, and our errors say the rest.
var silenceLogs = sync.OnceFunc(func() { klog.SetLogger(logr.Discard()) })

// chooseContext returns the context to use, or says which ones there are in the files.
func chooseContext(raw *clientcmdapi.Config, asked string, files []string) (string, error) {
	contexts := slices.Sorted(maps.Keys(raw.Contexts))
	if len(contexts) == 0 {
		return "", &UnreachableError{Err: fmt.Errorf("no kubeconfig names one: %s", strings.Join(files, ", "))}
	}
	name := cmp.Or(asked, raw.CurrentContext)
	hints := []string{"use one of the kubeconfig's contexts: " + strings.Join(contexts, ", ")}
	if name == "" {
		return "", &UnreachableError{Err: errors.New("the kubeconfig has no current context"), hints: hints}
	}
	if raw.Contexts[name] == nil {
		return "", &UnreachableError{Context: name, Err: errors.New("the kubeconfig has no such context"), hints: hints}
	}
	return name, nil
}

// New returns a client for a cluster that is known already.
func New(config *rest.Config, name, namespace string) (*Client, error) {
	silenceLogs()
	config = rest.CopyConfig(config)
	config.QPS = -1 // the server is one user's own, and has its own fairness
	config.UserAgent = kube.FieldManager
	config.WarningHandler = rest.NoWarnings{}
	config.Dial = (&net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}).DialContext
	c := &Client{Config: config, context: name, namespace: namespace, clock: &clock{}}
	if err := c.clients(); err != nil {
		return nil, &UnreachableError{Context: name, Server: config.Host, Err: err}
	}
	return c, nil
}

// clients makes the clients. Requests that are answered at once have a deadline, watches and logs have none. All are
// retried during a short outage; upgraded connections, such as a port forward, by those who open them.
func (c *Client) clients() error {
	long, answered := rest.CopyConfig(c.Config), &atomic.Bool{}
	long.Wrap(func(next http.RoundTripper) http.RoundTripper { return retryTransport{next, answered, c.clock} })
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
	c.Core, c.Stream, c.Dynamic = core, stream, objects
	c.Mapper = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(core.Discovery()))
	return nil
}

// Ping checks that the API server answers. Its error is an [*UnreachableError].
func (c *Client) Ping(ctx context.Context) error {
	_, err := c.Core.Discovery().RESTClient().Get().AbsPath("/version").DoRaw(ctx)
	if ctx.Err() != nil {
		return fmt.Errorf("ask cluster %q: %w", c.context, context.Cause(ctx))
	}
	if err != nil {
		return &UnreachableError{Context: c.context, Server: c.Config.Host, Err: err}
	}
	return nil
}

// Context returns the name of the kubeconfig context in use.
func (c *Client) Context() string { return c.context }

// Server returns the URL of the API server.
func (c *Client) Server() string { return c.Config.Host }

// Namespace returns the namespace of objects that name none.
func (c *Client) Namespace() string { return c.namespace }
