package cds

import (
	"archive/tar"
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/devloop-cli/devloop/builder/diagnostics"
	"github.com/devloop-cli/devloop/builder/layertar"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/builder/tempcontainer"
	"github.com/devloop-cli/devloop/internal/proc"
)

// TrainingLabel marks the containers in which archives are made. Its value is the project's name.
const TrainingLabel = "devloop-cli.github.io/training"

const (
	// trainingLimit limits a training. It takes 3 to 6 s on a quiet machine.
	trainingLimit = 2 * time.Minute
	// trainDir holds the application that is trained with, in the container only.
	trainDir   = layertar.AppDir + "/train"
	trainClass = "io/github/devloop_cli/Train.class"
)

//go:embed io/github/devloop_cli/Train.class
var trainCode []byte

// Run makes the archive: it starts an application without code of its own, with the libraries and the JVM of an image,
// in a container without a network. From then on [Training.Lookup] finds it. What the JVM prints goes to out.
//
// A training that fails is not an error: the result says why it has no archive, and devloop waits an hour before it
// tries again. Run returns an error when ctx ends and when the engine does not answer. It always removes its container.
func (t *Training) Run(ctx context.Context, docker client.ContainerAPIClient, image string,
	out io.Writer) (Archive, error) {
	limited, cancel := context.WithTimeoutCause(ctx, trainingLimit, fmt.Errorf("it took longer than %s", trainingLimit))
	defer cancel()
	r, err := t.run(limited, &trainer{docker: docker, image: image, out: out})
	if ctx.Err() != nil || client.IsErrConnectionFailed(err) {
		return Archive{}, err
	}
	if err != nil {
		if limited.Err() != nil {
			err = context.Cause(limited)
		}
		line, _, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
		r = record{Failure: line}
	}
	before, _ := t.store.read(t.Key)
	r.Refused = before.Refused
	if err := t.store.write(t.Key, r); err != nil {
		return Archive{}, fmt.Errorf("keep the archive: %w", err)
	}
	return r.archive(), nil
}

// run trains, and keeps the archive as a layer of the cache.
func (t *Training) run(ctx context.Context, s *trainer) (record, error) {
	said, err := s.java(ctx, t, []string{"-version"}, nil)
	if err != nil {
		return record{}, fmt.Errorf("ask the base image's JVM for its version: %w", err)
	}
	version, feature := javaOf(said)
	how, err := methodOf(feature)
	if err != nil {
		return record{}, err
	}
	made := record{Option: how.use + "/" + how.file, Java: version}
	said, err = s.java(ctx, t, t.command(how), func(docker client.ContainerAPIClient, id string) error {
		return t.keep(ctx, docker, id, how.file, &made)
	})
	made.Missing = lacking(said)
	return made, err
}

// command returns the arguments of the JVM that makes the archive, without what waits for files or containers.
func (t *Training) command(how method) []string {
	return slices.Concat(t.options, []string{how.make + "/" + how.file,
		"-Dspring.devtools.restart.enabled=false", "-Dspring.docker.compose.enabled=false",
		"-cp", strings.Join(slices.Concat([]string{"/" + classPathJar}, t.libs), ":"),
		className(launchClass), "/" + trainDir, className(trainClass)})
}

// className returns the name of the class in a file: a/B.class holds a.B.
func className(file string) string {
	return strings.TrimSuffix(strings.ReplaceAll(file, "/", "."), ".class")
}

// method is how a JVM makes and uses an archive.
type method struct{ make, use, file string }

// methodOf returns the method of a Java version.
func methodOf(feature int) (method, error) {
	switch {
	case feature >= 25: // JEP 514
		return method{"-XX:AOTCacheOutput=", "-XX:AOTCache=", layertar.AppDir + "/dependencies.aot"}, nil
	case feature >= 13: // JEP 350
		return method{"-XX:ArchiveClassesAtExit=", "-XX:SharedArchiveFile=", layertar.AppDir + "/dependencies.jsa"}, nil
	case feature > 0:
		return method{}, fmt.Errorf("the base image's JVM is Java %d, and archives need Java 13", feature)
	}
	return method{}, errors.New("the base image's JVM does not tell its version")
}

// versionLine matches what java -version prints: openjdk version "17.0.12" 2024-07-16.
var versionLine = regexp.MustCompile(`version "((?:1\.)?(\d+)[^"]*)"`)

// javaOf reads the output of java -version: the whole version, and its first number.
func javaOf(said string) (version string, feature int) {
	m := versionLine.FindStringSubmatch(said)
	if m == nil {
		return "", 0
	}
	feature, _ = strconv.Atoi(m[2])
	return m[1], feature
}

// The trainer's last words.
const (
	trained    = "devloop: trained"
	notTrained = "devloop: not trained: "
)

