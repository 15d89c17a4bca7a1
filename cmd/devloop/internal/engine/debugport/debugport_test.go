package debugport

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/supervisor"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/publish"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp/ide"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/localport"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/runner/podstatus"
)

// cluster has Pods without a JVM. It records which ports were dialled, and what was published.
type cluster struct {
	mu        sync.Mutex
	dialled   []string
	asked     []int
	moved     error
	published []event.Body
}

var errNoJVM = errors.New("no JVM in this test")

func (c *cluster) dial(_ context.Context, pod kube.Pod, _ int) (io.ReadWriteCloser, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dialled = append(c.dialled, pod.Name)
	return nil, errNoJVM
}

func (c *cluster) open(_ context.Context, o localport.Options, _ func(ide.Notice)) (*ide.Relay, error, error) {
	c.asked = append(c.asked, o.Local)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	return ide.NewRelay([]net.Listener{l}, ide.Options{Notify: func(ide.Notice) {}}), c.moved, nil
}

func (c *cluster) Handle(e event.Event) { c.published = append(c.published, e.Body) }

// debuggers returns debuggers in a cluster, with a port for each of two Pods.
func debuggers(t *testing.T, c *cluster, o Options) (*Debuggers, publish.Publisher) {
	t.Helper()
	d, events := New(o, c.open, c.dial), publish.New(event.NewBus(c))
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	for range 2 { // the second time there is nothing to open
		must.Do(t, d.Open(t.Context(), events, []kube.Endpoint{{Of: shop}, {Of: stock}}))
	}
	return d, events
}

var shop, stock = kube.Ref{Kind: "Pod", Name: "shop"}, kube.Ref{Kind: "Pod", Name: "stock"}

func TestEachPodHasAPortAndKeepsIt(t *testing.T) {
	t.Parallel()
	c := &cluster{}
	debuggers(t, c, Options{On: true, Port: localport.Options{Local: 5005}})
	if !slices.Equal(c.asked, []int{5005, 5006}) || len(c.published) > 0 {
		t.Errorf("asked for the ports %v, published %+v", c.asked, c.published)
	}
	off := &cluster{}
	debuggers(t, off, Options{})
	if len(off.asked) > 0 {
		t.Errorf("without --debug the ports %v were opened", off.asked)
	}
}

func TestPortOfADebuggerThatIsTakenIsPublished(t *testing.T) {
	t.Parallel()
	c := &cluster{moved: &fault.Error{Op: "idea uses port 5005", Hints: []string{"stop it"}}}
	debuggers(t, c, Options{On: true})
	n, ok := c.published[0].(event.Notice)
	if !ok || n.Why != "idea uses port 5005" || !slices.Equal(n.Objects, []string{shop.String()}) ||
		len(n.Addresses) != 1 || !slices.Equal(n.Hints, []string{"stop it"}) {
		t.Errorf("published %+v", c.published)
	}
}

func TestDebuggerIsRoutedToEachNewPodOnce(t *testing.T) {
	t.Parallel()
	c := &cluster{}
	d, events := debuggers(t, c, Options{On: true, Suspend: true})
	first := []kube.Pod{{Name: "shop", UID: "1", Of: shop}}
	for range 2 {
		d.Route(events, first)
	}
	if len(c.published) != 1 || !c.published[0].(event.DebugPortOpen).Suspended {
		t.Fatalf("published %+v", c.published)
	}
	address := c.published[0].(event.DebugPortOpen).Address
	if got := d.Awaited(first); !slices.Equal(got, []string{address}) || d.Attached(first[0]) {
		t.Errorf("awaits a debugger at %q, want %q", got, address)
	}
	next := []kube.Pod{{Name: "shop-b", UID: "2", Of: shop}, {Name: "stock", UID: "3", Of: stock}}
	d.Route(events, next)
	if len(c.published) != 3 || len(d.Awaited(first)) > 0 ||
		!slices.Equal(d.Awaited(next), []string{address, c.published[2].(event.DebugPortOpen).Address}) {
		t.Errorf("published %+v", c.published)
	}
	for _, release := range []func(){d.Detach, func() { d.Fail("the Pod is gone") }} {
		d.Route(events, next)
		release()
		if got := d.Awaited(next); len(got) > 0 {
			t.Errorf("after the Pod went: %q", got)
		}
	}
}

func TestClassesGoToTheJVMWithAndWithoutAPort(t *testing.T) {
	t.Parallel()
	c := &cluster{}
	d, events := debuggers(t, c, Options{On: true})
	pods := []kube.Pod{{Name: "shop", UID: "1", Of: shop}, {Name: "other", UID: "2"}}
	d.Route(events, pods)
	for _, p := range pods {
		if err := d.Redefine(t.Context(), p, map[string][]byte{"A": nil}, true, ready); err == nil {
			t.Errorf("%s took a class without a JVM", p.Name)
		}
	}
	if !slices.Contains(c.dialled, "shop") || !slices.Contains(c.dialled, "other") {
		t.Errorf("dialled %q", c.dialled)
	}
	superseded := errors.New("a newer save")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(superseded)
	if err := d.Redefine(ctx, pods[1], nil, true, ready); !errors.Is(err, superseded) {
		t.Errorf("got %v, want the cause of the end", err)
	}
	if got := d.Redefined(); len(got) > 0 {
		t.Errorf("an IDE has redefined %q", got)
	}
}

