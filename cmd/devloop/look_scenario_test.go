package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/podview"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
)

// words prepares devloop as a person runs it, without --json.
func (s *scenario) words(name string, args ...string) *exec.Cmd {
	cmd := s.command(name)
	flags := []string{name, "--kubeconfig", real.Kubeconfig(), "--context", "kind-" + real.ClusterName,
		"--namespace", s.namespace}
	cmd.Args = append([]string{"devloop"}, append(flags, args...)...)
	return cmd
}

// say runs devloop and returns what it wrote and its exit code.
func (s *scenario) say(name string, args ...string) (stdout, stderr string, code int) {
	s.Helper()
	var out, problems bytes.Buffer
	cmd := s.words(name, args...)
	cmd.Stdout, cmd.Stderr = &out, &problems
	err := cmd.Run()
	if exit, ended := errors.AsType[*exec.ExitError](err); ended {
		code = exit.ExitCode()
	} else if err != nil {
		s.Fatalf("devloop %s: %v", name, err)
	}
	return out.String(), problems.String(), code
}

// says runs devloop and wants success and some words on stdout.
func (s *scenario) says(wanted, name string, args ...string) string {
	s.Helper()
	stdout, stderr, code := s.say(name, args...)
	if code != 0 || !strings.Contains(stdout, wanted) {
		s.Errorf("devloop %s %q ended with %d, want %q in:\n%s%s", name, args, code, wanted, stdout, stderr)
	}
	return stdout
}

// endsWithReader runs devloop and reads a line of its output, as head -n 1 does.
func (s *scenario) endsWithReader(name string, args ...string) {
	s.Helper()
	cmd := s.words(name, args...)
	out := must.Get(cmd.StdoutPipe())(s)
	must.Do(s, cmd.Start())
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		s.Errorf("devloop %s %q prints nothing: %v", name, args, err)
	}
	_ = out.Close()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			s.Errorf("devloop %s %q ended with %v", name, args, err)
		}
	case <-time.After(30 * time.Second):
		_ = cmd.Process.Kill()
		s.Errorf("devloop %s %q goes on without a reader", name, args)
	}
}

// deployNginx brings Lab 1's Pod to the cluster.
func deployNginx(t *testing.T) *scenario {
	s := newScenario(t, "nginx")
	if _, stderr, code := s.say("apply", "-f", "nginx-pod.yaml", "--load"); code != 0 {
		t.Fatalf("devloop apply ended with %d:\n%s", code, stderr)
	}
	return s
}

func TestScenarioAManifestWithoutAProjectIsLookedAtWithoutKubectl(t *testing.T) {
	t.Parallel()
	s := deployNginx(t)

	t.Log("status shows a table for people and a document for scripts")
	s.says("nginx-pod   1/1     Running   0", "status")
	var table struct{ Pods []podview.Row }
	if err := json.Unmarshal([]byte(s.says("", "status", "--json")), &table); err != nil || len(table.Pods) != 1 {
		t.Fatalf("%v, %+v", err, table)
	}
	if p := table.Pods[0]; p.Name != "nginx-pod" || p.Project != "nginx" || p.Ready != 1 || p.ImageSince == nil ||
		p.Problem != "" {
		t.Errorf("got %+v", p)
	}

	t.Log("describe begins with our word, and has what kubectl has")
	text := s.says(`Pod "nginx-pod" is running and ready`, "describe", "nginx-pod")
	for _, part := range []string{"devloop forward nginx-pod 8080:80", "container nginx-container",
		"(cluster-internal)", "Scheduled", "pull policy IfNotPresent"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in describe:\n%s", part, text)
		}
	}
	var description podview.Description
	must.Do(t, json.Unmarshal([]byte(s.says("", "describe", "--json")), &description))
	if description.Explanation != nil || len(description.Parts) != 1 || len(description.Events) == 0 ||
		description.IP == "" {
		t.Errorf("got %+v", description)
	}

	t.Log("exec passes output and exit code on, logs shows what the server wrote")
	s.says("Welcome to nginx", "exec", "nginx-pod", "--", "curl", "-s", "localhost:80")
	stdout, stderr, code := s.say("exec", "nginx-pod", "--", "sh", "-c", "echo out; echo err >&2; exit 7")
	if stdout != "out\n" || stderr != "err\n" || code != 7 {
		t.Errorf("got %q, %q, %d", stdout, stderr, code)
	}
	if _, stderr, code := s.say("exec", "nginx-pod", "--", "no-such-program"); code != 16 ||
		!strings.Contains(stderr, "no such program") {
		t.Errorf("got %q, %d", stderr, code)
	}
	eventually(t, "the server's line about the request in its log", func() bool {
		text, _, _ := s.say("logs", "nginx-pod")
		return strings.Contains(text, "GET / HTTP/1.1")
	})
	if _, stderr, code := s.say("logs", "nginx-pod", "--previous"); code != 16 ||
		!strings.Contains(stderr, "has not ended before") {
		t.Errorf("got %q, %d", stderr, code)
	}
	if _, stderr, code := s.say("describe", "nginx-prod"); code != 16 ||
		!strings.Contains(stderr, `did you mean "nginx-pod"`) {
		t.Errorf("got %q, %d", stderr, code)
	}

	t.Log("what goes on until Ctrl+C ends with its reader, also while it has nothing to print")
	for _, words := range [][]string{{"status", "--watch"}, {"logs", "--follow", "nginx-pod"},
		{"forward", "nginx-pod", "0:80"}} {
		s.endsWithReader(words[0], words[1:]...)
	}

	t.Log("delete removes it, and a second time there is nothing")
	s.says("", "delete", "nginx-pod")
	if _, there := s.pods()["nginx-pod"]; there {
		t.Error("the Pod is still there")
	}
	if _, _, code := s.say("delete", "nginx-pod"); code != 16 {
		t.Errorf("a second delete ended with %d", code)
	}
}

