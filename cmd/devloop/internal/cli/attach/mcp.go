package attach

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/control"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/mcp"
)

func MCPCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "mcp",
		Usage:     "let a coding assistant use a devloop run, by the Model Context Protocol",
		ArgsUsage: "[DIR]",
		Description: `Speaks the Model Context Protocol on stdin and stdout, for a coding assistant that edits the
project in DIR (default: the current directory) while devloop run works on it. The
assistant can wait until its edit is served, send a request, and read problems and logs;
each answer names the build that it is about. It reaches nothing but that session and its
local addresses.`,
		Flags: flags(),
		Action: func(c *cli.Context) error {
			return mcp.Serve(c.Context, s.In, s.Out, wiring.Version(), tools(c))
		},
	}
}

// tools ask the session that runs at the time of a call.
func tools(c *cli.Context) []mcp.Tool {
	none := map[string]any{}
	tool := func(name, description string, input map[string]any, call func(ctx context.Context, client *control.Client, arguments json.RawMessage) (any, error)) mcp.Tool {
		return mcp.Tool{Name: name, Description: description, Input: map[string]any{"type": "object", "properties": input},
			Call: func(ctx context.Context, arguments json.RawMessage) (any, error) {
				client, err := session(c)
				if err != nil {
					return nil, err
				}
				return call(ctx, client, arguments)
			}}
	}
	text, number, flag := map[string]any{"type": "string"}, map[string]any{"type": "integer"}, map[string]any{"type": "boolean"}
	return []mcp.Tool{
		tool("wait_served", "Waits until the application on localhost answers with all files that are saved now, or says why it can't: compile errors with file and line, or why the Pod does not start. Call it after an edit.", none,
			func(ctx context.Context, client *control.Client, _ json.RawMessage) (any, error) {
				return client.Settle(ctx)
			}),
		tool("request", "Waits as wait_served does, then sends an HTTP request to the application and returns status and body.",
			map[string]any{"method": text, "path": text, "body": text, "content_type": text}, request),
		tool("status", "Returns what devloop run does: the last build, the Pods that answer on localhost, local addresses, and why nothing answers.", none,
			func(ctx context.Context, client *control.Client, _ json.RawMessage) (any, error) {
				return client.State(ctx)
			}),
		tool("logs", "Returns the last lines that the application wrote.", map[string]any{"lines": number}, logs),
		tool("rebuild", "Builds what changed, or with new_pod makes a new image and a new Pod. Seldom needed: saves are built by themselves.", map[string]any{"new_pod": flag},
			func(ctx context.Context, client *control.Client, arguments json.RawMessage) (any, error) {
				var in struct {
					NewPod bool `json:"new_pod"`
				}
				if err := json.Unmarshal(arguments, &in); err != nil {
					return nil, err
				}
				if err := client.Rebuild(ctx, in.NewPod); err != nil {
					return nil, err
				}
				return client.Settle(ctx)
			}),
	}
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

func request(ctx context.Context, client *control.Client, arguments json.RawMessage) (any, error) {
	var in struct {
		Method, Path, Body string
		ContentType        string `json:"content_type"`
	}
	if err := json.Unmarshal(arguments, &in); err != nil {
		return nil, err
	}
	settled, err := client.Settle(ctx)
	switch {
	case err != nil:
		return nil, err
	case settled.Failure != nil:
		return settled, nil
	case len(settled.Addresses) == 0:
		return nil, errors.New("no local address leads to the application")
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	url := settled.Addresses[0] + "/" + strings.TrimPrefix(in.Path, "/")
	r, err := http.NewRequestWithContext(ctx, cmp.Or(strings.ToUpper(in.Method), http.MethodGet), url, strings.NewReader(in.Body))
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

func logs(ctx context.Context, client *control.Client, arguments json.RawMessage) (any, error) {
	in := struct{ Lines int }{defaultLines}
	if err := json.Unmarshal(arguments, &in); err != nil {
		return nil, err
	}
	stream, err := client.Recent(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = stream.Close() }()
	l := &logLines{}
	if err := show(stream, l); err != nil {
		return nil, err
	}
	return map[string]any{"cycle": l.state.Cycle.Number, "lines": l.lines[max(0, len(l.lines)-in.Lines):]}, nil
}

// logLines collects what the application wrote.
type logLines struct {
	state event.State
	lines []string
}

// Handle implements [event.Sink].
func (l *logLines) Handle(e event.Event) {
	l.state = event.Reduce(l.state, e)
	if b, is := e.Body.(event.AppLog); is {
		l.lines = append(l.lines, fmt.Sprintf("%s %s", b.Pod, b.Line))
	}
}
