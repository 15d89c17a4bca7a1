package localport

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/devloop-cli/devloop/internal/must"
)

// asNobody is set in the run of this test binary that has no rights.
const asNobody = "DEVLOOP_TEST_AS_NOBODY"

// nobody is the user and group without any right, by Linux' convention.
const nobody = 65534

// TestPortBelow1024WithoutTheRight takes port 80 as a user who may not.
func TestPortBelow1024WithoutTheRight(t *testing.T) {
	if os.Getenv(asNobody) == "" && os.Geteuid() == 0 {
		// The binary lies where only root may look: it is run by its open file.
		self := must.Get(os.Open("/proc/self/exe"))(t)
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
	if _, _, err := ListenTCP(context.Background(), Options{Local: 80, Strict: true}); !errors.As(err, &denied) ||
		denied.Code() != "port.denied" {
		t.Fatalf("strict: %v", err)
	}
	if hints := strings.Join(denied.Hints(), "\n"); !strings.Contains(hints, "8080") ||
		!strings.Contains(hints, "ip_unprivileged_port_start=80") {
		t.Errorf("the hints are %q", hints)
	}
	listeners, moved, err := ListenTCP(context.Background(), Options{Local: 80})
	if err != nil || !errors.Is(moved, syscall.EACCES) {
		t.Fatalf("got %v, moved because %v", err, moved)
	}
	defer closeAll(listeners)
	t.Logf("%v, so it is at %v", moved, listeners[0].Addr())
}

// inNetwork is set in the run of this test binary that has a network of its own.
const inNetwork = "DEVLOOP_TEST_IN_NETWORK"

// TestAnyPortIsFreeAtBothAddresses has the system choose among eight ports, of which ::1 has one taken. The system
// chooses for 127.0.0.1.
func TestAnyPortIsFreeAtBothAddresses(t *testing.T) {
	if os.Getenv(inNetwork) == "" {
		cmd := exec.Command("/proc/self/exe", "-test.run", "^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), inNetwork+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
		out, err := cmd.CombinedOutput()
		if errors.Is(err, syscall.EPERM) {
			t.Skip("only root may make a network")
		}
		if t.Logf("in a network of its own:\n%s", out); err != nil || strings.Contains(string(out), "SKIP") {
			t.Errorf("in a network of its own: %v", err)
		}
		return
	}
	must.Do(t, os.WriteFile("/proc/sys/net/ipv4/ip_local_port_range", []byte("40000 40007"), 0))
	loopbackUp(t)
	for range 20 {
		chosen := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
		_, number, _ := net.SplitHostPort(chosen.Addr().String())
		busy := must.Get(net.Listen("tcp", "[::1]:"+number))(t)
		_ = chosen.Close()
		listeners, moved, err := ListenTCP(t.Context(), Options{})
		if err != nil || moved != nil || len(listeners) != 2 ||
			strings.HasSuffix(listeners[0].Addr().String(), number) {
			t.Fatalf("with %s taken at ::1: got %v, moved because %v, %v", number, listeners, moved, err)
		}
		closeAll(listeners)
		_ = busy.Close()
	}
}

// loopbackUp brings up the loopback interface: netdevice(7).
func loopbackUp(t *testing.T) {
	t.Helper()
	fd := must.Get(syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0))(t)
	defer func() { _ = syscall.Close(fd) }()
	request := struct {
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}{flags: syscall.IFF_UP}
	copy(request.name[:], "lo")
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS,
		uintptr(unsafe.Pointer(&request))); errno != 0 {
		t.Fatal(errno)
	}
}
