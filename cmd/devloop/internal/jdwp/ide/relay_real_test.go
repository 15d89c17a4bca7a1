package ide

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp/wire"
	"github.com/devloop-cli/devloop/hack/real"
)

const source = `
public class App {
    static String word() { return "old"; }
    public static void main(String[] args) throws Exception {
        for (int line; (line = System.in.read()) != -1;) if (line == '\n') System.out.println(word());
    }
}`

// compiled compiles the program after an edit into dir and returns its class file.
func compiled(t *testing.T, dir, from, to string) []byte {
	t.Helper()
	return real.CompileJava(t, dir, strings.Replace(source, from, to, 1), "App", "App")
}

// patience bounds each wait for a JVM, which takes tens of seconds to start where many do.
const patience = time.Minute

// told collects what a relay tells.
type told struct {
	mu   sync.Mutex
	list []string
	news chan string
}

func (t *told) tell(n Notice) {
	text := strings.TrimRight(fmt.Sprintf("%s %s %s%s", n.Action, n.JVM, strings.Join(n.Classes, " "), n.Reason), " ")
	t.mu.Lock()
	defer t.mu.Unlock()
	t.list = append(t.list, text)
	t.news <- text
}

// await waits until a text is told that has part in it.
func (t *told) await(tb testing.TB, part string) {
	tb.Helper()
	deadline := time.After(patience)
	for {
		select {
		case text := <-t.news:
			if strings.Contains(text, part) {
				return
			}
		case <-deadline:
			tb.Fatalf("%q was not told, but %q", part, t.list)
		}
	}
}

// relayed starts a relay, for IDEs that wait for a while.
func relayed(t *testing.T, wait time.Duration) (*Relay, *told) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	said := &told{news: make(chan string, 1000)}
	r := NewRelay([]net.Listener{l}, Options{Wait: wait, Notify: said.tell})
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r, said
}

// target is a JVM that runs the program, in a directory with its class, and a relay to it.
type target struct {
	*Relay
	*told
	app   *real.JVM
	dir   string
	class []byte
}

func newTarget(t *testing.T) target {
	t.Helper()
	real.Java(t)
	dir := t.TempDir()
	class := compiled(t, dir, "", "")
	r, said := relayed(t, time.Minute)
	app := real.StartJVM(t, dir, "App", false)
	r.SetTarget("app", to(app.Port))
	return target{r, said, app, dir, class}
}

// to is how a relay reaches a JVM of this machine.
func to(port string) jdwp.Dial {
	return func(ctx context.Context) (io.ReadWriteCloser, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", port)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { _ = conn.Close() })
		return conn, nil
	}
}

// ide attaches to a relay as an IDE does, and hears its events.
func ide(t *testing.T, r *Relay) (*jdwp.VM, <-chan wire.Packet) {
	t.Helper()
	conn, err := net.Dial("tcp", r.Address())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	events := make(chan wire.Packet, 100)
	vm, err := jdwp.AttachTo(ctx, conn, func(p wire.Packet) { events <- p })
	if err != nil {
		t.Fatal(err)
	}
	return vm, events
}

