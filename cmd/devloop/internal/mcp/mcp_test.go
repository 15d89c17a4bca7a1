package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestAssistantFindsAndCallsTools(t *testing.T) {
	t.Parallel()
	tools := []Tool{
		{Name: "double", Description: "doubles a number", Input: map[string]any{"type": "object"}, Call: func(_ context.Context, arguments json.RawMessage) (any, error) {
			var in struct{ Number int }
			err := json.Unmarshal(arguments, &in)
			return map[string]int{"double": 2 * in.Number}, err
		}},
		{Name: "fail", Call: func(context.Context, json.RawMessage) (any, error) { return nil, errors.New("no session runs") }},
	}
	for name, c := range map[string]struct {
		ask  string
		want []string // in the answer
	}{
		"a known version":      {`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2024-11-05"}}`, []string{`"id":1`, `"protocolVersion":"2024-11-05"`, `"version":"1.2"`}},
		"an unknown version":   {`{"jsonrpc":"2.0","id":"a","method":"initialize","params":{"protocolVersion":"2099-01-01"}}`, []string{`"id":"a"`, `"protocolVersion":"2025-06-18"`}},
		"the tools":            {`{"jsonrpc":"2.0","id":2,"method":"tools/list"}`, []string{`"name":"double"`, `"inputSchema":{"type":"object"}`}},
		"a call":               {`{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"double","arguments":{"number":4}}}`, []string{`"structuredContent":{"double":8}`, `"text":"{\"double\":8}"`}},
		"a call that fails":    {`{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"fail"}}`, []string{`"isError":true`, `no session runs`}},
		"an unknown tool":      {`{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"none"}}`, []string{`"code":-32602`}},
		"an unknown method":    {`{"jsonrpc":"2.0","id":6,"method":"prompts/list"}`, []string{`"code":-32601`}},
		"no JSON":              {`{`, []string{`"id":null`, `"code":-32700`}},
		"a notification":       {`{"jsonrpc":"2.0","method":"notifications/initialized"}`, nil},
		"a last line unbroken": {`{"jsonrpc":"2.0","id":7,"method":"ping"}`, []string{`"id":7`, `"result":{}`}},
	} {
		var out strings.Builder
		if err := Serve(t.Context(), strings.NewReader(strings.TrimSuffix(c.ask+"\n", map[bool]string{true: "\n"}[name == "a last line unbroken"])), &out, "1.2", tools); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.want == nil && out.String() != "" || slices.ContainsFunc(c.want, func(part string) bool { return !strings.Contains(out.String(), part) }) {
			t.Errorf("%s: got %s", name, &out)
		}
	}
}
