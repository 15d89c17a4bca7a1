package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/internal/golden"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
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

// filled returns an event of a kind, with something in every field.
func filled(kind string) Event {
	body := reflect.New(bodies[kind]).Elem()
	fill(body)
	return Event{Seq: 7, Time: time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC), Cycle: 2, Body: body.Interface().(Body)}
}

func TestEveryEventReadsAsItWasWritten(t *testing.T) {
	for kind := range bodies {
		t.Run(kind, func(t *testing.T) {
			want := filled(kind)
			data := must.Get(json.Marshal(want))(t)
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

// TestEventsKeepTheirForm has a line for each kind, so that no key is renamed unnoticed. A change of a line that
// takes something away from a reader needs another [Schema].
func TestEventsKeepTheirForm(t *testing.T) {
	var lines strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(bodies)) {
		data := must.Get(json.Marshal(filled(kind)))(t)
		fmt.Fprintf(&lines, "%s\n", data)
	}
	golden.Compare(t, "testdata/events.jsonl", lines.String())
}

func TestEventIsOneFlatObject(t *testing.T) {
	e := Event{Seq: 4, Time: time.Unix(0, 0), Cycle: 1,
		Body: StageFinished{ID: 3, Stage: Compile, Attempt: 1, Outcome: OK, Took: Duration(1913456 * time.Microsecond)}}
	data := must.Get(json.Marshal(e))(t)
	want := `{"seq":4,"time":"1970-01-01T00:00:00Z","cycle":1,"event":"stage.finished","id":3,"stage":"compile","attempt":1,"outcome":"ok","seconds":1.913}`
	if string(data) != want {
		t.Errorf("got  %s\nwant %s", data, want)
	}
}

func TestReadersSkipUnknownKinds(t *testing.T) {
	var e Event
	must.Do(t, json.Unmarshal([]byte(`{"seq":1,"cycle":2,"event":"no.such","stage":7}`), &e))
	if e.Seq != 1 || e.Cycle != 2 || e.Body != (Unknown{"no.such"}) {
		t.Errorf("got %+v", e)
	}
	before := State{ServiceState: ServiceState{Cycle: CycleState{Number: 2}}}
	if got := Reduce(before, e); !reflect.DeepEqual(got, before) {
		t.Errorf("the state became %+v", got)
	}
}

func TestProblemsAreThePlacesOfTheEvidence(t *testing.T) {
	got := Failure{Evidence: []string{
		"src/main/java/A.java:12:30: ';' expected", "        return 1", "               ^", "C:\\my shop\\B.kt:3: no such: thing", "Process ended with 1: bad", "  │ X.java:1: indented",
	}}.Problems()
	want := []Problem{{File: "src/main/java/A.java", Line: 12, Column: 30, Text: "';' expected"},
		{File: `C:\my shop\B.kt`, Line: 3, Text: "no such: thing"}}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
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

// TestServicesShareAStream has two services that publish, and a sink of one of them.
func TestServicesShareAStream(t *testing.T) {
	var all, own recorder
	bus := NewBus(&all)
	orders, customers := bus.Service("orders", &own), bus.Service("customers")
	orders.Publish(1, CycleStarted{Because: "first build"})
	customers.Publish(1, PathChosen{Path: "pod"})
	bus.Publish(0, SessionFinished{})
	if len(all) != 3 || all[0].Service != "orders" || all[1].Service != "customers" || all[1].Seq != 2 ||
		all[2].Service != "" {
		t.Errorf("got %+v", all)
	}
	if len(own) != 1 || own[0].Seq != 1 {
		t.Errorf("the service's own sink got %+v", own)
	}
	line, err := json.Marshal(all[1])
	if err != nil || !strings.Contains(string(line), `"service":"customers","cycle":1,"event":"path.chosen"`) {
		t.Errorf("got %s, %v", line, err)
	}
	var read Event
	if err := json.Unmarshal(line, &read); err != nil || read.Service != "customers" {
		t.Errorf("read %+v, %v", read, err)
	}
}

// TestEachServiceHasAState has two services, of which one goes on.
func TestEachServiceHasAState(t *testing.T) {
	var s State
	for _, e := range []Event{
		{Body: StreamStarted{Session: "one"}},
		{Service: "orders", Body: SessionStarted{Project: "orders"}},
		{Service: "customers", Body: SessionStarted{Project: "customers"}},
		{Service: "orders", Cycle: 1, Body: CycleStarted{Because: "first build"}},
		{Service: "customers", Cycle: 1, Body: CycleStarted{Because: "first build"}},
		{Service: "customers", Cycle: 1, Body: PortForwarded{URL: "http://localhost:8081"}},
	} {
		s = Reduce(s, e)
	}
	before := s
	s = Reduce(s, Event{Service: "orders", Cycle: 1, Body: CycleFinished{Outcome: Failed}})
	if s.Of("orders").Cycle.Outcome != Failed || s.Of("customers").Cycle.Outcome != "" ||
		before.Of("orders").Cycle.Outcome != "" {
		t.Errorf("got %+v after %+v", s, before)
	}
	if len(s.Services) != 2 || s.Of("customers").Forwards[0].URL != "http://localhost:8081" || s.Cycle.Number != 0 ||
		s.Stream.Session != "one" {
		t.Errorf("got %+v", s)
	}
	moved := Reduce(s, Event{Service: "customers", Cycle: 2, Body: PortForwarded{URL: "http://localhost:8082"}})
	moved = Reduce(moved, Event{Service: "customers", Cycle: 2, Body: StageFinished{Stage: Forward, Outcome: OK,
		StageResult: StageResult{Answers: []PortAnswer{{URL: "http://localhost:8082"}}}}})
	if got := moved.Of("customers").Forwards; len(got) != 1 || got[0].URL != "http://localhost:8082" ||
		len(s.Of("customers").Forwards) != 1 {
		t.Errorf("an address that leads nowhere any more stays: %+v", got)
	}
	if got := Reduce(State{}, Event{Body: Snapshot{s}}); !reflect.DeepEqual(got, s) {
		t.Errorf("a snapshot: got %+v", got)
	}
}

func TestSchemaHasEveryKind(t *testing.T) {
	data := must.Get(JSONSchema())(t)
	var schema struct {
		OneOf []struct {
			Properties map[string]struct {
				Const any `json:"const"`
			} `json:"properties"`
			Required []string `json:"required"`
		} `json:"oneOf"`
	}
	must.Do(t, json.Unmarshal(data, &schema))
	for _, one := range schema.OneOf {
		kind, _ := one.Properties["event"].Const.(string)
		line := must.Get(json.Marshal(filled(kind)))(t)
		var keys map[string]any
		must.Do(t, json.Unmarshal(line, &keys))
		for key := range keys {
			if _, known := one.Properties[key]; !known {
				t.Errorf("%s: the schema has no %q", kind, key)
			}
		}
		for _, key := range one.Required {
			if _, there := keys[key]; !there {
				t.Errorf("%s: %q is required and not written", kind, key)
			}
		}
	}
	if len(schema.OneOf) != len(bodies) {
		t.Errorf("%d kinds, want %d", len(schema.OneOf), len(bodies))
	}
}

// TestDocsHaveTheEvents keeps docs/events.md equal to the code.
func TestDocsHaveTheEvents(t *testing.T) {
	const path, mark = "../../../../docs/events.md",
		"<!-- made from the code: go test ./cmd/devloop/internal/event -update -->\n"
	text := testfile.Read(t, path)
	head, _, found := strings.Cut(string(text), mark)
	if !found {
		t.Fatalf("%s has no line %s", path, mark)
	}
	golden.Compare(t, path, head+mark+markdown(t))
}

// markdown returns what docs/events.md says of each kind and code, from the comments of the types.
func markdown(t *testing.T) string {
	t.Helper()
	types := map[string]*ast.TypeSpec{}
	docs := map[string]string{}
	var codes, b bytes.Buffer
	for _, name := range []string{"event.go", "stage.go", "running.go", "state.go", "notices.go"} {
		file := must.Get(parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments))(t)
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GenDecl:
				if spec, is := n.Specs[0].(*ast.TypeSpec); is {
					types[spec.Name.Name], docs[spec.Name.Name] = spec, oneLine(n.Doc.Text())
				}
			case *ast.ValueSpec:
				if name == "notices.go" {
					fmt.Fprintf(&codes, "| `%s` | %s |\n", strings.Trim(n.Values[0].(*ast.BasicLit).Value, `"`),
						oneLine(n.Comment.Text()))
				}
			}
			return true
		})
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(bodies)) {
		name := bodies[kind].Name()
		fmt.Fprintf(&b, "### %s\n\n%s\n\n", kind, plainDoc(docs[name], name))
		b.WriteString(fieldTable(types[name], types, &parts))
	}
	b.WriteString("## Parts of events\n\n")
	for i := 0; i < len(parts); i++ { // which may have parts themselves
		fmt.Fprintf(&b, "### %s\n\n%s\n\n%s", parts[i], plainDoc(docs[parts[i]], parts[i]),
			fieldTable(types[parts[i]], types, &parts))
	}
	return "## Kinds\n\n" + b.String() + "## Codes of notices\n\n| code | what it says |\n|---|---|\n" + codes.String()
}

