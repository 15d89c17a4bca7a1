// Package plan decides how a save reaches the running application: by the fastest path that gives
// the same answers as a new Pod.
//
//	d := plan.Decide(plan.Input{Saved: saved, Runs: running, After: state, Mode: plan.ModeAuto})
//	d.Path // plan.Restart
//	d.Why  // "com.example.OrderController: method more added"
//
// From fast to slow:
//
//   - [Nothing]: the compiled application already runs.
//   - [Pages]: copy files that the framework reads at each request.
//   - [Swap]: replace the bodies of methods that only requests call, in the running JVM. Lambdas,
//     private methods, and classes that nothing finds at startup may come and go.
//   - [Restart]: restart the application in its Pod, with other files or libraries.
//   - [Pod]: make a new image, and a new Pod of it.
//   - [Manifest]: make a new Pod of the existing image; build nothing.
//
// A decision has the reason why no faster path will do, so that users can read why a save took
// longer than the last one.
//
// The package is a function of values: it knows no engine, cluster or clock, and changes nothing. Package engine
// carries out the decision, and takes the next path if a JVM or a supervisor refuses.
package plan

import (
	"github.com/devloop-cli/devloop/builder/pages"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/staticfile"
)

// Path is how a save reaches the running application.
type Path int

// The paths, from fast to slow. Manifest is apart: it builds nothing.
const (
	Nothing Path = iota
	Pages
	Swap
	Restart
	Pod
	Manifest
)

var pathNames = []string{"nothing", "pages", "swap", "restart", "pod", "manifest"}

// String returns the path's name, as in "restart".
func (p Path) String() string { return pathNames[p] }

// Saved says which kinds of files were saved.
type Saved struct {
	// All means that everything has to be made: at the start, and when the user asks for it.
	All bool
	// Manifest means that a Kubernetes manifest is among the files.
	Manifest bool
	// Sources means that any other file is, which may change the image.
	Sources bool
}

// Compiles reports whether to compile. Image says whether the cluster has an image of what runs.
func (s Saved) Compiles(image bool) bool { return s.All || s.Sources || !image }

// Replaces reports whether an image needs a new Pod. Same says whether the image serves already.
func (s Saved) Replaces(same bool) bool { return s.All || s.Manifest || !same }

// Mode limits the paths, as in --path=restart.
type Mode string

// The modes. ModeAuto takes the fastest path that gives the answers of a new Pod. ModeSwap also swaps methods that may
// have run at startup; what they did then stays. ModeRestart and ModePod allow nothing faster.
const (
	ModeAuto    Mode = "auto"
	ModeSwap    Mode = "swap"
	ModeRestart Mode = "restart"
	ModePod     Mode = "pod"
)

// asked is the reason for a path that the user chose.
const asked = "asked for by --path"

// Running describes the running application, as far as the decision depends on it. All reasons are clauses.
type Running struct {
	// NotPatchable says why it cannot be changed in its Pod, "" if it can.
	NotPatchable string
	// State is its content.
	State State
	// Serves means that it has answered with this content.
	Serves bool
	// Swappable means that its JVM takes new bodies of methods.
	Swappable bool
	// NewMethods means that it takes new private methods and lambdas, too.
	NewMethods bool
	// HotSwapOnly means that only loaded classes can be changed, and no files.
	HotSwapOnly bool
	// RedefinedByDebugger are the files of classes that a debugger has replaced in the JVM. They
	// differ from those of State in an unknown way.
	RedefinedByDebugger []string
	// Templates are the files of its template engines.
	Templates []pages.Templates
	// Messages are its texts in languages.
	Messages pages.Messages
}

// Input is all that a decision depends on.
type Input struct {
	Saved Saved
	// Image says whether the cluster has an image of what runs.
	Image bool
	Runs  Running
	// After is the compiled application.
	After State
	// WithLibraries returns what a Pod needs to start with the libraries of After. It reports false if it can't.
	WithLibraries func() (files map[string][]byte, possible bool)
	Mode          Mode
}

