// Package pages knows which files of a Spring Boot application the next request reads, and with which settings:
// templates, and texts in languages.
//
//	// each with its Suffix, its settings in Uncached, or why it is Kept
//	all := pages.TemplatesOf([]string{"thymeleaf-3.1.5.jar"}, set)
//	texts := pages.MessagesOf([]string{"messages.properties"}, set)
//
// Who starts the application gives it the settings. Whether a changed file needs a restart all the same is up to the
// caller, which knows the application's classes.
package pages

import (
	"fmt"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/builder/settings"
)

// Templates are the files that a template engine makes pages of.
type Templates struct {
	// Engine is its name, as in Thymeleaf.
	Engine string
	// Suffix is how the names of its files below templates/ end.
	Suffix string
	// Package is how the names of its own classes begin, as in org/thymeleaf/.
	Package string
	// Kept says why it reads a file only once, "" if it reads it at each request.
	Kept string
	// Uncached are the settings, KEY=VALUE, with which it reads its files at each request.
	Uncached []string
}

// templateEngines are those that Spring Boot sets up, by the beginning of the name of their jar. The keys are those of
// one version of Boot or another, which ignores the others. They are what spring-boot-devtools sets. FreeMarker checks
// whether a file has changed, but not within five seconds of the last time.
// https://docs.spring.io/spring-boot/reference/using/devtools.html#using.devtools.property-defaults
// https://freemarker.apache.org/docs/pgui_config_templateloading.html#autoid_42
var templateEngines = []struct {
	library string
	Templates
}{
	{"thymeleaf-", Templates{Engine: "Thymeleaf", Suffix: ".html", Package: "org/thymeleaf/",
		Uncached: []string{"spring.thymeleaf.cache=false"}}},
	{"freemarker-", Templates{Engine: "FreeMarker", Suffix: ".ftlh", Package: "freemarker/",
		Uncached: []string{"spring.freemarker.cache=false", "spring.freemarker.settings.template_update_delay=0"}}},
	{"jmustache-", Templates{Engine: "Mustache", Suffix: ".mustache", Package: "com/samskivert/mustache/",
		Uncached: []string{"spring.mustache.cache=false", "spring.mustache.servlet.cache=false"}}},
	{"groovy-templates-", Templates{Engine: "Groovy",
		Suffix: ".tpl", Package: "groovy/text/", Uncached: []string{"spring.groovy.template.cache=false",
			"spring.groovy.template.configuration.cache-templates=false"}}},
}

// TemplatesUncached is the setting with which Spring does not remember which templates there are.
const TemplatesUncached = "spring.template.provider.cache=false"

// TemplatesOf returns the template engines among libraries, given by their file names. One that a setting speaks of
// keeps its templates.
func TemplatesOf(libraries []string, set []settings.Setting) []Templates {
	var all []Templates
	for _, e := range templateEngines {
		if slices.ContainsFunc(libraries, func(name string) bool { return strings.HasPrefix(name, e.library) }) {
			e.Kept = e.whyKept(set)
			all = append(all, e.Templates)
		}
	}
	return all
}

// whyKept says which of the settings makes the engine keep its templates.
func (t Templates) whyKept(set []settings.Setting) string {
	for _, option := range append(slices.Clone(t.Uncached), TemplatesUncached) {
		if why := whySet(option, set); why != "" {
			return why
		}
	}
	return ""
}

// whySet says which of the settings gives the key of option, KEY=VALUE, another value, "" for none.
func whySet(option string, set []settings.Setting) string {
	key, value, _ := strings.Cut(option, "=")
	for _, s := range set {
		if s.Sets(key) && s.Value != value {
			return fmt.Sprintf("%s sets %s", s.Where, key)
		}
	}
	return ""
}
