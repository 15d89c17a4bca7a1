package pods

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/sessions"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/lines"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/ui"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/runner"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/podlogs"
)

// successorTime is how long a followed log waits for the next Pod when its own is gone, and how often it looks
// whether another one may still come.
const successorTime = 10 * time.Second

// LogsCommand is devloop logs.
func LogsCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "logs",
		Usage:     "print the logs of Pods",
		ArgsUsage: "[NAME...]",
		Description: `Prints the log of each Pod NAME from its beginning. Lines of several Pods begin with the
Pod's name, those of a Pod with several containers with the container's. --previous prints
what a container logged before it was restarted, which usually shows why it crashed.
--follow goes on with the next Pod when the Pod is replaced.

NAME is a Pod, or what it belongs to, as in deploy/web or svc/web. You can leave it out if
devloop has only one Pod in the namespace.`,
		Flags: wiring.LookFlags(
			&cli.BoolFlag{Name: "follow", Aliases: []string{"f"},
				Usage: "keep printing until the Pod is gone and no other is to come, or you press Ctrl+C"},
			&cli.BoolFlag{Name: "previous", Aliases: []string{"p"}, Usage: "the log of the run before the current one"},
			&cli.StringFlag{Name: "container", Aliases: []string{"c"}, Usage: "only the log of this `CONTAINER`"},
			&cli.Int64Flag{Name: "tail", Usage: "start with the last `N` lines; 0 for none"},
			&cli.DurationFlag{Name: "since", Usage: "only lines of the last `TIME`, as in 5m"},
			&cli.BoolFlag{Name: "timestamps", Aliases: []string{"t"}, Usage: "begin each line with its time"},
			&cli.StringFlag{Name: "grep", Usage: "only lines that this regular `EXPRESSION` matches"},
			&cli.StringFlag{Name: "exclude", Usage: "no lines that this regular `EXPRESSION` matches"},
			cmdline.ColorFlag()),
		Action: wiring.UntilReaderEnds(s, func(c *cli.Context) error { return logs(c, s) }),
	}
}

func logs(c *cli.Context, s wiring.Streams) error {
	options, err := logOptions(c)
	if err != nil {
		return err
	}
	names := cmdline.ObjectNames(c.Args().Slice())
	if len(names) == 0 {
		names = []string{""} // the only Pod
	}
	p := &logPrinter{streams: s, style: s.Style(c, s.Out), json: c.Bool("json"), stamped: options.Timestamps}
	if p.only, p.no, err = filters(c); err != nil {
		return err
	}
	var found []kube.Pod
	var client *runner.Runner
	for _, name := range names {
		at, pod, err := wiring.FindPod(c, s, name)
		if err != nil {
			return err
		}
		client, found = at, append(found, pod)
		if len(names) > 1 {
			p.width = max(p.width, len(pod.Name))
		}
	}
	group, ctx := errgroup.WithContext(c.Context)
	if !options.Follow {
		group.SetLimit(1) // one Pod's log after the other
	}
	for i, pod := range found {
		group.Go(func() error { return p.pod(ctx, client, i, pod, options) })
	}
	return group.Wait()
}

// logOptions reads the flags.
func logOptions(c *cli.Context) (podlogs.Options, error) {
	o := podlogs.Options{Previous: c.Bool("previous"), Follow: c.Bool("follow"), Since: c.Duration("since"),
		Timestamps: c.Bool("timestamps")}
	wrong := func(err error) (podlogs.Options, error) {
		return o, &cmdline.UsageError{Err: err, Command: c.Command.Name}
	}
	if o.Follow && o.Previous {
		return wrong(errors.New("--follow and --previous exclude each other: a run that has ended writes nothing more"))
	}
	if o.Since < 0 {
		return wrong(fmt.Errorf("--since %v: must not be negative", o.Since))
	}
	if c.IsSet("tail") {
		tail := c.Int64("tail")
		if tail < 0 {
			return wrong(fmt.Errorf("--tail %d: must not be negative", tail))
		}
		o.Tail = &tail
	}
	return o, nil
}

// filters reads --grep and --exclude; nil stands for none.
func filters(c *cli.Context) (only, no *regexp.Regexp, err error) {
	for name, to := range map[string]**regexp.Regexp{"grep": &only, "exclude": &no} {
		if !c.IsSet(name) {
			continue
		}
		if *to, err = regexp.Compile(c.String(name)); err != nil {
			return nil, nil, &cmdline.UsageError{Err: fmt.Errorf("--%s %q: %w", name, c.String(name), err),
				Command: c.Command.Name}
		}
	}
	return only, no, nil
}

