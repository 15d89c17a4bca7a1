//go:build unix

package wiring

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/internal/must"
)

// writing is set in the run of this test binary that prints until its reader has gone.
const writing = "DEVLOOP_TEST_WRITING"

// cleanedUp is the exit status of that run, if it came to its end.
const cleanedUp = 7

// TestCommandWhoseReaderHasGoneCleansUp plays devloop run | head: the system ends a process that writes to its output
// then.
func TestCommandWhoseReaderHasGoneCleansUp(t *testing.T) {
	t.Parallel()
	if os.Getenv(writing) != "" {
		c := cli.NewContext(nil, flag.NewFlagSet("", flag.ContinueOnError), nil)
		c.Context = context.Background()
		s := Streams{Out: os.Stdout}
		EndWithReader(c, s)
		for c.Context.Err() == nil {
			_, _ = fmt.Fprintln(s.Out, "a line")
		}
		if errors.Is(context.Cause(c.Context), ErrInterrupted) {
			os.Exit(cleanedUp)
		}
		return
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	cmd.Env, cmd.Stdout = append(os.Environ(), writing+"=1"), writer
	must.Do(t, errors.Join(cmd.Start(), writer.Close(), reader.Close()))
	_ = cmd.Wait()
	if got := cmd.ProcessState; got.ExitCode() != cleanedUp {
		t.Errorf("it ended with %v", got)
	}
}

// TestCommandThatPrintsEndsWithItsReader, also one that has nothing more to print.
func TestCommandThatPrintsEndsWithItsReader(t *testing.T) {
	wrong := errors.New("no such Pod")
	for name, c := range map[string]struct {
		do   func(c *cli.Context, out *os.File) error
		want error
	}{
		"waits": {func(c *cli.Context, _ *os.File) error { <-c.Context.Done(); return context.Cause(c.Context) }, nil},
		"writes": {func(_ *cli.Context, out *os.File) (err error) {
			for err == nil {
				_, err = fmt.Fprintln(out, "a line")
			}
			return err
		}, nil},
		"fails": {func(*cli.Context, *os.File) error { return wrong }, wrong},
	} {
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _, _ = reader.Close(), writer.Close() })
		if name != "fails" {
			_ = reader.Close()
		}
		ctx := cli.NewContext(nil, flag.NewFlagSet("", flag.ContinueOnError), nil)
		ctx.Context = t.Context()
		ended := make(chan error, 1)
		go func() {
			ended <- UntilReaderEnds(Streams{Out: writer},
				func(ctx *cli.Context) error { return c.do(ctx, writer) })(ctx)
		}()
		select {
		case err := <-ended:
			if !errors.Is(err, c.want) {
				t.Errorf("%s: ended with %v, want %v", name, err, c.want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: it goes on", name)
		}
	}
}
