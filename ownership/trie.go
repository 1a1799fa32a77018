package ownership

import (
	"encoding/binary"
	mathbits "math/bits"
	"slices"
	"strings"
)

// A trie holds all patterns by their segments. Its nodes are the states of a
// nondeterministic automaton that reads a path segment by segment; automaton
// makes it deterministic, as far as it is used.
type trie struct {
	nodes []node
	all   []int32 // claims whose pattern is every path
}

// A node is a place in one or several patterns. The claims at it are numbers
// that the Ruler gave them.
type node struct {
	literals map[string]int32
	globs    *globIndex
	deep     int32   // the node behind a ** segment that starts here; 0 is none
	loop     bool    // the node is behind **: it takes any segment and stays
	folded   bool    // compares folded segments
	names    []int32 // claims that end here: the name itself and all below
	dirs     []int32 // claims that end here with a slash: only what is below
}

// The roots of a trie: for patterns that compare bytes, and for those that
// compare folded text.
const (
	exactRoot int32 = iota + 1
	foldedRoot
)

// newTrie makes a trie without patterns. Node 0 is no node.
func newTrie() *trie {
	return &trie{nodes: []node{{}, {}, {folded: true}}}
}

// insert adds a claim's pattern below one of the roots.
func (t *trie) insert(root int32, p Pattern, claim int32) {
	if p.all {
		t.all = append(t.all, claim)
		return
	}
	if len(p.segments) == 0 {
		return // the zero pattern
	}
	at := root
	if p.floating {
		at = t.deepChild(at)
	}
	for _, s := range p.segments {
		switch {
		case s.deep:
			at = t.deepChild(at)
		case s.glob != nil:
			at = t.globChild(at, s.glob)
		default:
			at = t.literalChild(at, s.literal)
		}
	}
	if n := &t.nodes[at]; p.dirOnly {
		n.dirs = append(n.dirs, claim)
	} else {
		n.names = append(n.names, claim)
	}
}

// add makes a node that compares like its parent.
func (t *trie) add(parent int32, n node) int32 {
	n.folded = t.nodes[parent].folded
	t.nodes = append(t.nodes, n)
	return int32(len(t.nodes) - 1) //nolint:gosec // bounded by the patterns' bytes
}

// deepChild is the node behind a ** at a node.
func (t *trie) deepChild(at int32) int32 {
	if t.nodes[at].deep == 0 {
		child := t.add(at, node{loop: true})
		t.nodes[at].deep = child
	}
	return t.nodes[at].deep
}

// literalChild is the node behind a literal segment.
func (t *trie) literalChild(at int32, literal string) int32 {
	if child, ok := t.nodes[at].literals[literal]; ok {
		return child
	}
	child := t.add(at, node{})
	n := &t.nodes[at]
	if n.literals == nil {
		n.literals = map[string]int32{}
	}
	n.literals[literal] = child
	return child
}

// globChild is the node behind a segment with wildcards.
func (t *trie) globChild(at int32, g *glob) int32 {
	if t.nodes[at].globs == nil {
		t.nodes[at].globs = &globIndex{edges: map[string]int32{}}
	}
	globs := t.nodes[at].globs
	if child, ok := globs.edges[g.key()]; ok {
		return child
	}
	child := t.add(at, node{})
	globs.add(g, child)
	return child
}

// leaf tells whether no pattern goes on from a node.
func (n *node) leaf() bool {
	return n.literals == nil && n.globs == nil && n.deep == 0 && !n.loop
}

// maxAffix bounds the bytes of a prefix or suffix that globs are looked up by.
const maxAffix = 8

// A globIndex finds the globs of a node that may match a segment, by the
// literal bytes at their start or end, so that a thousand *.ext cost no more
// than one.
type globIndex struct {
	prefixes affixes
	suffixes affixes
	rest     []globEdge // no literal byte at the start or the end
	edges    map[string]int32
}

// Affixes are globs by their literal start, or by their literal end.
type affixes struct {
	globs   map[string][]globEdge
	lengths [256]uint16 // bit n: there is one of n bytes whose outermost byte is this
}

// A globEdge leads to the node behind a glob.
type globEdge struct {
	glob *glob
	to   int32
}

// add keeps a glob.
func (x *globIndex) add(g *glob, to int32) {
	x.edges[g.key()] = to
	edge := globEdge{g, to}
	prefix, suffix := g.prefix[:min(len(g.prefix), maxAffix)], g.suffix[max(0, len(g.suffix)-maxAffix):]
	switch {
	case prefix == "" && suffix == "":
		x.rest = append(x.rest, edge)
	case len(prefix) > len(suffix):
		x.prefixes.add(prefix, prefix[0], edge)
	default:
		x.suffixes.add(suffix, suffix[len(suffix)-1], edge)
	}
}

// add keeps a glob by its affix.
func (x *affixes) add(affix string, outermost byte, edge globEdge) {
	if x.globs == nil {
		x.globs = map[string][]globEdge{}
	}
	x.globs[affix] = append(x.globs[affix], edge)
	x.lengths[outermost] |= 1 << len(affix)
}

// match calls back for each glob that matches a segment, which is not empty,
// and returns how many steps that took.
func (x *globIndex) match(s string, each func(to int32)) int {
	work := run(x.rest, s, each)
	for bits := x.prefixes.lengths[s[0]]; bits != 0; bits &= bits - 1 {
		if n := mathbits.TrailingZeros16(bits); n <= len(s) {
			work += 1 + run(x.prefixes.globs[s[:n]], s, each)
		}
	}
	for bits := x.suffixes.lengths[s[len(s)-1]]; bits != 0; bits &= bits - 1 {
		if n := mathbits.TrailingZeros16(bits); n <= len(s) {
			work += 1 + run(x.suffixes.globs[s[len(s)-n:]], s, each)
		}
	}
	return work
}

// run tries a list of globs.
func run(edges []globEdge, s string, each func(to int32)) int {
	work := 0
	for _, e := range edges {
		matched, steps := e.glob.run(s)
		work += steps
		if matched {
			each(e.to)
		}
	}
	return work
}

// key tells globs apart.
func (g *glob) key() string {
	var b strings.Builder
	for _, a := range g.atoms {
		b.WriteByte(byte(a.kind))
		b.WriteByte(a.b)
	}
	return b.String()
}

// normal sorts numbers and removes repetitions.
func normal(list []int32) []int32 {
	slices.Sort(list)
	return slices.Compact(list)
}

// appendKey appends bytes that are equal for equal lists.
func appendKey(b []byte, list []int32) []byte {
	for _, n := range list {
		b = binary.LittleEndian.AppendUint32(b, uint32(n)) //nolint:gosec // an index
	}
	return b
}
