package diagnostics

import (
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/jdk"
)

func TestHints(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("GRADLE_USER_HOME", t.TempDir())
	for output, want := range map[string]string{
		"[ERROR] Fatal error compiling: error: release version 97 not supported":                                    "install a JDK 97",
		"error: invalid source release: 98":                                                                         "install a JDK 98",
		"bad class file: a.jar(A.class)\n class file has wrong version 141.0, should be 55.0":                       "install a JDK 97",
		"has been compiled by a more recent version of the Java Runtime (class file version 141.0), this version":   "install a JDK 97",
		"Gradle requires JVM 99 or later to run":                                                                    "install a JDK 99",
		"Cannot find a Java installation on your machine (Linux) matching: {languageVersion=99, vendor=any vendor}": "foojay-resolver-convention",
		"> BUG! Unsupported class file major version 69":                                                            "./gradlew wrapper --gradle-version latest",
		"[ERROR] No compiler is provided in this environment":                                                       "a JRE runs here",
		"ERROR: JAVA_HOME is set to an invalid directory: /nowhere":                                                 "unset JAVA_HOME",
		"error: error reading /m2/a-1.jar; zip END header not found":                                                "rm /m2/a-1.jar",
		"java.io.IOException: No space left on device":                                                              "df -h",
		"Could not transfer artifact a:b:jar:1 from/to central":                                                     "check the network",
		"Could not resolve a:b:1.\n> Could not GET 'https://example.com/a.pom'":                                     "check the network",
		"> Could not find org.example:nonsense:.\n  Required by:\n      root project :":                             "check its name and version",
		"[ERROR] \tCould not find artifact a:b:jar:1 in central (https://example.com)":                              "check its name and version",
		"java.lang.OutOfMemoryError: Java heap space":                                                               "more",
		"> Compilation failed": "",
	} {
		if got := strings.Join(Hints(output, "more"), "|"); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%s: got %q, want %q", output, got, want)
		}
	}
}

// TestHintsOfAClassFileThatIsTooNew uses what Groovy says in a Gradle that is older than the JDK.
func TestHintsOfAClassFileThatIsTooNew(t *testing.T) {
	t.Parallel()
	found := jdk.Find()
	if len(found) == 0 {
		t.Skip("no JDK here")
	}
	hints := Hints("Unsupported class file major version 2000", "")
	if latest := found[len(found)-1].Home; len(hints) != 2 || !strings.HasSuffix(hints[1], "JAVA_HOME="+latest) {
		t.Errorf("got %q, want %s", hints, latest)
	}
}

func TestMayBeTheTool(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"': ' expected": false, "package jakarta.inject does not exist": true} {
		if got := MayBeTheTool([]Problem{{Text: "';' expected"}, {Text: text}}); got != want {
			t.Errorf("%s: got %v", text, got)
		}
	}
	if !MayBeTheTool(nil) {
		t.Error("a failure in no source may be the tool's")
	}
}
