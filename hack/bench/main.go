// Command bench times the same edit by two ways, in one run: by hand, with the
// commands that a person types, and with devloop. It prints the medians of every
// step and the ratio of the sums.
//
//	go run ./hack/bench -devloop bin/devloop -kind bin/kind -n 5
//
// It needs a kind cluster (its kubeconfig in KUBECONFIG), and gradle, docker, kind
// and kubectl on the machine: what the person needs, and devloop does not. Both
// ways work on copies of the sample, in namespaces of their own.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// bench is what both ways share.
type bench struct {
	devloop, kind, cluster, gradle string
	verbose                        bool
}

func main() {
	b, sample, n := bench{}, "", 0
	flag.StringVar(&b.devloop, "devloop", "bin/devloop", "the devloop to measure")
	flag.StringVar(&b.kind, "kind", "kind", "the kind command")
	flag.StringVar(&b.gradle, "gradle", "gradle", "the Gradle command, as in ./gradlew")
	flag.StringVar(&b.cluster, "cluster", "devloop-test", "the kind cluster")
	flag.StringVar(&sample, "sample", "samples/spring-server", "the project to edit, with Dockerfile and manifest of Lab 2")
	flag.IntVar(&n, "n", 5, "how many edits")
	flag.BoolVar(&b.verbose, "v", false, "show what the commands print")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := b.run(ctx, sample, n); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// The namespaces of the two ways: in each the Pod of the edit before is still there
// to be replaced.
const (
	handNamespace    = "bench-by-hand"
	devloopNamespace = "bench-devloop"
)

// way is one way to bring an edit to localhost.
type way struct {
	name string
	// bring makes the project in dir answer want, and returns the time of each step.
	bring func(ctx context.Context, dir, want string) ([]step, error)
}

type step struct {
	name string
	took time.Duration
}

// run edits and brings n times by each way, alternating, after one round that warms
// both: the first builds fetch dependencies and start the daemon.
func (b *bench) run(ctx context.Context, sample string, n int) error {
	ways := []way{{"by hand", b.byHand}, {"devloop deploy", b.byDevloop}}
	if err := b.command(ctx, ".", io.Discard, "kubectl", "create", "namespace", handNamespace); err != nil {
		return err
	}
	defer func() {
		_ = b.command(context.WithoutCancel(ctx), ".", io.Discard, "kubectl", "delete", "namespace", handNamespace, devloopNamespace, "--ignore-not-found")
	}()
	results := make([][][]step, len(ways))
	dirs := make([]string, len(ways))
	for i := range ways {
		dir, err := os.MkdirTemp("", "devloop-bench-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		dirs[i] = filepath.Join(dir, filepath.Base(sample))
		if err := os.CopyFS(dirs[i], os.DirFS(sample)); err != nil {
			return err
		}
		if err := os.Chmod(filepath.Join(dirs[i], "gradlew"), 0o755); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	for round := range n + 1 {
		for i, w := range ways {
			want := fmt.Sprintf("Hello, World %d", round)
			if err := edit(dirs[i], want); err != nil {
				return err
			}
			steps, err := w.bring(ctx, dirs[i], want)
			if err != nil {
				return fmt.Errorf("%s, round %d: %w", w.name, round, err)
			}
			fmt.Fprintf(os.Stderr, "round %d, %s: %s\n", round, w.name, seconds(sum(steps)))
			if round > 0 {
				results[i] = append(results[i], steps)
			}
		}
	}
	report(ways, results)
	return nil
}

// edit changes the text that the controller answers.
func edit(dir, text string) error {
	path := filepath.Join(dir, "src/main/java/com/example/AppController.java")
	source, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(source), `"Hello, World`)
	if !found {
		return fmt.Errorf("%s has no \"Hello, World\"", path)
	}
	_, after, _ := strings.Cut(rest, `"`)
	return os.WriteFile(path, []byte(before+`"`+text+`"`+after), 0o644)
}

// byHand is Lab 2 as a person types it: the manifest names spring-server:latest
// with imagePullPolicy IfNotPresent.
func (b *bench) byHand(ctx context.Context, dir, want string) ([]step, error) {
	commands := []struct {
		name string
		args []string
	}{
		{"compile", []string{b.gradle, "clean", "build"}},
		{"image", []string{"docker", "build", "-t", "spring-server", "."}},
		{"load", []string{b.kind, "load", "docker-image", "spring-server", "--name", b.cluster}},
		{"replace", []string{"kubectl", "delete", "pod", "spring-pod", "--ignore-not-found", "--namespace", handNamespace}},
		{"replace", []string{"kubectl", "apply", "-f", "spring-pod.yaml", "--namespace", handNamespace}},
	}
	var steps []step
	for _, c := range commands {
		began := time.Now()
		if err := b.command(ctx, dir, io.Discard, c.args...); err != nil {
			return nil, err
		}
		steps = append(steps, step{c.name, time.Since(began)})
	}
	began := time.Now()
	err := b.forwardByHand(ctx, dir, want)
	return append(steps, step{"ready+forward", time.Since(began)}), err
}

// forwardByHand starts kubectl port-forward again and again, as a person does,
// until the new answer comes: it ends for good when the application doesn't listen yet.
func (b *bench) forwardByHand(ctx context.Context, dir, want string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		once, stop := context.WithCancel(ctx)
		forward := exec.CommandContext(once, "kubectl", "port-forward", "--namespace", handNamespace, "pod/spring-pod", "18080:8080")
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

// answers asks url every 50 ms until it answers want, or ended closes.
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
			if err == nil && string(body) == want {
				return true
			}
		}
	}
}

