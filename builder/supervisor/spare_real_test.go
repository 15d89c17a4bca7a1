package supervisor

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
)

// stand is a spare without Spring: it waits, and then runs the main class.
const stand = `package io.github.devloop_cli;
import java.util.Arrays;
public class Spare {
  static boolean slow; // ready only if it is told to hurry
  public static void main(String[] args) throws Exception {
    java.net.Socket supervisor = new java.net.Socket("127.0.0.1", Integer.parseInt(args[0]));
    java.io.InputStream told = supervisor.getInputStream();
    while (new java.io.File(args[1], "slow").delete() || slow && told.available() == 0) {
      slow = true;
      Thread.sleep(10);
    }
    for (int i = 0; i < 100 && told.available() == 0; i++) {
      Thread.sleep(Long.getLong("takes", 0) / 100);
    }
    while (new java.io.File(args[1], "never").exists()) {
      Thread.sleep(10);
    }
    java.io.File.createTempFile("ready", "", new java.io.File(args[1]));
    new java.io.DataOutputStream(supervisor.getOutputStream()).writeUTF(System.getProperty("answer", "ready with 1 MB"));
    int word = told.read();
    System.setProperty("spare", word == 2 ? "hurried spare " : "spare ");
    if (word == 2 && told.read() < 0 || word < 0) {
      System.exit(0);
    }
    Class.forName(args[3]).getMethod("main", String[].class).invoke(null, (Object) Arrays.copyOfRange(args, 4, args.length));
  }
}
`

// waiter is an application that says which JVM it is in, and ends at once where a file says so.
const waiter = `public class App {
  public static void main(String[] args) throws Exception {
    System.out.println(System.getProperty("spare", "") + "begun");
    String in = System.getProperty("spare") == null ? "/new" : "/spare";
    if (App.class.getResource(in) != null || App.class.getResource("/any") != null) {
      System.exit(3);
    }
    new java.net.ServerSocket(0).accept();
  }
}
`

// supervised is a supervisor that runs in a directory of its own, with a spare.
type supervised struct {
	process
	port string
	dir  string
}

// superviseWithSpare starts the supervisor of an application with JVM options.
func superviseWithSpare(t *testing.T, options ...string) *supervised {
	t.Helper()
	real.Java(t)
	s := &supervised{port: real.FreePort(t), dir: t.TempDir()}
	must.Do(t, os.CopyFS(filepath.Join(s.dir, "supervisor/io"), os.DirFS("io")))
	for classes, source := range map[string]string{"classes": write(t, s.dir, "App.java", waiter),
		"spare": write(t, s.dir, "Spare.java", stand)} {
		if said, err := exec.Command("javac", "-d", filepath.Join(s.dir, classes),
			source).CombinedOutput(); err != nil {
			t.Fatalf("javac: %v\n%s", err, said)
		}
	}
	if err := os.Rename(filepath.Join(s.dir, "spare"), filepath.Join(s.dir, "supervisor/spare.jar")); err != nil {
		// a directory will do
		t.Fatal(err)
	}
	write(t, s.dir, "changes/README", "a volume")
	args := []string{"-cp", s.dir + "/supervisor", "io.github.devloop_cli.Supervise", s.port, s.dir + "/classes",
		s.dir + "/changes", "0", "java"}
	s.process = start(t, append(append(args, options...), "-cp", s.dir+"/classes", "App")...)
	return s
}

// spare asks for a spare, and returns its status once it is prepared.
func (s *supervised) spare() string {
	s.Helper()
	return s.spareAs(3)
}

// spareAs asks for a spare as how says.
func (s *supervised) spareAs(how byte) string {
	s.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		status, _, _ := strings.Cut(asked(s.T, s.port, "\x00\x00"+string(rune(how))+"\x00\x00\x00\x00"), "; ")
		if status != "preparing" {
			return status
		}
		if time.Now().After(deadline) {
			s.Fatal("it is not ready")
		}
	}
}

