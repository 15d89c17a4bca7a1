package image

import (
	"io"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/ociimage"
	"github.com/devloop-cli/devloop/builder/pages"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/must"
)

// templatesFor returns what an image for changes says of its templates, and its JVM's properties.
func templatesFor(t *testing.T, without []string, more ...file) (kept map[string]string, options string) {
	t.Helper()
	m := New(baseEngine(t), Options{CacheDir: t.TempDir(), Develop: true, Without: without})
	// they would not name more
	files := slices.DeleteFunc(bootFiles(), func(f file) bool { return strings.HasSuffix(f[0], ".idx") })
	img := must.Get(m.Image(t.Context(), appOf(t, append(files, more...)), io.Discard))(t)
	kept = map[string]string{}
	for _, e := range img.Report.Templates {
		kept[e.Engine] = e.Kept
	}
	var all []string
	for _, o := range img.Report.Options {
		all = append(all, o.Text)
	}
	return kept, strings.Join(slices.DeleteFunc(all,
		func(o string) bool { return !strings.HasPrefix(o, "-D") || o == "-Duser.home=/app" }), " ")
}

func TestTemplatesAreReadAtEachRequestUnlessTheProjectSaysOtherwise(t *testing.T) {
	const pages, which = "-Dspring.web.resources.cache.use-last-modified=false",
		" -Dspring.template.provider.cache=false"
	const thymeleaf, freemarker = " -Dspring.thymeleaf.cache=false",
		" -Dspring.freemarker.cache=false -Dspring.freemarker.settings.template_update_delay=0"
	libs := []file{{"BOOT-INF/lib/thymeleaf-3.1.5.jar", "a"}, {"BOOT-INF/lib/freemarker-2.3.jar", "b"}}
	for name, c := range map[string]struct {
		files   []file
		without []string
		kept    map[string]string
		options string
	}{
		"no engine":   {nil, nil, map[string]string{}, pages},
		"two engines": {libs, nil, map[string]string{"Thymeleaf": "", "FreeMarker": ""}, pages + thymeleaf + freemarker + which},
		"left out":    {libs, []string{"fresh-pages"}, map[string]string{"Thymeleaf": "asked for by --without fresh-pages", "FreeMarker": "asked for by --without fresh-pages"}, ""},
		"set in YAML, for a profile": {append(libs, file{"BOOT-INF/classes/config/application-prod.yml", "a: b\n---\nspring:\n  Thymeleaf: {cache: true}\n"}), nil,
			map[string]string{"Thymeleaf": "config/application-prod.yml sets spring.thymeleaf.cache", "FreeMarker": ""},
			pages + freemarker + which},
		"set to what it is set to": {append(libs, file{"BOOT-INF/classes/application-dev.properties", "spring.thymeleaf.cache=false\n"}), nil,
			map[string]string{"Thymeleaf": "", "FreeMarker": ""}, pages + thymeleaf + freemarker + which},
		"written in another way": {append(libs, file{"BOOT-INF/classes/application-dev.properties", "spring.free-marker.settings[template_update_delay] = 5\n"}), nil,
			map[string]string{"Thymeleaf": "",
				"FreeMarker": "application-dev.properties sets spring.freemarker.settings.template_update_delay"},
			pages + thymeleaf + which},
		"for all engines": {append(libs, file{"BOOT-INF/classes/application-dev.properties", "spring.template.provider.cache=true\n"}), nil,
			map[string]string{"Thymeleaf": "application-dev.properties sets spring.template.provider.cache",
				"FreeMarker": "application-dev.properties sets spring.template.provider.cache"}, pages},
	} {
		t.Run(name, func(t *testing.T) {
			kept, options := templatesFor(t, c.without, c.files...)
			if len(kept) != len(c.kept) || options != c.options {
				t.Errorf("got %v, %s", kept, options)
			}
			for engine, why := range c.kept {
				if kept[engine] != why {
					t.Errorf("%s: kept %q, want %q", engine, kept[engine], why)
				}
			}
		})
	}
}

