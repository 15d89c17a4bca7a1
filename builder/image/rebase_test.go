package image

import (
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
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
		{"after what prepares the container", v1.Config{Entrypoint: []string{"/__cacert_entrypoint.sh"}, Cmd: jar}, ""},
		{"below an init", v1.Config{Entrypoint: []string{"tini", "--", "java", "-jar", "/app.jar"}}, ""},
		{"a shell without need", v1.Config{Entrypoint: []string{"/bin/sh", "-c", "exec java -Xmx1g -jar /app.jar"}}, ""},
		{"a shell that hides a CMD", v1.Config{Entrypoint: []string{"/bin/sh", "-c", "java -jar /app.jar"}, Cmd: []string{"--a=b"}},
			"its command does not start java with the jar or its classes"},
		{"a shell", v1.Config{Entrypoint: []string{"/bin/sh", "-c", "java $JAVA_OPTS -jar /app.jar"}}, "its command does not start java with the jar or its classes"},
		{"a script", v1.Config{Entrypoint: []string{"/run.sh", "-jar", "/app.jar"}}, "its command does not start java with the jar or its classes"},
		{"no jar", v1.Config{Entrypoint: []string{"java", "-jar"}}, "its command does not start java with the jar or its classes"},
		{"no command", v1.Config{}, "its command does not start java with the jar or its classes"},
		{"Boot's launcher", v1.Config{Entrypoint: []string{"java", "-Xmx1g", "org.springframework.boot.loader.launch.JarLauncher"}}, ""},
		{"a class path", v1.Config{Entrypoint: []string{"java", "-cp", "app:app/lib/*", "hello.Application", "--a=b"}}, ""},
		{"a class path without a class", v1.Config{Entrypoint: []string{"java", "-cp", "app"}}, "its command does not start java with the jar or its classes"},
		{"options after the class path", v1.Config{Entrypoint: []string{"java", "-cp", "app", "-Xmx1g", "hello.Application"}}, "its command does not start java with the jar or its classes"},
		{"another launcher", v1.Config{Entrypoint: []string{"java", "org.springframework.boot.loader.launch.PropertiesLauncher"}}, "its command does not start java with the jar or its classes"},
		{"its own debugger", v1.Config{Cmd: []string{"java", "-agentlib:jdwp=transport=dt_socket,server=y,address=5005", "-jar", "/app.jar"}}, "it opens a debug port itself"},
		{"options for each JVM", v1.Config{Entrypoint: jar, Env: []string{"JAVA_TOOL_OPTIONS=-Dx=1 -Xmx512m", "JDK_JAVA_OPTIONS="}}, ""},
		{"an agent for each JVM", v1.Config{Entrypoint: jar, Env: []string{"JAVA_TOOL_OPTIONS=-Dx=1 -javaagent:/a.jar"}}, "it sets JAVA_TOOL_OPTIONS: only one JVM of a container can have -javaagent:/a.jar"},
	} {
		if _, _, why := (Options{}).parseCommand(test.config); why != test.why {
			t.Errorf("%s: got %q, want %q", test.name, why, test.why)
		}
	}
}

// TestArgumentsOfThePod follow an ENTRYPOINT, and would take the place of a CMD.
func TestArgumentsOfThePod(t *testing.T) {
	t.Parallel()
	jar := []string{"java", "-jar", "/app.jar"}
	shell := []string{"/bin/sh", "-c", "java -jar /app.jar"}
	if _, _, why := (Options{Arguments: true}).parseCommand(v1.Config{Entrypoint: shell}); why == "" {
		t.Error("a shell in the ENTRYPOINT would hide them from the application")
	}
	const want = "the Pod's arguments take the place of its CMD"
	if _, _, why := (Options{Arguments: true}).parseCommand(v1.Config{Entrypoint: jar}); why != "" {
		t.Errorf("of an ENTRYPOINT: %s", why)
	}
	if _, _, why := (Options{Arguments: true}).parseCommand(v1.Config{Cmd: jar}); why != want {
		t.Errorf("of a CMD: %q, want %q", why, want)
	}
}
