package git

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Trees returns the tree of each commit. Commits that are not here are not in
// the map: their trees are unknown, and equal to none. Two commits with one
// tree have the same files, and nothing else in common.
func (r *Repo) Trees(ctx context.Context, commits ...string) (map[string]string, error) {
	trees := map[string]string{}
	var asked []string
	for _, id := range commits {
		if tree, known := recall[string](r, "tree "+id); known {
			trees[id] = tree
		} else {
			asked = append(asked, id)
		}
	}
	err := r.present(ctx, "read trees", asked, func(s *scratch, here []string) error {
		found, err := s.treesOf(ctx, here...)
		for i, tree := range found {
			trees[here[i]] = tree
			learn(r, "tree "+here[i], tree, len(tree))
		}
		return err
	})
	return trees, err
}

// Has reports which commits are here, complete with everything they lead to.
// What was fetched stays although no reference leads to it any more, such as a
// head before a force-push, until the mirror is built from nothing: when its
// packs exceed three times Limits.Pack, when it is in doubt, and when somebody
// deletes it. Then Touched and its like say *NotFoundError, and FetchCommits
// may bring it back.
func (r *Repo) Has(ctx context.Context, commits ...string) (map[string]bool, error) {
	has := map[string]bool{}
	err := r.present(ctx, "look for commits", commits, func(_ *scratch, here []string) error {
		for _, id := range here {
			has[id] = true
		}
		return nil
	})
	return has, err
}

// present hands on those of the ids that are commits here. A mirror that was
// never fetched has none.
func (r *Repo) present(ctx context.Context, what string, ids []string, f func(*scratch, []string) error) error {
	if err := checkIDs(ids); err != nil || len(ids) == 0 {
		return err
	}
	err := r.read(ctx, fmt.Sprintf("%s: %d from %s", what, len(ids), ids[0]), func(s *scratch) error {
		found, err := s.objects(ctx, ids)
		if err != nil {
			return err
		}
		if here := commitsOf(found); len(here) > 0 {
			return f(s, here)
		}
		return nil
	})
	if errors.Is(err, errNoMirror) {
		return nil
	}
	return err
}

func checkIDs(ids []string) error {
	for _, id := range ids {
		if err := CheckID(id); err != nil {
			return err
		}
	}
	return nil
}

func commitsOf(found []object) []string {
	var ids []string
	for _, o := range found {
		if o.kind == "commit" {
			ids = append(ids, o.id)
		}
	}
	return ids
}

// deniedPattern is a server that does not have an object, or does not give it
// away by its id.
var deniedPattern = regexp.MustCompile(`(?m)^fatal: remote error: upload-pack: not our ref ([0-9a-f]{40})\b|^error: Server does not allow request for unadvertised object ([0-9a-f]{40})$`)

// FetchCommits brings commits by their full ids, where the server gives away
// what no reference leads to: GitHub does for as long as it keeps them, which
// it does for heads of pull requests. They go through the same quarantine and
// limits as references do. A commit the server does not have, or does not give,
// is a *NotFoundError; the others still arrive.
func (r *Repo) FetchCommits(ctx context.Context, ids ...string) error {
	if r.m == nil {
		return errors.New("fetch commits: a developer's clone is read-only")
	}
	has, err := r.Has(ctx, ids...)
	if err != nil {
		return fmt.Errorf("fetch commits: %w", err)
	}
	var errs []error
	for _, id := range ids {
		if has[id] {
			continue
		}
		has[id] = true
		if err := r.fetchCommit(ctx, id); err != nil {
			errs = append(errs, fmt.Errorf("fetch commit %s: %w", id, err))
		}
	}
	return errors.Join(errs...)
}

func (r *Repo) fetchCommit(ctx context.Context, id string) error {
	if err := r.st.memory.recall(id + " " + id); err != nil {
		return err
	}
	_, err := r.fetch(ctx, []string{id}, map[string]string{id: id})
	return err
}

// Fetched is what became of one reference. Exactly one of its fields is set.
type Fetched struct {
	Commit string
	// Err is a *MissingRefError where the remote has no such reference, or a
	// *RefusedError for what it leads to.
	Err error
}