// fieldTable returns the fields of a type, and adds the structs among them to parts.
func fieldTable(spec *ast.TypeSpec, types map[string]*ast.TypeSpec, parts *[]string) string {
	fields := spec.Type.(*ast.StructType).Fields.List
	if len(fields) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("| key | type | |\n|---|---|---|\n")
	for _, f := range fields {
		shown, part := jsonType(f.Type)
		if part != nil && types[part.Name] != nil {
			if _, is := types[part.Name].Type.(*ast.StructType); !is {
				shown = strings.Replace(shown, part.Name, "text", 1)
			} else if !slices.Contains(*parts, part.Name) {
				*parts = append(*parts, part.Name)
			}
		}
		key := "*(its fields)*"
		if f.Tag != nil {
			key, _, _ = strings.Cut(reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("json"), ",")
			key = "`" + key + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", key, shown, oneLine(f.Doc.Text()+" "+f.Comment.Text()))
	}
	return b.String() + "\n"
}

// jsonType names a field's type as it is in JSON, and the Go type behind it.
func jsonType(x ast.Expr) (shown string, name *ast.Ident) {
	switch x := x.(type) {
	case *ast.StarExpr:
		return jsonType(x.X)
	case *ast.ArrayType:
		shown, name = jsonType(x.Elt)
		return "list of " + shown, name
	case *ast.Ident:
		words := map[string]string{"int": "number", "int64": "number", "Duration": "number of seconds",
			"bool": "true or false", "string": "text"}
		if word := words[x.Name]; word != "" {
			return word, nil
		}
		return x.Name, x
	}
	return "", nil
}

// plainDoc takes the name of the type off the beginning of its comment.
func plainDoc(doc, name string) string {
	rest := strings.TrimPrefix(doc, name+" ")
	rest = strings.TrimPrefix(strings.TrimPrefix(rest, "is "), "are ")
	return strings.ToUpper(rest[:1]) + rest[1:]
}

func oneLine(text string) string {
	return strings.NewReplacer("[", "", "]", "", "|", "\\|").Replace(strings.Join(strings.Fields(text), " "))
}
