package checks

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/agentplane/agentplane/ownership"
)

// spellings finds, among all paths of a tree, files and folders that fold to the same name as a changed path or as a
// folder above one.
type spellings struct {
	wanted map[string][]string // folded prefix of a changed path → its spellings in the tree
	added  map[string]bool     // changed paths that were not there before
	old    map[string]bool     // spelled prefixes, of the wanted ones, that paths from before use
	folds  map[string]string   // segment → folded
}

func newSpellings(changes []Change) *spellings {
	s := &spellings{wanted: map[string][]string{}, added: map[string]bool{}, old: map[string]bool{}, folds: map[string]string{}}
	for _, c := range changes {
		if c.removed() {
			continue
		}
		if c.added() {
			s.added[c.Path] = true
		}
		for end := range prefixesOf(c.Path) {
			s.wanted[s.fold(c.Path[:end])] = nil
		}
	}
	return s
}

// see notes a path of the tree. Most paths share no prefix with a changed one, and are left at once.
func (s *spellings) see(path string) {
	isNew := s.added[path]
	var key []byte
	start := 0
	for end := range prefixesOf(path) {
		key = append(key, s.foldSegment(path[start:end])...)
		known, ok := s.wanted[string(key)]
		if !ok {
			return
		}
		spelled := path[:end]
		if !slices.Contains(known, spelled) {
			s.wanted[string(key)] = append(known, spelled)
		}
		if !isNew {
			s.old[spelled] = true
		}
		key, start = append(key, '/'), end+1
	}
}

// A twin is a path, or a folder above it, and another spelling of the same name.
type twin struct {
	mine, other       string
	mineOld, otherOld bool // whether the spelling was there before
}

// twinOf returns the shortest prefix of path whose spelling is new and has a twin; or else path itself where it has one
// that is as old. A spelling that was there before is not at fault: the path with the new one is.
func (s *spellings) twinOf(path string) twin {
	t := twin{}
	for end := range prefixesOf(path) {
		t = twin{mine: path[:end], mineOld: s.old[path[:end]]}
		t.other = s.otherThan(t.mine)
		t.otherOld = s.old[t.other]
		if t.other != "" && !t.mineOld {
			return t
		}
	}
	if t.otherOld {
		return t
	}
	return twin{}
}

// finding says which spelling to use. Names that are not ASCII are written out, because twins can look the same.
func (t twin) finding(path string) Finding {
	f := Finding{
		Rule: RuleTwin, Path: path, Contract: "built-in",
		Message: fmt.Sprintf("%s and %s differ only in case or Unicode form, and are one on some systems",
			code(escapedRunes(t.mine)), code(escapedRunes(t.other))),
	}
	switch {
	case t.mineOld:
		f.Level, f.Verdict = Warning, Success
	case t.otherOld:
		f.Fix = fmt.Sprintf("Use the spelling %s.", code(escapedRunes(t.other)))
	default:
		f.Fix = "Use one spelling for both."
	}
	return f
}

// escapedRunes writes out every rune that is not ASCII.
func escapedRunes(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < utf8.RuneSelf || r == utf8.RuneError {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u{%x}`, r)
		}
	}
	return b.String()
}

// otherThan returns another spelling of a prefix, an old one if there is one.
func (s *spellings) otherThan(mine string) string {
	best := ""
	for _, o := range s.wanted[s.fold(mine)] {
		better := best == "" || s.old[o] && !s.old[best] || s.old[o] == s.old[best] && o < best
		if o != mine && better {
			best = o
		}
	}
	return best
}

// fold folds a path segment by segment.
func (s *spellings) fold(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		segments[i] = s.foldSegment(segment)
	}
	return strings.Join(segments, "/")
}

// foldSegment remembers what it folded: a tree has few different segments.
func (s *spellings) foldSegment(segment string) string {
	folded, ok := s.folds[segment]
	if !ok {
		folded = ownership.Fold(segment)
		s.folds[segment] = folded
	}
	return folded
}

// prefixesOf yields the ends of a path's prefixes: of each folder above it, and of itself.
func prefixesOf(path string) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for i := 0; i < len(path); i++ {
			if path[i] == '/' && !yield(i) {
				return
			}
		}
		yield(len(path))
	}
}
