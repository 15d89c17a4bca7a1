package ports

import (
	"reflect"
	"testing"

	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/localport"
)

func TestLocalPortIsTheOneAskedForElseTheContainersElseTheNext(t *testing.T) {
	t.Parallel()
	of := kube.Ref{Kind: "Deployment", Name: "web"}
	endpoints := []kube.Endpoint{{Of: of, Port: 8080}, {Of: of, Port: 5005}, {Of: of, Port: 9090},
		{Of: of, Index: 1, Port: 8080}, {Of: of, Index: 1, Port: 5005}}
	requested := Requested{0: 1234, 5005: 6006, 7000: 7001}
	want := []localport.Options{{Local: 1234, Strict: true}, {Local: 6006, Strict: true}, {Local: 9090},
		{Local: 8080}, {Local: 6006}}
	if got := requested.locals(endpoints); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := requested.Endpoints(endpoints, of); len(got) != 6 || got[5] != (kube.Endpoint{Of: of, Port: 7000}) {
		t.Errorf("with the one that was asked for: %v", got)
	}
	held := &fakePort{}
	set := Set{{held, endpoints[0]}}
	if got := set.Free(localport.Options{Local: held.Number()}); got.Local != held.Number()+1 {
		t.Errorf("got %d, want the one after %d", got.Local, held.Number())
	}
}
