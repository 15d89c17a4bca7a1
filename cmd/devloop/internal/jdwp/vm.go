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

	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp/wire"
)

// Dial opens a connection to a JVM's debug port. The connection ends with ctx.
type Dial func(ctx context.Context) (io.ReadWriteCloser, error)

// disposeTimeout limits the wait for the reply to Dispose.
const disposeTimeout = 2 * time.Second

// VM is a JVM that we are attached to. Its methods may be called concurrently, Redefine one at a time.
type VM struct {
	conn    io.ReadWriteCloser
	sizes   wire.Sizes
	onEvent func(wire.Packet) // receives events, which are commands of the JVM

	sending sync.Mutex // held while writing a packet

	mu      sync.Mutex
	lastID  uint32                       // id of the last command sent
	pending map[uint32]func(wire.Packet) // handlers of replies by command id
	err     error                        // why the connection ended
	ended   chan struct{}

	known map[string][]string // ids of classes by name, as the last Redefine found them; one Redefine at a time

	looking sync.Mutex        // guards what follows
	loader  string            // id of the application's class loader, "" until it was looked for
	names   map[string]string // of the class loader's classes by id, as far as they were looked for
}

// Attach attaches to the JVM at the other end of conn, which Close closes. One with another debugger does not answer.
func Attach(ctx context.Context, conn io.ReadWriteCloser) (*VM, error) {
	return AttachTo(ctx, conn, func(wire.Packet) {})
}

// AttachTo is [Attach] for whoever wants the JVM's events. It calls onEvent from one goroutine, already before it
// returns.
func AttachTo(ctx context.Context, conn io.ReadWriteCloser, onEvent func(wire.Packet)) (*VM, error) {
	vm := &VM{conn: conn, onEvent: onEvent, pending: map[uint32]func(wire.Packet){}, ended: make(chan struct{}),
		names: map[string]string{}}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	err := exchangeHandshakes(conn)
	if err == nil {
		go vm.readLoop()
		err = vm.readIDSizes(ctx)
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("attach to the JVM: %w", errors.Join(err, conn.Close()))
	}
	return vm, nil
}

func exchangeHandshakes(conn io.ReadWriter) error {
	if _, err := io.WriteString(conn, wire.Handshake); err != nil {
		return err
	}
	answer := make([]byte, len(wire.Handshake))
	if _, err := io.ReadFull(conn, answer); err != nil {
		return err
	}
	if string(answer) != wire.Handshake {
		return fmt.Errorf("it answered %q", answer)
	}
	return nil
}

func (vm *VM) readIDSizes(ctx context.Context) error {
	answer, err := vm.Ask(ctx, wire.IDSizes, nil)
	if err != nil {
		return err
	}
	b := wire.Fields{Rest: answer}
	for _, size := range []*int{&vm.sizes.Field, &vm.sizes.Method, &vm.sizes.Object, &vm.sizes.Class, &vm.sizes.Frame} {
		if *size = int(b.Int()); *size < 1 || *size > 8 {
			return fmt.Errorf("the JVM reports ids of %d bytes", *size)
		}
	}
	return nil
}

// readLoop dispatches packets of the JVM until the connection ends.
func (vm *VM) readLoop() {
	for {
		p, err := wire.ReadPacket(vm.conn)
		if err != nil {
			vm.mu.Lock()
			vm.err = err
			vm.mu.Unlock()
			close(vm.ended)
			return
		}
		if !p.IsReply() {
			vm.onEvent(p)
			continue
		}
		vm.mu.Lock()
		onReply := vm.pending[p.ID()]
		delete(vm.pending, p.ID())
		vm.mu.Unlock()
		if onReply != nil {
			onReply(p)
		}
	}
}

// Send sets the command's id and sends it. onReply receives the reply and must not block.
func (vm *VM) Send(p wire.Packet, onReply func(wire.Packet)) error {
	vm.mu.Lock()
	vm.lastID++
	p.SetID(vm.lastID)
	vm.pending[vm.lastID] = onReply
	vm.mu.Unlock()
	vm.sending.Lock()
	defer vm.sending.Unlock()
	_, err := vm.conn.Write(p)
	return err
}

// Ask sends a command and returns the data of its reply, or a [Refusal].
func (vm *VM) Ask(ctx context.Context, c wire.Command, data []byte) ([]byte, error) {
	reply := make(chan wire.Packet, 1)
	if err := vm.Send(wire.NewCommand(c, data), func(p wire.Packet) { reply <- p }); err != nil {
		return nil, err
	}
	select {
	case p := <-reply:
		return p.Data(), refusal(p.ErrorCode())
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-vm.ended:
	}
	select {
	case p := <-reply: // it may have been the last packet
		return p.Data(), refusal(p.ErrorCode())
	default:
		return nil, vm.err
	}
}

// ErrNotLoaded is returned when a JVM has not loaded a class yet.
var ErrNotLoaded = errors.New("not loaded yet")

// Redefine replaces the class files of loaded classes, given by internal name, and returns how many of them were
// loaded. The others need nothing: the JVM reads their files when it loads them. It returns a [Refusal] if the JVM
// refuses the change, which then has changed nothing, and [ErrNotLoaded] if all is set and a class is not loaded.
func (vm *VM) Redefine(ctx context.Context, classes map[string][]byte, all bool) (n int, err error) {
	known, err := vm.redefineKnown(ctx, classes)
	if err != nil {
		return 0, err
	}
	return vm.redefineOthers(ctx, classes, known, all)
}

