package jdwp

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/devloop-cli/devloop/hack/real"
)

// loaders loads Word in one class loader after the other. At each line it does as it is told, and says what all of them
// return.
const loaders = `
import java.net.*; import java.util.*;
public class Loaders {
    public static void main(String[] args) throws Exception {
        List<Class<?>> loaded = new ArrayList<>();
        Scanner in = new Scanner(System.in);
        while (in.hasNextLine()) {
            String told = in.nextLine();
            if (told.equals("load"))
                loaded.add(new URLClassLoader(new URL[] {Loaders.class.getProtectionDomain().getCodeSource().getLocation()}, null).loadClass("Word"));
            if (told.equals("unload")) { loaded.clear(); for (int i = 0; i < 5; i++) System.gc(); }
            StringBuilder words = new StringBuilder();
            for (Class<?> c : loaded) words.append(c.getMethod("word").invoke(null)).append(' ');
            System.out.println(words.toString().trim());
        }
    }
}`

// TestClientStaysAttached redefines a class that further class loaders load meanwhile, and unload.
func TestClientStaysAttached(t *testing.T) {
	real.Java(t)
	dir := t.TempDir()
	word := func(says, to string) []byte {
		t.Helper()
		return real.CompileJava(t, to,
			`public class Word { public static String word() { return "`+says+`"; } }`, "Word", "Word")
	}
	real.CompileJava(t, dir, loaders, "Loaders", "Loaders")
	word("one", dir)
	app := real.StartJVM(t, dir, "Loaders", false)
	tell := app.Ask
	tell("say") // it runs

	var dials atomic.Int32
	var connection net.Conn
	client := NewClient(func(ctx context.Context) (io.ReadWriteCloser, error) {
		dials.Add(1)
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", app.Port)
		connection = conn
		return conn, err
	})
	defer client.Close()
	edited := t.TempDir()
	redefine := func(says string, want int, answer string) {
		t.Helper()
		ctx, done := context.WithCancel(t.Context())
		n, err := client.Redefine(ctx, map[string][]byte{"Word": word(says, edited)}, false,
			func() error { return nil })
		done() // the connection outlives the call
		if got := tell("say"); err != nil || n != want || got != answer {
			t.Errorf("%s: %d classes, %v, it says %q, want %q", says, n, err, got, answer)
		}
	}
	tell("load")
	client.Prepare(t.Context(), []string{"Word", "Unknown"})
	if known := client.vm.known; len(known) != 1 || len(known["Word"]) != 1 {
		t.Errorf("of the classes it knows %v", known)
	}
	redefine("two", 1, "two")
	redefine("three", 1, "three")
	if got := tell("load"); got != "three one" {
		t.Errorf("a new class loader reads the file: %q", got)
	}
	redefine("four", 1, "four four")
	client.Prepare(t.Context(), []string{"Word", "Loaders"})
	tell("unload")
	redefine("five", 0, "")
	tell("load")
	redefine("six", 1, "six")
	unsent := errors.New("the files were not sent")
	for _, c := range []struct {
		all  bool
		says string
	}{{true, "six"}, {false, "unsent"}} { // a class that is known need not wait for its file
		_, err := client.Redefine(t.Context(), map[string][]byte{"Word": word("unsent", edited)}, c.all,
			func() error { return unsent })
		if got := tell("say"); got != c.says || !errors.Is(err, unsent) {
			t.Errorf("all %v: it says %q, %v", c.all, got, err)
		}
	}
	redefine("sent", 1, "sent")
	if got := dials.Load(); got != 1 {
		t.Errorf("it has attached %d times", got)
	}
	_ = connection.Close()
	redefine("seven", 1, "seven")
	if got := dials.Load(); got != 2 {
		t.Errorf("after the connection had ended it has attached %d times in all", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	gone := NewClient(func(ctx context.Context) (io.ReadWriteCloser, error) { <-ctx.Done(); return nil, ctx.Err() })
	if _, err := gone.Redefine(ctx, nil, false, func() error { return nil }); err == nil {
		t.Error("it has attached when there was no more time")
	}
}

// uses loads Word as frameworks do that look at a method's types, uses it at the line after, and says its word from
// then on.
const uses = `
public class Uses {
    static Word word() { return new Word(); }
    public static void main(String[] args) throws Exception {
        Uses.class.getDeclaredMethods();
        for (java.util.Scanner in = new java.util.Scanner(System.in); in.hasNextLine(); )
            System.out.println(in.nextLine().equals("use") ? word().toString() : "ready");
    }
}`

// TestAClassIsRedefinedThatNothingHasUsed changes a class that a JVM has loaded, and has not made ready for use.
func TestAClassIsRedefinedThatNothingHasUsed(t *testing.T) {
	real.Java(t)
	for _, prepared := range []bool{true, false} {
		dir, edited := t.TempDir(), t.TempDir()
		word := func(says, to string) []byte {
			t.Helper()
			return real.CompileJava(t, to,
				`public class Word { public String toString() { return "`+says+`"; } }`, "Word", "Word")
		}
		word("old", dir)
		real.CompileJava(t, dir, uses, "Uses", "Uses")
		app := real.StartJVM(t, dir, "Uses", false)
		app.Ask("wait")
		client := NewClient(func(ctx context.Context) (io.ReadWriteCloser, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", app.Port)
		})
		defer client.Close()
		if prepared {
			client.Prepare(t.Context(), []string{"Word"})
		}
		for _, says := range []string{"new", "newer"} {
			classes := map[string][]byte{"Word": word(says, edited), "Word$1": nil}
			n, err := client.Redefine(t.Context(), classes, false, func() error { return nil })
			if got := app.Ask("use"); n != 1 || err != nil || got != says {
				t.Errorf("prepared %v, %s: %d classes, %v, it says %q", prepared, says, n, err, got)
			}
		}
	}
}
