package attach

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/sessions"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/control"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/must"
)

// TestAssistantUsesASession has a client of the protocol call each tool, first without a session and then with one.
func TestAssistantUsesASession(t *testing.T) {
	useNewState(t)
	dir := t.TempDir()
	assistant := connect(t, dir)

	tools, err := assistant.ListTools(t.Context(), nil)
	if err != nil || len(tools.Tools) != 7 {
		t.Errorf("the tools are %+v, %v", tools, err)
	}
	if got, failed := call(t, assistant, "wait_served", nil); !failed ||
		!strings.Contains(got, "no devloop run works on the project") {
		t.Errorf("without a session: %s", got)
	}

	newPods := serve(t, dir)
	for _, test := range []struct {
		tool      string
		arguments map[string]any
		want      string
	}{
		{"wait_served", nil, `"cycle":2`},
		{"status", nil, `"project":"shop"`},
		{"logs", map[string]any{"lines": 1}, `{"cycle":2,"lines":["web two"]}`},
		{"logs", map[string]any{"lines": -1}, `"lines":["web one","web two"]`},
		{"request", map[string]any{"method": "post", "path": "order", "body": "milk"}, `"cycle":2,"status":200,"contentType":"text/plain; charset=utf-8","body":"POST /order milk"`},
		{"rebuild", map[string]any{"newPod": true}, `"cycle":2`},
		{"problems", nil, `{"cycle":2,"serving":false,"problems":[{"file":"A.java","line":3,"text":"';' expected"}],"failure":{"code":"compile.failed",`},
		{"explain", nil, `{"cycle":2,"outcome":"failed","path":"pod","why":"a library is new"}`},
		{"explain", map[string]any{"term": "crash loop backoff"}, `"cycle":2,"topic":{"word":"CrashLoopBackOff"`},
	} {
		if got, failed := call(t, assistant, test.tool, test.arguments); failed || !strings.Contains(got, test.want) {
			t.Errorf("%s %v: got %s", test.tool, test.arguments, got)
		}
	}
	if *newPods != 1 {
		t.Errorf("%d new Pods were asked for", *newPods)
	}
	if got, failed := call(t, assistant, "explain", map[string]any{"term": "no such word"}); !failed ||
		!strings.Contains(got, "no such word") {
		t.Errorf("an unknown term: %s", got)
	}
	if got, failed := call(t, assistant, "logs", map[string]any{"lines": "many"}); !failed {
		t.Errorf("an argument of the wrong type: %s", got)
	}
}

