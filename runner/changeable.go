package runner

import (
	"fmt"

	"github.com/devloop-cli/devloop/runner/kube"
)

// NotChangeable says, as a clause, why the application can't be changed in the manifest's Pods while
// it runs, "" where it can. A supervisor and a debug port are reached at one loopback address: a Pod has one
// for all its containers, and with the node's network all Pods of the node have one.
func (m Manifest) NotChangeable(images ...string) string {
	for _, e := range m.entries {
		count := 0
		for _, c := range containersIn(e.content, "containers") {
			if sameImage(c.image(), images) {
				count++
			}
		}
		switch {
		case count > 1:
			return fmt.Sprintf("%d containers of %s run the project's image", count, kube.RefOf(e.content))
		case count == 1 && podSpec(e.content)["hostNetwork"] == true:
			return fmt.Sprintf("%s uses the node's network, where other Pods may be reached in its place", kube.RefOf(e.content))
		}
	}
	return ""
}
