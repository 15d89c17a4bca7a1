package builder

import (
	"fmt"
	"slices"
	"strings"
)

// In an image that can be changed while it runs, the template engines of Spring Boot are told
// to read each template at each request, as spring-boot-devtools tells them: a page that
// was changed is then there without a restart.
// https://docs.spring.io/spring-boot/reference/using/devtools.html#using.devtools.property-defaults

// Templates are the files that one engine makes pages of.
type Templates struct {
	// Engine is its name, as in Thymeleaf.
	Engine string
	// Suffix is how the names of its files below templates/ end.
	Suffix string
	// Package is how the names of its own classes begin, as in org/thymeleaf/.
	Package string
	// Kept says why it reads a file only once, "" where it reads it at each request.
	Kept string
}

// templateEngine is one that Spring Boot sets up.
type templateEngine struct {
	Templates
	library string   // how the name of its jar begins
	options []string // KEY=VALUE: settings with which it reads its files at each request
}

// engines are those that Spring Boot sets up; the keys are those of its settings in one
// version or another, which ignores the others. FreeMarker looks by itself whether a file has
// changed, but not within five seconds of the last time.
// https://docs.spring.io/spring-boot/appendix/application-properties/#appendix.application-properties.templating
// https://freemarker.apache.org/docs/pgui_config_templateloading.html#autoid_42
var engines = []templateEngine{
	{Templates{Engine: "Thymeleaf", Suffix: ".html", Package: "org/thymeleaf/"}, "thymeleaf-", []string{"spring.thymeleaf.cache=false"}},
	{Templates{Engine: "FreeMarker", Suffix: ".ftlh", Package: "freemarker/"}, "freemarker-", []string{"spring.freemarker.cache=false", "spring.freemarker.settings.template_update_delay=0"}},
	{Templates{Engine: "Mustache", Suffix: ".mustache", Package: "com/samskivert/mustache/"}, "jmustache-", []string{"spring.mustache.cache=false", "spring.mustache.servlet.cache=false"}},
	{Templates{Engine: "Groovy", Suffix: ".tpl", Package: "groovy/text/"}, "groovy-templates-", []string{"spring.groovy.template.cache=false", "spring.groovy.template.configuration.cache-templates=false"}},
}

// whichTemplates has Spring forget which templates there are.
const whichTemplates = "spring.template.provider.cache=false"

// templates returns what the application's engines do with their files, and the options by
// which they do it. One that the project's own settings speak of is left as it is.
func (j *job) templates(base *content, files *appFiles) ([]Templates, []Option, error) {
	set, err := j.settings(base, files)
	if err != nil {
		return nil, nil, err
	}
	var all []Templates
	var options []Option
	for _, e := range engines {
		if !slices.ContainsFunc(files.libs, func(l library) bool { return strings.HasPrefix(l.name, e.library) }) {
			continue
		}
		if e.Kept = e.whyKept(set); slices.Contains(j.without, freshPages.Lever) {
			e.Kept = "asked for by --without " + freshPages.Lever
		}
		all = append(all, e.Templates)
		if e.Kept == "" {
			for _, o := range e.options {
				options = append(options, Option{freshPages.Lever, "-D" + o, e.Engine + " reads a template at each request"})
			}
		}
	}
	if len(options) > 0 {
		options = append(options, Option{freshPages.Lever, "-D" + whichTemplates, "a template may come or go"})
	}
	return all, options, nil
}

// whyKept says which of the project's settings has the engine keep its templates.
func (e templateEngine) whyKept(set []setting) string {
	for _, o := range append(slices.Clone(e.options), whichTemplates) {
		key, value, _ := strings.Cut(o, "=")
		for _, s := range set {
			if s.key == relaxed(key) && s.value != value {
				return fmt.Sprintf("%s sets %s", s.file, key)
			}
		}
	}
	return ""
}
