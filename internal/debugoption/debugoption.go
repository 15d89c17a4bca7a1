// Package debugoption finds where a JVM waits for debuggers, in the options that it was given.
//
//	port := debugoption.Port(append(config.Entrypoint, config.Env...)...) // 5005, or 0
//
// A debugger's port is not one for requests. A JVM takes whatever is sent there for a debugger's greeting, complains
// about it in the application's log, and keeps debuggers out meanwhile.
package debugoption

import (
	"regexp"
	"strconv"
	"strings"
)

// Usual is the port that IDEs propose. With several ports and no other word, it is the debugger's.
const Usual = 5005

// option matches -agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=*:5005, and the form before Java 5.
// https://docs.oracle.com/en/java/javase/21/docs/specs/jpda/conninv.html
var option = regexp.MustCompile(`(?:-agentlib:jdwp=|-Xrunjdwp:)\S*?address=(?:[^,\s]*:)?(\d+)`)

// Port returns the port at which the first option for a debugger among words lets one in, 0 without one.
func Port(words ...string) int {
	found := option.FindStringSubmatch(strings.Join(words, " "))
	if found == nil {
		return 0
	}
	port, _ := strconv.Atoi(found[1]) // the pattern has seen to that
	return port
}
