package wiring

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"
)

// Reasons why a question was not answered with yes.
var (
	errCannotAsk = errors.New("cannot ask for confirmation: stdin is not a terminal")
	errDeclined  = errors.New("you answered no")
)

// Confirm asks the user a question to which Enter is a yes, and returns nil for a yes. Yes is
// the answer of scripts: nobody is asked. Where ctx ends first, as it does at Ctrl+C, it returns ctx's cause
// at once, and an answer that comes later counts for nothing.
func Confirm(ctx context.Context, s Streams, yes bool, question string) error {
	return ask(ctx, s, yes, question+" [Y/n] ", "", "y", "yes")
}

// ConfirmLoss is confirm for what can't be undone: Enter is a no.
func ConfirmLoss(ctx context.Context, s Streams, yes bool, question string) error {
	return ask(ctx, s, yes, question+" [y/N] ", "y", "yes")
}

func ask(ctx context.Context, s Streams, yes bool, prompt string, agreeing ...string) error {
	if yes {
		return nil
	}
	if file, isFile := s.In.(*os.File); !isFile || !term.IsTerminal(int(file.Fd())) {
		return errCannotAsk
	}
	_, _ = fmt.Fprint(s.Err, prompt)
	answers := make(chan error, 1)
	go func() { // nothing can end a read of a terminal: the process's end does
		answer, err := bufio.NewReader(s.In).ReadString('\n')
		if err == nil && !slices.Contains(agreeing, strings.ToLower(strings.TrimSpace(answer))) {
			err = errDeclined
		}
		answers <- err
	}()
	select {
	case err := <-answers:
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	case <-ctx.Done():
		_, _ = fmt.Fprintln(s.Err)
		return context.Cause(ctx)
	}
}
