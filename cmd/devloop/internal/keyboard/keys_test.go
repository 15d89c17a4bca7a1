package keyboard

import (
	"slices"
	"strings"
	"testing"
)

func TestLinesAreKeysWhereTheInputIsNoTerminal(t *testing.T) {
	var got []string
	lines(t.Context(), strings.NewReader("q\n\n h \nlonger\n"), func(key string) { got = append(got, key) })
	if want := []string{"q", Enter, "h", "longer"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
