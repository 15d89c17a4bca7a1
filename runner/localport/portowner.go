package localport

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// portOwner names the process that listens on a port, as in "java (pid 4711)", or
// returns "" where the system does not tell: /proc is Linux's, and shows other
// users' sockets only to root.
func portOwner(port int) string {
	inodes := map[string]bool{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		listening(table, port, inodes)
	}
	if len(inodes) == 0 {
		return ""
	}
	sockets, _ := filepath.Glob("/proc/[0-9]*/fd/*") // the pattern is right, and no other error comes
	for _, path := range sockets {
		link, err := os.Readlink(path)
		if err == nil && inodes[strings.TrimSuffix(strings.TrimPrefix(link, "socket:["), "]")] {
			return process(strings.Split(path, "/")[2])
		}
	}
	return ""
}

// tcpListen is the state of a listening socket in /proc/net/tcp, see the kernel's
// include/net/tcp_states.h.
const tcpListen = "0A"

// listening adds the inodes of the sockets that listen on port to inodes. A line
// of the table is: number, local address:port, remote, state, queues, timer,
// retransmits, user, timeout, inode …, addresses and ports in hexadecimal.
func listening(table string, port int, inodes map[string]bool) {
	text, err := os.ReadFile(table)
	if err != nil {
		return
	}
	suffix := fmt.Sprintf(":%04X", port)
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) > 9 && strings.HasSuffix(fields[1], suffix) && fields[3] == tcpListen {
			inodes[fields[9]] = true
		}
	}
}

func process(pid string) string {
	name, err := os.ReadFile(filepath.Join("/proc", pid, "comm"))
	if err != nil {
		return "process " + pid
	}
	return fmt.Sprintf("%s (pid %s)", strings.TrimSpace(string(name)), pid)
}
