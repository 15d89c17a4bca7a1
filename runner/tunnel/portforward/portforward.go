// Package portforward opens tunnels to Pods through the API server, as kubectl port-forward does.
//
//	var dial tunnel.Dialer = portforward.Dialer(config)
//
// Package tunnel and its users decide what goes through a tunnel.
package portforward

//lint:file-ignore SA1019 client-go 0.37 still deals in apimachinery's httpstream: its spdy.Negotiate returns one

import (
	"bufio"
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

	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/tunnel"
)

// dialTimeout bounds the way to a Pod: TLS and an upgrade at the API server, then kubelet and container runtime.
const dialTimeout = 10 * time.Second

// Dialer speaks SPDY over a websocket, as Kubernetes does since 1.31, and plain SPDY with API servers that refuse that.
func Dialer(config *rest.Config) tunnel.Dialer {
	return func(ctx context.Context, p kube.Pod) (tunnel.Tunnel, error) {
		ctx, cancel := context.WithTimeoutCause(ctx, dialTimeout,
			fmt.Errorf("the cluster did not answer within %v", dialTimeout))
		defer cancel()
		address, err := portForwardURL(config, p)
		if err != nil {
			return nil, err
		}
		connection, err := abandonable(ctx, func() (httpstream.Connection, error) {
			connection, err := dialWebsocket(ctx, config, address)
			if refusesWebsocket(err) {
				connection, err = dialSPDY(ctx, config, address)
			}
			return connection, err
		})
		if err != nil {
			return nil, fmt.Errorf("forward to pod %q: %w", p.Name, err)
		}
		return &podTunnel{connection: connection}, nil
	}
}

// abandonable returns when ctx ends, although dial may not: client-go's dialers watch ctx only until TCP is
// connected, and a handshake may hang. A connection that comes too late is closed.
func abandonable(ctx context.Context, dial func() (httpstream.Connection, error)) (httpstream.Connection, error) {
	var connection httpstream.Connection
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		if connection, err = dial(); err == nil && ctx.Err() != nil {
			err = errors.Join(context.Cause(ctx), connection.Close())
		}
	}()
	select {
	case <-done:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if deadline, _ := ctx.Deadline(); err != nil && !time.Now().Before(deadline) {
		<-ctx.Done() // the socket's timeout came a moment before
		return nil, context.Cause(ctx)
	}
	return connection, err
}

// refusesWebsocket tells a server, or a proxy, that knows no websockets from one that does not have the Pod.
func refusesWebsocket(err error) bool {
	if refused, ok := errors.AsType[*streaming.UpgradeFailureError](err); ok {
		return !apierrors.IsNotFound(refused.Cause)
	}
	return streaming.IsHTTPSProxyError(err)
}

func portForwardURL(config *rest.Config, p kube.Pod) (*url.URL, error) {
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
	socket, err := websocket.Negotiate(transport, holder, request,
		constants.WebsocketsSPDYTunnelingPrefix+portforward.PortForwardProtocolV1Name)
	if err != nil {
		return nil, err
	}
	connection, err := httpstreamspdy.NewClientConnectionWithPings(portforward.NewTunnelingConnection("devloop",
		socket), portforward.PingPeriod)
	return socketConnection{connection, socket.NetConn()}, err
}

// socketConnection closes what lies below first: a polite goodbye would wait for ever for one that reads no more.
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
	_, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return nil, err
	}
	tripper := &spdyTripper{SpdyRoundTripper: upgrader.(*httpstreamspdy.SpdyRoundTripper)}
	transport, err := rest.HTTPWrappersForConfig(config, tripper)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address.String(), nil)
	if err != nil {
		return nil, err
	}
	connection, protocol, err := spdy.Negotiate(tripper, &http.Client{Transport: transport}, request,
		portforward.PortForwardProtocolV1Name)
	if err == nil && protocol != portforward.PortForwardProtocolV1Name {
		_ = connection.Close()
		return nil, fmt.Errorf("the server speaks %q instead of %q", protocol, portforward.PortForwardProtocolV1Name)
	}
	return connection, err
}

