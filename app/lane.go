package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/git"
	"github.com/agentplane/agentplane/ownership"
	"github.com/agentplane/agentplane/queue"
	"github.com/agentplane/agentplane/store"
)

// candidates is where the App keeps its candidates' branches. Whatever is below it is the App's own.
const candidates = "agentplane/candidate/"

// lane is one integration branch, for as long as a job or an effect works on it. What is decided about it is decided by
// queue.Step, under the store's lock; this type reads GitHub for it and does what it asks for.
type lane struct {
	*App
	site   site
	id     store.LaneID
	mirror *git.Repo // reads
	pushes *git.Repo // the same mirror, with the right to push
}

// openLane prepares work on a lane. A repository that is not known any more has no lane.
func (a *App) openLane(ctx context.Context, id store.LaneID) (*lane, error) {
	known, ok, err := a.db.Repository(ctx, id.Repo)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("%w: repository %d", errGone, id.Repo)
	}
	s, err := a.site(store.Key{Repo: id.Repo}, store.Notice{Installation: known.Installation, FullName: known.FullName})
	if err != nil {
		return nil, err
	}
	return a.laneAt(s, id), nil
}

func (a *App) laneAt(s site, id store.LaneID) *lane {
	return &lane{
		App: a, site: s, id: id,
		mirror: a.mirrors.Repo(s.id, git.Remote{URL: s.CloneURL(), Token: s.GitToken}),
		pushes: a.mirrors.Repo(s.id, git.Remote{URL: s.CloneURL(), Token: s.PushToken}),
	}
}

// renewed does something that needs a token, and does it again with a new one when GitHub refuses the one at hand: it was
// revoked, or is over by GitHub's clock before ours.
func renewed(renew func(), do func() error) error {
	err := do()
	var remote *git.RemoteError
	if errors.As(err, &remote) && remote.Kind == git.Auth {
		renew()
		err = do()
	}
	return err
}

// fetch brings references and tells where each is, "" where the remote has none. What git refuses is an error.
func (l *lane) fetch(ctx context.Context, refs ...string) (map[string]string, error) {
	var asked []git.Ref
	for _, r := range refs {
		asked = append(asked, git.Ref{Remote: r})
	}
	var got map[string]git.Fetched
	err := renewed(l.site.RenewGitToken, func() (err error) {
		got, err = l.mirror.FetchEach(ctx, asked...)
		return err
	})
	if err != nil {
		return nil, err
	}
	tips := map[string]string{}
	for name, f := range got {
		var missing *git.MissingRefError
		if f.Err != nil && !errors.As(f.Err, &missing) {
			return nil, fmt.Errorf("fetch %s: %w", name, f.Err)
		}
		tips[name] = f.Commit
	}
	return tips, nil
}

// tips asks where references are now, without fetching; one that the remote lacks is not in the map.
func (l *lane) tips(ctx context.Context, refs ...string) (tips map[string]string, err error) {
	err = renewed(l.site.RenewGitToken, func() error {
		tips, err = l.mirror.Tips(ctx, refs...)
		return err
	})
	return tips, err
}

// push moves a reference by compare and swap.
func (l *lane) push(ctx context.Context, ref, to, expect string) error {
	return renewed(l.site.RenewPushToken, func() error { return l.pushes.Push(ctx, ref, to, expect) })
}

func (l *lane) ref() string { return branchRef(l.id.Branch) }

func branchRef(branch string) string { return "refs/heads/" + branch }

// candidateFolder is where a lane's candidates have their branches.
func (l *lane) candidateFolder() string {
	return branchRef(candidates + l.id.Branch + "/")
}

func (l *lane) candidateRef(id string) string { return l.candidateFolder() + id }

// isCandidate tells whether a branch is one of the App's own candidates, of any lane.
func isCandidate(branch string) bool { return strings.HasPrefix(branch, candidates) }

// target is where a contract's integration branch is offered.
func target(c *ownership.Contract, def string) string {
	if c.Integration.Target != "" {
		return c.Integration.Target
	}
	return def
}

// policyOf is what the contract says about a lane. Whatever is wrong with it stops the lane, and says so.
func policyOf(branch string, c *ownership.Contract, state checks.ContractState) queue.Policy {
	switch {
	case c == nil:
		return queue.Policy{Broken: "the contract is " + string(state.Kind) + " on the default branch"}
	case c.Integration.Branch != branch:
		return queue.Policy{Contract: c.Digest, Broken: "the contract names another integration branch"}
	}
	return queue.Policy{
		Contract: c.Digest, Required: checks.IntegrationColumn(c), Method: string(c.Queue.Method), Goal: queue.Goal(c.Queue.Goal),
		Batch: c.Queue.Batch, Parallel: c.Queue.Parallel, Timeout: c.Queue.Timeout, Attempts: c.Limits.Attempts,
	}
}

// laneReason begins the reasons of notices that the lane gives itself: they are no news of any pull request.
const laneReason = "lane: "

// laneNotice asks to look at a lane's branches.
func laneNotice(branch, reason string) store.Notice {
	return store.Notice{Ref: branch, Reason: laneReason + reason}
}

// testNotice asks to look at the tests of a candidate.
func testNotice(commit string) store.Notice {
	return store.Notice{SHA: commit, Reason: laneReason + "a candidate is being tested"}
}

// wakeLane has the repository's job look at its lanes again.
func (a *App) wakeLane(ctx context.Context, s site, n store.Notice) error {
	n.Installation, n.Repo, n.FullName, n.PR = s.installation, s.id, s.fullName, 0
	return a.db.Notify(ctx, n)
}

// entryOf finds a pull request in a lane.
func entryOf(l queue.Lane, number int) (queue.Entry, bool) {
	for _, e := range l.Entries {
		if e.Number == number {
			return e, true
		}
	}
	return queue.Entry{}, false
}

// candidateOf finds a candidate in a lane.
func candidateOf(l queue.Lane, id string) (queue.Candidate, bool) {
	for _, c := range l.Candidates {
		if c.ID == id {
			return c, true
		}
	}
	return queue.Candidate{}, false
}

// moving tells whether the lane itself is moving its branch.
func moving(l queue.Lane) bool {
	return l.Restart != nil && l.Restart.Sent ||
		slices.ContainsFunc(l.Candidates, func(c queue.Candidate) bool { return c.State == queue.Landing })
}

// lanesWith lists the lanes in which a pull request waits.
func (a *App) lanesWith(ctx context.Context, s site, number int) ([]store.LaneID, error) {
	all, err := a.db.Lanes(ctx, s.id)
	if err != nil {
		return nil, err
	}
	var ids []store.LaneID
	for _, l := range all {
		if _, in := entryOf(l, number); in {
			ids = append(ids, store.LaneID{Repo: s.id, Branch: l.Branch})
		}
	}
	return ids, nil
}

// gentle turns a rate limit, and answers that do not agree yet, into a postponement, which counts as no failure.
func (a *App) gentle(err error) error {
	var limit *gh.RateLimitError
	switch {
	case errors.As(err, &limit):
		return &store.Later{Until: limit.Until, Reason: err.Error()}
	case errors.Is(err, errUnsettled):
		return &store.Later{Until: a.config.Now().Add(a.config.Pace.Settle), Reason: err.Error()}
	}
	return err
}
