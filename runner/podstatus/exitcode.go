package podstatus

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/devloop-cli/devloop/runner/kube"
	corev1 "k8s.io/api/core/v1"
)

func diagnoseEnd(p *corev1.Pod, s corev1.ContainerStatus, what string, t *corev1.ContainerStateTerminated) Finding {
	if len(p.Status.ContainerStatuses) > 1 || what != "the application" {
		what = fmt.Sprintf("%s %q", strings.Replace(what, "application", "container", 1), s.Name)
	}
	limit := memoryLimit(p, s.Name)
	switch {
	// The runtime may report the end before it has heard why the kernel did it.
	case t.Reason == "OOMKilled", t.ExitCode == 137 && limit != noLimit:
		return outOfMemory(p, s.Name, what, limit, t.Reason == "OOMKilled")
	case t.Reason == "ContainerCannotRun", t.Reason == "StartError":
		return Finding{Code: "pod.crash", Warned: true, Why: fmt.Sprintf("%s could not be started: %s", what,
			startFailure(t.Message)), Hints: configHints(t.Message)}
	}
	return Finding{Code: "pod.crash",
		Why: fmt.Sprintf("%s exited with code %d%s%s", what, t.ExitCode, exitMeaning(t.ExitCode), after(t))}
}

// outOfMemory sets the limit against what Java may take.
func outOfMemory(p *corev1.Pod, container, what, limit string, sure bool) Finding {
	words := "so the system ended it (OOMKilled)"
	if !sure {
		words = "as it seems: it was killed (exit code 137)"
	}
	heap := ""
	if wanted := heapOption(p, container); wanted != "" {
		heap = fmt.Sprintf("; Java's heap alone may take what %s says, and the rest of Java some 100 to 200 MB more",
			wanted)
	}
	hints := []string{"raise `resources.limits.memory` in the manifest",
		"or let Java take less: env JAVA_TOOL_OPTIONS with -XX:MaxRAMPercentage=60"}
	if kube.IsSupervised(p, container) {
		hints = append(hints,
			"or leave out devloop's supervisor, which takes some 10 MB: devloop run --without restart")
	}
	return Finding{Code: "pod.oom",
		Why:   fmt.Sprintf("%s wanted more memory than %s, %s%s", what, limit, words, heap),
		Hints: append(hints, "read how Java and the limit go together: devloop explain OOMKilled")}
}

// heapFlags are the options of the java command that size the heap.
var heapFlags = regexp.MustCompile(`-Xmx\S+|-XX:MaxRAMPercentage=\S+|-XX:MaxHeapSize=\S+`)

// heapOption returns the option by which a container sizes Java's heap in the manifest: the last one, as for java.
func heapOption(p *corev1.Pod, name string) string {
	c := kube.Container(p, name)
	if c == nil {
		return ""
	}
	var text []string
	for _, e := range c.Env {
		if e.Name == "JAVA_TOOL_OPTIONS" || e.Name == "JDK_JAVA_OPTIONS" || e.Name == "JAVA_OPTS" {
			text = append(text, e.Value)
		}
	}
	found := heapFlags.FindAllString(strings.Join(slices.Concat(text, c.Command, c.Args), " "), -1)
	if len(found) == 0 {
		return ""
	}
	return found[len(found)-1]
}

// noLimit stands for a container that may take what there is.
const noLimit = "there is"

func memoryLimit(p *corev1.Pod, container string) string {
	if c := kube.Container(p, container); c != nil {
		if limit, ok := c.Resources.Limits[corev1.ResourceMemory]; ok {
			return "its limit of " + limit.String()
		}
	}
	return noLimit
}

var (
	noProgram   = regexp.MustCompile(`exec: "([^"]+)": (?:executable file not found|stat [^:]+: no such file)`)
	notAllowed  = regexp.MustCompile(`exec: "([^"]+)": (?:permission denied|is a directory)`)
	noDirectory = regexp.MustCompile(`chdir to cwd \("([^"]+)"\)|mkdir (/\S*): not a directory`)
)

// startFailure puts the runtime's message, five wrappings deep, in a few words.
func startFailure(message string) string {
	switch {
	case strings.Contains(message, "exec format error"):
		return "the program is made for another processor than this machine's"
	case noProgram.MatchString(message):
		return fmt.Sprintf("the image has no program %q", noProgram.FindStringSubmatch(message)[1])
	case notAllowed.MatchString(message):
		return fmt.Sprintf("%q is no program that may be run", notAllowed.FindStringSubmatch(message)[1])
	case noDirectory.MatchString(message):
		m := noDirectory.FindStringSubmatch(message)
		return fmt.Sprintf("its working directory %q is not a directory", m[1]+m[2])
	default:
		return message
	}
}

// exitMeaning translates the exit codes of shells and signals; 128+n is signal n.
func exitMeaning(code int32) string {
	switch code {
	case 0:
		return " (no error: it had nothing more to do, but a server should keep running)"
	case 126:
		return " (the command is no program that can be run)"
	case 127:
		return " (the command was not found in the image)"
	case 137:
		return " (killed)"
	case 139:
		return " (it crashed: segmentation fault)"
	case 143:
		return " (it was told to stop)"
	default:
		return ""
	}
}

func after(t *corev1.ContainerStateTerminated) string {
	took := t.FinishedAt.Sub(t.StartedAt.Time)
	if t.StartedAt.IsZero() || took < 0 || took > time.Hour {
		return ""
	}
	if took < time.Second {
		return ", right after its start"
	}
	return fmt.Sprintf(", %v after its start", took.Round(time.Second))
}