// redefineKnown redefines classes if all of them were found before, and returns their ids.
func (vm *VM) redefineKnown(ctx context.Context, classes map[string][]byte) (known map[string][]string, err error) {
	known = vm.knownOf(classes)
	if err = vm.redefine(ctx, known, classes); unloaded(err) {
		return nil, nil
	}
	return known, err
}

// redefineOthers finds the classes, and redefines those that are not among the known ones: most of all, what another
// class loader has loaded.
func (vm *VM) redefineOthers(ctx context.Context, classes map[string][]byte, known map[string][]string,
	all bool) (n int, err error) {
	vm.known = nil
	found, err := vm.find(ctx, classes, all)
	if err != nil {
		return 0, err
	}
	if err := vm.redefine(ctx, without(found, known), classes); err != nil {
		return 0, err
	}
	vm.known = found
	return len(found), nil
}

// RedefineAround is [VM.Redefine] for a VM that others send commands to as well. It calls before with the ids of the
// classes that it has found, and what that returns once they are redefined.
func (vm *VM) RedefineAround(ctx context.Context, classes map[string][]byte, all bool,
	before func(ids []string) (after func())) (n int, err error) {
	found, err := vm.find(ctx, classes, all)
	if err != nil {
		return 0, err
	}
	after := before(slices.Concat(slices.Collect(maps.Values(found))...))
	if err := vm.redefine(ctx, found, classes); err != nil {
		return 0, err
	}
	after()
	return len(found), nil
}

// lookUp finds classes, given by internal name, for the next Redefine. It leaves those that nothing has used to that,
// which may not need them.
func (vm *VM) lookUp(ctx context.Context, names []string) {
	found := maps.Clone(vm.known)
	if found == nil {
		found = map[string][]string{}
	}
	for _, name := range names {
		if found[name] != nil {
			continue
		}
		ids, err := vm.used(ctx, name)
		if err != nil {
			return
		}
		if len(ids) > 0 {
			found[name] = ids
		}
	}
	vm.known = found
}

// knownOf returns the known ids of classes, none unless all of the classes are known.
func (vm *VM) knownOf(classes map[string][]byte) map[string][]string {
	known := map[string][]string{}
	for name := range classes {
		if known[name] = vm.known[name]; known[name] == nil {
			return nil
		}
	}
	return known
}

// unloaded reports whether a JVM does not have a class any more whose id it was given.
func unloaded(err error) bool {
	why, refused := errors.AsType[Refusal](err)
	return refused && (why == invalidObject || why == invalidClass)
}

// without returns the ids that are not among others.
func without(ids, others map[string][]string) map[string][]string {
	rest := map[string][]string{}
	for name, list := range ids {
		for _, id := range list {
			if !slices.Contains(others[name], id) {
				rest[name] = append(rest[name], id)
			}
		}
	}
	return rest
}

// find returns the ids of the loaded classes by name: one for each class loader.
func (vm *VM) find(ctx context.Context, classes map[string][]byte, all bool) (map[string][]string, error) {
	found, missing := map[string][]string{}, map[string]bool{}
	for name := range classes {
		ids, err := vm.used(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("find class %q: %w", name, err)
		}
		if found[name] = ids; len(ids) == 0 {
			delete(found, name)
			missing[name] = true
		}
	}
	if len(missing) > 0 {
		if err := vm.addUnused(ctx, missing, found); err != nil {
			return nil, fmt.Errorf("find classes that nothing has used: %w", err)
		}
	}
	for name := range missing {
		if all && len(found[name]) == 0 {
			return nil, fmt.Errorf("find class %q: %w", name, ErrNotLoaded)
		}
	}
	return found, nil
}

// redefine sends the class files of the classes that find found.
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
	if _, err := vm.Ask(ctx, wire.RedefineClasses, append(binary.BigEndian.AppendUint32(nil, n), list...)); err != nil {
		return fmt.Errorf("redefine classes: %w", err)
	}
	return nil
}

// Sizes returns the sizes of the JVM's ids.
func (vm *VM) Sizes() wire.Sizes { return vm.sizes }

// Ended is closed when the connection ends; Err then says why.
func (vm *VM) Ended() <-chan struct{} { return vm.ended }

// Err returns why the connection has ended.
func (vm *VM) Err() error {
	vm.mu.Lock()
	defer vm.mu.Unlock()
	return vm.err
}

// HasEnded reports whether the connection has ended.
func (vm *VM) HasEnded() bool {
	select {
	case <-vm.ended:
		return true
	default:
		return false
	}
}

// Close detaches from the JVM, which drops our requests, resumes suspended threads, and listens for the next debugger.
func (vm *VM) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), disposeTimeout)
	defer cancel()
	_, err := vm.Ask(ctx, wire.Dispose, nil)
	if vm.HasEnded() {
		err = nil // it may close the connection before it answers
	}
	err = errors.Join(err, vm.conn.Close())
	<-vm.ended
	return err
}
