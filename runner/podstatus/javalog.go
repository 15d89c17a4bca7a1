package podstatus

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/devloop-cli/devloop/internal/spelling"
)

// words of an application that ended: what to show of them, and what they mean.
type logSummary struct {
	evidence []string
	cause    string // in a few words, "" where none is known
	hints    []string
}

// explainLog picks what matters from an application's last words: Spring's own explanation where there is one, else the
// last lines; the cause where it is known, and what may help.
func explainLog(lines []string) logSummary {
	said := slices.DeleteFunc(slices.Clone(lines), frame.MatchString)
	w := logSummary{evidence: said[max(0, len(said)-logLines):]}
	if block, description, action := springBlock(lines); block != nil {
		w.evidence, w.cause = block, description
		if action != "" {
			w.hints = append(w.hints, action)
		}
	}
	for _, known := range knownLogs {
		if m := lastMatch(known.pattern, lines); m != nil {
			w.cause = known.cause(m)
			w.hints = append([]string{known.hint(m)}, w.hints...)
			return w
		}
	}
	if w.cause == "" {
		w.cause = rootCause(lines)
	}
	return w
}

func lastMatch(pattern *regexp.Regexp, lines []string) []string {
	for i := len(lines) - 1; i >= 0; i-- {
		if m := pattern.FindStringSubmatch(lines[i]); m != nil {
			return m
		}
	}
	return nil
}

// frame matches the lines of a stack trace that are in Java, in a library, as Logback names it or as the package tells,
// or in a class that Spring makes.
var frame = regexp.MustCompile(`^\s+(?:at java\.base/.*|at .*\[(?:\S+\.jar|na):\S+\]|` +
	`at (?:` + libraryPackages + `)\.[^\[]*|at .*\$\$SpringCGLIB\$\$.*|` +
	`\.\.\. \d+ (?:more|common frames omitted))$`)

const libraryPackages = `java|javax|jakarta|jdk|sun|com\.(?:fasterxml|sun|zaxxer)|io\.(?:github\.devloop_cli|netty)|` +
	`org\.(?:apache|hibernate|yaml)|reactor|org\.springframework\.(?:aop|beans|boot|cglib|cloud|context|core|dao|data|` +
	`expression|http|jdbc|orm|security|transaction|util|validation|web)`

// exception matches a line of a Java stack trace that names an exception.
var exception = regexp.MustCompile(
	`^(Caused by: |Exception in thread "[^"]*" |)((?:[\w$]+\.)+\w*(?:Exception|Error)\b.*)`)

// rootCause returns the last exception of a stack trace, which is the first one that happened, "" for none. A line
// without the words that begin one has to stand above its frames.
func rootCause(lines []string) string {
	for i, line := range slices.Backward(lines) {
		m := exception.FindStringSubmatch(line)
		if m != nil && (m[1] != "" || i+1 < len(lines) && strings.HasPrefix(strings.TrimSpace(lines[i+1]), "at ")) {
			return m[2]
		}
	}
	return ""
}

