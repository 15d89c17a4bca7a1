package localport

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// asNobody is set in the run of this test binary that has no rights.
const asNobody = "DEVLOOP_TEST_AS_NOBODY"

// nobody is the user and group without any right, by Linux' convention.
const nobody = 65534

// TestPortBelow1024WithoutTheRight takes port 80 as a user who may not.
func TestPortBelow1024WithoutTheRight(t *testing.T) {
	if os.Getenv(asNobody) == "" && os.Geteuid() == 0 {
		// The binary lies where only root may look: it is run by its open file.
		self, err := os.Open("/proc/self/exe")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = self.Close() }()
		cmd := exec.Command("/proc/self/fd/3", "-test.run", "^"+t.Name()+"$", "-test.v")
		cmd.ExtraFiles, cmd.Dir = []*os.File{self}, "/"
		cmd.Env = append(os.Environ(), asNobody+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		out, err := cmd.CombinedOutput()
		t.Logf("as nobody:\n%s", out)
		if err != nil || strings.Contains(string(out), "SKIP") {
			t.Errorf("as nobody: %v", err)
		}
		return
	}
	_, err := listen(context.Background(), "127.0.0.1", 80)
	if !errors.Is(err, syscall.EACCES) {
		t.Skipf("this system lets everybody take port 80: %v", err)
	}
	var denied *PortError
	if _, _, err := ListenTCP(context.Background(), Options{Local: 80, Strict: true}); !errors.As(err, &denied) || denied.Code() != "port.denied" {
		t.Fatalf("strict: %v", err)
	}
	if hints := strings.Join(denied.Hints(), "\n"); !strings.Contains(hints, "8080") || !strings.Contains(hints, "ip_unprivileged_port_start=80") {
		t.Errorf("the hints are %q", hints)
	}
	listeners, moved, err := ListenTCP(context.Background(), Options{Local: 80})
	if err != nil || !errors.Is(moved, syscall.EACCES) {
		t.Fatalf("got %v, moved because %v", err, moved)
	}
	defer closeAll(listeners)
	t.Logf("%v, so it is at %v", moved, listeners[0].Addr())
}
