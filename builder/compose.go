package builder

import (
	"archive/zip"
	"context"
	"fmt"
	"io"

	"slices"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// nobodyInParticular is the user that a composed image runs as. It needs no entry
// in /etc/passwd, and a Pod with runAsNonRoot accepts it since it is a number.
const nobodyInParticular = "1000:1000"

// javaOptions are for development: the JVM stops at the quick compiler and uses one
// thread to collect. A Boot application starts in half the time.
var javaOptions = []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"}

// defaultPort is Spring Boot's server.port.
const defaultPort = 8080

// compose makes an image of a base and the jar's layers, and brings it to the engine.
func (j *job) compose(ctx context.Context, ref string) (Image, error) {
	base, err := j.baseImage(ctx, ref)
	if err != nil {
		return Image{}, err
	}
	jar, err := zip.OpenReader(j.app.Jar)
	if err != nil {
		return Image{}, fmt.Errorf("open %q: %w", j.app.Jar, err)
	}
	defer func() { _ = jar.Close() }()
	parts, classPath := split(&jar.Reader)
	layers := slices.Clone(base.layers)
	for _, p := range parts {
		l, err := j.layer(p)
		if err != nil {
			return Image{}, fmt.Errorf("make layer %q: %w", p.name, err)
		}
		layers = append(layers, l)
	}
	view, err := newContent(j.configure(base.config.DeepCopy(), ref, parts, classPath), layers)
	if err != nil {
		return Image{}, err
	}
	id, err := view.ConfigName()
	if err != nil {
		return Image{}, err
	}
	if err := j.bring(ctx, id, view, len(base.layers)); err != nil {
		return Image{}, err
	}
	return j.image(id, view), nil
}

// layer makes a layer of p. One that is in the cache is not written again.
func (j *job) layer(p part) (layer, error) {
	reader, writer := io.Pipe()
	go func() { _ = writer.CloseWithError(writeLayer(writer, p.entries)) }()
	diffID, size, err := v1.SHA256(reader)
	if err != nil {
		return layer{}, err
	}
	made := layer{diffID: diffID, cache: j.cache, fill: kept}
	if j.cache.has(diffID) {
		_, _ = fmt.Fprintf(j.out, "layer %s: unchanged, %d bytes\n", p.name, size)
		return made, nil
	}
	_, _ = fmt.Fprintf(j.out, "layer %s: new, %d bytes\n", p.name, size)
	w, err := j.cache.create()
	if err != nil {
		return layer{}, err
	}
	defer w.discard()
	if err := writeLayer(w, p.entries); err != nil {
		return layer{}, err
	}
	found, err := w.commit()
	if err == nil && found != diffID {
		err = fmt.Errorf("%q changed while it was read", j.app.Jar)
	}
	return made, err
}

// configure says how the image runs. Everything in it follows from base and jar,
// so that the same input has the same digest: the time is the base's.
func (j *job) configure(config *v1.ConfigFile, base string, parts []part, classPath []string) *v1.ConfigFile {
	c := &config.Config
	c.User, c.WorkingDir, c.Cmd = nobodyInParticular, "/"+appDir, nil
	c.Entrypoint = slices.Concat([]string{"java"}, javaOptions, []string{"-cp", strings.Join(classPath, ":"), j.app.MainClass})
	c.ExposedPorts = map[string]struct{}{strconv.Itoa(j.port()) + "/tcp": {}}
	if c.Labels == nil {
		c.Labels = map[string]string{}
	}
	// https://github.com/opencontainers/image-spec/blob/main/annotations.md
	c.Labels["org.opencontainers.image.title"] = j.app.Name
	c.Labels["org.opencontainers.image.base.name"] = base
	c.Labels[ProjectLabel] = j.app.Name
	config.Author, config.Container = "", ""
	config.History = nil
	for range config.RootFS.DiffIDs {
		config.History = append(config.History, v1.History{CreatedBy: base})
	}
	for _, p := range parts {
		config.History = append(config.History, v1.History{CreatedBy: "devloop: " + p.name})
	}
	return config
}

// port returns the port that the application listens on, as far as can be known.
func (j *job) port() int {
	if j.app.Port > 0 {
		return j.app.Port
	}
	return defaultPort
}
