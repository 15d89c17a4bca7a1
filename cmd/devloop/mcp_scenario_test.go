package main

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
)

// assistant is a client of devloop mcp, on its stdin and stdout.
type assistant struct {
	*testing.T
	*mcp.ClientSession
}

func (s *scenario) assistant() assistant {
	s.Helper()
	command := exec.Command("devloop", "mcp")
	command.Dir = s.dir
	client := must.Get(mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(s.Context(),
		&mcp.CommandTransport{Command: command}, nil))(s)
	return assistant{s.T, client}
}

// answer is what the tools answer, as far as the scenario looks at it.
type answer struct {
	Cycle    any // the number of the build; in a status, what is known of it
	Body     string
	Path     string
	Lines    []string
	Problems []event.Problem
	Failure  *event.Failure
	Topic    struct{ Word string }
}

// call calls a tool, which must not fail.
func (a assistant) call(tool string, arguments map[string]any) (got answer) {
	a.Helper()
	if arguments == nil {
		arguments = map[string]any{}
	}
	result, err := a.CallTool(a.Context(), &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		a.Fatalf("%s: %v", tool, err)
	}
	text := result.Content[0].(*mcp.TextContent).Text
	if err := json.Unmarshal([]byte(text), &got); err != nil || result.IsError || got.Cycle == nil {
		a.Fatalf("%s answers %s", tool, text)
	}
	return got
}

// TestScenarioAnAssistantWorksOnAProject has a coding assistant edit a project while devloop run works on it: it asks
// right after each edit, and never sees old code.
func TestScenarioAnAssistantWorksOnAProject(t *testing.T) {
	real.Long(t)
	t.Parallel()
	real.Gradle(t)
	s := newScenario(t, "spring-server")
	r := s.start("run", "--without", "archive")
	r.answered("Hello, World")
	r.finished(event.OK)
	a := s.assistant()

	tools, err := a.ListTools(t.Context(), nil)
	if err != nil || len(tools.Tools) == 0 || len(tools.Tools) > 10 {
		t.Fatalf("the tools are %+v, %v", tools, err)
	}
	ask := func(want string, cycle float64) {
		t.Helper()
		if got := a.call("request", map[string]any{"path": "/"}); got.Body != want || got.Cycle != cycle {
			t.Errorf("it answers %q of build %v, want %q of %v", got.Body, got.Cycle, want, cycle)
		}
	}
	ask("Hello, World", 1)
	s.replaceInSource("Hello, World", "Hello, assistant")
	ask("Hello, assistant", 2)
	if got := a.call("explain", nil); got.Cycle != 2. || got.Path != "swap" {
		t.Errorf("the path is %+v", got)
	}

	t.Log("an edit that does not compile")
	s.replaceInSource(`"Hello, assistant";`, `"Hello, assistant"`)
	if got := a.call("wait_served", nil); got.Cycle != 3. || got.Failure == nil ||
		got.Failure.Code != "compile.failed" {
		t.Errorf("waiting ends with %+v", got)
	}
	got := a.call("problems", nil)
	if got.Cycle != 3. || len(got.Problems) != 1 || !strings.HasSuffix(got.Problems[0].File, "AppController.java") ||
		got.Problems[0].Line == 0 || !strings.Contains(got.Problems[0].Text, "';' expected") {
		t.Errorf("the problems are %+v", got)
	}
	s.replaceInSource(`"Hello, assistant"`, `"Hello, again";`)
	ask("Hello, again", 4)
	if got := a.call("problems", nil); len(got.Problems) > 0 || got.Failure != nil {
		t.Errorf("problems that are mended: %+v", got)
	}

	t.Log("what else it can ask for")
	if got := a.call("explain", map[string]any{"term": "CrashLoopBackOff"}); got.Topic.Word != "CrashLoopBackOff" {
		t.Errorf("the topic is %+v", got)
	}
	if got := a.call("logs", map[string]any{"lines": 500}); !strings.Contains(strings.Join(got.Lines, "\n"),
		"Started ") {
		t.Errorf("the log is %q", got.Lines)
	}
	a.call("status", nil)
	if got := a.call("rebuild", map[string]any{"newPod": true}); got.Cycle != 5. || got.Failure != nil {
		t.Errorf("the rebuild ends with %+v", got)
	}
	ask("Hello, again", 5)
	if err := a.Close(); err != nil {
		t.Errorf("devloop mcp ended with %v", err)
	}
	r.quit()
}
