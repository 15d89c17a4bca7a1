package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// way is one way to get an edit to localhost.
type way struct {
	// name is part of a namespace, title of the table.
	name, title string
	// rounds are how many edits of each kind count, after those that warm up.
	warmUp, rounds int
	// open deploys a project, and returns once it answers.
	open func(ctx context.Context, p place) (session, error)
}

// session gets edits of one project to localhost.
type session interface {
	// arrive returns once the page contains want, which was just written into the sources.
	arrive(ctx context.Context, page, want string) error
	// outcome says how an edit of these files, which has arrived, got there.
	outcome(ctx context.Context, files []string) (outcome, error)
	close() error
}

// outcome is how an edit got to localhost.
type outcome struct {
	took   time.Duration // from before the save to the answer
	path   string
	sent   int64    // bytes that went to each of the cluster's nodes
	stages []string // what devloop did, with times
}

// ways returns those that this machine has. The first edits of each do not count: builds download libraries and start
// a daemon, and a new set of libraries gets its archive of classes after the first deploy.
func (b *bench) ways() []way {
	all := []way{
		{"by-hand", "by hand", 0, b.hand, b.byHand},
		{"pod", "devloop run --path=pod", 1, b.hand, b.byRun("--path=pod")},
		{"run", "devloop run", 2, b.n, b.byRun()},
	}
	if _, err := exec.LookPath("skaffold"); err == nil {
		all = append(all[:1], append([]way{{"skaffold", "Skaffold", 1, b.hand, b.bySkaffold}}, all[1:]...)...)
	}
	return slices.DeleteFunc(all, func(w way) bool { return w.rounds == 0 })
}

// patience limits how long an edit or a first deploy may take.
const patience = 5 * time.Minute

// hand has the commands that a person types.
type hand struct {
	*bench
	place
	port string
}

func (b *bench) byHand(ctx context.Context, p place) (session, error) {
	h := &hand{b, p, freePort()}
	if err := h.writePlain(); err != nil {
		return nil, err
	}
	return h, h.arrive(ctx, "/", "")
}

func (p place) writePlain() error {
	for name, text := range p.plain {
		if err := write(filepath.Join(p.dir, name), text); err != nil {
			return err
		}
	}
	return nil
}

func (h *hand) close() error { return nil }

func (h *hand) arrive(ctx context.Context, page, want string) error {
	for _, args := range [][]string{
		{h.tool, "clean", h.goal},
		{"docker", "build", "-t", h.image, "."},
		{h.kind, "load", "docker-image", h.image, "--name", h.cluster},
		{"kubectl", "delete", "pod", h.pod, "--ignore-not-found", "--namespace", h.namespace},
		{"kubectl", "apply", "-f", h.manifest, "--namespace", h.namespace},
	} {
		if err := h.command(ctx, h.dir, io.Discard, args...); err != nil {
			return err
		}
	}
	return h.forward(ctx, page, want)
}

// forward starts kubectl port-forward again until the new answer arrives: it exits if the application
// does not listen yet.
func (h *hand) forward(ctx context.Context, page, want string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for ctx.Err() == nil {
		once, stop := context.WithCancel(ctx)
		forward := exec.CommandContext(once, "kubectl", "port-forward", "--namespace", h.namespace,
			"pod/"+h.pod, h.port+":8080")
		if err := forward.Start(); err != nil {
			stop()
			return err
		}
		ended := make(chan struct{})
		go func() { defer close(ended); defer stop(); _ = forward.Wait() }()
		err := answers(once, "http://127.0.0.1:"+h.port+page, want)
		stop()
		<-ended
		if err == nil {
			return nil
		}
	}
	return fmt.Errorf("localhost never answered %q: %w", want, context.Cause(ctx))
}

// outcome has the size of the whole image, which kind load sends to each node.
func (h *hand) outcome(ctx context.Context, _ []string) (outcome, error) {
	size, err := h.imageSize(ctx, h.image)
	return outcome{path: "new Pod", sent: size}, err
}