func TestIDEStandsAtABreakpointWhileClassesAreRedefined(t *testing.T) {
	r := newTarget(t)
	j := real.StartJDB(t, r.Address())
	r.await(t, "attached app")
	j.Say("stop in App.word", "Set breakpoint App.word")
	r.app.Tell("")
	j.Say("", "App.word(), line=3")
	j.Say("", "main[1] ")

	t.Log("the thread stands at the breakpoint: the class changes all the same, and the lines move")
	changed := compiled(t, t.TempDir(), `static String word() { return "old"; }`, "\n\nstatic String word() { String said = \"new\";\nreturn said; }")
	if loaded, err := r.Redefine(t.Context(), map[string][]byte{"App": changed}, false); err != nil || loaded != 1 {
		t.Fatalf("loaded %d, %v", loaded, err)
	}
	j.Say("cont", "> ")
	if got := r.app.Answer(); got != "old" {
		t.Errorf("a method that was being run says %q", got)
	}

	t.Log("the breakpoint is there still")
	r.app.Tell("")
	j.Say("", "Breakpoint hit")
	j.Say("", "main[1] ")
	j.Say("cont", "> ")
	if got := r.app.Answer(); got != "new" {
		t.Errorf("it says %q", got)
	}

	t.Log("a breakpoint that the IDE clears is gone, whatever the JVM calls it by now")
	j.Say("clear App.word", "Removed: breakpoint App.word")
	r.app.Tell("")
	if got := r.app.Answer(); got != "new" {
		t.Errorf("it says %q", got)
	}

	t.Log("an IDE that leaves takes its breakpoints along, and resumes what stands")
	j.Say("stop in App.word", "Set breakpoint App.word")
	r.app.Tell("")
	j.Say("", "Breakpoint hit")
	j.Kill()
	if got := r.app.Answer(); got != "new" {
		t.Errorf("it says %q", got)
	}
	r.await(t, "detached app")
	r.app.Tell("")
	if got := r.app.Answer(); got != "new" {
		t.Errorf("it says %q", got)
	}

	t.Log("and the next one may come")
	next := real.StartJDB(t, r.Address())
	r.await(t, "attached app")
	next.Say("threads", "main")
	next.Say("exit", "")
	r.await(t, "detached app")
}

func TestRepliesFindWhoAskedWhileBothSidesAsk(t *testing.T) {
	r := newTarget(t)
	if got := r.app.Ask(""); got != "old" { // by now its class is loaded
		t.Errorf("it says %q", got)
	}
	vm, _ := ide(t, r.Relay)
	var all sync.WaitGroup
	for i := range 8 {
		name := []string{"App", "java/lang/String", "java/util/List", "no/such/Class"}[i%4]
		all.Go(func() {
			for range 200 {
				answer, err := vm.Ask(t.Context(), wire.ClassesBySignature, wire.AppendText(nil, "L"+name+";"))
				if err != nil {
					t.Error(err)
					return
				}
				found := wire.Fields{Rest: answer}
				for n := found.Int(); n > 0; n-- {
					found.Byte() // class or interface
					class := found.ID(8)
					found.Int() // status
					answer, err := vm.Ask(t.Context(), wire.Signature, []byte(class))
					if got := (&wire.Fields{Rest: answer}).Text(); err != nil || got != "L"+name+";" {
						t.Errorf("%s has the signature %q, %v", name, got, err)
					}
				}
			}
		})
	}
	for range 2 {
		all.Go(func() {
			for range 50 {
				if loaded, err := r.Redefine(t.Context(), map[string][]byte{"App": r.class}, false); err != nil || loaded != 1 {
					t.Errorf("loaded %d, %v", loaded, err)
				}
			}
		})
	}
	all.Wait()
	if err := vm.Close(); err != nil {
		t.Error(err)
	}
	if got := r.app.Ask(""); got != "old" {
		t.Errorf("it says %q", got)
	}
	// Without the IDE, devloop's commands have a conversation of their own.
	if loaded, err := r.Redefine(t.Context(), map[string][]byte{"App": r.class}, false); err != nil || loaded != 1 {
		t.Errorf("loaded %d, %v", loaded, err)
	}
}

