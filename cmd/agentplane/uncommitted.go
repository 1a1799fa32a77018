package main

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // git's name for an object, not a protection
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
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

// uncommitted says what of the tracked files is not in a commit whose tree is given, or "". It reads the index as
// https://git-scm.com/docs/index-format describes it, and runs nothing that the repository's configuration names. Files that
// were never added are not looked for. An index in a form that it does not know says nothing.
func (c *clone) uncommitted(tree string) string {
	text, err := readUpTo(filepath.Join(c.git, "index"), maxIndex)
	if err != nil {
		return ""
	}
	entries, err := readIndex(text, len(tree)/2)
	if err != nil {
		return ""
	}
	var parts []string
	changed, example := 0, ""
	for _, e := range entries {
		if e.differs(c.top) {
			if changed++; changed == 1 {
				example = e.path
			}
		}
	}
	if changed > 0 {
		parts = append(parts, fmt.Sprintf("%s with changes (%q)", count(changed, "tracked file"), example))
	}
	if hex.EncodeToString(treeOf(entries, 0)) != tree {
		parts = append(parts, "changes that are staged")
	}
	return strings.Join(parts, ", and ")
}

// indexEntry is one tracked file as it was when git last looked.
type indexEntry struct {
	path            string
	seconds, nanos  uint32 // when it was changed
	mode, size      uint32
	id              []byte
	flags, extended uint16
}

// Flags of an entry: two of its own, two of its extended ones.
const (
	assumeUnchanged = 0x8000
	isExtended      = 0x4000
	skipWorktree    = 0x4000
	intentToAdd     = 0x2000
)

var errIndex = errors.New("an index in another form")

// readIndex takes an index apart whose ids have a size.
func readIndex(text []byte, idSize int) ([]indexEntry, error) {
	if len(text) < 12 || string(text[:4]) != "DIRC" || idSize != sha1.Size && idSize != sha256.Size {
		return nil, errIndex
	}
	version, n := binary.BigEndian.Uint32(text[4:]), binary.BigEndian.Uint32(text[8:])
	if version < 2 || version > 4 || int64(n)*62 > int64(len(text)) {
		return nil, errIndex
	}
	var entries []indexEntry
	at, path := 12, ""
	for range n {
		e, next, err := readIndexEntry(text, at, idSize, path)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
		at, path = next, e.path
	}
	return entries, readExtensions(text[at:], idSize)
}

// readIndexEntry reads the entry at a position and returns the next position. before is the path of the one before it.
func readIndexEntry(text []byte, at, idSize int, before string) (indexEntry, int, error) {
	start, fixed, version := at, 40+idSize+2, binary.BigEndian.Uint32(text[4:])
	if at+fixed+2 > len(text) {
		return indexEntry{}, 0, errIndex
	}
	field := func(n int) uint32 { return binary.BigEndian.Uint32(text[at+n:]) }
	e := indexEntry{
		seconds: field(8), nanos: field(12), mode: field(24), size: field(36), id: text[at+40 : at+40+idSize],
		flags: binary.BigEndian.Uint16(text[at+40+idSize:]),
	}
	at += fixed
	if e.flags&isExtended != 0 {
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

// readExtensions refuses split and sparse indexes, whose entries are not all files.
func readExtensions(text []byte, idSize int) error {
	for len(text) >= 8+idSize {
		name, size := string(text[:4]), int64(binary.BigEndian.Uint32(text[4:]))
		if size > int64(len(text)-8) || name == "link" || name == "sdir" {
			return errIndex
		}
		text = text[8+size:]
	}
	if len(text) != idSize {
		return errIndex
	}
	return nil
}

// treeOf is the id of the tree that would be committed: entries share the first skip bytes of their paths, and stand in
// the order that trees have. Entries of an unfinished merge give a tree that no commit has, as they should.
func treeOf(entries []indexEntry, skip int) []byte {
	var tree bytes.Buffer
	size := sha1.Size
	for i := 0; i < len(entries); {
		e := entries[i]
		size = len(e.id)
		name, below, isDir := strings.Cut(e.path[skip:], "/")
		if !isDir {
			if i++; e.extended&intentToAdd == 0 {
				fmt.Fprintf(&tree, "%o %s\x00%s", e.mode, name, e.id)
			}
			continue
		}
		dir := e.path[:len(e.path)-len(below)]
		end := i
		for end < len(entries) && strings.HasPrefix(entries[end].path, dir) {
			end++
		}
		fmt.Fprintf(&tree, "40000 %s\x00%s", name, treeOf(entries[i:end], len(dir)))
		i = end
	}
	return objectID(size, "tree", tree.Bytes())
}

// objectID is git's name for an object.
func objectID(size int, kind string, content []byte) []byte {
	var h hash.Hash = sha1.New() //nolint:gosec // git's name for an object
	if size == sha256.Size {
		h = sha256.New()
	}
	fmt.Fprintf(h, "%s %d\x00", kind, len(content))
	_, _ = h.Write(content) // never fails, see hash.Hash
	return h.Sum(nil)
}

// differs tells whether a file is not what the index has: gone, of another kind, or of other content. Submodules, and what
// git was told not to look at, never differ.
func (e indexEntry) differs(top string) bool {
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
	return bytes.Equal(objectID(len(e.id), "blob", content), e.id)
}
