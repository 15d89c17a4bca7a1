package runner

import (
	"reflect"
	"strings"
	"testing"
)

func TestPodComesUpBesideTheOneThatServes(t *testing.T) {
	a, r := newAPI(t)
	first := replaced(t, r, shop(t, shopPod))
	if first.Name != "web" {
		t.Fatalf("the first Pod is %q", first.Name)
	}
	s := shop(t, shopPod)
	s.Serving = []Pod{first}
	failed := replaced(t, r, s)
	second := replaced(t, r, s)
	if second.Name != "web-b" || second.Of != first.Of || second.UID == failed.UID {
		t.Errorf("the second Pod is %+v, after %+v that failed", second, failed)
	}
	if now := a.get("pods/default/web"); now == nil || now.GetUID() != first.UID {
		t.Errorf("the one that serves is %v", now)
	}
	if found, err := r.Find(t.Context(), "web"); err != nil || found.UID != first.UID {
		t.Errorf("web is %v, %v", found, err)
	}

	if err := r.Retire(t.Context(), s.Serving); err != nil {
		t.Fatal(err)
	}
	if found, err := r.Find(t.Context(), "web"); err != nil || found.UID != second.UID {
		t.Errorf("with the first one gone web is %v, %v", found, err)
	}
	s.Serving = []Pod{second}
	if third := replaced(t, r, s); third.Name != "web" || a.get("pods/default/web-b") == nil {
		t.Errorf("the third Pod is %+v", third)
	}

	t.Log("a deploy that knows of none that serves leaves one")
	if last := replaced(t, r, shop(t, shopPod)); last.Name != "web" || a.get("pods/default/web-b") != nil {
		t.Errorf("the last Pod is %+v", last)
	}
}

func replaced(t *testing.T, r *Runner, s Spec) Pod {
	t.Helper()
	pods, err := r.Replace(t.Context(), s)
	if err != nil || len(pods) != 1 {
		t.Fatalf("got %v, %v", pods, err)
	}
	return pods[0]
}

func TestPodOfSomebodyElseStaysWhateverItsName(t *testing.T) {
	a, r := newAPI(t)
	a.put("pods", object("v1", "Pod", "web-b"))
	replaced(t, r, shop(t, shopPod))
	ours := ownPod("web-b") // a Pod of devloop's own that came up beside nothing
	a.put("pods", ours)
	replaced(t, r, shop(t, shopPod))
	if a.get("pods/default/web-b") == nil {
		t.Error("a Pod went that is not this one's twin")
	}
}

func TestInPlaceSaysWhy(t *testing.T) {
	for text, want := range map[string]string{
		shopPod: "",
		shopPod + "---" + strings.Replace(shopPod, "name: web", "name: web-b", 1): `the manifest itself has a Pod named "web-b"`,
		strings.Replace(shopPod, "spec:\n", "spec:\n  hostNetwork: true\n", 1):    `pod "web" has a port of the node, or a volume that outlives it`,
		patchedPod: `deployment "web" makes its Pods by itself`,
		settings:   "",
	} {
		if got := read(t, text).InPlace(); !reflect.DeepEqual(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
