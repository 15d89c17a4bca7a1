package builder

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// message is one of the JSON values that the engine answers with, one after the
// other, to a build or a load (Docker's Engine API, "Build an image").
type message struct {
	Stream string          `json:"stream"`
	ID     string          `json:"id"`
	Status string          `json:"status"`
	Aux    json.RawMessage `json:"aux"`
	Error  string          `json:"error"`
	Detail *struct {
		Message string `json:"message"`
		Code    int    `json:"code"`
	} `json:"errorDetail"`
}

// failure returns the error that the message tells of, if it does.
func (m message) failure() error {
	switch {
	case m.Detail != nil && m.Detail.Message != "":
		return errors.New(m.Detail.Message)
	case m.Error != "":
		return errors.New(m.Error)
	}
	return nil
}

// readMessages hands over each message until one is refused. A stream that ends in
// the middle of one is an error: the engine died, or the connection to it.
func readMessages(body io.Reader, take func(message) error) error {
	decoder := json.NewDecoder(body)
	for {
		var m message
		err := decoder.Decode(&m)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the engine's answer was cut: %w", err)
		}
		if err := take(m); err != nil {
			return err
		}
	}
}
