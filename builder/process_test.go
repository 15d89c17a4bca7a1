//go:build unix

package builder

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestCancelLeavesNoProcess(t *testing.T) {
	census := newCensus(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	result := make(chan error, 1)
	go func() {
		_, err := command{dir: t.TempDir(), args: []string{os.Args[0]}, env: append(os.Environ(), "PLAY=tree")}.run(ctx, io.Discard)
		result <- err
	}()
	one, other := census.arrive(t), census.arrive(t)
	cancel(errStopped)
	gone(t, one)
	gone(t, other)
	if err := <-result; !errors.Is(err, errStopped) {
		t.Errorf("got %v, want the cause", err)
	}
}

func TestKilledDevloopLeavesNoChild(t *testing.T) {
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Skip("only Linux has a parent-death signal")
	}
	census := newCensus(t)
	devloop := exec.Command(os.Args[0])
	devloop.Env = append(os.Environ(), "PLAY=devloop")
	if err := devloop.Start(); err != nil {
		t.Fatal(err)
	}
	child := census.arrive(t)
	if err := devloop.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = devloop.Wait()
	gone(t, child)
}

func TestRunPassesWholeLinesOn(t *testing.T) {
	var lines recorder
	text, err := command{dir: t.TempDir(), args: []string{"sh", "-c", `printf 'one\ntw'; printf 'o\nthree'; exit 3`}}.run(t.Context(), &lines)
	if got := strings.Join(lines, "|"); got != "one\n|two\n|three\n" && got != "one\ntwo\n|three\n" {
		t.Errorf("lines came as %q", got)
	}
	if text != "one\ntwo\nthree\n" {
		t.Errorf("kept %q", text)
	}
	if got := ending([]string{"sh"}, err).Error(); got != "sh exited with status 3" {
		t.Errorf("got %q", got)
	}
}

// recorder keeps each write.
type recorder []string

func (r *recorder) Write(p []byte) (int, error) {
	*r = append(*r, string(p))
	return len(p), nil
}

func TestRunTakesColoursAway(t *testing.T) {
	var lines recorder
	script := `printf '\033[0m\033[0m[\033[1;31mERROR\033[m] \033[38:5:9mred\033[0m\n'; printf '\033[0m\033[0m'`
	text, err := command{dir: t.TempDir(), args: []string{"sh", "-c", script}}.run(t.Context(), &lines)
	if want := "[ERROR] red\n"; err != nil || text != want || strings.Join(lines, "|") != want {
		t.Errorf("got %q, kept %q, %v", lines, text, err)
	}
}

func TestKeeperKeepsBothEnds(t *testing.T) {
	k := &keeper{}
	for range 3 * keptOutput / 16 {
		_, _ = io.WriteString(k, "fifteen letters\n")
	}
	_, _ = io.WriteString(k, "BUILD FAILED")
	text := k.String()
	if len(text) > keptOutput+8 || !strings.HasPrefix(text, "fifteen") || !strings.HasSuffix(text, "BUILD FAILED") || !strings.Contains(text, "…") {
		t.Errorf("kept %d bytes that end in %q", len(text), text[len(text)-20:])
	}
}
