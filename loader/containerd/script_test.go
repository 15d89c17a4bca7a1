package containerd

import (
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	aDigest  = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	another  = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	fromNode = "check docker.io/library/x:1 application/vnd.oci.image.manifest.v1+json " + aDigest +
		" complete (2/2) 1.4 MiB/1.4 MiB true\nkubelet\n"
)

func TestProof(t *testing.T) {
	for name, c := range map[string]struct{ out, doubt string }{
		"all is well":         {fromNode, ""},
		"nothing":             {"", "no image"},
		"another manifest":    {strings.ReplaceAll(fromNode, aDigest, another), another},
		"content is missing":  {strings.Replace(fromNode, "complete (2/2)", "incomplete (1/2)", 1), "incomplete (1/2)"},
		"manifest is missing": {strings.Replace(fromNode, "complete (2/2)", "unavailable (0/?)", 1), "unavailable"},
		"not unpacked":        {strings.Replace(fromNode, "true", "false", 1), "unpacked"},
		"kubelet is late":     {strings.Replace(fromNode, "kubelet\n", "", 1), "kubelet"},
		"half a row":          {"check docker.io/library/x:1 complete\nkubelet\n", "no image"},
	} {
		doubt := parseStatus(c.out).problem(aDigest)
		if (doubt == "") != (c.doubt == "") || !strings.Contains(doubt, c.doubt) {
			t.Errorf("%s: doubt %q, want %q", name, doubt, c.doubt)
		}
	}
}

func TestSurveyIsEmptyWhereItCantBeRead(t *testing.T) {
	s := parseState("has nonsense\nhas " + aDigest + "\nmanifest {broken\n" + fromNode)
	if len(s.layers) != 1 {
		t.Errorf("has %v, want the one digest", s.layers)
	}
	if s.holds(v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("a", 64)}) {
		t.Error("an unreadable manifest counts as the image")
	}
}

func TestHintsForAFullDisk(t *testing.T) {
	t.Parallel()
	if got := hints("n", "ctr: no space left on device"); !strings.Contains(got[0], "docker system df") {
		t.Errorf("got %q", got)
	}
}
