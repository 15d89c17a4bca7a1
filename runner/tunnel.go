package runner

//lint:file-ignore SA1019 client-go 0.37 still deals in apimachinery's httpstream: its spdy.Negotiate returns one

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/httpstream"
	httpstreamspdy "k8s.io/apimachinery/pkg/util/httpstream/spdy"
	constants "k8s.io/apimachinery/pkg/util/portforward"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/client-go/transport/websocket"
	streaming "k8s.io/streaming/pkg/httpstream"
)

// dialTunnelTimeout bounds the way to a Pod: TLS and an upgrade at the API server,
// which asks the kubelet, which asks the container runtime.
const dialTunnelTimeout = 10 * time.Second

// dialer opens a port-forward connection to a Pod through the API server.
type dialer func(ctx context.Context, p Pod) (httpstream.Connection, error)

// apiDialer speaks SPDY over a websocket, as Kubernetes does since 1.31, and plain
// SPDY with API servers that refuse that. client-go has both as ready dialers, but
// these know no context, so a dial could not be given up.
func apiDialer(config *rest.Config) dialer {
	return func(ctx context.Context, p Pod) (httpstream.Connection, error) {
		ctx, cancel := context.WithTimeoutCause(ctx, dialTunnelTimeout, fmt.Errorf("the cluster did not answer within %v", dialTunnelTimeout))
		defer cancel()
		address, err := portForwardURL(config, p)
		if err != nil {
			return nil, err
		}
		connection, err := dialWebsocket(ctx, config, address)
		if refusesWebsocket(err) {
			connection, err = dialSPDY(ctx, config, address)
		}
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return nil, fmt.Errorf("forward to pod %q: %w", p.Name, err)
		}
		return connection, nil
	}
}

// refusesWebsocket tells a server, or a proxy, that knows no websockets from one that
// does not have the Pod.
func refusesWebsocket(err error) bool {
	var refused *streaming.UpgradeFailureError
	if errors.As(err, &refused) {
		return !apierrors.IsNotFound(refused.Cause)
	}
	return streaming.IsHTTPSProxyError(err)
}

func portForwardURL(config *rest.Config, p Pod) (*url.URL, error) {
	base, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return nil, err
	}
	return base.JoinPath("api/v1/namespaces", p.Namespace, "pods", p.Name, "portforward"), nil
}

func dialWebsocket(ctx context.Context, config *rest.Config, address *url.URL) (httpstream.Connection, error) {
	transport, holder, err := websocket.RoundTripperFor(config)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, err
	}
	socket, err := websocket.Negotiate(transport, holder, request, constants.WebsocketsSPDYTunnelingPrefix+portforward.PortForwardProtocolV1Name)
	if err != nil {
		return nil, err
	}
	connection, err := httpstreamspdy.NewClientConnectionWithPings(portforward.NewTunnelingConnection("devloop", socket), portforward.PingPeriod)
	return socketConnection{connection, socket.NetConn()}, err
}

// socketConnection closes what lies below first: a polite goodbye would wait for
// ever where the other end has stopped reading.
type socketConnection struct {
	httpstream.Connection
	socket net.Conn
}

// Close ends all streams at once.
func (c socketConnection) Close() error {
	_ = c.socket.Close()
	return c.Connection.Close()
}

func dialSPDY(ctx context.Context, config *rest.Config, address *url.URL) (httpstream.Connection, error) {
	transport, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address.String(), nil)
	if err != nil {
		return nil, err
	}
	connection, protocol, err := spdy.Negotiate(upgrader, &http.Client{Transport: transport}, request, portforward.PortForwardProtocolV1Name)
	if err == nil && protocol != portforward.PortForwardProtocolV1Name {
		_ = connection.Close()
		return nil, fmt.Errorf("the server speaks %q instead of %q", protocol, portforward.PortForwardProtocolV1Name)
	}
	return connection, err
}

// tunnel is a port-forward connection to a Pod. It could carry many conversations
// at once, and carries one at a time: SPDY as Kubernetes uses it has no flow
// control, so a client that does not read what it asked for would stop all others
// on the same connection.
type tunnel struct {
	connection httpstream.Connection
	requests   atomic.Int64
}

func (t *tunnel) alive() bool {
	select {
	case <-t.connection.CloseChan():
		return false
	default:
		return true
	}
}

func (t *tunnel) close() { _ = t.connection.Close() }

// streams are the two that carry one conversation: the data, and what the node has
// to say where it can't reach the application.
type streams struct {
	tunnel  *tunnel
	data    httpstream.Stream
	problem httpstream.Stream
	verdict chan error // what the problem stream said, once it ended
}

// open starts a conversation with a port of the Pod. That it starts does not say
// that the application listens: the node connects to it later, and a refusal comes
// through the problem stream.
func (t *tunnel) open(port int) (*streams, error) {
	header := http.Header{}
	header.Set(corev1.PortHeader, strconv.Itoa(port))
	header.Set(corev1.PortForwardRequestIDHeader, strconv.FormatInt(t.requests.Add(1), 10))
	header.Set(corev1.StreamType, corev1.StreamTypeError)
	problem, err := t.connection.CreateStream(header)
	if err != nil {
		return nil, fmt.Errorf("open stream: %w", err)
	}
	_ = problem.Close() // only the node writes to it
	header.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := t.connection.CreateStream(header)
	if err != nil {
		_ = problem.Reset()
		t.connection.RemoveStreams(problem)
		return nil, fmt.Errorf("open stream: %w", err)
	}
	s := &streams{tunnel: t, data: data, problem: problem, verdict: make(chan error, 1)}
	go s.listen()
	return s, nil
}

// listen waits for the node's verdict. It ends with the conversation.
func (s *streams) listen() {
	text, err := io.ReadAll(s.problem)
	if err == nil && len(text) > 0 {
		err = errors.New(string(text))
	}
	s.verdict <- err
}

// verdictTimeout bounds the wait for the node's verdict on a conversation that is over.
const verdictTimeout = 5 * time.Second

// end resets both directions and returns the node's verdict.
func (s *streams) end() error {
	// Data that nobody read would keep the verdict from arriving.
	_ = s.data.Reset()
	giveUp := time.AfterFunc(verdictTimeout, s.tunnel.close)
	defer giveUp.Stop()
	err := <-s.verdict
	s.tunnel.connection.RemoveStreams(s.data, s.problem)
	return err
}
