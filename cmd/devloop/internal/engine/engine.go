// Package engine runs devloop's cycles: it composes the four libraries, which know nothing of each
// other, and publishes what happens as events.
//
//	s := &engine.Session{Bus: bus, Target: target, Compiler: project, Imager: docker, …}
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
// What localhost leads to outlives the cycles. It is a [state.State], an immutable value, and
// package state has all its transitions:
//
//	                save: Pods in place, or restart
//	          ┌───────────────────────────────────────┐
//	          ▼                                       │
//	   Candidate alone ────── ready, promoted ───► Serving ◄─┐ patched: other code
//	   (localhost waits)                              │  │   │ a change cut off: Unknown code
//	     ▲    │ fails                                 │  └───┘
//	     │    ▼                                       │ save: Pods beside it, or a rollout
//	save │  Outage ◄──── Pod gone ────────────────────┤
//	     │  (localhost answers 503)                   ▼
//	     └────┘                        Serving + Candidate ──► ready: the Candidate is Serving
//	                                                      ──► fails: Serving stays
//
// Everything that happens beside a cycle arrives as a message in the inbox of [Session.Run], which
// starts, cancels and repeats cycles: one runs at a time, and a newer save cancels it.
//
// Package ports has the local ports and asks whether the application answers; package debugport has
// those for debuggers.
//
// The engine declares the interfaces that it needs, so that its tests need no Docker engine, no
// cluster and no Gradle. It knows neither flags nor displays.
package engine

import (
	"context"
	"io"
	"sync"
	"sync/atomic"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/debugport"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/ports"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/state"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp"
	"github.com/devloop-cli/devloop/loader"
	"github.com/devloop-cli/devloop/runner/deploy"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/localport"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/runner/readiness"
	"github.com/devloop-cli/devloop/runner/supervisor"
	"github.com/devloop-cli/devloop/watch"
)

// Compiler turns sources into an application.
type Compiler interface {
	// Compile compiles what has changed since the last time: paths relative to the project's
	// directory, nil if anything may have.
	Compile(ctx context.Context, changed []string, out io.Writer) (springboot.App, error)
	// RunIdle works in the background until ctx ends, or Compile is called. It returns a notice for
	// the user, "" for none.
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
	Readiness
	Patcher
	PodWatcher
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
}

// Patcher changes the application in running Pods.
type Patcher interface {
	// Change changes the application in a Pod whose supervisor listens on port.
	Change(ctx context.Context, pod kube.Pod, port int, c supervisor.Change) (kube.Pod, error)
	// Confirm has the supervisor keep a change, now that the application serves with it.
	Confirm(ctx context.Context, pod kube.Pod, port int, state, was string) error
	// Note writes into a Pod in what its application differs from its image. It returns
	// [supervisor.ErrRestarted] if a container has restarted since p.
	Note(ctx context.Context, p kube.Pod, summary string) error
}

// PodWatcher follows Pods.
type PodWatcher interface {
	// Logs writes the Pod's log to out, a line a Write, until the Pod has ended.
	Logs(ctx context.Context, pod kube.Pod, out io.Writer) error
	// Restarted waits until a container of a Pod ends or restarts, and returns the Pod as it is then.
	Restarted(ctx context.Context, p kube.Pod) (kube.Pod, error)
}

// Dialer opens a connection to a port of a Pod.
type Dialer interface {
	Dial(ctx context.Context, pod kube.Pod, port int) (io.ReadWriteCloser, error)
}

// Session runs cycles for one project. Its exported fields are set before its first method is
// called.
type Session struct {
	Bus      *event.Bus
	Target   Target
	Compiler Compiler
	Imager   Imager
	Loader   Loader
	Deployer Deployer
	// Trainer makes archives that let later images start faster; nil for none.
	Trainer Trainer
	// Explain publishes what is in each image and why, and how the objects in the cluster differ
	// from the manifest.
	Explain bool
	// Listen opens a local port.
	Listen func(ctx context.Context, port localport.Options) (ports.Port, error)
	// Debugger opens a local port for a debugger; moved says why it is not the one asked for. It
	// says through tell, a sentence each, what becomes of debuggers.
	Debugger func(ctx context.Context, port localport.Options, tell func(string)) (relay *jdwp.Relay, moved, err error)
	// FirstDone is called once, when Run becomes idle for the first time. May be nil.
	FirstDone func()

	mu    sync.Mutex
	now   state.State
	inbox chan message // nil unless Run runs

	// What the last cycle read and made.
	lastManifest manifest.Manifest
	lastApp      springboot.App
	built        plan.State // the files of lastApp

	localPorts ports.Set
	openedPort opened // the port that the application of a generated Pod opened
	debuggers  debugport.Set
	jdwpPort   int // where the JVMs listen for a debugger

	informed map[string]bool // notices that are published once
	training atomic.Bool     // an archive is being made
	trained  v1.Hash         // the image that one was made for last

	// Work that outlives a cycle; endWork cancels its context.
	work     sync.WaitGroup
	lifetime context.Context
	endWork  context.CancelFunc
}

// State returns what localhost leads to.
func (s *Session) State() state.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// become replaces the state, and publishes the new one if displays can tell the difference. Only
// the running cycle calls it and, while none runs, Run.
func (s *Session) become(n int, next state.State) {
	s.mu.Lock()
	before := s.now.Event()
	s.now = next
	s.mu.Unlock()
	if now := next.Event(); !now.Equal(before) {
		s.Bus.Publish(n, now)
	}
}

// Deploy runs one cycle and returns its error. The local ports that it opened stay open until
// Close.
func (s *Session) Deploy(ctx context.Context) error {
	return newCycle(s, 1, "deploy", watch.Everything()).run(ctx)
}

// Deployed reports whether the session has made Pods.
func (s *Session) Deployed() bool { return len(s.State().Latest()) > 0 }

// URLs returns the local addresses that are open, in the manifest's order.
func (s *Session) URLs() []string {
	list := make([]string, len(s.localPorts))
	for i, p := range s.localPorts {
		list[i] = s.address(p)
	}
	return list
}
