package ownership

import "strings"

// An atom is one element of a segment.
type atom struct {
	kind atomKind
	b    byte
}

type atomKind uint8

const (
	atomByte atomKind = iota
	atomAny           // ? is one byte, as in git
	atomRun           // * is any run of bytes, also none
)

// A glob is a segment with wildcards.
type glob struct {
	atoms  []atom
	prefix string // the literal bytes before the first wildcard
	suffix string // the literal bytes after the last wildcard
	inner  string // the longest literal bytes between two wildcards
	least  int    // the length of the shortest match
	exact  bool   // there is no *, so the length is fixed
}

// newGlob prepares what is looked at before the atoms are.
func newGlob(atoms []atom) *glob {
	g := &glob{atoms: atoms, exact: true}
	first, last := len(atoms), -1
	for i, a := range atoms {
		if a.kind != atomByte {
			if last >= 0 && i-last-1 > len(g.inner) {
				g.inner = literalOf(atoms[last+1 : i])
			}
			first, last = min(first, i), i
		}
		if a.kind == atomRun {
			g.exact = false
		} else {
			g.least++
		}
	}
	g.prefix, g.suffix = literalOf(atoms[:first]), literalOf(atoms[last+1:])
	return g
}

// literalOf joins the bytes of atoms.
func literalOf(atoms []atom) string {
	b := make([]byte, len(atoms))
	for i, a := range atoms {
		b[i] = a.b
	}
	return string(b)
}

// onlyRun tells whether the segment is a lone *.
func (g *glob) onlyRun() bool { return g != nil && len(g.atoms) == 1 && g.atoms[0].kind == atomRun }

// match compares a segment of a path.
func (g *glob) match(s string) bool {
	matched, _ := g.run(s)
	return matched
}

// run compares a segment of a path and counts the steps. After a mismatch only
// the last * takes more, so they are at most glob times segment.
func (g *glob) run(s string) (matched bool, steps int) {
	if len(s) < g.least || g.exact && len(s) != g.least || !strings.HasPrefix(s, g.prefix) || !strings.HasSuffix(s, g.suffix) ||
		g.inner != "" && !strings.Contains(s, g.inner) {
		return false, 1 + len(s)/16
	}
	i, j := 0, 0
	run, resume := -1, 0
	for ; j < len(s); steps++ {
		switch {
		case i < len(g.atoms) && g.atoms[i].kind == atomRun:
			run, resume = i, j
			i++
		case i < len(g.atoms) && (g.atoms[i].kind == atomAny || g.atoms[i].b == s[j]):
			i, j = i+1, j+1
		case run >= 0:
			resume++
			i, j = run+1, resume
		default:
			return false, steps + 1
		}
	}
	for i < len(g.atoms) && g.atoms[i].kind == atomRun {
		i++
	}
	return i == len(g.atoms), steps + 1
}

// folded is the glob with its literal stretches folded.
func (g *glob) folded() *glob {
	var atoms []atom
	for i := 0; i < len(g.atoms); {
		if g.atoms[i].kind != atomByte {
			atoms = append(atoms, g.atoms[i])
			i++
			continue
		}
		end := i
		for end < len(g.atoms) && g.atoms[end].kind == atomByte {
			end++
		}
		for _, b := range []byte(Fold(literalOf(g.atoms[i:end]))) {
			atoms = append(atoms, atom{kind: atomByte, b: b})
		}
		i = end
	}
	return newGlob(atoms)
}
