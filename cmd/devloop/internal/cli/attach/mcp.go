package attach

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/control"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/lists"
)

// MCPCommand is devloop mcp.
func MCPCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "mcp",
		Usage:     "let a coding assistant use a devloop run, by the Model Context Protocol",
		ArgsUsage: "[DIR]",
		Description: `Speaks the Model Context Protocol on stdin and stdout, for a coding assistant that edits the
project in DIR (default: the current directory) while devloop run works on it. The
assistant can wait until its edit is served, send a request, and read problems, logs and explanations;
each answer names the build that it is about. It reaches nothing but that session and its
local addresses.`,
		Flags: flags(),
		Action: func(c *cli.Context) error {
			server := mcp.NewServer(&mcp.Implementation{Name: "devloop", Version: wiring.Version()}, nil)
			addTools(server, c)
			err := server.Run(c.Context, &pipes{mcp.IOTransport{Reader: io.NopCloser(s.In), Writer: unclosed{s.Out}}})
			if errors.Is(err, context.Canceled) {
				return nil // Ctrl+C is how it is meant to end
			}
			return err
		},
	}
}

// The arguments of the tools. Their schemas are made from them.
type (
	noArguments      struct{}
	requestArguments struct {
		Service     string `json:"service,omitempty" jsonschema:"which one, if the session has several services"`
		Method      string `json:"method,omitempty" jsonschema:"GET if it is left out"`
		Path        string `json:"path,omitempty"`
		Body        string `json:"body,omitempty"`
		ContentType string `json:"contentType,omitempty"`
	}
	logArguments struct {
		Service string `json:"service,omitempty" jsonschema:"whose, if the session has several services; all if it is left out"`
		Lines   int    `json:"lines,omitempty" jsonschema:"how many of each, 100 if it is left out"`
	}
	explainArguments struct {
		Service string `json:"service,omitempty" jsonschema:"whose last build, if the session has several services"`
		Term    string `json:"term,omitempty" jsonschema:"a status, setting or error, as in CrashLoopBackOff; without it, the last build's path is explained"`
	}
	rebuildArguments struct {
		NewPod bool `json:"newPod,omitempty"`
	}
)

// addTools adds the tools. Each asks the session that runs at the time of a call.
func addTools(server *mcp.Server, c *cli.Context) {
	addTool(server, c, "wait_served", "Waits until the application on localhost answers with all files that are saved now, or says why it can't: compile errors with file and line, or why the Pod does not start. Call it after an edit.",
		func(ctx context.Context, client *control.Client, _ noArguments) (any, error) {
			return client.Settle(ctx)
		})
	addTool(server, c, "request",
		"Waits as wait_served does, then sends an HTTP request to the application and returns status and body.",
		request)
	addTool(server, c, "status", "Returns what devloop run does: the last build, the Pods that answer on localhost, local addresses, and why nothing answers.",
		func(ctx context.Context, client *control.Client, _ noArguments) (any, error) {
			return client.State(ctx)
		})
	addTool(server, c, "problems", "Returns why the last build failed or nothing answers: compile errors with file, line and column, what was seen, and what to do. It waits for nothing.", problems)
	addTool(server, c, "explain", "Explains a term of Kubernetes or devloop: what it means, what causes it, and what to do. Without a term it says which path the last build took to the application, and why no faster one.", explain)
	addTool(server, c, "logs", "Returns the last lines that the application wrote.", logs)
	addTool(server, c, "rebuild", "Builds what changed, or with newPod makes a new image and a new Pod. Seldom needed: devloop run builds at each save.",
		func(ctx context.Context, client *control.Client, in rebuildArguments) (any, error) {
			if err := client.Rebuild(ctx, in.NewPod); err != nil {
				return nil, err
			}
			return client.Settle(ctx)
		})
}

