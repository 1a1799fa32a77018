package gh

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/go-github/v60/github"
)

// NewPull is a pull request to open, from one branch of the repository to another.
type NewPull struct{ Title, Body, Head, Base string }

// EditedPull says what of a pull request to change: what is not nil, and whether to close it. One that is to be closed
// gets no other base: GitHub refuses that.
type EditedPull struct {
	Title, Body, Base *string
	Close             bool
}

// PullsFrom lists the pull requests from one branch of this repository onto another, the newest first; state is open,
// closed or all. Only the newest hundred are looked at: one branch has one open pull request onto another, and whoever asks
// for closed ones means the last.
//
// GitHub knows the branch by its owner's name. Under an owner's former name it finds nothing, and then refuses to open a
// second pull request.
func (r *Repo) PullsFrom(ctx context.Context, branch, base, state string) ([]Pull, error) {
	list, _, err := r.client.PullRequests.List(ctx, r.owner, r.name, &github.PullRequestListOptions{
		State: state, Head: r.owner + ":" + branch, Base: base, Sort: "created", Direction: "desc",
		ListOptions: github.ListOptions{PerPage: pageSize},
	})
	if err != nil {
		return nil, plain(fmt.Sprintf("list the pull requests from %q onto %q", branch, base), err)
	}
	var pulls []Pull
	for _, p := range list {
		pulls = append(pulls, toPull(p))
	}
	// GitHub ignores a filter that it cannot read, and takes a fork of the same owner for the repository.
	return slices.DeleteFunc(pulls, func(p Pull) bool {
		return p.Base.Repo != r.id || p.Head.Repo != r.id || p.Head.Name != branch || p.Base.Name != base
	}), nil
}

// CreatePull opens a pull request. After an error that is not GitHub's refusal it may be open all the same: look with
// PullsFrom before trying again.
func (r *Repo) CreatePull(ctx context.Context, n NewPull) (Pull, error) {
	doing := fmt.Sprintf("open a pull request from %q onto %q", n.Head, n.Base)
	p, _, err := r.offers.PullRequests.Create(ctx, r.owner, r.name, &github.NewPullRequest{
		Title: &n.Title, Body: &n.Body, Head: &n.Head, Base: &n.Base,
	})
	if err != nil {
		return Pull{}, plain(doing, err)
	}
	pull := toPull(p)
	if pull.Base.Repo != r.id {
		return Pull{}, fmt.Errorf("%s: GitHub answered for repository %d, not %d", doing, pull.Base.Repo, r.id)
	}
	return pull, nil
}

// EditPull changes a pull request. What is changed to what it is already changes nothing.
func (r *Repo) EditPull(ctx context.Context, number int, e EditedPull) error {
	doing := fmt.Sprintf("edit pull request %d", number)
	change := &github.PullRequest{Title: e.Title, Body: e.Body}
	if e.Base != nil {
		change.Base = &github.PullRequestBranch{Ref: e.Base}
	}
	if e.Close {
		if e.Base != nil {
			return fmt.Errorf("%s: it cannot be closed and retargeted at once", doing)
		}
		change.State = github.String("closed")
	}
	_, _, err := r.offers.PullRequests.Edit(ctx, r.owner, r.name, number, change)
	return plain(doing, err)
}
