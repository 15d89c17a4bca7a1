package settings

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/devloop-cli/devloop/builder/jvm"
)

// defaultPort is Spring Boot's server.port.
const defaultPort = 8080

// grpcServers are the libraries that start a gRPC server, on a port of its own: the setting with it, and its default.
var grpcServers = []struct {
	library *regexp.Regexp
	setting string
	port    int
}{
	{regexp.MustCompile(`^spring-(boot-)?grpc-server`), "spring.grpc.server.port", 9090}, // Spring gRPC, Boot 4.1
	{regexp.MustCompile(`^grpc-server-spring-boot-`), "grpc.server.port", 9090},          // net.devh
	{regexp.MustCompile(`^grpc-spring-boot-starter-\d`), "grpc.port", 6565},              // io.github.lognet
}

// grpcPort returns the port of an application's gRPC server, 0 if it has none, or one of no fixed number.
func (s springSettings) grpcPort(libraries []string) int {
	for _, server := range grpcServers {
		if !slices.ContainsFunc(libraries, server.library.MatchString) {
			continue
		}
		text := s.get(server.setting)
		if text == "" {
			return server.port
		}
		number, _ := strconv.ParseUint(text, 10, 16)
		return int(number)
	}
	return 0
}

// Server is where an application listens.
type Server struct {
	// Port is what its own settings and the variables that it is given say, else Spring Boot's default. Without a web
	// server it is the port of the gRPC server, and 0 without either.
	Port int
	// ContextPath is the path below which it answers, such as "/shop"; "" for "/".
	ContextPath string
	// HTTPS means that it takes TLS there.
	HTTPS bool
}

// ServerOf returns where an application listens. read reads a file of
// its resources; libraries are those that it has, none where that is not known; env are variables, NAME=VALUE.
func ServerOf(read func(name string) ([]byte, error), libraries Libraries, env []string) Server {
	s := readSettings(read, env)
	number, _ := strconv.ParseUint(s.get("server.port"), 10, 16) // what can't be read is Spring's to say
	switch {
	case s.get("spring.main.web-application-type") == "none", s.get("server.port") == "-1":
		return Server{Port: s.grpcPort(libraries.Names)}
	case number == 0 && len(libraries.Names) > 0 && !libraries.startServer():
		return Server{Port: s.grpcPort(libraries.Names)}
	}
	contextPath := cmp.Or(s.get("server.servlet.context-path"), s.get("spring.webflux.base-path"))
	contextPath = strings.TrimRight(contextPath, "/")
	if !plainPath.MatchString(contextPath) {
		contextPath = ""
	}
	return Server{Port: cmp.Or(int(number), defaultPort), ContextPath: contextPath, HTTPS: s.https()}
}

// https reports whether the web server takes TLS: any of its settings turns that on, and one turns it off.
func (s springSettings) https() bool {
	for key := range s.values {
		if strings.HasPrefix(key, "serverssl") {
			return s.get("server.ssl.enabled") != "false"
		}
	}
	return false
}

// plainPath matches a path without placeholders and escapes.
var plainPath = regexp.MustCompile(`^(?:/[\w.~-]+)+$`)

// springSettings are the settings of an application's files and of its environment, by relaxed keys.
type springSettings struct{ values, environment map[string]string }

// get returns a setting, "" if it is unknown.
func (s springSettings) get(key string) string {
	left := maxPlaceholders
	return s.resolve(s.values[relaxed(key)], &left)
}

// maxPlaceholders limits the work for one setting: settings can refer to themselves, and to each other many times.
const maxPlaceholders = 100

// resolve replaces placeholders, one in another too: ${PORT}, ${PORT:8080}, ${PORT:${OTHER:8080}}. Unknown ones stay.
func (s springSettings) resolve(value string, left *int) string {
	begin := strings.Index(value, "${")
	if begin < 0 || *left == 0 {
		return value
	}
	*left--
	end := closing(value[begin:])
	if end < 0 {
		return value
	}
	name, otherwise, has := strings.Cut(value[begin+2:begin+end], ":")
	if strings.Contains(name, "${") { // the name has placeholders itself, and maybe they have colons
		return value
	}
	found, known := s.values[relaxed(name)]
	switch {
	case known:
	case has:
		found = otherwise
	default:
		return value[:begin+end+1] + s.resolve(value[begin+end+1:], left)
	}
	return value[:begin] + s.resolve(found, left) + s.resolve(value[begin+end+1:], left)
}

