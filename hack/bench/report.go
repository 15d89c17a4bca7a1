package main

import (
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"
)

// report writes tables in Markdown: each edit in each way, and each path of devloop run over all edits.
func report(out io.Writer, s sample, all []*opened) {
	fmt.Fprintf(out, "\n`%s`, from the save to the new answer, on %d cores of %s/%s:\n\n", s.dir, runtime.NumCPU(),
		runtime.GOOS, runtime.GOARCH)
	fmt.Fprintln(out, "| edit | way | path | n | median | p95 | slowest | sent to a node | by hand takes |")
	fmt.Fprintln(out, "|---|---|---|---|---|---|---|---|---|")
	for i, e := range s.edits {
		for _, o := range all {
			if len(o.results[i]) == 0 {
				continue // the measurement was ended
			}
			ratio, sent := "", []int64{}
			if byHand := percentile(took(all[0].results[i]), 50); o != all[0] && byHand > 0 {
				ratio = times(byHand, percentile(took(o.results[i]), 50))
			}
			paths := map[string]bool{}
			var names []string
			for _, r := range o.results[i] {
				sent = append(sent, r.sent)
				if !paths[r.path] {
					paths[r.path], names = true, append(names, r.path)
				}
			}
			slices.Sort(sent)
			fmt.Fprintf(out, "| %s | %s | %s | %s | %s | %s |\n",
				e.name, o.title, strings.Join(names, ", "), figures(o.results[i]), size(percentile(sent, 50)), ratio)
		}
	}
	fmt.Fprintln(out, "\n| path of devloop run | n | median | p95 | slowest |\n|---|---|---|---|---|")
	byPath := map[string][]outcome{}
	for _, r := range slices.Concat(all[len(all)-1].results...) {
		byPath[r.path] = append(byPath[r.path], r)
	}
	for _, path := range slices.Sorted(maps.Keys(byPath)) {
		fmt.Fprintf(out, "| %s | %s |\n", path, figures(byPath[path]))
	}
	var first []string
	for _, o := range all {
		first = append(first, o.title+" "+seconds(o.deployed))
	}
	fmt.Fprintf(out, "\nFirst deploy: %s.\n", strings.Join(first, ", "))
}

// figures returns four cells of a table: n, median, p95, slowest.
func figures(results []outcome) string {
	sorted := took(results)
	return fmt.Sprintf("%d | %s | %s | %s", len(sorted),
		seconds(percentile(sorted, 50)), seconds(percentile(sorted, 95)), seconds(percentile(sorted, 100)))
}

// took returns how long edits took, the fastest first.
func took(results []outcome) (list []time.Duration) {
	for _, r := range results {
		list = append(list, r.took)
	}
	slices.Sort(list)
	return list
}

// times says how many times as long a takes as b.
func times(a, b time.Duration) string {
	ratio, digits := a.Seconds()/b.Seconds(), 0
	if ratio < 10 {
		digits = 1
	}
	return fmt.Sprintf("%.*f times as long", digits, ratio)
}

// percentile returns the smallest of sorted values that p percent of them do not exceed.
func percentile[T any](sorted []T, p int) (value T) {
	if len(sorted) == 0 {
		return value
	}
	return sorted[(len(sorted)*p+99)/100-1]
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

// size returns bytes as people read them.
func size(bytes int64) string {
	switch {
	case bytes == 0:
		return "0"
	case bytes < 1e6:
		return fmt.Sprintf("%.1f kB", float64(bytes)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
}
