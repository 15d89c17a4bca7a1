package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/learn"
	"github.com/devloop-cli/devloop/docs/labs"
	"github.com/devloop-cli/devloop/runner/inspect"
)

func learnCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "learn",
		Usage:     "walk through a lab for people who are new to Kubernetes",
		ArgsUsage: "[LAB]",
		Description: `Shows a lab step by step, in the directory in which you work, and goes on when it sees the
effect in the cluster. Type the commands in a second terminal; Enter goes on in any case. It
changes nothing itself. LAB is 1, a web server; 2, a Spring Boot server; or 3, three Pods and
a Deployment. Without LAB it lists them.`,
		Flags: wiring.ClusterFlags(),
		Action: wiring.UntilReaderEnds(s, func(c *cli.Context) error {
			if !c.Args().Present() {
				return listLabs(s)
			}
			number, err := strconv.Atoi(c.Args().First())
			if err != nil || number < 1 || number > labs.Count || c.NArg() > 1 {
				return &cmdline.UsageError{Err: fmt.Errorf("want a lab from 1 to %d, got %s", labs.Count,
					cmdline.Got(c.Args().Slice()))}
			}
			return walk(c, s, number)
		}),
	}
}

func listLabs(s wiring.Streams) error {
	for _, lab := range labCandidates(s.Language) {
		if _, err := fmt.Fprintf(s.Out, "devloop learn %s   %s\n", lab.word, lab.meaning); err != nil {
			return err
		}
	}
	return nil
}

func labCandidates(language string) (all []candidate) {
	for number := 1; number <= labs.Count; number++ {
		lab, err := labs.Read(number, language)
		if err != nil {
			panic(err) // the files are in the binary, and tested
		}
		title, _, _ := strings.Cut(strings.TrimPrefix(lab[0].Text, "# "), "\n")
		all = append(all, candidate{strconv.Itoa(number), title})
	}
	return all
}

func walk(c *cli.Context, s wiring.Streams, number int) error {
	lab, err := labs.Read(number, s.Language)
	if err != nil {
		return err
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	at, err := wiring.ReachCluster(c)
	if err != nil {
		return err
	}
	guide := learn.Guide{Out: s.Out, Dir: dir, Say: s.Say, Width: cmdline.TextWidth(s.Out),
		Poll: 200 * time.Millisecond}
	guide.Pods = func(ctx context.Context) (pods []learn.Pod, err error) {
		list, err := at.Pods.Viewer.List(ctx, inspect.Selection{Namespace: at.Pods.Namespace(), All: true})
		for _, p := range list {
			here := p.Project != "" && (p.Directory == dir || p.Directory == "") // the Pods of a Deployment do not say
			pods = append(pods, learn.Pod{Name: p.Name, Status: p.Status,
				Ready: p.Status == "Running" && p.Ready == len(p.Containers), Here: here})
		}
		return pods, err
	}
	if _, is := cmdline.Terminal(s.In); is {
		guide.Enter = presses(s)
	}
	if err := guide.Walk(c.Context, lab); !errors.Is(err, context.Canceled) { // Ctrl+C is how one leaves
		return err
	}
	return nil
}

// presses sends one value per press of Enter, as long as the process lives.
func presses(s wiring.Streams) <-chan struct{} {
	enter := make(chan struct{})
	go func() {
		for lines := bufio.NewScanner(s.In); lines.Scan(); {
			enter <- struct{}{}
		}
	}()
	return enter
}
