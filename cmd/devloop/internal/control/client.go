package control

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/fault"
)

// codeEnded is the code of the error that a session ended before it answered.
const codeEnded = "session.ended"

// Client asks the session behind a socket.
type Client struct{ http http.Client }

// Dial returns a client of the session that listens at path. It connects when it is asked for something.
func Dial(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	return &Client{http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

// Settle waits until everything that is saved now is served, or has failed.
func (c *Client) Settle(ctx context.Context) (answer Answer, err error) {
	err = c.read(ctx, http.MethodPost, "/settle", &answer)
	return answer, err
}

// Rebuild has the session build what changed, with newPod a new image for a new Pod.
func (c *Client) Rebuild(ctx context.Context, newPod bool) error {
	body, err := c.ask(ctx, http.MethodPost, fmt.Sprintf("/rebuild?pod=%v", newPod))
	if err != nil {
		return err
	}
	return body.Close()
}

// Page returns the address of the page that shows the session.
func (c *Client) Page(ctx context.Context) (string, error) {
	var answer pageAnswer
	err := c.read(ctx, http.MethodPost, "/page", &answer)
	return answer.URL, err
}

// State returns what the session does and serves.
func (c *Client) State(ctx context.Context) (state event.State, err error) {
	err = c.read(ctx, http.MethodGet, "/state", &state)
	return state, err
}

// Recent returns a snapshot and the last events, as JSON lines.
func (c *Client) Recent(ctx context.Context) (io.ReadCloser, error) {
	return c.ask(ctx, http.MethodGet, "/events?follow=false")
}

// Events returns the events as JSON lines: a snapshot, the last ones, then each one as it happens.
func (c *Client) Events(ctx context.Context) (io.ReadCloser, error) {
	return c.ask(ctx, http.MethodGet, "/events")
}

func (c *Client) read(ctx context.Context, method, path string, answer any) error {
	body, err := c.ask(ctx, method, path)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	if err := json.NewDecoder(body).Decode(answer); err != nil {
		return ended(ctx, err)
	}
	return nil
}

func (c *Client) ask(ctx context.Context, method, path string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://devloop"+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, ended(ctx, err)
	}
	if response.StatusCode == http.StatusOK {
		return response.Body, nil
	}
	text, _ := io.ReadAll(io.LimitReader(response.Body, 1000)) // it is for a message
	_ = response.Body.Close()
	return nil, &fault.Error{Code: codeEnded, Op: "devloop run did not answer: " + strings.TrimSpace(string(text))}
}

// ended explains why a session does not answer.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return &fault.Error{Code: codeEnded, Op: "devloop run does not answer", Err: err,
		Hints: []string{"start it: devloop run"}}
}
