package git

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Change is one path that differs. A rename is two: the old path without an
// new entry, and the new path without an old one.
type Change struct {
	Path string // raw bytes
	// OldMode and OldID are the target's entry. 0 and "" where it has none.
	OldMode uint32
	OldID   string
	// NewMode and NewID are what would land; where the path would not change
	// by landing, the head's entry. 0 and "" where there is none.
	NewMode uint32
	NewID   string
	// Lands reports whether landing would change the path. Otherwise it is
	// judged because the head changed it.
	Lands bool
}

// Touch is what a pull request touches.
type Touch struct {
	Target, Head string   // commits
	Bases        []string // every merge base, sorted
	Landed       string   // the tree of the merge; "" when it conflicts
	Conflicts    []string // paths that conflict, sorted; may be empty where git named none
	Changes      []Change // sorted by path
	Paths        []string // every file of the tree that would land, or of the head where it conflicts
}

// Conflicted reports whether the head does not merge into the target.
func (t *Touch) Conflicted() bool { return t.Landed == "" }

// Touched says what head would change if it landed on target now: the
// difference from the target to the tree of their merge, and besides it every
// path head changed since any merge base, except where head's entry equals the
// target's. Renames are not followed, modes count. Where the merge conflicts,
// there is only the second part.
//
// Commits that cannot be judged are a *RefusedError; commits that were not
// fetched a *NotFoundError. What the lists of the answer hold may be given to
// several callers, who must not change it.
func (r *Repo) Touched(ctx context.Context, target, head string) (*Touch, error) {
	if err := errors.Join(CheckID(target), CheckID(head)); err != nil {
		return nil, fmt.Errorf("find touched paths: %w", err)
	}
	question := fmt.Sprintf("touched %s %s %d", target, head, r.maxPaths)
	what := fmt.Sprintf("find paths that %s touches in %s", head, target)
	t, err := once(ctx, r, question, what, func(s *scratch) (*Touch, error) { return r.touched(ctx, s, target, head) })
	if err != nil {
		return nil, err
	}
	return t.copied(), nil
}

// TouchedTree says what replacing the target's tree by the tree landed would
// change: the same judgement, on what is about to land.
func (r *Repo) TouchedTree(ctx context.Context, target, landed string) (*Touch, error) {
	if err := errors.Join(CheckID(target), CheckID(landed)); err != nil {
		return nil, fmt.Errorf("find touched paths: %w", err)
	}
	question := fmt.Sprintf("touched by tree %s %s %d", target, landed, r.maxPaths)
	what := fmt.Sprintf("find paths that tree %s touches in %s", landed, target)
	t, err := once(ctx, r, question, what, func(s *scratch) (*Touch, error) {
		if err := cmp.Or(s.require(ctx, "commit", target), s.require(ctx, "tree", landed)); err != nil {
			return nil, err
		}
		t := &Touch{Target: target, Landed: landed}
		var err error
		if t.Paths, err = s.paths(ctx, landed); err != nil {
			return nil, err
		}
		return t, r.finish(ctx, s, t, nil)
	})
	if err != nil {
		return nil, err
	}
	return t.copied(), nil
}

func (r *Repo) touched(ctx context.Context, s *scratch, target, head string) (*Touch, error) {
	d, err := s.diverge(ctx, target, head)
	if err != nil {
		return nil, err
	}
	t := &Touch{Target: target, Head: head, Bases: d.bases}
	own, err := s.ownChanges(ctx, d)
	if err != nil {
		return nil, err
	}
	t.Landed, t.Conflicts, err = s.merge(ctx, d)
	if err != nil {
		return nil, err
	}
	t.Paths = d.paths
	if !t.Conflicted() && !d.ahead() {
		if t.Paths, err = s.paths(ctx, t.Landed); err != nil {
			return nil, err
		}
	}
	return t, r.finish(ctx, s, t, own)
}

// divergence is how head left target behind.
type divergence struct {
	target, head string
	bases        []string            // every merge base
	since        []map[string]Change // what head changed since each of them
	paths        []string            // every file of head
	trees        []string            // of target and head
}

// ahead reports whether head only adds to target: merging gives head.
func (d *divergence) ahead() bool { return len(d.bases) == 1 && d.bases[0] == d.target }

// behind reports whether target has all of head: merging gives target.
func (d *divergence) behind() bool { return len(d.bases) == 1 && d.bases[0] == d.head }

// diverge looks at two commits and refuses what cannot be judged.
func (s *scratch) diverge(ctx context.Context, target, head string) (*divergence, error) {
	trees, err := s.treesOf(ctx, target, head)
	if err != nil {
		return nil, err
	}
	bases, err := s.bases(ctx, target, head)
	if err != nil {
		return nil, err
	}
	d := &divergence{target: target, head: head, bases: bases, trees: trees}
	// git lists a tree piece by piece, but collects a difference as a whole:
	// the list stops a tree that unfolds to millions of files first.
	if d.paths, err = s.paths(ctx, head); err != nil {
		return nil, err
	}
	for _, b := range bases {
		changes := map[string]Change{}
		if b != head {
			if changes, err = s.diff(ctx, b, head); err != nil {
				return nil, err
			}
		}
		d.since = append(d.since, changes)
	}
	return d, nil
}

