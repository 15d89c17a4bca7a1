package wording

import (
	"slices"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

// TestNoticesAreSaidInWords: engine and commands publish codes and keys.
func TestNoticesAreSaidInWords(t *testing.T) {
	t.Parallel()
	for want, n := range map[string]event.Notice{
		"the old Pod goes before the new one serves: the cluster has no room for both":                                                               {Code: event.NoticePodGap, Why: "the cluster has no room for both"},
		"java uses port 8080, so port 8080 of pod/app is at http://localhost:8081":                                                                   {Code: event.NoticePortMoved, Why: "java uses port 8080", Port: 8080, Objects: []string{"pod/app"}, Addresses: []string{"http://localhost:8081"}},
		`nothing listens on port 9779 of Pod "app", which the manifest names; localhost forwards to it once something does`:                          {Code: event.NoticePortUnused, Port: 9779, Pods: []string{"app"}},
		"the application listens on port 9191 instead of port 8080, which its settings name; localhost forwards to it":                               {Code: event.NoticePortDiffers, Port: 9191, Expected: 8080},
		"waiting for a debugger on localhost:5005 and localhost:5006":                                                                                {Code: event.NoticeDebugWait, Addresses: []string{"localhost:5005", "localhost:5006"}},
		"the JVM of the image does not start with a debug port, so each save makes a new Pod, and no debugger reaches it: cannot find agent library": {Code: event.NoticeDebugOff, Why: "cannot find agent library"},
		"waiting for 2 other services to start":                                                                                                      {Code: event.NoticeTurn, Others: 2},
		"waiting for another service to start":                                                                                                       {Code: event.NoticeTurn, Others: 1},
		"not deployed, as another tool reads it: Chart.yaml":                                                                                         {Code: event.NoticeForeign, Files: []string{"Chart.yaml"}},
		"not deployed, as other tools read them: skaffold.yaml, t.yaml":                                                                              {Code: event.NoticeForeign, Files: []string{"skaffold.yaml", "t.yaml"}},
		"what the library says": {Code: event.NoticeImageAdvice, Text: "what the library says"},
		"load: no room":         {Code: "load.full", Text: "load: no room"},
	} {
		if got := WithText(n).(event.Notice); got.Text != want {
			t.Errorf("got %q, want %q", got.Text, want)
		}
	}
}

// TestHintsOfANoticeFollowThoseOfItsError, whose list stays as it is.
func TestHintsOfANoticeFollowThoseOfItsError(t *testing.T) {
	t.Parallel()
	of := append(make([]string, 0, 2), "stop it")
	got := WithText(event.Notice{Code: event.NoticeDebugMoved, Why: "idea uses port 5005", Hints: of}).(event.Notice)
	if !slices.Equal(got.Hints, []string{"stop it", "or choose another: --debug-port PORT"}) || of[:2][1] != "" {
		t.Errorf("got %q of %q", got.Hints, of[:2])
	}
	if other := WithText(event.Mark{}); other != (event.Mark{}) {
		t.Errorf("another event became %v", other)
	}
}

// TestEveryNoticeWithoutATextHasWords makes all notices whose text only the display writes.
func TestEveryNoticeWithoutATextHasWords(t *testing.T) {
	t.Parallel()
	for code, words := range notices {
		if text, _ := words(event.Notice{Code: code, Files: []string{"a"}}); text == "" {
			t.Errorf("%s says nothing", code)
		}
	}
}
