// Package browser opens an address in the user's browser.
//
//	err := browser.Open(ctx, "http://localhost:8080")
//
// It takes the program that $BROWSER names, else the system's own way. Over SSH no browser
// would appear before the user, so the error then names the address to open.
package browser

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/cli/browser"

	"github.com/devloop-cli/devloop/internal/fault"
)

// Open opens url and returns without waiting for the browser to end.
func Open(ctx context.Context, url string) error {
	command := os.Getenv("BROWSER")
	if command == "" && os.Getenv("SSH_CONNECTION") != "" {
		return &fault.Error{Code: "machine.browser", Op: "open a browser: this is an SSH session",
			Hints: []string{"open " + url + " on your own machine, with `ssh -L` for its port"}}
	}
	var err error
	if command != "" {
		err = start(ctx, command, url)
	} else {
		browser.Stdout, browser.Stderr = io.Discard, io.Discard
		err = browser.OpenURL(url)
	}
	if err != nil {
		return &fault.Error{Code: "machine.browser", Op: "open a browser", Err: err,
			Hints: []string{"open " + url, "or name a program in $BROWSER"}}
	}
	return nil
}

// start starts a command of $BROWSER: the first of a list with colons, with %s or at its end the address.
func start(ctx context.Context, command, url string) error {
	first, _, _ := strings.Cut(command, ":")
	words := strings.Fields(first)
	if len(words) == 0 {
		return fmt.Errorf("$BROWSER names no program: %q", command)
	}
	if !strings.Contains(first, "%s") {
		words = append(words, "%s")
	}
	for i, w := range words {
		words[i] = strings.ReplaceAll(w, "%s", url)
	}
	// the browser stays open when devloop ends
	cmd := exec.CommandContext(context.WithoutCancel(ctx), words[0], words[1:]...)
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }()
	return nil
}
