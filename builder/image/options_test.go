package image

import (
	"slices"
	"testing"

	"github.com/devloop-cli/devloop/builder/springboot"
)

func TestOptionsOfTheUserComeFirst(t *testing.T) {
	const serial, quick, fresh = "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dspring.web.resources.cache.use-last-modified=false"
	for _, c := range []struct {
		given string
		left  []string
	}{
		{"", []string{quick, serial, fresh}},
		{"PATH=/usr/bin", []string{quick, serial, fresh}},
		{"GREETING=-XX:+UseG1GC", []string{quick, serial, fresh}},
		{"JAVA_TOOL_OPTIONS=-XX:+UseG1GC -XX:MaxRAMPercentage=75", []string{quick, fresh}},
		{"JDK_JAVA_OPTIONS=-XX:-UseSerialGC", []string{quick, fresh}},
		{"JAVA_TOOL_OPTIONS=", []string{quick, fresh}},
		{"_JAVA_OPTIONS=-XX:TieredStopAtLevel=4", []string{serial, fresh}},
		{"JAVA_TOOL_OPTIONS=-XX:-TieredCompilation", []string{serial, fresh}},
		{"JAVA_TOOL_OPTIONS=-Dspring.web.resources.cache.use-last-modified=true", []string{quick, serial}},
		{"-XX:+UseParallelGC", []string{quick, fresh}},
	} {
		k := &composer{on: &dockerfileBase{}, given: []string{c.given}}
		if got := optionTexts(k.jvmOptions(&springboot.Files{})); !slices.Equal(got, c.left) {
			t.Errorf("%q: got %v, want %v", c.given, got, c.left)
		}
	}
}
