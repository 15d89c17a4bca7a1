// Package keys tells of what the user types while a command is at work. On a terminal each
// key counts as it is pressed and is not echoed:
//
//	release := keys.Listen(ctx, os.Stdin, func(key string) { … }) // "r", "\n"
//	defer release()
//
// What makes a terminal a terminal stays: Ctrl+C and Ctrl+Z are signals, and the output is
// drawn as ever. It is given back as it was found when ctx ends, and for as long as the
// command is stopped or in the background: there the keyboard is the shell's.
//
// Where the input is no terminal, or the system has none of this, each line is a key.
package keys

import (
	"bufio"
	"context"
	"io"
	"strings"
)

// Enter is the key that ends a line.
const Enter = "\n"

// Listen calls press with each key, one after the other, until ctx ends. Release gives
// the terminal back. A read of something that is no terminal can't be interrupted: its
// goroutine ends with the process.
func Listen(ctx context.Context, in io.Reader, press func(key string)) (release func()) {
	if release, grabbed := grab(ctx, in, press); grabbed {
		return release
	}
	go lines(ctx, in, press)
	return func() {}
}

// lines takes each line for a key, the empty one for Enter.
func lines(ctx context.Context, in io.Reader, press func(string)) {
	for scanner := bufio.NewScanner(in); ctx.Err() == nil && scanner.Scan(); {
		key := strings.TrimSpace(scanner.Text())
		if key == "" {
			key = Enter
		}
		press(key)
	}
}
