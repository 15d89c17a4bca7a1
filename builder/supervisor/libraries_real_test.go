package supervisor

import (
	"bufio"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/hack/real"
)

// TestRealLibraries restarts an application with a library that its class path did not have, and with a class path on which the
// archive of classes does not fit; in the next container; with what it had; and with a library with which it ends.
func TestRealLibraries(t *testing.T) {
	t.Parallel()
	real.Java(t)
	dir := t.TempDir()
	const app = `public class App {
  public static void main(String[] args) throws Exception {
    if (App.class.getResource("/bad") != null) {
      System.exit(3);
    }
    java.io.InputStream has = App.class.getResourceAsStream("/library.txt");
    boolean archive = java.lang.management.ManagementFactory.getRuntimeMXBean().getInputArguments().toString().contains("dependencies.jsa");
    System.out.println((has == null ? "none" : new String(has.readAllBytes())) + " " + archive);
    new java.net.ServerSocket(0).accept();
  }
}
`
	if said, err := exec.Command("javac", "-d", dir+"/classes", write(t, dir, "App.java", app)).CombinedOutput(); err != nil {
		t.Fatalf("javac: %v\n%s", err, said)
	}
	write(t, dir, "changes/README", "a volume")
	own, first := dir+"/classes", dir+"/added/1"
	start := func() (port string, expect func(string), end func()) {
		port = real.FreePort(t)
		cmd := exec.Command("java", "-cp", ".", "io.github.devloop_cli.Supervise", port, dir+"/classes", dir+"/changes", "0",
			"java", "-Xshare:auto", "-XX:SharedArchiveFile="+dir+"/dependencies.jsa", "-cp", own, "App")
		said, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		limit := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
		end = sync.OnceFunc(func() { limit.Stop(); _ = cmd.Process.Signal(syscall.SIGTERM); _ = cmd.Wait() })
		t.Cleanup(end)
		lines := bufio.NewScanner(said)
		return port, func(want string) {
			t.Helper()
			if !lines.Scan() || lines.Text() != want {
				t.Fatalf("the application says %q, want %q: %v", lines.Text(), want, lines.Err())
			}
		}, end
	}
	port, expect, end := start()
	expect("none true")
	changeApplication(t, port, "a", true, AddedLibrary("1/library.txt"), []byte("first"), ClassPathFile, []byte(own+":"+first))
	expect("first true")
	changeApplication(t, port, "b", true, ClassPathFile, []byte(first+":"+own))
	expect("first false")
	end()
	port, expect, _ = start()
	expect("first false")
	changeApplication(t, port, "c", true, ClassPathFile, nil)
	expect("none true")
	changeApplication(t, port, "d", true, AddedLibrary("2/bad"), []byte{}, ClassPathFile, []byte(own+":"+dir+"/added/2"))
	expect("devloop: the application ended with exit code 3, and starts as it was before the change")
	expect("none true")
}
