// Command bench times the same edits by several ways, in one run: by hand, with the
// commands that a person types, and with devloop, which takes its cheapest path or makes a new
// Pod each time. For each sort of edit it prints the medians of every step, what was sent to
// the nodes, and the ratios of the sums and of the loads.
//
//	go run ./hack/bench -devloop bin/devloop -kind bin/kind -n 5
//
// With -starts it times the start of the application instead, in containers: by java -jar,
// and composed with and without each lever; and it tells what one edited class changes.
//
// It needs a kind cluster (its kubeconfig in KUBECONFIG), and gradle, docker, kind
// and kubectl on the machine: what the person needs, and devloop does not. Each way
// works on a copy of the sample, in a namespace of its own, and all take turns, so that
// whatever else the machine does falls on all of them.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

// bench is what all ways share.
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
	levers := flag.Bool("starts", false, "time starts instead, with and without each lever; -sample names a Maven or Gradle project")
	flag.BoolVar(&b.verbose, "v", false, "show what the commands print")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	measure := b.run
	if *levers {
		measure = starts
	}
	if err := measure(ctx, sample, n); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// way is one way to bring an edit to localhost.
type way struct {
	name string
	// namespace is its own: the Pod of the edit before is still there to be replaced.
	namespace string
	// without are files of the sample that this way does without.
	without []string
	// flags go to devloop.
	flags []string
	// open begins to work on the project in dir, which close ends.
	open func(ctx context.Context, w way, dir string) (session, error)
}

// session brings edits of one project to localhost.
type session interface {
	// bring makes the project answer want, which was just written into its source, and
	// returns the time of each step.
	bring(ctx context.Context, want string) ([]step, error)
	close() error
}

type step struct {
	name string
	took time.Duration
	sent int64 // bytes that went to the cluster's nodes
}

// warmUp is how many rounds go before: the first builds fetch dependencies and start the
// daemon, and there is an archive for each of the two sets of libraries only after the second.
const warmUp = 2

// run makes each edit n times by each way, alternating, after rounds that warm all.
func (b *bench) run(ctx context.Context, sample string, n int) error {
	bare := []string{"Dockerfile", "spring-pod.yaml"}
	ways := []way{
		{name: "by hand", namespace: "bench-by-hand", open: b.byHand},
		{name: "devloop run --path=pod, by the Dockerfile", namespace: "bench-dockerfile", flags: []string{"--path=pod"}, open: b.byRun},
		{name: "devloop run", namespace: "bench-run", open: b.byRun},
		{name: "devloop run --path=pod, no Dockerfile", namespace: "bench-pod", without: bare, flags: []string{"--path=pod"}, open: b.byRun},
		{name: "devloop run, no Dockerfile", namespace: "bench-bare", without: bare, open: b.byRun},
	}
	sessions, dirs := make([]session, len(ways)), make([]string, len(ways))
	for i, w := range ways {
		dir, end, err := b.prepare(ctx, w, sample)
		if err != nil {
			return err
		}
		defer end()
		dirs[i] = dir
		if sessions[i], err = w.open(ctx, w, dir); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		defer func() { _ = sessions[i].close() }()
	}
	results := map[string][][][]step{} // by edit, way and round
	for _, e := range edits {
		results[e.name] = make([][][]step, len(ways))
	}
	for round := range warmUp + n {
		for _, e := range edits {
			for i, w := range ways {
				said := text(e, round)
				if err := e.make(dirs[i], said, round); err != nil {
					return err
				}
				steps, err := sessions[i].bring(ctx, said)
				if err != nil {
					return fmt.Errorf("%s, %s, round %d: %w", e.name, w.name, round, err)
				}
				fmt.Fprintf(os.Stderr, "round %d, %s, %s: %s\n", round, e.name, w.name, seconds(sum(steps)))
				if round >= warmUp {
					results[e.name][i] = append(results[e.name][i], steps)
				}
			}
		}
	}
	for _, e := range edits {
		fmt.Printf("\n== %s: %s ==\n", e.name, e.what)
		report(ways, results[e.name])
	}
	return nil
}

// prepare makes a copy of the sample and a namespace for a way; end removes both.
func (b *bench) prepare(ctx context.Context, w way, sample string) (dir string, end func(), err error) {
	if err := b.command(ctx, ".", io.Discard, "kubectl", "create", "namespace", w.namespace); err != nil {
		return "", nil, err
	}
	above, err := os.MkdirTemp("", "devloop-bench-")
	end = func() {
		_ = os.RemoveAll(above)
		_ = b.command(context.WithoutCancel(ctx), ".", io.Discard, "kubectl", "delete", "namespace", w.namespace, "--wait=false")
	}
	if err == nil {
		dir = filepath.Join(above, filepath.Base(sample))
		err = os.CopyFS(dir, os.DirFS(sample))
	}
	for _, name := range w.without {
		err = errors.Join(err, os.Remove(filepath.Join(dir, name)))
	}
	if err == nil {
		err = os.Chmod(filepath.Join(dir, "gradlew"), 0o755)
	}
	if err != nil {
		end()
		return "", nil, err
	}
	return dir, end, nil
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
