// Package optimization has the options with which devloop's JVMs start and change sooner, and their names:
//
//	devloop run --without archive,serial-gc
//
// Which of them an image gets is decided in package image.
package optimization

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Option is a JVM option.
type Option struct {
	// Optimization is the name by which a user leaves it out, "" if that is impossible.
	Optimization string
	// Text is the option itself.
	Text string
	// Why is a clause that says what it is for.
	Why string
}

// The optimizations that are more than an option.
const (
	// Archive is the archive of the dependencies' classes.
	Archive = "archive"
	// Restart is the supervisor.
	Restart = "restart"
	// Swap lets the JVM take changed methods. It needs the supervisor.
	Swap = "hot-swap"
	// Spare is a JVM that is started ahead of a restart. It needs the supervisor.
	Spare = "spare"
)

// QuickStart are options for development, with which a Boot application starts in half the time.
// They do not change what it does: on a small machine the JVM makes the same choices.
var QuickStart = []Option{
	{"quick-compiler", "-XX:TieredStopAtLevel=1",
		"compiles quickly instead of thoroughly: a start needs the machine for the application itself"},
	{"serial-gc", "-XX:+UseSerialGC", "collects garbage with one thread, which starts sooner and takes less memory"},
}

// AddMethods has a JVM take new private methods and lambdas in a hot swap. HotSpot has the option
// from JDK 8 to at least lastWithAddMethods. A JVM that does not know an option does not start.
const (
	AddMethods         = "-XX:+AllowRedefinitionToAddDeleteMethods"
	lastWithAddMethods = 25
)

// newMethods are the options for AddMethods. Since JDK 13 the JVM warns of it unless that is turned off before.
var newMethods = []Option{
	{Swap, "-XX:-PrintWarnings", "the next option is deprecated, which the JVM would say at each start"},
	{Swap, AddMethods, "takes new private methods and lambdas without a restart"},
	{Swap, "-XX:+PrintWarnings", "the JVM's other warnings are shown"},
}

// javaVersion matches the variable in which images tell their Java's version, as in JAVA_VERSION=jdk-17.0.15+6.
var javaVersion = regexp.MustCompile(`^JAVA_VERSION=(?:jdk-?)?(\d+)`)

// JavaOf returns the version of the Java that an image's environment tells, or else otherwise.
func JavaOf(env []string, otherwise int) int {
	for _, v := range env {
		if found := javaVersion.FindStringSubmatch(v); found != nil {
			otherwise, _ = strconv.Atoi(found[1])
		}
	}
	return otherwise
}

// NewMethods returns the options with which a JVM of that Java takes new methods in a hot swap, none if there are none.
func NewMethods(java int) []Option {
	if java > lastWithAddMethods {
		return nil
	}
	return newMethods
}

// FreshPages makes Spring omit the Last-Modified header of pages and styles on the class path. All
// files in an image have one time, so a browser would take each changed file for the one it has.
// https://docs.spring.io/spring-boot/appendix/application-properties/#application-properties.web.spring.web.resources.cache.use-last-modified
var FreshPages = Option{"fresh-pages", "-Dspring.web.resources.cache.use-last-modified=false",
	"files in an image have one time, by which a browser would keep old ones"}

// Names returns the names of all optimizations.
func Names() []string {
	var names []string
	for _, o := range append(slices.Clone(QuickStart), FreshPages) {
		names = append(names, o.Optimization)
	}
	return append(names, Archive, Restart, Swap, Spare)
}

// Launch returns the options for what java -jar reads from the manifest of its jar.
// https://openjdk.org/jeps/261#Executable-JAR-files
func Launch(manifest map[string]string, java int) []Option {
	if java < 9 {
		return nil
	}
	var options []Option
	for _, attribute := range []struct{ name, option string }{{"Add-Exports", "--add-exports"},
		{"Add-Opens", "--add-opens"}} {
		for _, module := range strings.Fields(manifest[attribute.name]) {
			options = append(options, Option{Text: attribute.option + "=" + module + "=ALL-UNNAMED",
				Why: "the jar's manifest says " + attribute.name})
		}
	}
	return options
}
