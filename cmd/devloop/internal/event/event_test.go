package event

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

// fill sets every field of v to something that is not its zero value.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.String:
		v.SetString("a word")
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(3 * time.Second)) // a whole number of seconds survives JSON, also as a Duration
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i))
		}
	}
}

func TestEveryEventReadsAsItWasWritten(t *testing.T) {
	for kind, typ := range bodies {
		t.Run(kind, func(t *testing.T) {
			body := reflect.New(typ).Elem()
			fill(body)
			want := Event{Seq: 7, Time: time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC), Cycle: 2, Body: body.Interface().(Body)}
			data, err := json.Marshal(want)
			if err != nil {
				t.Fatal(err)
			}
			var got Event
			if err := json.Unmarshal(data, &got); err != nil {
				t.Fatalf("%v\n%s", err, data)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v\n%s", got, want, data)
			}
		})
	}
}

func TestEventIsOneFlatObject(t *testing.T) {
	e := Event{Seq: 4, Time: time.Unix(0, 0), Cycle: 1, Body: StageFinished{Stage: Compile, Outcome: OK, Took: Duration(1913456 * time.Microsecond)}}
	data, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"seq":4,"time":"1970-01-01T00:00:00Z","cycle":1,"event":"stage.finished","stage":"compile","outcome":"ok","seconds":1.913}`
	if string(data) != want {
		t.Errorf("got  %s\nwant %s", data, want)
	}
}

func TestStateIsOneSmallObject(t *testing.T) {
	e := Event{Seq: 9, Time: time.Unix(0, 0), Cycle: 2, Body: StateChanged{RolloutPending: true,
		Serving:   &Deployment{Image: "app:devloop-1", Pods: []string{"app"}, Code: "patched", NotPatchable: "the last Pod did not serve"},
		Candidate: &Deployment{Image: "app:devloop-2", Pods: []string{"app-b"}, Code: "image"}}}
	data, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"seq":9,"time":"1970-01-01T00:00:00Z","cycle":2,"event":"state.changed",` +
		`"serving":{"image":"app:devloop-1","pods":["app"],"code":"patched","not_patchable":"the last Pod did not serve"},` +
		`"candidate":{"image":"app:devloop-2","pods":["app-b"],"code":"image"},"rollout_pending":true}`
	if string(data) != want {
		t.Errorf("got  %s\nwant %s", data, want)
	}
}

func TestUnknownKindIsAnError(t *testing.T) {
	var e Event
	if err := json.Unmarshal([]byte(`{"seq":1,"event":"no.such"}`), &e); err == nil {
		t.Error("an unknown kind was read")
	}
}

type recorder []Event

func (r *recorder) Handle(e Event) { *r = append(*r, e) }

func TestBusNumbersEventsWithoutGaps(t *testing.T) {
	var got recorder
	bus := NewBus(&got)
	bus.Publish(0, SessionStarted{})
	bus.Publish(1, CycleStarted{Because: "first build"})
	if len(got) != 2 || got[0].Seq != 1 || got[1].Seq != 2 || got[1].Cycle != 1 || got[1].Time.IsZero() {
		t.Errorf("got %+v", got)
	}
}
