package report

import (
	"testing"

	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/loader"
)

func TestNoteSaysHowItWasCompiled(t *testing.T) {
	t.Parallel()
	for want, app := range map[string]springboot.App{
		"build/libs/app.jar":                          {Jar: "/project/build/libs/app.jar"},
		"target/classes by maven, as pom.xml changed": {Classes: []string{"/project/target/classes"}, CompiledBy: "by maven, as pom.xml changed"},
		"by the incremental compiler, 1 source":       {Classes: []string{"/cache/incremental/classes"}, CompiledBy: "by the incremental compiler, 1 source"},
	} {
		if got := CompileNote("/project", app); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestNoteSaysWhatWasSent(t *testing.T) {
	t.Parallel()
	node := func(sent, skipped int64) loader.Report {
		return loader.Report{Sent: sent, Nodes: []loader.NodeReport{{Name: "kind-worker", Sent: sent, Skipped: skipped}}}
	}
	two := loader.Report{Sent: 3e6, Nodes: []loader.NodeReport{{Name: "a", Sent: 1e6}, {Name: "b", Sent: 2e6}}}
	for want, r := range map[string]loader.Report{
		"the nodes find the image by themselves":           {},
		"kind-worker had it already":                       node(0, 2e8),
		"20 MB to kind-worker":                             node(2e7, 0),
		"20 MB to kind-worker, which had the other 180 MB": node(2e7, 18e7),
		"3.0 MB to 2 nodes":                                two,
	} {
		if got := LoadNote(r); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
