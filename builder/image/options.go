package image

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/devloop-cli/devloop/builder/jvm"
	"github.com/devloop-cli/devloop/builder/layertar"
	"github.com/devloop-cli/devloop/builder/settings"
	"github.com/devloop-cli/devloop/builder/spare"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/builder/supervisor"
)

// The optimizations that callers name.
const (
	// OptimizationArchive is the archive of the dependencies' classes.
	OptimizationArchive = "archive"
	// OptimizationRestart is the supervisor.
	OptimizationRestart = "restart"
	// OptimizationSwap lets the JVM take changed methods. It needs the supervisor.
	OptimizationSwap = "hot-swap"
	// OptimizationSpare is a JVM that is started ahead of a restart. It needs the supervisor.
	OptimizationSpare = "spare"
)

// quickStart are options for development, with which a Boot application starts in half the time.
// They do not change what it does: on a small machine the JVM makes the same choices.
var quickStart = []Option{
	{"quick-compiler", "-XX:TieredStopAtLevel=1", "compiles quickly instead of thoroughly: a start needs the machine for the application itself"},
	{"serial-gc", "-XX:+UseSerialGC", "collects garbage with one thread, which starts sooner and takes less memory"},
}

// addMethods has a JVM take new private methods and lambdas in a hot swap. HotSpot has the option
// from JDK 8 to at least lastWithAddMethods. A JVM that does not know an option does not start.
const (
	addMethods         = "-XX:+AllowRedefinitionToAddDeleteMethods"
	lastWithAddMethods = 25
)

// newMethods are the options for addMethods. Since JDK 13 the JVM warns of it, as it reads its
// options one by one, unless the option before turned warnings off.
var newMethods = []Option{
	{OptimizationSwap, "-XX:-PrintWarnings", "the next option is deprecated, which the JVM would say at each start"},
	{OptimizationSwap, addMethods, "takes new private methods and lambdas without a restart"},
	{OptimizationSwap, "-XX:+PrintWarnings", "the JVM's other warnings are shown"},
}

// javaVersion matches the variable in which images tell their Java's version, as in
// JAVA_VERSION=jdk-17.0.15+6.
var javaVersion = regexp.MustCompile(`^JAVA_VERSION=(?:jdk-?)?(\d+)`)

// newMethodOptions returns newMethods for a JVM that changes while it runs and knows them.
func (c *composer) newMethodOptions() []Option {
	if !c.options.supervised() {
		return nil
	}
	java := c.app.Java
	for _, v := range c.base.Config.Config.Env {
		if found := javaVersion.FindStringSubmatch(v); found != nil {
			java, _ = strconv.Atoi(found[1])
		}
	}
	if java > lastWithAddMethods {
		return nil
	}
	return newMethods
}

// freshPages makes Spring omit the Last-Modified header of pages and styles on the class path. All
// files in an image have one time, so a browser would take each changed file for the one it has.
// https://docs.spring.io/spring-boot/appendix/application-properties/#application-properties.web.spring.web.resources.cache.use-last-modified
var freshPages = Option{"fresh-pages", "-Dspring.web.resources.cache.use-last-modified=false", "files in an image have one time, by which a browser would keep old ones"}

// Optimizations returns the names that [Options.Without] accepts.
func Optimizations() []string {
	var names []string
	for _, o := range append(slices.Clone(quickStart), freshPages) {
		names = append(names, o.Optimization)
	}
	return append(names, OptimizationArchive, OptimizationRestart, OptimizationSwap, OptimizationSpare)
}

// jvmOptions returns the JVM's options, without those that are left out or contradict the user's.
func (c *composer) jvmOptions(files *springboot.Files) []Option {
	options := slices.Concat(quickStart, []Option{freshPages}, c.newMethodOptions(), c.homeOption())
	options = slices.DeleteFunc(options, func(o Option) bool {
		return o.Optimization != "" && slices.Contains(c.options.Without, o.Optimization) || jvm.Contradicts(o.Text, c.given)
	})
	if c.preview && (c.on == nil || !slices.Contains(c.on.java, "--enable-preview")) {
		options = append(options, Option{Text: "--enable-preview", Why: "classes of the application use preview features"})
	}
	return slices.Concat(options, devtoolsOption(files.Libraries), launchOptions(files.Manifest, c.app.Java))
}

