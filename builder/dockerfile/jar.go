package dockerfile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
)

// RunsJar reports whether the image is certain to run the classes of jar: its last stage has
// the jar, or something unpacked from it, and no instruction makes other classes.
func (f *File) RunsJar(jar string) bool {
	if len(f.stages) == 0 || slices.ContainsFunc(f.stages, func(s stage) bool { return s.compiles }) {
		return false
	}
	last := f.stages[len(f.stages)-1]
	for i, s := range f.stages {
		used := s.name != "" && slices.Contains(last.uses, s.name) || slices.Contains(last.uses, strconv.Itoa(i)) ||
			i == len(f.stages)-1
		if used && f.takesOnlyJar(s, jar) {
			return true
		}
	}
	return false
}

// takesOnlyJar reports whether a source in the stage stands for jar and for nothing else.
func (f *File) takesOnlyJar(s stage, jar string) bool {
	is := func(pattern string, exclude []string) bool {
		found := f.matches(pattern, exclude)
		return len(found) == 1 && found[0] == f.inContext(jar)
	}
	if slices.ContainsFunc(s.mounts, func(m string) bool { return is(m, nil) }) {
		return true
	}
	return slices.ContainsFunc(s.copies, func(c Copy) bool {
		return slices.ContainsFunc(c.Sources, func(source string) bool { return is(source, c.exclude) })
	})
}

// JarLine returns the line that copies jar into the image as one file, 0 if no line does.
func (f *File) JarLine(jar string) int {
	if len(f.stages) == 0 {
		return 0
	}
	for _, c := range f.stages[len(f.stages)-1].copies {
		if slices.ContainsFunc(c.Sources,
			func(s string) bool { return slices.Contains(f.matches(s, c.exclude), f.inContext(jar)) }) {
			return c.Line
		}
	}
	return 0
}

// jarUse is how much of the jar a source of a COPY takes.
type jarUse int

const (
	jarUnused jarUse = iota
	jarCopied        // the jar alone
	jarInDir         // a directory that contains it
)

// Fingerprint changes when anything but jar changes that the image is made of: the Dockerfile, .dockerignore, and the
// name, mode, size and time of each file that it copies. Where the application can be told from the rest of the image,
// what brings it does not count; see [File.Application].
func (f *File) Fingerprint(jar string) string {
	ignore, _ := os.ReadFile(f.ignoreFile())
	parts := []string{string(f.text), string(ignore)}
	if a, reason := f.Application(jar); reason == "" {
		f = a.Without
	}
	for _, s := range f.stages {
		for _, c := range s.copies {
			for _, source := range c.Sources {
				parts = append(parts, f.stamps(source, jar)...)
			}
		}
		for _, m := range s.mounts {
			parts = append(parts, f.stamps(m, jar)...)
		}
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

// stamps describes each file of a source, the jar left out. One that can't be read is described by the error.
func (f *File) stamps(pattern, jar string) (stamps []string) {
	err := f.Walk(pattern, func(_, file string, d fs.DirEntry) error {
		if file == jar {
			return nil
		}
		info, err := d.Info()
		if err == nil {
			stamps = append(stamps, fmt.Sprint(file, info.Mode(), info.Size(), info.ModTime().UnixNano()))
		}
		return err
	})
	if err != nil {
		stamps = append(stamps, err.Error())
	}
	return stamps
}
