package image

import (
	"slices"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/optimization"
	"github.com/devloop-cli/devloop/builder/springboot"
)

func TestOptionsOfTheUserComeFirst(t *testing.T) {
	const serial, quick, fresh = "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Dspring.web.resources.cache.use-last-modified=false"
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

func TestJVMsThatKnowTheOptionTakeNewMethods(t *testing.T) {
	t.Parallel()
	const off, on = "-XX:-PrintWarnings", "-XX:+PrintWarnings"
	for _, c := range []struct {
		name, base, given string
		options           Options
		want              []string
	}{
		{"a base that does not tell its Java", "PATH=/bin", "", Options{Develop: true}, []string{off, optimization.AddMethods, on}},
		{"Java 25", "JAVA_VERSION=jdk-25.0.3+9", "", Options{Develop: true}, []string{off, optimization.AddMethods, on}},
		{"Java 8", "JAVA_VERSION=jdk8u402-b06", "", Options{Develop: true}, []string{off, optimization.AddMethods, on}},
		{"a Java that may not have it", "JAVA_VERSION=jdk-26.0.1+9", "", Options{Develop: true}, nil},
		{"an image that does not change", "", "", Options{}, nil},
		{"turned off", "", "", Options{Develop: true, Without: []string{optimization.Swap}}, nil},
		{"the user's choice", "", "JAVA_TOOL_OPTIONS=-XX:-AllowRedefinitionToAddDeleteMethods", Options{Develop: true}, []string{off, on}},
		{"the user's warnings", "", "JAVA_TOOL_OPTIONS=-XX:+PrintWarnings", Options{Develop: true}, []string{optimization.AddMethods}},
	} {
		c.options.JVMOptions = []string{c.given}
		var got []string
		for _, word := range configOf(t, c.options, v1.Config{Env: []string{c.base}}, bootFiles()).Entrypoint {
			if word == off || word == optimization.AddMethods || word == on {
				got = append(got, word)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}
