package ui

import (
	"fmt"
	"strings"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

// explained shows what an image consists of, for --explain.
func (p *Plain) explained(b event.ImageExplained) {
	if b.Dockerfile != "" && b.Base == "" {
		p.explain("built by", b.Dockerfile, "the project's Dockerfile, unchanged")
		return
	}
	if b.Dockerfile != "" {
		p.explain("built by", b.Dockerfile, "its jar is replaced by the files in it, so that they can be changed")
	}
	p.explain("base", b.Base, b.BaseWhy)
	for _, l := range b.Layers {
		state := "unchanged"
		if l.New {
			state = "new"
		}
		p.explain("layer", fmt.Sprintf("%s, %d bytes", l.Name, l.Size), state)
	}
	for _, o := range b.Options {
		why := p.Style.said(o.Why, 0)
		if o.Optimization != "" {
			why += "; " + p.Style.said("off: --without "+o.Optimization, 0)
		}
		p.explain("option", o.Text, why)
	}
	if len(b.ClassPath) > 0 {
		p.explain("starts", b.MainClass,
			fmt.Sprintf("class path of %d entries, first %s", len(b.ClassPath), b.ClassPath[0]))
	}
	p.changeable(b)
	archive := "none"
	if b.Archive.Used {
		archive = fmt.Sprintf("%d bytes, created by Java %s", b.Archive.Size, b.Archive.Java)
	}
	p.explain("archive", archive, b.Archive.Why)
}

// changeable shows how the application can be changed in its Pod.
func (p *Plain) changeable(b event.ImageExplained) {
	if b.Supervised {
		p.explain("restart", "in the container",
			"a supervisor restarts the application with changed classes, without a new Pod; off: --without restart")
	}
	if b.Spare {
		p.explain("spare", "a second JVM",
			"it is started ahead, and the next restart runs the application in it; off: --without spare")
	} else if b.NoSpareReason != "" {
		p.explain("spare", "none", b.NoSpareReason)
	}
	if b.Swappable {
		p.explain("swap", "in the JVM", "changed method bodies are hot-swapped through a debug port that only devloop can reach; off: --without hot-swap")
	}
}

func (p *Plain) explain(word, what, why string) {
	line := "  " + p.Style.column(word, 8) + " " + p.Style.said(what, 11)
	if why != "" {
		line += ": " + p.Style.said(why, 11)
	}
	p.line(p.Style.Dim(strings.TrimRight(line, " ")))
}
