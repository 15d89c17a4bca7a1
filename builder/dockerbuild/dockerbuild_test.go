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
	"github.com/devloop-cli/devloop/internal/must"
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
	file := dockerfile.Read(write("Dockerfile", "FROM jre AS dev\nARG A\n"),
		dockerfile.Options{Target: "dev", Args: map[string]string{"A": "b=c", "NO_PROXY": "example.com"}})
	must.Get(Build(t.Context(), e, file, nil, io.Discard))(t)
	query := must.Get(url.ParseQuery(e.Query[0]))(t)
	var args map[string]string
	must.Do(t, json.Unmarshal([]byte(query.Get("buildargs")), &args))
	for name, want := range map[string]string{"A": "b=c", "HTTP_PROXY": "http://proxy.example:3128",
		"http_proxy": "http://proxy.example:3128", "NO_PROXY": "example.com", "no_proxy": "localhost",
		"HTTPS_PROXY": ""} {
		if args[name] != want {
			t.Errorf("%s is %q, want %q", name, args[name], want)
		}
	}
	if got := query.Get("target"); got != "dev" {
		t.Errorf("target %q", got)
	}
}

// TestABuildWhoseCacheIsRemovedIsMadeAgain has what Docker 20.10 said while another project's image went.
func TestABuildWhoseCacheIsRemovedIsMadeAgain(t *testing.T) {
	t.Setenv("DOCKER_BUILDKIT", "0")
	gone := "sha256:" + strings.Repeat("e", 64)
	step := `{"errorDetail":{"message":"unable to find image \"` + gone + `\""}}`
	parent := `{"errorDetail":{"message":"failed to export image: failed to set parent ` + gone +
		`: unknown parent image ID ` + gone + `"}}`
	target := `{"errorDetail":{"message":"failed to get destination image \"` + gone + `\": No such image: ` + gone +
		`"}}`
	id := "sha256:" + strings.Repeat("4", 64)
	for name, c := range map[string]struct {
		first, then string
		builds      int
		ok          bool
	}{
		"once":         {step, `{"aux":{"ID":"` + id + `"}}`, 2, true},
		"its parent":   {parent, `{"aux":{"ID":"` + id + `"}}`, 2, true},
		"its target":   {target, `{"aux":{"ID":"` + id + `"}}`, 2, true},
		"each time":    {step, step, 2, false},
		"another name": {`{"errorDetail":{"message":"No such image: jre:17"}}`, "", 1, false},
	} {
		e := enginetest.New(t)
		e.FirstBuild, e.Build = c.first, c.then
		file := dockerfile.Read(testfile.Write(t, t.TempDir(), "Dockerfile", "FROM jre\n"), dockerfile.Options{})
		got, err := Build(t.Context(), e, file, nil, io.Discard)
		if len(e.Query) != c.builds || (err == nil) != c.ok || c.ok && got.String() != id {
			t.Errorf("%s: %v, %v after %d builds", name, got, err, len(e.Query))
		}
	}
}

func TestBuildTakesTheContextWithoutIgnoredFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"Dockerfile": "FROM jre\nCOPY . /\n", ".dockerignore": "*\n!kept\n",
		"kept": "k", "ignored": "i"} {
		testfile.Write(t, dir, name, text)
	}
	b := &builder{file: dockerfile.Read(filepath.Join(dir, "Dockerfile"), dockerfile.Options{})}
	stream := must.Get(b.contextTar())(t)
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
