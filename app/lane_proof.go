package app

import (
	"context"
	"fmt"
	"strings"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/git"
	"github.com/agentplane/agentplane/queue"
	"github.com/agentplane/agentplane/store"
)

// landedMark begins the digest of the check run on the head of a pull request that has landed: which one it is, and as which
// commit it landed. Nobody but the App can write it, and the App writes another one there when it is not true any more.
func landedMark(number int, commit string) string {
	return fmt.Sprintf("pull-landed-%d-%s-", number, commit)
}

// landedAs reads from our check run on a pull request's head as which commit it landed, "" where that says nothing of it. The
// same head may be another pull request's, too.
func landedAs(run gh.CheckRun, number int) string {
	rest, ok := strings.CutPrefix(run.Digest, fmt.Sprintf("pull-landed-%d-", number))
	commit, _, more := strings.Cut(rest, "-")
	if !ok || !more || git.CheckID(commit) != nil {
		return ""
	}
	return commit
}

// provenOffers is how many of the newest merged offers are looked into for what landed with one.
const provenOffers = 20

// proven tells whether a pull request that GitHub calls closed has landed here, squashed, although the lane's records do not
// know it: the database was lost. Two things must hold. The App's own check run on its head names the commit that it landed
// as; and that commit is on the integration branch, in the target, or in an offer that was merged, by whatever method.
// Trailers and comments count for nothing: whoever may push or write can write those.
func (r *reader) proven(ctx context.Context, now queue.Lane, p gh.Pull) (bool, error) {
	if p.Base.Name != now.Branch {
		return false, nil
	}
	runs, err := r.site.CheckRuns(ctx, p.Head.SHA)
	if err != nil {
		return false, err
	}
	commit := landedAs(runs[checks.CheckIntegration], p.Number)
	if commit == "" {
		return false, nil
	}
	offeredOn := target(r.contract, p.Default)
	offers, err := r.site.PullsFrom(ctx, now.Branch, offeredOn, "closed")
	if err != nil {
		return false, err
	}
	refs := []string{branchRef(now.Branch), branchRef(offeredOn)}
	for _, o := range offers {
		if o.Merged && len(refs) < 2+provenOffers {
			refs = append(refs, pullRef(o.Number))
		}
	}
	tips, err := r.laneAt(r.site, store.LaneID{Repo: r.site.id, Branch: now.Branch}).fetch(ctx, refs...)
	if err != nil {
		return false, err
	}
	for _, ref := range refs {
		if tips[ref] == "" {
			continue
		}
		if has, err := r.mirror.Contains(ctx, tips[ref], commit); err != nil || has[commit] {
			return err == nil, err
		}
	}
	return false, nil
}
