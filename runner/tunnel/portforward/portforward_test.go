package portforward

//lint:file-ignore SA1019 the API server of the tests speaks apimachinery's httpstream, as the package does

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/httpstream"

	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
)

var web = kube.Pod{Namespace: "default", Name: "web"}

// TestConversationsAreCarried speaks SPDY with a server that knows no websockets.
func TestConversationsAreCarried(t *testing.T) {
	t.Parallel()
	a, c := fakeapi.New(t)
	a.Forward = func(port int, data httpstream.Stream) error {
		if port != 8080 {
			t.Errorf("asked for port %d", port)
		}
		_, err := io.Copy(data, data)
		return err
	}
	end, err := Dialer(c.Config)(t.Context(), web)
	if err != nil {
		t.Fatal(err)
	}
	defer end.Close()
	for _, words := range []string{"hello", strings.Repeat("many words ", 20_000)} { // one after the other, through one tunnel
		s, err := end.Open(8080)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			_, _ = io.WriteString(s, words)
			_ = s.CloseWrite()
		}()
		if got, err := io.ReadAll(s); err != nil || string(got) != words {
			t.Errorf("got %d of %d bytes, %v", len(got), len(words), err)
		}
		if err := s.End(); err != nil {
			t.Errorf("the conversation ended with %v", err)
		}
	}
	if !end.Alive() {
		t.Error("a conversation that ended took the tunnel with it")
	}
}

func TestClosedTunnelOpensNothing(t *testing.T) {
	t.Parallel()
	_, c := fakeapi.New(t)
	end, err := Dialer(c.Config)(t.Context(), web)
	if err != nil {
		t.Fatal(err)
	}
	if !end.Alive() {
		t.Error("not alive at first")
	}
	end.Close()
	fakeapi.Eventually(t, "the tunnel is down", func() bool { return !end.Alive() })
	if _, err := end.Open(8080); err == nil {
		t.Error("a stream was opened")
	}
}

// TestPodThatIsGoneIsNotAskedTwice: only a server without websockets is asked for SPDY.
func TestPodThatIsGoneIsNotAskedTwice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code   int
		reason metav1.StatusReason
		want   int32
	}{
		"gone":          {http.StatusNotFound, metav1.StatusReasonNotFound, 1},
		"no websockets": {http.StatusForbidden, metav1.StatusReasonForbidden, 2},
	} {
		a, client := fakeapi.New(t)
		var asked atomic.Int32
		a.Fault = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != "/api/v1/namespaces/default/pods/web/portforward" {
				t.Errorf("asked for %s", r.URL.Path)
			}
			asked.Add(1)
			fakeapi.Refuse(w, c.code, c.reason, "no")
			return true
		}
		if _, err := Dialer(client.Config)(t.Context(), web); err == nil {
			t.Errorf("%s: no error", name)
		}
		if got := asked.Load(); got != c.want {
			t.Errorf("%s: asked %d times", name, got)
		}
	}
}
