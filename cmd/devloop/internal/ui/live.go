package ui

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cells"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

// minWidth is the width, in cells, of the narrowest terminal that gets a footer.
const minWidth = 40

// Live is a display for a terminal: the lines of [Plain], which stay in the scrollback, and a footer below them, which
// is redrawn. It ends with a line break, so that a shell's prompt is in order whatever ends the process.
type Live struct {
	mu     sync.Mutex
	out    io.Writer
	width  func() int
	plain  *Plain
	lines  bytes.Buffer // written by plain during an event
	footer footer
	drawn  string // the footer that is on the screen, without colours
	ended  chan struct{}
	once   sync.Once
}

// NewLive returns a display on a terminal of that width. Where o.App is nil, the application's log goes there, too.
func NewLive(out io.Writer, o PlainOptions, width func() int) *Live {
	l := newLive(out, o, width)
	go l.turn()
	return l
}

func newLive(out io.Writer, o PlainOptions, width func() int) *Live {
	l := &Live{out: out, width: width, ended: make(chan struct{})}
	l.plain, l.footer = NewPlain(&l.lines, o), footer{style: o.Style, keys: o.Keys}
	return l
}

func (l *Live) Handle(e event.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.footer.see(e)
	if _, is := e.Body.(event.Transfer); !is || l.width() < minWidth { // the footer shows it
		l.plain.Handle(e)
	}
	if asked, is := e.Body.(event.ViewAsked); is && asked.View == "clear" {
		l.lines.WriteString("\x1b[H\x1b[2J") // CUP and ED
		l.drawn = ""
	}
	l.draw(e.Time)
	if _, last := e.Body.(event.SessionFinished); last {
		l.once.Do(func() { close(l.ended) })
	}
}

// Forget makes Live draw a new footer and leave the old one alone, above which something else has written.
func (l *Live) Forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drawn = ""
}

// turn redraws the footer as time passes and the terminal's size changes.
func (l *Live) turn() {
	ticks := time.NewTicker(frameTime)
	defer ticks.Stop()
	for {
		select {
		case now := <-ticks.C:
			l.mu.Lock()
			l.draw(now)
			l.mu.Unlock()
		case <-l.ended:
			return
		}
	}
}

// draw writes the lines in place of the footer, and the footer below them. A terminal whose width is unknown gets none.
func (l *Live) draw(now time.Time) {
	width, mark, text := l.width(), "", ""
	if width >= minWidth {
		mark, text = l.footer.line(now, width-1)
	}
	next := mark
	if mark != "" {
		next += " " + text
	}
	if l.lines.Len() == 0 && next == l.drawn {
		return
	}
	var b bytes.Buffer
	b.WriteString(erase(l.drawn, width))
	_, _ = l.lines.WriteTo(&b) // a buffer takes all
	if mark != "" {
		style := l.plain.Style
		b.WriteString(coloured(style, mark) + " " + style.Links.Add(style.Dim(text)) + "\n")
	}
	_, _ = l.out.Write(b.Bytes())
	l.drawn = next
}

func coloured(style Style, mark string) string {
	switch mark {
	case "●":
		return style.Green(mark)
	case "✗":
		return style.Red(mark)
	}
	return style.Cyan(mark)
}

// erase returns what moves the cursor to the beginning of a footer and clears the screen from there
// (ECMA-48, CUU and ED). A terminal that has become narrower shows the footer in several rows.
func erase(footer string, width int) string {
	if footer == "" {
		return ""
	}
	rows := 1
	if width > 0 {
		rows += (cells.Width(footer) - 1) / width
	}
	return fmt.Sprintf("\x1b[%dA\r\x1b[J", rows)
}
