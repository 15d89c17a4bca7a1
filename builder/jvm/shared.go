package jvm

import (
	"regexp"
	"slices"
	"strings"
)

// shared matches the options that two JVMs of one container can both have: sizes, collectors, switches, properties. Any
// other may open a port, write a file or load an agent.
var shared = regexp.MustCompile(`^(?:-D.+|-X(?:mx|ms|ss|mn)\d+[kKmMgGtT]?|-XX:[+-]\w+|-XX:\w+=[\d.]+[kKmMgGtT]?|-XX:(?:HeapDumpPath|ErrorFile)=.+` +
	`|-(?:ea|esa|da|dsa|enableassertions|disableassertions)(?::.+)?|-server|--(?:add-\w+|enable-\w+(?:-\w+)?)(?:=.+)?|[\w.]+/[\w.]+=[\w.,-]+)$`)

// exclusive matches those of them that only one of the two can have after all.
var exclusive = regexp.MustCompile(`^-D(?:com\.sun\.management\.|java\.system\.class\.loader|java\.security\.manager)` +
	`|^-XX:[+-]?(?:MinHeapSize|SoftMaxHeapSize|LogVMOutput|FlightRecorder|AutoCreateSharedArchive)\b`)

// initialHeap matches an option that chooses how much heap a JVM begins with.
var initialHeap = regexp.MustCompile(`^-Xms|^-XX:InitialHeapSize=`)

// Exclusive returns the variable of an environment whose options are not for two JVMs of a container, and why in a
// clause; "" if all are. The JVM of devloop's supervisor is the second one.
func Exclusive(env []string) (variable, why string) {
	for _, v := range env {
		name, value, _ := strings.Cut(v, "=")
		if !slices.Contains(OptionVariables, name) {
			continue
		}
		if value == "" {
			return name, "its value is not known"
		}
		for option := range strings.FieldsSeq(value) {
			// the JVM takes them over those of its command
			last := name == "_JAVA_OPTIONS" && initialHeap.MatchString(option)
			if !shared.MatchString(option) || exclusive.MatchString(option) || last {
				return name, "only one JVM of a container can have " + option
			}
		}
	}
	return "", ""
}
