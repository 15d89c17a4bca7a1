package jdwp

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"
)

// Dial opens a connection to a JVM's debug port, which the end of ctx ends.
type Dial func(ctx context.Context) (io.ReadWriteCloser, error)

// disposeTimeout bounds a JVM's goodbye.
const disposeTimeout = 2 * time.Second

// VM is a JVM that is attached to. It is for concurrent use.
type VM struct {
	conn  io.ReadWriteCloser
	sizes sizes
	heard func(packet) // is told of the JVM's own commands, the events

	sending sync.Mutex // held while a packet is written

	mu    sync.Mutex
	last  uint32                  // id of the last command
	asked map[uint32]func(packet) // who takes the reply, by the command's id
	err   error                   // why the conversation ended
	ended chan struct{}
}

// sizes are those of the JVM's ids, in bytes.
type sizes struct{ field, method, object, class, frame int }

// Attach begins the conversation. A JVM has one debugger at a time: where there is
// another, it does not answer until ctx ends. Close closes conn.
func Attach(ctx context.Context, conn io.ReadWriteCloser) (*VM, error) {
	return attach(ctx, conn, func(packet) {})
}

func attach(ctx context.Context, conn io.ReadWriteCloser, heard func(packet)) (*VM, error) {
	vm := &VM{conn: conn, heard: heard, asked: map[uint32]func(packet){}, ended: make(chan struct{})}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	err := greet(conn)
	if err == nil {
		go vm.listen()
		err = vm.learn(ctx)
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("attach to the JVM: %w", errors.Join(err, conn.Close()))
	}
	return vm, nil
}

func greet(conn io.ReadWriter) error {
	if _, err := io.WriteString(conn, handshake); err != nil {
		return err
	}
	answer := make([]byte, len(handshake))
	if _, err := io.ReadFull(conn, answer); err != nil {
		return err
	}
	if string(answer) != handshake {
		return fmt.Errorf("it answered %q", answer)
	}
	return nil
}

// learn asks for the sizes of ids.
func (vm *VM) learn(ctx context.Context) error {
	answer, err := vm.ask(ctx, idSizes, nil)
	if err != nil {
		return err
	}
	b := body{rest: answer}
	for _, size := range []*int{&vm.sizes.field, &vm.sizes.method, &vm.sizes.object, &vm.sizes.class, &vm.sizes.frame} {
		if *size = int(b.int()); *size < 1 || *size > 8 {
			return fmt.Errorf("an id of %d bytes", *size)
		}
	}
	return nil
}

// listen hands out what the JVM says, until it says no more.
func (vm *VM) listen() {
	for {
		p, err := readPacket(vm.conn)
		if err != nil {
			vm.mu.Lock()
			vm.err = err
			vm.mu.Unlock()
			close(vm.ended)
			return
		}
		if !p.isReply() {
			vm.heard(p)
			continue
		}
		vm.mu.Lock()
		take := vm.asked[p.id()]
		delete(vm.asked, p.id())
		vm.mu.Unlock()
		if take != nil {
			take(p)
		}
	}
}

// send sends a command, whose id it sets. The reply goes to take, which must not wait.
func (vm *VM) send(p packet, take func(packet)) error {
	vm.mu.Lock()
	vm.last++
	p.setID(vm.last)
	vm.asked[vm.last] = take
	vm.mu.Unlock()
	vm.sending.Lock()
	defer vm.sending.Unlock()
	_, err := vm.conn.Write(p)
	return err
}

// ask sends a command and waits for the reply.
func (vm *VM) ask(ctx context.Context, c command, data []byte) ([]byte, error) {
	reply := make(chan packet, 1)
	if err := vm.send(newCommand(c, data), func(p packet) { reply <- p }); err != nil {
		return nil, err
	}
	select {
	case p := <-reply:
		return p.data(), p.refusal()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-vm.ended:
	}
	select {
	case p := <-reply: // its last words
		return p.data(), p.refusal()
	default:
		return nil, vm.err
	}
}

// ErrNotLoaded says that a JVM has not loaded a class yet.
var ErrNotLoaded = errors.New("not loaded yet")

// Redefine gives classes, by their internal names, other class files, and returns how many
// of the classes were loaded: another one needs no more than its file in its place. It
// returns a [Refusal] where the JVM takes none of them, and [ErrNotLoaded] where all have to
// be loaded and one is not.
func (vm *VM) Redefine(ctx context.Context, classes map[string][]byte, all bool) (n int, err error) {
	found, err := vm.find(ctx, classes, all)
	if err != nil {
		return 0, err
	}
	return len(found), vm.redefine(ctx, found, classes)
}

// find returns the ids of those classes that are loaded, by their names, one for each class loader.
func (vm *VM) find(ctx context.Context, classes map[string][]byte, all bool) (map[string][]string, error) {
	found := map[string][]string{}
	for name := range classes {
		answer, err := vm.ask(ctx, classesBySignature, appendText(nil, "L"+name+";"))
		if err != nil {
			return nil, fmt.Errorf("find class %q: %w", name, err)
		}
		b := body{rest: answer}
		for n := b.int(); n > 0 && !b.short; n-- {
			b.byte() // whether it is a class or an interface
			found[name] = append(found[name], b.id(vm.sizes.class))
			b.int() // how far it is prepared
		}
		if b.short {
			return nil, fmt.Errorf("find class %q: %w", name, io.ErrUnexpectedEOF)
		}
		if all && len(found[name]) == 0 {
			return nil, fmt.Errorf("find class %q: %w", name, ErrNotLoaded)
		}
	}
	return found, nil
}

// redefine gives the classes that were found their files.
func (vm *VM) redefine(ctx context.Context, found map[string][]string, classes map[string][]byte) error {
	n, list := uint32(0), []byte(nil)
	for _, name := range slices.Sorted(maps.Keys(found)) {
		for _, id := range found[name] {
			list = append(list, id...)
			list = binary.BigEndian.AppendUint32(list, uint32(len(classes[name])))
			list = append(list, classes[name]...)
			n++
		}
	}
	if n == 0 {
		return nil
	}
	if _, err := vm.ask(ctx, redefineClasses, append(binary.BigEndian.AppendUint32(nil, n), list...)); err != nil {
		return fmt.Errorf("redefine classes: %w", err)
	}
	return nil
}

// Close leaves the JVM to itself and to the next debugger. What was asked of the JVM ends, and
// what was suspended goes on.
func (vm *VM) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), disposeTimeout)
	defer cancel()
	_, err := vm.ask(ctx, dispose, nil)
	select {
	case <-vm.ended:
		err = nil // it may hang up before it answers, or may have gone before
	default:
	}
	err = errors.Join(err, vm.conn.Close())
	<-vm.ended
	return err
}

// Redefine attaches to a JVM, gives classes other class files, as [VM.Redefine] does, and
// leaves it.
func Redefine(ctx context.Context, dial Dial, classes map[string][]byte, all bool) (n int, err error) {
	conn, err := dial(ctx)
	if err != nil {
		return 0, err
	}
	vm, err := Attach(ctx, conn)
	if err != nil {
		return 0, err
	}
	n, err = vm.Redefine(ctx, classes, all)
	_ = vm.Close() // the JVM has answered
	return n, err
}
