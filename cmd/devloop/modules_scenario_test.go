package main

import (
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/hack/real"
)

// TestScenarioModules edits the modules of a Maven build that the application is made of, and one that it
// does not use, with devloop at the root of the build and in the application's module.
func TestScenarioModules(t *testing.T) {
	t.Parallel()
	real.Long(t)
	real.Maven(t)
	for _, dir := range []string{".", "clinic-web"} {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			s := newScenario(t, "clinic")
			r := s.start("run", "--without", "archive", dir)
			until(t, r.stream, func(a event.AppAnswered) bool { return a.Status == 200 })
			r.took()
			r.compilerReady()
			const core = "clinic-core/src/main/java/com/example/clinic/service/"
			for _, e := range []struct{ name, file, before, after, stages string }{
				{"body of the application", "clinic-web/src/main/java/com/example/clinic/web/Greeting.java", `"! "`, `"!! "`, bySwap},
				{"body of another module", core + "Tariff.java", `"0.5"`, `"0.6"`, bySwap},
				{"shape of another module", core + "SlotFinder.java", "public boolean isOpen(", "public boolean isShut(Slot slot) {\n\t\treturn !isOpen(slot);\n\t}\n\n\tpublic boolean isOpen(", byRestart},
			} {
				s.replaceIn(e.file, e.before, e.after)
				how := ""
				took := r.stages(func(b event.Body) {
					switch b := b.(type) {
					case event.PathChosen:
						how += b.Why
					case event.StageFinished:
						how += b.CompiledBy + "; "
					}
				})
				if took != e.stages || strings.Contains(how, "by maven") {
					t.Errorf("%s: it took %s: %s", e.name, took, how)
				}
			}
			if dir == "." {
				for file, text := range map[string]string{"clinic-other/src/main/java/Other.java": "class Other { }",
					"clinic-other/pom.xml": "<project/>"} {
					s.write(file, text)
					if chosen := until(t, r.stream,
						func(event.PathChosen) bool { return true }); chosen.Path != "nothing" {
						t.Errorf("%s of a module that is not used: %s, because %s", file, chosen.Path, chosen.Why)
					}
				}
			}
			r.quit()
		})
	}
}
