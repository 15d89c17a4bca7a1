package springboot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// classFileVersion returns the Java version that a class file needs, 0 if it is no class file.
func classFileVersion(data []byte) int {
	if !isClass(data) {
		return 0
	}
	return int(binary.BigEndian.Uint16(data[6:])) - 44 // JVM specification, table 4.1-A
}

// usesPreview reports whether a class file uses preview features. Only a JVM of exactly its Java version
// runs it, and only with --enable-preview (https://openjdk.org/jeps/12).
func usesPreview(data []byte) bool {
	return isClass(data) && binary.BigEndian.Uint16(data[4:]) == 65535 && classFileVersion(data) > 11
}

func isClass(data []byte) bool { return len(data) >= 8 && binary.BigEndian.Uint32(data) == 0xCAFEBABE }

// UsesPreview reports whether one of the application's own classes uses preview features.
func (a App) UsesPreview() (bool, error) {
	if a.Java < 12 {
		return false, nil
	}
	f, err := a.Files()
	if err != nil {
		return false, err
	}
	defer f.Close()
	for _, e := range f.Own {
		if !strings.HasSuffix(e.Path, ".class") {
			continue
		}
		head, err := headOf(e.File)
		if err != nil {
			return false, fmt.Errorf("read %q: %w", e.File, err)
		}
		if usesPreview(head) {
			return true, nil
		}
	}
	return false, nil
}

// headOf returns the first bytes of a file: those of a class file up to its version.
func headOf(file Source) ([]byte, error) {
	data, err := file.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = data.Close() }()
	head := make([]byte, 8)
	n, err := io.ReadFull(data, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return head[:n], err
}