// logPrinter prints the logs of Pods.
type logPrinter struct {
	streams  wiring.Streams
	style    ui.Style
	json     bool
	stamped  bool // lines begin with their times
	only, no *regexp.Regexp
	width    int // of the Pods' names, 0 if there is only one Pod
	turn     sync.Mutex
}

// pod prints the log of a Pod. A log that is followed goes on with the Pod that takes its place.
func (p *logPrinter) pod(ctx context.Context, pods *runner.Runner, i int, pod kube.Pod, options podlogs.Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	next := make(chan kube.Pod, 1)
	if options.Follow {
		go func() {
			_ = pods.Viewer.WatchServing(ctx, pod, func(serves kube.Pod) { // without it, the log ends with its Pod
				select {
				case next <- serves:
				case <-ctx.Done():
				}
			})
		}()
	}
	for {
		if err := p.containers(ctx, pods, i, pod, options); err != nil || !options.Follow {
			return err
		}
		successor, there := after(ctx, pod, next, func() bool { return expected(ctx, pods, pod) })
		if !there {
			return nil
		}
		successor.Containers = pod.Containers // --container
		_, _ = fmt.Fprintln(p.streams.Err,
			p.streams.Say(fmt.Sprintf("── Pod %s has replaced %s ──", successor.Name, pod.Name)))
		pod, options.Tail, options.Since = successor, nil, 0
	}
}

// expected reports whether another Pod may take the place of pod: a devloop run makes them in its namespace, or there
// is one that does not serve yet.
func expected(ctx context.Context, pods *runner.Runner, pod kube.Pod) bool {
	if sessions.Running(pods.Server(), pod.Namespace) {
		return true
	}
	next, err := pods.Viewer.Find(ctx, strings.ToLower(pod.Of.Kind)+"/"+pod.Of.Name)
	return err == nil && next.UID != pod.UID
}

// after returns the Pod that replaces pod. It waits as long as one is expected.
func after(ctx context.Context, pod kube.Pod, next <-chan kube.Pod, expected func() bool) (kube.Pod, bool) {
	limit := time.NewTicker(successorTime)
	defer limit.Stop()
	for {
		select {
		case successor := <-next:
			if successor.UID != pod.UID {
				return successor, true
			}
		case <-limit.C:
			if !expected() {
				return pod, false
			}
		case <-ctx.Done():
			return pod, false
		}
	}
}

// containers prints the logs of a Pod's containers: one after the other, or as they come.
func (p *logPrinter) containers(ctx context.Context, pods *runner.Runner, i int, pod kube.Pod,
	options podlogs.Options) error {
	group, ctx := errgroup.WithContext(ctx)
	if !options.Follow {
		group.SetLimit(1)
	}
	var none []error // of containers without a log
	for _, container := range pod.Containers {
		one := pod
		one.Containers = []string{container}
		group.Go(func() error {
			out, flush := lines.NewWriter(p.line(i, pod, container))
			defer flush()
			err := podlogs.Read(ctx, pods.Client, one, options, out)
			if options.Previous && fault.Of(err).Code == "log.none" { // another one may have crashed
				none = append(none, err)
				return nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil || len(none) < len(pod.Containers) {
		return err
	}
	return none[0]
}

// line returns what prints a line of a container's log.
func (p *logPrinter) line(i int, pod kube.Pod, container string) func(string) {
	prefix := ""
	if p.width > 0 {
		prefix = p.style.Tint(i, fmt.Sprintf("%-*s |", p.width, pod.Name)) + " "
	}
	if len(pod.Containers) > 1 {
		prefix += "[" + container + "] "
	}
	return func(line string) {
		stamp, text := "", line
		if p.stamped {
			stamp, text, _ = strings.Cut(line, " ")
		}
		if p.only != nil && !p.only.MatchString(text) || p.no != nil && p.no.MatchString(text) {
			return
		}
		p.turn.Lock()
		defer p.turn.Unlock()
		if p.json {
			_ = json.NewEncoder(p.streams.Out).Encode(logLine{pod.Name, container, stamp, text})
			return
		}
		_, _ = io.WriteString(p.streams.Out, prefix+line+"\n")
	}
}

// logLine is a line with --json.
type logLine struct {
	Pod       string `json:"pod"`
	Container string `json:"container"`
	Time      string `json:"time,omitempty"`
	Line      string `json:"line"`
}
