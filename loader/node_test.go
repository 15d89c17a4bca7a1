package loader

import (
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
)

const (
	aDigest  = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	another  = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	fromNode = "check docker.io/library/x:1 application/vnd.oci.image.manifest.v1+json " + aDigest + " complete (2/2) 1.4 MiB/1.4 MiB true\nkubelet\n"
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
		doubt := parseProof(c.out).doubt(aDigest)
		if (doubt == "") != (c.doubt == "") || !strings.Contains(doubt, c.doubt) {
			t.Errorf("%s: doubt %q, want %q", name, doubt, c.doubt)
		}
	}
}

func TestSurveyIsEmptyWhereItCantBeRead(t *testing.T) {
	s := parseSurvey("has nonsense\nhas " + aDigest + "\nmanifest {broken\n" + fromNode)
	if len(s.has) != 1 {
		t.Errorf("has %v, want the one digest", s.has)
	}
	if s.holds(v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("a", 64)}) {
		t.Error("an unreadable manifest counts as the image")
	}
}

func TestImageNamesAreTheKubelets(t *testing.T) {
	for ref, want := range map[string]string{
		"spring-server:devloop-3f2a90c1d4e5": "docker.io/library/spring-server:devloop-3f2a90c1d4e5",
		"spring-server":                      "docker.io/library/spring-server:latest",
		"me/app:1":                           "docker.io/me/app:1",
		"localhost:5000/app:1":               "localhost:5000/app:1",
		"ghcr.io/me/app:1":                   "ghcr.io/me/app:1",
	} {
		p, err := look(ref, empty.Image)
		if err != nil || p.name != want {
			t.Errorf("%s: got %v, %v; want %s", ref, p, err, want)
		}
	}
	if _, err := look("Not A Name", empty.Image); err == nil {
		t.Error("a name that no node takes is taken")
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	var kept tail
	for range 3 * tailSize / 100 {
		_, _ = kept.Write([]byte(strings.Repeat("x", 99) + "\n"))
	}
	_, _ = kept.Write([]byte("level=warning msg=\"DEPRECATION: old\"\nctr: no space left on device\n\n"))
	lines := kept.lines()
	if len(kept.kept) > tailSize || len(lines) != 10 || lines[9] != "ctr: no space left on device" {
		t.Errorf("%d bytes kept; lines %q", len(kept.kept), lines)
	}
	if hint := advice("n", lines[9]); !strings.Contains(hint[0], "docker system df") {
		t.Errorf("advice %q", hint)
	}
}
