package settings

import (
	"bytes"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/builder/project"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/config"
)

// These patterns fit the lines of devloop in each language, and those that begin with the name of a service.
const (
	service = `^(?:\S+\s+\| )?`
	// problemPattern finds a compiler's message in the output: file, line, column, text. Of a single error it stands
	// behind "error: compile:", otherwise in a line of its own.
	problemPattern = service + `\s*│?\s*(?:\S+: ){0,2}([^\s:][^:]*\.(?:java|kt|groovy)):(\d+):(?:(\d+):)? (.*)$`
	// A build begins and ends with these lines.
	beginPattern = service + `(?:cycle \d+ because |사이클 \d+ · |\S+ → )`
	endPattern   = service + `(?:done\b|완료|error: |오류: )`
)

type object = map[string]any

func ideDrafts(c *cli.Context) (drafts []draft, err error) {
	debugPort, _, err := config.Port(c.String("debug-port"))
	if err != nil {
		return nil, err
	}
	if c.Bool("vscode") {
		if drafts, err = vscodeDrafts(debugPort); err != nil {
			return nil, err
		}
	}
	if c.Bool("idea") {
		drafts = append(drafts, draft{".run/devloop run.run.xml", []byte(ideaRun)},
			draft{".run/devloop debugger.run.xml", fmt.Appendf(nil, ideaDebug, debugPort)})
	}
	return drafts, nil
}

func writeIDE(c *cli.Context, s wiring.Streams, d wiring.Display) error {
	dir, err := wiring.Directory(c)
	if err != nil {
		return err
	}
	if err := project.CheckDir(dir); err != nil {
		return err
	}
	drafts, err := ideDrafts(c)
	if err != nil {
		return err
	}
	if !c.Bool("print") {
		return writeDrafts(dir, drafts, c.Bool("force"), d)
	}
	for _, f := range drafts {
		if _, err := s.Out.Write(f.text); err != nil {
			return err
		}
	}
	return nil
}

// vscodeDrafts are of https://code.visualstudio.com/docs/editor/tasks: a task that runs, one that debugs.
func vscodeDrafts(debugPort int) ([]draft, error) {
	task := func(label string, args ...string) object {
		return object{
			"label": label, "type": "process", "command": "devloop", "args": append([]string{"run"}, args...),
			"isBackground": true,
			"presentation": object{"panel": "dedicated"},
			"problemMatcher": object{
				"owner": "java", "source": "devloop", "fileLocation": []string{"relative", "${workspaceFolder}"},
				"pattern":    object{"regexp": problemPattern, "file": 1, "line": 2, "column": 3, "message": 4},
				"background": object{"activeOnStart": true, "beginsPattern": beginPattern, "endsPattern": endPattern},
			},
		}
	}
	const debug = "devloop run --debug"
	tasks, err := jsonText(object{"version": "2.0.0",
		"tasks": []object{task("devloop run"), task(debug, "--debug", fmt.Sprintf("--debug-port=%d", debugPort))}})
	if err != nil {
		return nil, err
	}
	launch, err := jsonText(object{"version": "0.2.0", "configurations": []object{{
		"type": "java", "name": "devloop: attach", "request": "attach", "hostName": "localhost", "port": debugPort,
		"preLaunchTask": debug,
	}}})
	return []draft{{".vscode/tasks.json", tasks}, {".vscode/launch.json", launch}}, err
}

func jsonText(v any) ([]byte, error) {
	var b bytes.Buffer
	err := wiring.PrintJSON(&b, v)
	return b.Bytes(), err
}

// ideaRun and ideaDebug are shared run configurations of IntelliJ IDEA: a shell script, and "Remote JVM Debug", which
// attaches again when a JVM has been replaced.
const ideaRun = `<component name="ProjectRunConfigurationManager">
  <configuration default="false" name="devloop run" type="ShConfigurationType">
    <option name="SCRIPT_TEXT" value="devloop run --debug" />
    <option name="INDEPENDENT_SCRIPT_WORKING_DIRECTORY" value="true" />
    <option name="SCRIPT_WORKING_DIRECTORY" value="$PROJECT_DIR$" />
    <option name="EXECUTE_IN_TERMINAL" value="true" />
    <option name="EXECUTE_SCRIPT_FILE" value="false" />
    <method v="2" />
  </configuration>
</component>
`

const ideaDebug = `<component name="ProjectRunConfigurationManager">
  <configuration default="false" name="devloop debugger" type="Remote">
    <option name="USE_SOCKET_TRANSPORT" value="true" />
    <option name="SERVER_MODE" value="false" />
    <option name="HOST" value="localhost" />
    <option name="PORT" value="%d" />
    <option name="AUTO_RESTART" value="true" />
    <method v="2" />
  </configuration>
</component>
`
