package proc

import (
	"os"
	"os/exec"
	"strconv"
)

// isolate does nothing: taskkill finds the descendants by their root.
func isolate(*exec.Cmd) {}

// terminate kills p and its descendants: Windows has no SIGTERM for them.
func terminate(p *os.Process) error {
	return exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(p.Pid)).Run()
}

// killGroup does nothing: terminate has killed all.
func killGroup(*os.Process) {}
