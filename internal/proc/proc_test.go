//go:build unix

package proc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/devloop-cli/devloop/internal/must"
)

// TestMain lets the test binary play other programs: PLAY names the role.
func TestMain(m *testing.M) {
	roles := map[string]func() int{"": m.Run, "tree": playTree, "stubborn": playStubborn, "devloop": playDevloop}
	os.Exit(roles[os.Getenv("PLAY")]())
}

// playTree is a build that has a child of its own. Both ignore SIGTERM.
func playTree() int {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "PLAY=stubborn")
	if err := child.Start(); err != nil {
		return 1
	}
	return playStubborn()
}

// playStubborn holds a connection to the test for as long as it lives.
func playStubborn() int {
	signal.Ignore(syscall.SIGTERM)
	conn, err := net.Dial("unix", os.Getenv("PLAY_SOCKET"))
	if err != nil {
		return 1
	}
	_, _ = io.WriteString(conn, "here")
	_, _ = conn.Read(make([]byte, 1)) // never answered
	return 0
}

// playDevloop runs a stubborn build, and is killed itself.
func playDevloop() int {
	_, err := Command{Args: []string{os.Args[0]},
		Env: append(os.Environ(), "PLAY=stubborn")}.Run(context.Background(), os.Stdout)
	fmt.Println(err)
	return 1
}

// census counts living processes: each holds a connection.
type census struct{ listener net.Listener }

func newCensus(t *testing.T) census {
	t.Helper()
	dir, err := os.MkdirTemp("", "census") // t.TempDir's path may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	listener := must.Get(net.Listen("unix", filepath.Join(dir, "s")))(t)
	t.Cleanup(func() { _ = listener.Close(); _ = os.RemoveAll(dir) })
	return census{listener}
}

// env is the environment of a process that plays a role and is counted.
func (c census) env(role string) []string {
	return append(os.Environ(), "PLAY="+role, "PLAY_SOCKET="+c.listener.Addr().String())
}

// arrive waits for a process.
func (c census) arrive(t *testing.T) net.Conn {
	t.Helper()
	conn := must.Get(c.listener.Accept())(t)
	t.Cleanup(func() { _ = conn.Close() })
	must.Get(io.ReadFull(conn, make([]byte, 4)))(t)
	return conn
}

// gone waits until a process has ended: the kernel then closes its connection.
func gone(t *testing.T, conn net.Conn) {
	t.Helper()
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Fatal("the process spoke again")
	}
}

var errStopped = errors.New("a newer change came")

func TestCancelLeavesNoProcess(t *testing.T) {
	t.Parallel()
	census := newCensus(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	result := make(chan error, 1)
	go func() {
		_, err := Command{Dir: t.TempDir(), Args: []string{os.Args[0]}, Env: census.env("tree")}.Run(ctx, io.Discard)
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
	t.Parallel()
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Skip("only Linux has a parent-death signal")
	}
	census := newCensus(t)
	devloop := exec.Command(os.Args[0])
	devloop.Env = census.env("devloop")
	must.Do(t, devloop.Start())
	child := census.arrive(t)
	must.Do(t, devloop.Process.Kill())
	_ = devloop.Wait()
	gone(t, child)
}

func TestStopLeavesNoProcess(t *testing.T) {
	t.Parallel()
	census := newCensus(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = census.env("tree")
	p := must.Get(Start(cmd))(t)
	one, other := census.arrive(t), census.arrive(t)
	p.Stop()
	gone(t, one)
	gone(t, other)
	if p.Wait() == nil {
		t.Error("a killed process ended well")
	}
}

func TestStartOfAProgramThatIsMissing(t *testing.T) {
	t.Parallel()
	if _, err := (Command{Args: []string{"/no/such/program"}}).Run(t.Context(), io.Discard); !errors.Is(err,
		os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// recorder keeps each write.
type recorder []string

func (r *recorder) Write(p []byte) (int, error) {
	*r = append(*r, string(p))
	return len(p), nil
}

func TestRunPassesWholeLinesOn(t *testing.T) {
	t.Parallel()
	var lines recorder
	text, err := Command{Dir: t.TempDir(),
		Args: []string{"sh", "-c", `printf 'one\ntw'; printf 'o\nthree'; exit 3`}}.Run(t.Context(), &lines)
	if got := strings.Join(lines, "|"); got != "one\n|two\n|three\n" && got != "one\ntwo\n|three\n" {
		t.Errorf("lines came as %q", got)
	}
	if text != "one\ntwo\nthree\n" {
		t.Errorf("kept %q", text)
	}
	if got := ExitError([]string{"sh"}, err).Error(); got != "sh exited with status 3" {
		t.Errorf("got %q", got)
	}
}

func TestRunDropsColors(t *testing.T) {
	t.Parallel()
	var lines recorder
	script := `printf '\033[0m\033[0m[\033[1;31mERROR\033[m] \033[38:5:9mred\033[0m\n'; printf '\033[0m\033[0m'`
	text, err := Command{Dir: t.TempDir(), Args: []string{"sh", "-c", script}}.Run(t.Context(), &lines)
	if want := "[ERROR] red\n"; err != nil || text != want || strings.Join(lines, "|") != want {
		t.Errorf("got %q, kept %q, %v", lines, text, err)
	}
}

func TestHeadTailKeepsBothEnds(t *testing.T) {
	t.Parallel()
	k := &HeadTail{}
	for range 3 * maxOutput / 16 {
		_, _ = io.WriteString(k, "fifteen letters\n")
	}
	_, _ = io.WriteString(k, "BUILD FAILED")
	text := k.String()
	if len(text) > maxOutput+8 || !strings.HasPrefix(text, "fifteen") || !strings.HasSuffix(text, "BUILD FAILED") ||
		!strings.Contains(text, "…") {
		t.Errorf("kept %d bytes that end in %q", len(text), text[len(text)-20:])
	}
}

func TestLastLines(t *testing.T) {
	t.Parallel()
	if got := LastLines("one\n\n two \r\nthree", 2); !slices.Equal(got, []string{"two", "three"}) {
		t.Errorf("got %q", got)
	}
}
