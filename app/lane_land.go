package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/git"
	"github.com/agentplane/agentplane/queue"
	"github.com/agentplane/agentplane/store"
)

// land moves the integration branch to a tested commit, by compare and swap, and reads it back. Every answer of GitHub is
// ambiguous: what the branch holds is read before anything is done again, and what was done before is found.
func (l *lane) land(ctx context.Context, e queue.Land) (queue.Event, error) {
	now, _, err := l.db.Lane(ctx, l.id)
	if err != nil || !now.Awaits(e.Key()) {
		return nil, err
	}
	tip, err := l.tip(ctx)
	if err != nil {
		return nil, err
	}
	if tip == e.Commit {
		return l.landed(ctx, e, tip)
	}
	why, err := l.objection(ctx, now, e)
	if err != nil {
		return nil, err
	}
	if why != "" {
		return l.stale(ctx, e, why)
	}
	if err := l.bring(ctx, e); err != nil {
		return nil, err
	}
	l.sent.settle(l.id) // from now on it may come for as long as ever
	err = l.push(ctx, l.ref(), e.Commit, e.Expect)
	var moved *git.MovedError
	switch why = forbidden(err); {
	case why != "":
		return queue.Refused{Key: e.Key(), Final: true, Why: "the branch may not be moved: " + why}, nil
	case errors.As(err, &moved) && moved.Actual != e.Commit:
		return l.elsewhere(ctx, e, moved.Actual)
	case err != nil && moved == nil:
		return nil, err
	}
	if tip, err = l.tip(ctx); err != nil {
		return nil, err
	}
	if tip == e.Expect {
		return nil, fmt.Errorf("%w: the branch was moved to %s, and reads as %s", errUnsettled, e.Commit, tip)
	}
	return l.landed(ctx, e, tip)
}

// stale gives a landing up that was not begun. Where a try before may have sent the push, in a process that died or with an
// answer that was lost, it may still go through: then what it was sent for has landed. The branch is watched for as long.
func (l *lane) stale(ctx context.Context, e queue.Land, why string) (queue.Event, error) {
	tip, err := l.tip(ctx)
	if err != nil {
		return nil, err
	}
	if tip == e.Commit {
		return l.landed(ctx, e, tip)
	}
	if l.mayCome(ctx, e) {
		return nil, &store.Later{Until: l.config.Now().Add(l.config.Pace.Push / 8), Reason: why + "; it may have been sent before, and is looked for until it cannot come any more"}
	}
	l.sent.settle(l.id)
	return queue.Refused{Key: e.Key(), Stale: true, Why: why}, nil
}

// mayCome tells whether a try before may have sent the push, and not long enough ago.
func (l *lane) mayCome(ctx context.Context, e queue.Land) bool {
	return store.TriedBefore(ctx) && !l.sent.confirmed(l.id, e.Key(), l.config.Pace.Push)
}

// tip is where the integration branch is, "" when it does not exist.
func (l *lane) tip(ctx context.Context) (string, error) {
	tips, err := l.tips(ctx, l.ref())
	return tips[l.ref()], err
}

// landed tells what the branch holds after the landing.
func (l *lane) landed(ctx context.Context, e queue.Land, tip string) (queue.Event, error) {
	tree := e.Tree
	if tip != e.Commit || e.Candidate != "" {
		if _, err := l.fetch(ctx, l.ref()); err != nil {
			return nil, err
		}
		trees, err := l.mirror.Trees(ctx, tip)
		if err != nil {
			return nil, err
		}
		tree = trees[tip]
	}
	l.log.Info("landed", "lane", l.id.String(), "commit", tip, "tree", tree, "candidate", e.Candidate, "members", e.Members)
	return queue.Landed{Key: e.Key(), Candidate: e.Candidate, Commit: tip, Tree: tree}, nil
}

// elsewhere is a branch that somebody else moved. One reading is not enough to say so: GitHub's answers lag behind.
func (l *lane) elsewhere(ctx context.Context, e queue.Land, seen string) (queue.Event, error) {
	if !l.doubts.confirmed(l.id, seen, l.config.Pace.Settle) {
		return nil, fmt.Errorf("%w: the integration branch is at %q, and %q by our records", errUnsettled, seen, e.Expect)
	}
	l.doubts.settle(l.id)
	return queue.Refused{Key: e.Key(), Final: true, Seen: seen, Gone: seen == "", Why: "the branch was moved by others"}, nil
}

