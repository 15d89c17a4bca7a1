// Package engine runs devloop's cycles: it composes the four libraries, which know nothing of each
// other, and publishes what happens as events.
//
//	s := engine.New(engine.Config{Bus: bus, Target: target, Compiler: project, Imager: docker, …})
//	err := s.Run(ctx, batches) // a cycle now and one per save, until ctx ends
//	err = errors.Join(err, s.Close())
//
// A cycle takes the project from its sources to an answer on localhost, stage by stage. Package
// plan decides how much of it a save needs:
//
//	compile → image → load → replace → ready → forward    new Pods
//	compile → restart → ready → forward                   the application restarts in its Pods
//	compile → swap or pages → forward                     nothing restarts
//
// What localhost forwards to outlives the cycles. It is a [state.State], an immutable value, and
// package state has all its transitions:
//
//	                save: Pods in place, or restart
//	          ┌───────────────────────────────────────┐
//	          ▼                                       │
//	   Candidate alone ────── ready, promoted ───► Serving ◄─┐ patched: other code
//	   (localhost waits)      (after a failure, too)  │  │   │ a change cut off: Unknown code
//	     ▲    │ fails                                 │  └───┘
//	     │    ▼                                       │ save: Pods beside it, or a rollout
//	save │  Outage ◄──── Pod gone ────────────────────┤
//	     │  (localhost answers 503)                   ▼
//	     └────┘                        Serving + Candidate ──► ready: the Candidate is Serving
//	                                                      ──► fails: Serving stays
//
// Everything that happens beside a cycle arrives as a message in the inbox of [Session.Run], which starts, cancels and
// repeats cycles: one runs at a time, and a newer save cancels it. Package queue says what the next one has to do.
//
// The packages below have the parts, each with its own state: target (what is deployed), patch (changes of running
// Pods), localhost (the state and what shows it), ports and debugport (the local ports), follow (what becomes of Pods),
// spares (JVMs for the next restart), archive (faster starts), prune (what manifests no longer have), background (work
// that outlives a cycle), report and publish (events).
//
// The engine declares the interfaces that it needs, so that its tests need no Docker engine, no
// cluster and no Gradle. It knows neither flags nor displays.
package engine

import (
	"context"
	"errors"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/archive"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/background"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/debugport"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/follow"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/localhost"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/patch"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/ports"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/prune"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/publish"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/queue"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/spares"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/target"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/loader"
	"github.com/devloop-cli/devloop/runner/deploy"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/runner/readiness"
	"github.com/devloop-cli/devloop/watch"
)

// Compiler turns sources into an application.
type Compiler interface {
	// Compile compiles what has changed since the last time: paths relative to the project's
	// directory, nil if anything may have.
	Compile(ctx context.Context, changed []string, out io.Writer) (springboot.App, error)
	// RunIdle works in the background until ctx ends, or Compile is called; if it works already, it returns at once. It
	// returns a notice for the user, "" for none.
	RunIdle(ctx context.Context) string
}

// Imager turns what was compiled into an image.
type Imager interface {
	Image(ctx context.Context, app springboot.App, out io.Writer) (image.Image, error)
}

// Loader brings an image to every node of the cluster.
type Loader interface {
	Load(ctx context.Context, ref string, img v1.Image) (loader.Report, error)
}

// Deployer is the cluster, as far as the engine needs it.
type Deployer interface {
	Pods
	prune.Cluster
	Readiness
	patch.Pods
	spares.Pods
	follow.Pods
	Dialer
}

// Pods makes and deletes Pods.
type Pods interface {
	// Claim returns what would keep Replace from making the spec's objects. It needs no image yet.
	Claim(ctx context.Context, s deploy.Spec) error
	Replace(ctx context.Context, s deploy.Spec) ([]kube.Pod, error)
	// Retire deletes Pods that others have replaced.
	Retire(ctx context.Context, pods []kube.Pod) error
}

// Readiness waits for Pods.
type Readiness interface {
	Ready(ctx context.Context, pods []kube.Pod, phase func(readiness.Phase)) error
	// Recovered waits until Pods serve that Ready has given up, and returns them as they are then.
	Recovered(ctx context.Context, pods []kube.Pod) ([]kube.Pod, error)
	// ServesAgain waits until a Pod serves of which a container has ended. The error says why it does not.
	ServesAgain(ctx context.Context, pod kube.Pod) error
}

