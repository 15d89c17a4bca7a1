package kindcluster

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

func createdAt(id string, at time.Time) container.Summary {
	return container.Summary{ID: id, Created: at.Unix()}
}

func TestOwnership(t *testing.T) {
	now := time.Now()
	r := records{t.TempDir()}
	mine := []container.Summary{createdAt("a", now.Add(time.Second))}
	if r.own("dev", mine) {
		t.Error("a cluster without a record is devloop's")
	}
	must.Do(t, r.begin("dev", now))
	for name, c := range map[string]struct {
		containers []container.Summary
		want       bool
	}{
		"created since it began":         {mine, true},
		"created in the same second":     {[]container.Summary{createdAt("a", now)}, true},
		"older":                          {[]container.Summary{createdAt("a", now.Add(-time.Minute))}, false},
		"created by somebody much later": {[]container.Summary{createdAt("a", now.Add(time.Hour))}, false},
		"one of two":                     {append(mine, createdAt("b", now.Add(-time.Hour))), false},
	} {
		if got := r.own("dev", c.containers); got != c.want {
			t.Errorf("%s: own %v, want %v", name, got, c.want)
		}
	}
	must.Do(t, r.finish("dev", mine))
	if !r.own("dev", mine) || r.own("dev", []container.Summary{createdAt("b", now.Add(time.Second))}) {
		t.Error("after the end only the containers of the record are devloop's")
	}
	if r.unfinished("dev") {
		t.Error("a finished record is unfinished")
	}
}

func TestBrokenRecordOwnsNothing(t *testing.T) {
	r := records{t.TempDir()}
	must.Do(t, r.begin("dev", time.Now()))
	testfile.Write(t, "", r.path("dev"), `{"cluster": "dev", "beg`)
	if r.own("dev", []container.Summary{createdAt("a", time.Now())}) || r.unfinished("dev") {
		t.Error("a record that can't be read counts")
	}
}

func TestOneLooksAfterAClusterAtATime(t *testing.T) {
	r := records{t.TempDir()}
	waited := 0
	waits := func() { waited++ }
	release := must.Get(r.lock(t.Context(), "dev", waits))(t)
	errQuit := errors.New("quit")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errQuit)
	if _, err := r.lock(ctx, "dev", waits); !errors.Is(err, errQuit) || waited != 1 {
		t.Errorf("got %v, want to wait for the other until the context ends, and to say so", err)
	}
	release()
	again, err := r.lock(t.Context(), "dev", waits)
	if err != nil || waited != 1 {
		t.Fatal(err)
	}
	again()
}

func TestKindsLinesLoseTheirDecoration(t *testing.T) {
	var told []string
	log := progressLog{func(line string) { told = append(told, line) }}
	log.V(0).Infof(" • %s  ...\n", "Starting control-plane 🕹️")
	log.V(0).Infof(" ✓ %s\n", "Starting control-plane 🕹️")
	log.V(0).Info("Have a nice day! 👋")
	log.V(1).Infof(" • %s  ...\n", "details")
	log.Warn("cgroup v1 is deprecated")
	if got := strings.Join(told, "|"); got != "starting control-plane|cgroup v1 is deprecated" {
		t.Errorf("got %q", got)
	}
}

func TestMinorVersionOfANodeImage(t *testing.T) {
	for ref, want := range map[string]int{
		"kindest/node:v1.37.0@sha256:a1ed": 37, "kindest/node:v1.31.2": 31, "devloop/node:v1.37.2": 37,
		"localhost:5000/kindest/node:v1.33.1": 33, "kindest/node:latest": failsOnCgroup1, "kindest/node@sha256:a1ed": failsOnCgroup1,
	} {
		if got := minor(ref); got != want {
			t.Errorf("%s: got %d, want %d", ref, got, want)
		}
	}
}
