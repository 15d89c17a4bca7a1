package settings

import (
	"strings"
	"testing"
)

// TestLongLines: a token or a certificate may make a line of any length, and what stands below it counts.
func TestLongLines(t *testing.T) {
	t.Parallel()
	values := ParseProperties([]byte("#a=1\r\nkey = " + strings.Repeat("x", 1<<20) + "\r\nserver.port: 9090"))
	if len(values) != 2 || len(values["key"]) != 1<<20 || values["server.port"] != "9090" {
		t.Errorf("%d values, port %q", len(values), values["server.port"])
	}
}
