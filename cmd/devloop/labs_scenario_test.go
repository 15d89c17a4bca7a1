package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/devloop-cli/devloop/hack/real"
)

// lasting are the commands of the labs that stay until Ctrl+C, and what they show
// when they have come so far.
var lasting = map[string]string{
	"devloop forward nginx-pod 8080:80":     "http://localhost:8080 → nginx-pod:80",
	"devloop forward spring-pod 1234:8080":  "http://localhost:1234 → spring-pod:8080",
	"devloop run spring-server --port 1234": "http://localhost:1234 → spring-pod:8080 answers 200: Hello, World",
	"devloop deploy spring-pods --forward":  "localhost leads to the Pod until Ctrl+C: http://localhost:",
}

// shows are what a person looks for after a command of the labs.
var shows = map[string]string{
	"devloop explain Pod":                                 "one or more containers",
	"devloop status":                                      "Running",
	"devloop describe nginx-pod":                          `Pod "nginx-pod" is running and ready`,
	"devloop exec nginx-pod -- curl -s localhost:80":      "Welcome to nginx",
	"devloop status spring-server":                        "spring-pod",
	"devloop exec spring-pod -- curl -s localhost:8080":   "Hello, World",
	"devloop describe spring-trap":                        "the pull policy is Always",
	"devloop exec spring-pod-1 -- curl -s localhost:8080": "Hello, World",
	"devloop exec spring-pod-3 -- curl -s localhost:8080": "Hello, World",
	"devloop apply -f nginx/nginx-pod.yaml --load":        "1 Pod is ready",
	"devloop delete nginx-pod":                            "removed",
	`devloop apply -f spring-server/trap/image-pull-backoff.yaml || echo "that was the trap"`: "that was the trap",
}

var commandLine = regexp.MustCompile(`(?m)^\$ (.+)$`)

// TestScenarioTheLabsRunAsTheyAreWritten runs every command of samples/README.md in a
// shell, one after the other, on a cluster in which the namespace is the test's own.
func TestScenarioTheLabsRunAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	real.Gradle(t)
	takesOwnPorts(t)
	s := newScenario(t, ".")
	text, err := os.ReadFile("../../samples/README.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := commandLine.FindAllStringSubmatch(string(text), -1)
	if len(commands) < 25 {
		t.Fatalf("found %d commands", len(commands))
	}
	environment := s.ownCluster()
	missing := map[string]bool{}
	for command := range shows {
		missing[command] = true
	}
	for command := range lasting {
		missing[command] = true
	}
	for _, c := range commands {
		t.Log("$ " + c[1])
		delete(missing, c[1])
		s.lab(environment, c[1])
	}
	for command := range missing {
		t.Errorf("samples/README.md has no %q any more", command)
	}
}

// ownCluster is an environment in which the test's cluster and namespace are the
// kubeconfig's current ones, as setup leaves them.
func (s *scenario) ownCluster() []string {
	s.Helper()
	config, err := clientcmd.LoadFromFile(real.Kubeconfig())
	if err != nil {
		s.Fatal(err)
	}
	config.CurrentContext = "kind-" + real.ClusterName
	config.Contexts[config.CurrentContext].Namespace = s.namespace
	path := filepath.Join(s.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		s.Fatal(err)
	}
	return append(os.Environ(), "KUBECONFIG="+path, "DEVLOOP_KUBECONFIG=", "XDG_STATE_HOME="+s.TempDir())
}

// lab runs one command of the labs to its end; to what it shows, and Ctrl+C, where
// it is one that stays.
func (s *scenario) lab(environment []string, command string) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	wanted, stays := lasting[command]
	if stays {
		cmd = exec.CommandContext(ctx, "sh", "-c", "exec "+command) // so that the signal reaches it
	}
	cmd.Dir, cmd.Env = s.dir, environment
	if !stays {
		out, err := cmd.CombinedOutput()
		if err != nil || !bytes.Contains(out, []byte(shows[command])) {
			s.Fatalf("it ended with %v, want success and %q:\n%s", err, shows[command], out)
		}
		return
	}
	read, write, err := os.Pipe()
	if err != nil {
		s.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = write, write
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	_ = write.Close()
	screen := &screen{read: make(chan string), patience: patience}
	go screen.fill(read)
	screen.awaits(s.T, wanted)
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		s.Fatal(err)
	}
	for range screen.read { // until it has closed its end
	}
	if err := cmd.Wait(); err != nil {
		s.Errorf("after Ctrl+C it ended with %v", err)
	}
}
