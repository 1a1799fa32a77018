package git

import (
	"flag"
	"fmt"
	"math/rand"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	seed   = flag.Int64("seed", 1, "first seed of random histories")
	rounds = flag.Int("rounds", 12, "number of random histories")
)

// walker is a second reading of trees that shares nothing with the package:
// it takes raw tree objects apart itself.
type walker struct {
	l     *lab
	trees map[string]map[string]Change // tree id → path → entry, as New
}

// files returns every entry below a tree.
func (w *walker) files(treeish string) map[string]Change {
	id := w.l.raw("", "rev-parse", treeish+"^{tree}")
	if w.trees[id] == nil {
		w.trees[id] = map[string]Change{}
		w.walk(id, "", w.trees[id])
	}
	return w.trees[id]
}

func (w *walker) walk(id, prefix string, into map[string]Change) {
	raw := w.l.raw("", "cat-file", "tree", id)
	if strings.HasSuffix(raw, "\n") || len(raw) > 0 { // raw lost a final newline byte, which belongs to an id
		raw += "\n"
	}
	for len(raw) > 1 {
		head, rest, _ := strings.Cut(raw, "\x00")
		mode, name, _ := strings.Cut(head, " ")
		entry := fmt.Sprintf("%x", rest[:20])
		raw = rest[20:]
		if mode == "40000" {
			w.walk(entry, prefix+name+"/", into)
			continue
		}
		var m uint32
		_, _ = fmt.Sscanf(mode, "%o", &m)
		into[prefix+name] = Change{Path: prefix + name, NewMode: m, NewID: entry}
	}
}

// diff compares two trees.
func (w *walker) diff(from, to string) map[string]Change {
	a, b := w.files(from), w.files(to)
	out := map[string]Change{}
	for p, x := range a {
		if y := b[p]; x != y {
			out[p] = Change{Path: p, OldMode: x.NewMode, OldID: x.NewID, NewMode: y.NewMode, NewID: y.NewID}
		}
	}
	for p, y := range b {
		if _, ok := a[p]; !ok {
			out[p] = y
		}
	}
	return out
}

// grow makes a random history of n commits with merges, and returns them.
func grow(l *lab, rnd *rand.Rand, n int) []string {
	trees := []tree{{"a": {data: "0"}}}
	ids := []string{l.commit(trees[0])}
	for len(ids) < n {
		i, j := rnd.Intn(len(ids)), rnd.Intn(len(ids))
		next := func(a, b int) {
			t, parents := stir(rnd, trees[a], trees[b]), []string{ids[a]}
			if a != b {
				parents = append(parents, ids[b])
			}
			trees, ids = append(trees, t), append(ids, l.commit(t, parents...))
		}
		next(i, j)
		if i != j { // and the other way round: histories that cross have several merge bases
			next(j, i)
		}
	}
	return ids
}

// stir changes a tree at random, taking some of another: a merge, maybe evil.
func stir(rnd *rand.Rand, a, b tree) tree {
	names := []string{"a", "b", "d", "d/x", "d/y", "D/x", "e/f/g", "e/f", "\xff", "n\nl", "\"", "z z", "d.x", "d-x"}
	t := a.with()
	for p, f := range b {
		if rnd.Intn(3) > 0 {
			put(t, p, f)
		}
	}
	for range 1 + rnd.Intn(3) {
		p := names[rnd.Intn(len(names))]
		switch rnd.Intn(8) {
		case 0, 1:
			delete(t, p)
		case 2:
			put(t, p, file{data: "to", mode: ModeSymlink})
		case 3:
			put(t, p, file{data: fmt.Sprint(rnd.Intn(4)), mode: ModeExecutable})
		case 4:
			put(t, p, file{id: strings.Repeat(fmt.Sprint(1+rnd.Intn(2)), 40), mode: ModeSubmodule})
		default:
			put(t, p, file{data: lines(3, fmt.Sprint(rnd.Intn(3)), fmt.Sprint(rnd.Intn(3)))})
		}
	}
	return t
}

// put sets a path and removes what cannot exist beside it.
func put(t tree, path string, f file) {
	for p := range t {
		if strings.HasPrefix(p, path+"/") || strings.HasPrefix(path, p+"/") {
			delete(t, p)
		}
	}
	t[path] = f
}

// TestAgainstTreeWalk compares Touched with its definition, computed by the
// independent walk, on random histories.
func TestAgainstTreeWalk(t *testing.T) {
	n := *rounds
	if os.Getenv("AGENTPLANE_LONG") != "" {
		n *= 25
	}
	var met seen
	t.Cleanup(func() {
		t.Logf("of %d judgements %d conflicted, %d had several merge bases", met.all.Load(), met.conflicts.Load(), met.bases.Load())
		if met.conflicts.Load() == 0 || met.bases.Load() == 0 || met.conflicts.Load() == met.all.Load() {
			t.Error("the random histories are too tame")
		}
	})
	for i := range n {
		t.Run(fmt.Sprint(*seed+int64(i)), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewSource(*seed + int64(i))) //nolint:gosec // reproducible on purpose
			l := newLab(t)
			ids := grow(l, rnd, 9)
			w := &walker{l: l, trees: map[string]map[string]Change{}}
			r := l.local()
			for range 5 {
				k := 1 + rnd.Intn(len(ids)-2) // neighbours are likely to cross
				target, head := ids[k], ids[k+1]
				if rnd.Intn(3) == 0 {
					head = ids[rnd.Intn(len(ids))]
				}
				if target != head {
					met.count(compareWithWalk(t, r, w, target, head))
				}
			}
		})
	}
}

// seen counts what random histories held.
type seen struct{ all, conflicts, bases atomic.Int64 }

func (s *seen) count(t *Touch) {
	s.all.Add(1)
	if t.Conflicted() {
		s.conflicts.Add(1)
	}
	if len(t.Bases) > 1 {
		s.bases.Add(1)
	}
}

func compareWithWalk(t *testing.T, r *Repo, w *walker, target, head string) *Touch {
	t.Helper()
	s, done, err := r.view(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	got, err := r.touched(t.Context(), s, target, head)
	if err != nil {
		t.Fatal(err)
	}
	all := w.diff(target, head)
	want := map[string]Change{}
	for _, b := range got.Bases {
		for p := range w.diff(b, head) {
			if c, differs := all[p]; differs {
				want[p] = c
			}
		}
	}
	if !got.Conflicted() {
		landed := (&walker{l: &lab{t: t, dir: s.repoDir.git}, trees: w.trees})
		appendAlternate(t, s)
		for p, c := range landed.diff(target, got.Landed) {
			c.Lands = true
			want[p] = c
		}
		if d := cmp.Diff(len(landed.files(got.Landed)), len(got.Paths)); d != "" {
			t.Errorf("paths: %s", d)
		}
	}
	have := map[string]Change{}
	for _, c := range got.Changes {
		have[c.Path] = c
	}
	if d := cmp.Diff(want, have); d != "" {
		t.Errorf("target %s head %s (-want +got):\n%s", target, head, d)
	}
	direct, err := s.diff(t.Context(), target, head)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(all, direct); d != "" {
		t.Errorf("diff-tree against the walk (-want +got):\n%s", d)
	}
	return got
}
