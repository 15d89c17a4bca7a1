package builder

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// defaultPort is Spring Boot's server.port.
const defaultPort = 8080

// server matches the names of libraries that an application may listen with. Without one Spring Boot
// makes no web application
// (https://docs.spring.io/spring-boot/reference/features/spring-application.html#features.spring-application.web-environment).
var server = regexp.MustCompile(`(?i)web|tomcat|jetty|undertow|netty|vertx|grpc|servlet|http`)

// otherwise matches a setting of which only the second part is known: ${PORT:8080}.
var otherwise = regexp.MustCompile(`^\$\{[^:{}]+:([^{}]*)\}$`)

// listens returns the port that an application listens on: what its own settings plainly say, else
// Spring Boot's own, and 0 where it is no server; and the path below which it answers, "" for "/".
// read reads a file of its resources; libraries are the names of those that it has, none where
// that is not known.
func listens(read func(name string) ([]byte, error), libraries []string) (port int, base string) {
	settings := plainSettings(read)
	setting := func(key string) string {
		value := settings[relaxed(key)]
		if m := otherwise.FindStringSubmatch(value); m != nil {
			return m[1]
		}
		return value
	}
	number, _ := strconv.ParseUint(setting("server.port"), 10, 16) // what can't be read is Spring's to say
	switch {
	case setting("spring.main.web-application-type") == "none", setting("server.port") == "-1":
		return 0, ""
	case number == 0 && len(libraries) > 0 && !slices.ContainsFunc(libraries, server.MatchString):
		return 0, ""
	}
	base = strings.TrimRight(cmp.Or(setting("server.servlet.context-path"), setting("spring.webflux.base-path")), "/")
	if !plainPath.MatchString(base) {
		base = ""
	}
	return cmp.Or(int(number), defaultPort), base
}

// plainPath matches a path that needs neither Spring nor a browser to make something of it.
var plainPath = regexp.MustCompile(`^(?:/[\w.~-]+)+$`)

// document matches what stands between two documents of a file of settings, which may be of different
// profiles
// (https://docs.spring.io/spring-boot/reference/features/external-config.html#features.external-config.files.multi-document).
var document = regexp.MustCompile(`(?m)^(?:---|#---|!---)\s*$`)

// conditional matches a key, in its relaxed form, that makes a document one of certain profiles.
var conditional = regexp.MustCompile(`^spring(?:configactivate.*|profiles)$`)

// plainSettings reads those of the application's settings that hold in every profile, by their relaxed
// keys. Of the two forms properties come first.
func plainSettings(read func(name string) ([]byte, error)) map[string]string {
	settings := map[string]string{}
	for _, name := range []string{"application.yml", "application.yaml", "application.properties"} {
		text, err := read(name)
		if err != nil {
			continue
		}
		for _, part := range document.Split(string(text), -1) {
			plain := map[string]string{}
			for key, value := range valuesOf(name, []byte(part)) {
				plain[relaxed(key)] = value
			}
			if !slices.ContainsFunc(slices.Collect(maps.Keys(plain)), conditional.MatchString) {
				maps.Copy(settings, plain)
			}
		}
	}
	return settings
}

// Port returns the port that the application will listen on, as far as its sources
// tell before they are built: the plain server.port of its settings, else Spring
// Boot's own; 0 where they say that it is no server.
func (p *Project) Port() int {
	resources := filepath.Join(p.moduleDir(), "src", "main", "resources")
	port, _ := listens(func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(resources, name)) }, nil)
	return port
}