func TestScenarioAnImageThatOnlyDockerHasIsExplained(t *testing.T) {
	t.Parallel()
	s := newScenario(t, "nginx")
	_, stderr, code := s.say("apply", "-f", "nginx-pod.yaml")
	for _, part := range []string{"the pull policy is Always", "Docker has that image on this machine",
		"devloop apply -f nginx-pod.yaml --load"} {
		if code != 14 || !strings.Contains(stderr, part) {
			t.Errorf("ended with %d, want %q in:\n%s", code, part, stderr)
		}
	}
	s.says("Docker has that image on this machine", "describe", "nginx-pod")
	if _, stderr, code := s.say("apply", "-f", "nginx-pod.yaml", "--load"); code != 0 {
		t.Errorf("the hint does not help, it ended with %d:\n%s", code, stderr)
	}
}

func TestScenarioExecHasATerminal(t *testing.T) {
	t.Parallel()
	s := deployNginx(t)
	cmd := s.words("exec", "nginx-pod", "--", "sh")
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 31, Cols: 101})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = terminal.Close() }()
	screen := &screen{read: make(chan string)}
	go screen.fill(terminal)

	t.Log("the program inside has a terminal of this one's size, and learns of another")
	screen.awaits(t, "# ")
	screen.types(t, terminal, "test -t 0 && test -t 1 && echo is''-a-terminal\n", "is-a-terminal")
	screen.types(t, terminal, "until [ \"$(stty size)\" = '31 101' ]; do sleep 0.05; done; echo so''large\n", "solarge")
	must.Do(t, pty.Setsize(terminal, &pty.Winsize{Rows: 40, Cols: 120}))
	screen.types(t, terminal, "until [ \"$(stty size)\" = '40 120' ]; do sleep 0.05; done; echo gr''own\n", "grown")

	t.Log("Ctrl+C goes to the program and not to devloop")
	// The program says itself that it has the terminal: until then Ctrl+C is the shell's, which goes on to start it.
	screen.types(t, terminal, "sh -c \"echo has the te''rminal; exec sleep 1000\"\n", "has the terminal")
	screen.types(t, terminal, "\x03", "^C")
	screen.types(t, terminal, "echo st''ill here\n", "still here")

	t.Log("its exit code is passed on")
	must.Get(io.WriteString(terminal, "exit 42\n"))(t)
	err = cmd.Wait()
	if exit, ended := errors.AsType[*exec.ExitError](err); !ended || exit.ExitCode() != 42 {
		t.Errorf("got %v, want exit code 42", err)
	}
}

// screen is what a terminal shows.
type screen struct {
	read     chan string
	text     string
	patience time.Duration // 0: half a minute
}

