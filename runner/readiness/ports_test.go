package readiness

//lint:file-ignore SA1019 client-go 0.37 still deals in apimachinery's httpstream: its spdy.Negotiate returns one

import (
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/httpstream"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/podstatus"
)

// podWithPorts is a ready Pod whose container names ports, and that Pod as Replace returns it.
func podWithPorts(t *testing.T, ports ...int64) (*unstructured.Unstructured, kube.Pod) {
	o := fakeapi.ServingPod("web")
	var named []any
	for _, port := range ports {
		named = append(named, map[string]any{"containerPort": port})
	}
	list, _, _ := unstructured.NestedSlice(o.Object, "spec", "containers")
	list[0].(map[string]any)["ports"] = named
	delete(list[0].(map[string]any), "readinessProbe")
	must.Do(t, unstructured.SetNestedSlice(o.Object, list, "spec", "containers"))
	p := must.Get(corePod(o))(t)
	return o, kube.PodOf(p)
}

func answersHTTP(data httpstream.Stream) error {
	_, err := data.Write([]byte("HTTP/1.1 200 OK\r\n\r\n"))
	return err
}

var errRefused = errors.New("connect: connection refused")

func TestReadyWaitsForNoPortThatNobodyOpens(t *testing.T) {
	t.Parallel()
	a, r := newAPI(t)
	o, pod := podWithPorts(t, 8080, 9779, 8778, 5005)
	a.Put("pods", o)
	a.Forward = func(port int, data httpstream.Stream) error {
		if port != 8080 {
			return errRefused
		}
		return answersHTTP(data)
	}
	must.Do(t, r.Ready(t.Context(), []kube.Pod{pod}, nil))
}

// A debugger's port and that of a metrics agent are open while the application still starts.
func TestReadyIsNotSaidByAnAgentsPort(t *testing.T) {
	t.Parallel()
	a, r := newAPI(t)
	o, pod := podWithPorts(t, 8080, 9779, 5005)
	a.Put("pods", o)
	starts := time.Now().Add(4 * time.Second)
	a.Forward = func(port int, data httpstream.Stream) error {
		switch {
		case port == 5005:
			return nil // it closes
		case port == 8080 && time.Now().Before(starts):
			return errRefused
		}
		return answersHTTP(data)
	}
	if err := r.Ready(t.Context(), []kube.Pod{pod}, nil); err != nil || time.Now().Before(starts) {
		t.Fatalf("ready too early, or %v", err)
	}
}

// TestReadyDoesNotTrustTheProbeAfterARestart has a Pod whose application was restarted in its container. The kubelet
// has not noticed, and the application needs some time.
func TestReadyDoesNotTrustTheProbeAfterARestart(t *testing.T) {
	t.Parallel()
	a, r := newAPI(t)
	o, pod := podWithPorts(t, 8080)
	list, _, _ := unstructured.NestedSlice(o.Object, "spec", "containers")
	list[0].(map[string]any)["readinessProbe"] = map[string]any{"tcpSocket": map[string]any{"port": int64(8080)}}
	must.Do(t, unstructured.SetNestedSlice(o.Object, list, "spec", "containers"))
	a.Put("pods", o)
	pod.Restarted = true
	starts := time.Now().Add(minUptime + time.Second)
	a.Forward = func(_ int, data httpstream.Stream) error {
		if time.Now().Before(starts) {
			return errRefused
		}
		return answersHTTP(data)
	}
	if err := r.Ready(t.Context(), []kube.Pod{pod}, nil); err != nil || time.Now().Before(starts) {
		t.Fatalf("ready too early, or %v", err)
	}
}

// TestReadyIsSaidByTheProbeInTheEnd has an application that never opens the port that its Pod names.
func TestReadyIsSaidByTheProbeInTheEnd(t *testing.T) {
	t.Parallel()
	a, r := newAPI(t)
	o, pod := podWithPorts(t, 8080)
	list, _, _ := unstructured.NestedSlice(o.Object, "spec", "containers")
	list[0].(map[string]any)["readinessProbe"] = map[string]any{"exec": map[string]any{}, "periodSeconds": int64(1),
		"failureThreshold": int64(1)}
	must.Do(t, unstructured.SetNestedSlice(o.Object, list, "spec", "containers"))
	a.Put("pods", o)
	pod.Restarted = true
	a.Forward = func(int, httpstream.Stream) error { return errRefused }
	must.Do(t, r.Ready(t.Context(), []kube.Pod{pod}, nil))
}

func TestReadyTakesAnyProtocol(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]error{"it closes": nil,
		"it resets": errors.New("read tcp4 127.0.0.1:1->127.0.0.1:9092: read: connection reset by peer")} {
		a, r := newAPI(t)
		o, pod := podWithPorts(t, 9092)
		a.Put("pods", o)
		a.Forward = func(int, httpstream.Stream) error { return end }
		if err := r.Ready(t.Context(), []kube.Pod{pod}, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestForeignPortsGetNoByte: Redis, for one, takes an HTTP request for an attack, and says so in its log.
func TestForeignPortsGetNoByte(t *testing.T) {
	t.Parallel()
	a, r := newAPI(t)
	o, pod := podWithPorts(t, 8080, 6379)
	pod.Foreign = []int{6379}
	a.Put("pods", o)
	got := map[int]string{}
	var mu sync.Mutex
	a.Forward = func(port int, data httpstream.Stream) error {
		said, err := io.ReadAll(data)
		mu.Lock()
		defer mu.Unlock()
		got[port] = string(said)
		if err != nil || port == 6379 {
			return err
		}
		return answersHTTP(data)
	}
	must.Do(t, r.Ready(t.Context(), []kube.Pod{pod}, nil))
	mu.Lock()
	defer mu.Unlock()
	if said, asked := got[6379]; said != "" || !asked || !strings.HasPrefix(got[8080], "OPTIONS * ") {
		t.Errorf("the ports were sent %v", got)
	}
}

// TestJVMsAtADebugPortAreLeftInPeace has a manifest that names the port of a debugger next to that of the application.
func TestJVMsAtADebugPortAreLeftInPeace(t *testing.T) {
	t.Parallel()
	a, r := newAPI(t)
	o, pod := podWithPorts(t, 8080, 5005)
	a.Put("pods", o)
	var asked atomic.Int32
	a.Forward = func(port int, data httpstream.Stream) error {
		if port == 5005 {
			asked.Add(1)
		}
		return answersHTTP(data)
	}
	if err := r.Ready(t.Context(), []kube.Pod{pod}, nil); err != nil || asked.Load() > 0 {
		t.Errorf("%d connections to the debugger's port, %v", asked.Load(), err)
	}
}

func TestAdviceFitsAProjectWithoutAManifest(t *testing.T) {
	o, pod := podWithPorts(t, 8080)
	p := must.Get(corePod(o))(t)
	for generated, says := range map[bool]string{true: "--env SERVER_PORT=8080",
		false: "`containerPort` in the manifest"} {
		pod.Generated = generated
		v := podstatus.NotListening(p, pod, 8080)
		text := v.Why + strings.Join(v.Hints, "\n")
		if !strings.Contains(text, says) || strings.Contains(text, "manifest") == generated {
			t.Errorf("generated %v: %s", generated, text)
		}
	}
}

func corePod(o *unstructured.Unstructured) (*corev1.Pod, error) {
	var pod corev1.Pod
	return &pod, runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &pod)
}
