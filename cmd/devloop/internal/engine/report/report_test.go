package report

import (
	"reflect"
	"testing"

	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/loader"
)

func TestOutputIsSeenFromTheProject(t *testing.T) {
	t.Parallel()
	for want, app := range map[string]springboot.App{
		"build/libs/app.jar": {Jar: "/project/build/libs/app.jar"},
		"target/classes":     {Classes: []string{"/project/target/classes"}, CompiledBy: "by maven, as pom.xml changed"},
		"":                   {Classes: []string{"/cache/incremental/classes"}, CompiledBy: "by the incremental compiler, 1 source"},
		"/elsewhere/app.jar": {Jar: "/elsewhere/app.jar"},
	} {
		if got := Output("/project", app); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestLoadSumsUpTheNodes(t *testing.T) {
	t.Parallel()
	two := loader.Report{Sent: 3e6,
		Nodes: []loader.NodeReport{{Name: "a", Sent: 1e6, Skipped: 5}, {Name: "b", Sent: 2e6, Skipped: 7}}}
	want := event.ImageLoad{Image: "shop:1", Nodes: []string{"a", "b"}, Sent: 3e6, Skipped: 12}
	if got := Load("shop:1", two); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
