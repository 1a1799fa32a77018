package app

import (
	"context"
	"errors"

	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/git"
)

// landed is what happened to the interfaces on the base since this pull request's branch left it, as one neighbor. Without
// it a name that is gone would be forgotten once the pull request that took it away was merged.
//
// The branch left the base where the head left it that the pull request had first: merging the base into the branch later
// does not adapt what the branch says.
func (r *reader) landed(ctx context.Context, s *checks.Surroundings) (checks.Neighbor, error) {
	n := checks.Neighbor{Landed: true, Head: r.commits.Base}
	since, err := r.since(ctx)
	if err != nil || since == "" || since == r.commits.Base {
		return n, err
	}
	mark, err := r.neighborsMark(ctx, since, r.commits.Base)
	if err != nil {
		return n, err
	}
	noteLanded(s, &n, mark)
	return n, nil
}

// since is the commit where this pull request's branch left the base, "" when that is not known.
func (r *reader) since(ctx context.Context) (string, error) {
	bases := r.facts.Touched.Bases
	if first := r.firstHead(); first != r.pull.Head.SHA {
		touch, err := r.mirror.Touched(ctx, r.commits.Base, first)
		var absent *git.NotFoundError
		var refused *git.RefusedError
		switch {
		case err == nil:
			bases = touch.Bases
		case !errors.As(err, &absent) && !errors.As(err, &refused):
			return "", err
		}
	}
	if len(bases) == 0 {
		return "", nil
	}
	return bases[0], nil
}

// firstHead is the oldest known head of the branch since the pull request was opened.
func (r *reader) firstHead() string {
	first := r.pull.Head.SHA
	for _, h := range r.heads { // newest first
		first = h.SHA
		if !h.LastAt.After(r.pull.Created) {
			break
		}
	}
	return first
}
