package builder

import (
	"os"
	"os/exec"
	"strconv"
)

// isolate does nothing: on Windows the tree of processes is found by its root.
func isolate(*exec.Cmd) {}

// terminate ends p and its descendants at once: Windows has no SIGTERM for them.
func terminate(p *os.Process) error {
	return exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(p.Pid)).Run()
}

// killGroup does nothing: terminate has ended the tree.
func killGroup(*os.Process) {}
