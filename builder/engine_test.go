package builder

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

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
)

// engine is a Docker engine at the wire: behind it stands the real client.
type engine struct {
	*client.Client
	mux    *http.ServeMux
	mu     sync.Mutex
	images map[string]image.InspectResponse // by each of their names and by ID
	layers map[string][]byte                // by diff ID
	forgot string                           // a layer that the engine says it has, but lacks
	loaded []int64                          // sizes of the archives that were loaded
	saves  int
	tagged int
	build  string // what a build answers
	head   map[string]string
	query  []string // of each build
	oci    bool     // docker save in OCI's layout
	cut    int64    // bytes after which an export is cut, 0 for never
}

func newEngine(t *testing.T) *engine {
	t.Helper()
	e := &engine{images: map[string]image.InspectResponse{}, layers: map[string][]byte{}, head: map[string]string{"Api-Version": "1.41", "Builder-Version": "1"}}
	mux := http.NewServeMux()
	e.mux = mux
	mux.HandleFunc("/_ping", func(w http.ResponseWriter, r *http.Request) {
		for k, v := range e.head {
			w.Header().Set(k, v)
		}
	})
	mux.HandleFunc("GET /{version}/version", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, `{"Arch":"amd64"}`) })
	mux.HandleFunc("GET /{version}/info", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, `{"Driver":"overlay2"}`) })
	mux.HandleFunc("GET /{version}/images/{path...}", e.get)
	mux.HandleFunc("POST /{version}/images/load", e.load)
	mux.HandleFunc("POST /{version}/images/{path...}", e.tag)
	mux.HandleFunc("DELETE /{version}/images/{id}", e.remove)
	mux.HandleFunc("POST /{version}/build", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		e.query = append(e.query, r.URL.RawQuery)
		_, _ = io.WriteString(w, e.build)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	docker, err := client.NewClientWithOpts(client.WithHost("tcp://"+server.Listener.Addr().String()), client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	e.Client = docker
	return e
}

// get answers an inspection, a list or an export.
func (e *engine) get(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	path := r.PathValue("path")
	name, inspected := strings.CutSuffix(path, "/json")
	switch found, ok := e.images[name]; {
	case path == "json":
		_ = json.NewEncoder(w).Encode(e.list())
	case path == "get":
		e.saves++
		e.save(w, e.images[r.URL.Query().Get("names")])
	case inspected && ok:
		_ = json.NewEncoder(w).Encode(found)
	default:
		http.Error(w, `{"message":"No such image"}`, http.StatusNotFound)
	}
}

func (e *engine) list() []image.Summary {
	var all []image.Summary
	for name, found := range e.images {
		if name == found.ID && found.Config.Labels[ProjectLabel] != "" {
			all = append(all, image.Summary{ID: name})
		}
	}
	return all
}

// save writes an archive in the layout of Docker 20.10, or of 25.
func (e *engine) save(w io.Writer, found image.InspectResponse) {
	if e.cut > 0 {
		w = &limitWriter{w, e.cut}
	}
	files := tar.NewWriter(w)
	for i, id := range found.RootFS.Layers {
		name := fmt.Sprintf("%064d/layer.tar", i)
		if e.oci {
			name = "blobs/sha256/" + strings.TrimPrefix(id, "sha256:")
		}
		_ = writeFile(files, name, int64(len(e.layers[id])), bytes.NewReader(e.layers[id]))
		_ = writeFile(files, name+".json", 2, strings.NewReader("{}"))
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
func (e *engine) load(w http.ResponseWriter, r *http.Request) {
	files, err := readArchive(r.Body) // which may wait for an export
	e.mu.Lock()
	defer e.mu.Unlock()
	if err == nil {
		err = e.take(files)
	}
	var size int64
	for _, content := range files {
		size += int64(len(content))
	}
	e.loaded = append(e.loaded, size)
	if err != nil {
		_, _ = fmt.Fprintf(w, `{"errorDetail":{"message":%q},"error":%q}`+"\n", err, err)
		return
	}
	_, _ = io.WriteString(w, `{"stream":"Loaded image\n"}`)
}

func readArchive(r io.Reader) (map[string][]byte, error) {
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
func (e *engine) take(files map[string][]byte) error {
	var manifest []struct {
		Config           string
		RepoTags, Layers []string
	}
	var config v1.ConfigFile
	if err := errors.Join(json.Unmarshal(files["manifest.json"], &manifest), json.Unmarshal(files[manifest[0].Config], &config)); err != nil {
		return err
	}
	id, _, _ := v1.SHA256(bytes.NewReader(files[manifest[0].Config]))
	for i, diffID := range config.RootFS.DiffIDs {
		data, sent := files[manifest[0].Layers[i]]
		if _, known := e.layers[diffID.String()]; !sent && (!known || e.forgot == diffID.String()) {
			return fmt.Errorf("open %s: no such file or directory", manifest[0].Layers[i])
		}
		if sent {
			if h, _, _ := v1.SHA256(bytes.NewReader(data)); h != diffID {
				return fmt.Errorf("layer %s has content of %s", diffID, h)
			}
			e.layers[diffID.String()] = data
		}
	}
	e.add(id.String(), &config, manifest[0].RepoTags...)
	return nil
}

// add gives the engine an image.
func (e *engine) add(id string, config *v1.ConfigFile, tags ...string) {
	var found image.InspectResponse
	text, _ := json.Marshal(map[string]any{"Id": id, "Config": config.Config, "Architecture": config.Architecture, "Os": config.OS,
		"Created": "2026-01-02T03:04:05.6Z", "RootFS": map[string]any{"Type": "layers", "Layers": config.RootFS.DiffIDs}})
	_ = json.Unmarshal(text, &found)
	e.images[id] = found
	for _, tag := range tags { // which a load does without noting the time
		e.name(id, strings.TrimPrefix(tag, "docker.io/library/"))
	}
}

// name moves a tag to an image.
func (e *engine) name(id, tag string) {
	for key, other := range e.images {
		other.RepoTags = slices.DeleteFunc(slices.Clone(other.RepoTags), func(s string) bool { return s == tag })
		e.images[key] = other
	}
	found := e.images[id]
	found.RepoTags = append(found.RepoTags, tag)
	e.images[tag] = found
	for _, key := range append(found.RepoTags, id) {
		e.images[key] = found
	}
}

func (e *engine) tag(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	found := e.images[strings.TrimSuffix(r.PathValue("path"), "/tag")]
	e.tagged++
	found.Metadata.LastTagTime = time.Unix(int64(e.tagged), 0)
	e.images[found.ID] = found
	e.name(found.ID, strings.TrimPrefix(r.URL.Query().Get("repo"), "docker.io/library/")+":"+r.URL.Query().Get("tag"))
	w.WriteHeader(http.StatusCreated)
}

func (e *engine) remove(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	found := e.images[r.PathValue("id")]
	if found.Author == "in use" {
		http.Error(w, `{"message":"conflict: unable to delete: image is being used by running container"}`, http.StatusConflict)
		return
	}
	for _, key := range append(found.RepoTags, found.ID) {
		delete(e.images, key)
	}
	_, _ = io.WriteString(w, "[]")
}

// addRandom gives the engine an image of random layers under a name.
func (e *engine) addRandom(t *testing.T, name string, layers int64) {
	t.Helper()
	img, err := random.Image(2048, layers)
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
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
		if e.layers[id.String()], err = io.ReadAll(data); err != nil {
			t.Fatal(err)
		}
	}
	e.add("sha256:"+strings.Repeat(fmt.Sprint(layers), 64), config, name)
}

func writeFile(files *tar.Writer, name string, size int64, data io.Reader) error {
	if err := files.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: size}); err != nil {
		return err
	}
	_, err := io.Copy(files, data)
	return err
}
