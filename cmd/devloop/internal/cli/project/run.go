package project

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/docker/docker/client"
	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/sessions"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/control"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/keyboard"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/ledger"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/livereload"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/page"
	"github.com/devloop-cli/devloop/runner/localport"
	"github.com/devloop-cli/devloop/watch"
)

// RunCommand is devloop run.
func RunCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "run",
		Usage:     "deploy a project, and update it at every save",
		ArgsUsage: "[DIR]",
		Description: `Deploys the project in DIR (default: the current directory), forwards localhost to it and
follows its log. At every save it compiles what changed and takes the fastest path that
gives the same result as a new Pod:

   pages     copy files that are read at each request into the running Pod
   swap      replace methods that only requests call, in the running JVM
   restart   restart the application in its Pod, with the changed files
   pod       start a new Pod of a new image: for libraries, the build, and all
             but swap if the Dockerfile does more than copy the jar
   manifest  start a new Pod of the image that there is

It says why a save can't take a faster path. --path restart and --path pod take none faster
than that, and leave out of the image what only faster ones need, as --without hot-swap and
--without restart do. --path swap also swaps methods that may have run at start; what they
did then stays as it was. A newer save cancels the running build. If a build or a start
fails, the old Pod keeps serving.

In a build with several applications it serves all of them: each in its Pod, at a local port
of its own, with its name before each line. A save reaches those that are made of it.
--module runs one alone, or some, as in --module :web,:api.

--debug lets a debugger attach at localhost:5005, the port that IDEs propose. It stays the
same across Pods and restarts, and hot swap works while the debugger is attached.

While it runs, r rebuilds what changed, R makes a new image and a new Pod, o opens the
browser, p pauses, h shows all keys, and q or Ctrl+C quits. The Pod stays, unless --cleanup
is given. On a terminal, the last line shows what works now and what the last save cost;
--progress plain leaves it out.`,
		Flags: append(cycleFlags(),
			wiring.SettingFlags("full-build", "compiler", "path", "debug", "debug-port", "suspend", "keep-serving",
				"livereload", "notify", "poll", "watch", "ignore", "cleanup")...),
		Action: func(c *cli.Context) error { return newRunning(c, s).run() },
	}
}

func newRunning(c *cli.Context, s wiring.Streams) *running {
	wiring.EndWithReader(c, s)
	r := &running{Context: c, streams: s, events: event.NewStore(), ledger: newLedger()}
	more := []event.Sink{r.ledger}
	if c.Bool("livereload") {
		r.browsers = livereload.New()
		more = append(more, r.browsers)
	}
	r.Display = wiring.NewLoopDisplay(c, s, r.events, more...)
	return r
}

// running is a devloop run.
type running struct {
	*cli.Context
	wiring.Display
	streams  wiring.Streams
	events   *event.Store
	ledger   *ledger.Writer
	browsers *livereload.Server // nil without --livereload
	control  *control.Server    // nil where it can't be opened
	page     *page.Server       // nil until it is asked for
	pageLock sync.Mutex         // guards page
}

func (r *running) run() error {
	c, d := r.Context, r.Display
	err := wiring.RunSession(d, func() (error, bool) {
		g, held, err := newGroup(c, r.streams, d)
		if err != nil {
			return err, false
		}
		defer held.Release()
		if r.browsers != nil {
			defer tellBrowsers(c, d, r.browsers)()
		}
		for _, one := range g.all {
			one.Target.Follow = true
			one.ExpectStages(r.ledger.LastTook(one.Target.Name, one.Target.Dir))
		}
		err = r.untilQuit(g, held.Socket)
		err = errors.Join(err, g.close())
		if text := r.ledger.Summary(); text != "" {
			d.Publish(0, event.Notice{Level: event.Info, Code: event.NoticeSummary, Text: text,
				Hints: []string{"see more: devloop stats"}})
		}
		if c.Bool("cleanup") {
			return errors.Join(err, cleanUp(c, d, len(g.all) > 1)), false
		}
		if g.deployed() {
			d.Publish(0, event.Notice{Level: event.Info, Code: event.NoticeDeployed,
				Text:  "what devloop made stays in the cluster",
				Hints: []string{"remove it: " + wiring.NextCommand(c, "down")}})
		}
		return err, false
	})
	defer r.closePage()
	if r.control != nil {
		r.control.Drain() // its readers have seen the end
	}
	return err
}

// listen opens the control socket, and returns what closes it. A session works without it.
func (r *running) listen(path string, s control.Session) (end func()) {
	if control.Unsupported() != nil { // which devloop wait says
		return func() {}
	}
	server, err := control.Listen(path, s)
	if err != nil {
		r.Warn(err)
		return func() {}
	}
	r.control = server
	return server.Close
}

// pageURL returns the address of the page that shows the session, and opens it at the first call.
func (r *running) pageURL() (url string, err error) {
	r.pageLock.Lock()
	defer r.pageLock.Unlock()
	if r.page == nil {
		if r.page, err = page.Listen(r.events,
			page.Language{Tag: r.streams.Language, Say: r.streams.Say, Formats: r.streams.Formats()}); err != nil {
			return "", err
		}
	}
	return r.page.URL(), nil
}

