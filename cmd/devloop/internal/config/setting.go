// Package config says how devloop works on a project. A setting has one name, and
// each of these has it, the later ones over the earlier ones:
//
//	defaults ← devloop.yaml ← environment ← flags
//
//	wait: 2m             in devloop.yaml, in the project's directory
//	DEVLOOP_WAIT=2m      in the environment
//	--wait 2m            on the command line
//
// [Settings] is the one table of them. From it are made: the flags with their help, the names in the environment, the
// check of devloop.yaml, its JSON Schema ([Schema]), the commented file of `devloop init` ([Template]), the list of
// `devloop config`, and docs/settings.md ([Markdown]). A new setting is a row of the table and the place that uses its
// flag.
//
// [Load] reads file and environment, and tells of all mistakes at once. Flags are left to package cli.
package config

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/devloop-cli/devloop/builder/optimization"
	"github.com/devloop-cli/devloop/builder/project"
	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/runner/render"
)

// Kind says what the value of a setting is.
type Kind int

// The kinds. A List has texts; one alone need not be written as a list.
const (
	Text Kind = iota
	Switch
	Span // a duration, as Go writes it: 90s, 2m
	List
)

// Setting is a row of the table.
type Setting struct {
	// Name is the key in devloop.yaml and, with two dashes before it, the flag.
	Name string
	// Alias is the flag's short form, of one letter.
	Alias string
	Kind  Kind
	// Default is the value that applies without any; "" for no value.
	Default string
	// Unset says what applies where there is no value, as in "the context's".
	Unset string
	// Usage says in a line what it is for; the `WORD` in it stands for the value.
	Usage string
	// Example is a value as YAML.
	Example string
	// Path marks files and directories: those in devloop.yaml are relative to it.
	Path bool
	// None says that "none" is a value, and no path.
	None bool
	// Pair marks a list of NAME=VALUE, whose values may have commas.
	Pair bool
	// Place marks where in a cluster a command works: such settings go for the commands without a project, too.
	Place bool
	// Choices are the values that there are; nil where any will do.
	Choices []string
	check   func(string) error
}

