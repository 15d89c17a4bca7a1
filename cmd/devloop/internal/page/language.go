package page

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

// Language is that of a page. The zero value is English.
type Language struct {
	Tag string // as in HTML
	// Say translates the messages in events; nil leaves them as they are.
	Say func(message string) string
	// Formats translate the page's own words: English to the language, with the verbs of package translate.
	Formats map[string]string
}

// write answers with what the page translates its own words by.
func (l Language) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	// a page that is gone
	_ = json.NewEncoder(w).Encode(map[string]any{"tag": cmp.Or(l.Tag, "en"), "formats": l.Formats})
}

// messages are the fields of events that have messages. Codes, names and what the application writes stay.
var messages = map[string]bool{"because": true, "why": true, "text": true, "message": true, "hints": true, "note": true,
	"detail": true, "phase": true, "reason": true}

// event returns an event as JSON, with its messages translated.
func (l Language) event(e event.Event) ([]byte, error) {
	data, err := json.Marshal(e)
	if err != nil || l.Say == nil {
		return data, err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	return json.Marshal(l.translated(value, false))
}

// translated returns a value of JSON whose messages are translated; the value is one itself where isMessage is set.
func (l Language) translated(value any, isMessage bool) any {
	switch v := value.(type) {
	case string:
		if isMessage {
			return l.Say(v)
		}
	case []any:
		for i := range v {
			v[i] = l.translated(v[i], isMessage)
		}
	case map[string]any:
		for key := range v {
			v[key] = l.translated(v[key], messages[key])
		}
	}
	return value
}
