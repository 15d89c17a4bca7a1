package supervisor

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/proc"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// patience bounds each wait for a JVM, which takes tens of seconds to start where many do.
const patience = time.Minute

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
	t.Parallel()
	real.Java(t)
	dir := t.TempDir()
	if said, err := exec.Command("javac", "-d", dir+"/classes",
		write(t, dir, "App.java", lastWords)).CombinedOutput(); err != nil {
		t.Fatalf("javac: %v\n%s", err, said)
	}
	write(t, dir, "changes/README", "a volume")
	port, debug := real.FreePort(t), real.FreePort(t)
	s := start(t, "-cp", ".", "io.github.devloop_cli.Supervise", port, dir+"/classes", dir+"/changes", debug, "java",
		"-cp", dir+"/classes", "App")

	s.expect("begun")
	restartApplication(t, port)
	s.expect("ending", "ended", "begun")

	debugger := dialed(t, debug)
	defer func() { _ = debugger.Close() }()
	hello := []byte("JDWP-Handshake")
	must.Get(debugger.Write(hello))(t)
	must.Get(io.ReadFull(debugger, hello))(t)
	restartApplication(t, port)
	s.expect("ending", "ended", "begun")

	must.Do(t, s.cmd.Process.Signal(syscall.SIGTERM))
	s.expect("ending", "ended")
	if s.lines.Scan() {
		t.Errorf("the application says more: %q", s.lines.Text())
	}
	if err := s.Wait(); s.cmd.ProcessState.ExitCode() != 143 { // 128 + SIGTERM, as of a JVM
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
	must.Get(request.WriteTo(connection))(t)
	var length uint16
	must.Do(t, binary.Read(connection, binary.BigEndian, &length))
	answer := make([]byte, length)
	if _, err := io.ReadFull(connection, answer); err != nil || string(answer) != "ok" {
		t.Fatalf("the supervisor answers %q: %v", answer, err)
	}
}

// TestRealLargeChanges sends files that are far larger than the memory of a supervisor as images start it.
func TestRealLargeChanges(t *testing.T) {
	t.Parallel()
	real.Java(t)
	dir := t.TempDir()
	const app = `public class App {
  public static void main(String[] args) throws Exception {
    if (App.class.getResource("/bad") != null) {
      System.exit(3);
    }
    System.out.println("begun");
    new java.net.ServerSocket(0).accept();
  }
}
`
	classes := filepath.Join(dir, "classes")
	if said, err := exec.Command("javac", "-d", classes, write(t, dir, "App.java", app)).CombinedOutput(); err != nil {
		t.Fatalf("javac: %v\n%s", err, said)
	}
	write(t, dir, "changes/README", "a volume")
	port := real.FreePort(t)
	args := slices.Concat(smallJVM, []string{"-cp", ".", "io.github.devloop_cli.Supervise", port, classes,
		dir + "/changes", "0", "java", "-cp", classes, "App"})
	s := start(t, args...)
	holds := func(want byte) {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(classes, "static/big.bin"))
		if err != nil || len(data) != 40<<20 || data[0] != want || data[len(data)-1] != want {
			t.Fatalf("the file has %d bytes, %v", len(data), err)
		}
	}
	big := func(b byte) []byte { return bytes.Repeat([]byte{b}, 40<<20) }

	s.expect("begun")
	changeApplication(t, port, "one", false, "static/big.bin", big('1'))
	holds('1')
	changeApplication(t, port, "two", true, "static/big.bin", big('2'))
	s.expect("begun")
	holds('2')
	changeApplication(t, port, "two", false) // it serves
	changeApplication(t, port, "three", true, "static/big.bin", big('3'), "bad", []byte{})
	s.expect("devloop: the application ended with exit code 3, and starts as it was before the change", "begun")
	holds('2')
	s.end()

	if err := os.RemoveAll(filepath.Join(classes, "static")); err != nil {
		t.Fatal(err)
	}
	start(t, args...).expect("begun") // as Kubernetes starts the container again, from its image
	holds('2')
}

