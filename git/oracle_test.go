package git

import (
	"flag"
	"fmt"
	"math/rand"
	"strings"
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
	names := []string{"a", "b", "d", "d/x", "d/y", "D/x", "e/f/g", "e/f", "\xff", "n\nl", "\"", "z z", "d.x", "d-x"}
	trees := []tree{{"a": {data: "0"}}}
	ids := []string{l.commit(trees[0])}
	for range n {
		i := rnd.Intn(len(ids))
		t, parents := trees[i].with(), []string{ids[i]}
		if j := rnd.Intn(len(ids)); j != i && rnd.Intn(2) == 0 {
			parents = append(parents, ids[j])
			for p, f := range trees[j] { // an arbitrary, possibly evil, merge
				if rnd.Intn(2) == 0 {
					put(t, p, f)
				}
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
		trees, ids = append(trees, t), append(ids, l.commit(t, parents...))
	}
	return ids
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
	for i := range *rounds {
		t.Run(fmt.Sprint(*seed+int64(i)), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewSource(*seed + int64(i))) //nolint:gosec // reproducible on purpose
			l := newLab(t)
			ids := grow(l, rnd, 8)
			w := &walker{l: l, trees: map[string]map[string]Change{}}
			r := l.local()
			for range 4 {
				target, head := ids[rnd.Intn(len(ids))], ids[rnd.Intn(len(ids))]
				compareWithWalk(t, r, w, target, head)
			}
		})
	}
}

func compareWithWalk(t *testing.T, r *Repo, w *walker, target, head string) {
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
}
