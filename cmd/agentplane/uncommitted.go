package main

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // git's name for an object, not a protection
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxIndex bounds the index that is read, and maxCompared a file whose content is compared, in bytes.
const (
	maxIndex    = 256 << 20
	maxCompared = 32 << 20
)

// uncommitted says what of the tracked files is not committed, or "". It reads the index as
// https://git-scm.com/docs/index-format describes it, and runs nothing that the repository's configuration names. Files that
// were never added are not looked for. An index in a form that it does not know says nothing.
func (c *clone) uncommitted() string {
	text, err := readUpTo(filepath.Join(c.git, "index"), maxIndex)
	if err != nil {
		return ""
	}
	for _, size := range []int{sha1.Size, sha256.Size} {
		if x, err := readIndex(text, size); err == nil {
			return x.describe(c.top)
		}
	}
	return ""
}

// index is what git's index says of the tracked files.
type index struct {
	entries []indexEntry
	staged  bool // it holds something that no commit made of it holds yet
}

// indexEntry is one tracked file as it was when git last looked.
type indexEntry struct {
	path            string
	seconds, nanos  uint32 // when it was changed
	mode, size      uint32
	id              []byte
	flags, extended uint16
}

var errIndex = errors.New("an index in another form")

// readIndex takes an index apart whose ids have a size.
func readIndex(text []byte, idSize int) (*index, error) {
	if len(text) < 12 || string(text[:4]) != "DIRC" {
		return nil, errIndex
	}
	version, n := binary.BigEndian.Uint32(text[4:]), binary.BigEndian.Uint32(text[8:])
	if version < 2 || version > 4 || int64(n)*62 > int64(len(text)) {
		return nil, errIndex
	}
	x, at, path := &index{}, 12, ""
	for range n {
		e, next, err := readIndexEntry(text, at, idSize, version, path)
		if err != nil {
			return nil, err
		}
		x.entries = append(x.entries, e)
		at, path = next, e.path
	}
	return x, x.readExtensions(text[at:], idSize)
}

// readIndexEntry reads the entry at a position and returns the next position. before is the path of the one before it.
func readIndexEntry(text []byte, at, idSize int, version uint32, before string) (indexEntry, int, error) {
	start, fixed := at, 40+idSize+2
	if at+fixed+2 > len(text) {
		return indexEntry{}, 0, errIndex
	}
	field := func(n int) uint32 { return binary.BigEndian.Uint32(text[at+n:]) }
	e := indexEntry{
		seconds: field(8), nanos: field(12), mode: field(24), size: field(36), id: text[at+40 : at+40+idSize],
		flags: binary.BigEndian.Uint16(text[at+40+idSize:]),
	}
	at += fixed
	if e.flags&0x4000 != 0 {
		e.extended = binary.BigEndian.Uint16(text[at:])
		at += 2
	}
	if version == 4 {
		cut, n := offsetNumber(text[at:])
		if n == 0 || cut > len(before) {
			return indexEntry{}, 0, errIndex
		}
		at += n
		e.path = before[:len(before)-cut]
	}
	end := bytes.IndexByte(text[at:], 0)
	if kind := e.mode >> 12; end < 0 || kind != 8 && kind != 10 && kind != 14 {
		return indexEntry{}, 0, errIndex
	}
	e.path += string(text[at : at+end])
	at += end + 1
	if version < 4 {
		at = start + (at-1-start+8)/8*8 // padded with NUL to a multiple of eight
	}
	return e, at, nil
}

// offsetNumber reads a number as packs encode offsets, and returns how long it was; 0 when it is none.
func offsetNumber(text []byte) (value, n int) {
	for n < len(text) && n < 4 {
		b := int(text[n])
		n++
		value |= b & 0x7f
		if b&0x80 == 0 {
			return value, n
		}
		value = (value + 1) << 7
	}
	return 0, 0
}

// readExtensions looks for the cached trees: git drops the root's when a path is added, and writes it again when a commit
// is made. Split and sparse indexes are another form.
func (x *index) readExtensions(text []byte, idSize int) error {
	for len(text) >= 8+idSize {
		name, size := string(text[:4]), int64(binary.BigEndian.Uint32(text[4:]))
		if size > int64(len(text)-8) {
			return errIndex
		}
		body := text[8 : 8+size]
		switch name {
		case "link", "sdir":
			return errIndex
		case "TREE":
			x.staged = bytes.HasPrefix(body, []byte("\x00-1 "))
		}
		text = text[8+size:]
	}
	if len(text) != idSize {
		return errIndex
	}
	return nil
}

// describe compares the entries with the files.
func (x *index) describe(top string) string {
	changed := 0
	example := ""
	for _, e := range x.entries {
		if e.differs(top) {
			if changed++; changed == 1 {
				example = e.path
			}
		}
	}
	var parts []string
	if changed > 0 {
		parts = append(parts, fmt.Sprintf("%s with uncommitted changes (%q)", count(changed, "file"), example))
	}
	if x.staged {
		parts = append(parts, "changes that are staged")
	}
	return strings.Join(parts, ", and ")
}

// differs tells whether a file is not what the index has: gone, of another kind, or of other content. Submodules, and what
// git was told not to look at, never differ.
func (e indexEntry) differs(top string) bool {
	const assumeUnchanged, skipWorktree = 0x8000, 0x4000
	if e.mode>>12 == 14 || e.flags&assumeUnchanged != 0 || e.extended&skipWorktree != 0 {
		return false
	}
	file := filepath.Join(top, filepath.FromSlash(e.path))
	info, err := os.Lstat(file)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	link := info.Mode()&fs.ModeSymlink != 0
	if link != (e.mode>>12 == 10) || !link && !info.Mode().IsRegular() {
		return true
	}
	at := info.ModTime()
	if uint32(info.Size()) == e.size && uint32(at.Unix()) == e.seconds && (e.nanos == 0 || uint32(at.Nanosecond()) == e.nanos) {
		return false
	}
	return !e.holds(file, link)
}

// holds compares by content, as git stores it: a file that was only touched does not differ.
func (e indexEntry) holds(file string, link bool) bool {
	var content []byte
	if link {
		target, err := os.Readlink(file)
		if err != nil {
			return false
		}
		content = []byte(target)
	} else {
		var err error
		if content, err = readUpTo(file, maxCompared); err != nil {
			return false
		}
	}
	var h hash.Hash = sha1.New() //nolint:gosec // git's name for an object
	if len(e.id) == sha256.Size {
		h = sha256.New()
	}
	fmt.Fprintf(h, "blob %d\x00", len(content))
	_, _ = h.Write(content) // never fails, see hash.Hash
	return bytes.Equal(h.Sum(nil), e.id)
}
