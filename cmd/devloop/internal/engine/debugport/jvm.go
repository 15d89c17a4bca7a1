package debugport

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/supervisor"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/publish"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/debugoption"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/runner/podstatus"
	"github.com/devloop-cli/devloop/runner/render"
)

// jdwpOption has a JVM let in a debugger through the Pod's loopback address.
const jdwpOption = "-agentlib:jdwp=transport=dt_socket,server=y,quiet=y,suspend=%s,address=127.0.0.1:%d"

// JVMOptions returns the options with which a Pod's JVM lets a debugger in, and records where the
// JVM will listen. A supervisor needs none, nor does a Dockerfile or manifest that has the option
// already; images are the names under which the manifest runs img.
func (d *Debuggers) JVMOptions(m manifest.Manifest, images []string, img image.Image) render.Debug {
	if d.unavailable {
		return render.Debug{Stops: d.options.On, Java: img.Report.Java}
	}
	var options render.Debug
	options, d.jvmPort = jvmOptions(d.options, m, images, img)
	return options
}

func jvmOptions(o Options, m manifest.Manifest, images []string, img image.Image) (d render.Debug, port int) {
	d, port = render.Debug{Stops: o.On, Java: img.Report.Java}, supervisor.DebugPort
	if wanted := o.On || img.Report.Swappable; !wanted || img.Report.Supervised {
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
	for _, v := range m.Environment(images, d.Variables()[0]) { // what a ConfigMap gives comes before the image
		_, d.ImageJVMOptions, _ = strings.Cut(v, "=")
	}
	if told := debugoption.Port(text...); told != 0 {
		return d, told
	}
	suspend := "n"
	if o.Suspend {
		suspend = "y"
	}
	d.JVMOptions = fmt.Sprintf(jdwpOption, suspend, supervisor.DebugPort)
	return d, port
}

// MarkImagePort records in Pods at which port the options in their image let a debugger in. The Pods do not tell.
func MarkImagePort(pods []kube.Pod, img image.Image) []kube.Pod {
	if img.Report.Supervised || img.Content == nil {
		return pods
	}
	config, err := img.Content.ConfigFile()
	if err != nil {
		return pods
	}
	port := debugoption.Port(slices.Concat(config.Config.Entrypoint, config.Config.Cmd, config.Config.Env)...)
	for i, p := range pods {
		if port != 0 && p.Runs(img.Ref) && !slices.Contains(p.Debug, port) {
			pods[i].Debug = append(slices.Clip(p.Debug), port)
		}
	}
	return pods
}

// A JVM that does not start with its debug port mentions jdwp. But so does any JVM when it names
// the variable that asks for the port.
var jdwpMentioned, pickedUp = regexp.MustCompile(`(?i)jdwp`), regexp.MustCompile(`Picked up \w+:`)

// aboutJDWP reports whether a JVM complains about its debug port in a line.
func aboutJDWP(line string) bool {
	return jdwpMentioned.MatchString(line) && !pickedUp.MatchString(line)
}

// Unavailable reports whether a JVM did not start with a debug port. Later Pods get none.
func (d *Debuggers) Unavailable() bool { return d.unavailable }

// Rejected reports whether Pods failed because their JVM does not start with the debug port that it was asked to open:
// its image may miss the library, or start several JVMs. From then on JVMOptions asks for none.
func (d *Debuggers) Rejected(events publish.Publisher, asked render.Debug, err error) bool {
	why, failed := errors.AsType[*podstatus.NotReadyError](err)
	if asked.JVMOptions == "" || !failed || why.Code() != "pod.crash" {
		return false
	}
	i := slices.IndexFunc(why.Evidence(), aboutJDWP)
	if i < 0 {
		return false
	}
	d.unavailable = true
	events.Warn(event.Notice{Code: event.NoticeDebugOff, Why: why.Evidence()[i]})
	return true
}
