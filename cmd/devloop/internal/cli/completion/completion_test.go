package completion

import (
	"path/filepath"
	"testing"

	"github.com/devloop-cli/devloop/internal/testfile"
)

// TestPlaces has a home directory, and a Homebrew with bash-completion.
func TestPlaces(t *testing.T) {
	t.Parallel()
	home, brew := t.TempDir(), t.TempDir()
	loader := filepath.Join(brew, "etc/profile.d/bash_completion.sh")
	testfile.Write(t, "", loader, "")
	for _, c := range []struct {
		shell string
		env   map[string]string
		want  string
	}{
		{"bash", nil, home + "/.local/share/bash-completion/completions/devloop"},
		{"bash", map[string]string{"XDG_DATA_HOME": "/data"}, "/data/bash-completion/completions/devloop"},
		{"bash", map[string]string{"XDG_DATA_HOME": "/data", "BASH_COMPLETION_USER_DIR": "/own"}, "/own/completions/devloop"},
		{"fish", nil, home + "/.config/fish/completions/devloop.fish"},
		{"fish", map[string]string{"XDG_CONFIG_HOME": "relative"}, home + "/.config/fish/completions/devloop.fish"},
		{"zsh", nil, ""},
		{"", nil, ""},
		{"fish", map[string]string{"HOME": ""}, ""},
	} {
		got := ""
		if places := Places(c.shell, func(name string) string {
			if value, set := c.env[name]; set {
				return value
			}
			return map[string]string{"HOME": home, "HOMEBREW_PREFIX": brew}[name]
		}); len(places) > 0 {
			got = places[0]
		}
		if got != c.want {
			t.Errorf("%s with %v: got %q, want %q", c.shell, c.env, got, c.want)
		}
	}
}

func TestEveryShellHasAScript(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if script, err := Script(shell); err != nil || len(script) == 0 {
			t.Errorf("%s: %d bytes, %v", shell, len(script), err)
		}
	}
	if _, err := Script("csh"); err == nil {
		t.Error("csh has a script")
	}
}