// objection is why nothing may land now although it was tested, "" when nothing speaks against it: a head or the contract
// is another one by now, or CI takes back what it said. The lane is told, or will be.
func (l *lane) objection(ctx context.Context, now queue.Lane, e queue.Land) (string, error) {
	if e.Candidate == "" {
		return "", nil
	}
	repository, _, err := l.db.Repository(ctx, l.id.Repo)
	if err != nil {
		return "", err
	}
	seen, err := l.read(ctx, repository.DefaultBranch)
	if err != nil {
		return "", err
	}
	if seen.policy.Broken != "" || seen.policy.Contract != now.Policy.Contract {
		if err := l.tellPolicy(ctx, now, seen); err != nil {
			return "", err
		}
		return "the contract changed before it landed", nil
	}
	candidate, _ := candidateOf(now, e.Candidate)
	shown, err := l.integrated(ctx, seen, tested{commit: e.Commit, tree: e.Tree, branch: e.Candidate, since: candidate})
	if err != nil {
		return "", err
	}
	for _, s := range shown {
		if s.State != checks.RowShown {
			return s.Requirement + " does not stand any more: " + s.Detail, l.wakeLane(ctx, l.site, laneNotice(l.id.Branch, "evidence was taken back"))
		}
	}
	if len(shown) == 0 {
		return "nothing was tested", nil
	}
	if why, err := l.disallowed(ctx, now, e); err != nil || why != "" {
		return why, err
	}
	if same, err := l.ready(ctx, now.Recheck(e.Members)); err != nil || !same { // last: as little as may be comes after it
		return "a pull request changed before it landed", err
	}
	return "", nil
}

// disallowed is why one of the members may not land any more although it was judged good: an approval was taken back, or a
// neighbor landed. News of that may have been lost, so each is judged once more, on the very commits.
func (l *lane) disallowed(ctx context.Context, now queue.Lane, e queue.Land) (string, error) {
	if err := l.bring(ctx, e); err != nil {
		return "", err
	}
	commits, err := l.mirror.Chain(ctx, e.Expect, e.Commit)
	if err != nil {
		return "", err
	}
	if len(commits) != len(e.Members) {
		return "", fmt.Errorf("%d commits lead to the candidate %s of %d members", len(commits), e.Commit, len(e.Members))
	}
	trees, err := l.mirror.Trees(ctx, commits...)
	if err != nil {
		return "", err
	}
	below := e.Expect
	for i, m := range e.Members {
		at := Commits{Base: below, Head: m.Head, Landing: trees[commits[i]]}
		below = commits[i]
		if !slices.Contains(now.Recheck(e.Members), m) {
			continue
		}
		why, err := l.disallowedAt(ctx, now, m, at)
		if err != nil || why != "" {
			return why, err
		}
	}
	return "", nil
}

// disallowedAt judges one member on the commit that would land, and tells the lane when it is not in order any more.
func (l *lane) disallowedAt(ctx context.Context, now queue.Lane, m queue.Member, at Commits) (string, error) {
	reading, err := l.db.NextReading(ctx)
	if err != nil {
		return "", err
	}
	pull, err := l.site.Pull(ctx, m.Number)
	if err != nil || !l.stands(pull, m) {
		return "", err // which ready sees
	}
	j, err := l.judged(ctx, l.site, pull, news{at: &at})
	if err != nil {
		return "", fmt.Errorf("judge what pull request %d would land: %w", m.Number, err)
	}
	why := trespass(j.Report, false)
	if why == "" {
		return "", nil
	}
	entry, _ := entryOf(now, m.Number)
	_, err = l.db.Step(ctx, l.id, queue.Judged{
		Number: m.Number, Reading: reading, Known: entry.Known,
		Judgement: queue.Judgement{Head: m.Head, Contract: now.Policy.Contract, Why: why},
	})
	return fmt.Sprintf("#%d: %s", m.Number, why), errors.Join(err, l.wakeOne(ctx, l.site, m.Number, "what it would land is not in order any more"))
}

// ready tells whether the pull requests of members stand as they were entered. News of one that does not may have been
// lost: it is judged anew, which tells the lane. The heads are asked of git, after all else.
func (l *lane) ready(ctx context.Context, members []queue.Member) (bool, error) {
	for _, m := range members {
		reading, err := l.db.NextReading(ctx)
		if err != nil {
			return false, err
		}
		pull, err := l.site.Pull(ctx, m.Number)
		switch {
		case err != nil && !gh.Absent(err):
			return false, err
		case err == nil && l.stands(pull, m):
			continue
		case err == nil && pull.Open && pull.Head.SHA != m.Head:
			_, err = l.db.Step(ctx, l.id, queue.HeadMoved{Number: m.Number, Head: pull.Head.SHA, Reading: reading})
		case err == nil && !pull.Open:
			_, err = l.db.Step(ctx, l.id, queue.Withdrawn{Number: m.Number, Reading: reading, Why: "it was closed"})
		default:
			err = nil
		}
		return false, errors.Join(err, l.wakeOne(ctx, l.site, m.Number, "it changed before it landed"))
	}
	return l.unmoved(ctx, members)
}

// stands tells whether a pull request is as the lane has it: open, no draft, onto the integration branch, and at that head.
func (l *lane) stands(p gh.Pull, m queue.Member) bool {
	return p.Open && !p.Draft && p.Base.Name == l.id.Branch && p.Head.SHA == m.Head
}

// bring makes sure that the mirror has the commit to push.
func (l *lane) bring(ctx context.Context, e queue.Land) error {
	has, err := l.mirror.Has(ctx, e.Commit)
	if err != nil || has[e.Commit] {
		return err
	}
	return renewed(l.site.RenewGitToken, func() error { return l.mirror.FetchCommits(ctx, e.Commit) })
}