// TestRealReadOnlyRoot has the application's files in a volume, where an earlier container has left others, some
// of them without a change that says so.
func TestRealReadOnlyRoot(t *testing.T) {
	t.Parallel()
	real.Java(t)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"changes/README": "a volume", "classes/deep/left.txt": "of an earlier container", "added/left.jar": "",
		"original/a.txt": "a", "original/deep/b.txt": "b",
	} {
		write(t, dir, name, text)
	}
	port := real.FreePort(t)
	holds := func(want map[string]string) {
		t.Helper()
		got := map[string]string{}
		for _, root := range []string{"classes", "added"} {
			if err := filepath.WalkDir(filepath.Join(dir, root), func(path string, d fs.DirEntry, err error) error {
				if err == nil && !d.IsDir() {
					name, _ := filepath.Rel(dir, path)
					got[name] = string(testfile.Read(t, path))
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	again := func() process {
		s := start(t, "-cp", ".", "io.github.devloop_cli.Supervise", port, dir+"/classes", dir+"/changes", "0",
			"sh", "-c", "echo begun; exec sleep 600")
		s.expect("begun")
		return s
	}
	s := again()
	holds(map[string]string{"classes/a.txt": "a", "classes/deep/b.txt": "b"})
	changeApplication(t, port, "one", false, "a.txt", nil, "deep/b.txt", []byte("changed"),
		AddedLibrary("n.jar"), []byte("new"))
	s.end()
	write(t, dir, "classes/half.txt.devloop", "cut off")
	again()
	holds(map[string]string{"classes/deep/b.txt": "changed", "added/n.jar": "new"})
}

// TestRealChangeThatTheApplicationDoesNotTake: the files of a change are there, the running application has not taken
// them, and does not start with them. It runs again with what it ran with, as it does after several starts that nobody
// has proven, and in the next container.
func TestRealChangeThatTheApplicationDoesNotTake(t *testing.T) {
	t.Parallel()
	const ended = "devloop: the application ended with exit code 3, and starts as it was before the change"
	s := superviseWithSpare(t)
	s.expect("begun")
	is := func(state string, files map[string]bool) {
		t.Helper()
		if got := asked(t, s.port, "\x00\x00\x00\x00\x00\x00\x00"); got != state {
			t.Errorf("its state is %q, want %q", got, state)
		}
		for file, want := range files {
			if _, err := os.Stat(filepath.Join(s.dir, "classes", file)); (err == nil) != want {
				t.Errorf("the file %s: %v", file, err)
			}
		}
	}
	s.restart("a", 0, "a")
	s.restart("b", 0, "any")
	s.restart("b", 4, "any")
	s.expect("begun", ended, "begun")
	is("a", map[string]bool{"a": true, "any": false})

	t.Log("a change that it has taken stays")
	s.restart("c", 0, "c")
	s.restart("d", 1, "any")
	s.expect("begun", ended, "begun")
	is("c", map[string]bool{"c": true, "any": false})

	t.Log("so does one with another state, as of a request that never came")
	s.restart("e", 3, "any")
	s.expect("begun", ended, "begun")
	is("c", map[string]bool{"c": true, "any": false})

	t.Log("a start that nobody has proven does not")
	s.restart("f", 1, "f")
	s.expect("begun")
	s.restart("g", 1, "any")
	s.expect("begun", ended, "begun")
	is("c", map[string]bool{"c": true, "f": false, "any": false})

	for _, file := range []string{"a", "c"} {
		if err := os.Remove(filepath.Join(s.dir, "classes", file)); err != nil {
			t.Fatal(err)
		}
	}
	s.end()
	s.process = start(t, s.cmd.Args[1:]...)
	s.expect("begun")
	is("c", map[string]bool{"a": true, "c": true, "f": false, "any": false})
}

// TestRealChangesBecomeOne makes more changes than are kept one by one. The next container has the files of all, also
// where the one before ended while it removed those that had become one.
func TestRealChangesBecomeOne(t *testing.T) {
	t.Parallel()
	real.Java(t)
	dir := t.TempDir()
	write(t, dir, "changes/README", "a volume")
	port := real.FreePort(t)
	again := func() process {
		if err := os.RemoveAll(dir + "/classes"); err != nil { // each container has the files of its image
			t.Fatal(err)
		}
		write(t, dir, "classes/gone.txt", "")
		return start(t, "-cp", ".", "io.github.devloop_cli.Supervise", port, dir+"/classes", dir+"/changes",
			"0", "sleep", "600")
	}
	const saves = 50
	s := again()
	changeApplication(t, port, "one", false, "gone.txt", nil)
	early := testfile.Read(t, dir+"/changes/0")
	for i := range saves {
		changeApplication(t, port, fmt.Sprint("state ", i), false, fmt.Sprintf("%d.txt", i%30), []byte(fmt.Sprint(i)))
	}
	changeApplication(t, port, "last", false, "last.txt", []byte("last"))
	s.end()
	kept, err := filepath.Glob(dir + "/changes/[0-9]*")
	if err != nil || len(kept) == 0 || len(kept) > 20 {
		t.Fatalf("%d changes are kept, want 1 to 20: %v", len(kept), err)
	}
	first := saves
	for _, path := range kept {
		number := must.Get(strconv.Atoi(filepath.Base(path)))(t)
		first = min(first, number)
	}
	write(t, dir, fmt.Sprintf("changes/%d", first-1), string(early))

	again()
	if got := asked(t, port, "\x00\x00\x00\x00\x00\x00\x00"); got != "last" {
		t.Errorf("its state is %q", got)
	}
	for i := range 30 {
		want := fmt.Sprint(i)
		if i+30 < saves {
			want = fmt.Sprint(i + 30)
		}
		if got, err := os.ReadFile(fmt.Sprintf("%s/classes/%d.txt", dir, i)); err != nil || string(got) != want {
			t.Errorf("%d.txt is %q, want %q: %v", i, got, want, err)
		}
	}
	if _, err := os.Stat(dir + "/classes/gone.txt"); err == nil {
		t.Error("gone.txt is there again")
	}
}

// TestRealProtocol sends the change that every encoder of the protocol has to write: state "état-1", no
// restart, a/B.class with the bytes CA FE BA BE, an empty file empty.txt, and gone.txt removed.
func TestRealProtocol(t *testing.T) {
	t.Parallel()
	real.Java(t)
	dir := t.TempDir()
	write(t, dir, "changes/README", "a volume")
	write(t, dir, "classes/gone.txt", "")
	port := real.FreePort(t)
	start(t, "-cp", ".", "io.github.devloop_cli.Supervise", port, dir+"/classes", dir+"/changes", "0", "sleep", "600")
	change := testfile.Read(t, "testdata/change.bin")
	if got := asked(t, port, string(change)); got != "ok" {
		t.Fatalf("the supervisor answers %q", got)
	}
	if got := asked(t, port, "\x00\x00\x00\x00\x00\x00\x00"); got != "état-1" { // no state, no restart, no files
		t.Errorf("its state is %q", got)
	}
	for name, want := range map[string]string{"a/B.class": "\xca\xfe\xba\xbe", "empty.txt": ""} {
		if got, err := os.ReadFile(filepath.Join(dir, "classes", name)); err != nil || string(got) != want {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "classes/gone.txt")); err == nil {
		t.Error("a file is not removed")
	}
}

// TestRealListenerOutlivesItsClients: none that says nothing, or whose change can't be made or kept, keeps the
// supervisor from the next one, or a container from starting again with what was made.
func TestRealListenerOutlivesItsClients(t *testing.T) {
	t.Parallel()
	real.Java(t)
	dir := t.TempDir()
	write(t, dir, "changes/README", "a volume")
	write(t, dir, "classes/App.class", "")
	port := real.FreePort(t)
	args := slices.Concat(smallJVM, []string{"-cp", ".", "io.github.devloop_cli.Supervise", port, dir + "/classes",
		dir + "/changes", "0", "sleep", "600"})
	s := start(t, args...)
	silent := dialed(t, port)
	defer func() { _ = silent.Close() }()
	write(t, dir, "changes/0/full", "so that nothing can be kept as 0")
	const noFiles = "\x00\x00\x00\x00"
	for request, want := range map[string]string{
		"\x00\x03one\x00" + "\x00\x00\x00\x01" + "\x00\x01a" + noFiles:          "keep the change: ",
		"\x00\x03one\x01" + noFiles:                                             "keep the change: ",
		"\x00\x03one\x01" + "\x00\x00\x00\x01" + "\x00\x04a\xc0\x80b" + noFiles: "keep the change: java.nio.file.InvalidPathException",
	} {
		if got := asked(t, port, request); !strings.HasPrefix(got, want) {
			t.Errorf("%q: the supervisor answers %q", request, got)
		}
	}
	must.Do(t, os.RemoveAll(filepath.Join(dir, "changes/0")))
	changeApplication(t, port, "two", false, "b.txt", []byte("b"))
	s.end()
	must.Do(t, os.Remove(filepath.Join(dir, "classes/b.txt")))
	start(t, args...) // as Kubernetes starts the container again, from its image
	if got := asked(t, port, "\x00\x00\x00"+noFiles); got != "two" {
		t.Errorf("its state is %q", got)
	}
	if _, err := os.Stat(filepath.Join(dir, "classes/b.txt")); err != nil {
		t.Error(err)
	}
}

// TestRealDebugPort: the library for debuggers is elsewhere in Java 8, and some runtimes have none.
func TestRealDebugPort(t *testing.T) {
	t.Parallel()
	real.Java(t)
	home := must.Get(exec.Command("java", "-XshowSettings:properties", "-version").CombinedOutput())(t)
	property := func(name string) string {
		_, value, _ := strings.Cut(string(home), " "+name+" = ")
		value, _, _ = strings.Cut(value, "\n")
		return value
	}
	for library, want := range map[string]bool{"lib/libjdwp.so": true,
		"lib/" + property("os.arch") + "/libjdwp.so": true, "lib/none": false} {
		t.Run(library, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			must.Do(t, os.Mkdir(filepath.Join(dir, "lib"), 0o755))
			parts := must.Get(filepath.Glob(filepath.Join(property("java.home"), "lib", "*")))(t)
			for _, part := range parts {
				if name := filepath.Base(part); name != "libjdwp.so" {
					must.Do(t, os.Symlink(part, filepath.Join(dir, "lib", name)))
				}
			}
			write(t, dir, library, "")
			application := write(t, dir, "java", "#!/bin/sh\necho \"$1\"\n")
			must.Do(t, os.Chmod(application, 0o755))
			said, err := exec.Command("java", "-Djava.home="+dir, "-cp", ".", "io.github.devloop_cli.Supervise",
				real.FreePort(t), dir, dir, real.FreePort(t), application, "App").Output()
			if got := strings.Contains(string(said), "-agentlib:jdwp="); err != nil || got != want {
				t.Errorf("%v, the application is started with %q", err, said)
			}
		})
	}
}

// process is a supervisor that was started, and what its application says.
type process struct {
	*testing.T
	*proc.Process
	cmd   *exec.Cmd
	lines *bufio.Scanner
	end   func() // as a container ends
}

// start starts a supervisor. It ends with the test, and after some minutes in any case, and so does all that it has
// started.
func start(t *testing.T, args ...string) process {
	t.Helper()
	said, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("java", args...)
	cmd.Stdout = to
	p, err := proc.Start(cmd)
	_ = to.Close()
	if err != nil {
		t.Fatal(err)
	}
	limit := time.AfterFunc(3*patience, p.Stop)
	end := sync.OnceFunc(func() { _ = cmd.Process.Signal(syscall.SIGTERM); _ = p.Wait(); limit.Stop(); p.Stop() })
	t.Cleanup(func() { end(); _ = said.Close() })
	return process{t, p, cmd, bufio.NewScanner(said), end}
}

func (p process) expect(want ...string) {
	p.Helper()
	for _, line := range want {
		if !p.lines.Scan() || p.lines.Text() != line {
			p.Fatalf("it says %q, want %q: %v", p.lines.Text(), line, p.lines.Err())
		}
	}
}

// asked sends a request and returns the answer.
func asked(t *testing.T, port, request string) string {
	t.Helper()
	connection := dialed(t, port)
	defer func() { _ = connection.Close() }()
	must.Do(t, connection.SetDeadline(time.Now().Add(patience)))
	must.Get(io.WriteString(connection, request))(t)
	answer, err := io.ReadAll(connection)
	if err != nil || len(answer) < 2 {
		t.Fatalf("the supervisor answers %q: %v", answer, err)
	}
	return string(answer[2:])
}

// changeApplication sends a change of files, names and contents in turn; nil removes one.
func changeApplication(t *testing.T, port, state string, restart bool, files ...any) {
	t.Helper()
	var request bytes.Buffer
	utf := func(text string) {
		_ = binary.Write(&request, binary.BigEndian, uint16(len(text)))
		request.WriteString(text)
	}
	utf(state)
	_ = binary.Write(&request, binary.BigEndian, restart)
	_ = binary.Write(&request, binary.BigEndian, int32(len(files)/2))
	for i := 0; i < len(files); i += 2 {
		content, there := files[i+1].([]byte)
		length := int32(len(content))
		if !there {
			length = -1
		}
		utf(files[i].(string))
		_ = binary.Write(&request, binary.BigEndian, length)
		request.Write(content)
	}
	if got := asked(t, port, request.String()); got != "ok" {
		t.Fatalf("the supervisor answers %q", got)
	}
}

// dialed connects to a port of this machine once somebody listens there.
func dialed(t *testing.T, port string) net.Conn {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		connection, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			return connection
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

var write = testfile.Write
