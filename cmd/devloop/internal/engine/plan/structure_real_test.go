package plan

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/builder/javac/javactest"
	"github.com/devloop-cli/devloop/builder/jdk"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// shape is something that a class may have, with an id, so that there can be several, and a value, which changes.
type shape struct {
	statement, member, beside string // in the method that requests call, in its class, beside that class
}

// shapes have VALUE and ID where these go. A statement appends to b.
var shapes = []shape{
	{statement: `b.append(((Supplier<String>) () -> "aVALUE").get());`},
	{statement: `{ int c = VALUE; Supplier<String> s = () -> "b" + c; b.append(s.get()); }`},
	{statement: `{ Supplier<String> s = () -> name + VALUE; b.append(s.get()); }`},
	{statement: `{ Supplier<Supplier<String>> s = () -> () -> "cVALUE"; b.append(s.get().get()); }`},
	{statement: `b.append(Stream.of(1, 2, 3).map(x -> x * VALUE).filter(x -> x > 0).collect(Collectors.toList()));`},
	{statement: `{ Supplier<String> s = Handler::statID; b.append(s.get()); }`, member: `private static String statID() { return "dVALUE"; }`},
	{statement: `{ Supplier<String> s = this::instID; b.append(s.get()); }`, member: `private String instID() { return name + "eVALUE"; }`},
	{statement: `b.append(namedID_VALUE());`, member: `private String namedID_VALUE() { Supplier<String> s = () -> name + "f"; return s.get(); }`},
	{statement: `b.append(namedID_VALUE());`, member: `private static <T> List<T> namedID_VALUE() { return new ArrayList<T>(); }`},
	{statement: `b.append(over("VALUE"));`, member: `private Object over(CharSequence s) { return "g" + s; }`},
	{statement: `b.append(withinID());`, member: `private String withinID() { return new Object() { String v() { return "hVALUE"; } }.v(); }`},
	{statement: `b.append(new Object() { String v() { return "iVALUE"; } }.v());`},
	{statement: `b.append(new Supplier<String>() { public String get() { Supplier<String> s = () -> "jVALUE"; return s.get(); } }.get());`},
	{statement: `b.append(new Object() { String v() { return name + "kVALUE"; } }.v());`}, // a private field
	{statement: `{ class LocalID { String s() { return "lVALUE"; } } b.append(new LocalID().s()); }`},
	{statement: `{ record RecID(int x) { } b.append(new RecID(VALUE)); }`},
	{statement: `b.append(new InID().s());`, member: `static class InID { String s() { return "mVALUE"; } }`},
	{statement: `b.append(new SecretID().s());`, member: `private static class SecretID { private String s() { return "nVALUE"; } }`},
	{statement: `b.append(EnID.B.s());`, member: `enum EnID { A, B; String s() { return "oVALUE"; } }`},
	{statement: `b.append(new MrID(VALUE).s());`, member: `record MrID(int x) { String s() { return "p" + x; } }`},
	{statement: `b.append(new HasID() { }.s());`, member: `interface HasID { default String s() { Supplier<String> x = () -> "qVALUE"; return x.get(); } }`},
	{statement: `b.append(TopID.s());`, beside: `class TopID { static String s() { return "rVALUE" + new Object() { }.getClass().getName(); } }`},
	{statement: `switch ("x" + VALUE) { case "xVALUE": b.append("sVALUE"); break; default: b.append("no"); }`},
	{statement: `switch (Colour.values()[VALUE % 2]) { case RED: b.append("tVALUE"); break; default: b.append("other"); }`},
	{statement: `b.append(CID);`, member: `private static final String CID = "wVALUE";`},
	{statement: `b.append(CID_VALUE);`, member: `private static final long CID_VALUE = VALUE;`},
	{statement: `b.append(ConstID.s(VALUE));`, member: `static class ConstID { private static final int N = VALUE; static String s(int n) { return "x" + n + N; } }`},
	{statement: `b.append(knowsID(VALUE));`, member: `private String knowsID(int pVALUE) { return "y" + pVALUE; }`},
	{statement: `b.append(heldID.get());`, member: `final Supplier<String> heldID = () -> "uVALUE";`},
	{statement: `b.append(madeID);`, member: `final String madeID = makeID(); private String makeID() { Supplier<String> s = () -> "vVALUE"; return s.get(); }`},
}

