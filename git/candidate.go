package git

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Bounds on one candidate.
const (
	maxChanges = 256      // that are merged
	maxMessage = 64 << 10 // bytes of one commit's message
)

// CandidateOptions say how a candidate is made.
type CandidateOptions struct {
	// Squash makes each change one commit, without the history of its head.
	Squash bool
	// Squashed are heads whose changes the commit built on has, but not their
	// history: they landed squashed. What is stacked on one of them is merged as
	// if it were there. Heads that were not fetched are left out: what needed
	// them conflicts.
	Squashed []string
	// SigningKey is a file with an OpenSSH private key, without a passphrase.
	// Only Ed25519 is taken: others sign differently each time, and the same
	// candidate would not be the same commit. "" signs nothing.
	SigningKey string
}

// Merged is what one change did to a candidate.
type Merged struct {
	Head   string
	Commit string // the candidate up to and with this change
	Tree   string // of that commit; judge it against the commit before with TouchedTree
	// Workflows are the paths in .github/workflows that the change touches. GitHub
	// refuses a push that brings them without the permission workflows.
	Workflows []string
}

// EntryError says at which of its changes a candidate failed. It unwraps to a
// *ConflictError, a *RefusedError, or whatever else it was.
type EntryError struct {
	Entry int // its position, from 0
	Head  string
	Err   error
}

// Error names the change by its place from 1, and what happened.
func (e *EntryError) Error() string {
	return fmt.Sprintf("change %d of the candidate, %s: %v", e.Entry+1, e.Head, e.Err)
}

// Unwrap returns what happened.
func (e *EntryError) Unwrap() error { return e.Err }

// Candidate merges changes onto a commit, in order, each onto what the ones
// before it gave, and writes trees and commits into the mirror. It returns what
// each of them did; the candidate is the last one's Commit. All is in the
// mirror or nothing is. Nothing is pushed: Push puts it on a branch of its own
// (expect ""), and later moves the integration branch to it (expect its tip).
//
// The same arguments give the same commits, so that a candidate that was built
// and not remembered is found again.
//
// An error that belongs to one change is an *EntryError.
func (r *Repo) Candidate(ctx context.Context, onto string, changes []Commit, o CandidateOptions) ([]Merged, error) {
	if r.m == nil {
		return nil, errors.New("build a candidate: a developer's clone is read-only")
	}
	if err := checkCandidate(onto, changes, o); err != nil {
		return nil, fmt.Errorf("build a candidate: %w", err)
	}
	if err := r.x.checkSigningKey(ctx, o.SigningKey); err != nil {
		return nil, fmt.Errorf("build a candidate: %w", err)
	}
	var made []Merged
	at := -1
	err := r.read(ctx, candidateName(onto, changes), func(s *scratch) (err error) {
		b := &builder{scratch: s, options: o}
		if err = b.begin(ctx, onto); err != nil {
			return err
		}
		for i, c := range changes {
			at = i
			if err = b.add(ctx, c); err != nil {
				return ownFault(err)
			}
		}
		at, made = -1, b.made
		return s.keep(filepath.Join(r.dir, "objects"))
	})
	switch {
	case err != nil && at >= 0:
		return nil, fmt.Errorf("build a candidate: %w", &EntryError{Entry: at, Head: changes[at].Head, Err: err})
	case err != nil:
		return nil, fmt.Errorf("build a candidate: %w", err)
	}
	return made, nil
}

// candidateName names the work, also for what is remembered of it.
func candidateName(onto string, changes []Commit) string {
	var b strings.Builder
	fmt.Fprintf(&b, "merge onto %s", onto)
	for _, c := range changes {
		b.WriteString(" " + c.Head)
	}
	return b.String()
}

// ownFault makes of a child that ran out of its limits a refusal of the change
// it worked on.
func ownFault(err error) error {
	var child *childError
	if errors.As(err, &child) && child.starved() {
		return &RefusedError{
			Kind: OutOfLimits, Detail: "git needed more memory, time or room than one merge may take: " + child.Error(),
			Fix: "split the change, and keep huge files out of it",
		}
	}
	return err
}

