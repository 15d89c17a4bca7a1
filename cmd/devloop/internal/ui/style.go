package ui

import (
	"strings"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cells"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/hyperlink"
)

// Style adds colours and links to text, and chooses its language. The zero value adds none, and is English.
type Style struct {
	Colour bool
	Links  hyperlink.Links
	// Say translates a message; nil leaves it as it is.
	Say func(message string) string
}

// said translates a message. Its lines after the first are indented.
func (s Style) said(message string, indent int) string {
	if s.Say == nil {
		return message
	}
	if said := s.Say(message); said != message {
		return strings.ReplaceAll(said, "\n", "\n"+strings.Repeat(" ", indent))
	}
	return message
}

// column translates a word, and fills it up to a width in cells.
func (s Style) column(word string, width int) string { return cells.Pad(s.said(word, 0), width) }

// Bold and the others use the codes of ECMA-48, section 8.3.117 (select graphic rendition).
func (s Style) Bold(t string) string   { return s.wrap("1", t) }
func (s Style) Dim(t string) string    { return s.wrap("2", t) }
func (s Style) Red(t string) string    { return s.wrap("31", t) }
func (s Style) Green(t string) string  { return s.wrap("32", t) }
func (s Style) Yellow(t string) string { return s.wrap("33", t) }
func (s Style) Cyan(t string) string   { return s.wrap("36", t) }

// Tint chooses the colour by a number.
func (s Style) Tint(number int, t string) string {
	codes := []string{"36", "33", "32", "35", "34", "91"}
	return s.wrap(codes[number%len(codes)], t)
}

func (s Style) wrap(code, text string) string {
	if !s.Colour || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