// restart makes a change, with a restart as how says.
func (s *supervised) restart(state string, how byte, file string) {
	s.Helper()
	request := "\x00\x01" + state + string(rune(how)) + "\x00\x00\x00"
	if file == "" {
		request += "\x00"
	} else {
		request += "\x01\x00" + string(rune(len(file))) + file + "\x00\x00\x00\x00"
	}
	if got := asked(s.T, s.port, request); got != "ok" {
		s.Fatalf("the supervisor answers %q", got)
	}
}

func (s *supervised) confirm(state string) {
	s.Helper()
	if got := asked(s.T, s.port, "\x00\x01"+state+"\x00\x00\x00\x00\x00"); got != "ok" {
		s.Fatalf("the supervisor answers %q", got)
	}
}

func TestRealSpareBecomesTheApplication(t *testing.T) {
	t.Parallel()
	s := superviseWithSpare(t)
	s.expect("begun")
	if got := s.spare(); got != "ready with 1 MB" {
		t.Fatalf("got %q", got)
	}
	s.restart("a", 1, "")
	s.expect("spare begun")
	if got := s.spare(); got != "later" {
		t.Errorf("before the application serves: got %q", got)
	}
	s.confirm("a")

	t.Log("in a new JVM, if that is asked for")
	s.restart("c", 2, "")
	s.expect("begun")
	s.confirm("c")

	t.Log("the container ends with its application, spare or not")
	s.spare()
	s.restart("d", 1, "")
	s.expect("spare begun")
	s.confirm("d")
	s.spare()
	must.Do(t, s.cmd.Process.Signal(syscall.SIGTERM))
	if s.lines.Scan() {
		t.Errorf("it says more: %q", s.lines.Text())
	}
	if err := s.Wait(); s.cmd.ProcessState.ExitCode() != 143 {
		t.Errorf("it ended with %v", err)
	}
}

// TestRealSecondSpareTakesARestartSoonAfterAnother has the first two spares ready at once, and all others never.
func TestRealSecondSpareTakesARestartSoonAfterAnother(t *testing.T) {
	t.Parallel()
	s := superviseWithSpare(t)
	s.expect("begun")
	s.spare()
	for ready, deadline := []string{}, time.Now().Add(20*time.Second); len(ready) < 2; time.Sleep(10 * time.Millisecond) {
		ready, _ = filepath.Glob(filepath.Join(s.dir, "classes/ready*"))
		if time.Now().After(deadline) {
			t.Fatalf("ready are %q", ready)
		}
	}
	write(t, s.dir, "classes/never", "")
	for _, state := range []string{"a", "b"} {
		s.restart(state, 1, "")
		s.expect("spare begun")
		s.confirm(state)
	}
	t.Log("the third has none")
	s.restart("c", 1, "")
	s.expect("begun")
	s.confirm("c")
}

// TestRealSpareIsAloneIfOthersNeedTheMachine restarts the application twice, the second time before it may have another
// spare.
func TestRealSpareIsAloneIfOthersNeedTheMachine(t *testing.T) {
	t.Parallel()
	for _, how := range []byte{4, 5} {
		s := superviseWithSpare(t)
		s.expect("begun")
		if got := s.spareAs(how); got != "ready with 1 MB" {
			t.Errorf("asked with %d: got %q", how, got)
		}
		s.restart("a", 1, "")
		s.expect("spare begun")
		s.confirm("a")
		s.restart("b", 1, "")
		s.expect("begun")
		s.confirm("b")
	}
}

func TestRealRestartHurriesASpareThatIsHalfReady(t *testing.T) {
	t.Parallel()
	s := superviseWithSpare(t, "-Dtakes=2000")
	s.expect("begun")
	began := time.Now()
	s.spare()
	took := time.Since(began)
	s.restart("a", 2, "")
	s.expect("begun")
	s.confirm("a")
	prepare := func() {
		t.Helper()
		if got := asked(t, s.port, "\x00\x00\x03\x00\x00\x00\x00"); got != "preparing" {
			t.Fatalf("got %q", got)
		}
	}
	t.Log("it has just begun")
	prepare()
	s.restart("b", 1, "")
	s.expect("begun")
	s.confirm("b")

	t.Log("half of the usual time has passed")
	slow := write(t, s.dir, "classes/slow", "")
	prepare()
	time.Sleep(took / 2) // how much of it is done decides
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(slow); err != nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the spare does not start")
		}
	}
	s.restart("c", 1, "")
	s.expect("hurried spare begun")
	s.confirm("c")
}