// TestAssistantNamesAService: a session has several.
func TestAssistantNamesAService(t *testing.T) {
	useNewState(t)
	dir := t.TempDir()
	held := must.Get(sessions.Acquire("run", dir, "https://127.0.0.1", "default"))(t)
	t.Cleanup(held.Release)
	store := event.NewStore()
	bus := event.NewBus(store)
	for n, name := range []string{"orders", "customers"} {
		one := bus.Service(name)
		one.Publish(0, event.SessionStarted{Project: name})
		one.Publish(n+1, event.CycleStarted{})
		one.Publish(n+1, event.PathChosen{Path: "swap"})
		one.Publish(n+1, event.AppLog{Pod: name, Line: "started"})
		one.Publish(n+1, event.CycleFinished{Outcome: event.OK})
	}
	server, err := control.Listen(held.Socket,
		control.Session{Events: store, Settle: func(context.Context) (control.Answer, error) {
			return control.Sum([]control.Answer{{Service: "orders", Cycle: 1}, {Service: "customers", Cycle: 2}}), nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	assistant := connect(t, dir)
	const which = "name one of the services: orders, customers"
	for _, test := range []struct {
		tool, service, want string
		failed              bool
	}{
		{"explain", "", which, true},
		{"explain", "billing", which, true},
		{"explain", "customers", `{"cycle":2,"outcome":"ok","path":"swap"}`, false},
		{"request", "", which, true},
		{"request", "customers", "no local address forwards to the application", true},
		{"logs", "", `{"services":[{"service":"orders","cycle":1,"lines":["orders started"]},{"service":"customers","cycle":2,"lines":["customers started"]}]}`, false},
		{"logs", "customers", `{"service":"customers","cycle":2,"lines":["customers started"]}`, false},
		{"logs", "billing", which, true},
		{"problems", "", `{"services":[{"service":"orders","cycle":1,`, false},
		{"wait_served", "", `"services":[{"service":"orders",`, false},
		{"status", "", `"services":[{"service":"orders",`, false},
	} {
		arguments := map[string]any{}
		if test.service != "" {
			arguments["service"] = test.service
		}
		if got, failed := call(t, assistant, test.tool, arguments); failed != test.failed ||
			!strings.Contains(got, test.want) {
			t.Errorf("%s %s: got %s", test.tool, test.service, got)
		}
	}
}

// connect returns a client of the tools for the project in dir.
func connect(t *testing.T, dir string) *mcp.ClientSession {
	t.Helper()
	server := mcp.NewServer(&mcp.Implementation{Name: "devloop"}, nil)
	app := &cli.App{Flags: flags(), Action: func(c *cli.Context) error { addTools(server, c); return nil }}
	must.Do(t, app.Run([]string{"devloop", dir}))
	near, far := mcp.NewInMemoryTransports()
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	go func() { _ = server.Run(ctx, far) }()
	return must.Get(mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(t.Context(), near, nil))(t)
}

// call returns what a tool answers.
func call(t *testing.T, assistant *mcp.ClientSession, tool string,
	arguments map[string]any) (text string, failed bool) {
	t.Helper()
	if arguments == nil {
		arguments = map[string]any{}
	}
	result, err := assistant.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		return err.Error(), true
	}
	for _, c := range result.Content {
		if part, is := c.(*mcp.TextContent); is {
			text += part.Text
		}
	}
	return text, result.IsError
}

// serve plays the session of the project in dir, whose application answers with what it was asked. It counts the new
// Pods.
func serve(t *testing.T, dir string) (newPods *int) {
	t.Helper()
	held := must.Get(sessions.Acquire("run", dir, "https://127.0.0.1", "default"))(t)
	t.Cleanup(held.Release)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, 100)
		n, _ := r.Body.Read(body)
		_, _ = fmt.Fprintf(w, "%s %s %s", r.Method, r.URL.Path, body[:n])
	}))
	t.Cleanup(app.Close)
	store := event.NewStore()
	bus := event.NewBus(store)
	for _, b := range []event.Body{event.SessionStarted{Project: "shop"}, event.AppLog{Pod: "web", Line: "one"},
		event.AppLog{Pod: "web", Line: "two"}} {
		bus.Publish(0, b)
	}
	failure := &event.Failure{Code: "compile.failed", Message: "compile: A.java:3: ';' expected",
		Evidence: []string{"A.java:3: ';' expected", "    return 1"}}
	for _, b := range []event.Body{event.CycleStarted{}, event.PathChosen{Path: "pod", Why: "a library is new"},
		event.CycleFinished{Outcome: event.Failed, Failure: failure}} {
		bus.Publish(2, b)
	}
	newPods = new(int)
	server, err := control.Listen(held.Socket, control.Session{Events: store,
		Settle: func(context.Context) (control.Answer, error) {
			return control.Answer{Cycle: 2, Outcome: event.OK, Addresses: []string{app.URL}}, nil
		},
		Rebuild: func(_ context.Context, newPod bool) error {
			if newPod {
				*newPods++
			}
			return nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return newPods
}

// useNewState gives the sessions of a test a directory of their own.
func useNewState(t *testing.T) {
	t.Helper()
	state, err := os.MkdirTemp("", "devloop") // t.TempDir is too long for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(state) })
	t.Setenv("XDG_STATE_HOME", state)
}