// Decision is a path.
type Decision struct {
	Path Path
	// Why is a clause that rules out faster paths, "" if the user would not ask.
	Why string
	// Files are the contents of the files that differ from the running ones, by path; nil marks a
	// deleted file. Only paths that change the running application have them.
	Files map[string][]byte
	// Libraries are what [Input.WithLibraries] returned, nil if the libraries are as they were.
	Libraries map[string][]byte
	// Loaded are the classes that a JVM gets, or keeps, in another form than the files of After have,
	// by path. See [State.WithLoaded].
	Loaded map[string][]byte
}

// Decide chooses the path.
func Decide(s Input) Decision {
	if !s.Saved.Compiles(s.Image) {
		if !s.Saved.Manifest {
			return Decision{Path: Nothing, Why: "the objects of the manifest are as they were"}
		}
		return Decision{Path: Manifest}
	}
	if s.Saved.All {
		return Decision{Path: Pod}
	}
	if why := s.whyPod(); why != "" {
		return Decision{Path: Pod, Why: why}
	}
	files, err := Changes(s.Runs.State, s.After)
	if err != nil {
		return Decision{Path: Pod, Why: err.Error()}
	}
	dropBuildTimes(files, s.Runs.State)
	if why := dependencyDiff(s.Runs.State.dependencies, s.After.dependencies); why != "" {
		return s.withLibraries(files, why)
	}
	d := s.inPlace(files)
	if s.Runs.HotSwapOnly && (d.Path == Pages || d.Path == Restart) {
		return Decision{Path: Pod, Why: d.Why}
	}
	return d
}

// whyPod says why the application needs a new Pod, "" if it does not.
func (s Input) whyPod() string {
	switch {
	case s.Mode == ModePod:
		return asked
	case s.Runs.NotPatchable != "":
		return s.Runs.NotPatchable
	case s.Saved.Manifest:
		return "the manifest changed"
	}
	return dependencyDiff(withoutLibraries(s.Runs.State.dependencies), withoutLibraries(s.After.dependencies))
}

// withLibraries restarts the application with other libraries if that is possible.
func (s Input) withLibraries(files map[string][]byte, why string) Decision {
	libraries, possible := s.WithLibraries()
	if !possible {
		return Decision{Path: Pod, Why: why}
	}
	return Decision{Path: Restart, Why: why, Files: files, Libraries: libraries}
}

// inPlace chooses among the paths that change the running application.
func (s Input) inPlace(files map[string][]byte) Decision {
	if !s.Runs.Serves {
		return Decision{Path: Restart, Why: "it has not answered since the last change", Files: files}
	}
	for _, path := range s.Runs.RedefinedByDebugger {
		if text, there := s.After.files[path]; there {
			files[path] = text
		}
	}
	if len(files) == 0 {
		return Decision{Path: Nothing, Why: "the classes and resources are as they were"}
	}
	d, swap := Decision{Path: Pages, Files: files}, newHotSwap(s)
	if s.Mode == ModeRestart {
		d.Path, d.Why = Restart, asked
	}
	for _, path := range sorted(files) {
		if p, why := s.fileNeeds(path, swap); p > d.Path {
			d.Path, d.Why = p, why
		}
	}
	if d.Path == Swap {
		if why := swap.whyNotNests(); why != "" {
			d.Path, d.Why = Restart, why
		}
	}
	if d.Path < Restart && len(swap.loaded) > 0 {
		d.Loaded = swap.loaded
	}
	return d
}

// fileNeeds returns the fastest path for a file that differs, and why no faster one will do.
func (s Input) fileNeeds(path string, swap *hotSwap) (Path, string) {
	fast, why := Swap, ""
	_, isStatic := staticfile.URLPath(path)
	base, isMessages := s.Runs.Messages.BaseOf(path)
	switch t, isTemplate := s.Runs.templatesOf(path); {
	case s.Runs.HotSwapOnly && (isTemplate || isStatic || isMessages):
		why = path + " lies in the image"
	case isTemplate:
		fast, why = Pages, whyNotTemplate(s.Runs.State, s.After, path, t)
	case isStatic:
		fast, why = Pages, whyNotStatic(s.Runs.State, s.After, path)
	case isMessages:
		fast, why = Pages, s.whyNotMessages(path, base)
	case !s.Runs.Swappable:
		why = "its JVM takes no changed methods"
	default:
		why = swap.whyNot(path)
	}
	if why != "" {
		return Restart, why
	}
	return fast, ""
}
