package cmdline

import (
	"fmt"
	"strings"
)

// exit is a row of the table of exit codes.
type exit struct {
	code int
	// meaning is for people; prefixes are the failure codes that lead here.
	meaning  string
	prefixes []string
}

// exits is the whole table; help and docs/exit-codes.md are made from it.
var exits = []exit{
	{0, "success", nil},
	{1, "unexpected error", nil},
	{2, "the command line is wrong", []string{"usage"}},
	{3, "the project, its settings or its manifest are wrong", []string{"project", "config", "manifest"}},
	{4, "another devloop is running for the project", []string{"project.held"}},
	{5, "the machine is not ready: run devloop setup", []string{"machine"}},
	{6, "no devloop run works on the project", []string{"session"}},
	{10, "the build failed, or its tools are missing", []string{"compile", "tool"}},
	{11, "the image cannot be built", []string{"image"}},
	{12, "the image cannot be loaded into the cluster", []string{"load"}},
	{13, "the cluster refused the objects", []string{"deploy", "pod.foreign"}},
	{14, "the Pod did not become ready", []string{"pod"}},
	{15, "the local port is unavailable, or does not reach the Pod", []string{"port", "forward"}},
	{16, "no such Pod, log, or program in the container", []string{"pod.unknown", "log", "exec"}},
	{20, "Docker does not answer", []string{"docker"}},
	{21, "no cluster answers, or it is not on this machine", []string{"cluster"}},
	{124, "devloop wait gave up", []string{"wait.timeout"}},
	{130, "interrupted", []string{"interrupted"}},
}

// ExitCode returns the exit code for a failure's code, else 1. The longest prefix wins: "pod.foreign" is not "pod".
func ExitCode(failure string) int {
	code, longest := 1, 0
	for _, e := range exits {
		for _, p := range e.prefixes {
			if (failure == p || strings.HasPrefix(failure, p+".")) && len(p) > longest {
				code, longest = e.code, len(p)
			}
		}
	}
	return code
}

// ExitCodes returns the table as help shows it, in a language.
func ExitCodes(say func(message string) string) string {
	var b strings.Builder
	for _, e := range exits {
		fmt.Fprintf(&b, "  %3d  %s\n", e.code, say(e.meaning))
	}
	return strings.TrimRight(b.String(), "\n")
}
