package dockerbuild

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docker/docker/client"
	control "github.com/moby/buildkit/api/services/control"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/devloop-cli/devloop/builder/dockerfile"
	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
	"github.com/devloop-cli/devloop/internal/transfer"
)

// traceMessage is how BuildKit's progress arrives.
func traceMessage(t *testing.T, status *control.StatusResponse) string {
	t.Helper()
	data := must.Get(status.MarshalVT())(t)
	aux := must.Get(json.Marshal(data))(t)
	return `{"id":"moby.buildkit.trace","aux":` + string(aux) + "}"
}

func TestBuildKitProgress(t *testing.T) {
	t.Parallel()
	now := timestamppb.Now()
	const cached, failed = "sha256:1", "sha256:2"
	body := traceMessage(t,
		&control.StatusResponse{Vertexes: []*control.Vertex{{Digest: cached, Name: "[1/2] FROM jre", Cached: true}}}) +
		traceMessage(t, &control.StatusResponse{Vertexes: []*control.Vertex{{Digest: failed, Name: "[2/2] RUN false",
			Started: now}}}) +
		traceMessage(t,
			&control.StatusResponse{Logs: []*control.VertexLog{{Vertex: failed, Msg: []byte("last words\n")}}}) +
		traceMessage(t, &control.StatusResponse{Vertexes: []*control.Vertex{{Digest: failed, Name: "[2/2] RUN false",
			Started: now, Error: "exit code: 1"}}}) + `{"id":"moby.image.id","aux":{"ID":"sha256:3"}}` +
		`{"errorDetail":{"message":"failed to solve"},"error":"failed to solve"}`
	var out bytes.Buffer
	r := newProgress(t.Context(), &out)
	err := dockerapi.ReadMessages(strings.NewReader(body), r.take)
	if err == nil || err.Error() != "failed to solve" || r.step != "[2/2] RUN false" || r.id != "sha256:3" ||
		!slices.Equal(r.log, []string{"last words"}) {
		t.Errorf("got %v, step %q, image %q, log %q", err, r.step, r.id, r.log)
	}
	if got := out.String(); got != "CACHED [1/2] FROM jre\n[2/2] RUN false\nlast words\n" {
		t.Errorf("printed %q", got)
	}
}

// TestBuildKitReportsPulls has a base image of two layers.
func TestBuildKitReportsPulls(t *testing.T) {
	t.Parallel()
	const from = "sha256:1"
	layer := func(id string, current, total int64) string {
		return traceMessage(t, &control.StatusResponse{Statuses: []*control.VertexStatus{{ID: id, Vertex: from,
			Current: current, Total: total}}})
	}
	body := traceMessage(t,
		&control.StatusResponse{Vertexes: []*control.Vertex{{Digest: from, Name: "[1/2] FROM jre"}}}) +
		layer("resolve", 0, 0) + layer("a", 10, 100) + layer("b", 5, 50) + layer("a", 100, 100)
	var last transfer.Progress
	ctx := transfer.WithListener(t.Context(), func(p transfer.Progress) { last = p })
	must.Do(t, dockerapi.ReadMessages(strings.NewReader(body), newProgress(ctx, io.Discard).take))
	if want := (transfer.Progress{Name: "[1/2] FROM jre", Done: 105, Total: 150}); last != want {
		t.Errorf("got %+v, want %+v", last, want)
	}
}

func TestBuildKitIsChosenAsTheDockerCommandDoes(t *testing.T) {
	for _, test := range []struct {
		env, engine string
		want        bool
	}{{"", "1", false}, {"", "2", true}, {"", "", false}, {"1", "1", true}, {"0", "2", false}, {"true", "1", true},
		{"?", "2", true}} {
		t.Setenv("DOCKER_BUILDKIT", test.env)
		if got := useBuildKit(test.engine); got != test.want {
			t.Errorf("DOCKER_BUILDKIT=%q, engine %q: got %v", test.env, test.engine, got)
		}
	}
}

// interrupting is an output at whose first line a user presses Ctrl+C.
type interrupting context.CancelFunc

func (i interrupting) Write(p []byte) (int, error) { i(); return len(p), nil }

// TestInterruptDoesNotWaitForAnEngineThatHangs has the engine begin a build, and not answer when that is to be stopped.
func TestInterruptDoesNotWaitForAnEngineThatHangs(t *testing.T) {
	t.Parallel()
	quit, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	end, asked := make(chan struct{}), &atomic.Bool{}
	engine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if strings.HasSuffix(q.URL.Path, "/build/cancel") {
			asked.Store(true)
		} else {
			_, _ = io.WriteString(w, `{"stream":"begun\n"}`)
			_ = http.NewResponseController(w).Flush()
		}
		<-end
	}))
	defer engine.Close()
	defer close(end)
	docker, err := client.NewClientWithOpts(client.WithHost("tcp://"+engine.Listener.Addr().String()),
		client.WithVersion("1.44"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = docker.Close() }()
	path := testfile.Write(t, t.TempDir(), "Dockerfile", "FROM jre\n")
	b := &builder{docker: docker, file: dockerfile.Read(path, dockerfile.Options{})}
	began := time.Now()
	err = b.solve(quit, "session", &progress{out: interrupting(interrupt), ctx: quit})
	if !errors.Is(err, context.Canceled) || !asked.Load() || time.Since(began) > cancelTimeout+10*time.Second {
		t.Errorf("got %v after %v, the engine was asked to stop: %v", err, time.Since(began), asked.Load())
	}
}
