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

	"github.com/urfave/cli/v2"
)

// writing is set in the run of this test binary that prints until its reader has gone.
const writing = "DEVLOOP_TEST_WRITING"

// cleanedUp is the exit status of that run, if it came to its end.
const cleanedUp = 7

// TestCommandWhoseReaderHasGoneCleansUp plays devloop run | head: the system ends a process that writes to its output then.
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
	if err := errors.Join(cmd.Start(), writer.Close(), reader.Close()); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if got := cmd.ProcessState; got.ExitCode() != cleanedUp {
		t.Errorf("it ended with %v", got)
	}
}
