package wiring

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/must"
)

// lineCount is more than a pipe and the queue of a reader hold together.
const lineCount = 20_000

// looping runs a command that publishes lines of an application's log, and calls done before it ends. Its output is a
// pipe. Two at a time would race for the library's variable with the flag for help.
func looping(t *testing.T, ctx context.Context, done func(output *os.File), flags ...string) {
	t.Helper()
	output, end, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = output.Close() })
	s := Streams{In: strings.NewReader(""), Out: end, Err: end}
	run := &cli.Command{Name: "run", Flags: DisplayFlags(), Action: func(c *cli.Context) error {
		d := NewLoopDisplay(c, s, event.NewStore())
		return RunSession(d, func() (error, bool) {
			for range lineCount {
				d.Publish(1, event.AppLog{Pod: "shop", Line: "hello"})
			}
			done(output)
			return context.Cause(c.Context), false
		})
	}}
	app := &cli.App{Commands: []*cli.Command{run}, ExitErrHandler: func(*cli.Context, error) {}}
	if err := app.RunContext(ctx, append([]string{"devloop", "run"}, flags...)); err != nil && !errors.Is(err,
		context.Canceled) {
		t.Error(err)
	}
	_ = end.Close()
}

// read reads a pipe from now on until its end.
func read(pipe io.Reader) (content <-chan []byte) {
	all := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(pipe) // what is missing is missed
		all <- b
	}()
	return all
}

// TestLoopDoesNotWaitUntilItsOutputIsRead has output that is read only after the work: it tells what is missing.
func TestLoopDoesNotWaitUntilItsOutputIsRead(t *testing.T) {
	var content <-chan []byte
	looping(t, t.Context(), func(output *os.File) { content = read(output) }, "--json")
	got, missed := 0, 0
	var last event.Event
	for rest := bufio.NewScanner(bytes.NewReader(<-content)); rest.Scan(); {
		must.Do(t, json.Unmarshal(rest.Bytes(), &last))
		if got == 0 && last.Body.Kind() != "stream.started" {
			t.Errorf("the first event is %+v", last)
		}
		if m, is := last.Body.(event.EventsMissed); is {
			missed += m.Count
			continue
		}
		got++
	}
	if want := lineCount + 2; missed == 0 || got+missed != want {
		t.Errorf("%d events and %d missed, want %d", got, missed, want)
	}
	if _, ended := last.Body.(event.SessionFinished); !ended {
		t.Errorf("the last event is %+v", last)
	}
}

func TestPlainOutputTellsWhatItMissed(t *testing.T) {
	var content <-chan []byte
	looping(t, t.Context(), func(output *os.File) { content = read(output) })
	text := string(<-content)
	missed := 0
	for _, m := range regexp.MustCompile(`(\d+) events were left out`).FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(m[1]) // digits
		missed += n
	}
	if got := strings.Count(text, "hello\n"); missed == 0 || got+missed != lineCount {
		t.Errorf("%d lines and %d missed, want %d", got, missed, lineCount)
	}
}

// TestInterruptedLoopEndsThoughNothingReadsItsOutput would hang otherwise.
func TestInterruptedLoopEndsThoughNothingReadsItsOutput(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	looping(t, ctx, func(*os.File) { interrupt() }, "--json")
}

// TestEventsHaveWordsAndCommandsThatWork in the JSON stream, too: who publishes a notice knows neither language nor
// flags.
func TestEventsHaveWordsAndCommandsThatWork(t *testing.T) {
	var out bytes.Buffer
	s := Streams{In: strings.NewReader(""), Out: &out, Err: io.Discard}
	hint := []string{"see more: devloop logs web"}
	failed := &event.Failure{Code: "pod.crash", Message: "it ended", Hints: hint}
	run := &cli.Command{Name: "run", Flags: append(DisplayFlags(), SettingFlags("context", "namespace")...),
		Action: func(c *cli.Context) error {
			d := NewDisplay(c, s)
			for _, body := range []event.Body{
				event.Notice{Code: event.NoticePodGap, Why: "of two"}, event.Notice{Code: "x", Text: "said", Hints: hint}, event.CheckFinished{Hints: hint, Failure: failed},
				event.StageFinished{Failure: failed}, event.CycleFinished{Failure: failed}, event.StateChanged{Outage: failed}, event.SessionFinished{Failure: failed},
			} {
				d.Publish(0, body)
			}
			if got := d.Working.Say(hint[0]); got != "see more: devloop logs web --context kind-two -n team" {
				t.Errorf("the page that answers 503 says %q", got)
			}
			return nil
		}}
	logs := &cli.Command{Name: "logs", Flags: SettingFlags("context", "namespace")}
	app := &cli.App{Commands: []*cli.Command{run, logs}}
	must.Do(t, app.Run([]string{"devloop", "run", "--json", "--context", "kind-two", "-n", "team"}))
	if got := strings.Count(out.String(), `"see more: devloop logs web --context kind-two -n team"`); got != 7 ||
		strings.Contains(out.String(), `logs web"`) {
		t.Errorf("%d hints work:\n%s", got, &out)
	}
	if !strings.Contains(out.String(), `"why":"of two","text":"the old Pod goes before the new one serves: of two"`) {
		t.Errorf("the notice has no text:\n%s", &out)
	}
	if hint[0] != "see more: devloop logs web" {
		t.Errorf("the error became %+v", failed)
	}
}
