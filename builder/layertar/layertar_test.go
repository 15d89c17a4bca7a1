package layertar

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/must"
)

func TestWriteDependsOnNamesAndContentOnly(t *testing.T) {
	t.Parallel()
	entries := []springboot.Entry{
		{Path: ClassesDir + "/com/A.class", File: springboot.Text("A", []byte("a"))},
		{Path: LibDir + "/b.jar", File: springboot.Text("b", []byte("bb"))},
	}
	var first, second, open bytes.Buffer
	must.Do(t, errors.Join(Write(&first, entries, ReadOnly), Write(&open, entries, Writable)))
	slices.Reverse(entries)
	if err := Write(&second, entries, ReadOnly); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Errorf("another order gives other bytes, %v", err)
	}
	want := "app/ 1777 app/classes/ 755 app/classes/com/ 755 app/classes/com/A.class 644 app/lib/ 755 app/lib/b.jar 644 "
	if got := list(t, &first); got != want {
		t.Errorf("got %s", got)
	}
	want = "app/ 1777 app/classes/ 777 app/classes/com/ 777 app/classes/com/A.class 644 app/lib/ 755 app/lib/b.jar 644 "
	if got := list(t, &open); got != want {
		t.Errorf("writable: got %s", got)
	}
}

func list(t *testing.T, r io.Reader) (names string) {
	t.Helper()
	for files := tar.NewReader(r); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Gid != 0 || !h.ModTime.Equal(Time) {
			t.Errorf("%s: %d:%d %s", h.Name, h.Uid, h.Gid, h.ModTime)
		}
		names += fmt.Sprintf("%s %o ", h.Name, h.Mode)
	}
}