// edited is a program that has some shapes, in an order.
type edited struct {
	*rand.Rand
	has  []struct{ shape, id, value int }
	next int
}

// edit changes values, adds and removes shapes, or moves them.
func (e *edited) edit() string {
	e.next++
	switch n := len(e.has); {
	case n < 3 || n < 9 && e.IntN(3) == 0:
		one := struct{ shape, id, value int }{e.IntN(len(shapes)), e.next, e.next}
		at := e.IntN(n + 1)
		e.has = append(e.has[:at:at], append([]struct{ shape, id, value int }{one}, e.has[at:]...)...)
		return "add " + shapes[one.shape].statement
	case e.IntN(3) == 0:
		at := e.IntN(n)
		e.has = append(e.has[:at:at], e.has[at+1:]...)
		return "remove"
	case e.IntN(5) == 0:
		e.Shuffle(n, func(i, j int) { e.has[i], e.has[j] = e.has[j], e.has[i] })
		return "shuffle"
	default:
		at := e.IntN(n)
		e.has[at].value = e.next
		return "change " + shapes[e.has[at].shape].statement
	}
}

func (e *edited) source() string {
	var statements, members, beside []string
	seen := map[string]bool{}
	for _, h := range e.has {
		s := shapes[h.shape]
		text := strings.NewReplacer("VALUE", fmt.Sprint(h.value), "ID", fmt.Sprint(h.id)).Replace
		statements, beside = append(statements, text(s.statement)), append(beside, text(s.beside))
		if m := text(s.member); !seen[m] { // some are in several statements
			seen[m], members = true, append(members, m)
		}
	}
	return `import java.util.*;
import java.util.function.*;
import java.util.stream.*;
class Handler {
	private final String name = String.valueOf("n");
	private Object over(Object o) { return "z"; }
	public String handle() { StringBuilder b = new StringBuilder();
		` + strings.Join(statements, "\n\t\t") + `
		return b.toString(); }
	` + strings.Join(members, "\n\t") + `
}
enum Colour { RED, GREEN }
` + strings.Join(beside, "\n") + `
class App { // calls the handler as a framework does
	public static void main(String[] args) throws Exception {
		Object handler = Class.forName("Handler").getDeclaredConstructor().newInstance();
		var handle = handler.getClass().getMethod("handle");
		for (int c; (c = System.in.read()) != -1;) if (c == '\n') System.out.println(handle.invoke(handler));
	}
}`
}

// compile returns the classes of the program.
func (e *edited) compile(t *testing.T) State {
	t.Helper()
	dir, out := t.TempDir(), t.TempDir()
	file := testfile.Write(t, dir, "Handler.java", e.source())
	javactest.Compile(t, out, []string{"-g"}, []string{file})
	own := map[string][]byte{}
	found, _ := filepath.Glob(filepath.Join(out, "*.class"))
	for _, path := range found {
		data := testfile.Read(t, path)
		own[filepath.Base(path)] = data
	}
	return NewState(inMemory(own), libraries)
}

// vm is a JVM that runs the program.
type vm struct {
	t     *testing.T
	java  string
	dir   string
	state State
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	debug *jdwp.VM
}

// start runs the files in dir, with a debug port if it is to be changed.
func (v *vm) start(debug bool) {
	v.t.Helper()
	options := []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", v.dir, "App"}
	port := ""
	if debug {
		port = "127.0.0.1:" + real.FreePort(v.t)
		options = append([]string{"-XX:-PrintWarnings", "-XX:+AllowRedefinitionToAddDeleteMethods",
			"-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,quiet=y,address=" + port}, options...)
	}
	v.cmd = exec.Command(v.java, options...)
	v.cmd.Stderr = os.Stderr
	var err error
	if v.in, err = v.cmd.StdinPipe(); err != nil {
		v.t.Fatal(err)
	}
	out := must.Get(v.cmd.StdoutPipe())(v.t)
	v.out = bufio.NewReader(out)
	must.Do(v.t, v.cmd.Start())
	if debug {
		v.attach(port)
	}
}

