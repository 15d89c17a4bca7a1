package supervisor

import (
	"os/exec"
	"testing"

	"github.com/devloop-cli/devloop/hack/real"
)

// TestRealLibraries restarts an application with a library that its class path did not have, and with a class path on
// which the archive of classes does not fit; in the next container; with what it had; and with a library with which it
// ends.
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
	if said, err := exec.Command("javac", "-d", dir+"/classes",
		write(t, dir, "App.java", app)).CombinedOutput(); err != nil {
		t.Fatalf("javac: %v\n%s", err, said)
	}
	write(t, dir, "changes/README", "a volume")
	own, first := dir+"/classes", dir+"/added/1"
	again := func() (process, string) {
		port := real.FreePort(t)
		return start(t, "-cp", ".", "io.github.devloop_cli.Supervise", port, dir+"/classes", dir+"/changes", "0",
			"java", "-Xshare:auto", "-XX:SharedArchiveFile="+dir+"/dependencies.jsa", "-cp", own, "App"), port
	}
	s, port := again()
	s.expect("none true")
	changeApplication(t, port, "a", true, AddedLibrary("1/library.txt"), []byte("first"), ClassPathFile,
		[]byte(own+":"+first))
	s.expect("first true")
	changeApplication(t, port, "b", true, ClassPathFile, []byte(first+":"+own))
	s.expect("first false")
	s.end()
	s, port = again()
	s.expect("first false")
	changeApplication(t, port, "c", true, ClassPathFile, nil)
	s.expect("none true")
	changeApplication(t, port, "c", false) // it serves
	changeApplication(t, port, "d", true, AddedLibrary("2/bad"), []byte{}, ClassPathFile,
		[]byte(own+":"+dir+"/added/2"))
	s.expect("devloop: the application ended with exit code 3, and starts as it was before the change")
	s.expect("none true")
}
