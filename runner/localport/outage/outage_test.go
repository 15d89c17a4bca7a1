package outage

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestPageIsInTheLanguageOfTheSession: the reason, the hints and what the page says itself. Evidence is another
// program's.
func TestPageIsInTheLanguageOfTheSession(t *testing.T) {
	t.Parallel()
	korean := strings.NewReplacer("it does not compile", "컴파일되지 않습니다", "mend it", "고치세요", "devloop holds this port.",
		"devloop가 이 포트를 쓰고 있습니다.").Replace
	u := &Unavailable{Reason: "it does not compile", Evidence: []string{"mend it"}, Hints: []string{"mend it"}}
	request := httptest.NewRequest(http.MethodGet, "http://localhost:8080", http.NoBody)
	request.Header.Set("Accept", "text/html")
	for _, c := range []struct {
		status *Status
		want   []string
	}{
		{nil, []string{`<html lang="en">`, "<h1>it does not compile</h1>", "<li>mend it</li>", "devloop holds this port."}},
		{&Status{Language: "ko", Say: korean}, []string{`<html lang="ko">`, "<h1>컴파일되지 않습니다</h1>", "<pre>mend it\n", "<li>고치세요</li>", "devloop가 이 포트를 쓰고 있습니다."}},
	} {
		w := httptest.NewRecorder()
		u.Write(w, request, http.StatusServiceUnavailable, c.status)
		for _, want := range c.want {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("%q is missing in\n%s", want, w.Body)
			}
		}
	}
}
