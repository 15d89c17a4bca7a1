package image

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/devloop-cli/devloop/builder/jvm"
	"github.com/devloop-cli/devloop/builder/layertar"
	"github.com/devloop-cli/devloop/builder/optimization"
	"github.com/devloop-cli/devloop/builder/pages"
	"github.com/devloop-cli/devloop/builder/settings"
	"github.com/devloop-cli/devloop/builder/spare"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/builder/supervisor"
	"github.com/devloop-cli/devloop/internal/lists"
)

// set returns the variables of an image that have a value: one without is as if it were not there.
func set(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(v string) bool { return strings.HasSuffix(v, "=") })
}

// Suits reports whether images made for a manifest's variables suit others, which contradict none of their options.
func Suits(before, now []string) bool {
	return !slices.ContainsFunc(optimization.QuickStart, func(o optimization.Option) bool {
		return jvm.Contradicts(o.Text, now) && !jvm.Contradicts(o.Text, before)
	})
}

// newMethodOptions returns the options to take new methods for a JVM that changes while it runs and knows them.
func (c *composer) newMethodOptions() []optimization.Option {
	if !c.options.supervised() {
		return nil
	}
	return optimization.NewMethods(optimization.JavaOf(c.base.Config.Config.Env, c.app.Java))
}

// jvmOptions returns the JVM's options, without those that are left out or contradict the user's.
func (c *composer) jvmOptions(files *springboot.Files) []optimization.Option {
	options := slices.Concat(optimization.QuickStart, []optimization.Option{optimization.FreshPages},
		c.newMethodOptions(), c.homeOption(), c.nettyOption(files.Libraries))
	options = slices.DeleteFunc(options, func(o optimization.Option) bool {
		return o.Optimization != "" && slices.Contains(c.options.Without, o.Optimization) ||
			jvm.Contradicts(o.Text, c.given)
	})
	if c.preview && (c.on == nil || !slices.Contains(c.on.java, "--enable-preview")) {
		options = append(options,
			optimization.Option{Text: "--enable-preview", Why: "classes of the application use preview features"})
	}
	return slices.Concat(options, devtoolsOption(files.Libraries), optimization.Launch(files.Manifest, c.app.Java))
}

// homeOption gives the application a home directory to write to: that of a user without an entry in /etc/passwd is "?".
func (c *composer) homeOption() []optimization.Option {
	user, _, _ := strings.Cut(c.user(), ":")
	if number, err := strconv.Atoi(user); c.on != nil || err != nil || number == 0 {
		return nil
	}
	return []optimization.Option{{Text: "-Duser.home=/" + layertar.AppDir,
		Why: "user " + user + " has no home directory"}}
}

// nettyOption has Reactor Netty end at once in a restart. It waits two seconds for further work after the server has
// answered its last request.
// https://projectreactor.io/docs/netty/release/api/reactor/netty/ReactorNetty.html#SHUTDOWN_QUIET_PERIOD
func (c *composer) nettyOption(libs []springboot.Library) []optimization.Option {
	if !c.options.supervised() || !slices.ContainsFunc(libs,
		func(l springboot.Library) bool { return strings.HasPrefix(l.Name, "reactor-netty-core-") }) {
		return nil
	}
	return []optimization.Option{{Optimization: optimization.Restart, Text: "-Dreactor.netty.ioShutdownQuietPeriod=0",
		Why: "a restart need not wait two seconds for Reactor Netty"}}
}

// devtoolsOption keeps spring-boot-devtools from restarting the application, as java -jar does. It would
// restart as soon as the first class of a change arrives.
// https://docs.spring.io/spring-boot/reference/using/devtools.html#using.devtools.restart.disable
func devtoolsOption(libs []springboot.Library) []optimization.Option {
	if !slices.ContainsFunc(libs,
		func(l springboot.Library) bool { return strings.HasPrefix(l.Name, "spring-boot-devtools-") }) {
		return nil
	}
	return []optimization.Option{{Text: "-Dspring.devtools.restart.enabled=false",
		Why: "java -jar leaves spring-boot-devtools out, too: it would restart in the middle of a change"}}
}

func optionTexts(options []optimization.Option) []string {
	return lists.Map(options, func(o optimization.Option) string { return o.Text })
}

// templates returns the template engines, and the options with which they read a template at each request.
func (c *composer) templates(files *springboot.Files,
	set []settings.Setting) (all []pages.Templates, options []optimization.Option) {
	all = pages.TemplatesOf(names(files.Libraries), set)
	for i, t := range all {
		t.Kept = cmp.Or(c.withoutFreshPages(), t.Kept)
		if all[i] = t; t.Kept == "" {
			for _, setting := range t.Uncached {
				options = append(options, freshPages(setting, t.Engine+" reads a template at each request"))
			}
		}
	}
	if len(options) > 0 {
		options = append(options, freshPages(pages.TemplatesUncached, "a template may come or go"))
	}
	return all, options
}

func names(libraries []springboot.Library) []string {
	return lists.Map(libraries, func(l springboot.Library) string { return l.Name })
}

// messages returns the texts in languages, and the option with which they are read at each request.
func (c *composer) messages(files *springboot.Files, set []settings.Setting) (pages.Messages, []optimization.Option) {
	m := pages.MessagesOf(lists.Map(files.Own, func(e springboot.Entry) string { return e.Path }), set)
	m.Kept = cmp.Or(c.withoutFreshPages(), m.Kept)
	if len(m.Bases) == 0 || m.Kept != "" {
		return m, nil
	}
	return m, []optimization.Option{freshPages(pages.MessagesUncached,
		"Spring looks for changed message texts at each request")}
}

// withoutFreshPages says why files are read only once, "" if the user did not ask for that.
func (c *composer) withoutFreshPages() string {
	if slices.Contains(c.options.Without, optimization.FreshPages.Optimization) {
		return "asked for by --without " + optimization.FreshPages.Optimization
	}
	return ""
}

func freshPages(setting, why string) optimization.Option {
	return optimization.Option{Optimization: optimization.FreshPages.Optimization, Text: "-D" + setting, Why: why}
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

func (o Options) supervised() bool {
	return o.Develop && !slices.Contains(o.Without, optimization.Restart)
}

// leftOut returns the JVM options that the user does without. The supervisor's JVM has none of them, either.
func (o Options) leftOut() []string {
	return optionTexts(slices.DeleteFunc(slices.Clone(optimization.QuickStart), func(option optimization.Option) bool {
		return !slices.Contains(o.Without, option.Optimization)
	}))
}

func (o Options) swappable() bool { return !slices.Contains(o.Without, optimization.Swap) }

// spareBlocker says why the supervisor prepares no spare JVM, "" if it does.
func (c *composer) spareBlocker(files *springboot.Files) string {
	switch {
	case slices.Contains(c.options.Without, optimization.Spare):
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
