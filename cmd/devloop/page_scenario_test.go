package main

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/hack/real"
)

// TestScenarioThePageShowsTheLoop opens the page of a session in a browser: after a save, after one that does not
// compile, and after the one that mends it.
func TestScenarioThePageShowsTheLoop(t *testing.T) {
	t.Parallel()
	real.Long(t)
	real.Chromium(t)
	s := newStub(t, "spring-maven")
	r := s.start("run")
	r.answered("Hello, World")
	r.finished(event.OK)
	open := exec.Command("devloop", "open", "--ui", "--print")
	open.Dir = s.dir
	out, err := open.Output()
	if err != nil {
		t.Fatalf("devloop open: %v", err)
	}
	page := strings.TrimSpace(string(out))

	text := s.rendered(page)
	for _, part := range []string{">" + s.name + "<", "serving", "first build", "compile ", "<rect"} {
		if !strings.Contains(text, part) {
			t.Errorf("the page does not show %q:\n%s", part, text)
		}
	}
	if !strings.Contains(text, `id="problem" aria-labelledby="problem-title" hidden=""`) {
		t.Errorf("the page shows a problem:\n%s", text)
	}

	s.replaceInSource(`"Hello, World";`, `"Hello, World"`)
	r.finished(event.Failed)
	text = s.rendered(page)
	if !strings.Contains(text, "AppController.java") || !strings.Contains(text, "';' expected") || strings.Contains(text, `hidden=""`) {
		t.Errorf("the page does not show the mistake:\n%s", text)
	}

	s.replaceInSource(`"Hello, World"`, `"Hello, page";`)
	r.answered("Hello, page")
	r.finished(event.OK)
	if text := s.rendered(page); !strings.Contains(text, `hidden=""`) || !strings.Contains(text, "serving: hot swap in") {
		t.Errorf("the page still shows the mistake:\n%s", text)
	}

	t.Log("without the secret it shows nothing")
	if text := s.rendered(page[:strings.Index(page, "#")]); strings.Contains(text, s.name) || !strings.Contains(text, "open the page with") {
		t.Errorf("the page shows\n%s", text)
	}
	r.quit()
}

// rendered is a page as a browser shows it after a while.
func (s *scenario) rendered(url string) string {
	s.Helper()
	ctx, stop := context.WithTimeout(s.Context(), time.Minute)
	defer stop()
	args := []string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--user-data-dir=" + s.TempDir(), "--timeout=3000", "--dump-dom", url}
	out, err := exec.CommandContext(ctx, "chromium", args...).Output()
	if err != nil {
		s.Fatalf("chromium: %v", err)
	}
	return string(out)
}
