package checks

import (
	"slices"
	"strings"

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

// see notes a path of the tree.
func (s *spellings) see(path string) {
	isNew := s.added[path]
	folded := s.fold(path)
	foldedEnds := slices.Collect(prefixesOf(folded))
	i := 0
	for end := range prefixesOf(path) {
		if i == len(foldedEnds) {
			return // folding made another number of segments: not a name that twins
		}
		key := folded[:foldedEnds[i]]
		i++
		known, ok := s.wanted[key]
		if !ok {
			return // no longer prefix of it is wanted either
		}
		spelled := path[:end]
		if !slices.Contains(known, spelled) {
			s.wanted[key] = append(known, spelled)
		}
		if !isNew {
			s.old[spelled] = true
		}
	}
}

// twinOf returns the shortest prefix of path that has a twin, the twin, and whether one of the two is new.
func (s *spellings) twinOf(path string) (mine, other string, isNew bool) {
	for end := range prefixesOf(path) {
		mine = path[:end]
		others := slices.Clone(s.wanted[s.fold(mine)])
		slices.Sort(others)
		for _, o := range others {
			if o != mine {
				return mine, o, !s.old[mine] || !s.old[o]
			}
		}
	}
	return "", "", false
}

// fold folds a path segment by segment, remembering segments, of which a tree has few different ones.
func (s *spellings) fold(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		folded, ok := s.folds[segment]
		if !ok {
			folded = ownership.Fold(segment)
			s.folds[segment] = folded
		}
		segments[i] = folded
	}
	return strings.Join(segments, "/")
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
