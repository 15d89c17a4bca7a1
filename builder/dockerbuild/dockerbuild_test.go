package dockerbuild

import (
	"archive/tar"
	"encoding/json"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/dockerfile"
	"github.com/devloop-cli/devloop/builder/internal/enginetest"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// TestBuildSendsArgumentsAndTarget builds with arguments of the user's, and with the proxies of the docker
// command's configuration.
func TestBuildSendsArgumentsAndTarget(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		return testfile.Write(t, dir, name, text)
	}
	write("config.json", `{"proxies":{"default":{"httpProxy":"http://proxy.example:3128","noProxy":"localhost"}}}`)
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("DOCKER_BUILDKIT", "0")
	e := enginetest.New(t)
	e.Build = `{"aux":{"ID":"sha256:4444444444444444444444444444444444444444444444444444444444444444"}}`
	file := dockerfile.Read(write("Dockerfile", "FROM jre AS dev\nARG A\n"), dockerfile.Options{Target: "dev", Args: map[string]string{"A": "b=c", "NO_PROXY": "example.com"}})
	if _, err := Build(t.Context(), e, file, nil, io.Discard); err != nil {
		t.Fatal(err)
	}
	query, err := url.ParseQuery(e.Query[0])
	if err != nil {
		t.Fatal(err)
	}
	var args map[string]string
	if err := json.Unmarshal([]byte(query.Get("buildargs")), &args); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"A": "b=c", "HTTP_PROXY": "http://proxy.example:3128", "http_proxy": "http://proxy.example:3128", "NO_PROXY": "example.com", "no_proxy": "localhost", "HTTPS_PROXY": ""} {
		if args[name] != want {
			t.Errorf("%s is %q, want %q", name, args[name], want)
		}
	}
	if got := query.Get("target"); got != "dev" {
		t.Errorf("target %q", got)
	}
}

func TestBuildTakesTheContextWithoutIgnoredFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"Dockerfile": "FROM jre\nCOPY . /\n", ".dockerignore": "*\n!kept\n", "kept": "k", "ignored": "i"} {
		testfile.Write(t, dir, name, text)
	}
	b := &builder{file: dockerfile.Read(filepath.Join(dir, "Dockerfile"), dockerfile.Options{})}
	stream, err := b.contextTar()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stream.Close() }()
	if got := names(t, stream); got != ".dockerignore Dockerfile kept" {
		t.Errorf("sent %s", got)
	}
}

// names returns the files of a tar archive, and their owners if these are not root.
func names(t *testing.T, from io.Reader) string {
	t.Helper()
	var found []string
	for archive := tar.NewReader(from); ; {
		header, err := archive.Next()
		if err != nil {
			slices.Sort(found)
			return strings.Join(found, " ")
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		found = append(found, strings.TrimPrefix(header.Name, "./"))
		if header.Uid != 0 {
			t.Errorf("%s belongs to %d", header.Name, header.Uid)
		}
	}
}
