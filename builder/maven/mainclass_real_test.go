package maven

import (
	"path/filepath"
	"testing"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/javac/javactest"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// TestApplicationWithoutAPlugin: the pom.xml names no main class, and makes no executable jar.
func TestApplicationWithoutAPlugin(t *testing.T) {
	t.Parallel()
	real.Java(t)
	const (
		boot     = "package org.springframework.boot.autoconfigure; public @interface SpringBootApplication { }"
		started  = "class App { public static void main(String[] args) { } }"
		library  = "class Library { void main() { } }"
		annotate = "@org.springframework.boot.autoconfigure.SpringBootApplication "
	)
	for name, test := range map[string]struct {
		sources map[string]string
		want    string
	}{
		"one main class":                       {map[string]string{"App.java": "package com.example; " + started, "Library.java": library}, "com.example.App"},
		"no main class":                        {map[string]string{"Library.java": library}, ""},
		"several":                              {map[string]string{"App.java": started, "p/App.java": "package p; " + started}, ""},
		"several, and one of them is Spring's": {map[string]string{"App.java": started, "p/App.java": "package p; " + annotate + started, "SpringBootApplication.java": boot}, "p.App"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			var files []string
			for file, text := range test.sources {
				files = append(files, testfile.Write(t, dir, filepath.Join("src", file), text))
			}
			classes := filepath.Dir(testfile.Write(t, dir, "target/classes/broken.class", "no class"))
			javactest.Compile(t, classes, nil, files)
			one, err := Maven{}.Application(buildtool.Build{Dir: dir, Root: dir},
				[]buildtool.Module{{Directory: dir, Classes: []string{classes}}})
			if one.MainClass != test.want || (test.want == "") != (fault.Of(err).Code == "project.unsupported") {
				t.Errorf("got %q, %v", one.MainClass, err)
			}
		})
	}
}
