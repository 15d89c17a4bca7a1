// Command bench measures the same edits in several ways: by hand, with the commands that a person
// types, and with devloop, on its fastest path or with a new Pod each time. For each kind of edit it
// prints the median of each step, the bytes that were sent to the nodes, and how the ways compare.
//
//	go run ./hack/bench -devloop bin/devloop -kind bin/kind -n 5
//
// For a sample without a Dockerfile, samples/clinic, it makes other edits in one devloop run instead, and
// prints the path that each takes.
//
// With -waits it makes edits of a method, each followed by devloop wait, and prints how much longer than its cycle each
// wait took.
//
// With -starts it measures the start of the application in containers instead: with java -jar, and
// as a composed image with and without each optimization.
//
// It needs a kind cluster (its kubeconfig in KUBECONFIG), and gradle, docker, kind and kubectl. Each
// way works on its own copy of the sample in its own namespace. The ways take turns, so that other
// load on the machine affects all of them.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

// bench has what all ways share.
type bench struct {
	devloop, kind, cluster, gradle string
	verbose                        bool
	pause                          time.Duration
}

func main() {
	b, sample, n := bench{}, "", 0
	flag.StringVar(&b.devloop, "devloop", "bin/devloop", "the devloop binary")
	flag.StringVar(&b.kind, "kind", "kind", "the kind command")
	flag.StringVar(&b.gradle, "gradle", "gradle", "the Gradle command, such as ./gradlew")
	flag.StringVar(&b.cluster, "cluster", "devloop-test", "the kind cluster")
	flag.StringVar(&sample, "sample", "samples/spring-server", "the project to edit: samples/spring-server, or samples/clinic")
	flag.DurationVar(&b.pause, "pause", 4*time.Second, "time between edits, as a person takes it: devloop prepares for the next one")
	flag.IntVar(&n, "n", 5, "how many edits of each kind")
	optimizations := flag.Bool("starts", false, "measure starts instead, with and without each optimization; -sample is a Maven or Gradle project")
	base := flag.String("base", "", "the base image of -starts, such as one with another Java; devloop's own choice by default")
	waits := flag.Bool("waits", false, "measure devloop wait instead; -sample is samples/spring-server")
	flag.BoolVar(&b.verbose, "v", false, "show the output of the commands")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	measure := b.run
	if _, err := os.Stat(filepath.Join(sample, "Dockerfile")); err != nil {
		measure = b.paths
	}
	switch {
	case *optimizations:
		measure = func(ctx context.Context, sample string, n int) error { return starts(ctx, sample, *base, n) }
	case *waits:
		measure = b.waits
	}
	if err := measure(ctx, sample, n); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// way is one way to get an edit to localhost.
type way struct {
	name string
	// namespace is used by no other way, so that each replaces its own Pod.
	namespace string
	// without are files of the sample to delete.
	without []string
	// flags are arguments for devloop.
	flags []string
	// open starts a session for the project in dir.
	open func(ctx context.Context, w way, dir string) (session, error)
}

// session gets edits of one project to localhost.
type session interface {
	// bring waits until the application answers want, which was just written into its source, and
	// returns the time of each step.
	bring(ctx context.Context, want string) ([]step, error)
	close() error
}

type step struct {
	name string
	took time.Duration
	sent int64 // bytes that went to the cluster's nodes
}

// warmUp is the number of rounds that do not count: the first builds download dependencies and start
// Gradle's daemon, and each of the two sets of libraries has an archive only after the second round.
const warmUp = 2

// run makes each edit n times in each way, in turn, after the warm-up.
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
				time.Sleep(b.pause)
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

// prepare creates a copy of the sample and a namespace for a way; end removes both.
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
		if err = os.Chmod(filepath.Join(dir, "gradlew"), 0o755); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	if err != nil {
		end()
		return "", nil, err
	}
	return dir, end, nil
}

// command runs a program in dir; an error contains its output.
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
