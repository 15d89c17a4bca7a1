package project

import (
	"context"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/browser"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/keyboard"
	"github.com/devloop-cli/devloop/watch"
)

// keysText names the keys that matter most.
const keysText = "press r to rebuild, o to open the browser, h for all keys, q to quit"

// keysHelp are all keys.
var keysHelp = []string{
	"r: rebuild what changed", "R: make a new image and a new Pod", "o: open the application in the browser",
	"u: open the page that shows this session", "p: pause, and go on", "d: show the last failure again",
	"l: hide the application's log, and show it", "c: clear the screen", "Enter: set what follows apart, with the time",
	"q or Ctrl+C: quit", "h or ?: show this",
}

// keys are what a session's keys act on.
type keys struct {
	wiring.Display
	batches chan<- watch.Batch
	pause   func(context.Context) // or go on
	quit    context.CancelCauseFunc
	urls    func() []string
	page    func() (string, error) // the address of the page that shows the session
}

// press returns the function that does what a key asks for.
func (k keys) press(ctx context.Context) func(key string) {
	return func(key string) {
		switch key {
		case "q":
			k.quit(wiring.ErrInterrupted)
		case "r", "R":
			_ = ask(ctx, k.batches, rebuild(key == "R")) // the session ends
		case "p":
			k.pause(ctx)
		case "o":
			k.openApplication(ctx)
		case "u":
			k.openPage(ctx)
		case keyboard.Enter:
			k.Publish(0, event.Mark{})
		case "h", "?":
			k.Publish(0, event.Notice{Level: event.Info, Code: event.NoticeKeys, Text: "the keys", Hints: keysHelp})
		default:
			if view := map[string]string{"l": "logs", "d": "failure", "c": "clear"}[key]; view != "" {
				k.Publish(0, event.ViewAsked{View: view})
			}
		}
	}
}

func (k keys) openApplication(ctx context.Context) {
	urls := k.urls()
	if len(urls) == 0 {
		k.Publish(0, event.Notice{Level: event.Info, Code: event.NoticeNoAddress,
			Text: "the application has no address yet"})
		return
	}
	if err := browser.Open(ctx, urls[0]); err != nil {
		k.Warn(err)
	}
}

func (k keys) openPage(ctx context.Context) {
	url, err := k.page()
	if err == nil {
		err = browser.Open(ctx, url)
	}
	if err != nil {
		k.Warn(err)
	}
}
