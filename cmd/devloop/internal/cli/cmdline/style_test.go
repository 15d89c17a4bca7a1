package cmdline

import "testing"

func TestColoursAndLinks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		flag            string
		terminal        bool
		env             map[string]string
		colours, linked bool
	}{
		"terminal":                    {"auto", true, nil, true, true},
		"pipe":                        {"auto", false, nil, false, false},
		"pipe, always":                {"always", false, map[string]string{"NO_COLOR": "1"}, true, false},
		"terminal, never":             {"never", true, map[string]string{"CLICOLOR_FORCE": "1"}, false, true},
		"NO_COLOR":                    {"auto", true, map[string]string{"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, false, true},
		"pipe, CLICOLOR_FORCE":        {"auto", false, map[string]string{"CLICOLOR_FORCE": "1"}, true, false},
		"pipe, CLICOLOR_FORCE=0":      {"auto", false, map[string]string{"CLICOLOR_FORCE": "0"}, false, false},
		"terminal, FORCE_HYPERLINK=0": {"auto", true, map[string]string{"FORCE_HYPERLINK": "0"}, true, false},
		"pipe, FORCE_HYPERLINK":       {"auto", false, map[string]string{"FORCE_HYPERLINK": "1"}, false, true},
		"Linux's console":             {"auto", true, map[string]string{"TERM": "linux"}, true, false},
	} {
		getenv := func(name string) string { return c.env[name] }
		if got := colours(c.flag, c.terminal, getenv); got != c.colours {
			t.Errorf("%s: colours %v", name, got)
		}
		if got := links(c.terminal, getenv); got != c.linked {
			t.Errorf("%s: links %v", name, got)
		}
	}
}