// Settings is the table, in the order in which people meet them.
var Settings = []Setting{
	{Name: "module", Unset: "all applications of the build", Alias: "m",
		Usage: "the `MODULE` to run, where a build has several applications, as in :web; run, deploy and down take several, as in :web,:api (default: all of them)", Example: `":web"`},
	{Name: "build-tool", Unset: "the one that can build the project",
		Usage: "build with this `TOOL`, where the project has both a Gradle and a Maven build (default: of those that work here, the one with Spring Boot's plugin, else the one with a wrapper)", Example: "maven", Choices: project.BuildTools},
	{Name: "manifest", Unset: "those found in the project, else a Pod", Alias: "f",
		Kind: List, Path: true, Usage: "the Kubernetes manifest `FILE`, or a directory, instead of those found in DIR",
		Example: "k8s/pod.yaml"},
	{Name: "image-name", Unset: "the project's name", Usage: "the `IMAGE` that manifests use for the project, as in ghcr.io/team/shop (default: the project's name, of any registry and tag)", Example: "ghcr.io/team/shop", check: checkImageName},
	{Name: "env", Unset: "none", Alias: "e", Kind: List, Pair: true,
		Usage:   "a `VARIABLE` for the application, as in SPRING_PROFILES_ACTIVE=dev, over those of the manifest",
		Example: "[SPRING_PROFILES_ACTIVE=dev]",
		check:   matching(variable, "must be NAME=VALUE, as in SPRING_PROFILES_ACTIVE=dev")},
	{Name: "dockerfile", Unset: "Dockerfile, if there is one", Path: true, None: true,
		Usage: "the Dockerfile `FILE` instead of DIR/Dockerfile, with DIR as its context; none for an image without one", Example: "docker/Dockerfile"},
	{Name: "build-arg", Unset: "none", Kind: List,
		Pair: true, Usage: "the value of an `ARGUMENT` of the Dockerfile, as in JAR_FILE=target/shop.jar",
		Example: "[JAR_FILE=target/shop.jar]",
		check:   matching(variable, "must be NAME=VALUE, as in JAR_FILE=target/shop.jar")},
	{Name: "target", Unset: "the last stage", Usage: "the `STAGE` of the Dockerfile to build (default: the last one)",
		Example: "dev"},
	{Name: "base-image", Unset: "eclipse-temurin, of the project's Java",
		Usage:   "the `IMAGE` that an image without a Dockerfile is based on (default: eclipse-temurin:N-jre)",
		Example: "eclipse-temurin:21-jre"},
	{Name: "run-as", Default: "1000:1000",
		Usage: "the `USER` that an image without a Dockerfile runs as, as in root or 1000:1000", Example: "root",
		check: matching(user, "must be a user, or USER:GROUP, as in root or 1000:1000")},
	{Name: "fast-start", Kind: Switch, Default: "true",
		Usage: "make an image without a Dockerfile start faster; false leaves the JVM its defaults", Example: "false"},
	{Name: "without", Unset: "none", Kind: List, Usage: "leave out this `OPTIMIZATION` of fast-start",
		Example: "[archive]", Choices: optimization.Names()},

	{Name: "port", Unset: "the container's number", Alias: "p", Kind: List,
		Usage:   "the local `PORT`, or LOCAL:CONTAINER (default: the container's number, or the next that is free)",
		Example: "[8080, 6006:5005]", check: checkPort},
	{Name: "address", Unset: "localhost", Usage: "the IP `ADDRESS` to listen on (default: localhost, of IPv4 and IPv6); any other opens the port to your network", Example: "0.0.0.0", check: checkAddress},
	{Name: "wait", Kind: Span, Default: "1m",
		Usage: "how long a connection to the local port waits for a Pod", Example: "2m"},
	{Name: "timeout", Kind: Span, Default: "2m",
		Usage: "how long the Pod may take to become ready; 0 waits for ever", Example: "5m"},
	{Name: "keep", Unset: "none", Kind: List,
		Usage:   "leave a `PART` as the manifest has it: grace (2 s to end), probes (asked each second)",
		Example: "[probes]", Choices: render.Patches},

	{Name: "full-build", Unset: "false", Kind: Switch, Usage: "run the whole build in run: also tests, style checks, coverage and the like, which do not change the application", Example: "true"},
	{Name: "compiler", Default: "auto", Usage: "compile saves in run with this `COMPILER`: auto, a warm incremental one where it makes the same bytes as the build; build, always the build", Example: "build", Choices: []string{"auto", "build"}},
	{Name: "path", Default: "auto", Usage: "apply saves in run in this `MODE`: auto, the fastest that gives the same result as a new Pod; swap, hot swap also what may have run at start; restart, never hot swap; pod, always a new Pod", Example: "restart", Choices: []string{"auto", "swap", "restart", "pod"}},
	{Name: "debug", Unset: "false", Kind: Switch,
		Usage: "let a debugger attach to the JVM, at a local port that outlives the Pods", Example: "true"},
	{Name: "debug-port", Default: "5005", Usage: "the local `PORT` for the debugger, or the next that is free",
		Example: `"8787"`, check: checkDebugPort},
	{Name: "suspend", Unset: "false", Kind: Switch,
		Usage: "make each JVM wait at its start until a debugger attaches; implies debug", Example: "true"},
	{Name: "keep-serving", Unset: "true with 6 GB of memory, else false", Kind: Switch,
		Usage:   "keep the old Pod serving until the new one is ready (default: if Docker has 6 GB of memory)",
		Example: "false"},
	{Name: "livereload", Unset: "false", Kind: Switch, Usage: "make browsers reload the page, or only its styles, after each change, by the LiveReload protocol on port 35729 of localhost", Example: "true"},
	{Name: "notify", Unset: "false", Kind: Switch, Usage: "show a notification of the desktop, and the terminal's title, when a save fails and when one works again", Example: "true"},
	{Name: "poll", Unset: "false", Kind: Switch,
		Usage: "poll for changes, for network mounts and VM shares that send no file events", Example: "true"},
	{Name: "watch", Unset: "none", Kind: List, Path: true,
		Usage: "another directory `DIR` whose changes count, outside of the project", Example: "../shared/src"},
	{Name: "ignore", Unset: "none", Kind: List,
		Usage:   "a `PATTERN` of files that never trigger a build, in the syntax of .dockerignore",
		Example: `["docs", "**/*.md"]`},
	{Name: "cleanup", Unset: "false", Kind: Switch, Usage: "when run ends, remove what devloop made for the project",
		Example: "true"},

	{Name: "kubeconfig", Unset: "as kubectl finds it", Place: true, Path: true,
		Usage: "the `FILE` that names clusters (default: as kubectl finds it)", Example: "kubeconfig.yaml"},
	{Name: "context", Unset: "the current one", Place: true,
		Usage: "the kubeconfig `CONTEXT` (default: the current one)", Example: "kind-devloop"},
	{Name: "namespace", Unset: "the context's",
		Alias: "n", Place: true, Usage: "the `NAMESPACE` (default: the context's)", Example: "shop",
		check: matching(namespace, "must be small letters, digits and hyphens, as in shop-2")},
}

