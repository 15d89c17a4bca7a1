package watch

import (
	"slices"
	"testing"
)

func TestMergeIsAUnion(t *testing.T) {
	t.Parallel()
	one := batchOf([]string{"pom.xml", "README.md", "pom.xml"})
	two := batchOf([]string{"README.md", "Dockerfile"})
	merged := one.Merge(two)
	if want := []string{"Dockerfile", "README.md", "pom.xml"}; !slices.Equal(merged.Paths, want) {
		t.Errorf("merged paths are %q, want %q", merged.Paths, want)
	}
	if len(one.Paths) != 2 || len(two.Paths) != 2 {
		t.Errorf("merging altered its operands: %v, %v", one, two)
	}
	if all := two.Merge(Everything()); !all.All || all.Empty() {
		t.Errorf("merged with everything: %+v", all)
	}
	if any := two.Merge(Whatever()); !any.Unnamed || any.All || len(any.Paths) != 2 || Whatever().Empty() {
		t.Errorf("merged with whatever changed: %+v", any)
	}
	if !(Batch{}).Merge(Batch{}).Empty() {
		t.Error("nothing merged with nothing is something")
	}
}
