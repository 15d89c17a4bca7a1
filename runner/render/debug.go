package render

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/runner/manifest"
)

// Debug is what the project's containers need so that a debugger can stop them.
type Debug struct {
	// JVMOptions are added to those of the environment, "" for none, for one container of a Pod: all share its ports.
	JVMOptions string
	// ImageJVMOptions are those that the image has there. A manifest's replace them.
	ImageJVMOptions string
	// Java is the version that the application needs at least, 0 if unknown.
	Java int
	// Stops says that a debugger will stop the application: no probe may end it for that.
	Stops bool
}

// Variables are where a JVM looks for options, the best one first. java reads JDK_JAVA_OPTIONS since version 9. The
// JDK's tools, such as jcmd, ignore it; with JAVA_TOOL_OPTIONS they would open the debug port, too.
// https://docs.oracle.com/en/java/javase/17/docs/specs/man/java.html#using-the-jdk_java_options-launcher-environment-variable
func (d Debug) Variables() []string {
	if d.Java >= 9 {
		return []string{"JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS"}
	}
	return []string{"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"}
}

func prepareDebugging(o *unstructured.Unstructured, s Spec) {
	given := false
	for _, c := range manifest.MainContainersOf(o) {
		if s.Image == "" || manifest.Image(c) != s.Image {
			continue
		}
		if s.Debug.JVMOptions != "" && !given {
			given = addJVMOptions(c, s.Debug)
		}
		if s.Debug.Stops && !slices.Contains(s.Keep, PatchProbes) {
			relaxProbes(c)
		}
	}
}

// addJVMOptions adds the options to the best variable whose value is in the manifest, and reports whether there is one.
func addJVMOptions(c manifest.Fields, d Debug) bool {
	env := slices.Clone(list(c["env"]))
	for _, name := range d.Variables() {
		i := slices.IndexFunc(env,
			func(item any) bool { fields, _ := item.(map[string]any); return fields["name"] == name })
		before := ""
		if name == d.Variables()[0] {
			before = d.ImageJVMOptions
		}
		if i >= 0 {
			fields, _ := env[i].(map[string]any)
			value, plain := fields["value"].(string)
			if !plain && fields["valueFrom"] != nil {
				continue
			}
			before, env = value, slices.Delete(env, i, i+1)
		}
		c["env"] = append(env, map[string]any{"name": name, "value": strings.TrimSpace(before + " " + d.JVMOptions)})
		return true
	}
	return false
}

// breakpointSeconds is how long a probe waits for an application that stands at a breakpoint.
const breakpointSeconds = 600

// relaxProbes removes the probes that end containers, and eases readiness: a debugger may have stopped the application.
func relaxProbes(c manifest.Fields) {
	delete(c, "livenessProbe")
	delete(c, "startupProbe")
	if probe, ok := c["readinessProbe"].(map[string]any); ok {
		probe["timeoutSeconds"] = max(number(probe, "timeoutSeconds", 1), breakpointSeconds)
	}
}