// knownLogs are last words that newcomers meet, what they mean, and what to do. The first that fits counts.
var knownLogs = []struct {
	pattern     *regexp.Regexp
	cause, hint func(match []string) string
}{
	{regexp.MustCompile(`no main manifest attribute`),
		fixed("the image holds a jar without a main class, such as the -plain.jar"),
		fixed("let the Dockerfile copy the boot jar alone: COPY build/libs/*SNAPSHOT.jar app.jar")},
	{regexp.MustCompile(`Unable to access jarfile (\S+)`),
		func(m []string) string { return "the image has no " + m[1] },
		fixed("compare COPY and ENTRYPOINT in the Dockerfile")},
	{regexp.MustCompile(`class file version (\d+).*up to (\d+)`),
		func(m []string) string {
			return fmt.Sprintf("the classes are made for Java %s, and the image has Java %s",
				javaOf(m[1]), javaOf(m[2]))
		},
		fixed("take the newer Java in the Dockerfile's FROM, or the older one in the build's toolchain")},
	{regexp.MustCompile(`[Ee]xec format error`),
		fixed("the program is made for another processor than this machine's"),
		fixed("build the image on this machine: devloop deploy")},
	{regexp.MustCompile(`Could not find or load main class (\S+)`),
		func(m []string) string { return "java finds no class " + m[1] },
		fixed("check ENTRYPOINT in the Dockerfile: a boot jar is started by java -jar and needs no class name")},
	{regexp.MustCompile(`^(?:Multiple garbage collectors selected|Conflicting collector combinations)`),
		fixed("two options choose the JVM's garbage collector, one of them in a variable such as JAVA_TOOL_OPTIONS"),
		fixed(nameVariable)},
	{regexp.MustCompile(`Cannot load this JVM TI agent twice`),
		fixed("two options let the JVM listen for a debugger, one of them in a variable such as JAVA_TOOL_OPTIONS"),
		fixed(nameVariable)},
	{regexp.MustCompile(`^Initial heap size set to a larger value than the maximum heap size`),
		fixed("the JVM's first heap is larger than its largest, by a variable such as _JAVA_OPTIONS"),
		fixed(nameVariable)},
	{regexp.MustCompile(`OutOfMemoryError: (.+)`),
		func(m []string) string { return "Java had too little memory of its own (" + m[1] + ")" },
		fixed("raise -Xmx or -XX:MaxRAMPercentage, and with it `resources.limits.memory`: devloop explain OOMKilled")},
	{regexp.MustCompile(`[Pp]ort (\d+) (?:was|is) already in use|:(\d+): bind: address already in use`),
		func(m []string) string {
			return fmt.Sprintf("another program in the same Pod listens on port %s already", m[1]+m[2])
		},
		fixed("the containers of a Pod share its ports: give one of them another, in Spring Boot by `server.port`")},
	// PostgreSQL, Netty, Lettuce
	{regexp.MustCompile(`[Cc]onnection to (?:localhost|127\.0\.0\.1):(\d+) refused|(?:Connection refused: |Unable to connect to )(?:localhost|127\.0\.0\.1)\S*:(\d+)`),
		func(m []string) string {
			return fmt.Sprintf("it looked for localhost:%s, and inside of a Pod localhost is the Pod itself", m[1]+m[2])
		},
		fixed(nameService)},
	{regexp.MustCompile(`UnknownHostException: ([\w.-]+)`),
		func(m []string) string {
			return fmt.Sprintf("it looked for a host %q, and the cluster knows none of that name", m[1])
		},
		fixed("make a Service of that name in the same namespace: devloop explain Service")},
	{regexp.MustCompile(`Could not resolve placeholder '([^':]+)'`),
		func(m []string) string { return fmt.Sprintf("it has no value for the setting %q", m[1]) },
		func(m []string) string {
			name := strings.ToUpper(strings.NewReplacer(".", "_", "-", "").Replace(m[1]))
			return fmt.Sprintf("give it one in the application's properties, or in the manifest under `env:` as %s",
				name)
		}},
	{regexp.MustCompile(`[Rr]ead-only file system`),
		fixed("it wrote to a file system that the manifest makes read-only"),
		fixed("mount an `emptyDir: {}` at the directory that it writes to, mostly /tmp, or remove `readOnlyRootFilesystem`")},
	{regexp.MustCompile(`FileNotFoundException: (/\S+) \(Permission denied\)|AccessDeniedException: (/[^\s:]+)|Failed to create parent directories for \[(/[^\]]+)\]`),
		func(m []string) string {
			return fmt.Sprintf("its user may not write %s", m[1]+m[2]+m[3])
		},
		fixed("run it as root: --run-as root, for an image that devloop makes, or `securityContext: {runAsUser: 0}` in the manifest")},
	// SnakeYAML, which names no file
	{regexp.MustCompile(`^\s*in '?\S+, line (\d+), column (\d+):$`),
		func(m []string) string {
			return fmt.Sprintf("a YAML file that it reads is wrong at line %s, column %s", m[1], m[2])
		},
		fixed("look there in application.yml, or in the YAML file that was edited last")},
	// MySQL's driver, and others that don't say where they looked
	{regexp.MustCompile(`Communications link failure|^Caused by: java\.net\.ConnectException: Connection refused`),
		fixed("nothing answers where it looked for another program, and inside of a Pod localhost is the Pod itself"),
		fixed(nameService)},
}

const nameService = "name the other side by its Service instead of localhost, such as in `SPRING_DATASOURCE_URL`: devloop explain Service"

// nameVariable is for options that are only in the cluster, by envFrom: devloop adds its own beside them.
const nameVariable = "name the variable in the manifest under `env:`, or add its ConfigMap or Secret there: devloop then leaves out what contradicts it"

func fixed(text string) func([]string) string { return func([]string) string { return text } }

// javaOf translates a class file's major version: 61 is Java 17 (JVM spec, 4.1).
func javaOf(major string) string {
	n, err := strconv.Atoi(major)
	if err != nil {
		return major
	}
	return strconv.Itoa(n - 44)
}

const springFailed = "APPLICATION FAILED TO START"

// springBlock returns Spring Boot's explanation, a banner with a description and an
// action, and the latter two as one line each. See its LoggingFailureAnalysisReporter.
func springBlock(lines []string) (block []string, description, action string) {
	start := -1
	for i, line := range lines {
		if strings.Contains(line, springFailed) {
			start = i
		}
	}
	if start < 0 {
		return nil, "", ""
	}
	part := ""
	parts := map[string][]string{}
	for _, line := range lines[start:] {
		text := strings.TrimSpace(line)
		switch {
		case text == "" || strings.Trim(text, "*") == "":
			continue
		case text == "Description:" || text == "Action:":
			part = text
		default:
			parts[part] = append(parts[part], text)
		}
		block = append(block, line)
	}
	sentence := func(part string) string {
		return spelling.LowerFirst(strings.TrimSuffix(strings.Join(parts[part], " "), "."))
	}
	return block[:min(len(block), logLines)], sentence("Description:"), sentence("Action:")
}
