package watch

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/devloop-cli/devloop/internal/fault"
)

// LimitError says that the project has more directories than the system lets us watch. The watcher polls from then on.
type LimitError struct {
	Limit   string // the setting that is too low: "fs.inotify.max_user_watches"
	Current int    // its value, 0 if it cannot be read
	Dirs    int    // how many directories were watched when the limit was reached
	Err     error  // the system's error
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("watch more than %d directories: limit %q reached: %v", e.Dirs, e.Limit, e.Err)
}

// Unwrap returns the system's error.
func (e *LimitError) Unwrap() error { return e.Err }

// Code returns "watch.limit".
func (e *LimitError) Code() string { return "watch.limit" }

// Hints returns the commands that raise the limit, until the next boot and permanently.
func (e *LimitError) Hints() []string {
	if !strings.HasPrefix(e.Limit, "fs.inotify.") {
		return []string{"allow more open files in this shell, then start again: ulimit -n " + strconv.Itoa(e.want())}
	}
	line := fmt.Sprintf("%s=%d", e.Limit, e.want())
	return []string{
		"raise the limit until the next boot: sudo sysctl " + line,
		"raise it permanently: echo " + line + " | sudo tee /etc/sysctl.d/60-watches.conf && sudo sysctl --system",
	}
}

// want returns the limit to suggest: at least four times the current one, as a power of two, and
// not less than usual. A watch takes about 1 KiB of kernel memory, only while it exists.
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

// The settings of inotify(7). Both limits are per user, over all programs.
const (
	maxWatches   = "fs.inotify.max_user_watches"
	maxInstances = "fs.inotify.max_user_instances"
)

// limitError returns nil if err is not about a limit. inotify_add_watch(2) fails with ENOSPC for max_user_watches,
// inotify_init1(2) with EMFILE for max_user_instances. kqueue opens each file, and fails with EMFILE or ENFILE.
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

// sysctl reads a number from /proc/sys; 0 if that fails.
func sysctl(name string) int {
	text, err := os.ReadFile("/proc/sys/" + strings.ReplaceAll(name, ".", "/"))
	if err != nil {
		return 0
	}
	value, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return value
}

// rootError says that the root is not a directory, cannot be read, or is gone.
func rootError(path string, err error) error {
	return &fault.Error{Code: "watch.root", Op: fmt.Sprintf("watch directory %q", path), Err: reason(err)}
}
