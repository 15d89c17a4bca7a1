package debugport

import (
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/supervisor"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/runner/render"
)

// imageWith is an image of a Dockerfile that tells its JVM something.
func imageWith(t *testing.T, c v1.Config) image.Image {
	t.Helper()
	content := must.Get(mutate.Config(empty.Image, c))(t)
	return image.Image{Name: "app:latest", Content: content}
}

func TestJVMsAreToldToLetADebuggerIn(t *testing.T) {
	t.Parallel()
	const ours = "-agentlib:jdwp=transport=dt_socket,server=y,quiet=y,suspend=n,address=127.0.0.1:17655"
	debugging, suspending := Options{On: true}, Options{On: true, Suspend: true}
	for name, c := range map[string]struct {
		debug      Options
		supervised bool
		config     v1.Config
		want       render.Debug
		port       int
	}{
		"no debugger":    {config: v1.Config{Env: []string{"JAVA_TOOL_OPTIONS=-Da"}}, port: supervisor.DebugPort},
		"a supervisor":   {debug: debugging, supervised: true, want: render.Debug{Stops: true}, port: supervisor.DebugPort},
		"a Dockerfile":   {debug: debugging, want: render.Debug{Stops: true, JVMOptions: ours}, port: supervisor.DebugPort},
		"one that waits": {debug: suspending, want: render.Debug{Stops: true, JVMOptions: strings.Replace(ours, "suspend=n", "suspend=y", 1)}, port: supervisor.DebugPort},
		"options of its own": {debug: debugging, config: v1.Config{Env: []string{"PATH=/bin", "JAVA_TOOL_OPTIONS=-Da"}},
			want: render.Debug{Stops: true, JVMOptions: ours, ImageJVMOptions: "-Da"}, port: supervisor.DebugPort},
		"a debugger of its own": {debug: debugging, config: v1.Config{Entrypoint: []string{"java", "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=*:8000", "-jar", "app.jar"}},
			want: render.Debug{Stops: true}, port: 8000},
		"one of old": {debug: debugging, config: v1.Config{Cmd: []string{"sh", "-c", "exec java -Xdebug -Xrunjdwp:transport=dt_socket,address=5005,server=y -jar app.jar"}},
			want: render.Debug{Stops: true}, port: 5005},
	} {
		img := imageWith(t, c.config)
		img.Report.Supervised = c.supervised
		got, port := jvmOptions(c.debug, manifest.Generate("app", 8080), []string{"app"}, img)
		if c.want.ImageJVMOptions == "" && got.JVMOptions == "" {
			got.ImageJVMOptions = ""
		}
		if got != c.want || port != c.port {
			t.Errorf("%s: got %+v at port %d", name, got, port)
		}
	}
}

func TestJVMThatDoesNotStartForItsDebugPortIsToldFromAnyOther(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		"ERROR: transport error 202: bind failed: JDWP transport dt_socket failed to initialize":            true,
		"Error occurred during initialization of VM: Could not find agent library jdwp on the library path": true,
		"NOTE: Picked up JDK_JAVA_OPTIONS: -agentlib:jdwp=transport=dt_socket,server=y":                     false,
		"Picked up JAVA_TOOL_OPTIONS: -agentlib:jdwp=transport=dt_socket,server=y":                          false,
		"Error: Unable to access jarfile /app/wrong.jar":                                                    false,
	} {
		if got := aboutJDWP(line); got != want {
			t.Errorf("%q: got %v", line, got)
		}
	}
}

// A manifest may name the port at which the image's own options let debuggers in. Nothing in the Pod says what it is
// for.
func TestPodsKnowTheDebugPortOfTheirImage(t *testing.T) {
	t.Parallel()
	img := imageWith(t, v1.Config{Env: []string{"JAVA_TOOL_OPTIONS=-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=*:8000"}})
	img.Ref = "app:devloop-1"
	pods := MarkImagePort([]kube.Pod{{Image: img.Ref, Ports: []int{8080, 8000}},
		{Image: "postgres", Ports: []int{5432}}}, img)
	if !pods[0].TakesHTTP(8080) || pods[0].TakesHTTP(8000) || len(pods[1].Debug) > 0 {
		t.Errorf("got %+v", pods)
	}
}
