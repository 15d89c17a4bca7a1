package update

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// github answers as GitHub's API does, and counts its requests.
func github(t *testing.T, status int, tag string) (url string, asked *atomic.Int32) {
	t.Helper()
	asked = &atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"tag_name": %q, "html_url": "https://example.com/%s"}`, tag, tag)
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

func TestALaterReleaseIsFoundOnceInADay(t *testing.T) {
	t.Parallel()
	url, asked := github(t, http.StatusOK, "v1.3.0")
	c := Check{Version: "1.2.9", URL: url, File: filepath.Join(t.TempDir(), "update.json")}
	notice := c.Start(t.Context())
	r := notice()
	for deadline := time.Now().Add(5 * time.Second); r == nil && time.Now().Before(deadline); r = notice() {
		time.Sleep(time.Millisecond)
	}
	if r == nil || r.Version != "v1.3.0" || r.URL != "https://example.com/v1.3.0" {
		t.Errorf("got %+v", r)
	}
	if r := c.Start(t.Context())(); r != nil || asked.Load() != 1 {
		t.Errorf("it asked %d times, and got %+v", asked.Load(), r)
	}
}

func TestTheSameReleaseAndNoAnswerSayNothing(t *testing.T) {
	t.Parallel()
	for _, server := range []struct {
		status int
		tag    string
	}{{http.StatusOK, "v1.2.9"}, {http.StatusOK, "v1.2.10-rc.1"}, {http.StatusForbidden, "v2.0.0"},
		{http.StatusOK, ""}} {
		url, _ := github(t, server.status, server.tag)
		c := Check{Version: "v1.2.9", URL: url}
		r, err := c.latest(t.Context())
		if err == nil && later(r.Version, c.Version) {
			t.Errorf("%+v: got %+v", server, r)
		}
	}
}

func TestOnlyReleasesAtATerminalLook(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		version  string
		terminal bool
		variable string
		want     bool
	}{
		{"1.2.0", true, "", true},
		{"v1.2.0", true, "LANG", true},
		{"1.2.0", false, "", false},
		{"1.2.0", true, "CI", false},
		{"1.2.0", true, "DEVLOOP_NO_UPDATE_NOTIFIER", false},
		{"devel", true, "", false},
		{"v0.0.0-20260101000000-0123456789ab", true, "", false},
		{"1.2.0-3-gabcdef", true, "", false},
		{"1.2.0-dirty", true, "", false},
	} {
		got := Wanted(c.version, c.terminal, func(name string) string {
			if name == c.variable {
				return "1"
			}
			return ""
		})
		if got != c.want {
			t.Errorf("%+v: got %v", c, got)
		}
	}
}

func TestReleasesAreComparedByNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{{"v1.10.0", "1.9.9", true}, {"1.9.9", "1.10.0", false}, {"v2.0.0", "v2.0.0", false},
		{"nonsense", "1.0.0", false}} {
		if got := later(c.a, c.b); got != c.want {
			t.Errorf("%s after %s: %v", c.a, c.b, got)
		}
	}
}
