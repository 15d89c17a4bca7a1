package jdwp

import (
	"cmp"
	"context"
	"io"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp/wire"
)

// used returns the ids of the classes of a name, one for each class loader, as far as the JVM has made them ready for
// use.
func (vm *VM) used(ctx context.Context, name string) (ids []string, err error) {
	answer, err := vm.Ask(ctx, wire.ClassesBySignature, wire.AppendText(nil, "L"+name+";"))
	b := wire.Fields{Rest: answer}
	for n := b.Int(); n > 0 && !b.Short && err == nil; n-- {
		b.Byte() // class or interface
		ids = append(ids, b.ID(vm.sizes.Class))
		b.Int() // status
	}
	if b.Short && err == nil {
		err = io.ErrUnexpectedEOF
	}
	return ids, err
}

// addUnused adds to found what [VM.used] misses: a class that the application's class loader has loaded and nothing has
// used yet, such as the type that a method of a controller returns. At its first use its code would be that from
// before. The first look takes some 100 ms, as the JVM is asked for each class's name.
func (vm *VM) addUnused(ctx context.Context, names map[string]bool, found map[string][]string) error {
	vm.looking.Lock()
	defer vm.looking.Unlock()
	if err := vm.findLoader(ctx); err != nil {
		return err
	}
	answer, err := vm.Ask(ctx, wire.VisibleClasses, []byte(vm.loader))
	if err != nil {
		return err
	}
	var ids, unnamed []string
	b := wire.Fields{Rest: answer}
	for n := b.Int(); n > 0 && !b.Short; n-- {
		b.Byte() // class or interface
		id := b.ID(vm.sizes.Class)
		if ids = append(ids, id); vm.names[id] == "" {
			unnamed = append(unnamed, id)
		}
	}
	signatures, err := vm.askEach(ctx, wire.Signature, unnamed)
	if err != nil {
		return err
	}
	for i, answer := range signatures {
		b := wire.Fields{Rest: answer}
		vm.names[unnamed[i]] = b.ClassName()
	}
	for _, id := range ids {
		if name := vm.names[id]; names[name] {
			found[name] = append(found[name], id)
		}
	}
	return nil
}

// findLoader finds the class loader of the class path, which has the classes of an application in an image by devloop.
// ClassLoader of all JDKs keeps it in a field of this name. The caller holds vm.looking.
func (vm *VM) findLoader(ctx context.Context) error {
	if vm.loader != "" {
		return nil
	}
	of, err := vm.used(ctx, "java/lang/ClassLoader")
	if err != nil || len(of) == 0 {
		return cmp.Or(err, ErrNotLoaded)
	}
	answer, err := vm.Ask(ctx, wire.FieldsOf, []byte(of[0]))
	if err != nil {
		return err
	}
	b := wire.Fields{Rest: answer}
	for n := b.Int(); n > 0 && !b.Short; n-- {
		field, name := b.ID(vm.sizes.Field), b.Text()
		b.Text() // its type
		b.Int()  // its modifiers
		if name != "scl" {
			continue
		}
		answer, err = vm.Ask(ctx, wire.StaticValues, []byte(of[0]+"\x00\x00\x00\x01"+field))
		value := wire.Fields{Rest: answer}
		value.Bytes(len("\x00\x00\x00\x01l")) // how many, and the first one's tag
		vm.loader = value.ID(vm.sizes.Object)
		return err
	}
	return ErrNotLoaded // as far as this JVM tells
}

// askEach sends a command about each of some objects at once, and returns the answers: nothing for an object that is
// gone.
func (vm *VM) askEach(ctx context.Context, c wire.Command, objects []string) (answers [][]byte, err error) {
	answers = make([][]byte, len(objects))
	replies, sent := make(chan wire.Packet, len(objects)), []byte(nil)
	vm.mu.Lock()
	for i, object := range objects {
		p := wire.NewCommand(c, []byte(object))
		vm.lastID++
		p.SetID(vm.lastID)
		vm.pending[vm.lastID] = func(p wire.Packet) { answers[i] = p.Data(); replies <- p }
		sent = append(sent, p...)
	}
	vm.mu.Unlock()
	vm.sending.Lock()
	_, err = vm.conn.Write(sent)
	vm.sending.Unlock()
	for range objects {
		if err != nil {
			return nil, err
		}
		select {
		case <-replies:
		case <-ctx.Done():
			err = context.Cause(ctx)
		case <-vm.ended:
			err = vm.err
		}
	}
	return answers, err
}
