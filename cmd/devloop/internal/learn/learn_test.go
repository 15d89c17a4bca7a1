package learn

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cells"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/translate"
	"github.com/devloop-cli/devloop/docs/labs"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
	"github.com/devloop-cli/devloop/internal/testscreen"
)

// cluster is a cluster whose Pods the test sets.
type cluster struct {
	mu   sync.Mutex
	pods []Pod
	err  error
}

func (c *cluster) list(context.Context) ([]Pod, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pods, c.err
}

func (c *cluster) set(err error, pods ...Pod) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pods, c.err = pods, err
}

func wait(kind, name, want string) labs.Block {
	return labs.Block{Wait: &labs.Condition{Kind: kind, Name: name, Want: want}}
}

func TestWalkGoesOnWithEachEffect(t *testing.T) {
	t.Parallel()
	listener := must.Get(net.Listen("tcp", "localhost:0"))(t)
	defer func() { _ = listener.Close() }()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	out, pods, dir := &testscreen.Screen{}, &cluster{}, t.TempDir()
	guide := Guide{Out: out, Dir: dir, Pods: pods.list, Width: 80, Poll: time.Millisecond}
	ended := make(chan error, 1)
	go func() {
		ended <- guide.Walk(t.Context(), []labs.Block{
			{Text: "# Lab\n\n## 1. Write\n\n**Do.** Write [a file](a.md)."}, {File: &labs.File{Path: "pod.yaml", Content: "kind: Pod\n"}}, wait("file", "pod.yaml", ""),
			{Commands: []labs.Command{{Line: "devloop apply -f pod.yaml"}}}, wait("pod", "web", "ready"), wait("pod", "web", "Pull"),
			wait("pods", "2", ""), wait("port", port, ""), wait("pod", "web", "gone"),
		})
	}()
	out.Shows(t, "Do. Write a file.")
	out.Shows(t, "── pod.yaml ──\n\nkind: Pod\n\n──\n")
	out.Shows(t, "… waiting until the file pod.yaml exists")
	testfile.Write(t, dir, "pod.yaml", "")
	out.Shows(t, "✓ the file pod.yaml exists")
	out.Shows(t, "    $ devloop apply -f pod.yaml\n")
	pods.set(nil, Pod{Name: "other", Ready: true}, Pod{Name: "web"})
	pods.set(errors.New("no answer"))
	pods.set(nil, Pod{Name: "web", Ready: true})
	out.Shows(t, "✓ the Pod web is ready")
	pods.set(nil, Pod{Name: "web", Status: "ErrImagePull"})
	out.Shows(t, "✓ the Pod web shows Pull")
	pods.set(nil, Pod{Name: "a", Ready: true, Here: true}, Pod{Name: "b", Ready: true, Here: true}, Pod{Name: "web"})
	out.Shows(t, "✓ 2 Pods are ready")
	out.Shows(t, "✓ localhost:"+port+" answers")
	pods.set(nil)
	if err := <-ended; err != nil || !strings.HasSuffix(out.String(), "✓ the Pod web is gone\n\n") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestEnterGoesOn(t *testing.T) {
	t.Parallel()
	out, enter := &testscreen.Screen{}, make(chan struct{})
	guide := Guide{Out: out, Dir: t.TempDir(), Enter: enter, Say: translate.To("ko"), Width: 80, Poll: time.Millisecond}
	ended := make(chan error, 1)
	go func() {
		ended <- guide.Walk(t.Context(),
			[]labs.Block{{Text: "# One"}, wait("file", "none", ""), {Text: "more\n\n## 2. Two"}})
	}()
	enter <- struct{}{} // though the file is missing
	out.Shows(t, "다음 단계")
	if strings.Contains(out.String(), "Two") {
		t.Errorf("the next step came without Enter:\n%s", out)
	}
	enter <- struct{}{}
	if err := <-ended; err != nil || !strings.Contains(out.String(), "## 2. Two") ||
		!strings.Contains(out.String(), "… 기다리는 중: none 파일이 있음") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestWalkEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, block := range map[string]labs.Block{"a wait": wait("file", "none", ""), "a pause": {Text: "## 1"}} {
		guide := Guide{Out: &testscreen.Screen{}, Dir: t.TempDir(), Enter: make(chan struct{}), Width: 80,
			Poll: time.Hour}
		if err := guide.Walk(ctx, []labs.Block{block}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestProseHasNoMarks(t *testing.T) {
	t.Parallel()
	for markdown, want := range map[string]string{
		"**Why.** *localhost* is the\nmachine (*this* one)": "Why. localhost is the machine (this one)",
		"*이벤트*(events)와 *로그*":                               "이벤트(events)와 로그",
		"an *italic\nphrase*":                               "an italic phrase",
		"`libs/*.jar` and `libs/*.war`":                     "`libs/*.jar` and `libs/*.war`",
		"> " + strings.Repeat("word ", 20):                  "> " + strings.Repeat("word ", 14) + "word\n  word word word word word",
	} {
		if got := plain(markdown, 80); got != want {
			t.Errorf("%q: got %q, want %q", markdown, got, want)
		}
	}
}

// TestLabsFitTheTerminal shows every lab in both languages.
func TestLabsFitTheTerminal(t *testing.T) {
	t.Parallel()
	for number := 1; number <= labs.Count; number++ {
		for _, language := range []string{"en", "ko"} {
			blocks := must.Get(labs.Read(number, language))(t)
			for _, b := range blocks {
				for line := range strings.Lines(plain(b.Text, 80)) {
					if cells.Width(strings.TrimSuffix(line, "\n")) > 80 || italic.MatchString(line) ||
						strings.Contains(line, "**") || strings.Contains(line, "<summary>") ||
						strings.HasPrefix(line, "|") {
						t.Errorf("lab %d in %s: %q", number, language, line)
					}
				}
			}
		}
	}
}
