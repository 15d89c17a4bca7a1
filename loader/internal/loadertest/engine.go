package loadertest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"
	"github.com/gofrs/flock"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/proc"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// Engine is a Docker engine for tests. Its containers are nodes. A command that is executed in a
// node runs on this machine, with a PATH on which ctr is the command of package loadertest/ctr.
type Engine struct {
	// Client speaks to the engine.
	Client *client.Client
	// Info is the answer to docker info.
	Info system.Info

	t     testing.TB
	bin   string
	mu    sync.Mutex
	nodes []*FakeNode
	execs map[string]*execution
	seen  int

	commands sync.WaitGroup // that run in the nodes
}

// FakeNode is a container of an [Engine]. Change Summary only before the node is used.
type FakeNode struct {
	container.Summary
	engine *Engine
	root   string
}

// execution is an exec of the engine's API.
type execution struct {
	node *FakeNode
	argv []string

	mu      sync.Mutex
	running bool
	code    int
	kill    func() // ends the command; nil before it was started
}

// NewEngine starts an engine without containers. It stops when t ends. The test binary's TestMain must be [Main].
func NewEngine(t testing.TB) *Engine {
	t.Helper()
	e := &Engine{t: t, bin: t.TempDir(), execs: map[string]*execution{}}
	err := os.Symlink(ctr, filepath.Join(e.bin, "ctr"))
	server := httptest.NewServer(e.routes())
	t.Cleanup(func() {
		server.Close()
		for _, x := range e.running() {
			x.end()
		}
		e.commands.Wait() // they write to the nodes' directories
	})
	if err == nil {
		e.Client, err = client.NewClientWithOpts(client.WithHost("tcp://"+server.Listener.Addr().String()),
			client.WithVersion("1.41"))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Client.Close() })
	return e
}

// AddNode adds a running container with labels, such as kind's.
func (e *Engine) AddNode(name string, labels map[string]string) *FakeNode {
	e.t.Helper()
	n := &FakeNode{engine: e, root: e.t.TempDir()}
	n.ID, n.Names, n.Labels, n.State = name+"-id", []string{"/" + name}, labels, container.StateRunning
	for _, dir := range []string{"images", "listed", "ingest", "containers",
		"io.containerd.content.v1.content/blobs/sha256"} {
		must.Do(e.t, os.MkdirAll(filepath.Join(n.root, dir), 0o755))
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.nodes = append(e.nodes, n)
	return n
}

// Name returns the node's name.
func (n *FakeNode) Name() string { return strings.TrimPrefix(n.Names[0], "/") }

// Shell runs a script as the engine would run it in the node.
func (n *FakeNode) Shell(ctx context.Context, script string, args ...string) (string, error) {
	cmd := n.command(ctx, append([]string{"sh", "-c", script, "sh"}, args...))
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, errs.String())
	}
	return string(out), nil
}

func (n *FakeNode) command(ctx context.Context, argv []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "PATH="+n.engine.bin+":"+os.Getenv("PATH"), "CONTAINERD_ROOT="+n.root,
		"GORACE=atexit_sleep_ms=0") // otherwise every ctr of a -race build sleeps for a second
	return cmd
}

// Restart ends the commands in the node. The next few ctr commands find no containerd.
func (n *FakeNode) Restart(context.Context) error {
	for _, x := range n.engine.running() {
		if x.node == n {
			x.end()
		}
	}
	return os.WriteFile(filepath.Join(n.root, "starting"), make([]byte, 3), 0o644)
}

// StopContainerd has the node's containerd end during the next import, and come back after the next few ctr commands.
func (n *FakeNode) StopContainerd(t testing.TB) {
	t.Helper()
	must.Do(t, os.WriteFile(filepath.Join(n.root, "ending"), nil, 0o644))
}

// Break makes every import into the node fail.
func (n *FakeNode) Break(t testing.TB) {
	t.Helper()
	must.Do(t, os.RemoveAll(filepath.Join(n.root, "ingest")))
}

// Nodes returns the engine's containers, in the order in which they were added.
func (e *Engine) Nodes() []*FakeNode {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.nodes)
}

// Execs counts the commands that were executed through the API.
func (e *Engine) Execs() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.seen
}

// Running counts those of them that have not ended.
func (e *Engine) Running() int { return len(e.running()) }

func (e *Engine) running() (all []*execution) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, x := range e.execs {
		x.mu.Lock()
		if x.running {
			all = append(all, x)
		}
		x.mu.Unlock()
	}
	return all
}

func (e *Engine) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1.41/containers/json", e.list)
	mux.HandleFunc("GET /v1.41/info", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, e.Info) })
	mux.HandleFunc("POST /v1.41/containers/{id}/start",
		func(_ http.ResponseWriter, r *http.Request) { e.change(r, container.StateRunning) })
	mux.HandleFunc("POST /v1.41/containers/{id}/stop",
		func(_ http.ResponseWriter, r *http.Request) { e.change(r, container.StateExited) })
	mux.HandleFunc("DELETE /v1.41/containers/{id}", e.remove)
	mux.HandleFunc("GET /v1.41/images/{name...}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, map[string]any{"Id": "sha256:1", "Config": map[string]any{}}) // it has every image
	})
	mux.HandleFunc("POST /v1.41/containers/{id}/exec", e.create)
	mux.HandleFunc("POST /v1.41/exec/{id}/start", e.start)
	mux.HandleFunc("GET /v1.41/exec/{id}/json", e.inspect)
	return mux
}

