package optimization

import (
	"slices"
	"testing"
)

func texts(options []Option) (all []string) {
	for _, o := range options {
		all = append(all, o.Text)
	}
	return all
}

func TestLaunchOptions(t *testing.T) {
	t.Parallel()
	manifest := map[string]string{"Add-Opens": "java.base/java.lang java.base/java.util",
		"Add-Exports": "java.base/sun.nio.ch"}
	want := []string{"--add-exports=java.base/sun.nio.ch=ALL-UNNAMED", "--add-opens=java.base/java.lang=ALL-UNNAMED",
		"--add-opens=java.base/java.util=ALL-UNNAMED"}
	if got := texts(Launch(manifest, 17)); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := Launch(manifest, 8); got != nil {
		t.Errorf("Java 8 knows no %v", got)
	}
}
