package jvm

import (
	"slices"
	"testing"
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
	if env := WithoutOptions([]string{"JAVA_TOOL_OPTIONS=-XX:+UseG1GC", "JDK_JAVA_OPTIONS=-ea", "JAVA_HOME=/jdk"}); !slices.Equal(env, []string{"JAVA_HOME=/jdk"}) {
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

func TestOptionVariable(t *testing.T) {
	t.Parallel()
	if got := OptionVariable([]string{"PATH=/bin", "JDK_JAVA_OPTIONS=", "_JAVA_OPTIONS=-ea"}); got != "_JAVA_OPTIONS" {
		t.Errorf("got %q", got)
	}
}