// Dialer opens a connection to a port of a Pod.
type Dialer interface {
	Dial(ctx context.Context, pod kube.Pod, port int) (io.ReadWriteCloser, error)
}

// Config is what a session works on and with.
type Config struct {
	Bus      *event.Bus
	Target   target.Target
	Compiler Compiler
	Imager   Imager
	Loader   Loader
	Deployer Deployer
	// Trainer makes archives that let later images start faster. May be nil.
	Trainer archive.Maker
	// Explain publishes what each image consists of and why, and how the objects in the cluster
	// differ from the manifest.
	Explain bool
	// Listen opens a local port, Debugger one for debuggers.
	Listen   ports.Listen
	Debugger debugport.Open
	// Turn is waited for before the application starts, SpareTurn before a spare JVM does. May be nil. Who takes turns,
	// and how many may start at a time, is up to package services.
	Turn      Turn
	SpareTurn spares.Take
	// FirstDone is called once, when Run becomes idle for the first time. May be nil.
	FirstDone func()
}

// Turn waits until a service may start. If it has to wait, it tells waits how many others come first. Call done once
// the service has started.
type Turn func(ctx context.Context, waits func(others int)) (done func(), err error)

// Session runs cycles for one project.
type Session struct {
	Config
	*localhost.Localhost
	events     publish.Publisher // those that belong to no cycle
	background *background.Group // ends with Close
	follow     follow.Follower
	trainer    *archive.Trainer
	patcher    patch.Patcher
	spares     spares.Keeper
	inbox      chan message // Run reads it

	// What one cycle leaves for the next.
	lastManifest manifest.Manifest
	pruner       prune.Pruner
	served       manifest.Manifest   // what was deployed last, empty if that failed
	latest       *springboot.App     // what was compiled last, nil before that,
	contents     springboot.Contents // its files,
	built        plan.State          // and what the choice of a path needs of them
	appPort      ports.AppPort
}

// New returns a session that has done nothing yet. Close ends it.
func New(c Config) *Session {
	s := &Session{Config: c, events: publish.New(c.Bus), background: background.New(), inbox: make(chan message),
		appPort: ports.AppPortOf(c.Target.Port)}
	s.follow = follow.Follower{Pods: c.Deployer, Background: s.background, Tell: s.send}
	s.trainer = archive.NewTrainer(c.Trainer, s.events, s.background)
	s.Localhost = localhost.New(ports.NewForwards(c.Listen, c.Target.Ports),
		debugport.New(c.Target.Debug, c.Debugger, c.Deployer.Dial))
	s.Ports.SetApplication(c.Target.Port, c.Target.HTTPS, c.Target.ContextPath)
	s.pruner = prune.Pruner{Cluster: c.Deployer}
	s.spares = spares.Keeper{Pods: c.Deployer, Events: s.events, Turn: c.SpareTurn}
	s.patcher = patch.Patcher{Pods: c.Deployer, Redefine: s.Debuggers.Redefine}
	return s
}

// Deploy runs one cycle and returns its error. The local ports that it opened stay open until Close.
func (s *Session) Deploy(ctx context.Context) error {
	return newCycle(s, queue.Work{N: 1, Because: "deploy", Trigger: event.TriggerFirst,
		Changed: watch.Everything()}).run(ctx)
}

// ExpectStages says how long stages took in the first cycle of an earlier session. Displays show it.
func (s *Session) ExpectStages(took map[event.Stage]event.Duration) { s.events.Expect(took) }

// Deployed reports whether the session has made Pods.
func (s *Session) Deployed() bool { return len(s.State().Latest()) > 0 }

// URLs returns the local addresses that are open, in the manifest's order.
func (s *Session) URLs() []string { return s.Ports.URLs() }

// Train makes the archive that the image on the nodes wants, if it does. A failure is published and
// stops nothing; Train returns an error only if ctx ends.
func (s *Session) Train(ctx context.Context) error {
	if img := s.State().NodeImage; img != nil {
		return s.trainer.Train(ctx, *img)
	}
	return nil
}

// Close ends what outlives a cycle and waits until it has ended.
func (s *Session) Close() error {
	s.background.Close()
	return errors.Join(s.Ports.Close(), s.Debuggers.Close())
}
