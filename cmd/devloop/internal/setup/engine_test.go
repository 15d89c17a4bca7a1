package setup

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/client"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// playEngine plays a Docker engine of an API's version, which says info of itself. Its answers about images in
// registries are those of registry.
func playEngine(t *testing.T, version string, info system.Info, registry http.HandlerFunc) Dial {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v"+version+"/info",
		func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(info) })
	if registry != nil {
		mux.HandleFunc("GET /v"+version+"/distribution/{image...}", registry)
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return func(context.Context) (*client.Client, error) {
		return client.NewClientWithOpts(client.WithHost("tcp://"+server.Listener.Addr().String()),
			client.WithVersion(version))
	}
}

// found returns the error's code with its message and hints, or else the evidence.
func found(evidence string, err error) string {
	if absent, ok := errors.AsType[*NotApplicable](err); ok {
		return "not applicable: " + absent.Why
	}
	if f := fault.Of(err); err != nil {
		return f.Code + ": " + err.Error() + "\n" + strings.Join(f.Hints, "\n")
	}
	return evidence
}

func TestEngineHasToSuitKind(t *testing.T) {
	path := t.TempDir()
	testfile.Write(t, path, "docker", "#!/bin/sh\n")
	for name, c := range map[string]struct {
		path, version string
		info          system.Info
		want          string
	}{
		"good":                {path, "1.41", system.Info{ServerVersion: "28.5.2", Driver: "overlay2"}, "engine 28.5.2 answers at tcp://"},
		"its store":           {path, "1.41", system.Info{Driver: "overlay2"}, "images in overlay2"},
		"containerd's store":  {path, "1.41", system.Info{Driver: "overlayfs", DriverStatus: [][2]string{{"driver-type", "io.containerd.snapshotter.v1"}}}, "images in containerd's store"},
		"old":                 {path, "1.40", system.Info{ServerVersion: "19.03"}, "docker.old: Docker engine 19.03 is too old"},
		"rootless":            {path, "1.41", system.Info{SecurityOptions: []string{"name=rootless"}, CgroupVersion: "2"}, ", rootless"},
		"rootless, cgroup v1": {path, "1.41", system.Info{SecurityOptions: []string{"name=rootless"}, CgroupVersion: "1"}, "docker.rootless: "},
		"without the command": {t.TempDir(), "1.41", system.Info{}, "tool.missing: no docker command found"},
	} {
		t.Setenv("PATH", c.path)
		if got := found(Engine(playEngine(t, c.version, c.info, nil), true).Check(t.Context())); !strings.Contains(got,
			c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// TestEngineThatCannotBeReached is fixed by devloop only if the engine does not run on this machine; the rights of a
// user are the user's own decision.
func TestEngineThatCannotBeReached(t *testing.T) {
	fails := func(err error) Dial { return func(context.Context) (*client.Client, error) { return nil, err } }
	closed := func(context.Context) (*client.Client, error) {
		return client.NewClientWithOpts(client.WithHost("tcp://127.0.0.1:1"), client.WithVersion("1.41"))
	}
	for name, c := range map[string]struct {
		dial       Dial
		code, hint string
	}{
		"denied":    {fails(fs.ErrPermission), "docker.denied", "usermod -aG docker"},
		"no socket": {fails(errBroken), "docker.unreachable", ""},
		"no answer": {closed, "docker.unreachable", ""},
	} {
		s := Engine(c.dial, true)
		_, err := s.Check(t.Context())
		f := fault.Of(err)
		if f.Code != c.code || len(f.Hints) == 0 || !strings.Contains(strings.Join(f.Hints, "\n"), c.hint) {
			t.Errorf("%s: got %v with the hints %q", name, err, f.Hints)
		}
		if fix := s.Fix(err); fix != nil {
			t.Errorf("%s: with an engine elsewhere devloop would %s", name, fix.Change)
		}
	}
}

func TestWaitForAnEngineEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	dialed := 0
	err := waitForEngine(ctx, func(context.Context) (*client.Client, error) {
		if dialed++; dialed == 2 {
			cancel(errBroken)
		}
		return nil, fs.ErrNotExist
	})
	if !errors.Is(err, errBroken) || dialed != 2 {
		t.Errorf("got %v after %d attempts", err, dialed)
	}
	if err := waitForEngine(t.Context(), playEngine(t, "1.41", system.Info{}, nil)); err != nil {
		t.Errorf("an engine that can be reached: %v", err)
	}
}

func TestMemoryAndDiskAreThoseOfTheEnginesMachine(t *testing.T) {
	dial := playEngine(t, "1.41",
		system.Info{MemTotal: 2 << 30, DockerRootDir: filepath.Join(t.TempDir(), "elsewhere")}, nil)
	if got := found(Memory(dial).Check(t.Context())); !strings.Contains(got,
		"machine.memory: not enough memory for a cluster: the engine has 2GiB, 3GiB are needed") {
		t.Errorf("got %q", got)
	}
	there := func(context.Context) bool { return true }
	if got := found(Disk(dial, there).Check(t.Context())); !strings.Contains(got, "not applicable: ") ||
		!strings.Contains(got, "elsewhere is on another machine") {
		t.Errorf("got %q", got)
	}
	// which has no space
	dial = playEngine(t, "1.41", system.Info{MemTotal: 4 << 30, NCPU: 2, DockerRootDir: "/proc"}, nil)
	if got := found(Memory(dial).Check(t.Context())); got != "4GiB, 2 processors" {
		t.Errorf("got %q", got)
	}
	if runtime.GOOS != "linux" {
		return
	}
	for _, exists := range []bool{true, false} {
		want := map[bool]string{true: "0B free in /proc, 1GB are needed",
			false: "0B free in /proc, 6GB are needed"}[exists]
		if got := found(
			Disk(dial, func(context.Context) bool { return exists }).Check(t.Context())); !strings.Contains(got,
			"machine.disk: ") || !strings.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	gone := func(context.Context) (*client.Client, error) { return nil, errBroken }
	for _, s := range []Step{Memory(gone), Disk(gone, there)} {
		if _, err := s.Check(t.Context()); !errors.Is(err, errBroken) {
			t.Errorf("%s: got %v", s.ID, err)
		}
	}
}

// TestRegistriesAreAskedOnceEach: Docker Hub refuses, which is an answer, and example.com cannot be found.
func TestRegistriesAreAskedOnceEach(t *testing.T) {
	var asked []string
	dial := playEngine(t, "1.41", system.Info{}, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, strings.TrimSuffix(r.PathValue("image"), "/json"))
		status, message := http.StatusUnauthorized, "unauthorized"
		if strings.HasPrefix(r.PathValue("image"), "example.com/") {
			status, message = http.StatusInternalServerError,
				`Get "https://example.com/v2/": dial tcp: lookup example.com: no such host`
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"message": message})
	})
	none := func(context.Context) []string { return nil }
	one := func(context.Context) []string { return []string{"example.com/base:1@sha256:0123"} }
	for _, c := range []struct {
		images  []string
		missing func(context.Context) []string
		want    string
	}{
		{[]string{"eclipse-temurin:17", "kindest/node"}, one, "docker.io answers"},
		{[]string{"kindest/node", "example.com/base:1"}, none, "not applicable: example.com is not reachable (no such host), but nothing is needed from it"},
		{[]string{"kindest/node", "example.com/base:1"}, one, "machine.registry: cannot pull example.com/base:1: example.com is not reachable (no such host)"},
	} {
		if got := found(Registry(dial, c.images, c.missing).Check(t.Context())); !strings.HasPrefix(got, c.want) {
			t.Errorf("%v: got %q, want %q", c.images, got, c.want)
		}
	}
	if want := 5; len(asked) != want {
		t.Errorf("asked for %v", asked)
	}
	docker := must.Get(dial(t.Context()))(t)
	defer func() { _ = docker.Close() }()
	if err := Reachable(t.Context(), docker, "eclipse-temurin:17"); err != nil {
		t.Errorf("Docker Hub: %v", err)
	}
	if err := Reachable(t.Context(), docker, "example.com/base:1"); fault.Of(err).Code != "machine.registry" {
		t.Errorf("example.com: %v", err)
	}
}

