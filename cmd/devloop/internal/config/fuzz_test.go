package config

import (
	"testing"

	"github.com/devloop-cli/devloop/internal/testfile"
	"github.com/devloop-cli/devloop/internal/yamlfile"
)

// FuzzFile reads the devloop.yaml of a project from anywhere.
func FuzzFile(f *testing.F) {
	broken := testfile.Read(f, "testdata/broken.yaml")
	f.Add(broken)
	f.Add([]byte("version: 1\nport: &p [8080, *p]\nenv: {<<: *p}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, p := range (Config{}).readDocument(yamlfile.New(File, text), "/project") {
			_ = p.String()
		}
	})
}