func TestIDEsOwnHotSwapIsNoted(t *testing.T) {
	r := newTarget(t)
	vm, _ := ide(t, r.Relay)
	if got := r.app.Ask(""); got != "old" {
		t.Errorf("it says %q", got)
	}
	theirs := compiled(t, t.TempDir(), `"old"`, `"theirs"`)
	if _, err := vm.Redefine(t.Context(), map[string][]byte{"App": theirs}, false); err != nil {
		t.Fatal(err)
	}
	if got := r.app.Ask(""); got != "theirs" {
		t.Errorf("it says %q", got)
	}
	if got := r.RedefinedByClient(); !reflect.DeepEqual(got, []string{"App"}) {
		t.Errorf("the IDE has redefined %q", got)
	}
	if _, err := vm.Redefine(t.Context(), map[string][]byte{"App": []byte("no class")}, false); err == nil {
		t.Error("the JVM took what is no class")
	}
	ours := compiled(t, t.TempDir(), `"old"`, `"ours"`)
	if _, err := r.Redefine(t.Context(), map[string][]byte{"App": ours}, false); err != nil {
		t.Fatal(err)
	}
	if got, foreign := r.app.Ask(""), r.RedefinedByClient(); got != "ours" || len(foreign) > 0 {
		t.Errorf("it says %q, and the IDE's are %q", got, foreign)
	}
	_ = vm.Close()
}

func TestPortOutlivesTheJVM(t *testing.T) {
	r := newTarget(t)
	vm, _ := ide(t, r.Relay)
	if !r.Attached() {
		t.Error("no debugger is attached")
	}

	t.Log("the JVM goes: the IDE is let go, and one that comes waits for the next")
	r.Pause()
	select {
	case <-vm.Ended():
	case <-time.After(patience):
		t.Fatal("the IDE is still attached")
	}
	if r.Attached() {
		t.Error("somebody is attached")
	}
	r.await(t, "detached app")
	came := make(chan *jdwp.VM)
	go func() { vm, _ := ide(t, r.Relay); came <- vm }()
	second := real.StartJVM(t, r.dir, "App", false)
	r.SetTarget("second", to(second.Port))
	again := <-came
	r.await(t, "attached second")
	if err := again.Close(); err != nil {
		t.Error(err)
	}

	t.Log("without a debugger to wait for, it is sent away")
	r.await(t, "detached second")
	r.SetUnavailable("it does not compile")
	conn, err := net.Dial("tcp", r.Address())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jdwp.Attach(t.Context(), conn); err == nil {
		t.Error("it was let in")
	}
	r.await(t, "refused  it does not compile")
}

func TestJVMThatWaitsTellsItsIDEThatItHasStarted(t *testing.T) {
	real.Java(t)
	dir := t.TempDir()
	compiled(t, dir, "", "")
	r, said := relayed(t, time.Minute)
	app := real.StartJVM(t, dir, "App", true)
	r.SetTarget("app", to(app.Port)) // it may not listen yet
	vm, events := ide(t, r)
	if p := <-events; p.Command() != wire.Composite || p.Data()[5] != 90 {
		t.Errorf("the first event is %x", p)
	}
	app.Tell("")
	if _, err := vm.Ask(t.Context(), wire.Command{1, 9}, nil); err != nil { // resume
		t.Fatal(err)
	}
	if got := app.Answer(); got != "old" {
		t.Errorf("it says %q", got)
	}
	second, err := net.Dial("tcp", r.Address())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jdwp.Attach(t.Context(), second); err == nil {
		t.Error("two debuggers were let in")
	}
	said.await(t, "refused  another one is attached")
	_ = vm.Close()
}

func TestIDEThatDoesNotReadIsGivenUp(t *testing.T) {
	r := newTarget(t)
	conn, err := net.Dial("tcp", r.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, wire.Handshake); err != nil {
		t.Fatal(err)
	}
	r.await(t, "attached")
	allClasses := wire.NewCommand(wire.Command{1, 3}, nil)
	for range 6000 { // each answer has tens of kilobytes
		if _, err := conn.Write(allClasses); err != nil {
			break
		}
	}
	r.await(t, "detached app")
	if got := r.app.Ask(""); got != "old" {
		t.Errorf("it says %q", got)
	}
	// The JVM still has answers to write, which no debugger reads, before it accepts the next connection.
	loaded, err := 0, errNoJVM
	for deadline := time.Now().Add(time.Minute); err != nil && time.Now().Before(deadline); {
		loaded, err = r.Redefine(t.Context(), map[string][]byte{"App": r.class}, false)
	}
	if err != nil || loaded != 1 {
		t.Errorf("loaded %d, %v", loaded, err)
	}
}