// byDevloop is one command; its events say how long each stage took and what the
// application answered.
func (b *bench) byDevloop(ctx context.Context, dir, want string) ([]step, error) {
	var out bytes.Buffer
	devloop, err := filepath.Abs(b.devloop)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := b.command(ctx, dir, &out, devloop, "deploy", "--json", "--context", "kind-"+b.cluster, "--namespace", devloopNamespace); err != nil {
		return nil, err
	}
	whole := time.Since(began)
	var steps []step
	got := ""
	for line := range bytes.Lines(out.Bytes()) {
		var e struct {
			Event, Stage, Text string
			Seconds            float64
		}
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("read event: %w", err)
		}
		switch e.Event {
		case "stage.finished":
			steps = append(steps, step{e.Stage, time.Duration(e.Seconds * float64(time.Second))})
		case "app.answered":
			got = e.Text
		}
	}
	if got != want {
		return nil, fmt.Errorf("the application answered %q, want %q", got, want)
	}
	return append(steps, step{"start and end", whole - sum(steps)}), nil
}

// command runs a program in dir; what it printed is in the error.
func (b *bench) command(ctx context.Context, dir string, out io.Writer, args ...string) error {
	var all bytes.Buffer
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Stdout = io.MultiWriter(out, &all)
	cmd.Stderr = &all
	if b.verbose {
		cmd.Stderr = io.MultiWriter(os.Stderr, &all)
	}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, all.Bytes())
	}
	return nil
}

// report prints the medians of every step, one way after the other, and the ratio.
func report(ways []way, results [][][]step) {
	totals := make([]time.Duration, len(ways))
	for i, w := range ways {
		fmt.Printf("%s, median of %d edits\n", w.name, len(results[i]))
		for _, name := range names(results[i]) {
			fmt.Printf("  %-14s %9s\n", name, seconds(median(results[i], func(s step) bool { return s.name == name })))
		}
		totals[i] = median(results[i], func(step) bool { return true })
		fmt.Printf("  %-14s %9s\n", "edit → answer", seconds(totals[i]))
	}
	fmt.Printf("ratio: %s takes %.1f times as long as %s\n", ways[0].name, totals[0].Seconds()/totals[1].Seconds(), ways[1].name)
}

// names returns the names of the steps, in the order of their first appearance.
func names(rounds [][]step) (list []string) {
	for _, s := range slices.Concat(rounds...) {
		if !slices.Contains(list, s.name) {
			list = append(list, s.name)
		}
	}
	return list
}

// median returns the median over the rounds of the sum of the chosen steps.
func median(rounds [][]step, chosen func(step) bool) time.Duration {
	var list []time.Duration
	for _, steps := range rounds {
		list = append(list, sum(slices.DeleteFunc(slices.Clone(steps), func(s step) bool { return !chosen(s) })))
	}
	slices.Sort(list)
	return list[len(list)/2]
}

func sum(steps []step) (d time.Duration) {
	for _, s := range steps {
		d += s.took
	}
	return d
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
