package dockerfile

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/devloop-cli/devloop/internal/testfile"
)

func TestBases(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "Dockerfile")
	text := `ARG java=21
FROM eclipse-temurin:${java}-jdk AS build
RUN true
FROM Build AS layers
FROM ${registry:-docker.io/library}/alpine
FROM scratch
FROM $unknown
FROM eclipse-temurin:21-jdk
FROM eclipse-temurin:$java-jre
COPY --from=build /a /a
`
	testfile.Write(t, "", file, text)
	want := []string{"eclipse-temurin:21-jdk", "docker.io/library/alpine", "eclipse-temurin:21-jre"}
	if got := Read(file, Options{}).Bases(); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}