func (s *screen) fill(from io.Reader) {
	defer close(s.read)
	for buffer := make([]byte, 4096); ; {
		n, err := from.Read(buffer)
		s.read <- string(buffer[:n])
		if err != nil {
			return
		}
	}
}

// awaits waits until text is shown, and forgets what stands before its end.
func (s *screen) awaits(t *testing.T, text string) {
	t.Helper()
	for deadline := time.After(max(s.patience, 30*time.Second)); ; {
		if _, rest, shown := strings.Cut(s.text, text); shown {
			s.text = rest
			return
		}
		select {
		case more, open := <-s.read:
			if !open {
				t.Fatalf("the terminal was closed, want %q in %q", text, s.text)
			}
			s.text += more
		case <-deadline:
			t.Fatalf("waited in vain for %q in %q", text, s.text)
		}
	}
}

func (s *screen) types(t *testing.T, terminal io.Writer, keys, wanted string) {
	t.Helper()
	must.Get(io.WriteString(terminal, keys))(t)
	s.awaits(t, wanted)
}

func TestScenarioForwardStaysThroughAReplacementAndIsShown(t *testing.T) {
	t.Parallel()
	s := deployNginx(t)
	cmd := s.words("forward", "nginx-pod", "0:80")
	stdout := must.Get(cmd.StdoutPipe())(t)
	must.Do(t, cmd.Start())
	screen := &screen{read: make(chan string)}
	go screen.fill(stdout)
	screen.awaits(t, "http://localhost:")
	screen.awaits(t, " → nginx-pod:80, until Ctrl+C\n")

	t.Log("the address is in status, and answers")
	var table struct{ Pods []podview.Row }
	if err := json.Unmarshal([]byte(s.says("", "status", "--json")), &table); err != nil || len(table.Pods) != 1 ||
		len(table.Pods[0].Addresses) != 1 {
		t.Fatalf("%v, %+v", err, table)
	}
	url := table.Pods[0].Addresses[0]
	if got, err := get(url); err != nil || !strings.Contains(got, "Welcome to nginx") {
		t.Errorf("got %q, %v", got, err)
	}

	t.Log("another Pod takes its place, and the same address leads to that one")
	if _, stderr, code := s.say("apply", "-f", "nginx-pod.yaml", "--load"); code != 0 {
		t.Fatal(stderr)
	}
	screen.awaits(t, " → nginx-pod:80, until Ctrl+C\n")
	if got, err := get(url); err != nil || !strings.Contains(got, "Welcome to nginx") {
		t.Errorf("got %q, %v", got, err)
	}

	t.Log("Ctrl+C is how it ends, and the address is gone from status")
	must.Do(t, cmd.Process.Signal(syscall.SIGINT))
	for range screen.read { // until it has closed its end
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if text := s.says("nginx-pod", "status"); strings.Contains(text, url) {
		t.Errorf("status still shows %s:\n%s", url, text)
	}
}

func TestScenarioDeleteLeavesWhatDevloopDidNotMake(t *testing.T) {
	t.Parallel()
	s := newScenario(t, "nginx")
	foreign, err := s.cluster.CoreV1().Pods(s.namespace).Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "nginx-pod", Labels: map[string]string{"app.kubernetes.io/managed-by": "somebody"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "theirs", Image: "theirs:1", ImagePullPolicy: corev1.PullNever}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := s.say("delete", "nginx-pod"); code != 13 || !strings.Contains(stderr, `"somebody" made it`) {
		t.Errorf("delete: %d\n%s", code, stderr)
	}
	if _, stderr, code := s.say("apply", "-f", "nginx-pod.yaml"); code != 13 || !strings.Contains(stderr, "--adopt") {
		t.Errorf("apply: %d\n%s", code, stderr)
	}
	if got := s.pods()["nginx-pod"].UID; got != foreign.UID {
		t.Error("the Pod that devloop did not make is gone")
	}

	t.Log("looking at it is allowed")
	for deadline := time.Now().Add(time.Minute); !strings.Contains(s.says("nginx-pod", "status", "--all"),
		"no image"); {
		if time.Now().After(deadline) {
			t.Fatal("status does not show that the image is missing")
		}
	}
	s.says(`the image "theirs:1" is not on the node`, "describe", "nginx-pod")
	if stdout, _, _ := s.say("status"); strings.Contains(stdout, "nginx-pod") {
		t.Errorf("status without --all shows it:\n%s", stdout)
	}
}
