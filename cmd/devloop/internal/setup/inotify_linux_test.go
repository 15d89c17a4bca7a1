package setup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// TestLimitsAreRaisedNowAndForGood works on a copy of /proc/sys.
func TestLimitsAreRaisedNowAndForGood(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root is let raise limits")
	}
	proc, conf := t.TempDir(), filepath.Join(t.TempDir(), "60-devloop.conf")
	must.Do(t, os.MkdirAll(proc+"/fs/inotify", 0o755))
	for name, value := range map[string]string{"max_user_watches": "8", "max_user_instances": "256"} {
		testfile.Write(t, proc, filepath.Join("fs/inotify", name), value+"\n")
	}
	s := inotify(proc, conf)
	if _, err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "max_user_watches=8") {
		t.Fatalf("got %v", err)
	}
	fix := s.Fix(nil)
	if fix.Change != "set fs.inotify.max_user_watches=524288" {
		t.Errorf("asked %q", fix.Change)
	}
	must.Do(t, fix.Run(t.Context()))
	evidence, err := s.Check(t.Context())
	if err != nil || evidence != "fs.inotify.max_user_watches=524288, fs.inotify.max_user_instances=256" {
		t.Errorf("got %q, %v", evidence, err)
	}
	text, err := os.ReadFile(conf)
	if err != nil || string(text) != "# written by devloop setup\nfs.inotify.max_user_watches=524288\n" {
		t.Errorf("got %q, %v", text, err)
	}
}
