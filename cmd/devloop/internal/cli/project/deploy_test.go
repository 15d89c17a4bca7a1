package project

import (
	"maps"
	"testing"
)

func TestTwoLocalPortsForOneContainerPortAreRefused(t *testing.T) {
	for _, bad := range [][]string{{"8080", "9090"}, {"9090:8080", "9191:8080"}} {
		if got, err := localPorts(bad); err == nil {
			t.Errorf("%v: got %v", bad, got)
		}
	}
	got, err := localPorts([]string{"9090", "9191:5005", "9090"})
	if err != nil || !maps.Equal(got, map[int]int{0: 9090, 5005: 9191}) {
		t.Errorf("got %v, %v", got, err)
	}
}
