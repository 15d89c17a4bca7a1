package dockerfile

import (
	"cmp"
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

// Fingerprint changes when anything but jar changes that the image is made of: the
// Dockerfile, .dockerignore, and the name, mode, size and time of each file that it copies.
//
// Reason is a clause that says why the jar cannot be separated from the rest of the image, "" if it can.
func (f *File) Fingerprint(jar string) (key, reason string) {
	ignore, _ := os.ReadFile(f.ignoreFile())
	parts := []string{string(f.text), string(ignore)}
	jars := 0
	add := func(pattern string, mounted bool) {
		stamps, use, err := f.stamps(pattern, jar)
		parts = append(parts, stamps...)
		switch {
		case err != nil:
			reason = cmp.Or(reason, err.Error())
		case use != jarUnused && mounted:
			reason = cmp.Or(reason, "a RUN command can read the jar")
		case use == jarInDir:
			reason = cmp.Or(reason, "it copies a directory that contains the jar")
		case use == jarCopied:
			jars++
		}
	}
	for _, s := range f.stages {
		for _, c := range s.copies {
			for _, source := range c.Sources {
				add(source, false)
			}
		}
		for _, m := range s.mounts {
			add(m, true)
		}
	}
	switch {
	case len(f.stages) != 1:
		reason = "it has more than one stage"
	case jars != 1:
		reason = cmp.Or(reason, "it does not copy the jar as a file")
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:]), reason
}

// stamps describes each file of a source, the jar left out.
func (f *File) stamps(pattern, jar string) (stamps []string, use jarUse, err error) {
	err = f.Walk(pattern, func(root, file string, d fs.DirEntry) error {
		switch {
		case file == jar && file == root:
			use = max(use, jarCopied)
			return nil
		case file == jar:
			use = jarInDir
			return nil
		}
		info, err := d.Info()
		if err == nil {
			stamps = append(stamps, fmt.Sprint(file, info.Mode(), info.Size(), info.ModTime().UnixNano()))
		}
		return err
	})
	return stamps, use, err
}