// Find returns the setting of that name.
func Find(name string) (Setting, bool) {
	i := slices.IndexFunc(Settings, func(s Setting) bool { return s.Name == name })
	if i < 0 {
		return Setting{}, false
	}
	return Settings[i], true
}

// Names returns the names of all settings.
func Names() []string { return lists.Map(Settings, func(s Setting) string { return s.Name }) }

// Env returns the setting's name in the environment: DEVLOOP_BASE_IMAGE.
func (s Setting) Env() string {
	return "DEVLOOP_" + strings.ToUpper(strings.ReplaceAll(s.Name, "-", "_"))
}

// Check returns what is wrong with a value, in words that follow the setting's name: "must be true or false".
func (s Setting) Check(value string) error {
	switch {
	case s.Kind == Switch && value != "true" && value != "false":
		return errors.New("must be true or false")
	case s.Kind == Span:
		return checkSpan(value)
	case len(s.Choices) > 0 && !slices.Contains(s.Choices, value):
		return fmt.Errorf("must be one of %s", strings.Join(s.Choices, ", "))
	case s.check != nil:
		return s.check(value)
	case value == "":
		return errors.New("must not be empty")
	}
	return nil
}

// variable matches what an application's environment may have: Kubernetes takes nearly all names
// (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#environment-variables).
var variable = regexp.MustCompile(`^[^=\s]+=`)

// user matches what an image may run as
// (https://github.com/opencontainers/image-spec/blob/main/config.md#properties, User).
var user = regexp.MustCompile(`^\w[\w.-]*(:\w[\w.-]*)?$`)

// namespace matches a label of DNS, or nothing
// (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names).
var namespace = regexp.MustCompile(`^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?$`)

func matching(pattern *regexp.Regexp, must string) func(string) error {
	return func(value string) error {
		if !pattern.MatchString(value) {
			return errors.New(must)
		}
		return nil
	}
}

func checkImageName(value string) error {
	if _, err := name.ParseReference(value); err != nil {
		return errors.New("must be an image's name, such as ghcr.io/team/shop")
	}
	return nil
}

func checkSpan(value string) error {
	if d, err := time.ParseDuration(value); err != nil || d < 0 {
		return errors.New("must be a time such as 90s or 2m")
	}
	return nil
}

func checkAddress(value string) error {
	if value != "localhost" && net.ParseIP(value) == nil {
		return errors.New("must be localhost or an IP address, as in 0.0.0.0")
	}
	return nil
}

func checkPort(value string) error {
	_, _, err := Port(value)
	return err
}

func checkDebugPort(value string) error {
	if _, container, err := Port(value); err != nil || container != 0 {
		return errors.New("must be a number below 65536; 0 is any port that is free")
	}
	return nil
}

// Port reads LOCAL, for the first container port, or LOCAL:CONTAINER. A local port 0 is any that is free.
func Port(text string) (local, container int, err error) {
	bad := errors.New("must be LOCAL or LOCAL:CONTAINER, two numbers below 65536")
	l, c, both := strings.Cut(text, ":")
	n, err := strconv.ParseUint(l, 10, 16)
	if err != nil {
		return 0, 0, bad
	}
	if !both {
		return int(n), 0, nil
	}
	m, err := strconv.ParseUint(c, 10, 16)
	if err != nil || m == 0 {
		return 0, 0, bad
	}
	return int(n), int(m), nil
}