func (b *bench) imageSize(ctx context.Context, image string) (int64, error) {
	var out strings.Builder
	if err := b.command(ctx, ".", &out, "docker", "image", "inspect", "--format", "{{.Size}}", image); err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(out.String()), 10, 64)
}

// skaffold is a running skaffold dev.
type skaffold struct {
	*bench
	place
	port    string
	command *exec.Cmd
}

// skaffoldYAML builds as a person would, but without clean. Skaffold loads the image into kind.
const skaffoldYAML = `apiVersion: skaffold/v4beta11
kind: Config
build:
  local: {push: false}
  artifacts:
    - image: %s
      custom:
        buildCommand: %s %s && docker build -t $IMAGE .
        dependencies: {paths: ["."], ignore: [build, .gradle, target, "*/target"]}
manifests:
  rawYaml: [%s]
portForward:
  - {resourceType: pod, resourceName: %s, port: 8080, localPort: %s}
`

func (b *bench) bySkaffold(ctx context.Context, p place) (session, error) {
	s := &skaffold{bench: b, place: p, port: freePort()}
	if err := s.writePlain(); err != nil {
		return nil, err
	}
	settings := fmt.Sprintf(skaffoldYAML, s.image, s.tool, s.goal, s.manifest, s.pod, s.port)
	if err := write(filepath.Join(s.dir, "skaffold.yaml"), settings); err != nil {
		return nil, err
	}
	s.command = exec.CommandContext(ctx, "skaffold", "dev", "--port-forward=user", "--namespace", s.namespace,
		"--kube-context", "kind-"+s.cluster)
	s.command.Dir = s.dir
	if b.verbose {
		s.command.Stdout, s.command.Stderr = os.Stderr, os.Stderr
	}
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	return s, s.arrive(ctx, "/", "")
}

func (s *skaffold) arrive(ctx context.Context, page, want string) error {
	return answers(ctx, "http://127.0.0.1:"+s.port+page, want)
}

// outcome has the size of the Pod's image, all of which Skaffold sends.
func (s *skaffold) outcome(ctx context.Context, _ []string) (outcome, error) {
	var image strings.Builder
	err := s.bench.command(ctx, ".", &image, "kubectl", "get", "pod", s.pod, "--namespace", s.namespace,
		"--output", "jsonpath={.spec.containers[0].image}")
	if err != nil {
		return outcome{}, err
	}
	size, err := s.imageSize(ctx, image.String())
	return outcome{path: "new Pod", sent: size}, err
}

func (s *skaffold) close() error {
	_ = s.command.Process.Signal(os.Interrupt)
	return s.command.Wait()
}

func freePort() string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "18080"
	}
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

// answers sends requests until the answer contains want, as a browser does that reloads the page.
func answers(ctx context.Context, url, want string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	return answersAt(ctx, ticks(ctx), url, want)
}

// ticks says when to send a request: every 10 ms at first, then whenever 2 % more time has passed. A hundred requests a
// second, each on a connection of its own, made another library on two cores take 2.6 s where it takes 2.4.
func ticks(ctx context.Context) <-chan struct{} {
	ticks := make(chan struct{})
	go func() {
		for began := time.Now(); ; {
			select {
			case <-ctx.Done():
				return
			case <-time.After(max(10*time.Millisecond, time.Since(began)/50)):
			}
			select {
			case <-ctx.Done():
				return
			case ticks <- struct{}{}:
			}
		}
	}()
	return ticks
}

// answersAt sends a request at each tick until the answer contains want.
func answersAt(ctx context.Context, ticks <-chan struct{}, url, want string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	for last := ""; ; {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s never answered %q, but %q: %w", url, want, last, context.Cause(ctx))
		case <-ticks:
			response, err := client.Get(url)
			if err != nil {
				continue
			}
			body, err := io.ReadAll(response.Body)
			_ = response.Body.Close()
			last = string(body)
			if err == nil && response.StatusCode == http.StatusOK && strings.Contains(last, want) {
				return nil
			}
		}
	}
}
