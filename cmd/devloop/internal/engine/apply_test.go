package engine

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/internal/must"
)

// TestExplainKeepsSecrets: what --explain prints is pasted into issues.
func TestExplainKeepsSecrets(t *testing.T) {
	t.Parallel()
	l, r := newTestSession(&fakes{quick: true},
		func(c *Config) { c.Explain, c.Target.Env = true, []string{"DB_PASSWORD=hunter2"} })
	must.Do(t, l.Deploy(t.Context()))
	must.Do(t, l.Close())
	said, err := json.Marshal(r.events)
	if err != nil || !strings.Contains(string(said), "the application's variable DB_PASSWORD") ||
		strings.Contains(string(said), "hunter2") {
		t.Errorf("got %v, %s", err, said)
	}
}
