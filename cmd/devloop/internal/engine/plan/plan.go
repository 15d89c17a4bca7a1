// Package plan decides which way a save takes to the running application: the cheapest
// that gives the same answers as a fresh Pod.
//
//	d := plan.Decide(plan.Input{Saved: saved, Runs: running, After: state, Mode: plan.ModeAuto})
//	d.Path // plan.Restart
//	d.Why  // "com.example.OrderController: method more added"
//
// From cheap to dear:
//
//   - [Nothing]: what was compiled is what runs.
//   - [Pages]: files that the framework reads at each request are copied.
//   - [Swap]: the running JVM takes other bodies for methods that only requests call.
//   - [Restart]: the application starts again in its Pod, with other files.
//   - [Pod]: a new image, and a new Pod of it.
//   - [Manifest]: a new Pod of the image that there is; nothing is built.
//
// Each rung of the ladder has a reason for which a save can't stay on it, and that reason
// goes with the decision: the user reads why it took longer than the last time.
//
// The package is a function of values. It knows no engine, cluster or clock, and nothing
// is done here: package engine carries out what is decided, and goes one rung up where a JVM
// or a supervisor refuses.
package plan

// Path is a way from a save to the running application.
type Path int

// The paths, from cheap to dear. Manifest stands for itself: it builds nothing.
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

// Saved says of which sort the files are that were saved.
type Saved struct {
	// All is true where everything is to be made anew: at first, and when the user says so.
	All bool
	// Manifest is true where a Kubernetes manifest is among them.
	Manifest bool
	// Sources is true where any other file is, which may lead to another image.
	Sources bool
}

// Compiles says whether there is something to compile; image says whether the cluster has
// an image of what runs.
func (s Saved) Compiles(image bool) bool { return s.All || s.Sources || !image }

// Replaces says whether an image leads to another Pod; same says whether it is the one
// that serves.
func (s Saved) Replaces(same bool) bool { return s.All || s.Manifest || !same }

// Mode is what the user says of the paths, as in --path=restart.
type Mode string

// The modes. ModeAuto takes the cheapest path that gives what a fresh Pod would. ModeSwap also
// swaps bodies that may have run at start, and leaves what they did there as it is.
// ModeRestart and ModePod allow nothing cheaper.
const (
	ModeAuto    Mode = "auto"
	ModeSwap    Mode = "swap"
	ModeRestart Mode = "restart"
	ModePod     Mode = "pod"
)

// asked is the reason for what the rule says.
const asked = "asked for by --path"

// Running is what runs, as far as the decision depends on it.
type Running struct {
	// NotPatchable says why nothing of it can be changed in its Pod, "" where it can. It is a
	// clause, as all reasons here.
	NotPatchable string
	// Stale says why a new Pod would start sooner than this one, "" if it would not: then one takes the
	// place of a restart. Cheaper paths start nothing.
	Stale string
	// State is what it consists of.
	State State
	// Serves is true where it has answered with that.
	Serves bool
	// Swappable is true where its JVM takes other bodies of methods.
	Swappable bool
	// HotSwapOnly says that its files can't be changed, but only what its JVM has loaded.
	HotSwapOnly bool
	// RedefinedByDebugger are the files of the classes that somebody else has put into the JVM, an IDE that
	// debugs: they differ from those of State, nobody knows in what.
	RedefinedByDebugger []string
	// Templates are the files of its template engines.
	Templates []Templates
}

// Input is all that a decision is made from.
type Input struct {
	Saved Saved
	// Image says whether the cluster has an image of what runs.
	Image bool
	Runs  Running
	// After is what was compiled.
	After State
	Mode  Mode
}

// Decision is a path.
type Decision struct {
	Path Path
	// Why says in a clause what speaks against a cheaper path, "" where nobody would ask.
	Why string
	// Files are the contents of what differs from what runs, by path; nil marks one that is
	// gone. They are for the paths that change what runs.
	Files map[string][]byte
}

// Decide chooses the path.
func Decide(s Input) Decision {
	if !s.Saved.Compiles(s.Image) {
		return Decision{Path: Manifest}
	}
	if s.Saved.All {
		return Decision{Path: Pod}
	}
	if why := s.whyPod(); why != "" {
		return Decision{Path: Pod, Why: why}
	}
	files := Changes(s.Runs.State, s.After)
	dropBuildTimes(files, s.Runs.State)
	d := s.inPlace(files)
	if s.Runs.Stale != "" && d.Path == Restart {
		return Decision{Path: Pod, Why: s.Runs.Stale}
	}
	if s.Runs.HotSwapOnly && (d.Path == Pages || d.Path == Restart) {
		return Decision{Path: Pod, Why: d.Why}
	}
	return d
}

// whyPod says why what runs can't be changed in its Pod, "" where it can.
func (s Input) whyPod() string {
	switch {
	case s.Mode == ModePod:
		return asked
	case s.Runs.NotPatchable != "":
		return s.Runs.NotPatchable
	case s.Saved.Manifest:
		return "the manifest changed"
	}
	return dependencyDiff(s.Runs.State.dependencies, s.After.dependencies)
}

// inPlace chooses among the paths that change what runs.
func (s Input) inPlace(files map[string][]byte) Decision {
	if !s.Runs.Serves {
		return Decision{Restart, "it has not answered since the last change", files}
	}
	for _, path := range s.Runs.RedefinedByDebugger {
		if text, there := s.After.files[path]; there {
			files[path] = text
		}
	}
	if len(files) == 0 {
		return Decision{Path: Nothing, Why: "the classes and resources are as they were"}
	}
	d := Decision{Path: Pages, Files: files}
	if s.Mode == ModeRestart {
		d.Path, d.Why = Restart, asked
	}
	for _, path := range sorted(files) {
		if p, why := s.fileNeeds(path); p > d.Path {
			d.Path, d.Why = p, why
		}
	}
	return d
}

// fileNeeds returns the cheapest path for a file that differs, and why not a cheaper one.
func (s Input) fileNeeds(path string) (Path, string) {
	cheap, why := Swap, ""
	switch t, isTemplate := s.Runs.templatesOf(path); {
	case s.Runs.HotSwapOnly && (isTemplate || isStatic(path)):
		why = path + " lies in the image"
	case isTemplate:
		cheap, why = Pages, whyNotTemplate(s.Runs.State, s.After, path, t)
	case isStatic(path):
		cheap, why = Pages, whyNotStatic(s.Runs.State, s.After, path)
	case !s.Runs.Swappable:
		why = "its JVM takes no changed methods"
	default:
		why = s.Runs.State.whyNoSwap(path, s.After, s.Mode == ModeSwap)
	}
	if why != "" {
		return Restart, why
	}
	return cheap, ""
}
