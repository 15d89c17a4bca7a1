package ui

// Style adds colours and links to text. The zero value adds none.
type Style struct {
	Colour bool
	Links  Links
}

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
