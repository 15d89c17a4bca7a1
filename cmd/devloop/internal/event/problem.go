package event

import (
	"regexp"
	"strconv"
)

// Problem is a place in a file, and what is wrong there.
type Problem struct {
	// File is relative to the project's directory, or absolute if it lies outside.
	File string `json:"file"`
	Line int    `json:"line"`
	// Column is 0 if it is unknown.
	Column int    `json:"column,omitempty"`
	Text   string `json:"text"`
}

// placed matches evidence that begins with a place, as compilers write it.
var placed = regexp.MustCompile(`^(\S.*?\.\w+):(\d+)(?::(\d+))?: (.+)$`)

// Placed reports whether a failure, which may be nil, says where in the files the mistakes are.
func (f *Failure) Placed() bool { return f != nil && len(f.Problems()) > 0 }

// Problems returns the places that the evidence names.
func (f Failure) Problems() (list []Problem) {
	for _, line := range f.Evidence {
		if m := placed.FindStringSubmatch(line); m != nil {
			row, _ := strconv.Atoi(m[2]) // digits
			column, _ := strconv.Atoi(m[3])
			list = append(list, Problem{File: m[1], Line: row, Column: column, Text: m[4]})
		}
	}
	return list
}
