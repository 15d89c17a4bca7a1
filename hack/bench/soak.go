package main

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// soak makes b.saves saves of a sample in one devloop run, as fast as they are served: seven of ten are of a body, the
// others of any kind but a dependency. It prints what devloop and the Pod hold meanwhile, and by how much each figure
// grows in the second half.
func (b *bench) soak(ctx context.Context, s sample) error {
	home, err := os.MkdirTemp("", "devloop-bench-home-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(home) }()
	b.env = []string{"XDG_CACHE_HOME=" + home, "XDG_STATE_HOME=" + home, "TMPDIR=" + home}
	o, end, err := b.open(ctx, way{name: "soak", title: "devloop run", open: b.byRun()}, s)
	if err != nil {
		return err
	}
	defer end()
	random, rows := rand.New(rand.NewPCG(1, 1)), [][]float64{}
	fmt.Printf("| saves | %s |\n%s|\n", strings.Join(columns, " | "), strings.Repeat("|---", len(columns)+1))
	for o.round = 0; o.round <= b.saves; o.round++ {
		if o.round%max(1, b.saves/20) == 0 {
			time.Sleep(b.pause) // until devloop has started a spare, and removed what it no longer needs
			row, err := b.held(ctx, o, home)
			if err != nil {
				return err
			}
			rows = append(rows, row)
			fmt.Println(cells(o.round, row))
		}
		kind := 0
		if random.IntN(10) >= 7 {
			kind = random.IntN(len(s.edits) - 1) // the last is the dependency
		}
		if err := b.edit(ctx, o, kind); err != nil {
			return fmt.Errorf("%s: %w", s.edits[kind].name, err)
		}
	}
	fmt.Println(cells("growth per 100, second half", growth(rows[len(rows)/2:], float64(b.saves)/20)))
	o.session.(*run).dump()
	return nil
}

// columns are the figures of held. JVMs are those of the application and its spare.
var columns = []string{"devloop MB", "fds", "threads", "its children MB", "fds", "threads", "supervisor MB",
	"fds", "threads", "JVMs MB", "fds", "threads", "processes", "files in the Pod", "kB", "caches", "kB",
	"project", "kB"}

// held measures devloop, its children and the processes of its Pod, and their files.
func (b *bench) held(ctx context.Context, o *opened, home string) (row []float64, err error) {
	used, err := b.usage(ctx, o)
	if err != nil {
		return nil, err
	}
	count := 0.0
	for _, u := range used {
		row = append(row, u.rss, u.descriptors, u.threads)
		count += u.processes
	}
	row = append(row, count)
	root := fmt.Sprintf("/proc/%d/root", used[supervisors].pid)
	for _, dirs := range [][]string{{root + "/app/changes", root + "/tmp"}, {home}, {o.dir}} {
		files, bytes := 0.0, 0.0
		for _, dir := range dirs {
			_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
				if files++; err != nil {
					return nil //nolint:nilerr // it has just been removed
				}
				if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
					bytes += float64(info.Size())
				}
				return nil
			})
		}
		row = append(row, files, bytes/1e3)
	}
	return row, nil
}

// growth returns by how much each column grows per 100 saves, as the slope of the line that fits it best.
func growth(rows [][]float64, every float64) []float64 {
	slopes := make([]float64, len(rows[0]))
	middle := float64(len(rows)-1) / 2
	for column := range slopes {
		var above, below float64
		for i, row := range rows {
			above += (float64(i) - middle) * row[column]
			below += (float64(i) - middle) * (float64(i) - middle)
		}
		slopes[column] = above / below / every * 100
	}
	return slopes
}

func cells(first any, row []float64) string {
	text := fmt.Sprintf("| %v |", first)
	for _, value := range row {
		text += fmt.Sprintf(" %.4g |", value)
	}
	return text
}
