package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cells"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/topics"
)

func explainCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "explain a term of Kubernetes, such as CrashLoopBackOff",
		ArgsUsage: "[TERM]",
		Description: `Explains a status, a setting or an error of Kubernetes: what it means, what causes it, and what
to do, in English or Korean. Without TERM it lists all topics. It needs no cluster.`,
		Flags:  []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print JSON"}},
		Action: func(c *cli.Context) error { return explain(c, s) },
	}
}

// allTopics returns the topics of package topics and the exit codes, whose table is in package cmdline.
func allTopics(language string) []topics.Topic {
	say := wiring.Streams{Language: language}.Say
	all := append(topics.All(language), topics.Topic{
		Word: "exit-codes", Also: []string{"exit-code", "exit-status"}, Title: say("what devloop's exit codes mean"),
		Text: cmdline.ExitCodes(say) + "\n",
	})
	slices.SortFunc(all,
		func(a, b topics.Topic) int { return strings.Compare(strings.ToLower(a.Word), strings.ToLower(b.Word)) })
	return all
}

func explain(c *cli.Context, s wiring.Streams) error {
	all := allTopics(s.Language)
	if !c.Args().Present() {
		return listTopics(c, s.Out, all)
	}
	topic, err := topics.Find(strings.Join(c.Args().Slice(), " "), all)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return wiring.PrintJSON(s.Out, topic)
	}
	_, err = io.WriteString(s.Out, topics.Fit(topic.Word+": "+topic.Title+"\n\n"+topic.Text, cmdline.TextWidth(s.Out)))
	return err
}

func listTopics(c *cli.Context, out io.Writer, all []topics.Topic) error {
	if c.Bool("json") {
		return wiring.PrintJSON(out, all)
	}
	for _, t := range all {
		line := fmt.Sprintf("%-20s %s", t.Word, t.Title)
		if width := cmdline.TextWidth(out); cells.Width(line) > width {
			line = t.Word + "\n    " + strings.Join(cells.Wrap(t.Title, width-4), "\n    ")
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}