func (v *vm) attach(port string) {
	v.t.Helper()
	conn, err := net.Dial("tcp", port)
	for deadline := time.Now().Add(time.Minute); err != nil; conn, err = net.Dial("tcp", port) {
		if time.Now().After(deadline) {
			v.t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if v.debug, err = jdwp.Attach(v.t.Context(), conn); err != nil {
		v.t.Fatal(err)
	}
}

func (v *vm) stop() {
	if v.cmd != nil {
		_ = v.in.Close()
		_ = v.cmd.Process.Kill()
		_ = v.cmd.Wait()
	}
}

func (v *vm) ask() string {
	v.t.Helper()
	must.Get(io.WriteString(v.in, "\n"))(v.t)
	line, err := v.out.ReadString('\n')
	if err != nil {
		v.t.Fatal("the program ended: ", err)
	}
	return strings.TrimSpace(line)
}

// write makes a change in the directory.
func (v *vm) write(files map[string][]byte) {
	v.t.Helper()
	for path, text := range files {
		file, err := filepath.Join(v.dir, path), error(nil)
		if text == nil {
			err = os.Remove(file)
		} else {
			err = os.WriteFile(file, text, 0o644)
		}
		if err != nil {
			v.t.Fatal(err)
		}
	}
}

// take brings a program into the JVM, in the way that is decided, and returns that.
func (v *vm) take(after State) Decision {
	v.t.Helper()
	runs := running(v.state)
	runs.NewMethods = true
	d := Decide(Input{Saved: source, Image: true, Runs: runs, After: after, Mode: ModeAuto})
	v.write(d.Files)
	switch d.Path {
	case Nothing:
		return d
	case Restart:
		v.stop()
		v.start(true)
		v.state = after
		return d
	}
	v.state = after.WithLoaded(d.Loaded)
	classes := map[string][]byte{}
	for path, text := range d.Files {
		if text != nil {
			classes[strings.TrimSuffix(path, ".class")] = v.state.Loaded(path)
		}
	}
	if _, err := v.debug.Redefine(v.t.Context(), classes, false); err != nil {
		v.t.Errorf("the JVM refuses what was to be swapped: %v", err)
	}
	return d
}

// TestStructuralEditsAnswerAsAfterAFreshStart makes edits in a row of what is in a class, and
// compares the answers of a running JVM with those of one that starts again.
func TestStructuralEditsAnswerAsAfterAFreshStart(t *testing.T) {
	real.Java(t)
	steps := 15
	if real.LongTier() {
		steps = 120
	}
	found := jdk.Find()
	if len(found) == 0 {
		t.Skip("no JDK")
	}
	for seed, in := range found {
		t.Run(fmt.Sprint("Java ", in.Version), func(t *testing.T) {
			if in.Version < 17 {
				t.Skip("it has no records")
			}
			e := &edited{Rand: rand.New(rand.NewPCG(20261128, uint64(seed)))}
			e.edit()
			first := e.compile(t)
			java := filepath.Join(in.Home, "bin", "java")
			v := &vm{t: t, java: java, dir: t.TempDir(), state: first}
			v.write(first.files)
			v.start(true)
			t.Cleanup(func() { v.stop() })
			took, reasons := map[Path]int{}, map[string]int{}
			for step := range steps {
				did := e.edit()
				if e.IntN(4) == 0 {
					did += ", " + e.edit()
				}
				d := v.take(e.compile(t))
				took[d.Path]++
				reasons[d.Why]++
				fresh := &vm{t: t, java: java, dir: v.dir}
				fresh.start(false)
				want := fresh.ask()
				fresh.stop()
				if got := v.ask(); got != want {
					t.Fatalf("step %d, %s, by %s: it answers %q, want %q\n%s", step, did, d.Path, got, want, e.source())
				}
			}
			t.Logf("paths %v; reasons %v", took, reasons)
			if took[Swap] < steps/3 {
				t.Errorf("of %d edits only %d were swapped", steps, took[Swap])
			}
		})
	}
}
