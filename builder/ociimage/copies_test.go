package ociimage

import (
	"slices"
	"testing"

	"github.com/docker/docker/api/types/image"
)

func TestDestinationsOfTheLastCopies(t *testing.T) {
	for name, c := range map[string]struct {
		steps []string // the newest first
		want  []string // the last one last
	}{
		"classic builder": {[]string{`/bin/sh -c #(nop)  ENTRYPOINT ["java"]`, "/bin/sh -c #(nop) COPY file:917b in app.jar ", "/bin/sh -c apt-get update", "/bin/sh -c #(nop) COPY dir:aa in /x"}, []string{"/srv/app.jar"}},
		"BuildKit":        {[]string{"USER 1000", "COPY classes /app/ # buildkit", "EXPOSE map[8080/tcp:{}]", "ADD --chown=1:1 a b lib # buildkit", "WORKDIR /srv"}, []string{"/srv/lib", "/app"}},
		"another end":     {[]string{"RUN /bin/sh -c date # buildkit", "COPY a /b # buildkit"}, nil},
		"from nothing":    {[]string{"COPY a . # buildkit"}, []string{"/srv"}},
	} {
		var history []image.HistoryResponseItem
		for _, s := range c.steps {
			history = append(history, image.HistoryResponseItem{CreatedBy: s})
		}
		if got := CopyDestinations(history, "/srv"); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
