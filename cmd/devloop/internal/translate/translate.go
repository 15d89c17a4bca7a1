// Package translate says messages in another language.
//
//	say := translate.To("ko")
//	say(`the image "shop" is not on the node, …`) // "노드(node)에 …"
//	say("a message without a translation")        // the same
//
// Messages are English all through devloop, in events and JSON too. They are translated where a person reads
// them, so no other package knows languages. The catalogue, ko.txt, has the format that makes an
// English message, followed by the Korean lines. A message that fits a format gives its arguments:
//
//	%q, %d  a quoted text, a number; they stay as they are
//	%n      a name, which has no space; it stays as it is
//	%s      a text that stays as it is, such as a command
//	%t      what another program says, or a message: that is translated
//	%m      a message; it must be in the catalogue too, or be empty. Else the whole stays English.
package translate

import (
	_ "embed"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed ko.txt
var korean string

// To returns what translates messages into a language: ko, or en, which changes nothing.
func To(language string) func(message string) string {
	if language != "ko" {
		return func(message string) string { return message }
	}
	catalogue := parsed()
	return func(message string) string {
		if said, known := catalogue.say(message); known {
			return said
		}
		return catalogue.sayBeforeFlags(message)
	}
}

// sayBeforeFlags translates a message whose command, at its end, has arguments that the catalogue does not have: those
// that say on which project and in which cluster it works.
func (c catalogue) sayBeforeFlags(message string) string {
	const begin = ": devloop "
	command := strings.LastIndex(message, begin)
	for end := strings.LastIndex(message, " "); command >= 0 && end >= command+
		len(begin); end = strings.LastIndex(message[:end], " ") {
		if said, known := c.say(message[:end]); known {
			return said + message[end:]
		}
	}
	return message
}

// Formats returns a language's catalogue, for displays not written in Go: each English format with its translation.
func Formats(language string) map[string]string {
	formats := map[string]string{}
	if language == "ko" {
		for _, e := range parsed() {
			formats[e.english] = e.other
		}
	}
	return formats
}

var parsed = sync.OnceValue(func() catalogue { return parse(korean) })

// entry is a message in both languages.
type entry struct {
	english, other string
	verbs          []string              // of english, in their order
	words          []string              // what stands between them
	pattern        func() *regexp.Regexp // what english makes
}

// catalogue has its most specific entries first.
type catalogue []entry

var (
	verb   = regexp.MustCompile(`%[qdnstm]`)
	number = regexp.MustCompile(`%(?:\[(\d)\])?[qdnstm]`) // as in %[2]q
	groups = map[string]string{"%q": `("(?:[^"\\]|\\.)*")`, "%d": `(-?\d+)`, "%n": `(\S+)`, "%s": `(.*?)`,
		"%t": `(.*?)`, "%m": `(.*?)`}
)

// parse reads entries, which an empty line separates. A line that begins with # is a comment.
func parse(text string) (c catalogue) {
	for block := range strings.SplitSeq(text, "\n\n") {
		lines := slices.DeleteFunc(strings.Split(strings.Trim(block, "\n"), "\n"),
			func(line string) bool { return strings.HasPrefix(line, "#") })
		if len(lines) < 2 {
			continue
		}
		e := entry{english: lines[0], other: strings.Join(lines[1:], "\n"), verbs: verb.FindAllString(lines[0], -1),
			words: verb.Split(lines[0], -1)}
		e.pattern = sync.OnceValue(func() *regexp.Regexp {
			pattern := verb.ReplaceAllStringFunc(regexp.QuoteMeta(e.english),
				func(v string) string { return groups[v] })
			return regexp.MustCompile(`(?s)^` + pattern + `$`)
		})
		c = append(c, e)
	}
	slices.SortStableFunc(c, func(a, b entry) int { return literal(b) - literal(a) })
	return c
}

// literal is how much of an entry's English is no argument.
func literal(e entry) int { return len(e.english) - 2*len(e.verbs) }

// say translates a message, and reports whether the catalogue has it.
func (c catalogue) say(message string) (string, bool) {
	for _, e := range c {
		if !e.mayMake(message) {
			continue
		}
		if m := e.pattern().FindStringSubmatch(message); m != nil {
			if said, ok := c.fill(e, m[1:]); ok {
				return said, true
			}
		}
	}
	return "", false
}

// mayMake reports whether a message has the words of e. It is much cheaper than the pattern, and seldom wrong.
func (e entry) mayMake(message string) bool {
	for i, word := range e.words {
		at := strings.Index(message, word)
		if at < 0 || i == 0 && at > 0 {
			return false
		}
		message = message[at+len(word):]
	}
	return len(e.verbs) > 0 || message == ""
}

func (c catalogue) fill(e entry, args []string) (string, bool) {
	for i, arg := range args {
		if arg == "" || e.verbs[i] != "%m" && e.verbs[i] != "%t" {
			continue
		}
		if said, known := c.say(arg); known {
			args[i] = said
		} else if e.verbs[i] == "%m" {
			return "", false
		}
	}
	next := 0
	return number.ReplaceAllStringFunc(e.other, func(v string) string {
		i := next
		next++
		if m := number.FindStringSubmatch(v); m[1] != "" {
			n, _ := strconv.Atoi(m[1]) // the pattern has seen to that
			i = n - 1
		}
		return args[i]
	}), true
}
