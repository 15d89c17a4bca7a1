// Package jvm knows which options of a JVM exclude each other, and where a JVM takes options from.
//
//	jvm.Contradicts("-XX:+UseSerialGC", []string{"JAVA_TOOL_OPTIONS=-XX:+UseG1GC"}) // true
//
// devloop adds options to JVMs of the user. What the user says always wins.
package jvm

import (
	"os"
	"regexp"
	"slices"
	"strings"
)

// OptionVariables are the variables from which every JVM takes options.
var OptionVariables = []string{"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"}

// collector matches an option that chooses the JVM's garbage collector. A JVM that is told two of them does not start.
var collector = regexp.MustCompile(`-XX:[+-]Use\w*GC\b`)

// ChoosesCollector says whether one of these options chooses the garbage collector.
func ChoosesCollector(options ...string) bool {
	return slices.ContainsFunc(options, collector.MatchString)
}

// WithoutCollector leaves the choice of the collector out of options.
func WithoutCollector(options []string) []string {
	return slices.DeleteFunc(slices.Clone(options), collector.MatchString)
}

// Contradicts says whether an option speaks of what the user's own options do: given are options, and variables,
// NAME=VALUE, with options for every JVM. One whose value is not known may choose a collector.
func Contradicts(option string, given []string) bool {
	for _, text := range given {
		unknown := false
		if name, value, variable := strings.Cut(text, "="); variable && !strings.HasPrefix(text, "-") {
			if !slices.Contains(OptionVariables, name) {
				continue
			}
			text, unknown = value, value == ""
		}
		if collector.MatchString(option) && (unknown || collector.MatchString(text)) {
			return true
		}
		if slices.ContainsFunc(strings.Fields(text),
			func(theirs string) bool { return subject(theirs) == subject(option) }) {
			return true
		}
	}
	return false
}

// aboutOption matches what comes before and after the name in an option of the JVM.
var aboutOption = regexp.MustCompile(`^-XX:[+-]?|=.*$`)

// subject is what an option is about: the tiers of the compiler are chosen by two.
func subject(option string) string {
	name := aboutOption.ReplaceAllString(option, "")
	if name == "TieredCompilation" {
		name = "TieredStopAtLevel"
	}
	return name
}

// UserOptions returns the options that every JVM that is started from here takes from the environment.
func UserOptions() []string {
	var options []string
	for _, name := range OptionVariables {
		if value := os.Getenv(name); value != "" {
			options = append(options, value)
		}
	}
	return options
}

// quickOptions make a JVM that lives for one command start faster: no second compiler, one collector thread.
const quickOptions = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"

// QuickStart returns the environment for a build tool whose JVM takes options from a variable, with options there that
// make it start faster. If the user has set that variable, or one of others, it returns nil: the environment as it is.
// A collector that they chose for every JVM wins.
func QuickStart(variable string, others ...string) []string {
	for _, name := range append(others, variable) {
		if _, set := os.LookupEnv(name); set {
			return nil
		}
	}
	options := strings.Fields(quickOptions)
	if ChoosesCollector(UserOptions()...) {
		options = WithoutCollector(options)
	}
	return append(os.Environ(), variable+"="+strings.Join(options, " "))
}

// WithoutOptions returns the environment without options for every JVM: those that the user
// has for his own programs, such as an agent or a collector, are not for devloop's.
func WithoutOptions(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains(OptionVariables, name)
	})
}