// addTool adds a tool. The assistant gets an error of the session as the tool's answer.
func addTool[Arguments any](server *mcp.Server, c *cli.Context, name, description string,
	call func(context.Context, *control.Client, Arguments) (any, error)) {
	mcp.AddTool(server, &mcp.Tool{Name: name, Description: description},
		func(ctx context.Context, _ *mcp.CallToolRequest, in Arguments) (*mcp.CallToolResult, any, error) {
			client, err := session(c)
			if err != nil {
				return nil, nil, err
			}
			answer, err := call(ctx, client, in)
			return nil, answer, err
		})
}

const (
	// requestTime limits a request to the application, maxBody what is returned of its answer.
	requestTime = time.Minute
	maxBody     = 64 << 10
	// defaultLines is how many lines of the log are returned.
	defaultLines = 100
)

// answered is what the application answered, and the build whose code did.
type answered struct {
	Cycle  int    `json:"cycle"`
	Status int    `json:"status"`
	Type   string `json:"contentType,omitempty"`
	Body   string `json:"body"`
}

func request(ctx context.Context, client *control.Client, in requestArguments) (any, error) {
	settled, err := client.Settle(ctx)
	switch {
	case err != nil:
		return nil, err
	case len(settled.Services) > 0:
		if settled, err = answerOf(settled.Services, in.Service); err != nil {
			return nil, err
		}
	}
	switch {
	case settled.Failure != nil:
		return settled, nil
	case len(settled.Addresses) == 0:
		return nil, errors.New("no local address forwards to the application")
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	url := settled.Addresses[0] + "/" + strings.TrimPrefix(in.Path, "/")
	r, err := http.NewRequestWithContext(ctx, cmp.Or(strings.ToUpper(in.Method), http.MethodGet), url,
		strings.NewReader(in.Body))
	if err != nil {
		return nil, err
	}
	if in.ContentType != "" {
		r.Header.Set("Content-Type", in.ContentType)
	}
	response, err := http.DefaultTransport.RoundTrip(r) // redirects are the answer
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	return answered{settled.Cycle, response.StatusCode, response.Header.Get("Content-Type"), string(body)}, err
}

func answerOf(services []control.Answer, name string) (control.Answer, error) {
	i := slices.IndexFunc(services, func(a control.Answer) bool { return a.Service == name })
	if i < 0 {
		return control.Answer{}, unnamed(services, func(a control.Answer) string { return a.Service })
	}
	return services[i], nil
}

// unnamed returns the error of a call that has to name a service.
func unnamed[T any](services []T, name func(T) string) error {
	return fmt.Errorf("name one of the services: %s", strings.Join(lists.Map(services, name), ", "))
}

// logAnswer is what the application wrote last, and the build that it runs.
type logAnswer struct {
	Service string   `json:"service,omitempty"` // of several
	Cycle   int      `json:"cycle"`
	Lines   []string `json:"lines"`
}

func logs(ctx context.Context, client *control.Client, in logArguments) (any, error) {
	stream, err := client.Recent(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = stream.Close() }()
	l := &logLines{lines: map[string][]string{}}
	if err := show(stream, l); err != nil {
		return nil, err
	}
	limit := cmp.Or(max(0, in.Lines), defaultLines)
	one := l.state.Of(in.Service)
	switch {
	case len(l.state.Services) == 0 || one.Service != "":
		return l.last(one, limit), nil
	case in.Service != "":
		return nil, unnamed(l.state.Services, func(s event.ServiceState) string { return s.Service })
	}
	return map[string]any{"services": lists.Map(l.state.Services,
		func(one event.ServiceState) logAnswer { return l.last(one, limit) })}, nil
}

// logLines collects what the application wrote, by service.
type logLines struct {
	state event.State
	lines map[string][]string
}

func (l *logLines) Handle(e event.Event) {
	l.state = event.Reduce(l.state, e)
	if b, is := e.Body.(event.AppLog); is {
		l.lines[e.Service] = append(l.lines[e.Service], fmt.Sprintf("%s %s", b.Pod, b.Line))
	}
}

func (l *logLines) last(s event.ServiceState, limit int) logAnswer {
	lines := l.lines[s.Service]
	return logAnswer{s.Service, s.Cycle.Number, append([]string{}, lines[max(0, len(lines)-limit):]...)}
}
