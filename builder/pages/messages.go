package pages

import (
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/builder/settings"
)

// Messages are the texts that Spring Boot's message source reads from properties files, one for each language.
// https://docs.spring.io/spring-boot/reference/features/internationalization.html
type Messages struct {
	// Bases are the files' paths on the class path, without language and suffix, as in i18n/messages. There are none if
	// the application has no such file: Spring Boot sets up no message source then.
	Bases []string
	// Kept says why a file is read only once, "" if it is looked for at each request.
	Kept string
}

// BaseOf returns the base of a file with texts, as in messages for messages_de.properties, and false for another file.
func (m Messages) BaseOf(path string) (base string, found bool) {
	name, properties := strings.CutSuffix(path, ".properties")
	for _, base := range m.Bases {
		if language, is := strings.CutPrefix(name, base); properties && is && (language == "" || language[0] == '_') {
			return base, true
		}
	}
	return "", false
}

// MessagesUncached is the setting with which the message source looks at each request whether its files have changed.
const MessagesUncached = "spring.messages.cache-duration=0s"

// MessagesOf returns the texts among an application's own files, given by their paths on the class path.
func MessagesOf(own []string, set []settings.Setting) Messages {
	m := Messages{Kept: whySet(MessagesUncached, set)}
	for _, base := range messageBases(set) {
		if slices.Contains(own, base+".properties") {
			m.Bases = append(m.Bases, base)
		}
	}
	return m
}

// messageBases returns the bases that the settings name, of whatever profile, or Spring Boot's default.
func messageBases(set []settings.Setting) (bases []string) {
	for _, s := range set {
		if s.Sets("spring.messages.basename") {
			// YAML has lists, too
			names := strings.FieldsFunc(s.Value, func(r rune) bool { return strings.ContainsRune(", []", r) })
			for _, name := range names {
				bases = append(bases, strings.ReplaceAll(name, ".", "/"))
			}
		}
	}
	if bases == nil {
		return []string{"messages"}
	}
	slices.Sort(bases)
	return slices.Compact(bases)
}
