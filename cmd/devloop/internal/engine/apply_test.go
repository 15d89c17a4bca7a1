package engine

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestExplainKeepsSecrets: what --explain prints is pasted into issues.
func TestExplainKeepsSecrets(t *testing.T) {
	t.Parallel()
	l, r := newTestSession(&fakes{quick: true}, func(c *Config) { c.Explain, c.Target.Env = true, []string{"DB_PASSWORD=hunter2"} })
	if err := l.Deploy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	said, err := json.Marshal(r.events)
	if err != nil || !strings.Contains(string(said), "the application's variable DB_PASSWORD") || strings.Contains(string(said), "hunter2") {
		t.Errorf("got %v, %s", err, said)
	}
}
