package builder

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestBases(t *testing.T) {
	file := filepath.Join(t.TempDir(), "Dockerfile")
	text := `ARG java=21
FROM eclipse-temurin:${java}-jdk AS build
RUN true
FROM build AS layers
FROM scratch
FROM $unknown
FROM eclipse-temurin:21-jdk
FROM eclipse-temurin:$java-jre
COPY --from=build /a /a
`
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	want := []string{"eclipse-temurin:21-jdk", "eclipse-temurin:21-jre"}
	if got := (&Project{Dockerfile: file}).Bases("other", 17); !slices.Equal(got, want) {
		t.Errorf("the Dockerfile's: got %v", got)
	}
	if got := (&Project{}).Bases("", 18); !slices.Equal(got, []string{"eclipse-temurin:21-jre"}) {
		t.Errorf("by Java's version: got %v", got)
	}
	if got := (&Project{}).Bases("mine:1", 18); !slices.Equal(got, []string{"mine:1"}) {
		t.Errorf("as told: got %v", got)
	}
}
