package sessions

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

func TestAProjectIsHeldOncePerPlace(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	held, err := Acquire("run", "/shop", "https://one", "default")
	if err != nil {
		t.Fatal(err)
	}
	_, err = Acquire("deploy", "/shop", "https://one", "default")
	if f := fault.Of(err); f.Code != "project.held" || !strings.Contains(err.Error(), "devloop run holds it") ||
		!slices.Contains(f.Hints, "or end it: kill "+strconv.Itoa(os.Getpid())) {
		t.Errorf("the same place: got %v, %q", err, f.Hints)
	}
	other, err := Acquire("run", "/shop", "https://one", "test")
	if err != nil {
		t.Fatalf("another namespace: %v", err)
	}
	other.Release()
	if err := HeldBy("/shop", "https://one"); fault.Of(err).Code != "project.held" {
		t.Errorf("while it is held: got %v", err)
	}
	if !Running("https://one", "default") || Running("https://one", "test") || Running("https://two", "default") {
		t.Error("a session runs elsewhere, or nowhere")
	}
	for _, place := range [][2]string{{"/bank", "https://one"}, {"/shop", "https://two"}} {
		if err := HeldBy(place[0], place[1]); err != nil {
			t.Errorf("%q: got %v", place, err)
		}
	}
	held.Release()
	if err := HeldBy("/shop", "https://one"); err != nil {
		t.Errorf("once it is released: got %v", err)
	}
	if held, err = Acquire("run", "/shop", "https://one", "default"); err != nil {
		t.Fatalf("after its release: %v", err)
	}
	held.Release()
}

// TestARecordWithoutALockIsRemoved has a process that was killed: the system released its lock.
func TestARecordWithoutALockIsRemoved(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	held := must.Get(heldDir())(t)
	left := filepath.Join(held, "0123.json")
	must.Do(t, os.MkdirAll(held, 0o700))
	testfile.Write(t, "", left, `{"command":"run","dir":"/shop","server":"https://one","pid":1}`)
	if err := HeldBy("/shop", "https://one"); err != nil {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("the record stayed")
	}
}

func TestSessionIsFoundByItsProject(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	shop := t.TempDir()
	web := filepath.Join(shop, "web")
	for _, h := range []struct{ command, dir, namespace string }{
		{"run", shop, "default"}, {"run", web, "default"}, {"run", web, "test"}, {"deploy", filepath.Join(shop, "bank"), "default"},
	} {
		held := must.Get(Acquire(h.command, h.dir, "https://one", h.namespace))(t)
		defer held.Release()
	}
	for _, c := range []struct{ dir, namespace, want, code string }{
		{shop, "", shop, ""},
		{filepath.Join(shop, "src"), "", shop, ""},
		{filepath.Join(shop, "bank"), "", shop, ""},
		{web, "", "", "usage"},
		{web, "test", web, ""},
		{filepath.Dir(shop), "", "", codeNone},
		{shop + "-2", "", "", codeNone},
		{shop, "prod", "", codeNone},
	} {
		got, err := Find(c.dir, c.namespace, Commands{"devloop run", "devloop wait"})
		if got.Dir != c.want || fault.Of(err).Code != c.code {
			t.Errorf("%s in %q: got %+v, %v", c.dir, c.namespace, got, err)
		}
		if err == nil && filepath.Ext(got.Socket) != ".sock" {
			t.Errorf("its socket is %q", got.Socket)
		}
	}
}
