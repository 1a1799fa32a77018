package ownership

import "strings"

// An automaton is the trie made deterministic while it is used: each state is
// a set of nodes, and each step is looked up by a segment's bytes once it was
// taken. Directories are remembered by their whole path, so a path costs two
// map look-ups, however many patterns there are.
type automaton struct {
	trie   *trie
	states map[string]*state
	sets   map[string]*claimSet
	unions map[[2]*claimSet]*claimSet
	none   *claimSet
	dirs   map[string]*directory
	root   *directory
	last   *directory // of the path before: paths mostly come sorted
	lastAt string
	work   int
	failed string  // why the last question has no answer
	nodes  []int32 // scratch space of a step
}

// A state is a set of nodes without leaves, and the steps taken from it.
type state struct {
	nodes []int32
	steps map[string]*step
}

// A step is what one more segment leads to.
type step struct {
	to    *state
	names *claimSet // claims that match when the path ends here
	dirs  *claimSet // claims that match everything below
}

// A directory is a directory of the paths that were asked for.
type directory struct {
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
	workPerStep      = 8
	workPerDirectory = 8
	workPerClaim     = 8
)

// newAutomaton starts at the root of the repository.
func newAutomaton(t *trie) *automaton {
	a := &automaton{
		trie:   t,
		states: map[string]*state{},
		sets:   map[string]*claimSet{},
		unions: map[[2]*claimSet]*claimSet{},
		dirs:   map[string]*directory{},
	}
	a.none = a.set(nil)
	a.nodes = a.enter(a.enter(a.nodes[:0], exactRoot), foldedRoot)
	a.root = &directory{state: a.state(a.nodes), claims: a.set(t.all)}
	return a
}

// find returns the claims that match a path. It returns nil and sets failed for
// a path that git could not hold, and when there was too much work.
func (a *automaton) find(path string) *claimSet {
	dir, base := a.root, path
	if slash := strings.LastIndexByte(path, '/'); slash >= 0 {
		dir, base = a.directory(path[:slash]), path[slash+1:]
	}
	if dir == nil {
		return nil
	}
	s := a.step(dir.state, base)
	if s == nil {
		return nil
	}
	return a.union(dir.claims, s.names)
}

// directory returns what is known of a directory, or nil.
func (a *automaton) directory(path string) *directory {
	if a.last != nil && path == a.lastAt {
		return a.last
	}
	dir, known := a.dirs[path]
	if !known {
		dir = a.walk(path)
	}
	if dir != nil {
		a.last, a.lastAt = dir, path
	}
	return dir
}

// walk goes to a directory from the nearest one that is known.
func (a *automaton) walk(path string) *directory {
	dir, from := a.root, 0
	for end := strings.LastIndexByte(path, '/'); end > 0; end = strings.LastIndexByte(path[:end], '/') {
		if known := a.dirs[path[:end]]; known != nil {
			dir, from = known, end+1
			break
		}
	}
	for from <= len(path) {
		to := len(path)
		if slash := strings.IndexByte(path[from:], '/'); slash >= 0 {
			to = from + slash
		}
		s := a.step(dir.state, path[from:to])
		if s == nil {
			return nil
		}
		dir = &directory{state: s.to, claims: a.union(dir.claims, s.dirs)}
		a.dirs[path[:to]] = dir
		a.work += workPerDirectory
		from = to + 1
	}
	return dir
}

// step goes on from a state by a segment, or returns nil.
func (a *automaton) step(s *state, segment string) *step {
	if known, ok := s.steps[segment]; ok {
		return known
	}
	if segment == "" || segment == "." || segment == ".." {
		a.failed = reasonPath
		return nil
	}
	if a.work > maxWork {
		a.failed = reasonWork
		return nil
	}
	next := a.take(s, segment)
	if s.steps == nil {
		s.steps = map[string]*step{}
	}
	s.steps[segment] = next
	return next
}

// take finds where a segment leads, and which claims end there.
func (a *automaton) take(s *state, segment string) *step {
	var names, dirs []int32
	nodes := a.nodes[:0]
	arrive := func(to int32) {
		n := &a.trie.nodes[to]
		names = append(names, n.names...)
		dirs = append(append(dirs, n.names...), n.dirs...)
		nodes = a.enter(nodes, to)
	}
	text, folded := segment, ""
	for _, at := range s.nodes {
		n := &a.trie.nodes[at]
		text = segment
		if n.folded {
			if folded == "" {
				folded = Fold(segment)
			}
			text = folded
		}
		if n.loop {
			nodes = append(nodes, at)
		}
		if to, ok := n.literals[text]; ok {
			arrive(to)
		}
		if !n.globs.empty() {
			a.work += n.globs.match(text, arrive)
		}
	}
	a.work += workPerStep + len(s.nodes) + len(nodes) + len(names) + len(dirs) + len(segment)/8
	a.nodes = nodes
	return &step{to: a.state(nodes), names: a.set(names), dirs: a.set(dirs)}
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
	key := keyOf(nodes)
	if known, ok := a.states[key]; ok {
		return known
	}
	s := &state{nodes: append([]int32(nil), nodes...)}
	a.states[key] = s
	return s
}

// set returns the one set of these claims.
func (a *automaton) set(claims []int32) *claimSet {
	if len(claims) == 0 && a.none != nil {
		return a.none
	}
	claims = normal(claims)
	key := keyOf(claims)
	if known, ok := a.sets[key]; ok {
		return known
	}
	s := &claimSet{claims: append([]int32(nil), claims...)}
	a.sets[key] = s
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
	joined := a.set(append(append([]int32(nil), x.claims...), y.claims...))
	a.work += 1 + len(joined.claims)
	a.unions[[2]*claimSet{x, y}] = joined
	return joined
}
