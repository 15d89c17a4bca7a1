// Package tally says in words how large a change is:
//
//	tally.Change(2, 1, 0) // "2 classes and 1 resource"
package tally

import (
	"fmt"
	"strings"
)

// Change counts what a change of an application consists of, "" for nothing.
func Change(classes, resources, libraries int) string {
	var parts []string
	add := func(n int, one, many string) {
		switch {
		case n == 1:
			parts = append(parts, "1 "+one)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %s", n, many))
		}
	}
	add(classes, "class", "classes")
	add(resources, "resource", "resources")
	add(libraries, "library", "libraries")
	if len(parts) == 3 {
		parts = []string{parts[0] + ", " + parts[1], parts[2]}
	}
	return strings.Join(parts, " and ")
}