// spdyTripper upgrades a request to SPDY as client-go's does, and knows the socket, which client-go keeps to itself.
type spdyTripper struct {
	*httpstreamspdy.SpdyRoundTripper
	socket net.Conn
}

func (t *spdyTripper) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set(httpstream.HeaderConnection, httpstream.HeaderUpgrade)
	request.Header.Set(httpstream.HeaderUpgrade, httpstreamspdy.HeaderSpdy31)
	socket, err := t.Dial(request)
	if err != nil {
		return nil, err
	}
	response, err := http.ReadResponse(bufio.NewReader(socket), nil)
	if err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	t.socket = socket
	return response, nil
}

// NewConnection implements [spdy.Upgrader].
func (t *spdyTripper) NewConnection(response *http.Response) (httpstream.Connection, error) {
	if response.StatusCode != http.StatusSwitchingProtocols {
		defer func() { _ = t.socket.Close() }()
		return t.SpdyRoundTripper.NewConnection(response) // which says what the server said
	}
	connection, err := httpstreamspdy.NewClientConnectionWithPings(t.socket, portforward.PingPeriod)
	return socketConnection{connection, t.socket}, err
}

// podTunnel is a port-forward connection. It could carry many conversations at once, but its users
// open one at a time: SPDY as Kubernetes uses it has no flow
// control, so a client that does not read would block all others on the same connection.
type podTunnel struct {
	connection httpstream.Connection
	requests   atomic.Int64
}

func (t *podTunnel) Alive() bool {
	select {
	case <-t.connection.CloseChan():
		return false
	default:
		return true
	}
}

func (t *podTunnel) Close() { _ = t.connection.Close() }

// podStream is the pair of streams of one conversation: the data, and the node's complaint if it fails.
type podStream struct {
	httpstream.Stream // the data
	tunnel            *podTunnel
	problem           httpstream.Stream
	complaint         chan error // what the problem stream had when it ended
}

func (t *podTunnel) Open(port int) (tunnel.Stream, error) {
	header := http.Header{}
	header.Set(corev1.PortHeader, strconv.Itoa(port))
	header.Set(corev1.PortForwardRequestIDHeader, strconv.FormatInt(t.requests.Add(1), 10))
	header.Set(corev1.StreamType, corev1.StreamTypeError)
	problem, err := t.createStream(header)
	if err != nil {
		return nil, fmt.Errorf("open stream: %w", err)
	}
	_ = problem.Close() // only the node writes to it
	header.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := t.createStream(header)
	if err != nil {
		_ = problem.Reset()
		t.connection.RemoveStreams(problem)
		return nil, fmt.Errorf("open stream: %w", err)
	}
	s := &podStream{Stream: data, tunnel: t, problem: problem, complaint: make(chan error, 1)}
	go s.listen()
	return s, nil
}

// createStream creates a stream, and gives up when the connection is closed: the library would wait for 30 seconds.
func (t *podTunnel) createStream(header http.Header) (httpstream.Stream, error) {
	var stream httpstream.Stream
	var err error
	created := make(chan struct{})
	go func() {
		defer close(created)
		stream, err = t.connection.CreateStream(header)
	}()
	select {
	case <-created:
		return stream, err
	case <-t.connection.CloseChan():
		return nil, net.ErrClosed
	}
}

// listen waits for the node's complaint. It ends with the conversation.
func (s *podStream) listen() {
	text, err := io.ReadAll(s.problem)
	if err == nil && len(text) > 0 {
		err = errors.New(string(text))
	}
	s.complaint <- err
}

func (s *podStream) CloseWrite() error { return s.Close() }

// endTimeout bounds the wait for the node's complaint about a conversation that is over.
const endTimeout = 5 * time.Second

func (s *podStream) End() error {
	giveUp := time.AfterFunc(endTimeout, s.tunnel.Close)
	defer giveUp.Stop()
	// Data left unread would keep the complaint from arriving.
	_ = s.Reset()
	err := <-s.complaint
	s.tunnel.connection.RemoveStreams(s.Stream, s.problem)
	return err
}
