package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/agentplane/agentplane/app"
	"github.com/agentplane/agentplane/git"
)

// whatToJudge names the commits of one judgement as this clone knows them.
type whatToJudge struct {
	base, head, contract string // revisions, as a person may type them here
	branch               string // of the head, without refs/heads/ or the remote; "" where --agent stands for it
	commits              app.Commits
	uncommitted          string // what lies in the working tree and is no part of the head, or ""
}

// find resolves the three revisions.
func (o checkOptions) find(ctx context.Context, repo *git.Repo) (*whatToJudge, error) {
	where, err := findClone(o.repo)
	if err != nil {
		return nil, err
	}
	if where == nil {
		where = &clone{}
	}
	s := search{repo: repo, where: where}
	w := &whatToJudge{base: o.base, head: o.head, contract: o.contract}
	if w.commits.Head, err = s.named(ctx, "--head", o.head); err != nil {
		return nil, err
	}
	if w.branch = s.branchOf(ctx, o.head, w.commits.Head); w.branch == "" && o.agent == "" {
		return nil, advise(fmt.Errorf("no branch says whose work %s is", o.headName()), "give --head BRANCH, or --agent NAME")
	}
	defaultBranch, err := s.defaultBranch(ctx)
	if err != nil {
		return nil, err
	}
	if w.base == "" {
		w.base = defaultBranch
	}
	if w.base == "" {
		return nil, advise(errors.New("this clone has no origin/HEAD, origin/main, origin/master, main or master to compare with"),
			"give --base REF, the branch it would land on")
	}
	if w.commits.Base, err = s.named(ctx, "--base", w.base); err != nil {
		return nil, err
	}
	if w.contract == "" {
		w.contract = defaultBranch
	}
	if w.contract == "" {
		w.contract = w.base
	}
	if w.commits.Default, err = s.named(ctx, "--contract-from", w.contract); err != nil {
		return nil, err
	}
	return w, s.uncommitted(ctx, w)
}

func (o checkOptions) headName() string {
	if o.head == "HEAD" {
		return "a detached HEAD"
	}
	return fmt.Sprintf("%q", o.head)
}

// search resolves revisions of a clone.
type search struct {
	repo  *git.Repo
	where *clone
}

// named resolves what a flag names.
func (s search) named(ctx context.Context, flag, rev string) (string, error) {
	id, err := s.repo.Resolve(ctx, rev)
	var none *git.NotFoundError
	if errors.As(err, &none) {
		return "", advise(fmt.Errorf("%s: %q names no commit in this clone", flag, rev), "fetch it, or name another")
	}
	return id, err
}

// exists tells whether a complete reference name is there.
func (s search) exists(ctx context.Context, ref string) (string, bool, error) {
	if git.CheckRef(ref) != nil {
		return "", false, nil
	}
	id, err := s.repo.Resolve(ctx, ref)
	var none *git.NotFoundError
	if errors.As(err, &none) {
		return "", false, nil
	}
	return id, err == nil, err
}

// defaultBranch is the branch that a new pull request would go to, as far as the clone tells, or "".
func (s search) defaultBranch(ctx context.Context) (string, error) {
	names := []string{"origin/HEAD", "origin/main", "origin/master", "main", "master"}
	if name := s.where.originHead(); name != "" {
		names[0] = name
	}
	for _, name := range names {
		ref := "refs/heads/" + name
		if strings.HasPrefix(name, "origin/") {
			ref = "refs/remotes/" + name
		}
		if _, ok, err := s.exists(ctx, ref); ok || err != nil {
			return name, err
		}
	}
	return "", nil
}

// uncommitted notes what lies in the working tree and is no part of the head, where that is checked out. A commit merged
// with itself is its own tree.
func (s search) uncommitted(ctx context.Context, w *whatToJudge) error {
	here, err := s.repo.Resolve(ctx, "HEAD")
	var none *git.NotFoundError
	if errors.As(err, &none) || err == nil && here != w.commits.Head {
		return nil
	}
	if err != nil {
		return err
	}
	touch, err := s.repo.Touched(ctx, here, here)
	var refused *git.RefusedError
	if errors.As(err, &refused) {
		return nil // the judgement says so, and better
	}
	if err != nil {
		return err
	}
	w.uncommitted = s.where.uncommitted(touch.Landed)
	return nil
}

// branchOf is the branch that a revision names, as GitHub would call it, or "". The name must lead to the commit: an agent's
// name on another commit proves nothing.
func (s search) branchOf(ctx context.Context, rev, id string) string {
	if rev == "HEAD" || rev == "@" {
		return s.where.branch()
	}
	name := strings.TrimPrefix(rev, "refs/heads/")
	if found, ok, err := s.exists(ctx, "refs/heads/"+name); ok && err == nil && found == id {
		return name
	}
	remote := strings.TrimPrefix(rev, "refs/remotes/")
	if found, ok, err := s.exists(ctx, "refs/remotes/"+remote); ok && err == nil && found == id {
		_, branch, _ := strings.Cut(remote, "/")
		return branch
	}
	return ""
}
