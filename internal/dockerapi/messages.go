package dockerapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Message is a JSON value of an engine's answer to a build, a load or a pull (Docker's Engine API, "Build an image").
type Message struct {
	Stream string          `json:"stream"`
	ID     string          `json:"id"`
	Status string          `json:"status"`
	Aux    json.RawMessage `json:"aux"`
	Error  string          `json:"error"`
	// Progress is how far the layer ID of a pull has come, in bytes.
	Progress *struct {
		Current, Total int64
	} `json:"progressDetail"`
	Detail *struct {
		Message string `json:"message"`
	} `json:"errorDetail"`
}

// unpackError begins the message of an engine with containerd's image store about an image that it has stored but
// cannot run, as when a layer is missing (moby/moby, daemon/containerd/image_exporter.go).
const unpackError = "Error unpacking image "

// failure returns the error that the message reports, if it does.
func (m Message) failure() error {
	switch {
	case m.Detail != nil && m.Detail.Message != "":
		return errors.New(m.Detail.Message)
	case m.Error != "":
		return errors.New(m.Error)
	case strings.HasPrefix(m.Stream, unpackError):
		return errors.New(strings.TrimSpace(m.Stream))
	}
	return nil
}

// ReadMessages passes each message to take, which may be nil, until take returns an error. The engine
// answers with status 200 before it starts to work, and reports a failure in a message; that becomes
// the error. A stream that ends in the middle of a message is an error too.
func ReadMessages(body io.Reader, take func(Message) error) error {
	decoder := json.NewDecoder(body)
	for {
		var m Message
		err := decoder.Decode(&m)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the engine's answer was cut: %w", err)
		}
		err = m.failure()
		if err == nil && take != nil {
			err = take(m)
		}
		if err != nil {
			return err
		}
	}
}
