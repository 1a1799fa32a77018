package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// merge merges head into target without a worktree. A clean merge is a tree
// and no conflicts, a conflict is no tree. What git writes lands in the
// scratch repository.
func (s *scratch) merge(ctx context.Context, d *divergence) (tree string, conflicts []string, err error) {
	switch {
	case d.ahead():
		return d.trees[1], nil, nil
	case d.behind():
		return d.trees[0], nil, nil
	}
	if err := s.gateBlobs(ctx, d); err != nil {
		return "", nil, err
	}
	out, err := s.git(ctx, "merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", "--end-of-options", d.target, d.head)
	var child *childError
	conflicted := errors.As(err, &child) && child.code == 1
	if err != nil && !conflicted {
		return "", nil, err
	}
	if conflicted {
		out = child.stdout
	}
	tree, conflicts, err = parseMerge(out)
	switch {
	case err != nil:
		return "", nil, err
	case conflicted:
		slices.Sort(conflicts)
		return "", conflicts, nil
	case len(conflicts) > 0:
		return "", nil, fmt.Errorf("git's merge is clean and names %d conflicts", len(conflicts))
	}
	return tree, nil, nil
}

// gateBlobs refuses merges whose contents would be too large for git to merge
// within its limits: a few kilobytes of pack can hold a file of newlines that
// takes gigabytes. Counted are the blobs of paths both sides changed, and,
// where one side changed what the other removed, everything the other added:
// the path may have been renamed there.
func (s *scratch) gateBlobs(ctx context.Context, d *divergence) error {
	blobs := map[string]string{} // id → path
	for i, base := range d.bases {
		ours, err := s.diff(ctx, base, d.target)
		if err != nil {
			return err
		}
		collectMerged(blobs, ours, d.since[i])
		collectMerged(blobs, d.since[i], ours)
	}
	ids := make([]string, 0, len(blobs))
	for id := range blobs {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	found, err := s.objects(ctx, ids)
	if err != nil {
		return err
	}
	var sum int64
	for _, o := range found {
		sum += o.size
		if o.missing {
			return missingObject("merge-tree", o.id)
		}
		if o.size > s.x.limits.Blob {
			return tooLarge(blobs[o.id], "a file that both sides changed is too large to merge", o.size, s.x.limits.Blob)
		}
	}
	if sum > s.x.limits.Blobs {
		return tooLarge("", "the files that both sides changed are too large together to merge", sum, s.x.limits.Blobs)
	}
	return nil
}

func tooLarge(path, detail string, size, limit int64) error {
	return &RefusedError{
		Kind: TooLarge, Path: path, Detail: detail + ", in bytes", Count: int(size), Limit: int(limit),
		Fix: "merge the target into the branch yourself, and push it again",
	}
}

// collectMerged adds to blobs what merging a's changes with b's reads.
func collectMerged(blobs map[string]string, a, b map[string]Change) {
	moved := false
	for path, c := range a {
		other, both := b[path]
		if !both || c == other {
			continue
		}
		addBlobs(blobs, c)
		moved = moved || c.NewMode == 0
	}
	if !moved {
		return
	}
	for _, c := range a {
		if c.OldMode == 0 {
			addBlobs(blobs, c)
		}
	}
}

func addBlobs(blobs map[string]string, c Change) {
	for _, side := range []struct {
		id   string
		mode uint32
	}{{c.OldID, c.OldMode}, {c.NewID, c.NewMode}} {
		if side.id != "" && side.mode != ModeSubmodule {
			blobs[side.id] = c.Path
		}
	}
}

// Identity is who a commit names, and when.
type Identity struct {
	Name, Email string
	When        time.Time
}

// Commit is the merge commit to make. Its parents are the commit it is merged
// onto, and Head.
type Commit struct {
	Head              string
	Message           string
	Author, Committer Identity
}

// Merge merges c.Head onto a commit, and writes tree and commit into the
// mirror. The same arguments give the same id. A conflict is a
// *ConflictError.
func (r *Repo) Merge(ctx context.Context, onto string, c Commit) (string, error) {
	if err := errors.Join(CheckID(onto), c.check()); err != nil {
		return "", fmt.Errorf("merge: %w", err)
	}
	if r.m == nil {
		return "", errors.New("merge: a developer's clone is read-only")
	}
	id := ""
	err := r.read(ctx, fmt.Sprintf("merge %s into %s", c.Head, onto), func(s *scratch) (err error) {
		if id, err = s.commitMerge(ctx, onto, c); err == nil {
			err = s.keep(filepath.Join(r.dir, "objects"))
		}
		return err
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// keep moves the objects git wrote into the scratch repository to an object
// directory on the same disk, one by one and each as a whole, as git itself
// does with what it received. Conflicts and refused merges leave nothing there.
func (s *scratch) keep(objects string) error {
	made, err := filepath.Glob(filepath.Join(s.repoDir.git, "objects", "[0-9a-f][0-9a-f]", "*"))
	if err != nil {
		return fmt.Errorf("keep objects: %w", err)
	}
	for _, from := range made {
		bucket := filepath.Join(objects, filepath.Base(filepath.Dir(from)))
		if err := os.MkdirAll(bucket, 0o700); err != nil {
			return fmt.Errorf("keep objects: %w", err)
		}
		if err := os.Rename(from, filepath.Join(bucket, filepath.Base(from))); err != nil {
			return fmt.Errorf("keep objects: %w", err)
		}
	}
	return nil
}

func (s *scratch) commitMerge(ctx context.Context, onto string, c Commit) (string, error) {
	d, err := s.diverge(ctx, onto, c.Head)
	if err != nil {
		return "", err
	}
	tree, conflicts, err := s.merge(ctx, d)
	if err != nil {
		return "", err
	}
	if tree == "" {
		return "", &ConflictError{Onto: onto, Head: c.Head, Paths: conflicts, Base: true}
	}
	return s.commitTree(ctx, tree, []string{onto, c.Head}, c, "")
}

// check refuses what git would drop or read differently.
func (i Identity) check() error {
	for _, s := range []string{i.Name, i.Email} {
		if strings.TrimSpace(s) == "" || strings.ContainsAny(s, "<>") || strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f }) {
			return fmt.Errorf("identity %.80q <%.80q> is empty or holds <, > or a control character", i.Name, i.Email)
		}
	}
	if i.When.Unix() <= 0 {
		return fmt.Errorf("identity %.80q has no time", i.Name)
	}
	return nil
}

func (i Identity) env(role string) []string {
	return []string{
		"GIT_" + role + "_NAME=" + i.Name,
		"GIT_" + role + "_EMAIL=" + i.Email,
		"GIT_" + role + "_DATE=" + fmt.Sprintf("@%d %s", i.When.Unix(), i.When.Format("-0700")),
	}
}
