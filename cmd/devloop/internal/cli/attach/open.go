package attach

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/browser"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/sessions"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/internal/fault"
)

// OpenCommand is devloop open.
func OpenCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "open",
		Usage:     "open the application in the browser",
		ArgsUsage: "[NAME], or --ui [DIR]",
		Description: `Opens the local address that devloop run, deploy --forward or forward keeps open in another
terminal: of the Pod NAME if there are several. The browser is the one that $BROWSER names,
or else the system's.

With --ui it opens a page that shows the devloop run of the project in DIR (default: the
current directory): the saves with their stages and times, what failed, the Pods and the
log. The page is served on this machine only, to whoever has its address.`,
		Flags: flags(
			&cli.BoolFlag{Name: "ui", Usage: "open the page that shows the session instead"},
			&cli.BoolFlag{Name: "print", Usage: "print the address, and open nothing"}),
		Action: func(c *cli.Context) error {
			url, err := address(c)
			if err != nil {
				return err
			}
			if c.Bool("print") {
				_, err = fmt.Fprintln(s.Out, url)
				return err
			}
			return browser.Open(c.Context, url)
		},
	}
}

func address(c *cli.Context) (string, error) {
	if !c.Bool("ui") {
		return localAddress(sessions.OpenAddresses(""), c.Args().First())
	}
	client, err := session(c)
	if err != nil {
		return "", err
	}
	return client.Page(c.Context)
}

// localAddress returns the first address for a browser, of the Pod with that name. Without one, all must be of one Pod.
func localAddress(all []sessions.Address, pod string) (string, error) {
	all = slices.DeleteFunc(all, func(a sessions.Address) bool {
		return !strings.HasPrefix(a.URL, "http") || pod != "" && a.Pod != pod
	})
	if len(all) == 0 {
		what := "no Pod has a local address now"
		if pod != "" {
			what = fmt.Sprintf("Pod %q has no local address now", pod)
		}
		return "", &fault.Error{Code: "pod.unknown", Op: what,
			Hints: []string{"open one: devloop run, or devloop forward"}}
	}
	for _, a := range all[1:] {
		if a.Pod != all[0].Pod {
			return "", &fault.Error{Code: "pod.unknown", Op: "several Pods have local addresses",
				Hints: []string{"open one: devloop open " + all[0].Pod, "or: devloop open " + a.Pod}}
		}
	}
	return all[0].URL, nil
}
