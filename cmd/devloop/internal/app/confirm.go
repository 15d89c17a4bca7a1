package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"
)

// Reasons why a question was not answered with yes.
var (
	errCannotAsk = errors.New("cannot ask for confirmation: stdin is not a terminal")
	errDeclined  = errors.New("you answered no")
)

// confirm asks the user a question, and returns nil for a yes. Yes is the answer of
// scripts: nobody is asked. Where ctx ends first, as it does at Ctrl+C, it returns ctx's cause
// at once, and an answer that comes later counts for nothing.
func confirm(ctx context.Context, s Streams, yes bool, question string) error {
	if yes {
		return nil
	}
	if file, isFile := s.In.(*os.File); !isFile || !term.IsTerminal(int(file.Fd())) {
		return errCannotAsk
	}
	_, _ = fmt.Fprintf(s.Err, "%s [Y/n] ", question)
	answers := make(chan error, 1)
	go func() { // nothing can end a read of a terminal: the process's end does
		answer, err := bufio.NewReader(s.In).ReadString('\n')
		answers <- isYes(answer, err)
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

func isYes(answer string, err error) error {
	switch answer = strings.ToLower(strings.TrimSpace(answer)); {
	case err != nil || (answer != "" && answer != "y" && answer != "yes"):
		return errDeclined
	default:
		return nil
	}
}
