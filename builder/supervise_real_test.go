package builder

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/hack/real"
)

// lastWords is an application that takes its time to end, and whose main thread never does.
const lastWords = `public class App {
  public static void main(String[] args) throws Exception {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      System.out.println("ending");
      try {
        Thread.sleep(500);
      } catch (InterruptedException e) {
      }
      System.out.println("ended");
    }));
    System.out.println("begun");
    new java.net.ServerSocket(0).accept();
  }
}
`

// TestRealApplicationEndsByItself has the supervisor end an application whose JVM listens for a
// debugger. It is ended by force only after all of its own end, be a debugger there before or not.
func TestRealApplicationEndsByItself(t *testing.T) {
	real.Java(t)
	dir := t.TempDir()
	if said, err := exec.Command("javac", "-d", dir+"/classes", write(t, dir, "App.java", lastWords)).CombinedOutput(); err != nil {
		t.Fatalf("javac: %v\n%s", err, said)
	}
	write(t, dir, "changes/README", "a volume")
	port, debug := real.FreePort(t), real.FreePort(t)
	cmd := exec.Command("java", "-cp", "supervise", "io.github.devloop_cli.Supervise", port, dir+"/classes", dir+"/changes", debug,
		"java", "-cp", dir+"/classes", "App")
	said, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	defer time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() }).Stop()
	lines := bufio.NewScanner(said)
	expect := func(want ...string) {
		t.Helper()
		for _, line := range want {
			if !lines.Scan() || lines.Text() != line {
				t.Fatalf("the application says %q, want %q: %v", lines.Text(), line, lines.Err())
			}
		}
	}

	expect("begun")
	restartApplication(t, port)
	expect("ending", "ended", "begun")

	debugger := dialed(t, debug)
	defer func() { _ = debugger.Close() }()
	hello := []byte("JDWP-Handshake")
	if _, err := debugger.Write(hello); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(debugger, hello); err != nil {
		t.Fatal(err)
	}
	restartApplication(t, port)
	expect("ending", "ended", "begun")

	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	expect("ending", "ended")
	if lines.Scan() {
		t.Errorf("the application says more: %q", lines.Text())
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 143 { // 128 + SIGTERM, as of a JVM
		t.Errorf("it ended with %v", err)
	}
}

// restartApplication tells a supervisor to start the application again, see Supervise.java.
func restartApplication(t *testing.T, port string) {
	t.Helper()
	connection := dialed(t, port)
	defer func() { _ = connection.Close() }()
	var request bytes.Buffer
	request.WriteString("\x00\x01s\x01\x00\x00\x00\x00") // state "s", restart, no files
	if _, err := request.WriteTo(connection); err != nil {
		t.Fatal(err)
	}
	var length uint16
	if err := binary.Read(connection, binary.BigEndian, &length); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, length)
	if _, err := io.ReadFull(connection, answer); err != nil || string(answer) != "ok" {
		t.Fatalf("the supervisor answers %q: %v", answer, err)
	}
}

// dialed connects to a port of this machine once somebody listens there.
func dialed(t *testing.T, port string) net.Conn {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		connection, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			return connection
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}