// lacking reads from the trainer's last output what is missing from an archive.
func lacking(said string) string {
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		if names, found := strings.CutPrefix(line, trained+" without "); found {
			return "made without " + strings.Join(shortNames(strings.Fields(names)), ", ") +
				", which did not start by themselves"
		}
		if reason, found := strings.CutPrefix(line, notTrained); found {
			return "made of what was loaded until " + reason
		}
	}
	return ""
}

// shortNames leaves the packages and the common suffix of automatic configurations out.
func shortNames(classes []string) []string {
	for i, c := range classes {
		classes[i] = strings.TrimSuffix(c[strings.LastIndex(c, ".")+1:], "AutoConfiguration")
	}
	return classes
}

// trainer is where a training runs.
type trainer struct {
	docker client.ContainerAPIClient
	image  string
	out    io.Writer
}

// lowCPUShares are an eighth of a container's usual share. A training takes some seconds of all cores, in which the
// user may save: the compiler, and the application that takes the change, come first.
const lowCPUShares = 1024 / 8

// java runs the image's JVM and returns its output. Then done may read files of the container, which is removed.
func (s *trainer) java(ctx context.Context, t *Training, args []string,
	done func(client.ContainerAPIClient, string) error) (string, error) {
	id, remove, err := tempcontainer.Create(ctx, s.docker,
		tempcontainer.Purpose{Label: TrainingLabel, Value: t.Project, Limit: trainingLimit},
		// the image's own, but without the application's files
		&container.Config{Image: s.image, Entrypoint: []string{t.java}, Cmd: args},
		&container.HostConfig{NetworkMode: "none", Tmpfs: map[string]string{"/" + layertar.ClassesDir: ""},
			Resources: container.Resources{CPUShares: lowCPUShares}})
	if err != nil {
		return "", err
	}
	defer remove()
	if err := s.docker.CopyToContainer(ctx, id, "/", bytes.NewReader(trainerTar()),
		container.CopyToContainerOptions{}); err != nil {
		return "", err
	}
	waiting, failed := s.docker.ContainerWait(ctx, id, container.WaitConditionNextExit)
	if err := s.docker.ContainerStart(ctx, id, container.StartOptions{}); err != nil {
		return "", err
	}
	var code int64
	select {
	case ended := <-waiting:
		code = ended.StatusCode
	case err := <-failed:
		return "", err
	}
	said, err := s.logs(ctx, id)
	if err == nil && code != 0 {
		err = fmt.Errorf("java exited with status %d: %s", code, diagnostics.Reason(said, "it said nothing"))
	}
	if err == nil && done != nil {
		err = done(s.docker, id)
	}
	return said, err
}

// logs returns the output of a container.
func (s *trainer) logs(ctx context.Context, id string) (string, error) {
	stream, err := s.docker.ContainerLogs(ctx, id, container.LogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		return "", err
	}
	defer func() { _ = stream.Close() }()
	kept := &proc.HeadTail{}
	both := io.MultiWriter(kept, s.out)
	_, err = stdcopy.StdCopy(both, both, stream)
	return kept.String(), err
}

// trainerTar has the container's files: the first entry of the class path, and the application to train with.
func trainerTar() []byte {
	var data bytes.Buffer
	err := layertar.Write(&data, []springboot.Entry{
		{Path: classPathJar, File: springboot.Text(classPathJar, classPathJarData())},
		{Path: trainDir + "/" + trainClass, File: springboot.Text(trainClass, trainCode)}}, layertar.ReadOnly)
	if err != nil {
		panic(err) // a buffer takes all
	}
	return data.Bytes()
}

// keep makes a layer of the archive that the JVM wrote and the first entry of its class path.
func (t *Training) keep(ctx context.Context, docker client.ContainerAPIClient, id, file string, made *record) error {
	stream, _, err := docker.CopyFromContainer(ctx, id, "/"+file)
	if err != nil {
		return fmt.Errorf("take the archive: %w", err)
	}
	defer func() { _ = stream.Close() }()
	copied := tar.NewReader(stream)
	header, err := copied.Next()
	if err != nil {
		return fmt.Errorf("take the archive: %w", err)
	}
	if header.Name != path.Base(file) || header.Typeflag != tar.TypeReg {
		return fmt.Errorf("take the archive: the engine sent %q", header.Name)
	}
	layer, err := t.store.cache.Keep(nil, func(w io.Writer) error {
		return layertar.Write(w, []springboot.Entry{
			{Path: classPathJar, File: springboot.Text(classPathJar, classPathJarData())},
			{Path: file, File: readOnce{copied, header.Size}}}, layertar.ReadOnly)
	})
	made.Layer, made.Size = layer.String(), header.Size
	return err
}

// readOnce is a file that can be read once.
type readOnce struct {
	io.Reader
	size int64
}

func (s readOnce) Open() (io.ReadCloser, error) { return io.NopCloser(s), nil }
func (s readOnce) Size() int64                  { return s.size }
func (s readOnce) Version() string              { return "" }
func (s readOnce) String() string               { return "archive" }