func TestNodesHaveToUseTheProxy(t *testing.T) {
	for _, name := range proxyVariables {
		t.Setenv(name, "")
		t.Setenv(strings.ToLower(name), "")
	}
	const proxy = "http://proxy.example:3128"
	for name, c := range map[string]struct {
		environment string
		info        system.Info
		node        []string
		want        string
	}{
		"no proxy":            {"", system.Info{}, nil, "not applicable: no proxy is set"},
		"of the environment":  {proxy, system.Info{HTTPProxy: "http://other.example:1"}, nil, "the nodes of the next cluster will use " + proxy},
		"of the engine":       {"", system.Info{HTTPProxy: proxy}, []string{"PATH=/bin", "HTTP_PROXY=" + proxy}, "the nodes use " + proxy},
		"the engine's secure": {"", system.Info{HTTPProxy: "http://other.example:1", HTTPSProxy: proxy}, nil, "the nodes of the next cluster will use " + proxy},
		"unknown to nodes":    {"", system.Info{HTTPSProxy: proxy}, []string{"PATH=/bin"}, "machine.proxy: the nodes do not use the proxy: they were created without " + proxy},
		"on loopback":         {"http://127.0.0.1:3128", system.Info{}, nil, "machine.proxy: the nodes cannot use the proxy: http://127.0.0.1:3128 is a loopback address"},
	} {
		t.Setenv("https_proxy", c.environment)
		step := Proxy(playEngine(t, "1.41", c.info, nil), func(context.Context) []string { return c.node })
		if got := found(step.Check(t.Context())); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestCommandThatFailsIsNamedWithItsLastLine(t *testing.T) {
	err := command(t.Context(), "sh", "-c", "echo first; echo last >&2; exit 3")
	if f := fault.Of(err); f.Code != "machine.command" || !strings.HasSuffix(err.Error(), "exit status 3: last") ||
		len(f.Hints) != 1 {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errBroken)
	if err := command(ctx, "sh", "-c", "exit 0"); !errors.Is(err, errBroken) {
		t.Errorf("after an interrupt: %v", err)
	}
}
