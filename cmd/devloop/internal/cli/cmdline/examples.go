package cmdline

import (
	"regexp"
	"strings"
)

// examples are what help shows of a command's use: a line to type, and what it is for.
var examples = map[string][][2]string{
	"run": {
		{"devloop run", "the project in this directory"},
		{"devloop run --env SPRING_PROFILES_ACTIVE=dev", "with a variable for the application"},
		{"devloop run --debug", "with a debugger at localhost:5005"},
		{"devloop run ../shop --port 9090", "another project, at localhost:9090"},
	},
	"deploy": {
		{"devloop deploy", "the project in this directory"},
		{"devloop deploy --forward", "and keep localhost open until Ctrl+C"},
		{"devloop deploy --json", "one JSON line per event, for scripts"},
		{"devloop deploy --dockerfile none --explain", "without its Dockerfile, and say what is in the image"},
	},
	"setup": {
		{"devloop setup", "lists the changes, and asks once"},
		{"devloop setup --yes", "without questions, for scripts"},
		{"devloop setup --only docker,cluster", "these steps only"},
	},
	"doctor": {
		{"devloop doctor", "check this machine"},
		{"devloop doctor >report.txt", "keep the report"},
	},
	"bundle": {{"devloop bundle --output images.tar", "then, elsewhere: devloop setup --images images.tar"}},
	"down":   {{"devloop down", "remove what the project in this directory has in the cluster"}},
	"cluster": {{"devloop cluster stop", "free its memory until the next start"},
		{"devloop cluster delete", "remove it with all that is in it"}},
	"cluster start":  {{"devloop cluster start", ""}},
	"cluster stop":   {{"devloop cluster stop", ""}},
	"cluster delete": {{"devloop cluster delete --yes", "without a question, for scripts"}},
	"version":        {{"devloop version --json", "for scripts"}},
	"status": {{"devloop status", "all projects"}, {"devloop status .", "the project in this directory"},
		{"devloop status --all", "other Pods, too"}, {"devloop status --watch", "and each change"}},
	"describe": {{"devloop describe web", "the Pod, or the Deployment, web"}},
	"logs": {
		{"devloop logs web", "the whole log"},
		{"devloop logs web -f --tail 20", "the last 20 lines, and what follows"},
		{"devloop logs web worker -f --grep ERROR", "several Pods, and their next ones"},
		{"devloop logs web --previous", "what a crashed container said"},
	},
	"exec": {{"devloop exec web -- curl localhost:8080", "run one command"},
		{"devloop exec web -- sh", "open a shell"}},
	"forward": {{"devloop forward web 8080", "localhost:8080 to the Pod's 8080"},
		{"devloop forward web 9090:8080", "localhost:9090 to the Pod's 8080"}},
	"open": {{"devloop open", "what devloop run keeps open"}, {"devloop open --ui",
		"the page that shows the session"}, {"devloop open web --print", "only the address of the Pod web"}},
	"explain": {{"devloop explain", "list the topics"}, {"devloop explain CrashLoopBackOff", ""},
		{"devloop explain Pod --lang ko", "in Korean"}},
	"learn": {{"devloop learn 1", "in an empty directory"}, {"devloop learn 1 --lang ko", "in Korean"}},
	"wait": {
		{"devloop wait && curl localhost:8080", "the answer is that of the code saved before"},
		{"curl $(devloop wait --timeout 30s)", "with the address that it prints"},
	},
	"trigger": {{"devloop trigger", "build what changed"},
		{"devloop trigger --pod && devloop wait", "a new Pod, and wait for it"}},
	"events": {{"devloop events", "as in the terminal of devloop run"},
		{"devloop events --json | jq .event", "for programs"}},
	"stats": {{"devloop stats", "the project in this directory"},
		{"devloop stats --all --json", "all projects, for scripts"}},
	"mcp": {{"claude mcp add devloop -- devloop mcp", "for a coding assistant, once a project"}},
	"init": {{"devloop init", "write devloop.yaml"}, {"devloop init --print", "only show it"},
		{"devloop init --vscode", "tasks and a debugger for the editor"}},
	"config":     {{"devloop config", "the settings of the project in this directory"}},
	"schema":     {{"devloop schema >devloop.schema.json", ""}, {"devloop schema --events", "of the lines of --json"}},
	"completion": {{"source <(devloop completion bash)", "for this shell"}},
	"man":        {{"devloop man | man -l -", "read it"}},
	"apply": {{"devloop apply -f pod.yaml", "one file"},
		{"devloop apply -f k8s --load", "a directory, with this machine's images"}},
	"delete": {{"devloop delete web", "whatever devloop made by that name"},
		{"devloop delete pod web", "the Pod only"}},
}

// Start is what `devloop` alone says: short enough for a small terminal, with the next step at its end.
const Start = `devloop runs your Spring Boot project in a local Kubernetes cluster, and keeps
localhost up to date while you edit it.

  devloop setup      prepare this machine: Docker, a kind cluster
  devloop run        deploy the project here, and again at every save
  devloop deploy     deploy it once
  devloop down       remove it from the cluster
  devloop status     list Pods with their status and why they are not ready
  devloop logs       print a Pod's log
  devloop explain    explain a term of Kubernetes, such as CrashLoopBackOff

All commands: devloop help. A command's flags: devloop COMMAND --help.

To begin, type:

  devloop setup
  cd your-project && devloop run
`

// besideCommand matches a command in Start and what it does.
var besideCommand = regexp.MustCompile(`(?m)^(  devloop \S+ +)(\S.*)$`)

// StartIn returns Start in another language. Each paragraph, and what a command does, is a message.
func StartIn(say func(message string) string) string {
	paragraphs := strings.Split(Start, "\n\n")
	for i, p := range paragraphs {
		if message := strings.Join(strings.Fields(p), " "); say(message) != message {
			paragraphs[i] = say(message)
		}
		paragraphs[i] = besideCommand.ReplaceAllStringFunc(paragraphs[i], func(line string) string {
			m := besideCommand.FindStringSubmatch(line)
			return m[1] + say(m[2])
		})
	}
	return strings.Join(paragraphs, "\n\n")
}

// OwnFlags is the heading of the flags that a command shares with no other one.
const OwnFlags = "Flags"

// flagGroups are the headings of commands with many flags, each with its flags.
var flagGroups = []struct {
	heading string
	flags   []string
}{
	{"Project", []string{"module", "build-tool", "manifest", "image-name", "env", "adopt", "cleanup"}},
	{"Build and image", []string{"compiler", "full-build", "dockerfile", "build-arg", "target", "base-image", "run-as",
		"fast-start", "without", "explain"}},
	{"Local ports", []string{"port", "address", "wait", "forward", "livereload"}},
	{"Saves", []string{"path", "keep-serving", "poll", "watch", "ignore"}},
	{"Debugging", []string{"debug", "debug-port", "suspend"}},
	{"Pod", []string{"timeout", "keep"}},
	{"Cluster", []string{"kubeconfig", "context", "namespace", "allow-context", "cluster"}},
	{"Output", []string{"json", "quiet", "verbose", "progress", "color", "notify", "lang"}},
}

// grouped is the number of flags from which on they stand in groups.
const grouped = 12
