package plan

import (
	"bytes"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/builder/pages"
)

// templateDir is where Spring Boot's template engines look.
const templateDir = "templates/"

// settingsPrefix begins the names of the files with Spring Boot's settings.
const settingsPrefix = "application"

// templatesOf returns the engine of a template, and false for another file.
func (r Running) templatesOf(path string) (pages.Templates, bool) {
	i := slices.IndexFunc(r.Templates, func(t pages.Templates) bool {
		return strings.HasPrefix(path, templateDir) && strings.HasSuffix(path, t.Suffix)
	})
	if i < 0 {
		return pages.Templates{}, false
	}
	return r.Templates[i], true
}

// whyNotStatic says why a changed page needs a restart, "" if the next request reads it. A chain of
// resource resolvers, which an application sets up by settings or by code, may cache pages.
func whyNotStatic(before, after State, path string) string {
	if why := whyWelcome(before, after, path, "/index.html"); why != "" {
		return why
	}
	for name, text := range after.files {
		settings := strings.HasPrefix(name, settingsPrefix) && bytes.Contains(text, []byte("chain"))
		if settings || strings.HasSuffix(name, ".class") && bytes.Contains(text, []byte("resourceChain")) {
			return path + " may be kept, as " + name + " has a resource chain"
		}
	}
	return ""
}

// whyNotTemplate says why a changed template needs a restart, "" if the next request reads it. Code
// that uses the engine, or names its files, may cache results.
func whyNotTemplate(before, after State, path string, t pages.Templates) string {
	if t.Kept != "" {
		return path + " is read only once: " + t.Kept
	}
	if why := whyWelcome(before, after, path, "/index"+t.Suffix); why != "" {
		return why
	}
	for _, name := range sorted(after.files) {
		class, isClass := strings.CutSuffix(name, ".class")
		if isClass && (bytes.Contains(after.files[name], []byte(t.Package)) ||
			bytes.Contains(after.files[name], []byte(templateDir))) {
			return path + " may be kept, as " + strings.ReplaceAll(class, "/", ".") + " works with " + t.Engine
		}
	}
	return ""
}

// whyWelcome says why a page that is new or deleted needs a restart: Spring looks for the page of / at startup only.
func whyWelcome(before, after State, path, name string) string {
	_, was := before.sums.Of(path)
	_, is := after.sums.Of(path)
	if was != is && strings.HasSuffix(path, name) {
		return "a welcome page is looked for at start"
	}
	return ""
}
