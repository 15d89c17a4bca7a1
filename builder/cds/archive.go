// Package cds makes archives of classes, by which a JVM starts faster.
//
//	store := cds.Open(cacheDir, cache)
//	training := store.Training("shop", layers, "java", classPath, options)
//	archive := training.Lookup(files)        // what an image of these layers gets now
//	_, err := training.Run(ctx, docker, image, out) // seconds, when nothing else runs
//
// A JVM reads, checks and lays out class files at each start. An archive has the result for the
// dependencies' classes; the JVM only maps it. JDK 13 to 24 call it a CDS archive, later ones an
// AOT cache: https://openjdk.org/jeps/350, https://openjdk.org/jeps/514.
//
// An archive has no class of the application, so it stays valid from edit to edit. It is made once for
// each set of dependencies, base and options, by an application without code of its own
// (io/…/Train.java), in a container of the image.
package cds

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/classpath"
	"github.com/devloop-cli/devloop/builder/layercache"
	"github.com/devloop-cli/devloop/builder/layertar"
	"github.com/devloop-cli/devloop/builder/ociimage"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/atomicfile"
)

// Archive describes the archive of an image.
type Archive struct {
	// Used is true if the image has one.
	Used bool
	// Wanted is true if the image could have one, had [Training.Run] made it.
	Wanted bool
	// Size is in bytes.
	Size int64
	// Java is the version of the JVM that made it.
	Java string
	// Why says what prevents an archive, or what is missing from it; "" if nothing does.
	Why string
}

// The files of the archive's layer.
//
// The archive is valid for a class path that begins as the one that it was made with, and the application's classes
// come before the libraries. So the first entry is a jar that never changes, which says in its manifest that the
// classes follow it: where the JVM looks for a class or a resource, and in which order, stays as it is without an
// archive. By an absolute URL it says so, since the JVM takes note of relative ones when it makes an archive, and
// refuses it where something has appeared there since. That is its guard against a class that hides an archived one of
// the same name; devloop keeps it by [classpath.Hidden].
const (
	classPathJar      = layertar.AppDir + "/classpath.jar"
	classPathManifest = "Manifest-Version: 1.0\r\nClass-Path: file:/" + layertar.ClassesDir + "/\r\n\r\n"
	launchClass       = "io/github/devloop_cli/Launch.class"
)

//go:embed io/github/devloop_cli/Launch.class
var launchCode []byte

// classPathJarData returns the jar at the beginning of the class path.
func classPathJarData() []byte {
	return layertar.Jar(layertar.JarFile{Name: springboot.ManifestPath, Data: []byte(classPathManifest)},
		layertar.JarFile{Name: launchClass, Data: launchCode})
}

// Store keeps archives as layers, and a record of each training.
type Store struct {
	cache *layercache.Cache
	dir   string
}

// Open returns the store in devloop's cache directory, whose archives are in cache.
func Open(dir string, cache *layercache.Cache) *Store {
	return &Store{cache: cache, dir: filepath.Join(dir, "archives")}
}

// record is what is known of a training.
type record struct {
	Layer   string // digest of the layer with the archive, "" without one
	Option  string // with which the JVM uses it
	Size    int64  // of the archive, in bytes
	Java    string // version of the JVM
	Missing string // what is missing from the archive
	Failure string // why the training failed
	Refused bool   // true if a JVM refused an earlier one
}

func (r record) archive() Archive {
	return Archive{Used: r.Failure == "", Size: r.Size, Java: r.Java, Why: cmp.Or(r.Failure, r.Missing)}
}

// retryAfter is how long a failed training is not repeated: it may be the machine that is wrong, and that passes.
const retryAfter = time.Hour

func (s *Store) path(key string) string { return filepath.Join(s.dir, key+".json") }

// read returns what is known of a training.
func (s *Store) read(key string) (r record, known bool) {
	info, err := os.Stat(s.path(key))
	if err != nil || !atomicfile.ReadJSON(s.path(key), &r) {
		return r, false
	}
	return r, r.Failure == "" || time.Since(info.ModTime()) < retryAfter
}

