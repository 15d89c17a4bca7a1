// Package engine is devloop's engine: it composes the four libraries into cycles and
// is the only place that creates events.
//
// A cycle takes a project from its sources to an answer on localhost, stage by
// stage:
//
//	compile → image → load → replace → ready → forward
//
// The libraries speak in values, writers and errors and know nothing of each
// other; what one returns the next one takes. The loop says what it needs of them
// in the small interfaces of this file, so that its own tests need no engine, no
// cluster and no Gradle.
//
// What a cycle made, the Pods and the local ports that lead to them, outlives it:
// see live.go.
package engine

import (
	"context"
	"io"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp"
	"github.com/devloop-cli/devloop/loader"
	"github.com/devloop-cli/devloop/runner"
	"github.com/devloop-cli/devloop/watch"
)

// Compiler turns sources into an application.
type Compiler interface {
	// Compile compiles what has changed since the last time: paths relative to the
	// project's directory, nil for whatever may be.
	Compile(ctx context.Context, changed []string, out io.Writer) (builder.App, error)
	// Rest uses the time until ctx ends, or something is to be compiled. What it returns
	// is for the user; "" is for nobody.
	Rest(ctx context.Context) string
}

// Imager turns what was compiled into an image.
type Imager interface {
	Image(ctx context.Context, app builder.App, out io.Writer) (builder.Image, error)
}

// Loader brings an image to every node of the cluster.
type Loader interface {
	Load(ctx context.Context, ref string, img v1.Image) (loader.Report, error)
}

// Deployer puts Pods into the cluster and says how they fare.
type Deployer interface {
	// Claim returns what would keep Replace from the spec's places; it needs no image yet.
	Claim(ctx context.Context, s runner.Spec) error
	Replace(ctx context.Context, s runner.Spec) ([]runner.Pod, error)
	Ready(ctx context.Context, pods []runner.Pod, phase func(runner.Phase)) error
	// Change changes the application in a Pod whose supervisor listens on port.
	Change(ctx context.Context, pod runner.Pod, port int, c runner.Change) (runner.Pod, error)
	// Note writes into a Pod in what its application differs from its image. It returns
	// [runner.ErrRestarted] where a container has started again since p.
	Note(ctx context.Context, p runner.Pod, summary string) error
	// Restarted waits until a container of a Pod ends or starts again, and returns the Pod as
	// it is then.
	Restarted(ctx context.Context, p runner.Pod) (runner.Pod, error)
	// Prove says that the application in a Pod serves after a change.
	Prove(ctx context.Context, pod runner.Pod, port int, state, was string) error
	// Dial opens a connection to a port of a Pod.
	Dial(ctx context.Context, pod runner.Pod, port int) (io.ReadWriteCloser, error)
	// Retire removes Pods that others have come beside.
	Retire(ctx context.Context, pods []runner.Pod) error
	// Logs writes the Pod's log to out, a line a Write, until the Pod has ended.
	Logs(ctx context.Context, pod runner.Pod, out io.Writer) error
}

// Target is what a loop deploys: the parts of a project that don't change from
// cycle to cycle.
type Target struct {
	// Name is the project's name, Dir its directory. Image is what the user says that manifests call
	// its image, "" for nothing, see [runner.Manifest.ProjectImages].
	Name, Dir, Image string
	// Env are variables for the application, NAME=VALUE, over those of its manifest.
	Env []string
	// Namespace is where objects go that name none.
	Namespace string
	// Manifests are the files and directories that the user names. Where there are none,
	// those count that are found in Dir, and where it has none a Pod is generated.
	Manifests []string
	// Port is where the application listens, as far as its sources say, and its image once there is
	// one; 0 where it is no server.
	Port int
	// Adopt allows to replace objects of the same name, whoever made them.
	Adopt bool
	// Yields is asked before an object goes that devloop made for another directory; its
	// error refuses it. With nil it goes.
	Yields func(dir string) error
	// Keep are parts of the development patch to leave out, see runner.Patches.
	Keep []string
	// Ports are the local ports that the user asked for, by container port.
	// Key 0 holds the local port for the first container port.
	Ports map[int]int
	// Follow shows the applications' logs until Close.
	Follow bool
	// KeepServing has Pods serve until their successors do, where the manifest allows it.
	KeepServing bool
	// Path says which paths a save may take to what runs, and Fixed why none but a new Pod
	// will do, as a clause; "" where the image decides that.
	Path  plan.Rule
	Fixed string
	// JVMOptions are variables with options for every JVM that the manifest, or the user, gives.
	JVMOptions []string
	// NotChangeable says that no image may be changed while it runs, see [runner.Manifest.NotChangeable].
	NotChangeable bool
	// Fixes returns what a manifest makes of Fixed. One that would begin to do so while images
	// are made that can be changed is refused. May be nil.
	Fixes func(runner.Manifest) string
	// Debug says how a debugger is let in.
	Debug Debug
	// ReadyTimeout bounds the wait for the Pods to be ready; 0 means for ever.
	ReadyTimeout time.Duration
}

// Session runs cycles.
type Session struct {
	Bus      *event.Bus
	Target   Target
	Compiler Compiler
	Imager   Imager
	Loader   Loader
	Deployer Deployer
	// Trainer makes later starts faster; nil for none.
	Trainer Trainer
	// Explain tells of each image what is in it and why, and in what the objects that go
	// to the cluster differ from the manifest.
	Explain bool
	// Listen opens a local port that devloop keeps.
	Listen func(ctx context.Context, port runner.Port) (LocalPort, error)
	// Debugger opens a local port for a debugger; moved says why it is another than the
	// one asked for. What becomes of debuggers is told to tell, a sentence each.
	Debugger func(ctx context.Context, port runner.Port, tell func(string)) (relay *jdwp.Relay, moved, err error)

	// FirstDone is called once, when the first cycles of Run have come to an end, a good one or
	// not, and nothing is left to build. May be nil.
	FirstDone func()

	live live
}

// Deploy runs one cycle and returns its error. The local ports that it opened stay
// open until Close.
func (l *Session) Deploy(ctx context.Context) error {
	return l.turn(ctx, 1, "deploy", watch.Everything())
}

// Deployed says whether the loop has made Pods.
func (l *Session) Deployed() bool { return len(l.live.pods) > 0 }

// Close ends what outlives a cycle and waits until it has ended.
func (l *Session) Close() error { return l.live.close() }

func since(began time.Time) event.Duration { return event.Duration(time.Since(began)) }
