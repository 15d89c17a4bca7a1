package engine

import "testing"

func TestSizeReadsWell(t *testing.T) {
	for bytes, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1500: "1.5 kB", 20_014: "20 kB", 999_600: "1.0 MB", 20_014_080: "20 MB", 344_000_000: "344 MB", 1_250_000_000: "1.2 GB",
	} {
		if got := size(bytes); got != want {
			t.Errorf("%d: got %q, want %q", bytes, got, want)
		}
	}
}