func (s *Store) write(key string, r record) error { return atomicfile.WriteJSON(s.path(key), r) }

// Reject records that a JVM did not use the archive of the training with a key. The next image has no archive, and a
// new one is trained; if that is rejected too, only after an hour. Again reports whether one is to be trained.
func (s *Store) Reject(key, why string) (again bool, err error) {
	old, _ := s.read(key)
	r := record{Refused: true}
	if old.Refused {
		r.Failure = "the JVM refused it twice: " + why
	}
	return !old.Refused, s.write(key, r)
}

// Training is what an archive is made of.
type Training struct {
	// Key names everything that the archive depends on.
	Key string

	// Project is the name of the project that it is for.
	Project string

	store   *Store
	java    string   // the JVM's command
	libs    []string // the class path
	options []string
}

// Training describes how an image's libraries are trained; the lowest of its layers have the JVM with the command java.
func (s *Store) Training(project string, layers []ociimage.Layer, java string, classPath, options []string) *Training {
	parts := [][]byte{launchCode, trainCode, classPathJarData()}
	for _, l := range layers {
		parts = append(parts, []byte(l.ID.String()))
	}
	for _, s := range slices.Concat([]string{java}, classPath, []string{""}, options) {
		parts = append(parts, []byte(s), []byte{0})
	}
	sum := sha256.Sum256(bytes.Join(parts, nil))
	return &Training{Key: hex.EncodeToString(sum[:]), store: s, Project: project, java: java, libs: classPath,
		options: options}
}

// Found is what a lookup finds.
type Found struct {
	Archive
	// Layer has the archive, and Option makes the JVM use it. Both are set if it is used.
	Layer     ociimage.Layer
	LayerSize int64
	Option    string
}

// ClassPathEntry is the first entry of the class path of an image with an archive.
const ClassPathEntry = "/" + classPathJar

// Lookup returns the archive for an application with these files, or why it has no archive.
func (t *Training) Lookup(files *springboot.Files) Found {
	if why := t.prevented(files); why != "" {
		return Found{Archive: Archive{Why: why}}
	}
	r, known := t.store.read(t.Key)
	if known && r.Failure != "" {
		return Found{Archive: r.archive()}
	}
	id, err := v1.NewHash(r.Layer)
	if !known || err != nil || !t.store.cache.Has(id) {
		return Found{Archive: Archive{Wanted: true, Why: "not made yet"}}
	}
	size, _ := t.store.cache.Size(id)
	return Found{Archive: r.archive(), Layer: ociimage.Cached(t.store.cache, id), LayerSize: size, Option: r.Option}
}

// prevented says what prevents an archive, "" if nothing does.
func (t *Training) prevented(files *springboot.Files) string {
	if !slices.ContainsFunc(t.libs,
		func(lib string) bool { return strings.HasPrefix(path.Base(lib), "spring-boot-autoconfigure-") }) {
		return "the dependencies hold no spring-boot-autoconfigure, which is what is trained with"
	}
	class, lib, err := classpath.Hidden(files)
	switch {
	case err != nil:
		return fmt.Sprintf("the libraries can't be looked into: %v", err)
	case class != "":
		return fmt.Sprintf("the application and %s both have %s", lib, class)
	}
	return ""
}

// rejection matches what a JVM logs, without being asked, where it does without its archive:
//
//	[0.019s][warning][cds,dynamic] Unable to use shared archive. The top archive failed to load: …
//	[0.004s][error  ][aot] An error has occurred while processing the AOT cache. Run with -Xlog:aot for details.
var rejection = regexp.MustCompile(`^\[[\d.,]+m?s\]\[(?:warning|error) *\]\[(?:cds|aot)[^\]]*\] (.*(?:archive|AOT cache|shared spaces).*)`)

// Rejection returns why a JVM does not use its archive, if a line of its log says so, else "".
func Rejection(line string) string {
	if m := rejection.FindStringSubmatch(line); m != nil {
		return strings.TrimSpace(m[1])
	}
	return ""
}