// attachedJVM plays a JVM that is attached to. It returns the commands that it gets until the connection ends.
func attachedJVM(conn net.Conn) (commands [][2]byte) {
	greeting := make([]byte, len("JDWP-Handshake"))
	_, err := io.ReadFull(conn, greeting)
	_, _ = conn.Write(greeting)
	for err == nil {
		header := make([]byte, 11)
		if _, err = io.ReadFull(conn, header); err != nil {
			break
		}
		_, err = io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(header))-11)
		commands = append(commands, [2]byte{header[9], header[10]})
		reply := append([]byte{0, 0, 0, 31}, header[4:8]...)
		reply = append(reply, 0x80, 0, 0)
		for range 5 { // the sizes of its ids
			reply = append(reply, 0, 0, 0, 8)
		}
		_, _ = conn.Write(reply)
	}
	return commands
}

// The supervisor attaches to a JVM to end it.
func TestNobodyIsAttachedToAJVMThatIsAboutToEnd(t *testing.T) {
	t.Parallel()
	ours, theirs := net.Pipe()
	d := New(Options{}, nil, func(context.Context, kube.Pod, int) (io.ReadWriteCloser, error) { return ours, nil })
	d.jvmPort = supervisor.DebugPort
	got := make(chan [][2]byte, 1)
	go func() { got <- attachedJVM(theirs) }()
	must.Do(t, d.Redefine(t.Context(), kube.Pod{UID: "1"}, nil, false, ready))
	select {
	case commands := <-got:
		t.Fatalf("detached before the end, after %v", commands)
	default:
	}
	d.Detach()
	idSizes, dispose := [2]byte{1, 7}, [2]byte{1, 6}
	if commands := <-got; len(commands) < 2 || commands[0] != idSizes || commands[len(commands)-1] != dispose {
		t.Errorf("got the commands %v", commands)
	}
}

// TestPrepareEndsWhenTheJVMIsAboutToEnd prepares JVMs that do not answer, and one that an IDE may attach to.
func TestPrepareEndsWhenTheJVMIsAboutToEnd(t *testing.T) {
	t.Parallel()
	dialled := make(chan string, 2)
	hang := func(ctx context.Context, pod kube.Pod, _ int) (io.ReadWriteCloser, error) {
		dialled <- pod.Name
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	d := New(Options{}, nil, hang)
	d.jvmPort = supervisor.DebugPort
	prepared := make(chan struct{})
	go func() {
		defer close(prepared)
		d.Prepare(t.Context(), []kube.Pod{{Name: "a", UID: "1"}, {Name: "b", UID: "2"}}, []string{"A"})
	}()
	if got := []string{<-dialled, <-dialled}; !slices.Contains(got, "a") || !slices.Contains(got, "b") {
		t.Errorf("attaches to %q", got)
	}
	d.Detach()
	<-prepared

	debugged := New(Options{On: true}, nil, hang)
	debugged.jvmPort = supervisor.DebugPort
	debugged.Prepare(t.Context(), []kube.Pod{{Name: "c", UID: "3"}}, []string{"A"})
	if len(dialled) > 0 {
		t.Errorf("attaches to %s, which an IDE may want to do", <-dialled)
	}
}

func TestDebugPortThatAJVMRejectsIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	crash := func(line string) error {
		return podstatus.Finding{Code: "pod.crash", Why: "it ended"}.Explain(kube.Pod{Name: "shop"}, nil,
			podstatus.Evidence{Log: []string{"Picked up JAVA_TOOL_OPTIONS: -agentlib:jdwp", line}})
	}
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"another crash": {crash("Error: Unable to access jarfile"), false},
		"no crash":      {errors.New("ERROR: JDWP"), false},
		"no library":    {crash("Error: Could not find agent library jdwp on the library path"), true},
	} {
		pods := &cluster{}
		d, events := debuggers(t, pods, Options{On: true})
		img := imageWith(t, v1.Config{})
		options := func() string {
			return d.JVMOptions(manifest.Generate("app", 8080), []string{"app"}, img).JVMOptions
		}
		asked := d.JVMOptions(manifest.Generate("app", 8080), []string{"app"}, img)
		if got := d.Rejected(events, asked, c.err); got != c.want || d.Unavailable() != c.want ||
			(options() == "") != c.want {
			t.Errorf("%s: rejected %v, asks for %q", name, got, options())
		}
		if c.want != (len(pods.published) == 1) {
			t.Errorf("%s: published %+v", name, pods.published)
		}
		asked.JVMOptions = ""
		if d.Rejected(events, asked, c.err) {
			t.Errorf("%s: a port was rejected that nothing asked for", name)
		}
	}
}

// ready is when the files of classes that the JVM has not loaded may be read.
func ready() error { return nil }
