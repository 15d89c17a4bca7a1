package image

import (
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/must"
)

// TestCommandsThatARebaseLeaves are those that start the jar in a way of their own.
func TestCommandsThatARebaseLeaves(t *testing.T) {
	t.Parallel()
	jar := []string{"java", "-jar", "/app.jar"}
	for _, test := range []struct {
		name   string
		config v1.Config
		why    string
	}{
		{"java -jar", v1.Config{Entrypoint: jar}, ""},
		{"as the command", v1.Config{Cmd: jar}, ""},
		{"options and arguments", v1.Config{Entrypoint: []string{"/opt/java/bin/java", "-Xmx1g", "-jar", "app.jar", "--a=b"}}, ""},
		{"a shell", v1.Config{Entrypoint: []string{"/bin/sh", "-c", "java -jar /app.jar"}}, "its command is not java -jar"},
		{"a script", v1.Config{Entrypoint: []string{"/run.sh", "-jar", "/app.jar"}}, "its command is not java -jar"},
		{"no jar", v1.Config{Entrypoint: []string{"java", "-jar"}}, "its command is not java -jar"},
		{"no command", v1.Config{}, "its command is not java -jar"},
		{"its own debugger", v1.Config{Cmd: []string{"java", "-agentlib:jdwp=transport=dt_socket,server=y,address=5005", "-jar", "/app.jar"}}, "it opens a debug port itself"},
		{"options for each JVM", v1.Config{Entrypoint: jar, Env: []string{"JAVA_TOOL_OPTIONS=-Dx=1 -Xmx512m", "JDK_JAVA_OPTIONS="}}, ""},
		{"an agent for each JVM", v1.Config{Entrypoint: jar, Env: []string{"JAVA_TOOL_OPTIONS=-Dx=1 -javaagent:/a.jar"}}, "it sets JAVA_TOOL_OPTIONS: only one JVM of a container can have -javaagent:/a.jar"},
	} {
		img := must.Get(mutate.Config(empty.Image, test.config))(t)
		k := &maker{app: springboot.App{Exploded: &springboot.Exploded{}}}
		if _, why := k.parseCommand(img); why != test.why {
			t.Errorf("%s: got %q, want %q", test.name, why, test.why)
		}
	}
}
