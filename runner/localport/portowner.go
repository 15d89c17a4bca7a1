package localport

import (
	"fmt"

	"github.com/shirou/gopsutil/v4/net"
	"github.com/shirou/gopsutil/v4/process"
)

// portOwner names the process that listens on a port, as in "java (pid 4711)". It returns "" if the
// system does not tell: most systems show other users' sockets only to an administrator.
func portOwner(port int) string {
	connections, err := net.Connections("tcp")
	if err != nil {
		return ""
	}
	for _, c := range connections {
		if c.Status != "LISTEN" || c.Laddr.Port != uint32(port) || c.Pid == 0 {
			continue
		}
		if p, err := process.NewProcess(c.Pid); err == nil {
			if name, err := p.Name(); err == nil {
				return fmt.Sprintf("%s (pid %d)", name, c.Pid)
			}
		}
		return fmt.Sprintf("process %d", c.Pid)
	}
	return ""
}
