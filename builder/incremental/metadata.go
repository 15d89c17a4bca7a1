package incremental

import (
	"strings"
)

// metadata returns the annotations of a source with what they stand at, whatever their retention, and its
// documentation comments: with the API, all that annotation processors see. It may return more.
func metadata(text string) string {
	var found strings.Builder
	for text != "" {
		start := strings.IndexAny(text, "@/")
		if start < 0 {
			break
		}
		text = text[start:]
		end := 1
		switch {
		case text[0] == '@':
			end = annotationEnd(text)
			end += declarationEnd(text[end:])
			found.WriteString(text[:end] + "\n")
		case strings.HasPrefix(text, "/**"):
			end = commentEnd(text)
			found.WriteString(text[:end] + "\n")
		}
		text = text[end:]
	}
	return found.String()
}

// commentEnd returns where the comment at the start of a text ends.
func commentEnd(text string) int {
	if end := strings.Index(text, "*/"); end >= 0 {
		return end + len("*/")
	}
	return len(text)
}

// annotationEnd returns where the annotation at the start of a text ends, with its arguments.
func annotationEnd(text string) int {
	end := 1
	for end < len(text) && (text[end] == '.' || !between(rune(text[end]))) {
		end++
	}
	rest := strings.TrimLeft(text[end:], " \t\r\n")
	if !strings.HasPrefix(rest, "(") {
		return end
	}
	return len(text) - len(rest) + argumentsEnd(rest)
}

// argumentsEnd returns where the parenthesis at the start of a text is closed.
func argumentsEnd(text string) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"', '\'':
			i += literalEnd(text[i:])
		}
	}
	return len(text)
}

// literalEnd returns the index of the quote that ends the literal at the start of a text.
func literalEnd(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case text[0], '\n':
			return i
		}
	}
	return len(text) - 1
}

// declarationEnd returns where the name ends of what an annotation stands at. Another annotation may come first.
func declarationEnd(text string) int {
	if end := strings.IndexAny(text, "@;{}(),="); end >= 0 {
		return end
	}
	return len(text)
}
