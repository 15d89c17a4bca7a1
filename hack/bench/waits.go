package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// waits makes n edits of a method in one session of devloop run, each followed by devloop wait. It prints how much longer
// than the cycle of the edit each wait took.
func (b *bench) waits(ctx context.Context, sample string, n int) error {
	devloop, err := filepath.Abs(b.devloop)
	if err != nil {
		return err
	}
	w := way{name: "devloop run", namespace: "bench-waits"}
	dir, end, err := b.prepare(ctx, w, sample)
	if err != nil {
		return err
	}
	defer end()
	opened, err := b.byRun(ctx, w, dir)
	if err != nil {
		return err
	}
	defer func() { _ = opened.close() }()
	session := opened.(*run)
	var longer []time.Duration
	for round := range warmUp + n {
		time.Sleep(b.pause)
		if err := edits[0].make(dir, text(edits[0], round), round); err != nil {
			return err
		}
		began := time.Now()
		if err := b.command(ctx, dir, io.Discard, devloop, "wait"); err != nil {
			return err
		}
		waited := time.Since(began)
		if _, err := session.cycle(ctx); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "round %d: waited %s for a cycle of %s\n", round, seconds(waited), seconds(session.took))
		if round >= warmUp {
			longer = append(longer, waited-session.took)
		}
	}
	slices.Sort(longer)
	fmt.Printf("devloop wait took %v longer than the cycle in the median of %d edits, %v at most\n", longer[len(longer)/2], n, longer[len(longer)-1])
	return nil
}
