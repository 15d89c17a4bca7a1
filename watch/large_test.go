package watch

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/hack/real"
)

// large fills d with n sources of some 3 KB each, ten in a directory.
func large(d dir, n int) {
	text := strings.Repeat("// a line of a source, as long as they are\n", 70)
	d.write("pom.xml", "<project/>")
	for i := range n {
		d.write(largeName(i), fmt.Sprint(i, text))
	}
}

func largeName(i int) string {
	return fmt.Sprintf("m%d/src/main/java/com/example/p%d/C%d.java", i/1000, i/10, i)
}

func TestThirtyThousandFiles(t *testing.T) {
	real.NotShort(t)
	d := newDir(t)
	large(d, 30_000)
	r := watching(t, d, Options{quiet: 200 * time.Millisecond})
	r.write(largeName(29_999), "the last one")
	r.expect("one of many", largeName(29_999))
	r.rename("m7", "m7b")
	var want []string
	for i := 7000; i < 8000; i++ {
		want = append(want, largeName(i), strings.Replace(largeName(i), "m7", "m7b", 1))
	}
	r.expect("a module renamed", want...)
	r.write("m7b/src/main/java/com/example/p777/C7777.java", "")
	r.expect("a file in it", "m7b/src/main/java/com/example/p777/C7777.java")
	want = want[:0]
	for i := range 1000 {
		want = append(want, largeName(i))
	}
	r.remove("m0")
	r.expect("a module deleted", want...)
}

// BenchmarkThirtyThousandFiles prints what a large project costs: the time until
// every directory is watched, the processor's work until contents are known, memory,
// the share of a core when nothing happens, and the time from a save to its batch.
func BenchmarkThirtyThousandFiles(b *testing.B) {
	d := newDir(b)
	large(d, 30_000)
	for b.Loop() {
		heap, start, work := heapNow(), time.Now(), cpu()
		r := watching(b, d, Options{}, func(w *Watcher) { w.racy = time.Second })
		b.ReportMetric(ms1(time.Since(start)), "ready-ms")
		b.ReportMetric(ms1(cpu()-work), "ready-cpu-ms")
		work = cpu()
		time.Sleep(3 * time.Second) // measured for that long
		b.ReportMetric(ms1(cpu()-work), "contents-cpu-ms")
		b.ReportMetric(float64(heapNow()-heap)/1e6, "heap-MB")
		work = cpu()
		time.Sleep(5 * time.Second)
		b.ReportMetric(100*(cpu()-work).Seconds()/5, "idle-%")
		start = time.Now()
		r.write(largeName(15_000), start.String())
		r.next()
		b.ReportMetric(ms1(time.Since(start)), "save-to-batch-ms")
		poll, _ := New(Options{Root: string(d)})
		s := newSession(b.Context(), poll)
		s.firstScan()
		start = time.Now()
		s.scan(s.roots)
		b.ReportMetric(ms1(time.Since(start)), "poll-ms")
	}
}

func ms1(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func heapNow() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
