package podstatus

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/devloop-cli/devloop/internal/lists"
)

// Listener is a port that a program in the Pod listens on; local ones are reached from inside of the Pod only.
type Listener struct {
	port  int
	local bool
}

// Listeners are the ports on which a container listens.
type Listeners []Listener

func (l Listeners) has(port int) bool {
	return slices.ContainsFunc(l, func(e Listener) bool { return e.port == port && !e.local })
}

// besides leaves out ports inside of the Pod, but for one: they are devloop's own, for a debugger and not for requests.
func (l Listeners) besides(port int) Listeners {
	return slices.DeleteFunc(slices.Clone(l), func(e Listener) bool { return e.local && e.port != port })
}

// one returns the port that an application serves at: the only one that is reached from outside of
// the Pod, else the only one of those that its log names; 0 where that does not tell.
func (l Listeners) one(logged Listeners) int {
	open := slices.DeleteFunc(slices.Clone(l), func(e Listener) bool { return e.local })
	if len(open) > 1 {
		open = slices.DeleteFunc(open, func(e Listener) bool { return !logged.has(e.port) })
	}
	if len(open) != 1 {
		return 0
	}
	return open[0].port
}

// only says whether the port is listened on, by local programs alone.
func (l Listeners) only(port int) bool {
	return !l.has(port) && slices.Contains(l, Listener{port, true})
}

// String names the ports, as in "port 9090" or "ports 8081 and 9090".
func (l Listeners) String() string {
	var numbers []string
	for _, e := range l {
		number := strconv.Itoa(e.port)
		if e.local {
			number += " of 127.0.0.1"
		}
		numbers = append(numbers, number)
	}
	if len(numbers) == 1 {
		return "port " + numbers[0]
	}
	last := len(numbers) - 1
	return "ports " + strings.Join(numbers[:last], ", ") + " and " + numbers[last]
}

// startedLog is what Spring Boot says of its web server, such as "Tomcat started on
// port 8080 (http)", before Boot 3 "on port(s): 8080 (http)".
var startedLog = regexp.MustCompile(`(?:Tomcat|Jetty|Netty|Undertow) started on ports? ?(?:\(s\):)? ?(\d+)`)

func portsInLog(log []string) Listeners {
	var found Listeners
	for _, line := range log {
		if m := startedLog.FindStringSubmatch(strings.Replace(line, "port(s):", "port", 1)); m != nil {
			port, _ := strconv.Atoi(m[1]) // the pattern has seen to that
			if port > 0 && !slices.Contains(found, Listener{port, false}) {
				found = append(found, Listener{port, false})
			}
		}
	}
	return found
}

// tcpListen is the state of a listening socket in /proc/net/tcp, see the kernel's include/net/tcp_states.h.
const tcpListen = "0A"

// ParseSockets reads the listening sockets of /proc/net/tcp and tcp6, sorted by port. Each line has the local address
// in hexadecimal, its bytes in the order of the machine word by word, and the state.
func ParseSockets(text string) Listeners {
	var found Listeners
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[3] != tcpListen {
			continue
		}
		address, port, _ := strings.Cut(fields[1], ":")
		number, err := strconv.ParseUint(port, 16, 16)
		if err != nil {
			continue
		}
		l := Listener{int(number), loopback(address)}
		if !slices.Contains(found, l) {
			found = append(found, l)
		}
	}
	found = slices.DeleteFunc(found, func(l Listener) bool { return l.local && found.has(l.port) })
	slices.SortFunc(found, func(a, b Listener) int { return a.port - b.port })
	return found
}

// loopback recognises 127.0.0.0/8, ::1 and the former in the form of the latter.
func loopback(address string) bool {
	raw, err := hex.DecodeString(address)
	if err != nil {
		return false
	}
	for i := 0; i+4 <= len(raw); i += 4 {
		slices.Reverse(raw[i : i+4])
	}
	switch text := fmt.Sprintf("%x", raw); len(raw) {
	case 4:
		return raw[0] == 127
	case 16:
		return text == strings.Repeat("0", 31)+"1" || strings.HasPrefix(text, strings.Repeat("0", 20)+"ffff7f")
	default:
		return false
	}
}

// UsualPorts lists the ports that web servers take unless they are told otherwise.
var UsualPorts = []int{80, 3000, 5000, 8000, 8080, 8081, 8443, 8888, 9090}

// ListenersOn returns the listeners on ports that are reachable from outside the Pod.
func ListenersOn(ports ...int) Listeners {
	return lists.Map(ports, func(port int) Listener { return Listener{port: port} })
}

// listeners returns where a container listens: by its sockets, else by its log, else by asking.
func (e Evidence) listeners(container string) Listeners {
	if e.Sockets != nil {
		if found := e.Sockets(container); len(found) > 0 {
			return found
		}
	}
	if found := portsInLog(e.Log); len(found) > 0 || e.Answering == nil {
		return found
	}
	return e.Answering()
}
