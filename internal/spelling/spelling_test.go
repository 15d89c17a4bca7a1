package spelling

import "testing"

func TestClosest(t *testing.T) {
	t.Parallel()
	candidates := []string{"run", "status", "stats", "CrashLoopBackOff", "from"}
	for word, want := range map[string]string{"statsu": "status", "RUN": "run", "crashlopbackof": "CrashLoopBackOff",
		"up": "", "": "", "stat": "stats", "prot": "", "srun": "run", "foo": "", "form": "from", "fro": "from"} {
		if got := Closest(word, candidates); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}
