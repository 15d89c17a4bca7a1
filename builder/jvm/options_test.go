package jvm

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/internal/must"
)

func TestChoosesCollector(t *testing.T) {
	t.Parallel()
	for options, want := range map[string]bool{
		"-XX:+UseG1GC": true, "-Xmx1g -XX:+UseParallelGC": true, "-XX:-UseSerialGC": true, "-XX:+UseZGC\n": true,
		"": false, "-XX:MaxGCPauseMillis=50": false, "-XX:+UseStringDeduplication": false, "-XX:+UseGCOverheadLimit": false,
	} {
		if got := ChoosesCollector(options); got != want {
			t.Errorf("%q: got %v, want %v", options, got, want)
		}
	}
}

func TestWithoutOptions(t *testing.T) {
	t.Parallel()
	if env := WithoutOptions([]string{"JAVA_TOOL_OPTIONS=-XX:+UseG1GC", "JDK_JAVA_OPTIONS=-ea",
		"JAVA_HOME=/jdk"}); !slices.Equal(env, []string{"JAVA_HOME=/jdk"}) {
		t.Errorf("got %v", env)
	}
}

func TestContradicts(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]bool{
		"":                                      false,
		"PATH=/usr/bin":                         false,
		"GREETING=-XX:+UseG1GC":                 false,
		"JAVA_TOOL_OPTIONS=-Xmx1g -XX:+UseG1GC": true,
		"JDK_JAVA_OPTIONS=":                     true, // its value is not known
		"-XX:-UseSerialGC":                      true,
		"-XX:TieredStopAtLevel=4":               false,
	} {
		if got := Contradicts("-XX:+UseSerialGC", []string{given}); got != want {
			t.Errorf("%q: got %v", given, got)
		}
	}
	if !Contradicts("-XX:TieredStopAtLevel=1", []string{"_JAVA_OPTIONS=-XX:-TieredCompilation"}) {
		t.Error("two options choose the tiers")
	}
}

// TestQuickStart: options of the user stay as they are, and a JVM never gets two collectors.
func TestQuickStart(t *testing.T) {
	for _, c := range []struct{ user, want string }{
		{"", "TOOL_OPTS=" + quickOptions},
		{"JAVA_TOOL_OPTIONS=-XX:+UseG1GC", "TOOL_OPTS=-XX:TieredStopAtLevel=1"},
		{"TOOL_OPTS=-Xmx1g", ""},
		{"ALL_OPTS=-XX:+UseG1GC", ""},
	} {
		t.Run(c.user, func(t *testing.T) {
			for _, name := range append(slices.Clone(OptionVariables), "TOOL_OPTS", "ALL_OPTS") {
				t.Setenv(name, "") // which puts it back
				must.Do(t, os.Unsetenv(name))
			}
			if name, value, set := strings.Cut(c.user, "="); set {
				t.Setenv(name, value)
			}
			env := QuickStart("TOOL_OPTS", "ALL_OPTS")
			if got := slices.IndexFunc(env,
				func(v string) bool { return strings.HasPrefix(v, "TOOL_OPTS=") }); (got < 0) != (c.want == "") ||
				got >= 0 && env[got] != c.want {
				t.Errorf("got %q, want %q", env, c.want)
			}
		})
	}
}

func TestExclusive(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"GREETING=-javaagent:a.jar": "",
		"JAVA_TOOL_OPTIONS=-Xmx512m -Xms512m -XX:MaxRAMPercentage=75.0 -XX:+UseG1GC -Dfile.encoding=UTF-8 -ea": "",
		"JAVA_TOOL_OPTIONS=-XX:+HeapDumpOnOutOfMemoryError -XX:HeapDumpPath=/tmp -XX:MaxMetaspaceSize=256m":    "",
		"JDK_JAVA_OPTIONS=--add-opens java.base/java.lang=ALL-UNNAMED --enable-preview":                        "",
		"JDK_JAVA_OPTIONS=--add-opens=java.base/java.lang=ALL-UNNAMED":                                         "",
		"_JAVA_OPTIONS=-Xmx1g":                                                "",
		"_JAVA_OPTIONS=-Xms1g":                                                "-Xms1g",
		"JAVA_TOOL_OPTIONS=-Xmx512m -javaagent:/otel.jar":                     "-javaagent:/otel.jar",
		"JAVA_TOOL_OPTIONS=-agentlib:jdwp=transport=dt_socket,address=*:5005": "-agentlib:jdwp=transport=dt_socket,address=*:5005",
		"JAVA_TOOL_OPTIONS=-Dcom.sun.management.jmxremote.port=9010":          "-Dcom.sun.management.jmxremote.port=9010",
		"JAVA_TOOL_OPTIONS=-Xlog:gc:file=/tmp/gc.log":                         "-Xlog:gc:file=/tmp/gc.log",
		"JAVA_TOOL_OPTIONS=-XX:StartFlightRecording=filename=/tmp/a.jfr":      "-XX:StartFlightRecording=filename=/tmp/a.jfr",
		"JAVA_TOOL_OPTIONS=-XX:MinHeapSize=1g":                                "-XX:MinHeapSize=1g",
		"JAVA_TOOL_OPTIONS=-XX:SharedArchiveFile=/app.jsa":                    "-XX:SharedArchiveFile=/app.jsa",
		"JDK_JAVA_OPTIONS=@/options":                                          "@/options",
		"JDK_JAVA_OPTIONS=":                                                   "its value is not known",
	} {
		variable, why := Exclusive([]string{"PATH=/bin", given})
		if (variable != "") != (want != "") || !strings.HasSuffix(why, want) ||
			variable != "" && !strings.HasPrefix(given, variable+"=") {
			t.Errorf("%s: got %q, %q", given, variable, why)
		}
	}
}