// finish adds to t what landing changes, united with own, and holds the
// limits.
func (r *Repo) finish(ctx context.Context, s *scratch, t *Touch, own map[string]Change) error {
	all := map[string]Change{}
	maps.Copy(all, own)
	if t.Landed != "" {
		err := s.eachChange(ctx, t.Target, t.Landed, func(c Change) error {
			if len(all) >= s.x.limits.Entries {
				return tooManyEntries(s.x.limits.Entries)
			}
			c.Lands = true
			all[c.Path] = c
			return nil
		})
		if err != nil {
			return err
		}
	}
	if len(all) > r.maxPaths {
		return &RefusedError{
			Kind: TooManyPaths, Count: len(all), Limit: r.maxPaths,
			Detail: "it touches more paths than one pull request may", Fix: "split it into smaller pull requests",
		}
	}
	for path, c := range all {
		if err := judgeable(path); err != nil {
			return err
		}
		t.Changes = append(t.Changes, c)
	}
	slices.SortFunc(t.Changes, func(a, b Change) int { return cmp.Compare(a.Path, b.Path) })
	return nil
}

// judgeable refuses a path that no file system of this product's users holds.
func judgeable(path string) error {
	depth := strings.Count(path, "/") + 1
	if len(path) <= maxPath && depth <= maxDepth {
		return nil
	}
	count, limit, unit := len(path), maxPath, "bytes"
	if len(path) <= maxPath {
		count, limit, unit = depth, maxDepth, "segments"
	}
	return &RefusedError{
		Kind: BadPath, Path: path[:min(len(path), 200)], Count: count, Limit: limit,
		Detail: "a path has too many " + unit, Fix: "give the file a shorter path",
	}
}

// bases returns every merge base, sorted.
func (s *scratch) bases(ctx context.Context, target, head string) ([]string, error) {
	out, err := s.git(ctx, "merge-base", "--all", "--end-of-options", target, head)
	var child *childError
	if errors.As(err, &child) && child.code == 1 && len(child.stdout) == 0 && child.stderr == "" {
		return nil, &RefusedError{
			Kind: Unrelated, Detail: "head and target have no common ancestor", Fix: "start the branch from the target, and push it again",
		}
	}
	if err != nil {
		return nil, err
	}
	bases := strings.Fields(string(out))
	for _, b := range bases {
		if err := CheckID(b); err != nil {
			return nil, fmt.Errorf("read merge bases: %w", err)
		}
	}
	if limit := s.x.limits.Bases; len(bases) > limit {
		return nil, &RefusedError{
			Kind: TooManyBases, Count: len(bases), Limit: limit,
			Detail: "head and target have too many merge bases", Fix: "rebase the branch onto the target",
		}
	}
	slices.Sort(bases)
	return bases, nil
}

// ownChanges is what head changed since any of the bases and that is not the
// same in the target, as changes from the target to head.
func (s *scratch) ownChanges(ctx context.Context, d *divergence) (map[string]Change, error) {
	if d.ahead() {
		return d.since[0], nil
	}
	own := map[string]Change{}
	if d.behind() {
		return own, nil
	}
	err := s.eachChange(ctx, d.target, d.head, func(c Change) error {
		for _, changes := range d.since {
			if _, ok := changes[c.Path]; ok {
				own[c.Path] = c
			}
		}
		return nil
	})
	return own, err
}

// diff returns the changes between two commits or trees by path.
func (s *scratch) diff(ctx context.Context, from, to string) (map[string]Change, error) {
	changes := map[string]Change{}
	err := s.eachChange(ctx, from, to, func(c Change) error {
		if len(changes) >= s.x.limits.Entries {
			return tooManyEntries(s.x.limits.Entries)
		}
		changes[c.Path] = c
		return nil
	})
	return changes, err
}

// eachChange hands on the changes between two commits or trees as they come.
func (s *scratch) eachChange(ctx context.Context, from, to string, each func(Change) error) error {
	d := &rawDiff{each: each}
	lines := &records{end: 0, each: d.record}
	_, err := s.x.run(ctx, command{dir: s.repoDir, sink: lines, args: []string{
		"diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--no-ext-diff", "--no-textconv", "--end-of-options", from, to, "--",
	}})
	return cmp.Or(err, d.close(), lines.close())
}

func tooManyEntries(limit int) error {
	return &RefusedError{
		Kind: TooLarge, Count: limit + 1, Limit: limit,
		Detail: "a tree holds more files than can be judged", Fix: "remove generated or vendored files from the repository",
	}
}

// paths lists every file of a tree.
func (s *scratch) paths(ctx context.Context, treeish string) ([]string, error) {
	var paths []string
	lines := &records{end: 0, each: func(rec []byte) error {
		if len(paths) >= s.x.limits.Entries {
			return tooManyEntries(s.x.limits.Entries)
		}
		if len(rec) == 0 {
			return errors.New("git's tree names an empty path")
		}
		paths = append(paths, string(rec))
		return judgeable(paths[len(paths)-1])
	}}
	_, err := s.x.run(ctx, command{dir: s.repoDir, sink: lines, args: []string{
		"ls-tree", "-r", "-z", "--name-only", "--full-tree", "--end-of-options", treeish,
	}})
	return paths, cmp.Or(err, lines.close())
}
