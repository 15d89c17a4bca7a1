package watch

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// LimitError says that the system refuses to watch as many directories as the
// project has. The watcher polls from then on.
type LimitError struct {
	Limit   string // the setting that is too low, such as "fs.inotify.max_user_watches"
	Current int    // its value now, 0 where it can't be read
	Dirs    int    // directories that were watched when the limit was met
	Err     error  // what the system said
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("watch more than %d directories: limit %q reached: %v", e.Dirs, e.Limit, e.Err)
}

// Unwrap returns what the system said.
func (e *LimitError) Unwrap() error { return e.Err }

// Code returns "watch.limit".
func (e *LimitError) Code() string { return "watch.limit" }

// Hints returns the commands that raise the limit, now and for good.
func (e *LimitError) Hints() []string {
	if !strings.HasPrefix(e.Limit, "fs.inotify.") {
		return []string{"allow more open files in this shell, then start again: ulimit -n " + strconv.Itoa(e.want())}
	}
	line := fmt.Sprintf("%s=%d", e.Limit, e.want())
	return []string{
		"raise the limit until the next boot: sudo sysctl " + line,
		"raise it for good: echo " + line + " | sudo tee /etc/sysctl.d/60-watches.conf && sudo sysctl --system",
	}
}

// want computes the value to ask for: four times the present one, as a power of
// two, and no less than what is common. A watch costs the kernel about 1 KiB, and
// only while it is used.
func (e *LimitError) want() int {
	want := 1024
	if e.Limit == maxWatches {
		want = 524288 // what IDEs ask for
	}
	for want < 4*max(e.Current, e.Dirs) {
		want *= 2
	}
	return want
}

// The settings of inotify(7). Both hold for all programs of a user together.
const (
	maxWatches   = "fs.inotify.max_user_watches"
	maxInstances = "fs.inotify.max_user_instances"
)

// limitError explains err where it speaks of a limit, and is nil otherwise.
// inotify_add_watch(2) says ENOSPC for max_user_watches, inotify_init1(2) EMFILE for
// max_user_instances. kqueue needs an open file for each file: EMFILE, ENFILE.
func limitError(err error, dirs int) *LimitError {
	limit := ""
	switch {
	case errors.Is(err, syscall.ENOSPC):
		limit = maxWatches
	case !errors.Is(err, syscall.EMFILE) && !errors.Is(err, syscall.ENFILE):
		return nil
	case runtime.GOOS == "linux":
		limit = maxInstances
	default:
		limit = "open files"
	}
	return &LimitError{Limit: limit, Current: sysctl(limit), Dirs: dirs, Err: err}
}

// sysctl reads a number below /proc/sys, or returns 0.
func sysctl(name string) int {
	text, err := os.ReadFile("/proc/sys/" + strings.ReplaceAll(name, ".", "/"))
	if err != nil {
		return 0
	}
	value, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return value
}

// RootError says that the root is not a directory that can be watched, or no
// longer there.
type RootError struct {
	Path string
	Err  error
}

func (e *RootError) Error() string { return fmt.Sprintf("watch directory %q: %v", e.Path, e.Err) }

// Unwrap returns what the system said.
func (e *RootError) Unwrap() error { return e.Err }

// Code returns "watch.root".
func (e *RootError) Code() string { return "watch.root" }

// PatternError says that [Options.Ignore] holds a pattern that can't be read.
type PatternError struct {
	Patterns []string
	Err      error
}

func (e *PatternError) Error() string {
	return fmt.Sprintf("read patterns of ignored files %q: %v", e.Patterns, e.Err)
}

// Unwrap returns what is wrong with the pattern.
func (e *PatternError) Unwrap() error { return e.Err }

// Code returns "watch.pattern".
func (e *PatternError) Code() string { return "watch.pattern" }