// TestRealPreparationPausesForASave looks at the state of the spare's process: T is stopped.
func TestRealPreparationPausesForASave(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("it looks into /proc")
	}
	s := superviseWithSpare(t)
	write(t, s.dir, "classes/never", "")
	s.expect("begun")
	const ask, pause = "\x00\x00\x03\x00\x00\x00\x00", "\x00\x00\x06\x00\x00\x00\x00"
	for _, goOn := range []func(){
		func() { asked(t, s.port, ask) },
		func() {}, // after some seconds it goes on
	} {
		if got := asked(t, s.port, ask); got != "preparing" {
			t.Fatalf("got %q", got)
		}
		s.awaitSpare("running", func(state string) bool { return state != "" && state != "T" })
		asked(t, s.port, pause)
		s.awaitSpare("stopped", func(state string) bool { return state == "T" })
		goOn()
		s.awaitSpare("running", func(state string) bool { return state != "T" })
	}
	asked(t, s.port, pause)
	t.Log("a restart does not wait for it")
	s.restart("a", 1, "")
	s.expect("begun")
	s.confirm("a")
	must.Do(t, os.Remove(filepath.Join(s.dir, "classes/never")))
	if got := s.spare(); got != "ready with 1 MB" {
		t.Errorf("got %q", got)
	}
}

// awaitSpare waits until the spare's process is in a state as /proc says it, "" for none.
func (s *supervised) awaitSpare(what string, is func(state string) bool) {
	s.Helper()
	for deadline := time.Now().Add(patience); !is(s.spareState()); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatalf("the spare is not %s, but %q", what, s.spareState())
		}
	}
}

func (s *supervised) spareState() string {
	files := must.Get(filepath.Glob("/proc/[0-9]*/cmdline"))(s)
	for _, file := range files {
		if line, _ := os.ReadFile(file); strings.Contains(string(line), "devloop_cli.Spare\x00") &&
			strings.Contains(string(line), s.dir+"/") {
			stat, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "stat"))
			if _, rest, found := strings.Cut(string(stat), ") "); found {
				return rest[:1]
			}
		}
	}
	return ""
}

func TestRealApplicationThatEndsInASpareStartsInANewJVM(t *testing.T) {
	t.Parallel()
	const ended = "devloop: the application ended with exit code 3 in a JVM that was started ahead, and starts again in a new one"
	s := superviseWithSpare(t)
	s.expect("begun")
	t.Log("its own fault")
	s.spare()
	s.restart("a", 1, "any")
	s.expect("spare begun", ended, "begun",
		"devloop: the application ended with exit code 3, and starts as it was before the change", "begun")
	if got := s.spare(); got != "ready with 1 MB" {
		t.Fatalf("got %q", got)
	}
	t.Log("the spare's")
	s.restart("b", 1, "spare")
	s.expect("spare begun", ended, "begun")
	s.confirm("b")
	if got := s.spare(); !strings.HasPrefix(got, "no: the application ended in a JVM that was started ahead") {
		t.Errorf("got %q", got)
	}
}

func TestRealSpareThatCannotBe(t *testing.T) {
	t.Parallel()
	for want, option := range map[string]string{
		"no: only one JVM of the Pod can have the option -Xlog:disable": "-Xlog:disable",
		"no: a library leaves a thread":                                 "-Danswer=no: a library leaves a thread",
	} {
		s := superviseWithSpare(t, option)
		s.expect("begun")
		if got := s.spare(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		s.restart("a", 1, "")
		s.expect("begun")
		s.confirm("a")
		if got := s.spare(); got != want {
			t.Errorf("after a restart: got %q, want %q", got, want)
		}
	}
}
