package proc

import (
	"context"
	"os"
	"os/exec"
	"strconv"
)

// isolate does nothing: taskkill finds the descendants by their root.
func isolate(*exec.Cmd) {}

// terminate kills p and its descendants: Windows has no SIGTERM for them.
func terminate(p *os.Process) error {
	ctx, cancel := context.WithTimeout(context.Background(), killDelay)
	defer cancel()
	return exec.CommandContext(ctx, "taskkill", "/T", "/F", "/PID", strconv.Itoa(p.Pid)).Run()
}

// killGroup kills p alone: terminate has killed all, unless taskkill failed.
func killGroup(p *os.Process) { _ = p.Kill() }
