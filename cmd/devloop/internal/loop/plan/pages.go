package plan

import (
	"bytes"
	"slices"
	"strings"
)

// pageDirs are the directories from which Spring serves files as they are at the request:
// https://docs.spring.io/spring-boot/reference/web/servlet.html#web.servlet.spring-mvc.static-content
var pageDirs = []string{"static/", "public/", "resources/", "META-INF/resources/"}

// isPage says whether a file is read at the request.
func isPage(path string) bool {
	return slices.ContainsFunc(pageDirs, func(dir string) bool { return strings.HasPrefix(path, dir) })
}

// whyNoPage says why a page that changed needs a restart, "" where the next request reads it.
// What an application sets up may keep them: a chain of resolvers, by settings or by code.
func whyNoPage(before, after State, path string) string {
	_, was := before.own[path]
	_, is := after.own[path]
	if was != is && strings.HasSuffix(path, "/index.html") {
		return "a welcome page is looked for at start"
	}
	for name, text := range after.own {
		settings := strings.HasPrefix(name, "application") && bytes.Contains(text, []byte("chain"))
		if settings || strings.HasSuffix(name, ".class") && bytes.Contains(text, []byte("resourceChain")) {
			return path + " may be kept, as " + name + " has a resource chain"
		}
	}
	return ""
}
