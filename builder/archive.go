package builder

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/layertar"
	"github.com/devloop-cli/devloop/builder/ociimage"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/atomicfile"
)

// Archive tells of an archive of classes: what the JVM makes of the dependencies'
// class files when it starts, read, checked and laid out in memory, as a file that
// the next start only maps. JDK 13 to 24 call it a CDS archive, later ones an AOT cache:
// https://openjdk.org/jeps/350, https://openjdk.org/jeps/514.
//
// It holds no class of the application, so that it stays right at every edit. One
// is made by [Imager.Train], once for each set of dependencies, base and options.
type Archive struct {
	// Used is true where the image has one.
	Used bool
	// Wanted is true where the image could have one, had [Imager.Train] made it.
	Wanted bool
	// Size is in bytes.
	Size int64
	// Java is the version of the JVM that made it.
	Java string
	// Why says, as a clause, what speaks against an archive, or what it lacks; "" where nothing does.
	Why string
}

// The files of the archive's layer.
//
// The archive is valid for a class path that begins as the one that it was made
// with, and the application's classes come before the libraries. So the first entry
// is a jar that never changes, which says in its manifest that the classes follow
// it: where the JVM looks for a class or a resource, and in which order, stays as it
// is without an archive. By an absolute URL it says so, since the JVM takes note
// of relative ones when it makes an archive, and refuses it where something has
// appeared there since. That is its guard against a class that hides an archived one
// of the same name; devloop keeps it by [shadow].
const (
	classPathJar      = layertar.AppDir + "/classpath.jar"
	classPathManifest = "Manifest-Version: 1.0\r\nClass-Path: file:/" + layertar.ClassesDir + "/\r\n\r\n"
	launchClass       = "io/github/devloop_cli/Launch.class"
)

//go:embed train/io/github/devloop_cli/Launch.class
var launchCode []byte

// classPathJarData returns the jar at the beginning of the class path.
func classPathJarData() []byte {
	var data bytes.Buffer
	jar := zip.NewWriter(&data)
	for _, f := range []struct {
		name string
		text []byte
	}{{springboot.ManifestPath, []byte(classPathManifest)}, {launchClass, launchCode}} {
		w, err := jar.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: layertar.Time})
		if err == nil {
			_, err = w.Write(f.text)
		}
		if err != nil {
			panic(err) // a buffer takes all
		}
	}
	if err := jar.Close(); err != nil {
		panic(err)
	}
	return data.Bytes()
}

// record is what is kept of a training, by its key.
type record struct {
	Layer   string // digest of the layer with the archive, "" where there is none
	Option  string // what tells the JVM of it
	Size    int64  // of the archive, in bytes
	Java    string // version of the JVM
	Partly  string // what the archive lacks
	Failure string // why there is none
	Refused bool   // true where a JVM refused one that was made before
}

// failedTraining is how long a training that failed is not repeated: what is wrong
// with the dependencies stays so, what is wrong with the machine may pass.
const failedTraining = time.Hour

func recordPath(dir, key string) string { return filepath.Join(dir, key+".json") }

// readRecord returns what is known of a training.
func readRecord(dir, key string) (record, bool) {
	var r record
	info, err := os.Stat(recordPath(dir, key))
	if err != nil {
		return r, false
	}
	if !atomicfile.ReadJSON(recordPath(dir, key), &r) {
		return r, false
	}
	return r, r.Failure == "" || time.Since(info.ModTime()) < failedTraining
}

// keepRecord writes a record, whole or not at all.
func keepRecord(dir, key string, r record) error {
	return atomicfile.WriteJSON(recordPath(dir, key), r)
}

// archived returns the layer of the archive that fits, nil if there is none, and says in c
// how things stand.
func (j *job) archived(c *composition, t *training, files *springboot.Files) *ociimage.Layer {
	if c.Archive.Why = j.noArchive(t, files); c.Archive.Why != "" {
		return nil
	}
	r, known := readRecord(j.records, t.key)
	diffID, err := v1.NewHash(r.Layer)
	if known && r.Failure != "" {
		c.Archive.Why = r.Failure
		return nil
	}
	if !known || err != nil || !j.cache.Has(diffID) {
		c.Archive = Archive{Wanted: true, Why: "not made yet"}
		c.training = t
		return nil
	}
	size, _ := j.cache.Size(diffID)
	c.Archive, c.archive = Archive{Used: true, Size: r.Size, Java: r.Java, Why: r.Partly}, t.key
	c.Layers = append(c.Layers, LayerNote{Name: LeverArchive, Size: size})
	c.Options = append(c.Options, Option{Lever: LeverArchive, Text: r.Option, Why: "maps the dependencies' classes instead of reading them"})
	_, _ = fmt.Fprintf(j.out, "layer %s: unchanged, %d bytes\n", LeverArchive, size)
	return new(ociimage.Cached(j.cache, diffID))
}

// noArchive says what speaks against an archive, "" if nothing does.
func (j *job) noArchive(t *training, files *springboot.Files) string {
	if slices.Contains(j.without, LeverArchive) {
		return "turned off"
	}
	if !slices.ContainsFunc(t.libs, func(lib string) bool { return strings.HasPrefix(path.Base(lib), "spring-boot-autoconfigure-") }) {
		return "the dependencies hold no spring-boot-autoconfigure, which is what is trained with"
	}
	class, lib, err := files.DuplicateClass()
	if err != nil {
		return fmt.Sprintf("the libraries can't be looked into: %v", err)
	}
	if class != "" {
		return fmt.Sprintf("the application and %s both have %s", lib, class)
	}
	return ""
}

// refusal matches what a JVM logs, without being asked, where it does without its archive:
//
//	[0.019s][warning][cds,dynamic] Unable to use shared archive. The top archive failed to load: …
//	[0.004s][error  ][aot] An error has occurred while processing the AOT cache. Run with -Xlog:aot for details.
var refusal = regexp.MustCompile(`^\[[\d.,]+m?s\]\[(?:warning|error) *\]\[(?:cds|aot)[^\]]*\] (.*(?:archive|AOT cache|shared spaces).*)`)

// Refusal returns why a JVM does not use its archive, if a line of its log says so, else "".
func Refusal(line string) string {
	if m := refusal.FindStringSubmatch(line); m != nil {
		return strings.TrimSpace(m[1])
	}
	return ""
}

// Refuse says that a JVM did not take the archive of img. The next image has none, and wants
// one again; but if that is refused too, there will be none until a dependency changes, or
// for an hour. again tells whether it is wanted.
func (m *Imager) Refuse(img Image, why string) (again bool, err error) {
	cache, err := cacheDir(m.cache)
	if err != nil || img.archive == "" {
		return false, err
	}
	records := filepath.Join(cache, "archives")
	old, _ := readRecord(records, img.archive)
	r := record{Refused: true}
	if old.Refused {
		r.Failure = "the JVM refused it twice: " + why
	}
	return !old.Refused, keepRecord(records, img.archive, r)
}
