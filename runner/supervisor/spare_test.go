package supervisor

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/tunnel"
)

// answering is a supervisor that gives one answer to all.
type answering struct {
	answer string
	asked  []byte // what it was asked last
}

func (a *answering) dial(context.Context, kube.Pod) (tunnel.Tunnel, error) { return a, nil }

func (a *answering) Open(int) (tunnel.Stream, error) {
	s := &conversation{supervisor: a}
	_ = binary.Write(&s.answer, binary.BigEndian, uint16(len(a.answer)))
	s.answer.WriteString(a.answer)
	return s, nil
}

func (*answering) Alive() bool { return true }
func (*answering) Close()      {}

// conversation is one request.
type conversation struct {
	supervisor *answering
	answer     bytes.Buffer
}

func (c *conversation) Read(p []byte) (int, error) { return c.answer.Read(p) }

func (c *conversation) Write(p []byte) (int, error) {
	c.supervisor.asked = bytes.Clone(p)
	return len(p), nil
}

func (*conversation) CloseWrite() error { return nil }
func (*conversation) Reset() error      { return nil }
func (*conversation) End() error        { return nil }

func TestSpareIsNoted(t *testing.T) {
	t.Parallel()
	for answer, c := range map[string]struct {
		want  Spare
		noted string
	}{
		"preparing":         {Spare{Preparing: true}, ""},
		"ready with 180 MB": {Spare{Ready: true, Note: "ready with 180 MB"}, "ready with 180 MB"},
		"ready with 180 MB; another one is being prepared": {Spare{Ready: true, Preparing: true, Note: "ready with 180 MB"}, "ready with 180 MB"},
		"no: there is no room":                             {Spare{Note: "there is no room"}, ""},
		"later":                                            {Spare{}, ""},
	} {
		api, client := fakeapi.New(t)
		var noted string
		api.Fault = func(w http.ResponseWriter, q *http.Request) bool {
			var patch corev1.Pod
			if err := json.NewDecoder(q.Body).Decode(&patch); err != nil || patch.UID != webPod.UID {
				t.Errorf("the patch is %+v, %v", patch, err)
			}
			noted = patch.Annotations[kube.AnnotationSpare]
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"kind": "Pod", "apiVersion": "v1"}`)
			return true
		}
		a := &answering{answer: answer}
		got, err := New(client, tunnel.NewPool(a.dial, 1)).Spare(t.Context(), webPod, 5007, RoomForTwo)
		if err != nil || got != c.want {
			t.Errorf("%q: got %+v, %v", answer, got, err)
		}
		if !bytes.Equal(a.asked, []byte{0, 0, 3, 0, 0, 0, 0}) {
			t.Errorf("it asks %q", a.asked)
		}
		if noted != c.noted {
			t.Errorf("%q: the Pod says %q", answer, noted)
		}
	}
}

// TestSpareThatEndsIsTakenOffItsPod asks as a session does while it is idle: a Pod is written to when its spare is
// ready, and when it is not any more.
func TestSpareThatEndsIsTakenOffItsPod(t *testing.T) {
	t.Parallel()
	api, client := fakeapi.New(t)
	var noted []string
	api.Fault = func(w http.ResponseWriter, q *http.Request) bool {
		text, _ := io.ReadAll(q.Body)
		noted = append(noted, string(text))
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"kind": "Pod", "apiVersion": "v1"}`)
		return true
	}
	s := New(client, nil)
	for _, answer := range []string{"ready with 180 MB", "ready with 180 MB", "no: the node has too little free memory",
		"no: the node has too little free memory"} {
		s.tunnels = tunnel.NewPool((&answering{answer: answer}).dial, 1)
		must.Get(s.Spare(t.Context(), webPod, 5007, RoomForTwo))(t)
	}
	if len(noted) != 2 || !strings.Contains(noted[0], `"ready with 180 MB"`) ||
		!strings.Contains(noted[1], kube.AnnotationSpare+`":null`) {
		t.Errorf("written: %q", noted)
	}
}

func TestSparesArePaused(t *testing.T) {
	t.Parallel()
	a := &answering{answer: "ok"}
	if err := New(nil, tunnel.NewPool(a.dial, 1)).PauseSpares(t.Context(), webPod, 5007); err != nil ||
		!bytes.Equal(a.asked, []byte{0, 0, 6, 0, 0, 0, 0}) {
		t.Errorf("it asks %q, %v", a.asked, err)
	}
}

func TestRestartThatNeedsANewJVMSaysSo(t *testing.T) {
	t.Parallel()
	for want, c := range map[byte]Change{0: {State: "a"}, 1: {State: "a", Restart: true},
		2: {State: "a", Restart: true, NewJVM: true}} {
		var got bytes.Buffer
		if err := c.write(&got); err != nil || got.Bytes()[3] != want {
			t.Errorf("%+v: got %q, %v", c, got.Bytes(), err)
		}
	}
}