func checkCandidate(onto string, changes []Commit, o CandidateOptions) error {
	if len(changes) == 0 || len(changes) > maxChanges {
		return fmt.Errorf("%d changes; a candidate has 1 to %d", len(changes), maxChanges)
	}
	if err := CheckID(onto); err != nil {
		return err
	}
	for _, id := range o.Squashed {
		if err := CheckID(id); err != nil {
			return err
		}
	}
	for i, c := range changes {
		if err := c.check(); err != nil {
			return &EntryError{Entry: i, Head: c.Head, Err: err}
		}
	}
	if o.SigningKey != "" && !filepath.IsAbs(o.SigningKey) {
		return fmt.Errorf("the signing key %q is no absolute path", o.SigningKey)
	}
	return nil
}

// builder grows a candidate.
type builder struct {
	*scratch
	options CandidateOptions
	onto    string // what the next change is merged onto: it has the history that squashing takes away
	start   string // onto as it was before the first
	commit  string // the candidate so far
	tree    string
	made    []Merged
	touched []map[string]Change // by each change so far
}

// begin looks at the commit to build on. Where squashed heads belong to it, it
// merges onto a commit of its own with the same tree and those histories.
func (b *builder) begin(ctx context.Context, onto string) error {
	trees, err := b.treesOf(ctx, onto)
	if err != nil {
		return err
	}
	b.onto, b.commit, b.tree = onto, onto, trees[0]
	if len(b.options.Squashed) > 0 {
		found, err := b.objects(ctx, b.options.Squashed)
		if err != nil {
			return err
		}
		parents := []string{onto}
		for _, o := range found {
			if !o.missing && o.kind == "commit" && !slices.Contains(parents, o.id) {
				parents = append(parents, o.id)
			}
		}
		if b.onto, err = b.commitTree(ctx, b.tree, parents, shadow(), ""); err != nil {
			return err
		}
	}
	b.start = b.onto
	return nil
}

// shadow is a commit that only merging looks at, and nobody is shown.
func shadow() Commit {
	who := Identity{Name: "agentplane", Email: "agentplane@localhost", When: time.Unix(1, 0).UTC()}
	return Commit{Message: "merged before", Author: who, Committer: who}
}

// add merges the next change.
func (b *builder) add(ctx context.Context, c Commit) error {
	d, err := b.diverge(ctx, b.onto, c.Head)
	if err != nil {
		return err
	}
	tree, conflicts, err := b.merge(ctx, d)
	if err != nil {
		return err
	}
	if tree == "" {
		return b.conflict(ctx, c.Head, conflicts)
	}
	touched, err := b.diff(ctx, b.tree, tree)
	if err != nil {
		return err
	}
	if err := b.advance(ctx, tree, c); err != nil {
		return err
	}
	b.touched = append(b.touched, touched)
	b.made = append(b.made, Merged{Head: c.Head, Commit: b.commit, Tree: tree, Workflows: workflowsIn(touched)})
	return nil
}

// advance commits a tree: to the candidate, and, where its history is another,
// to what the next change is merged onto.
func (b *builder) advance(ctx context.Context, tree string, c Commit) (err error) {
	apart := b.options.Squash || b.onto != b.commit
	parents := []string{b.commit, c.Head}
	if b.options.Squash {
		parents = parents[:1]
	}
	if b.commit, err = b.commitTree(ctx, tree, parents, c, b.options.SigningKey); err != nil {
		return err
	}
	b.tree = tree
	if !apart {
		b.onto = b.commit
		return nil
	}
	b.onto, err = b.commitTree(ctx, tree, []string{b.onto, c.Head}, shadow(), "")
	return err
}

// conflict says what the head conflicts with: with what was there before the
// candidate, or with which of the changes in it.
func (b *builder) conflict(ctx context.Context, head string, paths []string) error {
	e := &ConflictError{Onto: b.commit, Head: head, Paths: paths, Base: len(b.made) == 0}
	if e.Base {
		return e
	}
	d, err := b.diverge(ctx, b.start, head)
	if err != nil {
		return err
	}
	tree, _, err := b.merge(ctx, d)
	if err != nil {
		return err
	}
	e.Base = tree == ""
	for i, touched := range b.touched {
		if meets(touched, paths) {
			e.With = append(e.With, i)
		}
	}
	return e
}

// meets tells whether changes are at one of the paths, above or below it.
func meets(touched map[string]Change, paths []string) bool {
	for _, path := range paths {
		for changed := range touched {
			if changed == path || strings.HasPrefix(changed, path+"/") || strings.HasPrefix(path, changed+"/") {
				return true
			}
		}
	}
	return false
}

// workflowsIn lists the changed workflow files.
func workflowsIn(touched map[string]Change) []string {
	var paths []string
	for path := range touched {
		if strings.HasPrefix(path, ".github/workflows/") {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}
