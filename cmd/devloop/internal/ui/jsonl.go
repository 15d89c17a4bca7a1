package ui

import (
	"encoding/json"
	"io"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

// JSONL writes every event as one line of JSON.
type JSONL struct {
	encoder *json.Encoder
	err     error
}

// NewJSONL returns a display that writes to out.
func NewJSONL(out io.Writer) *JSONL {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return &JSONL{encoder: encoder}
}

// Handle implements [event.Sink]. After a failed write, as to a closed pipe, it writes nothing more; see Err.
func (j *JSONL) Handle(e event.Event) {
	if j.err == nil {
		j.err = j.encoder.Encode(e)
	}
}

// Err returns the first error of a write.
func (j *JSONL) Err() error { return j.err }