func TestWhoIsNoIDEDoesNotReachTheJVM(t *testing.T) {
	r, said := relayed(t, 50*time.Millisecond)
	dialed := make(chan struct{}, 100)
	r.SetTarget("app", func(context.Context) (io.ReadWriteCloser, error) {
		dialed <- struct{}{}
		return nil, fmt.Errorf("connection refused")
	})
	for _, word := range []string{"", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"} {
		conn, err := net.Dial("tcp", r.Address())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, word); err != nil {
			t.Fatal(err)
		}
		if word == "" {
			_ = conn.(*net.TCPConn).CloseWrite()
		}
		if text, _ := io.ReadAll(conn); len(text) > 0 {
			t.Errorf("it was told %q", text)
		}
		_ = conn.Close()
	}
	if len(dialed) > 0 {
		t.Error("the JVM was asked")
	}

	t.Log("an IDE waits no longer than it may")
	conn, err := net.Dial("tcp", r.Address())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jdwp.Attach(t.Context(), conn); err == nil {
		t.Error("it was let in")
	}
	said.await(t, "refused  the JVM of app does not answer: connection refused")
}

func TestBreakpointsFollowTheLinesOfTheirMethod(t *testing.T) {
	before := lines{{0, 10}, {4, 11}, {9, 14}}
	for want, c := range map[uint64]struct {
		after lines
		index uint64
	}{
		4:  {before, 4},
		6:  {lines{{0, 20}, {6, 21}, {12, 24}}, 5},              // the method moved down by ten lines
		12: {lines{{0, 10}, {12, 13}, {20, 14}}, 4},             // no code at that line: the next
		2:  {lines{{0, 10}, {2, 11}}, 9},                        // the method is shorter: the last
		8:  {lines{{0, 10}, {8, 11}, {3, 12}, {15, 11}}[:4], 4}, // a line has several places: the first named
		30: {lines{{0, 5}, {30, 9}}, 9},
	} {
		if got := before.translate(c.after, c.index); got != want {
			t.Errorf("%d in %v: got %d, want %d", c.index, c.after, got, want)
		}
	}
}

func TestEventsNameTheRequestsOfTheIDE(t *testing.T) {
	b := newBreakpoints(wire.Sizes{Field: 8, Method: 8, Object: 8, Class: 8, Frame: 8})
	b.ideID[900], b.jvmID[7] = 7, 900
	zeros := func(n int) []byte { return make([]byte, n) }
	request := func(id uint32) []byte { return binary.BigEndian.AppendUint32(nil, id) }
	one := func(kind byte, id uint32, rest ...[]byte) []byte {
		data := append([]byte{kind}, request(id)...)
		for _, r := range rest {
			data = append(data, r...)
		}
		return data
	}
	location := zeros(25)
	of := func(id uint32) []byte {
		data := []byte{2, 0, 0, 0, 7}
		for _, e := range [][]byte{
			one(4, 900, zeros(8), location, zeros(9), location),
			one(8, 1, zeros(8), zeros(9), wire.AppendText(nil, "LA;"), zeros(4)),
			one(42, 2, zeros(8), location, []byte("J"), zeros(8)),
			one(21, 3, zeros(8), location, zeros(9), zeros(8), zeros(9), []byte("Z"), zeros(1)),
			one(45, 4, zeros(8), zeros(9), location, zeros(8)),
			one(2, 5, zeros(8), location),
			one(2, id, zeros(8), location),
		} {
			data = append(data, e...)
		}
		return data
	}
	if got := b.rewriteRequestIDs(wire.NewCommand(wire.Composite, of(900))).Data(); !reflect.DeepEqual(got, of(7)) {
		t.Errorf("got %x", got)
	}
}
