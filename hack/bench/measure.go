package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// opened is a way that has deployed a sample.
type opened struct {
	way
	place
	session
	deployed time.Duration
	round    int         // of its own
	results  [][]outcome // by edit
}

// measure makes each edit of a sample in each way, in turns, and prints what it took.
func (b *bench) measure(ctx context.Context, s sample) error {
	var all []*opened
	for _, w := range b.ways() {
		o, end, err := b.open(ctx, w, s)
		if err != nil {
			return err
		}
		defer end()
		all = append(all, o)
	}
	err := b.rounds(ctx, all, len(s.edits))
	report(os.Stdout, s, all)
	return err
}

// rounds makes all edits.
func (b *bench) rounds(ctx context.Context, all []*opened, edits int) error {
	rounds, warmUp := 0, 0
	for _, o := range all {
		rounds, warmUp = max(rounds, o.rounds), max(warmUp, o.warmUp)
	}
	for round := range warmUp + rounds {
		for i := range edits {
			for _, o := range all {
				if !o.takesPart(round-warmUp, rounds) {
					continue
				}
				if err := b.edit(ctx, o, i); err != nil {
					return fmt.Errorf("%s, %s: %w", o.edits[i].name, o.title, err)
				}
			}
		}
		for _, o := range all {
			if o.takesPart(round-warmUp, rounds) {
				o.round++
			}
		}
	}
	return nil
}

// open deploys a sample in a way; end closes it.
func (b *bench) open(ctx context.Context, w way, s sample) (*opened, func(), error) {
	p, remove, err := b.prepare(ctx, w, s)
	if err != nil {
		return nil, nil, err
	}
	began := time.Now()
	session, err := w.open(ctx, p)
	if err != nil {
		remove()
		return nil, nil, fmt.Errorf("%s: %w", w.title, err)
	}
	o := &opened{way: w, place: p, session: session, deployed: time.Since(began),
		results: make([][]outcome, len(s.edits))}
	fmt.Fprintf(os.Stderr, "%s, %s: deployed in %s\n", s.dir, w.title, seconds(o.deployed))
	end := func() { _ = session.close(); remove() }
	return o, end, nil
}

// takesPart says whether the way takes part in a round; those below 0 warm up. Ways with fewer rounds spread them.
func (o *opened) takesPart(round, rounds int) bool {
	if round < 0 {
		return -round <= o.warmUp
	}
	return round*o.rounds/rounds != (round+1)*o.rounds/rounds
}

// edit makes one edit.
func (b *bench) edit(ctx context.Context, o *opened, i int) error {
	e := o.edits[i]
	if b.saves == 0 {
		time.Sleep(b.pause - time.Since(b.ended)) // what devloop does after a save is in nobody's way
	}
	began := time.Now()
	if err := e.make(o.dir, o.round); err != nil {
		return err
	}
	if err := o.arrive(ctx, e.page, e.text(o.round)); err != nil {
		return err
	}
	took := time.Since(began)
	var files []string
	for _, c := range e.changes {
		files = append(files, c.file)
	}
	result, err := o.outcome(ctx, files)
	if err != nil {
		return err
	}
	if result.took = took; o.warmUp > 0 {
		b.ended = time.Now()
	}
	line := fmt.Sprintf("round %d, %s, %s: %s %s", o.round, e.name, o.title, result.path, seconds(took))
	if b.verbose {
		line += " (" + strings.Join(result.stages, ", ") + ")"
	}
	fmt.Fprintln(os.Stderr, line)
	if o.round >= o.warmUp {
		o.results[i] = append(o.results[i], result)
	}
	return nil
}

// waits makes edits of a method in one session of devloop run, each followed by devloop wait. It prints how much longer
// than the cycle of the edit each wait took.
func (b *bench) waits(ctx context.Context, s sample) error {
	o, end, err := b.open(ctx, way{name: "waits", title: "devloop run", open: b.byRun()}, s)
	if err != nil {
		return err
	}
	defer end()
	var longer []time.Duration
	for round := range b.n {
		time.Sleep(b.pause)
		if err := o.edits[0].make(o.dir, round); err != nil {
			return err
		}
		began := time.Now()
		if err := b.command(ctx, o.dir, io.Discard, b.devloop, "wait"); err != nil {
			return err
		}
		waited := time.Since(began)
		if _, err := o.outcome(ctx, []string{o.edits[0].changes[0].file}); err != nil {
			return err
		}
		longer = append(longer, waited-o.session.(*run).took)
	}
	slices.Sort(longer)
	fmt.Printf("devloop wait took %v longer than the cycle in the median of %d edits, %v at most\n",
		percentile(longer, 50), b.n, percentile(longer, 100))
	return nil
}
