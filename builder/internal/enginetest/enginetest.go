// Package enginetest plays a Docker engine for tests, at the wire: the real client talks to it.
package enginetest

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/devloop-cli/devloop/internal/must"
)

// Engine is a Docker engine at the wire: behind it stands the real client.
type Engine struct {
	*client.Client
	Mux    *http.ServeMux
	Mu     sync.Mutex
	Images map[string]image.InspectResponse // by each of their names and by ID
	Layers map[string][]byte                // by diff ID
	Forgot string                           // a layer that the engine says it has, and does not
	Loaded []int64                          // sizes of the archives that were loaded
	Saves  int
	Tagged int
	Build  string // what a build answers
	// FirstBuild is what the first one answers, if it is not the same.
	FirstBuild string
	Head       map[string]string
	Query      []string                  // of each build
	OCI        bool                      // docker save in OCI's layout
	Pack       func(layer []byte) []byte // how docker save compresses layers, nil for not at all
	Cut        int64                     // bytes after which an export is cut, 0 for never
}

// New starts an engine without images.
func New(t *testing.T) *Engine {
	t.Helper()
	e := &Engine{Images: map[string]image.InspectResponse{}, Layers: map[string][]byte{},
		Head: map[string]string{"Api-Version": "1.41", "Builder-Version": "1"}}
	mux := http.NewServeMux()
	e.Mux = mux
	mux.HandleFunc("/_ping", func(w http.ResponseWriter, r *http.Request) {
		for k, v := range e.Head {
			w.Header().Set(k, v)
		}
	})
	mux.HandleFunc("GET /{version}/version",
		func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, `{"Arch":"amd64"}`) })
	mux.HandleFunc("GET /{version}/info",
		func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, `{"Driver":"overlay2"}`) })
	mux.HandleFunc("GET /{version}/images/{path...}", e.get)
	mux.HandleFunc("POST /{version}/images/load", e.load)
	mux.HandleFunc("POST /{version}/images/{path...}", e.tag)
	mux.HandleFunc("DELETE /{version}/images/{id}", e.remove)
	mux.HandleFunc("POST /{version}/build", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		e.Query = append(e.Query, r.URL.RawQuery)
		if len(e.Query) == 1 && e.FirstBuild != "" {
			_, _ = io.WriteString(w, e.FirstBuild)
			return
		}
		_, _ = io.WriteString(w, e.Build)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	docker, err := client.NewClientWithOpts(client.WithHost("tcp://"+server.Listener.Addr().String()),
		client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	e.Client = docker
	return e
}

func (e *Engine) get(w http.ResponseWriter, r *http.Request) {
	e.Mu.Lock()
	defer e.Mu.Unlock()
	path := r.PathValue("path")
	name, inspected := strings.CutSuffix(path, "/json")
	switch found, ok := e.Images[name]; {
	case path == "json":
		_ = json.NewEncoder(w).Encode(e.list(r.URL.Query().Get("filters")))
	case path == "get":
		e.Saves++
		e.save(w, e.Images[r.URL.Query().Get("names")])
	case inspected && ok:
		_ = json.NewEncoder(w).Encode(found)
	default:
		http.Error(w, `{"message":"No such image"}`, http.StatusNotFound)
	}
}

func (e *Engine) list(filter string) []image.Summary {
	wanted, _ := filters.FromJSON(filter)
	var all []image.Summary
	for name, found := range e.Images {
		if name == found.ID && wanted.MatchKVList("label", found.Config.Labels) {
			all = append(all, image.Summary{ID: name})
		}
	}
	return all
}

// save writes an archive in the layout of Docker 20.10, or of 25.
func (e *Engine) save(w io.Writer, found image.InspectResponse) {
	if e.Cut > 0 {
		w = &limitWriter{w, e.Cut}
	}
	files := tar.NewWriter(w)
	for i, id := range found.RootFS.Layers {
		name := fmt.Sprintf("%064d/layer.tar", i)
		if e.OCI {
			name = "blobs/sha256/" + strings.TrimPrefix(id, "sha256:")
		}
		layer := e.Layers[id]
		if e.Pack != nil {
			layer = e.Pack(layer)
		}
		_ = WriteFile(files, name, int64(len(layer)), bytes.NewReader(layer))
		_ = WriteFile(files, name+".json", 2, strings.NewReader("{}"))
	}
	_ = files.Close()
}

type limitWriter struct {
	io.Writer
	left int64
}

func (l *limitWriter) Write(p []byte) (int, error) {
	if l.left -= int64(len(p)); l.left < 0 {
		panic(http.ErrAbortHandler) // the engine dies
	}
	return l.Writer.Write(p)
}

// load takes an archive. Like the engine it answers with status 200 in any case.
func (e *Engine) load(w http.ResponseWriter, r *http.Request) {
	files, err := ReadArchive(r.Body) // which may wait for an export
	e.Mu.Lock()
	defer e.Mu.Unlock()
	if err == nil {
		err = e.take(files)
	}
	var size int64
	for _, content := range files {
		size += int64(len(content))
	}
	e.Loaded = append(e.Loaded, size)
	if err != nil {
		_, _ = fmt.Fprintf(w, `{"errorDetail":{"message":%q},"error":%q}`+"\n", err, err)
		return
	}
	_, _ = io.WriteString(w, `{"stream":"Loaded image\n"}`)
}

// ReadArchive returns the files of a tar archive.
func ReadArchive(r io.Reader) (map[string][]byte, error) {
	files, archive := map[string][]byte{}, tar.NewReader(r)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			_, err = io.Copy(io.Discard, r)
			return files, err
		}
		if err != nil {
			return nil, err
		}
		if files[header.Name], err = io.ReadAll(archive); err != nil {
			return nil, err
		}
	}
}

