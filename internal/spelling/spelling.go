// Package spelling guesses which word a misspelled one was meant to be.
//
//	spelling.Closest("statsu", []string{"run", "status"}) // "status"
package spelling

import (
	"strings"

	"github.com/xrash/smetrics"
)

// Closest returns the candidate that word most likely misspells, "" if none is close. It ignores case and allows one
// edit for each three letters, at least one, and one where the first letters differ. A swap of two neighbours is one
// edit.
func Closest(word string, candidates []string) string {
	if word == "" {
		return ""
	}
	word = strings.ToLower(word)
	best, limit := "", max(1, len(word)/3)
	for _, c := range candidates {
		lower := strings.ToLower(c)
		d := smetrics.WagnerFischer(word, lower, 1, 1, 1)
		if swapped(word, lower) {
			d = 1
		}
		if d <= limit && (d <= 1 || lower[0] == word[0]) {
			best, limit = c, d-1
		}
	}
	return best
}

// swapped reports whether two words differ only in the order of two neighbouring letters.
func swapped(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

// LowerFirst makes the first letter lower case, so that a sentence can become part of another.
func LowerFirst(s string) string {
	if len(s) < 2 || s[1] >= 'A' && s[1] <= 'Z' { // an abbreviation
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