// FetchEach brings references like Fetch, and tells apart what became of each:
// one that is missing or refused keeps no other from arriving. An error means
// that the remote did not serve, or that we could not store; then nothing is
// known of any.
func (r *Repo) FetchEach(ctx context.Context, refs ...Ref) (map[string]Fetched, error) {
	if r.m == nil {
		return nil, errors.New("fetch: a developer's clone is read-only")
	}
	names := distinctNames(refs)
	tips, err := r.Tips(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	all := map[string]Fetched{}
	var wanted []string
	for _, name := range names {
		if tips[name] == "" {
			all[name] = Fetched{Err: &MissingRefError{Ref: name}}
		} else if err := r.st.memory.recall(name + " " + tips[name]); err != nil {
			all[name] = Fetched{Err: err}
		} else {
			wanted = append(wanted, name)
		}
	}
	if err := r.fetchEach(ctx, wanted, tips, all); err != nil {
		return nil, err
	}
	return all, nil
}

// fetchEach tries all together, and one by one where that fails for one.
func (r *Repo) fetchEach(ctx context.Context, names []string, tips map[string]string, all map[string]Fetched) error {
	if len(names) == 0 {
		return nil
	}
	got, err := r.fetch(ctx, names, only(tips, names))
	var refused *RefusedError
	var missing *MissingRefError
	switch {
	case err == nil:
		for _, name := range names {
			all[name] = Fetched{Commit: got[name]}
		}
		return nil
	case !errors.As(err, &refused) && !errors.As(err, &missing):
		return err
	case len(names) == 1:
		all[names[0]] = Fetched{Err: err}
		return nil
	}
	for _, name := range names {
		if err := r.st.memory.recall(name + " " + tips[name]); err != nil {
			all[name] = Fetched{Err: err}
		} else if err := r.fetchEach(ctx, []string{name}, tips, all); err != nil {
			return err
		}
	}
	return nil
}

func only(tips map[string]string, names []string) map[string]string {
	some := map[string]string{}
	for _, name := range names {
		some[name] = tips[name]
	}
	return some
}

// Times returns when each commit was committed, by its own word. Commits that
// are not here are not in the map.
func (r *Repo) Times(ctx context.Context, commits ...string) (map[string]time.Time, error) {
	times := map[string]time.Time{}
	err := r.present(ctx, "read times", commits, func(s *scratch, here []string) error {
		out, err := s.git(ctx, append([]string{"show", "-s", "--format=%H %ct"}, here...)...)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(out)) {
			id, seconds, _ := strings.Cut(strings.TrimSpace(line), " ")
			n, err := strconv.ParseInt(seconds, 10, 64)
			if err != nil {
				return fmt.Errorf("read the time of %s: %w", id, err)
			}
			times[id] = time.Unix(n, 0).UTC()
		}
		return nil
	})
	return times, err
}

// Contains tells which commits are a commit or come before it. Of one that is
// not here it says no.
func (r *Repo) Contains(ctx context.Context, commit string, older ...string) (map[string]bool, error) {
	if err := CheckID(commit); err != nil {
		return nil, err
	}
	contains := map[string]bool{}
	asked := []string{commit}
	for _, id := range older {
		if in, known := recall[bool](r, "contains "+commit+" "+id); known {
			contains[id] = in
		} else {
			asked = append(asked, id)
		}
	}
	if len(asked) == 1 {
		return contains, nil
	}
	err := r.present(ctx, "compare commits", asked, func(s *scratch, here []string) error {
		if here[0] != commit {
			return nil
		}
		for _, id := range here[1:] {
			out, err := s.git(ctx, "rev-list", "--max-count=1", "--end-of-options", id, "^"+commit)
			if err != nil {
				return err
			}
			contains[id] = len(out) == 0
			learn(r, "contains "+commit+" "+id, contains[id], 1)
		}
		return nil
	})
	return contains, err
}

// Chain lists the commits by which one commit leads to another, by first
// parents, the oldest first: what a candidate adds to what it was built on. An
// error says that it does not lead there.
func (r *Repo) Chain(ctx context.Context, from, to string) ([]string, error) {
	if err := errors.Join(CheckID(from), CheckID(to)); err != nil {
		return nil, err
	}
	var chain []string
	err := r.read(ctx, fmt.Sprintf("list the commits from %s to %s", from, to), func(s *scratch) error {
		out, err := s.git(ctx, "rev-list", "--first-parent", "--reverse", "--end-of-options", to, "^"+from)
		if err != nil {
			return err
		}
		if chain = strings.Fields(string(out)); len(chain) == 0 {
			return nil
		}
		out, err = s.git(ctx, "rev-parse", "--verify", "--end-of-options", chain[0]+"^1")
		if err == nil && strings.TrimSpace(string(out)) != from {
			err = fmt.Errorf("%s does not stand on %s", to, from)
		}
		return err
	})
	return chain, err
}
