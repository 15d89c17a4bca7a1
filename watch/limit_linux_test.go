package watch

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// limited is set in a process that lives in a user namespace of its own, where the
// kernel's limits can be lowered for it alone; see user_namespaces(7).
const limited = "DEVLOOP_TEST_IN_USER_NAMESPACE"

func TestRealLimits(t *testing.T) {
	if os.Getenv(limited) != "" {
		t.Run("watches", func(t *testing.T) { underLimit(t, "max_inotify_watches", 20, maxWatches) })
		t.Run("instances", func(t *testing.T) { underLimit(t, "max_inotify_instances", 0, maxInstances) })
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRealLimits$", "-test.v")
	cmd.Env = append(os.Environ(), limited+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Skipf("no user namespace here: %v", err)
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

func underLimit(t *testing.T, name string, value int, setting string) {
	check(os.WriteFile("/proc/sys/user/"+name, fmt.Append(nil, value), 0o644))
	d := newDir(t)
	for i := range 50 {
		d.write(fmt.Sprintf("d%d/file.txt", i), "")
	}
	r := watching(t, d, Options{pollEvery: 5 * time.Millisecond})
	limit := (*LimitError)(nil)
	if err := <-r.notices; !errors.As(err, &limit) {
		t.Fatalf("noticed %v", err)
	}
	if limit.Limit != setting || limit.Dirs != value || limit.Current == 0 || len(limit.Hints()) == 0 {
		t.Errorf("noticed %#v", limit)
	}
	t.Logf("%v; %q", limit, limit.Hints())
	r.write("d49/file.txt", "changed")
	r.write("new/file.txt", "")
	r.expect("found all the same", "d49/file.txt", "new/file.txt")
}