// closePage ends the page's connections, which show the end of the session by then.
func (r *running) closePage() {
	r.pageLock.Lock()
	defer r.pageLock.Unlock()
	if r.page != nil {
		_ = r.page.Close()
	}
}

// tellBrowsers opens the port on which browsers hear of changes, and returns what closes it.
// Where another program has the port, such as another devloop, they get no events.
func tellBrowsers(c *cli.Context, d wiring.Display, browsers *livereload.Server) (end func()) {
	port, err := browsers.Listen(livereload.Port)
	if err != nil {
		if busy := localport.Available(c.Context,
			localport.Options{Local: livereload.Port, Strict: true}); busy != nil {
			err = busy // it knows who has it
		}
		d.Warn(fmt.Errorf("browsers do not reload by themselves: %w", err))
		return func() {}
	}
	d.Publish(0, event.LiveReloadOpen{Port: port, Script: fmt.Sprintf("http://localhost:%d/livereload.js", port)})
	return func() { _ = browsers.Close() }
}

// newLedger returns the ledger of all sessions. Without a directory for it, nothing is kept.
func newLedger() *ledger.Writer {
	dir, err := sessions.StateDir()
	if err != nil {
		return ledger.New("")
	}
	return ledger.New(filepath.Join(dir, ledger.File))
}

// roomForTwo is the memory, in bytes, of an engine in which two JVMs of a project have room beside the cluster and the
// user's editor. Docker Desktop's virtual machines come with 2 to 8 GB.
const roomForTwo = 6e9

// keepServing says whether the old Pod serves until the new one does: as the user says, else if memory is for both.
func keepServing(c *cli.Context, docker *client.Client) bool {
	if c.IsSet("keep-serving") {
		return c.Bool("keep-serving")
	}
	info, err := docker.Info(c.Context)
	return err == nil && info.MemTotal >= roomForTwo
}

// untilQuit runs the loop until the user ends it. That is how it is meant to end, so an interrupt is no error.
func (r *running) untilQuit(g *group, socket string) error {
	c, d, s := r.Context, r.Display, r.streams
	ctx, stop := context.WithCancelCause(c.Context)
	defer stop(nil)
	watchers, err := newWatchers(c, s, d, g.all[0].Target, g)
	if err != nil {
		return err
	}
	batches := g.receive(ctx)
	g.extend(ctx, watchers, batches)
	watched := watchers.start(ctx, batches, stop)
	if _, typed := cmdline.Terminal(s.In); typed {
		g.whenIdle(func() { d.Publish(0, event.Notice{Level: event.Info, Code: event.NoticeKeys, Text: keysText}) })
	}
	defer keyboard.Listen(ctx, s.In, keys{d, batches, g.pause, stop, g.urls, r.pageURL}.press(ctx))()
	defer r.listen(socket, r.asked(g, watchers, batches))()
	_, _ = wiring.Step(d, event.WatchStep, func() (any, error) {
		// a save from now on is seen: only now the first build may begin
		select {
		case <-watchers.ready:
			return nil, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	})
	err = g.run(ctx)
	stop(err)
	if failed := watched(); !errors.Is(failed, context.Canceled) {
		return failed
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// extend has the watchers watch what the services are made of outside of the project, once a build has reported it.
func (g *group) extend(ctx context.Context, w *watchers, batches chan<- watch.Batch) {
	for _, one := range g.all {
		one.modules.found = func(dir string) {
			if one.receiver != nil {
				one.receiver.Uses(one.project.ModuleDirs(dir))
			}
			dirs, files := one.project.Elsewhere(dir)
			w.extend(ctx, batches, dirs, files)
		}
	}
}

// asked is what clients of the control socket can ask for.
func (r *running) asked(g *group, w *watchers, batches chan<- watch.Batch) control.Session {
	return control.Session{
		Events:  r.events,
		Page:    r.pageURL,
		Rebuild: func(ctx context.Context, newPod bool) error { return ask(ctx, batches, rebuild(newPod)) },
		Settle: func(ctx context.Context) (answer control.Answer, err error) {
			if err := w.flush(ctx); err != nil {
				return answer, err
			}
			if err := ask(ctx, batches, watch.Batch{}); err != nil { // who receives it has handed out those before
				return answer, err
			}
			return g.settle(ctx, r.Context, r.events)
		},
	}
}

// ask hands a batch to the session. It returns ctx's cause if that ends before.
func ask(ctx context.Context, batches chan<- watch.Batch, b watch.Batch) error {
	select {
	case batches <- b:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func rebuild(newPod bool) watch.Batch {
	if newPod {
		return watch.Everything()
	}
	return watch.Whatever()
}

// cleanUp removes what the cycles made, with modules those of the build's modules, too, also after an interrupt.
func cleanUp(c *cli.Context, d wiring.Display, modules bool) error {
	c.Context = context.WithoutCancel(c.Context)
	return removeAll(c, d, modules)
}
