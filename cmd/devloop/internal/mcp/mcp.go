// Package mcp serves tools to coding assistants by the Model Context Protocol
// (https://modelcontextprotocol.io/specification/2025-06-18): JSON-RPC 2.0, one message a line.
//
//	err := mcp.Serve(ctx, os.Stdin, os.Stdout, "1.0.0", tools)
//
// It knows requests for tools and nothing else: no prompts, no resources.
package mcp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
)

// versions of the protocol whose tools have this form, the newest first.
var versions = []string{"2025-06-18", "2025-03-26", "2024-11-05"}

// Tool is something that an assistant can call.
type Tool struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	// Input is the JSON Schema of the arguments.
	Input map[string]any `json:"inputSchema"`
	// Call returns a value that becomes a JSON object. Its error is for the assistant to read.
	Call func(ctx context.Context, arguments json.RawMessage) (any, error) `json:"-"`
}

// The errors of JSON-RPC 2.0, section 5.1.
const (
	parseError     = -32700
	methodNotFound = -32601
	invalidParams  = -32602
)

type request struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

type response struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  any             `json:"result,omitempty"`
	Error   *rpcError       `json:"error,omitempty"`
}

type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *rpcError) Error() string { return e.Message }

// Serve answers requests until in ends, or ctx. Calls run at the same time.
func Serve(ctx context.Context, in io.Reader, out io.Writer, version string, tools []Tool) error {
	ctx, cancel := context.WithCancel(ctx)
	var calls sync.WaitGroup
	defer calls.Wait()
	defer cancel()
	s := &server{version: version, tools: tools, out: json.NewEncoder(out)}
	s.out.SetEscapeHTML(false)
	for lines := bufio.NewReader(in); ; {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		var r request
		if json.Unmarshal(line, &r) != nil {
			s.reply(json.RawMessage("null"), nil, &rpcError{parseError, "not JSON"})
			continue
		}
		if r.ID == nil {
			continue // a notification
		}
		calls.Go(func() {
			result, err := s.handle(ctx, r)
			s.reply(r.ID, result, err)
		})
	}
}

type server struct {
	version string
	tools   []Tool
	mu      sync.Mutex
	out     *json.Encoder
}

func (s *server) reply(id json.RawMessage, result any, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := response{Version: "2.0", ID: id, Result: result}
	if err != nil {
		r.Result = nil
		if r.Error, _ = errors.AsType[*rpcError](err); r.Error == nil {
			r.Error = &rpcError{invalidParams, err.Error()}
		}
	}
	_ = s.out.Encode(r) // the assistant has gone: its end of in says so, too
}

func (s *server) handle(ctx context.Context, r request) (any, error) {
	switch r.Method {
	case "initialize":
		var asked struct {
			Version string `json:"protocolVersion"`
		}
		if err := json.Unmarshal(r.Params, &asked); err != nil || !slices.Contains(versions, asked.Version) {
			asked.Version = versions[0]
		}
		return map[string]any{"protocolVersion": asked.Version, "capabilities": map[string]any{"tools": map[string]any{}},
			"serverInfo": map[string]string{"name": "devloop", "version": s.version}}, nil
	case "ping":
		return map[string]any{}, nil
	case "tools/list":
		return map[string]any{"tools": s.tools}, nil
	case "tools/call":
		return s.call(ctx, r.Params)
	}
	return nil, &rpcError{methodNotFound, fmt.Sprintf("no method %q", r.Method)}
}

// call runs a tool. An error of the tool is a result that says so: the assistant can do something about it.
func (s *server) call(ctx context.Context, params json.RawMessage) (any, error) {
	var asked struct {
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments"`
	}
	if err := json.Unmarshal(params, &asked); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(s.tools, func(t Tool) bool { return t.Name == asked.Name })
	if i < 0 {
		return nil, &rpcError{invalidParams, fmt.Sprintf("no tool %q", asked.Name)}
	}
	if len(asked.Arguments) == 0 {
		asked.Arguments = json.RawMessage("{}")
	}
	value, err := s.tools[i].Call(ctx, asked.Arguments)
	if err != nil {
		return map[string]any{"content": text(err.Error()), "isError": true}, nil
	}
	document, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return map[string]any{"content": text(string(document)), "structuredContent": value}, nil
}

func text(s string) []map[string]string { return []map[string]string{{"type": "text", "text": s}} }
