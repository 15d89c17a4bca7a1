package dockerbuild

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/devloop-cli/devloop/internal/dockerapi"
)

// logLines is how many lines of a failing step are kept.
const logLines = 30

// progress prints the builder's output, and remembers the image, the last step and what that printed.
type progress struct {
	ctx   context.Context // of the build, for its transfers
	out   io.Writer
	id    string
	step  string
	log   []string
	steps map[string]*step // of BuildKit, by digest
}

func newProgress(ctx context.Context, out io.Writer) *progress {
	return &progress{out: out, ctx: ctx, steps: map[string]*step{}}
}

func (p *progress) take(m dockerapi.Message) error {
	switch {
	case m.ID == traceID:
		return p.trace(m.Aux)
	case len(m.Aux) > 0:
		return p.result(m)
	case m.Stream != "":
		p.print(m.Stream)
	case m.Status != "" && m.ID == "":
		p.print(m.Status + "\n")
	}
	return nil
}

// result takes the image ID. The classic builder sends it in a message without an id.
func (p *progress) result(m dockerapi.Message) error {
	var image struct{ ID string }
	if m.ID != "" && m.ID != imageIDMessage {
		return nil
	}
	if err := json.Unmarshal(m.Aux, &image); err != nil {
		return fmt.Errorf("read the engine's answer: %w", err)
	}
	p.id = image.ID
	return nil
}

// print passes on the classic builder's output. "Step 2/3 : COPY a b" begins a step.
func (p *progress) print(text string) {
	_, _ = io.WriteString(p.out, text)
	if step, found := strings.CutPrefix(text, "Step "); found {
		_, p.step, _ = strings.Cut(strings.TrimSpace(step), " : ")
		p.log = nil
		return
	}
	p.log = logged(p.log, text)
}

// logged adds the lines of text to the last ones of a step.
func logged(log []string, text string) []string {
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			log = append(log, line)
		}
	}
	return log[max(0, len(log)-logLines):]
}
