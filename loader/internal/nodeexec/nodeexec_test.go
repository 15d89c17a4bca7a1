package nodeexec

import (
	"strings"
	"testing"
)

func TestTailKeepsTheEnd(t *testing.T) {
	t.Parallel()
	var kept tail
	for range 500 {
		_, _ = kept.Write([]byte(strings.Repeat("x", 99) + "\n"))
	}
	_, _ = kept.Write([]byte("level=warning msg=\"DEPRECATION: old\"\nctr: no space left on device\n\n"))
	lines := kept.lines()
	if len(kept.kept) > 16<<10 || len(lines) != 10 || lines[9] != "ctr: no space left on device" {
		t.Errorf("%d bytes kept; lines %q", len(kept.kept), lines)
	}
}
