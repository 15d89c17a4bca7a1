package main

import (
	"fmt"
	"slices"
	"time"
)

// report prints the median of each step for each way. It compares the total time of the first way
// with each other one, and the last two with each other; and the load of the first way with each
// other one.
func report(ways []way, results [][][]step) {
	totals := make([]time.Duration, len(ways))
	for i, w := range ways {
		fmt.Printf("%s, median of %d edits\n", w.name, len(results[i]))
		for _, name := range names(results[i]) {
			fmt.Printf("  %-18s %9s%s\n", name, seconds(median(results[i], func(s step) bool { return s.name == name })), sentBy(results[i], name))
		}
		totals[i] = median(results[i], func(step) bool { return true })
		fmt.Printf("  %-18s %9s\n", "edit → answer", seconds(totals[i]))
	}
	last := len(ways) - 1
	for i := 1; i < len(ways); i++ {
		fmt.Printf("ratio: %s takes %.1f times as long as %s\n", ways[0].name, totals[0].Seconds()/totals[i].Seconds(), ways[i].name)
	}
	fmt.Printf("ratio: %s takes %.1f times as long as %s\n", ways[last-1].name, totals[last-1].Seconds()/totals[last].Seconds(), ways[last].name)
	load := func(s step) bool { return s.name == "load" }
	for i := 1; i < len(ways); i++ {
		if sent(results[i], "load") == 0 {
			continue // it loads no image
		}
		fmt.Printf("ratio: kind load docker-image takes %.1f times as long as the load of %s, which sends %.4f %% of its bytes\n",
			median(results[0], load).Seconds()/median(results[i], load).Seconds(), ways[i].name, 100*float64(sent(results[i], "load"))/float64(sent(results[0], "load")))
	}
}

// names returns the names of the steps, in order of appearance.
func names(rounds [][]step) (list []string) {
	for _, s := range slices.Concat(rounds...) {
		if !slices.Contains(list, s.name) {
			list = append(list, s.name)
		}
	}
	return list
}

// sentBy returns the size of what a step sent to the nodes, or "".
func sentBy(rounds [][]step, name string) string {
	if bytes := sent(rounds, name); bytes > 0 {
		return fmt.Sprintf("  %d bytes", bytes)
	}
	return ""
}

// sent returns the median of the bytes that steps of a name sent.
func sent(rounds [][]step, name string) int64 {
	var list []int64
	for _, steps := range rounds {
		var bytes int64
		for _, s := range steps {
			if s.name == name {
				bytes += s.sent
			}
		}
		list = append(list, bytes)
	}
	slices.Sort(list)
	return list[len(list)/2]
}

// median returns the median over the rounds of the sum of the chosen steps.
func median(rounds [][]step, chosen func(step) bool) time.Duration {
	var list []time.Duration
	for _, steps := range rounds {
		list = append(list, sum(slices.DeleteFunc(slices.Clone(steps), func(s step) bool { return !chosen(s) })))
	}
	slices.Sort(list)
	return list[len(list)/2]
}

func sum(steps []step) (d time.Duration) {
	for _, s := range steps {
		d += s.took
	}
	return d
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
