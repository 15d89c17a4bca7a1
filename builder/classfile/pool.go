package classfile

import "encoding/binary"

// pool is a constant pool in the form of a class file, to which constants can be added.
type pool struct {
	entries []byte
	count   int // one more than the index of the last entry, as in the file
	texts   map[string]uint16
}

// newPool copies the entries of a pool, which begin with their count. Texts get new names.
func newPool(data []byte, names map[string]string) *pool {
	p := &pool{count: int(binary.BigEndian.Uint16(data)), texts: map[string]uint16{}}
	for data = data[2:]; len(data) > 0; {
		size := entrySize(data)
		text, renamed := "", false
		if data[0] == tagUtf8 {
			text, renamed = names[string(data[3:size])]
		}
		if renamed {
			p.entries = append(binary.BigEndian.AppendUint16(append(p.entries, tagUtf8), uint16(len(text))), text...)
		} else {
			p.entries = append(p.entries, data[:size]...)
		}
		data = data[size:]
	}
	return p
}

// entrySize returns the size of the entry that data begins with, section 4.4.
func entrySize(data []byte) int {
	switch data[0] {
	case tagUtf8:
		return 3 + int(binary.BigEndian.Uint16(data[1:]))
	case tagLong, tagDouble:
		return 9
	case tagClass, tagString, tagMethodType, tagModule, tagPackage:
		return 3
	case tagMethodHandle:
		return 4
	default:
		return 5
	}
}

// add adds a constant that refers to others, and returns its index.
func (p *pool) add(tag byte, refs ...uint16) uint16 {
	p.entries = append(p.entries, tag)
	for _, ref := range refs {
		p.entries = binary.BigEndian.AppendUint16(p.entries, ref)
	}
	p.count++
	return uint16(p.count - 1)
}

func (p *pool) utf8(text string) uint16 {
	if index, there := p.texts[text]; there {
		return index
	}
	p.texts[text] = p.add(tagUtf8, uint16(len(text)))
	p.entries = append(p.entries, text...)
	return p.texts[text]
}

func (p *pool) class(name string) uint16 { return p.add(tagClass, p.utf8(name)) }

func (p *pool) method(class, name, desc string) uint16 {
	owner, nameAndType := p.class(class), p.add(tagNameAndType, p.utf8(name), p.utf8(desc))
	return p.add(tagMethod, owner, nameAndType)
}
