package debugport

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/supervisor"
	"github.com/devloop-cli/devloop/runner/localport"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/runner/render"
)

// Options say how a debugger is let into the JVMs of Pods. The zero value lets none in.
type Options struct {
	On bool
	// Port is the local port for the first Pod; the others get the next ones.
	Port localport.Options
	// Suspend has each JVM wait at its start until a debugger has come.
	Suspend bool
	// Unavailable is set once a JVM did not start with a debug port.
	Unavailable bool
}

// jdwpOption has a JVM let in a debugger through the Pod's loopback address.
const jdwpOption = "-agentlib:jdwp=transport=dt_socket,server=y,quiet=y,suspend=%s,address=127.0.0.1:%d"

// existingOption recognises that option in somebody else's words, and finds its port.
var existingOption = regexp.MustCompile(`(?:-agentlib:jdwp=|-Xrunjdwp:)\S*?address=(?:[^,\s]*:)?(\d+)`)

// JVMOptions returns the options with which a Pod's JVM lets a debugger in, and where it will
// listen. A supervisor needs none, nor does a Dockerfile or manifest that has the option; images
// are the names under which the manifest runs img.
func JVMOptions(o Options, m manifest.Manifest, images []string, img image.Image) (d render.Debug, port int) {
	d, port = render.Debug{Stops: o.On, Java: img.Report.Java}, supervisor.DebugPort
	if wanted := o.On || img.Report.Swappable; !wanted || img.Report.Supervised || o.Unavailable {
		return d, port
	}
	text := m.ContainerStrings(images...)
	if config, err := img.Content.ConfigFile(); err == nil {
		text = slices.Concat(text, config.Config.Entrypoint, config.Config.Cmd, config.Config.Env)
		for _, v := range config.Config.Env {
			if value, found := strings.CutPrefix(v, d.Variables()[0]+"="); found {
				d.ImageJVMOptions = value
			}
		}
	}
	for _, v := range m.Environment(d.Variables()[0]) { // what a ConfigMap gives comes before the image
		_, d.ImageJVMOptions, _ = strings.Cut(v, "=")
	}
	if found := existingOption.FindStringSubmatch(strings.Join(text, " ")); found != nil {
		port, _ = strconv.Atoi(found[1]) // the pattern has seen to that
		return d, port
	}
	suspend := "n"
	if o.Suspend {
		suspend = "y"
	}
	d.JVMOptions = fmt.Sprintf(jdwpOption, suspend, supervisor.DebugPort)
	return d, port
}

// A JVM that does not start with its debug port mentions jdwp. But so does any JVM when it names
// the variable that asks for the port.
var jdwpMentioned, pickedUp = regexp.MustCompile(`(?i)jdwp`), regexp.MustCompile(`Picked up \w+:`)

// AboutJDWP reports whether a JVM complains about its debug port in a line.
func AboutJDWP(line string) bool {
	return jdwpMentioned.MatchString(line) && !pickedUp.MatchString(line)
}
