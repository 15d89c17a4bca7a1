package wording

import (
	"slices"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

// TestOutcomesAreSaidInWords has each kind of result that a stage may have.
func TestOutcomesAreSaidInWords(t *testing.T) {
	t.Parallel()
	load := func(sent, skipped int64, nodes ...string) event.StageResult {
		return event.StageResult{Loads: []event.ImageLoad{{Image: "shop:1", Nodes: nodes, Sent: sent,
			Skipped: skipped}}}
	}
	answer := func(notAsked string, status int, text string) event.StageResult {
		return event.StageResult{Answers: []event.PortAnswer{{URL: "http://localhost:8080", Pod: "web", Port: 80,
			NotAsked: notAsked, Status: status, Text: text}}}
	}
	web := []string{"web"}
	for _, test := range []struct {
		stage  event.Stage
		result event.StageResult
		want   []string
	}{
		{event.Compile, event.StageResult{Output: "build/libs/app.jar"}, []string{"build/libs/app.jar"}},
		{event.Compile, event.StageResult{Output: "target/classes", CompiledBy: "by maven, as pom.xml changed", Why: "pom.xml changed"}, []string{"target/classes by maven, as pom.xml changed"}},
		{event.Compile, event.StageResult{CompiledBy: "by the incremental compiler, 1 source"}, []string{"by the incremental compiler, 1 source"}},
		{event.Image, event.StageResult{Image: "shop:1"}, []string{"shop:1"}},
		{event.Load, load(0, 0), []string{"the nodes find the image by themselves"}},
		{event.Load, load(0, 2e8, "kind-worker"), []string{"kind-worker had it already"}},
		{event.Load, load(2e7, 0, "kind-worker"), []string{"20 MB to kind-worker"}},
		{event.Load, load(2e7, 18e7, "kind-worker"), []string{"20 MB to kind-worker, which had the other 180 MB"}},
		{event.Load, load(3e6, 0, "a", "b"), []string{"3.0 MB to 2 nodes"}},
		{event.Load, event.StageResult{Loads: []event.ImageLoad{{Image: "a:1"}, {Image: "b:1", Nodes: web}}}, []string{"a:1: the nodes find the image by themselves", "b:1: web had it already"}},
		{event.Replace, event.StageResult{Pods: []string{"web", "worker"}}, []string{"web, worker"}},
		{event.Replace, event.StageResult{Objects: []string{"pod/web", "service/web"}}, []string{"pod/web, service/web"}},
		{event.Ready, event.StageResult{}, []string{""}},
		{event.Pages, event.StageResult{Resources: 1, Pods: web}, []string{"1 resource to web"}},
		{event.Swap, event.StageResult{Classes: 1, Pods: web}, []string{"1 class to web"}},
		{event.Restart, event.StageResult{Classes: 2, Resources: 3, Pods: web}, []string{"2 classes and 3 resources to web"}},
		{event.Restart, event.StageResult{Classes: 2, Libraries: 1, Pods: web}, []string{"2 classes and 1 library to web"}},
		{event.Swap, event.StageResult{Classes: 1, Pods: web, Instead: "restart", Why: "the JVM refused it"}, []string{"a restart instead: the JVM refused it"}},
		{event.Restart, event.StageResult{Instead: "pod", Why: "it is gone"}, []string{"a new Pod instead: it is gone"}},
		{event.Forward, answer("foreign", 0, ""), []string{"http://localhost:8080 → web:80"}},
		{event.Forward, answer("debugger", 0, ""), []string{"http://localhost:8080 → web:80 is not asked while a debugger is attached"}},
		{event.Forward, answer("", 0, ""), []string{"http://localhost:8080 → web:80 accepts connections"}},
		{event.Forward, answer("", 404, ""), []string{"http://localhost:8080 → web:80 answers 404"}},
		{event.Forward, answer("", 200, "Hello"), []string{"http://localhost:8080 → web:80 answers 200: Hello"}},
		{event.Forward, event.StageResult{Why: "the manifest names no containerPort"}, []string{"the manifest names no containerPort"}},
	} {
		if got := Outcome(event.StageFinished{Stage: test.stage, Outcome: event.OK,
			StageResult: test.result}); !slices.Equal(got, test.want) {
			t.Errorf("%s %+v: got %q, want %q", test.stage, test.result, got, test.want)
		}
	}
	for end, want := range map[event.Outcome]string{event.Failed: "failed", event.Cancelled: "cancelled",
		event.Superseded: "superseded"} {
		if got := Outcome(event.StageFinished{Stage: event.Ready, Outcome: end,
			StageResult: event.StageResult{Pods: web}}); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: got %q", end, got)
		}
	}
}

func TestEachStageHasWords(t *testing.T) {
	t.Parallel()
	for _, stage := range []event.Stage{event.Compile, event.Image, event.Load, event.Replace, event.Pages, event.Swap,
		event.Restart, event.Ready, event.Forward} {
		if Doing(string(stage)) == "" {
			t.Errorf("%s has none", stage)
		}
	}
}
