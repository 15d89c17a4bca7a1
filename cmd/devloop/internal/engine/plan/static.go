package plan

import (
	"bytes"
	"slices"
	"strings"
)

// Templates are the files below templates/ that a template engine makes pages of.
type Templates struct {
	// Engine is its name, as in Thymeleaf.
	Engine string
	// Suffix is how the names of its files end.
	Suffix string
	// Package is how the names of its own classes begin, as in org/thymeleaf/.
	Package string
	// Kept says why it reads a file only once, "" where it reads it at each request.
	Kept string
}

// staticDirs are the directories from which Spring serves files as they are at the request:
// https://docs.spring.io/spring-boot/reference/web/servlet.html#web.servlet.spring-mvc.static-content
var staticDirs = []string{"static/", "public/", "resources/", "META-INF/resources/"}

// templateDir is where Spring Boot's template engines look.
const templateDir = "templates/"

// isStatic says whether a file is served as it is.
func isStatic(path string) bool {
	return slices.ContainsFunc(staticDirs, func(dir string) bool { return strings.HasPrefix(path, dir) })
}

// templatesOf returns the engine of a file, where it has one.
func (r Running) templatesOf(path string) (Templates, bool) {
	i := slices.IndexFunc(r.Templates, func(t Templates) bool {
		return strings.HasPrefix(path, templateDir) && strings.HasSuffix(path, t.Suffix)
	})
	if i < 0 {
		return Templates{}, false
	}
	return r.Templates[i], true
}

// whyNotStatic says why a page that changed needs a restart, "" where the next request reads it.
// What an application sets up may keep them: a chain of resolvers, by settings or by code.
func whyNotStatic(before, after State, path string) string {
	if why := whyWelcome(before, after, path, "/index.html"); why != "" {
		return why
	}
	for name, text := range after.files {
		settings := strings.HasPrefix(name, "application") && bytes.Contains(text, []byte("chain"))
		if settings || strings.HasSuffix(name, ".class") && bytes.Contains(text, []byte("resourceChain")) {
			return path + " may be kept, as " + name + " has a resource chain"
		}
	}
	return ""
}

// whyNotTemplate says why a template that changed needs a restart, "" where the next request
// reads it. Whoever in the application speaks to the engine, or of its files, may keep what
// it got.
func whyNotTemplate(before, after State, path string, t Templates) string {
	if t.Kept != "" {
		return path + " is read only once: " + t.Kept
	}
	if why := whyWelcome(before, after, path, "/index"+t.Suffix); why != "" {
		return why
	}
	for _, name := range sorted(after.files) {
		class, isClass := strings.CutSuffix(name, ".class")
		if isClass && (bytes.Contains(after.files[name], []byte(t.Package)) || bytes.Contains(after.files[name], []byte(templateDir))) {
			return path + " may be kept, as " + strings.ReplaceAll(class, "/", ".") + " works with " + t.Engine
		}
	}
	return ""
}

// whyWelcome says why a page that came or went needs a restart: Spring looks at start whether
// there is one for /.
func whyWelcome(before, after State, path, name string) string {
	_, was := before.files[path]
	_, is := after.files[path]
	if was != is && strings.HasSuffix(path, name) {
		return "a welcome page is looked for at start"
	}
	return ""
}
