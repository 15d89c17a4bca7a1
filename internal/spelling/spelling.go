// Package spelling guesses what somebody meant to type.
//
//	spelling.Closest("statsu", []string{"run", "status"}) // "status"
package spelling

import (
	"strings"

	"github.com/xrash/smetrics"
)

// Closest returns the candidate that word most likely misspells, "" if none is close. It allows
// one edit for each three letters of word, and ignores case.
func Closest(word string, candidates []string) string {
	best, distance := "", len(word)/3+1
	for _, c := range candidates {
		if d := smetrics.WagnerFischer(strings.ToLower(word), strings.ToLower(c), 1, 1, 1); d < distance {
			best, distance = c, d
		}
	}
	return best
}

// LowerFirst makes the first letter lower case, so that a sentence can become part of another.
func LowerFirst(s string) string {
	if len(s) < 2 || s[1] >= 'A' && s[1] <= 'Z' { // an abbreviation
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
