package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/devloop-cli/devloop/docs/labs"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// TestScenarioTheLabsRunAsTheyAreWritten does what the labs say, one after the other, as a learner
// who sees nothing else: it writes their files, types their commands, and compares what they show.
// Beside it devloop learn, in English or Korean, has to see each effect.
func TestScenarioTheLabsRunAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	real.Gradle(t)
	takesOwnPorts(t)
	s := newProject(t, "spring-server")
	// status shows all otherwise, also those of other tests
	environment := append(s.ownCluster(), "DEVLOOP_NAMESPACE="+s.namespace)
	nginx := &learner{scenario: s, dir: filepath.Join(t.TempDir(), "nginx"), environment: environment}
	nginx.does(1, "en")
	spring := &learner{scenario: s, dir: filepath.Join(t.TempDir(), "spring-server"), environment: environment}
	spring.getsProject()
	spring.does(2, "ko")
	if real.LongTier() {
		nginx.does(1, "ko")
		spring.does(3, "en")
		must.Do(t, os.Remove(filepath.Join(spring.dir, "spring-deployment.yaml")))
		spring.does(3, "ko")
	}
}

// TestScenarioTheTrapsOfTheLabsAreExplained: each says in its first line what devloop says.
func TestScenarioTheTrapsOfTheLabsAreExplained(t *testing.T) {
	t.Parallel()
	real.Long(t)
	s := newProject(t, "traps")
	s.dir = "../../docs/labs/traps"
	traps := must.Get(os.ReadDir(s.dir))(t)
	for _, trap := range traps {
		text := testfile.Read(t, filepath.Join(s.dir, trap.Name()))
		first, _, _ := strings.Cut(string(text), "\n")
		want := strings.TrimPrefix(first, "# devloop says: ")
		args := []string{"-f", trap.Name(), "--timeout", "20s"}
		if strings.Contains(string(text), "image: nginx") {
			args = append(args, "--load")
		}
		if _, said, code := s.say("apply", args...); code == 0 || !strings.Contains(said, want) {
			t.Errorf("%s: it ended with %d, want %q in:\n%s", trap.Name(), code, want, said)
		}
	}
}

// ownCluster is an environment in which the test's cluster and namespace are the
// kubeconfig's current ones, as setup leaves them.
func (s *scenario) ownCluster() []string {
	s.Helper()
	config := must.Get(clientcmd.LoadFromFile(real.Kubeconfig()))(s)
	config.CurrentContext = "kind-" + real.ClusterName
	config.Contexts[config.CurrentContext].Namespace = s.namespace
	path := filepath.Join(s.TempDir(), "kubeconfig")
	must.Do(s, clientcmd.WriteToFile(*config, path))
	return append(os.Environ(), "KUBECONFIG="+path, "DEVLOOP_KUBECONFIG=", "XDG_STATE_HOME="+s.TempDir())
}

// learner works in a directory, with devloop learn in another terminal.
type learner struct {
	*scenario
	dir         string
	environment []string
	guide       *screen
}

// getsProject has the project that start.spring.io would make: the sample without what the lab
// writes. The machine has a Gradle of its own, and no way to download the wrapper's.
func (l *learner) getsProject() {
	l.Helper()
	real.CopySources(l.T, "../../samples/spring-server", l.dir)
	for _, file := range []string{"Dockerfile", "spring-pod.yaml", "src/main/java/com/example/AppController.java"} {
		must.Do(l, os.Remove(filepath.Join(l.dir, file)))
	}
	l.writes("gradlew", "#!/bin/sh\nexec gradle \"$@\"\n")
	must.Do(l, os.Chmod(filepath.Join(l.dir, "gradlew"), 0o755))
}

func (l *learner) writes(file, content string) {
	l.Helper()
	testfile.Write(l, l.dir, file, content)
}

// does a lab from its first line to its last.
func (l *learner) does(number int, language string) {
	l.Helper()
	must.Do(l, os.MkdirAll(l.dir, 0o755))
	lab := must.Get(labs.Read(number, language))(l)
	l.environment = append(l.environment, "DEVLOOP_LANG="+language)
	guide := l.starts("exec devloop learn " + strconv.Itoa(number))
	l.guide = guide.screen
	seen := false
	for i, b := range lab {
		switch {
		case b.File != nil:
			l.writes(b.File.Path, b.File.Content)
		case b.Commands != nil:
			seen = false
			for _, c := range b.Commands {
				l.types(c, func() {
					if i+1 < len(lab) && lab[i+1].Wait != nil {
						l.sees()
						seen = true
					}
				})
			}
		case b.Wait != nil && !seen:
			l.sees()
		case b.Wait != nil:
			seen = false
		}
	}
	guide.ends()
}

// sees waits until the guide has seen the effect of a step.
func (l *learner) sees() {
	l.Helper()
	l.guide.awaits(l.T, "✓ ")
}

// types a command, and compares what it shows. Where it stays, meanwhile is what one does before Ctrl+C.
func (l *learner) types(c labs.Command, meanwhile func()) {
	l.Helper()
	l.Log("$ " + c.Line)
	if c.Stays {
		running := l.starts("exec " + c.Line) // so that the signal reaches it
		running.shows(c)
		meanwhile()
		must.Do(l, running.cmd.Process.Signal(syscall.SIGINT))
		running.ends()
		return
	}
	ctx, cancel := context.WithTimeout(l.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", c.Line)
	cmd.Dir, cmd.Env = l.dir, l.environment
	out, err := cmd.CombinedOutput()
	fails := slices.ContainsFunc(c.Shows, func(line string) bool {
		return strings.HasPrefix(line, "error: ") || strings.HasPrefix(line, "오류: ")
	})
	if (err != nil) != fails || !asWritten(c.Shows, string(out)) {
		l.Fatalf("it ended with %v, want\n%s\n\ngot\n%s", err, strings.Join(c.Shows, "\n"), out)
	}
}

// running is a command that stays.
type running struct {
	*learner
	cmd    *exec.Cmd
	screen *screen
}

func (l *learner) starts(line string) *running {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.Context(), patience)
	l.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Dir, cmd.Env = l.dir, l.environment
	read, write, err := os.Pipe()
	if err != nil {
		l.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = write, write
	must.Do(l, cmd.Start())
	_ = write.Close()
	s := &screen{read: make(chan string), patience: patience}
	go s.fill(read)
	return &running{l, cmd, s}
}

// shows waits for the words that the command's output must have, in their order.
func (r *running) shows(c labs.Command) {
	r.Helper()
	for _, line := range c.Shows {
		for part := range strings.SplitSeq(line, "…") {
			if part = strings.TrimSpace(part); part != "" {
				r.screen.awaits(r.T, part)
			}
		}
	}
}

// ends waits for the end of the command.
func (r *running) ends() {
	r.Helper()
	for range r.screen.read { // until it has closed its end
	}
	if err := r.cmd.Wait(); err != nil {
		r.Errorf("it ended with %v", err)
	}
}
