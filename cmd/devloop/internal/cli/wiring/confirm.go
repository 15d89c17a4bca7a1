package wiring

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/term"
)

// Reasons why a question was not answered with yes.
var (
	errCannotAsk = errors.New("cannot ask for confirmation: stdin is not a terminal")
	errDeclined  = errors.New("you answered no")
)

// Confirm asks the user a question to which Enter means yes, and returns nil for a yes. With yes, it does not ask. If
// ctx ends first, as at Ctrl+C, it returns ctx's cause at once and ignores a later answer.
func Confirm(ctx context.Context, s Streams, yes bool, question string) error {
	return ask(ctx, s, yes, s.Say(question)+" [Y/n] ", "", "y", "yes")
}

// ConfirmLoss is confirm for what can't be undone: Enter is a no.
func ConfirmLoss(ctx context.Context, s Streams, yes bool, question string) error {
	return ask(ctx, s, yes, s.Say(question)+" [y/N] ", "y", "yes")
}

func ask(ctx context.Context, s Streams, yes bool, prompt string, agreeing ...string) error {
	if yes {
		return nil
	}
	answer, err := readAnswer(ctx, s, prompt)
	if err == nil && !slices.Contains(agreeing, strings.ToLower(answer)) {
		err = errDeclined
	}
	return err
}

// Choose asks which of several answers is right. Asked is false if stdin is no terminal, or if none was chosen.
func Choose(ctx context.Context, s Streams, question string, answers []string) (answer string, asked bool, err error) {
	prompt := s.Say(question) + "\n"
	for i, a := range answers {
		prompt += fmt.Sprintf("  %d  %s\n", i+1, a)
	}
	text, err := readAnswer(ctx, s, prompt+fmt.Sprintf("[1-%d] ", len(answers)))
	if errors.Is(err, errCannotAsk) {
		return "", false, nil
	}
	if number, wrong := strconv.Atoi(text); err == nil && wrong == nil && number > 0 && number <= len(answers) {
		return answers[number-1], true, nil
	}
	return "", false, err
}

// readAnswer prompts, and returns the line that the user types. Where ctx ends first it returns ctx's cause.
func readAnswer(ctx context.Context, s Streams, prompt string) (string, error) {
	if file, isFile := s.In.(*os.File); !isFile || !term.IsTerminal(int(file.Fd())) {
		return "", errCannotAsk
	}
	_, _ = fmt.Fprint(s.Err, prompt)
	type typed struct {
		line string
		err  error
	}
	answers := make(chan typed, 1)
	go func() { // nothing can end a read of a terminal: the process's end does
		line, err := bufio.NewReader(s.In).ReadString('\n')
		answers <- typed{strings.TrimSpace(line), err}
	}()
	select {
	case t := <-answers:
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		return t.line, t.err
	case <-ctx.Done():
		_, _ = fmt.Fprintln(s.Err)
		return "", context.Cause(ctx)
	}
}