// take adds the archive's image, unless a layer is missing.
func (e *Engine) take(files map[string][]byte) error {
	var manifest []struct {
		Config           string
		RepoTags, Layers []string
	}
	var config v1.ConfigFile
	if err := errors.Join(json.Unmarshal(files["manifest.json"], &manifest),
		json.Unmarshal(files[manifest[0].Config], &config)); err != nil {
		return err
	}
	id, _, _ := v1.SHA256(bytes.NewReader(files[manifest[0].Config]))
	for i, diffID := range config.RootFS.DiffIDs {
		data, sent := files[manifest[0].Layers[i]]
		if _, known := e.Layers[diffID.String()]; !sent && (!known || e.Forgot == diffID.String()) {
			return fmt.Errorf("open %s: no such file or directory", manifest[0].Layers[i])
		}
		if sent {
			if h, _, _ := v1.SHA256(bytes.NewReader(data)); h != diffID {
				return fmt.Errorf("layer %s has content of %s", diffID, h)
			}
			e.Layers[diffID.String()] = data
		}
	}
	e.Add(id.String(), &config, manifest[0].RepoTags...)
	return nil
}

// Add gives the engine an image.
func (e *Engine) Add(id string, config *v1.ConfigFile, tags ...string) {
	var found image.InspectResponse
	text, _ := json.Marshal(map[string]any{"Id": id, "Config": config.Config, "Architecture": config.Architecture,
		"Os":      config.OS,
		"Created": "2026-01-02T03:04:05.6Z",
		"RootFS":  map[string]any{"Type": "layers", "Layers": config.RootFS.DiffIDs}})
	_ = json.Unmarshal(text, &found)
	e.Images[id] = found
	for _, tag := range tags { // which a load does without noting the time
		e.name(id, strings.TrimPrefix(tag, "docker.io/library/"))
	}
}

func (e *Engine) name(id, tag string) {
	for key, other := range e.Images {
		other.RepoTags = slices.DeleteFunc(slices.Clone(other.RepoTags), func(s string) bool { return s == tag })
		e.Images[key] = other
	}
	found := e.Images[id]
	found.RepoTags = append(found.RepoTags, tag)
	e.Images[tag] = found
	for _, key := range append(found.RepoTags, id) {
		e.Images[key] = found
	}
}

func (e *Engine) tag(w http.ResponseWriter, r *http.Request) {
	e.Mu.Lock()
	defer e.Mu.Unlock()
	found := e.Images[strings.TrimSuffix(r.PathValue("path"), "/tag")]
	e.Tagged++
	found.Metadata.LastTagTime = time.Unix(int64(e.Tagged), 0)
	e.Images[found.ID] = found
	e.name(found.ID, strings.TrimPrefix(r.URL.Query().Get("repo"), "docker.io/library/")+":"+r.URL.Query().Get("tag"))
	w.WriteHeader(http.StatusCreated)
}

func (e *Engine) remove(w http.ResponseWriter, r *http.Request) {
	e.Mu.Lock()
	defer e.Mu.Unlock()
	found := e.Images[r.PathValue("id")]
	if found.Author == "in use" {
		http.Error(w, `{"message":"conflict: unable to delete: image is being used by running container"}`,
			http.StatusConflict)
		return
	}
	for _, key := range append(found.RepoTags, found.ID) {
		delete(e.Images, key)
	}
	_, _ = io.WriteString(w, "[]")
}

// AddRandom gives the engine an image of random layers under a name.
func (e *Engine) AddRandom(t *testing.T, name string, layers int64) {
	t.Helper()
	img := must.Get(random.Image(2048, layers))(t)
	config := must.Get(img.ConfigFile())(t)
	config = config.DeepCopy()
	config.Architecture, config.OS = "amd64", "linux"
	config.Config.Env = []string{"JAVA_HOME=/opt/java"}
	config.Config.Cmd = []string{"java", "-version"}
	all, _ := img.Layers()
	for _, l := range all {
		id, _ := l.DiffID()
		data, err := l.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		if e.Layers[id.String()], err = io.ReadAll(data); err != nil {
			t.Fatal(err)
		}
	}
	e.Add("sha256:"+strings.Repeat(fmt.Sprint(layers), 64), config, name)
}

// WriteFile adds a file to a tar archive.
func WriteFile(files *tar.Writer, name string, size int64, data io.Reader) error {
	if err := files.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: size}); err != nil {
		return err
	}
	_, err := io.Copy(files, data)
	return err
}

// CheckImage is validate.Image for uncompressed layers, which that takes for gzip streams but in its fast form.
func CheckImage(t *testing.T, img v1.Image) {
	t.Helper()
	if err := validate.Image(img, validate.Fast); err != nil {
		t.Error(err)
	}
	layers := must.Get(img.Layers())(t)
	manifest := must.Get(img.Manifest())(t)
	for i, l := range layers {
		data := must.Get(l.Uncompressed())(t)
		digest, size, err := v1.SHA256(data)
		must.Do(t, errors.Join(err, data.Close()))
		if want := manifest.Layers[i]; digest != want.Digest || size != want.Size ||
			want.MediaType != "application/vnd.oci.image.layer.v1.tar" {
			t.Errorf("layer %d is %s of %d bytes, the manifest says %+v", i, digest, size, want)
		}
	}
}
