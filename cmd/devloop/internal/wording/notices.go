package wording

import (
	"fmt"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

// WithText returns a notice with its text and hints unless it has some, and any other event as it is.
func WithText(body event.Body) event.Body {
	n, is := body.(event.Notice)
	if !is || n.Text != "" || notices[n.Code] == nil {
		return body
	}
	text, hint := notices[n.Code](n)
	n.Text = text
	if hint != "" {
		n.Hints = append(slices.Clone(n.Hints), hint)
	}
	return n
}

// notices are the words for notices by their codes, and what to do about them.
var notices = map[string]func(n event.Notice) (text, hint string){
	event.NoticeOmitted: func(n event.Notice) (string, string) {
		return "the build leaves out what does not change the application: " + list(n.Tasks), ""
	},
	event.NoticeChart: func(n event.Notice) (string, string) {
		return fmt.Sprintf("the Helm chart %q is not used, devloop makes a Pod of its own", n.Dir), ""
	},
	event.NoticeDiffers: func(event.Notice) (string, string) { return "in the cluster, not in your files", "" },
	event.NoticeOldCode: func(event.Notice) (string, string) {
		return "the code before this change still answers on localhost", ""
	},
	event.NoticePartialCode: func(event.Notice) (string, string) {
		return "the running application has this change already, or a part of it", ""
	},
	event.NoticeDebugMoved: func(n event.Notice) (string, string) {
		return fmt.Sprintf("%s, so %s is debugged at %s", n.Why, list(n.Objects), list(n.Addresses)),
			"or choose another: --debug-port PORT"
	},
	event.NoticeDebugProbes: func(event.Notice) (string, string) {
		return "without liveness and startup probes, and with 10 minutes for readiness, because an application at a breakpoint answers no probe", "keep the probes: --keep probes"
	},
	event.NoticeDebugOff: func(n event.Notice) (string, string) {
		return "the JVM of the image does not start with a debug port, so each save makes a new Pod, and no debugger reaches it: " + n.Why, ""
	},
	event.NoticeDebugWait: func(n event.Notice) (string, string) {
		return "waiting for a debugger on " + strings.Join(n.Addresses, " and "), ""
	},
	event.NoticeForward: func(n event.Notice) (string, string) {
		return "localhost forwards to the Pod until Ctrl+C: " + strings.Join(n.Addresses, " "), ""
	},
	event.NoticeImageGuessed: func(n event.Notice) (string, string) {
		return fmt.Sprintf("devloop takes the manifest's image `%s` for this project's, because no other image of the manifest fits as well", n.Image), "name another image: --image-name IMAGE"
	},
	event.NoticeForeign: func(n event.Notice) (string, string) {
		if len(n.Files) == 1 {
			return "not deployed, as another tool reads it: " + list(n.Files),
				"deploy such a file anyway: --manifest FILE"
		}
		return "not deployed, as other tools read them: " + list(n.Files), "deploy such a file anyway: --manifest FILE"
	},
	event.NoticeLeftOut: func(n event.Notice) (string, string) {
		return "not deployed, because the cluster does not have their kinds: " + list(n.Objects),
			"install the operators that define these kinds, if the application needs them"
	},
	event.NoticeUnread: func(n event.Notice) (string, string) {
		return fmt.Sprintf("%s may have options for the JVM but cannot be read: %s; "+
				"if they contradict devloop's own, the application does not start; the next save tries again",
				list(n.Objects), n.Why),
			"put these options into the manifest, under `env:`: devloop then leaves out what contradicts them"
	},
	event.NoticeUnused: func(n event.Notice) (string, string) {
		return "manifests below " + list(n.Files) + " are not used, devloop makes a Pod of its own",
			"deploy one of them: --manifest " + n.Files[0]
	},
	event.NoticeVariants: func(n event.Notice) (string, string) {
		return "not deployed, as they are for other environments: " + list(n.Files),
			"deploy one of them: --manifest " + n.Files[0]
	},
	event.NoticePodGap: func(n event.Notice) (string, string) {
		return "the old Pod goes before the new one serves: " + n.Why, ""
	},
	event.NoticePodRecovered: func(n event.Notice) (string, string) {
		return list(n.Pods) + " serves now, after Kubernetes tried again", ""
	},
	event.NoticePortDiffers: func(n event.Notice) (string, string) {
		return fmt.Sprintf("the application listens on port %d instead of port %d, which its settings name; localhost forwards to it", n.Port, n.Expected),
			fmt.Sprintf("let it listen on %d: --env SERVER_PORT=%d, or `server.port` in its settings",
				n.Expected, n.Expected)
	},
	event.NoticePortMoved: func(n event.Notice) (string, string) {
		return fmt.Sprintf("%s, so port %d of %s is at %s", n.Why, n.Port, list(n.Objects), list(n.Addresses)), ""
	},
	event.NoticePortUnused: func(n event.Notice) (string, string) {
		return fmt.Sprintf("nothing listens on port %d of Pod %q, which the manifest names; localhost forwards to it once something does", n.Port, list(n.Pods)), ""
	},
	event.NoticeTakenOver: func(n event.Notice) (string, string) {
		return fmt.Sprintf("this replaces what was deployed from %q, where no devloop runs now", n.Dir), ""
	},
	event.NoticeTurn: func(n event.Notice) (string, string) {
		if n.Others == 1 {
			return "waiting for another service to start", ""
		}
		return fmt.Sprintf("waiting for %d other services to start", n.Others), ""
	},
	event.NoticeSettings: func(event.Notice) (string, string) {
		return "this session keeps the settings that it began with",
			"use the new ones: quit devloop run and start it again"
	},
}

func list(names []string) string { return strings.Join(names, ", ") }
