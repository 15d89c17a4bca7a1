// Package keyboard reads single keys while a command runs. On a terminal a key counts at once, and is not echoed:
//
//	release := keyboard.Listen(ctx, os.Stdin, func(key string) { … }) // "r", "\n"
//	defer release()
//
// Ctrl+C and Ctrl+Z remain signals, and output is processed as usual (cbreak mode). The terminal gets its previous
// modes back when ctx ends, and while the command is stopped or in the background.
//
// If the input is not a terminal, or the system has no termios, each line is a key.
package keyboard

import (
	"bufio"
	"context"
	"io"
	"strings"
)

// Enter is the Enter key.
const Enter = "\n"

// Listen calls press with one key after the other until ctx ends. release restores the terminal.
// A read from a pipe or file cannot be interrupted: its goroutine ends with the process.
func Listen(ctx context.Context, in io.Reader, press func(key string)) (release func()) {
	if release, grabbed := grab(ctx, in, press); grabbed {
		return release
	}
	go lines(ctx, in, press)
	return func() {}
}

// lines treats each line as a key, and an empty line as Enter.
func lines(ctx context.Context, in io.Reader, press func(string)) {
	for scanner := bufio.NewScanner(in); ctx.Err() == nil && scanner.Scan(); {
		key := strings.TrimSpace(scanner.Text())
		if key == "" {
			key = Enter
		}
		press(key)
	}
}