func TestTextsAreReadAtEachRequestUnlessTheProjectSaysOtherwise(t *testing.T) {
	const fresh = " -Dspring.messages.cache-duration=0s"
	const texts, mine = "BOOT-INF/classes/messages.properties", "BOOT-INF/classes/i18n/web.properties"
	for name, c := range map[string]struct {
		files   []file
		options string
	}{
		"none":           {nil, ""},
		"default":        {[]file{{texts, ""}}, fresh},
		"language alone": {[]file{{"BOOT-INF/classes/messages_de.properties", ""}}, ""},
		"named":          {[]file{{mine, ""}, {"BOOT-INF/classes/application.yaml", "spring: {messages: {basename: i18n/web}}"}}, fresh},
		"a list":         {[]file{{mine, ""}, {"BOOT-INF/classes/application.yaml", "spring: {messages: {basename: [i18n.common, i18n.web]}}"}}, fresh},
		"not named":      {[]file{{texts, ""}, {"BOOT-INF/classes/application-web.properties", "spring.messages.basename=i18n/common,i18n/web"}}, ""},
		"kept":           {[]file{{texts, ""}, {"BOOT-INF/classes/application-web.properties", "spring.messages.cacheDuration=-1"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, options := templatesFor(t, nil, c.files...)
			if _, found, _ := strings.Cut(options, "use-last-modified=false"); found != c.options {
				t.Errorf("got %s", options)
			}
		})
	}
}

func TestDevtoolsDoNotRestartByThemselves(t *testing.T) {
	_, options := templatesFor(t, nil, file{"BOOT-INF/lib/spring-boot-devtools-4.1.2.jar", "a"})
	if !strings.Contains(options, "-Dspring.devtools.restart.enabled=false") {
		t.Errorf("it starts with %s", options)
	}
}

func TestNettyEndsAtOnce(t *testing.T) {
	const option, quiet = "reactor.netty.ioShutdownQuietPeriod", "-Dreactor.netty.ioShutdownQuietPeriod=0"
	netty := file{"BOOT-INF/lib/reactor-netty-core-1.3.5.jar", "a"}
	if _, options := templatesFor(t, nil, netty); !strings.Contains(options, quiet) {
		t.Errorf("it starts with %s", options)
	}
	if _, options := templatesFor(t, []string{"restart"}, netty); strings.Contains(options, option) {
		t.Errorf("without restarts it starts with %s", options)
	}
	if _, options := templatesFor(t, nil); strings.Contains(options, option) {
		t.Errorf("without Netty it starts with %s", options)
	}
}

func TestTemplatesAreAsTheImageStartsTheApplication(t *testing.T) {
	config := &v1.ConfigFile{Config: v1.Config{Env: []string{"PATH=/bin", "SPRING_GROOVY_TEMPLATE_CACHE=true"}}}
	c := &composer{base: &ociimage.Image{Config: config}, on: &dockerfileBase{java: []string{"java", "-Xmx1g",
		"-Dspring.thymeleaf.cache=true"}, args: []string{"app.jar", "--spring.freemarker.cache=true"}}}
	set := must.Get(c.settings(&springboot.Files{}))(t)
	libraries := []string{"thymeleaf-3.jar", "freemarker-2.jar", "groovy-templates-4.jar"}
	for _, e := range pages.TemplatesOf(libraries, set) {
		want := map[string]string{"Thymeleaf": "the Dockerfile's command sets spring.thymeleaf.cache",
			"FreeMarker": "the Dockerfile's command sets spring.freemarker.cache",
			"Groovy":     "the image's environment sets spring.groovy.template.cache"}[e.Engine]
		if got := e.Kept; got != want {
			t.Errorf("%s: kept %q, want %q", e.Engine, got, want)
		}
	}
}