// homeOption gives the application a home directory that it can write to. A user that is a number
// mostly has no entry in /etc/passwd, and then the JVM says "?".
func (c *composer) homeOption() []Option {
	user, _, _ := strings.Cut(c.user(), ":")
	if number, err := strconv.Atoi(user); c.on != nil || err != nil || number == 0 {
		return nil
	}
	return []Option{{Text: "-Duser.home=/" + layertar.AppDir, Why: "user " + user + " has no home directory"}}
}

// devtoolsOption keeps spring-boot-devtools from restarting the application, as java -jar does. It would
// restart as soon as the first class of a change arrives.
// https://docs.spring.io/spring-boot/reference/using/devtools.html#using.devtools.restart.disable
func devtoolsOption(libs []springboot.Library) []Option {
	if !slices.ContainsFunc(libs, func(l springboot.Library) bool { return strings.HasPrefix(l.Name, "spring-boot-devtools-") }) {
		return nil
	}
	return []Option{{Text: "-Dspring.devtools.restart.enabled=false", Why: "java -jar leaves spring-boot-devtools out, too: it would restart in the middle of a change"}}
}

func optionTexts(options []Option) []string {
	var texts []string
	for _, o := range options {
		texts = append(texts, o.Text)
	}
	return texts
}

// launchOptions returns the options for what java -jar reads from the manifest of its jar.
// https://openjdk.org/jeps/261#Executable-JAR-files
func launchOptions(manifest map[string]string, java int) []Option {
	if java < 9 {
		return nil
	}
	var options []Option
	for _, attribute := range []struct{ name, option string }{{"Add-Exports", "--add-exports"}, {"Add-Opens", "--add-opens"}} {
		for _, module := range strings.Fields(manifest[attribute.name]) {
			options = append(options, Option{Text: attribute.option + "=" + module + "=ALL-UNNAMED", Why: "the jar's manifest says " + attribute.name})
		}
	}
	return options
}

// templates returns the application's template engines, and the options with which they read a
// template at each request, as with spring-boot-devtools.
func (c *composer) templates(files *springboot.Files) ([]springboot.Templates, []Option, error) {
	set, err := c.settings(files)
	if err != nil {
		return nil, nil, err
	}
	all := springboot.TemplatesOf(files.Libraries, set)
	var options []Option
	for i, t := range all {
		if slices.Contains(c.options.Without, freshPages.Optimization) {
			t.Kept = "asked for by --without " + freshPages.Optimization
		}
		if all[i] = t; t.Kept == "" {
			for _, setting := range t.Uncached {
				options = append(options, Option{freshPages.Optimization, "-D" + setting, t.Engine + " reads a template at each request"})
			}
		}
	}
	if len(options) > 0 {
		options = append(options, Option{freshPages.Optimization, "-D" + springboot.TemplatesUncached, "a template may come or go"})
	}
	return all, options, nil
}

// settings reads the application's settings, including those of the image's environment and command.
func (c *composer) settings(files *springboot.Files) ([]settings.Setting, error) {
	all, err := files.Settings()
	for _, variable := range c.base.Config.Config.Env {
		key, value, _ := strings.Cut(variable, "=")
		all = append(all, settings.NewSetting("the image's environment", key, value))
	}
	if c.on == nil {
		return all, err
	}
	for _, word := range slices.Concat(c.on.java, c.on.args) {
		key, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(word, "-D"), "--"), "=")
		all = append(all, settings.NewSetting("the Dockerfile's command", key, value))
	}
	return all, err
}

// supervised reports whether images have a supervisor.
func (o Options) supervised() bool {
	return o.Develop && !slices.Contains(o.Without, OptimizationRestart)
}

// swappable reports whether the JVM takes changed methods.
func (o Options) swappable() bool { return !slices.Contains(o.Without, OptimizationSwap) }

// spareBlocker says why the supervisor prepares no spare JVM, "" if it does.
func (c *composer) spareBlocker(files *springboot.Files) string {
	switch {
	case slices.Contains(c.options.Without, OptimizationSpare):
		return "turned off"
	case c.options.Suspend:
		return "the application's JVM waits for a debugger"
	}
	return spare.Blocker(files.Libraries)
}

// debugger is how the application's JVM listens for a debugger.
func (o Options) debugger() supervisor.Debug {
	return supervisor.Debug{On: o.Debug || o.Suspend || o.swappable(), Suspend: o.Suspend}
}
