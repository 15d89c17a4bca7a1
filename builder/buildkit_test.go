package builder

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"

	control "github.com/moby/buildkit/api/services/control"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/devloop-cli/devloop/builder/dockerfile"
	"github.com/devloop-cli/devloop/builder/internal/enginetest"
	"github.com/devloop-cli/devloop/internal/dockerapi"
)

// traceMessage is how BuildKit's progress arrives.
func traceMessage(t *testing.T, status *control.StatusResponse) string {
	t.Helper()
	data, err := status.MarshalVT()
	if err != nil {
		t.Fatal(err)
	}
	aux, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	return `{"id":"moby.buildkit.trace","aux":` + string(aux) + "}"
}

func TestBuildKitProgress(t *testing.T) {
	now := timestamppb.Now()
	const cached, failed = "sha256:1", "sha256:2"
	body := traceMessage(t, &control.StatusResponse{Vertexes: []*control.Vertex{{Digest: cached, Name: "[1/2] FROM jre", Cached: true}}}) +
		traceMessage(t, &control.StatusResponse{Vertexes: []*control.Vertex{{Digest: failed, Name: "[2/2] RUN false", Started: now}}}) +
		traceMessage(t, &control.StatusResponse{Logs: []*control.VertexLog{{Vertex: failed, Msg: []byte("last words\n")}}}) +
		traceMessage(t, &control.StatusResponse{Vertexes: []*control.Vertex{{Digest: failed, Name: "[2/2] RUN false", Started: now, Error: "exit code: 1"}}}) +
		`{"id":"moby.image.id","aux":{"ID":"sha256:3"}}` +
		`{"errorDetail":{"message":"failed to solve"},"error":"failed to solve"}`
	var out bytes.Buffer
	r := &report{out: &out}
	err := dockerapi.ReadMessages(strings.NewReader(body), r.take)
	if errorText(err) != "failed to solve" || r.step != "[2/2] RUN false" || r.id != "sha256:3" || !slices.Equal(r.log, []string{"last words"}) {
		t.Errorf("got %v, step %q, image %q, log %q", err, r.step, r.id, r.log)
	}
	if got := out.String(); got != "CACHED [1/2] FROM jre\n[2/2] RUN false\nlast words\n" {
		t.Errorf("printed %q", got)
	}
	app := dockerApp(t, "FROM jre\n\nRUN false\n")
	j := &job{app: app, file: dockerfile.Read(app.Dockerfile, ""), out: io.Discard}
	if got := j.explain(err, r).Error(); got != `build image "shop": Dockerfile:3: RUN false: failed to solve` {
		t.Errorf("got %q", got)
	}
}

func TestBuildKitIsChosenAsTheDockerCommandDoes(t *testing.T) {
	for _, test := range []struct {
		env, engine string
		want        bool
	}{{"", "1", false}, {"", "2", true}, {"", "", false}, {"1", "1", true}, {"0", "2", false}, {"true", "1", true}, {"?", "2", true}} {
		t.Setenv("DOCKER_BUILDKIT", test.env)
		if got := buildKit(test.engine); got != test.want {
			t.Errorf("DOCKER_BUILDKIT=%q, engine %q: got %v", test.env, test.engine, got)
		}
	}
}

func TestAmbiguousCopyIsRefused(t *testing.T) {
	e := enginetest.New(t)
	app := dockerApp(t, "FROM jre\nCOPY *.jar app.jar\n")
	write(t, app.Dir, "app-plain.jar", "")
	_, err := NewImager(e, ImagerOptions{CacheDir: t.TempDir()}).Image(t.Context(), app, io.Discard)
	if codeOf(err) != "image.failed" || !strings.Contains(err.Error(), "Dockerfile:2") || len(e.Query) > 0 {
		t.Errorf("got %v", err)
	}
}
