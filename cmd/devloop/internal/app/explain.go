package app

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/teach"
)

func explainCommand(s Streams) *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "explain a term of Kubernetes, such as CrashLoopBackOff",
		ArgsUsage: "[TERM]",
		Description: `Says in short what a status, a setting or a surprise of Kubernetes means, how it comes
about, and what to do. Without WORD it lists what it knows. It needs no cluster.`,
		Flags:  []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print JSON"}},
		Action: func(c *cli.Context) error { return explain(c, s) },
	}
}

// topics are those of package teach, and the exit codes, whose table is here.
func topics() []teach.Topic {
	all := append(teach.Topics(), teach.Topic{
		Word: "exit-codes", Also: []string{"exit-code", "exit-status"}, Title: "what devloop's exit codes mean", Text: exitCodes + "\n",
	})
	slices.SortFunc(all, func(a, b teach.Topic) int { return strings.Compare(strings.ToLower(a.Word), strings.ToLower(b.Word)) })
	return all
}

func explain(c *cli.Context, s Streams) error {
	if !c.Args().Present() {
		return listTopics(c, s.Out)
	}
	topic, err := teach.Find(strings.Join(c.Args().Slice(), " "), topics())
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(s.Out, topic)
	}
	_, err = fmt.Fprintf(s.Out, "%s: %s\n\n%s", topic.Word, topic.Title, topic.Text)
	return err
}

func listTopics(c *cli.Context, out io.Writer) error {
	all := topics()
	if c.Bool("json") {
		return printJSON(out, all)
	}
	for _, t := range all {
		if _, err := fmt.Fprintf(out, "%-20s %s\n", t.Word, t.Title); err != nil {
			return err
		}
	}
	return nil
}
