// Package completion has the scripts with which shells complete devloop's commands:
//
//	devloop __complete logs we    →    web-1	Running
//
// The words behind __complete are those of the line up to the cursor, the last one unfinished or empty. A candidate is
// a line: the word, a tab, and what it is. Where there are no candidates the shell offers files.
package completion

import (
	"cmp"
	"embed"
	"os"
	"path/filepath"
	"slices"
)

//go:embed devloop.*
var scripts embed.FS

// Script returns the script for a shell: bash, zsh, fish or powershell.
func Script(shell string) ([]byte, error) { return scripts.ReadFile("devloop." + shell) }

// Places returns the files from which a shell of this machine loads the script unasked: the user's own first, then
// those of packages. There are none where its start file has to load it, as that of bash without bash-completion.
func Places(shell string, getenv func(string) string) []string {
	home, brew := getenv("HOME"), cmp.Or(getenv("HOMEBREW_PREFIX"), "/usr/local")
	dir := func(variable, otherwise string) string {
		if set := getenv(variable); filepath.IsAbs(set) {
			return set
		}
		return otherwise
	}
	switch {
	case home == "":
		return nil
	case shell == "fish": // https://fishshell.com/docs/current/completions.html#where-to-put-completions
		return []string{
			filepath.Join(dir("XDG_CONFIG_HOME", filepath.Join(home, ".config")), "fish/completions/devloop.fish"),
			"/usr/share/fish/vendor_completions.d/devloop.fish",
			filepath.Join(brew, "share/fish/vendor_completions.d/devloop.fish"),
		}
	// https://github.com/scop/bash-completion#faq
	case shell == "bash" && (exists("/usr/share/bash-completion/bash_completion") ||
		exists(filepath.Join(brew, "etc/profile.d/bash_completion.sh"))):
		return []string{
			filepath.Join(dir("BASH_COMPLETION_USER_DIR", filepath.Join(dir("XDG_DATA_HOME",
				filepath.Join(home, ".local/share")), "bash-completion")), "completions/devloop"),
			"/usr/share/bash-completion/completions/devloop",
			filepath.Join(brew, "etc/bash_completion.d/devloop"),
		}
	}
	return nil
}

// Installed returns the first of the places that has the script, "" for none.
func Installed(places []string) string {
	if i := slices.IndexFunc(places, exists); i >= 0 {
		return places[i]
	}
	return ""
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
