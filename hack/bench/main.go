// Command bench measures from just before a save to the first new answer on localhost, of the same edits in several
// ways: by hand, with the commands that a person types; with devloop run, and with a new Pod each time; and with
// Skaffold, where it is on the PATH. It prints tables for the README.
//
//	go run ./hack/bench -devloop bin/devloop -kind bin/kind -n 8
//
// With -waits it makes edits of a method, each followed by devloop wait, and prints how much longer than its cycle each
// wait took.
//
// With -soak N it makes N saves in a row, and prints what devloop, the supervisor and the Pod hold meanwhile. With
// -services N it edits N small services of one build, and the libraries that they share, in one devloop run.
//
// With -starts it measures the start of the application in containers instead: with java -jar, and
// as a composed image with and without each optimization.
//
// It needs a kind cluster (its kubeconfig in KUBECONFIG), and gradle, mvn, docker, kind and kubectl. Each
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

// bench has what all measurements share.
type bench struct {
	devloop, kind, cluster string
	verbose                bool
	pause                  time.Duration
	n, hand                int
	saves, applications    int       // of -soak and -services
	env                    []string  // of devloop run, besides the bench's own
	ended                  time.Time // the last edit but by hand
}

func main() {
	b, dir := bench{}, ""
	flag.StringVar(&b.devloop, "devloop", "bin/devloop", "the devloop binary")
	flag.StringVar(&b.kind, "kind", "kind", "the kind command")
	flag.StringVar(&b.cluster, "cluster", "devloop-test", "the kind cluster")
	flag.StringVar(&dir, "sample", "", "the project to edit: "+samples[0].dir+" or "+samples[1].dir+"; both by default")
	flag.DurationVar(&b.pause, "pause", 3*time.Second,
		"time before each save, as a person takes it: devloop prepares for the next one")
	flag.IntVar(&b.n, "n", 8, "how many edits of each kind with devloop run")
	flag.IntVar(&b.hand, "hand", 2, "how many edits of each kind in each of the other ways")
	optimizations := flag.Bool("starts", false,
		"measure starts instead, with and without each optimization; -sample is a Maven or Gradle project")
	base := flag.String("base", "",
		"the base image of -starts, such as one with another Java; devloop's own choice by default")
	waits := flag.Bool("waits", false, "measure devloop wait instead")
	flag.IntVar(&b.saves, "soak", 0,
		"make so many saves in one devloop run instead, and print what devloop and the Pod hold")
	flag.IntVar(&b.applications, "services", 0,
		"measure so many small services of one build in one devloop run instead")
	flag.BoolVar(&b.verbose, "v", false, "show each stage, and the output of the commands")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	measure := b.measure
	switch {
	case *waits:
		measure = b.waits
	case b.saves > 0:
		measure = b.soak
	case b.applications > 0:
		measure, dir = b.services, samples[0].dir
	}
	err := errors.Join(absolute(&b.devloop), absolute(&b.kind))
	list, unknown := chosen(dir)
	switch {
	case err != nil:
	case *optimizations:
		err = starts(ctx, dir, *base, b.n)
	case unknown != nil:
		err = unknown
	default:
		for _, s := range list {
			err = errors.Join(err, measure(ctx, s))
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// absolute turns a program's name into an absolute path, so that it can be started in any directory.
func absolute(program *string) error {
	found, err := exec.LookPath(*program)
	if err == nil {
		*program, err = filepath.Abs(found)
	}
	return err
}

// prepare creates a copy of the sample and a namespace for a way; end removes both.
func (b *bench) prepare(ctx context.Context, w way, s sample) (p place, end func(), err error) {
	p = place{sample: s, namespace: fmt.Sprintf("bench-%d-%s-%s", thisRun, w.name, filepath.Base(s.dir))}
	if err := b.command(ctx, ".", io.Discard, "kubectl", "create", "namespace", p.namespace); err != nil {
		return p, nil, err
	}
	above, err := os.MkdirTemp("", "devloop-bench-")
	end = func() {
		_ = os.RemoveAll(above)
		_ = b.command(context.WithoutCancel(ctx), ".", io.Discard, "kubectl", "delete", "namespace",
			p.namespace, "--wait=false")
	}
	p.dir = filepath.Join(above, filepath.Base(s.dir))
	if err == nil {
		err = os.CopyFS(p.dir, os.DirFS(s.dir))
	}
	for name, text := range s.more {
		err = errors.Join(err, write(filepath.Join(p.dir, name), text))
	}
	if _, e := exec.LookPath(s.tool); e != nil && s.tool == "gradle" {
		p.tool = "./gradlew"
	}
	if e := os.Chmod(filepath.Join(p.dir, "gradlew"), 0o755); !errors.Is(e, fs.ErrNotExist) {
		err = errors.Join(err, e)
	}
	if err != nil {
		end()
	}
	return p, end, err
}

// place is where a way works.
type place struct {
	sample
	dir, namespace string
}

// write writes a file, and makes its directory.
func write(path, text string) error {
	return errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644))
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
