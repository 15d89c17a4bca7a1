package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// hand is Lab 2 with the commands that a person types.
type hand struct {
	*bench
	dir, namespace string
}

func (b *bench) byHand(_ context.Context, w way, dir string) (session, error) {
	return &hand{b, dir, w.namespace}, nil
}

func (h *hand) close() error { return nil }

func (h *hand) bring(ctx context.Context, want string) ([]step, error) {
	commands := []struct {
		name string
		args []string
	}{
		{"compile", []string{h.gradle, "clean", "build"}},
		{"image", []string{"docker", "build", "-t", "spring-server", "."}},
		{"load", []string{h.kind, "load", "docker-image", "spring-server", "--name", h.cluster}},
		{"replace", []string{"kubectl", "delete", "pod", "spring-pod", "--ignore-not-found", "--namespace", h.namespace}},
		{"replace", []string{"kubectl", "apply", "-f", "spring-pod.yaml", "--namespace", h.namespace}},
	}
	var steps []step
	for _, c := range commands {
		began := time.Now()
		if err := h.command(ctx, h.dir, io.Discard, c.args...); err != nil {
			return nil, err
		}
		steps = append(steps, step{name: c.name, took: time.Since(began)})
	}
	var err error
	if steps[loadStep].sent, err = h.imageSize(ctx); err != nil {
		return nil, err
	}
	began := time.Now()
	err = h.forward(ctx, want)
	return append(steps, step{name: "ready+forward", took: time.Since(began)}), err
}

// loadStep is the index of kind load in the commands.
const loadStep = 2

// imageSize returns how many bytes kind load sends to each node: the whole image.
func (h *hand) imageSize(ctx context.Context) (size int64, err error) {
	var out strings.Builder
	if err := h.command(ctx, h.dir, &out, "docker", "image", "inspect", "--format", "{{.Size}}", "spring-server"); err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(out.String()), 10, 64)
}

// forward starts kubectl port-forward again until the new answer arrives: it exits if the application
// does not listen yet.
func (h *hand) forward(ctx context.Context, want string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		once, stop := context.WithCancel(ctx)
		forward := exec.CommandContext(once, "kubectl", "port-forward", "--namespace", h.namespace, "pod/spring-pod", "18080:8080")
		if err := forward.Start(); err != nil {
			stop()
			return err
		}
		ended := make(chan struct{})
		go func() { defer close(ended); _ = forward.Wait() }()
		answered := answers(once, "http://127.0.0.1:18080/", want, ended)
		stop()
		<-ended
		if answered {
			return nil
		}
	}
	return fmt.Errorf("localhost never answered %q: %w", want, context.Cause(ctx))
}

// answers sends a request every 50 ms until the answer contains want, or ended is closed.
func answers(ctx context.Context, url, want string, ended <-chan struct{}) bool {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return false
		case <-ctx.Done():
			return false
		case <-tick.C:
			response, err := client.Get(url)
			if err != nil {
				continue
			}
			body, err := io.ReadAll(response.Body)
			_ = response.Body.Close()
			if err == nil && strings.Contains(string(body), want) {
				return true
			}
		}
	}
}