// closing returns the index of the brace that ends the placeholder at the beginning of text, -1 if it is not closed.
func closing(text string) int {
	for i, depth := 0, 0; i < len(text); i++ {
		switch {
		case strings.HasPrefix(text[i:], "${"):
			depth++
		case text[i] == '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// readSettings reads the files in Spring Boot's order: later values override earlier ones.
// https://docs.spring.io/spring-boot/reference/features/external-config.html#features.external-config.files
func readSettings(read func(name string) ([]byte, error), env []string) springSettings {
	s := springSettings{values: map[string]string{}, environment: environmentOf(env)}
	maps.Copy(s.values, s.environment)
	s.add(read, "", nil)
	profiles := s.profiles()
	s.values = maps.Clone(s.environment)
	s.add(read, "", profiles)
	for _, p := range profiles {
		s.add(read, "-"+p, profiles)
	}
	return s
}

// Environment returns a setting that variables, NAME=VALUE, make; "" if they do not.
func Environment(env []string, key string) string { return environmentOf(env)[relaxed(key)] }

// environmentOf returns settings of variables: by name, as system properties for a JVM, and SPRING_APPLICATION_JSON.
func environmentOf(env []string) map[string]string {
	settings := map[string]string{}
	for _, variable := range env {
		name, value, _ := strings.Cut(variable, "=")
		settings[relaxed(name)] = value
		switch {
		case slices.Contains(jvm.OptionVariables, name):
			for _, option := range strings.Fields(value) {
				if key, value, found := strings.Cut(strings.TrimPrefix(option, "-D"), "="); found &&
					strings.HasPrefix(option, "-D") {
					settings[relaxed(key)] = value
				}
			}
		case name == "SPRING_APPLICATION_JSON":
			maps.Copy(settings, relaxedKeys(yamlValues([]byte(value))))
		}
	}
	return settings
}

// profiles returns the active ones, each once, later over earlier ones, without those that a profile's file includes.
func (s springSettings) profiles() []string {
	active := s.list("spring.profiles.active")
	if len(active) == 0 {
		active = s.list("spring.profiles.default")
	}
	if len(active) == 0 {
		active = []string{"default"}
	}
	var all []string
	var add func(names []string)
	add = func(list []string) {
		for _, name := range list {
			if !slices.Contains(all, name) {
				all = append(all, name)
				add(s.list("spring.profiles.group." + name))
			}
		}
	}
	add(append(s.list("spring.profiles.include"), active...))
	return all
}

// list returns a setting that may have several values: between commas, or as yamlValues writes a list.
func (s springSettings) list(key string) []string {
	return strings.FieldsFunc(s.get(key), func(r rune) bool { return strings.ContainsRune(", []", r) })
}

// add reads the files of a profile: those in config/ come after those beside it, and properties after YAML.
// Only those documents count that hold in the active profiles.
func (s springSettings) add(read func(name string) ([]byte, error), suffix string, active []string) {
	for _, dir := range []string{"", "config/"} {
		for _, kind := range []string{".yml", ".yaml", ".properties"} {
			name := dir + "application" + suffix + kind
			text, err := read(name)
			if err != nil {
				continue
			}
			for _, values := range documentsOf(name, text) {
				if holds(values, active) {
					maps.Copy(s.values, values)
					maps.Copy(s.values, s.environment)
				}
			}
		}
	}
}

// propertiesDocument matches what stands between two documents of a properties file.
var propertiesDocument = regexp.MustCompile(`(?m)^[#!]---\s*$`)

// documentsOf returns the settings of each document in a file, by relaxed keys. What follows a mistake is left out.
func documentsOf(name string, text []byte) []map[string]string {
	var all []map[string]string
	if strings.HasSuffix(name, ".properties") {
		for _, part := range propertiesDocument.Split(string(text), -1) {
			all = append(all, relaxedKeys(ParseProperties([]byte(part))))
		}
		return all
	}
	for _, document := range yamlDocuments(text) {
		values := map[string]string{}
		flatten(values, "", document)
		all = append(all, relaxedKeys(values))
	}
	return all
}

func relaxedKeys(values map[string]string) map[string]string {
	plain := map[string]string{}
	for key, value := range values {
		plain[relaxed(key)] = value
	}
	return plain
}

// holds says whether a document holds in a Pod, with these profiles.
// https://docs.spring.io/spring-boot/reference/features/external-config.html#features.external-config.files.activation-properties
func holds(values map[string]string, active []string) bool {
	if platform := values["springconfigactivateoncloudplatform"]; platform != "" &&
		!strings.EqualFold(platform, "kubernetes") {
		return false
	}
	for _, key := range []string{"springconfigactivateonprofile", "springprofiles"} {
		if condition, there := values[key]; there && !matchesProfiles(condition, active) {
			return false
		}
	}
	return true
}

// matchesProfiles evaluates a condition such as "dev, !cloud & eu". One with parentheses holds nowhere.
func matchesProfiles(condition string, active []string) bool {
	condition = strings.Trim(strings.TrimSpace(condition), "[]")
	for _, one := range strings.FieldsFunc(condition, func(r rune) bool { return r == ',' || r == '|' }) {
		all := true
		for _, name := range strings.Split(one, "&") {
			name, not := strings.CutPrefix(strings.TrimSpace(name), "!")
			all = all && slices.Contains(active, name) != not
		}
		if all {
			return true
		}
	}
	return false
}
