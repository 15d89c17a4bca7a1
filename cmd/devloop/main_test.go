package main

import "testing"

func TestNamesOfFilesAreUTF8WhereTheUserHasNoLocale(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		system, all, ctype, lang, want string
	}{
		{"linux", "", "", "", "LC_CTYPE"},
		{"linux", "C", "", "ko_KR.UTF-8", "LC_ALL"},
		{"linux", "", "POSIX", "", "LC_CTYPE"},
		{"linux", "", "", "ko_KR.UTF-8", ""},
		{"linux", "", "de_DE.ISO-8859-1", "", ""},
		{"darwin", "", "", "", ""}, // file names are UTF-8 there
	} {
		environment := map[string]string{"LC_ALL": c.all, "LC_CTYPE": c.ctype, "LANG": c.lang}
		if got := unsetLocale(c.system, func(name string) string { return environment[name] }); got != c.want {
			t.Errorf("%+v: got %q", c, got)
		}
	}
}
