package ownership

import (
	"slices"
	"strings"
)

// An automaton is the trie made deterministic while it is used: each state is
// a set of nodes, and each step into a directory is looked up by the segment's
// bytes once it was taken. What a path has in common with the path before is
// not read again, so a path in a sorted list costs about as much as its name,
// however many patterns there are.
type automaton struct {
	trie   *trie
	states map[string]*state
	sets   map[string]*claimSet
	unions map[[2]*claimSet]*claimSet
	none   *claimSet
	path   string      // the path before
	way    []directory // its directories, from the root on
	work   int
	failed string  // why the last question has no answer
	nodes  []int32 // scratch space of a step
	claims []int32 // scratch space of an end
	key    []byte  // scratch space of a look-up
}

// A state is a set of nodes without leaves, and the steps taken from it.
type state struct {
	nodes []int32
	steps map[string]*step
	ends  map[string]*claimSet // of names that were costly to compare
}

// A step is what a directory's name leads to.
type step struct {
	to     *state
	claims *claimSet // claims that match everything below
}

// A directory is one on the way to a path.
type directory struct {
	end    int // of its name in the path; the root's is -1
	state  *state
	claims *claimSet // claims that match everything below
}

// A claimSet is a set of claims, by number, sorted. Equal sets are one set.
type claimSet struct {
	claims   []int32
	ruling   *Ruling // the last one that was made of it
	position int     // of the agent whose ruling it is
}

// maxWork bounds the steps of one automaton. 100,000 paths with 10,000
// patterns take a tenth; only patterns and paths that were made to be slow
// take more.
const maxWork = 40_000_000

// What is kept costs as much work as it costs memory.
const (
	workPerStep  = 8
	workPerClaim = 8
)

// cheap is the work up to which the end of a path is compared anew each time:
// that is faster than a look-up in a large map.
const cheap = 64

// newAutomaton starts at the root of the repository.
func newAutomaton(t *trie) *automaton {
	a := &automaton{
		trie:   t,
		states: map[string]*state{},
		sets:   map[string]*claimSet{},
		unions: map[[2]*claimSet]*claimSet{},
	}
	a.none = a.set(nil)
	a.nodes = a.enter(a.enter(a.nodes[:0], exactRoot), foldedRoot)
	a.way = []directory{{end: -1, state: a.state(a.nodes), claims: a.set(t.all)}}
	return a
}

// find returns the claims that match a path. It returns nil and sets failed for
// a path that git could not hold, and when there was too much work.
func (a *automaton) find(path string) *claimSet {
	top := len(a.way) - 1
	for ; top > 0; top-- {
		if end := a.way[top].end; end < len(path) && path[end] == '/' && path[:end] == a.path[:end] {
			break
		}
	}
	a.path, a.way = path, a.way[:top+1]
	for {
		dir := &a.way[len(a.way)-1]
		rest := path[dir.end+1:]
		slash := strings.IndexByte(rest, '/')
		if slash < 0 {
			if found := a.end(dir.state, rest); found != nil {
				return a.union(dir.claims, found)
			}
			return nil
		}
		s := a.step(dir.state, rest[:slash])
		if s == nil {
			return nil
		}
		a.way = append(a.way, directory{end: dir.end + 1 + slash, state: s.to, claims: a.union(dir.claims, s.claims)})
	}
}

// step goes on from a state by a segment, or returns nil.
func (a *automaton) step(s *state, segment string) *step {
	if known, ok := s.steps[segment]; ok {
		return known
	}
	if !a.can(segment) {
		return nil
	}
	next := a.take(s, segment)
	if s.steps == nil {
		s.steps = map[string]*step{}
	}
	s.steps[segment] = next
	return next
}

// can tells whether a segment may be compared, and sets failed if not.
func (a *automaton) can(segment string) bool {
	switch {
	case segment == "" || segment == "." || segment == "..":
		a.failed = reasonPath
	case a.work > maxWork:
		a.failed = reasonWork
	default:
		return true
	}
	return false
}

// take finds where a directory's name leads, and the claims on all below it.
func (a *automaton) take(s *state, segment string) *step {
	var claims []int32
	nodes := a.nodes[:0]
	a.arrivals(s, segment, func(to int32) {
		n := &a.trie.nodes[to]
		claims = append(append(claims, n.names...), n.dirs...)
		nodes = a.enter(nodes, to)
	})
	for _, at := range s.nodes {
		if a.trie.nodes[at].loop {
			nodes = append(nodes, at)
		}
	}
	a.work += workPerStep + len(nodes) + len(claims)
	a.nodes = normal(nodes)
	to := s
	if !slices.Equal(a.nodes, s.nodes) {
		to = a.state(a.nodes)
	}
	return &step{to: to, claims: a.set(claims)}
}

// end returns the claims that match when a path ends with a name, or nil.
func (a *automaton) end(s *state, name string) *claimSet {
	if s.ends != nil {
		if known, ok := s.ends[name]; ok {
			return known
		}
	}
	if !a.can(name) {
		return nil
	}
	before := a.work
	claims := a.claims[:0]
	a.arrivals(s, name, func(to int32) { claims = append(claims, a.trie.nodes[to].names...) })
	a.claims = claims
	a.work += len(claims)
	found := a.set(claims)
	if a.work-before > cheap {
		if s.ends == nil {
			s.ends = map[string]*claimSet{}
		}
		s.ends[name] = found
		a.work += workPerStep
	}
	return found
}

// arrivals calls back for each node that a segment leads to, other than the
// loops, which stay.
func (a *automaton) arrivals(s *state, segment string, each func(to int32)) {
	folded := ""
	for _, at := range s.nodes {
		n, text := &a.trie.nodes[at], segment
		if n.folded {
			if folded == "" {
				folded = Fold(segment)
			}
			text = folded
		}
		if to, ok := n.literals[text]; ok {
			each(to)
		}
		if n.globs != nil {
			a.work += n.globs.match(text, each)
		}
	}
	a.work += len(s.nodes) + len(segment)/8
}

// enter adds a node, and those behind a ** that starts at it, which may stand
// for no segment.
func (a *automaton) enter(nodes []int32, at int32) []int32 {
	for ; at != 0; at = a.trie.nodes[at].deep {
		if !a.trie.nodes[at].leaf() {
			nodes = append(nodes, at)
		}
	}
	return nodes
}

// state returns the one state of a set of nodes.
func (a *automaton) state(nodes []int32) *state {
	nodes = normal(nodes)
	a.key = appendKey(a.key[:0], nodes)
	if known, ok := a.states[string(a.key)]; ok {
		return known
	}
	s := &state{nodes: slices.Clone(nodes)}
	a.states[string(a.key)] = s
	return s
}

// set returns the one set of these claims.
func (a *automaton) set(claims []int32) *claimSet {
	if len(claims) == 0 && a.none != nil {
		return a.none
	}
	claims = normal(claims)
	a.key = appendKey(a.key[:0], claims)
	if known, ok := a.sets[string(a.key)]; ok {
		return known
	}
	s := &claimSet{claims: slices.Clone(claims)}
	a.sets[string(a.key)] = s
	a.work += workPerClaim * len(claims)
	return s
}

// union returns the claims of both sets.
func (a *automaton) union(x, y *claimSet) *claimSet {
	switch {
	case y == a.none || x == y:
		return x
	case x == a.none:
		return y
	}
	if known, ok := a.unions[[2]*claimSet{x, y}]; ok {
		return known
	}
	joined := a.set(slices.Concat(x.claims, y.claims))
	a.work += 1 + len(joined.claims)
	a.unions[[2]*claimSet{x, y}] = joined
	return joined
}
