package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"time"
)

// header is what every event has beside its body's own fields.
type header struct {
	Seq  uint64    `json:"seq"`
	Time time.Time `json:"time"`
	// Service is the one of several that the event is about.
	Service string `json:"service,omitempty"`
	Cycle   int    `json:"cycle,omitempty"`
	Event   string `json:"event"`
}

// MarshalJSON writes the event as one flat object: seq, time, service, cycle, event, and
// then the fields of the body, so that `jq 'select(.event == "stage.finished").seconds'` works.
func (e Event) MarshalJSON() ([]byte, error) {
	head, err := marshal(header{e.Seq, e.Time.UTC(), e.Service, e.Cycle, e.Body.Kind()})
	if err != nil {
		return nil, err
	}
	body, err := marshal(e.Body)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(body, []byte("{}")) {
		return head, nil
	}
	return append(append(head[:len(head)-1], ','), body[1:]...), nil
}

// marshal is json.Marshal, but leaves "> Task :bootJar" readable: the stream is not for HTML.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// UnmarshalJSON reads what MarshalJSON wrote. An event of another kind becomes an [Unknown].
func (e *Event) UnmarshalJSON(data []byte) error {
	var h header
	if err := json.Unmarshal(data, &h); err != nil {
		return err
	}
	t, known := bodies[h.Event]
	if !known {
		*e = Event{Seq: h.Seq, Time: h.Time, Service: h.Service, Cycle: h.Cycle, Body: Unknown{h.Event}}
		return nil
	}
	body := reflect.New(t)
	if err := json.Unmarshal(data, body.Interface()); err != nil {
		return fmt.Errorf("read event %d of kind %q: %w", h.Seq, h.Event, err)
	}
	*e = Event{Seq: h.Seq, Time: h.Time, Service: h.Service, Cycle: h.Cycle, Body: body.Elem().Interface().(Body)}
	return nil
}

// Duration is a [time.Duration] that JSON shows as a number of seconds, to the millisecond.
type Duration time.Duration

// MarshalJSON writes seconds with three decimals.
func (d Duration) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, time.Duration(d).Round(time.Millisecond).Seconds(), 'f', 3, 64), nil
}

// String is how long it took, for people: "1.91 s".
func (d Duration) String() string {
	return fmt.Sprintf("%.2f s", time.Duration(d).Round(10*time.Millisecond).Seconds())
}

// UnmarshalJSON reads seconds.
func (d *Duration) UnmarshalJSON(data []byte) error {
	seconds, err := strconv.ParseFloat(string(data), 64)
	if err != nil {
		return fmt.Errorf("read seconds: %w", err)
	}
	*d = Duration(time.Duration(seconds * float64(time.Second)).Round(time.Millisecond))
	return nil
}