func (e *Engine) list(w http.ResponseWriter, r *http.Request) {
	wanted, err := filters.FromJSON(r.FormValue("filters"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	found := []container.Summary{}
	for _, n := range e.nodes {
		if wanted.MatchKVList("label", n.Labels) {
			found = append(found, n.Summary)
		}
	}
	answer(w, http.StatusOK, found)
}

func (e *Engine) change(r *http.Request, state container.ContainerState) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, n := range e.nodes {
		if n.ID == r.PathValue("id") {
			n.State = state
		}
	}
}

func (e *Engine) remove(_ http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.nodes = slices.DeleteFunc(e.nodes, func(n *FakeNode) bool { return n.ID == r.PathValue("id") })
}

// AddProgram adds a shell script to the nodes' PATH. $CONTAINERD_ROOT is the node's own directory, [FakeNode.Root].
func (e *Engine) AddProgram(name, script string) {
	e.t.Helper()
	testfile.Write(e.t, e.bin, name, "#!/bin/sh\n"+script+"\n")
}

// Root is the node's own directory.
func (n *FakeNode) Root() string { return n.root }

func (e *Engine) create(w http.ResponseWriter, r *http.Request) {
	var options container.ExecOptions
	err := json.NewDecoder(r.Body).Decode(&options)
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, n := range e.nodes {
		if err == nil && n.ID == r.PathValue("id") {
			e.seen++
			id := fmt.Sprintf("exec%d", e.seen)
			e.execs[id] = &execution{node: n, argv: options.Cmd, running: true}
			answer(w, http.StatusCreated, map[string]string{"Id": id})
			return
		}
	}
	answer(w, http.StatusNotFound, map[string]string{"message": "no such container"})
}

func (e *Engine) exec(r *http.Request) *execution {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.execs[r.PathValue("id")]
}

func (e *Engine) inspect(w http.ResponseWriter, r *http.Request) {
	x := e.exec(r)
	x.mu.Lock()
	defer x.mu.Unlock()
	answer(w, http.StatusOK, map[string]any{"Running": x.running, "ExitCode": x.code})
}

// start takes over the connection, as the engine does: for the command's input and, in the engine's framing, output.
func (e *Engine) start(w http.ResponseWriter, r *http.Request) {
	e.commands.Add(1)
	defer e.commands.Done()
	x := e.exec(r)
	_, _ = io.Copy(io.Discard, r.Body)
	conn, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
	code := x.run(conn, buffered)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.running, x.code = false, code
}

func (x *execution) end() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.kill != nil {
		x.kill()
	}
}

func (x *execution) run(conn net.Conn, input io.Reader) int {
	ctx, kill := context.WithCancel(context.Background())
	defer kill()
	x.mu.Lock()
	x.kill = kill
	x.mu.Unlock()
	cmd := x.node.command(context.Background(), x.argv)
	cmd.Stdout, cmd.Stderr = stdcopy.NewStdWriter(conn, stdcopy.Stdout), stdcopy.NewStdWriter(conn, stdcopy.Stderr)
	var command *proc.Process
	stdin, err := cmd.StdinPipe()
	if err == nil {
		command, err = proc.Start(cmd)
	}
	if err != nil {
		return 126
	}
	// The processes that the command has started end with it: they write to the node's directory, too.
	defer context.AfterFunc(ctx, command.Stop)()
	go func() { // ends with the connection
		_, _ = io.Copy(stdin, input)
		_ = stdin.Close()
	}()
	_ = command.Wait()
	return cmd.ProcessState.ExitCode()
}

// ctr is the file name of the command that plays containerd's ctr.
var ctr string

// Main is the TestMain of a package that uses [Engine]. It builds ctr without the race detector, as it starts so often.
func Main(m *testing.M) {
	dir, err := os.MkdirTemp("", "devloop-ctr-")
	if err != nil {
		panic(err)
	}
	ctr = filepath.Join(dir, "ctr")
	out, err := exec.Command("go", "build", "-o", ctr,
		"github.com/devloop-cli/devloop/loader/internal/loadertest/ctr").CombinedOutput()
	if err != nil {
		panic(fmt.Sprintf("build ctr: %v\n%s", err, out))
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// Hold blocks the listing of the node's containers until release.
func (n *FakeNode) Hold(t testing.TB) (release func()) {
	t.Helper()
	gate := flock.New(filepath.Join(n.root, "gate"))
	must.Do(t, gate.Lock())
	return func() {
		if err := gate.Unlock(); err != nil {
			t.Error(err)
		}
	}
}
