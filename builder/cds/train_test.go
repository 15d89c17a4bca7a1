package cds

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/javac/javactest"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// stubs are what Train needs of Spring. This Spring starts only without the configuration p.Guilty.
var stubs = map[string]string{
	"org/springframework/boot/SpringApplication": `package org.springframework.boot;
public class SpringApplication {
  public static org.springframework.context.ConfigurableApplicationContext run(Class<?> c, String... args) {
    System.out.println("started with " + String.join(" ", args));
    if (args.length > 1) throw new IllegalStateException("enough");
    throw new org.springframework.beans.factory.BeanCreationException();
  }
}
`,
	"org/springframework/beans/factory/BeanCreationException": `package org.springframework.beans.factory;
public class BeanCreationException extends RuntimeException { public String getResourceDescription() { return "class path resource [p/Guilty.class]"; } }
`,
	"org/springframework/context/ConfigurableApplicationContext": `package org.springframework.context;
public interface ConfigurableApplicationContext extends java.io.Closeable { org.springframework.core.env.ConfigurableEnvironment getEnvironment(); void close(); }
`,
	"org/springframework/core/env/ConfigurableEnvironment": "package org.springframework.core.env;\npublic interface ConfigurableEnvironment { String getProperty(String key); }\n",
}

// TestTrainGivesNoEmptyOption: Spring Boot 2.1 refuses one.
func TestTrainGivesNoEmptyOption(t *testing.T) {
	t.Parallel()
	src, classes := t.TempDir(), t.TempDir()
	var sources []string
	file := func(dir, name, text string) string {
		return testfile.Write(t, dir, name, text)
	}
	for name, text := range stubs {
		sources = append(sources, file(src, name+".java", text))
	}
	javactest.Compile(t, classes, nil, sources)
	file(classes, "META-INF/spring/org.springframework.boot.autoconfigure.AutoConfiguration.imports", "p.Guilty\n")
	out, err := exec.Command("java", "-cp", classes+string(filepath.ListSeparator)+".",
		"io.github.devloop_cli.Train").Output()
	want := "started with --server.port=0\nstarted with --server.port=0 --spring.autoconfigure.exclude=p.Guilty\n"
	if got := strings.ReplaceAll(string(out), "\r", ""); err != nil || !strings.HasPrefix(got, want) {
		t.Errorf("got %s, %v", got, err)
	}
}
